/*
 * Elements of the page and the text in them, which is set as text, never as
 * markup.
 */

export const $ = id => document.getElementById(id);

export function element(name, parent, className = "", text = "") {
	const e = document.createElement(name);

	e.className = className;
	e.textContent = text;
	parent?.append(e);
	return e;
}

export function button(parent, text, action) {
	const e = element("button", parent, "", text);

	e.type = "button";
	e.addEventListener("click", action);
	return e;
}

// Only what changed, so that a reader's place is kept.
export function setText(e, text) {
	if (e.textContent !== text)
		e.textContent = text;
}

// Controls, line separators and what turns the direction: the server lets
// none through, and neither does this page.
const UNSAFE = new RegExp("[\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f" +
	"\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]", "g");
const LINK = /\bhttps?:\/\/[^\s<>"]+/gi;

export const clean = text => String(text ?? "").replace(UNSAFE, "\ufffd");
export const fold = name => name.normalize("NFKC").toLowerCase();

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

export function addText(parent, text) {
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
export function setHue(e, nick) {
	let hash = 2166136261;

	for (const c of fold(nick))
		hash = Math.imul(hash ^ c.codePointAt(0), 16777619);
	hash = Math.imul(hash ^ hash >>> 15, 0x85ebca6b);
	e.style.setProperty("--hue", (hash >>> 8) % 360);
}

export function addNick(parent, nick) {
	const e = element("bdi", parent, "", nick);

	setHue(e, nick);
	return e;
}
