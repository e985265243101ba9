/*
 * The chat in a browser: what chat/events sends is shown, what is typed goes
 * to chat/messages.  All text is set as text, never as markup.
 *
 * What is typed waits in a queue until the server has said that it has it, so
 * nothing is lost.  Nor is it said twice: where a POST fails and it cannot be
 * known whether the server got it, the stream is begun anew first.  Once all
 * that was said meanwhile has come, either the line is among it, marked as
 * one's own, or it is sent again.
 */
"use strict";

const PAST = 100;            // messages shown from before one came
const LINES_MAX = 2000;      // on the page; the oldest go
const FAILED_MAX = 20;       // refused lines that are shown
const RECALL_MAX = 100;      // lines that Up brings back
const GROUP = 5 * 60000;     // milliseconds between lines under one nick
const QUIET = 1000;          // then a stream has sent what it had
const PATIENCE = 30000;      // for an answer
const BACK_OFF_MIN = 1000;
const BACK_OFF_MAX = 30000;
const LOBBY = "lobby";

const VIAS = { udp: "udp", native: "chat", http: "web", console: "host" };

const COMMANDS = [
	"announce", "away", "ban", "deop", "help", "history", "ignore", "join",
	"kick", "lock", "me", "msg", "mute", "nick", "op", "part", "questions",
	"quit", "rooms", "slow", "topic", "unban", "unignore", "unlock",
	"unmute", "who"
];

const $ = id => document.getElementById(id);

function element(name, parent, className = "", text = "") {
	const e = document.createElement(name);

	e.className = className;
	e.textContent = text;
	parent?.append(e);
	return e;
}

function button(parent, text, action) {
	const e = element("button", parent, "", text);

	e.type = "button";
	e.addEventListener("click", action);
	return e;
}

// Only what changed, so that a reader's place is kept.
function setText(e, text) {
	if (e.textContent !== text)
		e.textContent = text;
}

const plural = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

const backOff = tries =>
	Math.min(BACK_OFF_MIN * 2 ** tries, BACK_OFF_MAX);

/* What is remembered; a browser may forbid it. */

function recall(kind, key) {
	try {
		return window[kind].getItem(`chatd.${key}`) ?? "";
	} catch {
		return "";
	}
}

function remember(kind, key, value) {
	try {
		window[kind].setItem(`chatd.${key}`, value);
	} catch {
		// It lasts as long as the page.
	}
}

/* Text. */

// Controls, line separators and what turns the direction: the server lets
// none through, and neither does this page.
const UNSAFE = new RegExp("[\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f" +
	"\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]", "g");
const LINK = /\bhttps?:\/\/[^\s<>"]+/gi;

const clean = text => String(text ?? "").replace(UNSAFE, "\ufffd");
const fold = name => name.normalize("NFKC").toLowerCase();

// The punctuation of the sentence around an address does not belong to it.
function trimAddress(address) {
	for (;;) {
		const last = address.at(-1);
		const opening = { ")": "(", "]": "[" }[last];
		const count = c => address.split(c).length;

		if (opening ? count(last) <= count(opening) :
		    !/[.,;:!?'*_]/.test(last))
			return address;
		address = address.slice(0, -1);
	}
}

function isAddress(text) {
	try {
		return Boolean(new URL(text));
	} catch {
		return false;
	}
}

function addText(parent, text) {
	let end = 0;

	for (const match of text.matchAll(LINK)) {
		const address = trimAddress(match[0]);

		if (!isAddress(address))
			continue;
		parent.append(text.slice(end, match.index));
		const a = element("a", parent, "", address);
		a.href = address;
		a.rel = "noopener noreferrer";
		a.target = "_blank";
		end = match.index + address.length;
	}
	parent.append(text.slice(end));
}

// A colour that stays with the nick; the style sees to its contrast.
function setHue(e, nick) {
	let hash = 2166136261;

	for (const c of fold(nick))
		hash = Math.imul(hash ^ c.codePointAt(0), 16777619);
	hash = Math.imul(hash ^ hash >>> 15, 0x85ebca6b);
	e.style.setProperty("--hue", (hash >>> 8) % 360);
}

function addNick(parent, nick) {
	const e = element("bdi", parent, "", nick);

	setHue(e, nick);
	return e;
}

const clock = new Intl.DateTimeFormat("en",
	{ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const calendar = new Intl.DateTimeFormat("en",
	{ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const moment = new Intl.DateTimeFormat("en",
	{ dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

/* Who and where one is. */

const me = {
	nick: recall("localStorage", "nick"), // wished, then as it is
	wish: "",          // what the stream was asked for
	code: "",          // to become an operator with
	ignored: new Set(recall("localStorage", "ignored").split("\n")
		.filter(Boolean)),
	pattern: null      // of the nick in a text
};

const room = {
	name: LOBBY,
	log: "",           // which one of that name; empty: not known yet
	seq: 0,            // of the last message that came
	readUpTo: null,    // where one left off: log and seq
	isFirst: true,     // on its first stream
	greetings: new Set(), // what was told at its begin
	members: []
};

let rooms = [];           // as the server told last

const leftAt = new Map(); // rooms: log and seq when one left
const seenAt = new Map(); // rooms: the number of the last message seen

function setNick(nick) {
	const syntax = /[\\^$.*+?()[\]{}|/]/g;

	me.nick = nick;
	me.pattern = new RegExp("(?<![\\p{L}\\p{N}_])" +
		(nick.replace(syntax, "\\$&") || "(?!)") +
		"(?![\\p{L}\\p{N}_])", "iu");
	setText($("who"), nick || "no nick");
	setHue($("who"), nick);
}

function isAddressed(m) {
	return !m.own && (m.to !== undefined || me.pattern.test(m.text));
}

/* The lines of the room. */

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

function showUnread() {
	const where = room.name === LOBBY ? "chat" : room.name;

	document.title = `${unread > 0 ? `(${unread}) ` : ""}${where} - chatd`;
	$("jump").hidden = isAtEnd;
	setText($("jump"), unread > 0 ?
		`${plural(unread, "new message")} \u2193` : "To the end \u2193");
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
	row.hidden = me.ignored.has(row.dataset.nick) && !m.own;
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

function showMessage(m) {
	const isPast = Boolean(m.past) && room.isFirst;
	const date = addDay(m.time, isPast);
	const row = messageRow(m, date);
	const isMissed = isPast ? isNewHere(m) : !isReading();

	if (!m.own && !row.hidden && isMissed) {
		if (unread++ === 0) {
			addLine(newMark, isPast);
			row.classList.remove("more");
		}
	}
	addLine(row, isPast);
	last = { ...m, date };
	if (!isPast)
		nowReading();
	if (!isPast && !row.hidden && isAddressed(m))
		alertOf(m);
}

function showNotice(text) {
	const now = Date.now();
	const date = addDay(now, false);
	const row = element("div", null, "line notice");

	addTime(row, now);
	addText(element("div", row, "body text"), clean(text));
	addLine(row, false);
	last = { date };
	return row;
}

function clearLines() {
	$("past").replaceChildren();
	$("log").replaceChildren();
	$("earlier").hidden = true;
	last = null;
	unread = 0;
	isAtEnd = true;
	showUnread();
}

/* Lists of buttons, drawn anew under a keyboard's focus. */

function redraw(list, draw) {
	const name = list.contains(document.activeElement) ?
		document.activeElement.dataset.name : undefined;

	list.replaceChildren();
	draw();
	if (name !== undefined)
		[...list.querySelectorAll("button")]
			.find(e => e.dataset.name === name)?.focus();
}

/* Rooms. */

function showRules(state) {
	const rules = [
		state.locked && "locked",
		state.slow > 0 && `slow: ${state.slow} s`,
		state.questions && "questions go to the operators",
		state.away && "you are away",
		state.operator && "operator"
	];

	$("rules").replaceChildren();
	for (const rule of rules.filter(Boolean))
		element("li", $("rules"), "", rule);
}

function showRoom(state) {
	const topic = clean(state.topic);

	setText($("room-name"), room.name);
	setText($("topic"), topic);
	$("topic").title = topic;
	showRules(state);
	$("text").placeholder = state.questions && !state.operator ?
		"Ask the operators" : `Say something in ${room.name}`;
	showUnread();
}

function unreadIn(r) {
	if (r.room === room.name || !seenAt.has(r.room))
		seenAt.set(r.room, r.last);
	return Math.max(0, r.last - Math.min(seenAt.get(r.room), r.last));
}

function showRoomEntry(r, count) {
	const e = button(element("li", $("room-list")), "",
		() => enter(r.room));
	const isHere = r.room === room.name;

	e.dataset.name = r.room;
	e.title = clean(r.topic);
	e.classList.toggle("fresh", count > 0);
	if (isHere)
		e.setAttribute("aria-current", "true");
	element("bdi", e, "", clean(r.room));
	if (!isHere)
		element("small", e, "", r.members || "empty").title = "members";
	if (count > 0)
		element("span", e, "badge", count).title = "unread";
}

function showRooms(told) {
	rooms = told;
	if (!rooms.some(r => r.room === room.name))
		rooms.push({ room: room.name, last: 0 });
	rooms.sort((a, b) => (b.room === LOBBY) - (a.room === LOBBY) ||
		a.room.localeCompare(b.room));
	const counts = rooms.map(unreadIn);
	redraw($("room-list"), () => rooms.forEach(
		(r, i) => showRoomEntry(r, counts[i])));
	const elsewhere = counts.reduce((a, b) => a + b);
	$("elsewhere").hidden = elsewhere === 0;
	setText($("elsewhere"), String(elsewhere));
}

function besideRoom(step) {
	const names = rooms.map(r => r.room);
	const n = names.length;

	if (n > 1)
		enter(names[(names.indexOf(room.name) + step + n) % n]);
}

function showAddress() {
	const url = new URL(location.href);

	url.hash = "";
	url.searchParams.delete("room");
	if (room.name !== LOBBY)
		url.searchParams.set("room", room.name);
	history.replaceState(null, "", url);
}

// Shows another room; the same one is only begun anew.
function enter(name) {
	closePanels();
	if (room.log) {
		leftAt.set(room.name, { log: room.log, seq: room.seq });
		seenAt.set(room.name, Math.max(room.seq, upTo,
			seenAt.get(room.name) ?? 0));
	}
	Object.assign(room, { name, log: "", seq: 0, isFirst: true,
		greetings: new Set(),
		readUpTo: leftAt.get(name) });
	upTo = 0;
	clearLines();
	dropSaid();
	showRoom({});
	showMembers([], 0);
	showRooms(rooms);
	showAddress();
	openStream({ past: PAST });
	focusText();
}

// Not where that brings up a keyboard over half of the screen.
function focusText() {
	if (matchMedia("(hover: hover)").matches)
		$("text").focus();
}

/* Members. */

function showMember(m) {
	const nick = clean(m.nick);
	const li = element("li", $("member-list"));
	const e = m.you ? element("span", li) :
		button(li, "", () => writeTo(nick));

	setHue(e, nick);
	element("bdi", e, "", nick);
	if (m.operator)
		element("small", e, "operator", "\u2605").title = "operator";
	if (m.you)
		element("small", e, "", "you");
	if (m.away) {
		e.classList.add("away");
		element("small", e, "why", `away: ${clean(m.away)}`).title =
			clean(m.away);
	}
	element("span", e, "via", VIAS[m.via] ?? clean(m.via));
	if (!m.you) {
		e.dataset.name = nick;
		e.title = `Write to ${nick} alone`;
	}
}

function showMembers(members, more) {
	const count = members.length + more;
	const rank = m => (m.you ? 0 : m.operator ? 1 : 2);

	room.members = members.map(m => clean(m.nick));
	members.sort((a, b) => rank(a) - rank(b) ||
		a.nick.localeCompare(b.nick));
	redraw($("member-list"), () => members.forEach(showMember));
	if (more > 0)
		element("li", $("member-list"), "", `and ${more} more`);
	setText($("head-count"), String(count));
	setText($("member-count"), String(count));
}

function writeTo(nick) {
	closePanels();
	$("text").value = `/msg ${nick} `;
	$("text").focus();
}

function ignore(nick, isIgnored) {
	const key = fold(nick);

	if (!nick) {
		showNotice(me.ignored.size === 0 ? "you ignore nobody" :
			`you ignore ${[...me.ignored].join(", ")}`);
		return;
	}
	me.ignored[isIgnored ? "add" : "delete"](key);
	remember("localStorage", "ignored", [...me.ignored].join("\n"));
	for (const row of document.querySelectorAll(".line[data-nick]")) {
		if (row.dataset.nick === key && !row.matches(".own"))
			row.hidden = isIgnored;
	}
	showNotice(isIgnored ?
		`you do not see what ${nick} says (/unignore ${nick} ends it)` :
		`you see what ${nick} says`);
}

/* The stream of events. */

let source = null;
let isLive = false;      // it has said which room it shows
let isSettled = false;   // and all that was said before
let liveAt = 0;          // when it said that
let upTo = 0;            // the number of the last of that
let tries = 0;
let settling = 0;        // timers
let reopening = 0;

function setState(text, canComeBack = false) {
	if (!$("door").hidden)
		setText($("why"), text);
	$("state").hidden = !text;
	setText($("what"), text);
	$("again").hidden = !canComeBack;
	document.body.classList.toggle("lost", Boolean(text));
}

function closeStream() {
	source?.close();
	isLive = isSettled = false;
	clearTimeout(settling);
	clearTimeout(reopening);
}

function openStream(from) {
	const query = new URLSearchParams(
		{ room: room.name, nick: me.nick, ...from });

	closeStream();
	me.wish = me.nick;
	source = new EventSource(`chat/events?${query}`);
	const on = (name, handle) => source.addEventListener(name,
		e => handle(JSON.parse(e.data)));
	on("room", roomEvent);
	on("members", e => showMembers(e.members, e.more ?? 0));
	on("rooms", e => showRooms(e.rooms));
	on("message", messageEvent);
	on("notice", e => noticeEvent(clean(e.text)));
	on("bye", e => leave(clean(e.text)));
	source.addEventListener("error", () => errorEvent());
}

// From where one was; the same messages never come twice.
function reopenStream() {
	room.isFirst &&= !room.log;
	openStream(room.log ? { since: room.seq } : { past: PAST });
}

function nowLost() {
	isLive = isSettled = false;
	clearTimeout(settling);
	setState("reconnecting \u2026");
	showWaiting();
}

function reopenLater() {
	closeStream();
	nowLost();
	reopening = setTimeout(reopenStream, backOff(tries++));
}

function settle() {
	clearTimeout(settling);
	isSettled = true;
	sendNext();
}

function roomEvent(state) {
	const name = clean(state.room);

	if (isLive && name !== room.name) { // somebody typed /join
		enter(name);
		return;
	}
	if (room.log && room.log !== state.log) {
		showNotice("the server began anew: " +
			"it does not know what was said before");
		Object.assign(room, { log: state.log, seq: 0 });
		openStream({ since: 0 });
		return;
	}
	Object.assign(room, { name, log: state.log });
	if (isLive && state.nick !== me.nick)
		remember("localStorage", "nick", state.nick);
	setNick(clean(state.nick));
	showRoom(state);
	if (!isLive)
		nowLive(state);
}

function nowLive(state) {
	isLive = true;
	liveAt = performance.now();
	tries = 0;
	upTo = state.last;
	setState("");
	showAddress();
	if (!$("door").hidden)
		openHall();
	if (me.code)
		say(`/op ${me.code}`);
	me.code = "";
	settleSoon();
}

// A message may be for others alone, so the last one's number may not come;
// and what is in doubt may not be committed yet.
function settleSoon() {
	clearTimeout(settling);
	if (room.seq >= upTo && !queue[0]?.isDoubtful)
		settle();
	else
		settling = setTimeout(settle, QUIET);
}

function messageEvent(m) {
	if (m.seq <= room.seq)
		return;
	for (const key of ["nick", "text", "via"])
		m[key] = clean(m[key]);
	if (m.to !== undefined)
		m.to = clean(m.to);
	room.seq = m.seq;
	if (m.own)
		heardOwn(m);
	showMessage(m);
	if (!isSettled)
		settleSoon();
}

// Who comes back by itself is greeted again, but for the number of members.
function noticeEvent(text) {
	const greeting = text.replace(/\d+ here.*/, "");

	if (performance.now() - liveAt < QUIET) {
		if (room.greetings.has(greeting))
			return;
		room.greetings.add(greeting);
	}
	showNotice(text);
}

// The browser comes back by itself, unless the server refused it, or what
// the stream was asked for is not what is wanted any more.
function errorEvent() {
	nowLost();
	room.isFirst &&= !room.log;
	if (source.readyState === EventSource.CLOSED)
		askWhy(source);
	else if (me.nick !== me.wish)
		reopenLater();
}

// A stream that is refused does not tell why: a plain request does.
async function askWhy(refused) {
	let answer = null, why;

	try {
		answer = await fetch(refused.url, { cache: "no-store",
			signal: AbortSignal.timeout(PATIENCE) });
		if (answer.ok)
			answer.body.cancel();
		else
			why = await reasonIn(answer);
	} catch {
		// It is away.
	}
	if (refused !== source)
		return;
	if (answer && isFinal(answer.status))
		leave(why);
	else
		reopenLater();
}

async function reasonIn(answer) {
	try {
		return clean((await answer.clone().json()).error);
	} catch {
		return `the server says ${answer.status} ${answer.statusText}`;
	}
}

// Whether the same request would be answered the same again.
function isFinal(status) {
	return status >= 400 && status < 500 && status !== 408 &&
		status !== 429;
}

function leave(why) {
	closeStream();
	if (!room.log && $("door").hidden)
		openDoor();
	setState(why, true);
	showWaiting();
}

/* What is said: a queue, whose first line is under way. */

const queue = [];
let isSending = false;

// What a line says, as far as it can be told; empty for other commands.
function saidBy(text) {
	const [, said] = /^\/(?:me|announce|msg\s+\S+)\s+(.*)$/is.exec(text) ??
		[];

	if (said)
		return said;
	if (text.startsWith("//"))
		return text.slice(1);
	return text.startsWith("/") ? "" : text;
}

// Whether a message says it: cut and made clean, as the server may have.
function isSaid(line, message) {
	const plain = s => clean(s).replace(/[\s\ufffd]/gu, "");
	const said = plain(line.said), text = plain(message);

	return said === text || text.length > 250 && said.startsWith(text);
}

function say(text) {
	const row = element("li", $("outbox"), "pending");
	const line = { room: room.name, text, said: saidBy(text), row,
		tries: 0, isTried: false, isDoubtful: false, heard: 0 };

	element("span", row, "text", text);
	line.note = element("small", row);
	$("outbox").querySelectorAll(".refused").forEach(e => e.remove());
	queue.push(line);
	newMark.remove();
	isAtEnd = true;
	scrollToEnd();
	sendNext();
}

function dropLine(line) {
	line.row.remove();
	if (queue[0] === line)
		queue.shift();
}

// Lines that the server has and the stream has not sent: of the old room.
let said = [];

function dropSaid() {
	said.forEach(dropLine);
	said = [];
}

function heardOwn(m) {
	const known = said.find(line => line.seq === m.seq);
	const line = queue[0];

	if (known) {
		said = said.filter(l => l !== known);
		dropLine(known);
	} else if (line?.isTried && !line.heard && line.room === room.name &&
	    line.said && isSaid(line, m.text)) {
		line.heard = m.seq;
		line.row.hidden = true;
	}
}

function fail(line, why, canRepeat) {
	const failed = $("outbox").getElementsByClassName("failed");

	dropLine(line);
	line.row.hidden = false;
	line.row.className = `failed ${canRepeat ? "" : "refused"}`;
	setText(line.note, why);
	if (canRepeat)
		button(line.row, "Say it again", () => {
			line.row.remove();
			say(line.text);
		});
	button(line.row, "Dismiss", () => {
		line.row.remove();
		focusText();
	});
	$("outbox").append(line.row);
	if (failed.length > FAILED_MAX)
		failed[0].remove();
	if (!canRepeat && $("text").value === "") {
		$("text").value = line.text;
		fitText();
	}
	scrollToEnd();
}

function post(line) {
	return fetch("chat/messages", {
		method: "POST",
		body: new URLSearchParams({ room: line.room, text: line.text }),
		signal: AbortSignal.timeout(PATIENCE)
	});
}

function showWaiting() {
	const why = $("again").hidden ? "waits for the connection" :
		"waits until you come back";

	for (const line of queue) {
		if (!isSending || line !== queue[0])
			setText(line.note, isSettled ? "" : why);
	}
}

async function sendNext() {
	const line = queue[0];

	showWaiting();
	if (isSending || !line || !isSettled)
		return;
	isSending = true;
	const wait = await sendLine(line);
	if (wait > 0)
		await new Promise(done => setTimeout(done, wait));
	isSending = false;
	sendNext();
}

// Returns for how many milliseconds to wait before the next.
async function sendLine(line) {
	let answer;

	if (line.isDoubtful && line.heard) {
		dropLine(line);
		return 0;
	}
	if (line.isDoubtful && line.room !== room.name) {
		fail(line, "the answer was lost: perhaps it was said", true);
		return 0;
	}
	line.isTried = true;
	try {
		answer = await post(line);
		line.result = await answer.clone().json().catch(() => ({}));
	} catch {
		return sentInVain(line);
	}
	if (answer.ok)
		return accepted(line);
	if (isFinal(answer.status)) {
		refused(line, await reasonIn(answer));
		return 0;
	}
	if (answer.status !== 429 && answer.status !== 503)
		return sentInVain(line);
	return toldToWait(line, answer);
}

// Nobody knows whether the server got it; the stream will tell.
function sentInVain(line) {
	line.isDoubtful = true;
	setText(line.note, "waits for the connection");
	reopenLater();
	return 0;
}

function toldToWait(line, answer) {
	const seconds = Number(answer.headers.get("Retry-After")) ||
		backOff(line.tries++) / 1000;

	setText(line.note, answer.status === 429 ?
		`too fast: sent again in ${seconds} s` :
		`the server is busy: sent again in ${seconds} s`);
	return 1000 * seconds;
}

// The stream may have told why already, and what it told is more exact.
function refused(line, error) {
	const row = $("log").lastElementChild;
	const shown = row?.matches(".notice") ?
		row.lastElementChild.textContent : "";
	const told = (line.result.told ?? []).map(clean);
	const exact = [shown, ...told].find(text =>
		/^\* (?:usage|no such command): /.test(text));
	const why = exact?.slice(2) ?? error;

	if (shown === `* ${why}`)
		row.remove();
	told.filter(text => text !== `* ${why}`).forEach(showNotice);
	fail(line, why, false);
}

function accepted(line) {
	const { seq, told } = line.result;

	told?.forEach(showNotice);
	if (line.text.startsWith("/help"))
		showNotice("* in this page: /ignore NICK, /unignore NICK");
	if (seq > room.seq && !line.heard && line.result.room === room.name) {
		queue.shift();
		line.seq = seq;
		said.push(line);
	} else {
		dropLine(line);
	}
	return 0;
}

/* What is typed. */

const typed = { lines: [], at: 0, draft: "" };
let completion = null; // candidates of the word under way

function fitText() {
	const e = $("text");

	e.style.height = "auto";
	e.style.height = `${e.scrollHeight + 2}px`;
}

function setTyped(text) {
	$("text").value = text;
	$("text").setSelectionRange(text.length, text.length);
	fitText();
}

function submit() {
	const text = $("text").value.replace(/\s*\n\s*/g, " ");
	const [, command, nick] =
		/^\/(ignore|unignore)(?:\s+(\S+))?\s*$/i.exec(text) ?? [];

	if (text.trim() === "")
		return;
	if (typed.lines.at(-1) !== text)
		typed.lines.push(text);
	typed.lines = typed.lines.slice(-RECALL_MAX);
	typed.at = typed.lines.length;
	typed.draft = "";
	setTyped("");
	if (command)
		ignore(nick, command.toLowerCase() === "ignore");
	else
		say(text);
}

function recallLine(step) {
	const at = typed.at + step;

	if (at < 0 || at > typed.lines.length)
		return false;
	if (typed.at === typed.lines.length)
		typed.draft = $("text").value;
	typed.at = at;
	setTyped(at === typed.lines.length ? typed.draft : typed.lines[at]);
	return true;
}

// Up and Down move within a text of several rows first.
function isOneRow() {
	const e = $("text");
	const height = parseFloat(getComputedStyle(e).lineHeight);

	return e.scrollHeight < 2.2 * height || typed.at < typed.lines.length;
}

function candidates(word, isStart) {
	const matching = (names, begin) => names.filter(n =>
		fold(n).startsWith(fold(begin)) && fold(n) !== fold(begin))
		.sort((a, b) => a.localeCompare(b));

	if (isStart && word.startsWith("/"))
		return matching(COMMANDS, word.slice(1)).map(c => `/${c} `);
	const begin = word.replace(/^@/, "");
	return word === "" ? [] : matching(
		room.members.filter(n => n !== me.nick), begin)
		.map(n => n + (isStart ? ": " : " "));
}

// Completes the word before the caret, or shows the next candidate; false
// where there is none, and Tab moves the focus as ever.
function complete() {
	const e = $("text");
	const caret = e.selectionStart;

	if (completion?.text !== e.value || completion.caret !== caret) {
		const start = e.value.slice(0, caret).search(/\S*$/);
		const word = e.value.slice(start, caret);

		completion = { start, next: 0, end: caret,
			names: candidates(word, start === 0) };
	} else if (completion.names.length === 1) {
		return false;
	}
	if (completion.names.length === 0)
		return false;
	const name = completion.names[completion.next++ %
		completion.names.length];
	e.setRangeText(name, completion.start, completion.end, "end");
	completion.end = completion.start + name.length;
	Object.assign(completion, { text: e.value, caret: completion.end });
	fitText();
	return true;
}

function typedKey(e) {
	const isPlain = !e.altKey && !e.ctrlKey && !e.metaKey && !e.shiftKey;
	const actions = {
		Enter: () => (submit(), true),
		Tab: complete,
		ArrowUp: () => isOneRow() && recallLine(-1),
		ArrowDown: () => isOneRow() && recallLine(1)
	};

	if (isPlain && !e.isComposing && actions[e.key]?.())
		e.preventDefault();
}

/* Panels, which lie over the rest on a narrow screen. */

const wide = matchMedia("(min-width: 64rem)");
let openPanel = null;

function closePanels() {
	if (!openPanel)
		return;
	const opener = $(`show-${openPanel.id}`);
	openPanel.classList.remove("open");
	openPanel = null;
	$("middle").inert = false;
	$("shade").hidden = true;
	opener.setAttribute("aria-expanded", "false");
	opener.focus();
}

function togglePanel(panel) {
	openPanel = panel;
	panel.classList.add("open");
	$("middle").inert = true;
	$("shade").hidden = false;
	$(`show-${panel.id}`).setAttribute("aria-expanded", "true");
	panel.querySelector(".close").focus();
}

/* Alerts, for who is wanted and does not look: only when asked for. */

let sound = null;

function beep() {
	const tone = sound.createOscillator(), volume = sound.createGain();
	const now = sound.currentTime;

	tone.frequency.value = 660;
	volume.gain.setValueAtTime(0.08, now);
	volume.gain.exponentialRampToValueAtTime(0.001, now + 0.25);
	tone.connect(volume).connect(sound.destination);
	tone.start();
	tone.stop(now + 0.25);
}

function alertOf(m) {
	if (!sound || isReading())
		return;
	beep();
	try {
		new Notification(`${m.nick} in ${room.name}`,
			{ body: m.text, tag: "chatd" }).onclick = () => focus();
	} catch {
		// Some browsers show them for installed pages alone.
	}
}

// A page without TLS may sound, but not show a notification.
function toggleAlerts() {
	if (sound) {
		sound.close();
		sound = null;
	} else {
		sound = new AudioContext();
		globalThis.Notification?.requestPermission();
		beep();
	}
	$("alerts").setAttribute("aria-pressed", String(sound !== null));
}

/* The door. */

function openDoor() {
	$("door").hidden = false;
	$("hall").hidden = true;
	setText($("where"), room.name);
	$("nick").value = me.nick;
	$("nick").focus();
	$("nick").select();
}

function openHall() {
	$("door").hidden = true;
	$("hall").hidden = false;
	remember("sessionStorage", "in", "yes");
	fitText();
	$("text").focus();
}

function knock(nick) {
	setText($("why"), "");
	setNick(nick);
	remember("localStorage", "nick", me.nick);
	enter(room.name);
}

function readAddress() {
	const { searchParams, hash } = new URL(location.href);

	room.name = clean(searchParams.get("room") || LOBBY);
	me.code = new URLSearchParams(hash.slice(1)).get("op") ?? "";
	showAddress();
}

function onSubmit(form, action) {
	$(form).addEventListener("submit", e => {
		e.preventDefault();
		action();
	});
}

function joinOther() {
	const name = $("other-name").value.trim();

	$("other-name").value = "";
	if (name)
		enter(name);
}

function globalKey(e) {
	if (e.key === "Escape")
		closePanels();
	if (e.altKey && (e.key === "ArrowUp" || e.key === "ArrowDown") &&
	    $("door").hidden) {
		e.preventDefault();
		besideRoom(e.key === "ArrowUp" ? -1 : 1);
	}
}

// A keyboard on the screen takes its part of the height.
function fitHeight() {
	if (visualViewport.scale === 1)
		$("hall").style.setProperty("--height",
			`${visualViewport.height}px`);
}

function listen() {
	onSubmit("enter", () => knock($("nick").value.trim()));
	onSubmit("say", submit);
	onSubmit("other", joinOther);
	$("text").addEventListener("keydown", typedKey);
	$("text").addEventListener("input", fitText);
	$("alerts").addEventListener("click", toggleAlerts);
	$("again").addEventListener("click", () => {
		setState("reconnecting \u2026");
		reopenStream();
	});
	$("jump").addEventListener("click", () => {
		isAtEnd = true;
		scrollToEnd();
		focusText();
	});
	for (const panel of [$("rooms"), $("members")]) {
		$(`show-${panel.id}`).addEventListener("click",
			() => togglePanel(panel));
		panel.querySelector(".close")
			.addEventListener("click", closePanels);
	}
	$("shade").addEventListener("click", closePanels);
	wide.addEventListener("change", closePanels);
	for (const skip of document.querySelectorAll(".skip"))
		skip.addEventListener("click", e => {
			e.preventDefault();
			$(skip.hash.slice(1)).focus();
		});
	new IntersectionObserver(endSeen,
		{ root: $("scroll"), rootMargin: "8px" }).observe($("end"));
	new ResizeObserver(scrollToEnd).observe($("scroll"));
	document.addEventListener("keydown", globalKey);
	document.addEventListener("visibilitychange", nowReading);
	addEventListener("online", () => source && !isLive && reopenStream());
	visualViewport?.addEventListener("resize", fitHeight);
}

listen();
readAddress();
if (me.nick && recall("sessionStorage", "in")) {
	openHall();
	knock(me.nick);
} else {
	openDoor();
}
