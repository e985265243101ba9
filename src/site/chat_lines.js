/*
 * What is said in the room, line by line, and below it what is about to be.
 */

import { alertOf } from "./alerts.js";
import { focusText, giveBack } from "./input.js";
import { LOBBY, isAddressed, isIgnored, me, remember, room } from "./state.js";
import { $, addNick, addText, button, clean, element, fold, setText }
	from "./text.js";

const LINES_MAX = 2000;      // on the page; the oldest go
const FAILED_MAX = 20;       // refused lines that are shown
const GROUP = 5 * 60000;     // milliseconds between lines under one nick

export const VIAS = { udp: "udp", native: "chat", http: "web",
	console: "host" };

const clock = new Intl.DateTimeFormat("en",
	{ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const calendar = new Intl.DateTimeFormat("en",
	{ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const moment = new Intl.DateTimeFormat("en",
	{ dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

let last = null;     // the line before: date, nick, kind, to, via, time
let isAtEnd = true;  // of what can be scrolled
let scrolling = 0;   // what is about to
let unread = 0;
const newMark = element("p", null, "divider new");
element("span", newMark, "", "new");

const isReading = () => !document.hidden && isAtEnd;

function scrollToEnd() {
	cancelAnimationFrame(scrolling);
	scrolling = requestAnimationFrame(() => {
		if (isAtEnd)
			$("scroll").scrollTop = $("scroll").scrollHeight;
	});
}

// As the reader asked for, even from far above.
export function goToEnd() {
	isAtEnd = true;
	scrollToEnd();
}

export function showUnread() {
	const where = room.name === LOBBY ? "chat" : room.name;

	document.title = `${unread > 0 ? `(${unread}) ` : ""}${where} - chatd`;
	$("jump").hidden = isAtEnd;
	setText($("jump"), unread === 0 ? "To the end \u2193" :
		`${unread} new message${unread === 1 ? "" : "s"} \u2193`);
}

// Looked at when a frame has been drawn, by when new lines were scrolled to.
function endSeen(entries) {
	isAtEnd = entries.at(-1).isIntersecting;
	nowReading();
}

function nowReading() {
	if (isReading())
		unread = 0;
	showUnread();
}

function trimLines() {
	while ($("past").childElementCount + $("log").childElementCount >
	    LINES_MAX) {
		const list = $("past").childElementCount > 0 ? $("past") :
			$("log");

		list.firstElementChild.remove();
		list.firstElementChild?.classList.remove("more");
	}
	$("earlier").hidden = $("past").childElementCount === 0;
}

function addLine(row, isPast) {
	$(isPast ? "past" : "log").append(row);
	trimLines();
	scrollToEnd();
}

function addDay(time, isPast) {
	const date = calendar.format(time);

	if (last ? last.date !== date : date !== calendar.format(Date.now())) {
		const e = element("p", null, "divider day");
		element("span", e, "", date);
		addLine(e, isPast);
	}
	return date;
}

function addTime(row, time) {
	const e = element("time", row, "", clock.format(time));

	e.dateTime = new Date(time).toISOString();
	e.title = moment.format(time);
}

// For whom it is, where that is not everybody.
function labelOf(m) {
	if (m.kind === "announcement")
		return "announcement";
	if (m.to === "operators")
		return "question to the operators";
	if (m.to !== undefined)
		return `only you and ${m.own ? m.to : m.nick}`;
	return m.own ? "you" : "";
}

function kindOf(m) {
	if (m.to !== undefined)
		return m.to === "operators" ? "question" : "private";
	return m.kind;
}

function continues(m, date) {
	return last !== null && last.date === date && m.kind === "say" &&
		["nick", "kind", "to", "via"].every(k => last[k] === m[k]) &&
		m.time - last.time < GROUP;
}

function messageRow(m, date) {
	const row = element("div", null, `line ${kindOf(m)}`);
	const flags = { own: m.own, mention: isAddressed(m) &&
		m.to === undefined, more: continues(m, date) };

	for (const name in flags)
		row.classList.toggle(name, Boolean(flags[name]));
	row.dataset.nick = fold(m.nick);
	row.hidden = isIgnored(m.nick) && !m.own;
	addTime(row, m.time);
	const body = element("div", row, "body");
	const head = element("div", body, "head");
	addNick(head, m.nick);
	if (m.via !== "http")
		element("span", head, "via", VIAS[m.via] ?? m.via);
	if (labelOf(m))
		element("span", head, "label", labelOf(m));
	body.append(" ");
	addText(element("span", body, "text"), m.text);
	return row;
}

// The first that was said since one left.
function isNewHere(m) {
	return room.readUpTo?.log === room.log && m.seq > room.readUpTo.seq;
}

export function showMessage(m) {
	const isPast = Boolean(m.past) && room.isFirst;
	const date = addDay(m.time, isPast);
	const row = messageRow(m, date);
	const isMissed = isPast ? isNewHere(m) : !isReading();

	if (!m.own && !row.hidden && isMissed && unread++ === 0) {
		addLine(newMark, isPast);
		row.classList.remove("more");
	}
	addLine(row, isPast);
	last = { ...m, date };
	if (isPast)
		return;
	nowReading();
	if (!row.hidden && isAddressed(m) && !isReading())
		alertOf(m);
}

export function showNotice(text) {
	const now = Date.now();
	const date = addDay(now, false);
	const row = element("div", null, "line notice");

	addTime(row, now);
	addText(element("div", row, "body text"), clean(text));
	addLine(row, false);
	last = { date };
}

// What the last line says, if it is a notice.
export function lastNotice() {
	const row = $("log").lastElementChild;

	return row?.matches(".notice") ? row.lastElementChild.textContent : "";
}

export function dropLastNotice() {
	$("log").lastElementChild.remove();
}

export function clearLines() {
	$("past").replaceChildren();
	$("log").replaceChildren();
	$("earlier").hidden = true;
	last = null;
	unread = 0;
	isAtEnd = true;
	showUnread();
}

export function ignore(nick, hides) {
	const key = fold(nick);

	if (!nick) {
		showNotice(me.ignored.size === 0 ? "you ignore nobody" :
			`you ignore ${[...me.ignored].join(", ")}`);
		return;
	}
	me.ignored[hides ? "add" : "delete"](key);
	remember("localStorage", "ignored", [...me.ignored].join("\n"));
	for (const row of document.querySelectorAll(".line[data-nick]")) {
		if (row.dataset.nick === key && !row.matches(".own"))
			row.hidden = hides;
	}
	showNotice(hides ?
		`you do not see what ${nick} says (/unignore ${nick} ends it)` :
		`you see what ${nick} says`);
}

/* What is about to be said. */

export function addPending(text) {
	const row = element("li", $("outbox"), "pending");

	element("span", row, "text", text);
	element("small", row);
	$("outbox").querySelectorAll(".refused").forEach(e => e.remove());
	newMark.remove();
	goToEnd();
	return row;
}

export function setNote(row, text) {
	setText(row.querySelector("small"), text);
}

// Nothing was said, nor will be: `again` says it again, and without that it
// is given back to be changed.
export function showFailed(row, text, why, again) {
	const failed = $("outbox").getElementsByClassName("failed");

	row.hidden = false;
	row.className = `failed ${again ? "" : "refused"}`;
	setNote(row, why);
	if (again)
		button(row, "Say it again", () => {
			row.remove();
			again();
		});
	button(row, "Dismiss", () => {
		row.remove();
		focusText();
	});
	$("outbox").append(row);
	if (failed.length > FAILED_MAX)
		failed[0].remove();
	if (!again)
		giveBack(text);
	scrollToEnd();
}

/* Whether one looks. */

export function watchReader() {
	new IntersectionObserver(endSeen,
		{ root: $("scroll"), rootMargin: "8px" }).observe($("end"));
	new ResizeObserver(scrollToEnd).observe($("scroll"));
	document.addEventListener("visibilitychange", nowReading);
}
