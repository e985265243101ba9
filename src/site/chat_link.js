/*
 * The link to the server: the stream of chat/events, and what is said to
 * chat/messages.
 *
 * What is said waits in a queue until the server has said that it has it, so
 * nothing is lost.  Nor is it said twice: where a POST fails and it cannot be
 * known whether the server got it, the stream is begun anew first.  Once all
 * that was said meanwhile has come, either the line is among it, marked as
 * one's own, or it is sent again.
 */

import { closePanels, isAtDoor, isLeft, openDoor, openHall, setState }
	from "./hall.js";
import { focusText } from "./input.js";
import { addPending, clearLines, dropLastNotice, lastNotice, setNote,
	showFailed, showMessage, showNotice } from "./lines.js";
import { markSeen, showMembers, showRoom, showRooms } from "./lists.js";
import { me, remember, room, setNick, showAddress } from "./state.js";
import { clean } from "./text.js";

const PAST = 100;            // messages shown from before one came
const QUIET = 1000;          // then a stream has sent what it had
const PATIENCE = 30000;      // for an answer
const BACK_OFF_MIN = 1000;
const BACK_OFF_MAX = 30000;

const backOff = tries =>
	Math.min(BACK_OFF_MIN * 2 ** tries, BACK_OFF_MAX);

/* The stream of events. */

let source = null;
let wish = "";           // the nick it was asked for
let isLive = false;      // it has said which room it shows
let isSettled = false;   // and all that was said before
let liveAt = 0;          // when it said that
let upTo = 0;            // the number of the last of that
let tries = 0;
let settling = 0;        // timers
let reopening = 0;
const leftAt = new Map(); // rooms: log and seq when one left

// Shows another room; the same one is only begun anew.
export function enter(name) {
	closePanels();
	if (room.log) {
		leftAt.set(room.name, { log: room.log, seq: room.seq });
		markSeen(room.name, Math.max(room.seq, upTo));
	}
	Object.assign(room, { name, log: "", seq: 0, isFirst: true,
		greetings: new Set(),
		readUpTo: leftAt.get(name) });
	upTo = 0;
	clearLines();
	dropSaid();
	showRoom({});
	showMembers([], 0);
	showRooms();
	showAddress();
	openStream({ past: PAST });
	focusText();
}

function unsettle() {
	isLive = isSettled = false;
	clearTimeout(settling);
}

function closeStream() {
	source?.close();
	clearTimeout(reopening);
	unsettle();
}

function openStream(from) {
	const query = new URLSearchParams(
		{ room: room.name, nick: me.nick, ...from });

	closeStream();
	wish = me.nick;
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
	unsettle();
	setState("reconnecting \u2026");
	showWaiting();
}

// As who was sent away asks for.
export function comeBack() {
	setState("reconnecting \u2026");
	reopenStream();
}

// The browser has a network again: there is no need to wait any longer.
export function nowOnline() {
	if (source && !isLive)
		reopenStream();
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
	if (isAtDoor())
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
	else if (me.nick !== wish)
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
	if (!room.log && !isAtDoor())
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

export function say(text) {
	queue.push({ room: room.name, text, said: saidBy(text),
		row: addPending(text), tries: 0, isTried: false,
		isDoubtful: false, heard: 0 });
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
	dropLine(line);
	showFailed(line.row, line.text, why,
		canRepeat ? () => say(line.text) : null);
}

function post(line) {
	return fetch("chat/messages", {
		method: "POST",
		body: new URLSearchParams({ room: line.room, text: line.text }),
		signal: AbortSignal.timeout(PATIENCE)
	});
}

function showWaiting() {
	const why = isLeft() ? "waits until you come back" :
		"waits for the connection";

	for (const line of queue) {
		if (!isSending || line !== queue[0])
			setNote(line.row, isSettled ? "" : why);
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
	setNote(line.row, "waits for the connection");
	reopenLater();
	return 0;
}

function toldToWait(line, answer) {
	const seconds = Number(answer.headers.get("Retry-After")) ||
		backOff(line.tries++) / 1000;

	setNote(line.row, answer.status === 429 ?
		`too fast: sent again in ${seconds} s` :
		`the server is busy: sent again in ${seconds} s`);
	return 1000 * seconds;
}

// The stream may have told why already, and what it told is more exact.
function refused(line, error) {
	const shown = lastNotice();
	const told = (line.result.told ?? []).map(clean);
	const exact = [shown, ...told].find(text =>
		/^\* (?:usage|no such command): /.test(text));
	const why = exact?.slice(2) ?? error;

	if (shown === `* ${why}`)
		dropLastNotice();
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
