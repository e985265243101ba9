/*
 * What is typed: lines that come back, words that are completed.
 */

import { me, room } from "./state.js";
import { $, fold } from "./text.js";

const RECALL_MAX = 100;      // lines that Up brings back

const COMMANDS = [
	"announce", "away", "ban", "deop", "help", "history", "ignore", "join",
	"kick", "lock", "me", "msg", "mute", "nick", "op", "part", "questions",
	"quit", "rooms", "slow", "topic", "unban", "unignore", "unlock",
	"unmute", "who"
];

const typed = { lines: [], at: 0, draft: "" };
let completion = null; // candidates of the word under way

export function fitText() {
	const e = $("text");

	e.style.height = "auto";
	e.style.height = `${e.scrollHeight + 2}px`;
}

export function setTyped(text) {
	$("text").value = text;
	$("text").setSelectionRange(text.length, text.length);
	fitText();
}

// Not where that brings up a keyboard over half of the screen.
export function focusText() {
	if (matchMedia("(hover: hover)").matches)
		$("text").focus();
}

// What was refused, unless something else is typed already.
export function giveBack(text) {
	if ($("text").value === "")
		setTyped(text);
}

// As one line; empty if there is nothing to say.
export function takeTyped() {
	const text = $("text").value.replace(/\s*\n\s*/g, " ");

	if (text.trim() === "")
		return "";
	if (typed.lines.at(-1) !== text)
		typed.lines.push(text);
	typed.lines = typed.lines.slice(-RECALL_MAX);
	typed.at = typed.lines.length;
	typed.draft = "";
	setTyped("");
	return text;
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

export function typedKey(e) {
	const isPlain = !e.altKey && !e.ctrlKey && !e.metaKey && !e.shiftKey;
	const actions = {
		Enter: () => ($("say").requestSubmit(), true),
		Tab: complete,
		ArrowUp: () => isOneRow() && recallLine(-1),
		ArrowDown: () => isOneRow() && recallLine(1)
	};

	if (isPlain && !e.isComposing && actions[e.key]?.())
		e.preventDefault();
}
