/*
 * What stands around the lines: the room's topic and rules, the rooms that
 * there are, and who is here.
 */

import { VIAS, showUnread } from "./lines.js";
import { LOBBY, me, room } from "./state.js";
import { $, clean, element, setHue, setText } from "./text.js";

let rooms = [];           // as the server told last
const seenAt = new Map(); // rooms: the number of the last message seen

/* Lists of buttons, which are drawn anew under a keyboard's focus. */

function entry(list, kind, name) {
	const e = element(kind, element("li", list));

	e.dataset.name = name;
	return e;
}

function redraw(list, draw) {
	const name = list.contains(document.activeElement) ?
		document.activeElement.dataset.name : undefined;

	list.replaceChildren();
	draw();
	if (name !== undefined)
		[...list.querySelectorAll("button")]
			.find(e => e.dataset.name === name)?.focus();
}

// Has the name of a button that is pressed acted upon.
export function onChoice(list, action) {
	list.addEventListener("click", e => {
		const chosen = e.target.closest("button");

		if (chosen)
			action(chosen.dataset.name);
	});
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

// Of the room and of oneself.
export function showRoom(state) {
	const topic = clean(state.topic);

	setText($("who"), me.nick || "no nick");
	setHue($("who"), me.nick);
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
	const e = entry($("room-list"), "button", r.room);
	const isHere = r.room === room.name;

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

export function showRooms(told = rooms) {
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

export function markSeen(name, seq) {
	seenAt.set(name, Math.max(seq, seenAt.get(name) ?? 0));
}

export function roomBeside(step) {
	const names = rooms.map(r => r.room);

	return names.at((names.indexOf(room.name) + step) % names.length);
}

/* Members. */

function showMember(m) {
	const nick = clean(m.nick);
	const e = entry($("member-list"), m.you ? "span" : "button", nick);

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
	if (!m.you)
		e.title = `Write to ${nick} alone`;
}

export function showMembers(members, more) {
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
