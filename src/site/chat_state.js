/*
 * Who and where one is, and what the browser remembers of it.
 */

import { clean, fold } from "./text.js";

export const LOBBY = "lobby";

/* A browser may forbid to remember anything. */

export function recall(kind, key) {
	try {
		return window[kind].getItem(`chatd.${key}`) ?? "";
	} catch {
		return "";
	}
}

export function remember(kind, key, value) {
	try {
		window[kind].setItem(`chatd.${key}`, value);
	} catch {
		// It lasts as long as the page.
	}
}

export const me = {
	nick: recall("localStorage", "nick"), // wished, then as it is
	code: "",          // to become an operator with
	ignored: new Set(recall("localStorage", "ignored").split("\n")
		.filter(Boolean)),
	pattern: null      // of the nick in a text
};

export const room = {
	name: LOBBY,
	log: "",           // which one of that name; empty: not known yet
	seq: 0,            // of the last message that came
	readUpTo: null,    // where one left off: log and seq
	isFirst: true,     // on its first stream
	greetings: new Set(), // what was told at its begin
	members: []
};

export function setNick(nick) {
	const syntax = /[\\^$.*+?()[\]{}|/]/g;

	me.nick = nick;
	me.pattern = new RegExp("(?<![\\p{L}\\p{N}_])" +
		(nick.replace(syntax, "\\$&") || "(?!)") +
		"(?![\\p{L}\\p{N}_])", "iu");
}

export const isIgnored = nick => me.ignored.has(fold(nick));

export function isAddressed(m) {
	return !m.own && (m.to !== undefined || me.pattern.test(m.text));
}

export function readAddress() {
	const { searchParams, hash } = new URL(location.href);

	room.name = clean(searchParams.get("room") || LOBBY);
	me.code = new URLSearchParams(hash.slice(1)).get("op") ?? "";
	showAddress();
}

export function showAddress() {
	const url = new URL(location.href);

	url.hash = "";
	url.searchParams.delete("room");
	if (room.name !== LOBBY)
		url.searchParams.set("room", room.name);
	history.replaceState(null, "", url);
}
