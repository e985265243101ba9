/*
 * The live page: asks for status.json each second and shows what it says.
 * All text is set as text, never as markup.
 */
"use strict";

const PERIOD = 1000;         // milliseconds between two questions
const PATIENCE = 5000;       // for an answer
const BACK_OFF_MAX = 30000;  // between questions to a server that is silent
const SPAN = 120000;         // that a chart shows
const GAP = 5000;            // between samples that no line joins
const WIDTH = 240, HEIGHT = 48; // of a chart, in its own units

const STATES = {
	R: "running", S: "sleeping", D: "waiting for a disk", T: "stopped",
	t: "traced", Z: "zombie", X: "dead", I: "idle"
};

const REASONS = {
	100: "Continue", 101: "Switching Protocols", 200: "OK", 201: "Created",
	204: "No Content", 206: "Partial Content", 301: "Moved Permanently",
	302: "Found", 303: "See Other", 304: "Not Modified",
	307: "Temporary Redirect", 308: "Permanent Redirect",
	400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
	404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
	408: "Request Timeout", 411: "Length Required",
	412: "Precondition Failed", 413: "Content Too Large",
	414: "URI Too Long", 415: "Unsupported Media Type",
	416: "Range Not Satisfiable", 417: "Expectation Failed",
	421: "Misdirected Request", 429: "Too Many Requests",
	431: "Fields Too Large", 500: "Internal Server Error",
	501: "Not Implemented", 503: "Service Unavailable",
	505: "Version Not Supported"
};

const $ = id => document.getElementById(id);

function element(name, parent, className) {
	const e = document.createElement(name);

	if (className)
		e.className = className;
	parent.append(e);
	return e;
}

// Only what changed, so that a selection or a reader's place is kept.
function setText(e, text) {
	if (e.textContent !== text)
		e.textContent = text;
}

/* How numbers read. */

const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

function count(n) {
	if (n === null)
		return "not told";
	return n > Number.MAX_SAFE_INTEGER ? "no limit" : plain.format(n);
}

function rate(n) {
	return n < 100 ? short.format(n) : plain.format(n);
}

function bytes(n) {
	const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
	let i = 0;

	if (n === null)
		return "not told";
	for (; n >= 1024 && i < units.length - 1; i++)
		n /= 1024;
	return `${n < 1000 ? short.format(n) : plain.format(n)} ${units[i]}`;
}

function percent(fraction) {
	const n = 100 * fraction;

	return `${n < 10 ? n.toFixed(1) : plain.format(n)} %`;
}

function duration(seconds) {
	const two = n => String(n).padStart(2, "0");
	const s = Math.floor(seconds);
	const days = Math.floor(s / 86400);
	const clock = [s / 3600 % 24, s / 60 % 60, s % 60]
		.map(n => two(Math.floor(n))).join(":");

	if (days === 0)
		return clock;
	return `${days} ${days === 1 ? "day" : "days"} ${clock}`;
}

function plural(n, one, many = `${one}s`) {
	return `${count(n)} ${n === 1 ? one : many}`;
}

/* A tile: a name, a value that stands out, a chart of its last minutes. */

function svg(name, parent, attributes) {
	const e = document.createElementNS("http://www.w3.org/2000/svg", name);

	for (const key in attributes)
		e.setAttribute(key, attributes[key]);
	parent.append(e);
	return e;
}

class Tile {
	constructor(title, format) {
		const box = element("div", $("tiles"));

		this.title = title;
		this.format = format;
		this.samples = [];
		element("dt", box).textContent = title;
		const value = element("dd", box, "value");
		this.value = element("span", value);
		value.append(" "); // for a reader
		this.note = element("small", value);
		this.chart = svg("svg", element("dd", box), {
			role: "img", viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
			preserveAspectRatio: "none"
		});
		svg("path", this.chart,
			{ class: "base", d: `M0 ${HEIGHT}H${WIDTH}` });
		this.area = svg("path", this.chart, { class: "area" });
		this.line = svg("path", this.chart, {});
	}

	show(value, note, now) {
		setText(this.value, value === null ? "not told" :
			this.format(value));
		if (value !== null)
			this.samples.push({ at: now, value });
		while (this.samples.length > 0 &&
		    this.samples[0].at < now - SPAN)
			this.samples.shift();
		this.draw(note, now);
	}

	// Pieces of the line, which breaks where there was no answer.
	pieces() {
		const pieces = [];
		let last = -Infinity;

		for (const sample of this.samples) {
			if (sample.at - last > GAP)
				pieces.push([]);
			pieces.at(-1).push(sample);
			last = sample.at;
		}
		return pieces;
	}

	draw(note, now) {
		const most = Math.max(0, ...this.samples.map(s => s.value));
		const x = s => (WIDTH * (1 - (now - s.at) / SPAN)).toFixed(1);
		const y = s => (HEIGHT * (1 - s.value / (most || 1))).toFixed(1);
		const lines = this.pieces().map(piece => ({
			d: piece.map(s => `${x(s)} ${y(s)}`).join("L"),
			from: x(piece[0]), to: x(piece.at(-1))
		}));

		this.line.setAttribute("d",
			lines.map(l => `M${l.d}`).join(""));
		this.area.setAttribute("d", lines.map(l =>
			`M${l.from} ${HEIGHT}L${l.d}L${l.to} ${HEIGHT}Z`).join(""));
		setText(this.note, note || `peak ${this.format(most)}`);
		this.chart.setAttribute("aria-label", `${this.title}: ` +
			`peak ${this.format(most)} in the last two minutes`);
	}
}

const tiles = {
	requests: new Tile("Requests a second", rate),
	bytes: new Tile("Sent a second", bytes),
	connections: new Tile("Open connections", count),
	messages: new Tile("Messages a second", rate),
	cpu: new Tile("CPU (of one core)", percent),
	memory: new Tile("Resident memory", bytes)
};

function showTiles(status, now) {
	const { rates, connections } = status;

	tiles.requests.show(rates.requests_per_second, "", now);
	tiles.bytes.show(rates.bytes_out_per_second, "", now);
	tiles.connections.show(connections.open,
		`of ${count(connections.max)}`, now);
	tiles.messages.show(rates.messages_per_second, "", now);
	tiles.cpu.show(rates.cpu, "", now);
	tiles.memory.show(status.memory.resident_bytes, "", now);
}

/* Lists of names and values. */

function showPairs(list, pairs) {
	while (list.children.length > 2 * pairs.length)
		list.lastChild.remove();
	while (list.children.length < 2 * pairs.length)
		element(list.children.length % 2 === 0 ? "dt" : "dd", list);
	pairs.forEach(([name, value], i) => {
		setText(list.children[2 * i], name);
		setText(list.children[2 * i + 1], value);
	});
}

function showServer(status) {
	showPairs($("server"), [
		["Running for", duration(status.uptime_seconds)],
		["Model", status.model],
		["Process", String(status.pid)],
		["Version", status.version],
		["Sandbox", status.sandbox]
	]);
}

function showResources(status) {
	const { descriptors } = status;

	showPairs($("resources"), [
		["Resident memory", bytes(status.memory.resident_bytes)],
		["Threads", count(status.threads)],
		["Descriptors", `${count(descriptors.open)} of ` +
			count(descriptors.max)],
		["Log lines dropped", count(status.log_dropped)],
		["Access lines dropped", count(status.access_dropped)]
	]);
}

function showHttp({ connections, http }) {
	const requests = Object.entries(http.requests).filter(([, n]) => n > 0);
	const responses = Object.entries(http.responses);

	showPairs($("connections"), [
		["Open", `${count(connections.open)} of ` +
			count(connections.max)],
		["Accepted", count(connections.accepted)],
		["Refused, no room", count(connections.refused)],
		["Closed while idle, for room", count(connections.evicted)],
		["Ended by a deadline", count(http.timeouts)],
		["Pauses, no descriptors", count(connections.paused)],
		["Received", bytes(http.bytes_in)],
		["Sent", bytes(http.bytes_out)]
	]);
	showPairs($("requests"), requests.length === 0 ? [["None yet", ""]] :
		requests.map(([method, n]) => [method, count(n)]));
	showPairs($("responses"), responses.length === 0 ? [["None yet", ""]] :
		responses.map(([code, n]) =>
			[`${code} ${REASONS[code] || ""}`, count(n)]));
}

function showChat({ chat }) {
	showPairs($("chat"), [
		["Members", count(chat.members)],
		["by plain UDP", count(chat.udp)],
		["by the chat client", count(chat.native)],
		["in a browser", count(chat.http)],
		["at the console", count(chat.console)],
		["Messages", count(chat.messages)],
		["Datagrams received", count(chat.datagrams_in)],
		["Datagrams sent", count(chat.datagrams_out)],
		["Messages repaired", count(chat.repairs)],
		["Duplicates dropped", count(chat.duplicates)],
		["Came back", count(chat.resumed)],
		["Gone silent", count(chat.dropped)],
		["Asked to prove an address", count(chat.challenged)],
		["Refused", count(chat.refused)]
	]);
}

/* The processes: a list in a list for each generation. */

const root = { children: $("processes"), shown: 0 };
const items = new Map(); // by process number

function newItem() {
	const li = document.createElement("li");
	const line = element("p", li);

	return {
		li,
		name: element("strong", line),
		state: element("span", line),
		facts: element("span", line, "facts"),
		children: element("ul", li),
		shown: 0 // how many of the children are in their places
	};
}

function showProcess(p) {
	const item = items.get(p.pid) || newItem();
	const above = items.get(p.parent) || root;
	const there = above.children.children[above.shown++];
	const isZombie = p.state === "Z";

	items.set(p.pid, item);
	if (item.li !== there)
		above.children.insertBefore(item.li, there || null);
	item.li.className = isZombie ? "zombie" : "";
	setText(item.name, `${p.name} ${p.pid}`);
	setText(item.state, STATES[p.state] || p.state);
	setText(item.facts, isZombie ?
		"ended, and its parent has not waited for it" : [
			plural(p.threads, "thread"),
			`${p.cpu_seconds.toFixed(2)} s CPU`,
			bytes(p.resident_bytes),
			plural(p.context_switches, "context switch",
				"context switches")
		].join(" \u00b7 "));
}

function showProcesses({ processes, process_count: total, zombies }) {
	const now = new Set(processes.map(p => p.pid));
	const unlisted = total - processes.length;

	for (const [pid, item] of items) {
		item.shown = 0;
		if (now.has(pid))
			continue;
		item.li.remove();
		items.delete(pid);
	}
	root.shown = 0;
	processes.forEach(showProcess);
	setText($("zombies"), zombies > 0 ? plural(zombies, "zombie") : "");
	$("unlisted").hidden = total !== null && unlisted <= 0;
	setText($("unlisted"), total === null ?
		"This system does not tell." : `and ${count(unlisted)} more`);
}

/* The conversation with the server. */

let delay = PERIOD;   // until the next question
let lastAnswer = null;
let timer = 0;
let nextAt = 0;

function setState(name, text) {
	document.body.className = name;
	setText($("state"), text);
	document.title = name === "live" ? "chatd status" :
		"chatd does not answer";
}

function show(status) {
	const now = performance.now();

	lastAnswer = now;
	setText($("what"), `${status.model} model, version ${status.version}`);
	showTiles(status, now);
	showProcesses(status);
	showServer(status);
	showResources(status);
	showHttp(status);
	showChat(status);
}

// Shows the answer; returns what is wrong, or nothing.
async function ask() {
	let answer, status;

	try {
		answer = await fetch("status.json", {
			cache: "no-store", signal: AbortSignal.timeout(PATIENCE)
		});
		if (answer.ok)
			status = await answer.json();
	} catch {
		return "no answer from the server";
	}
	if (!answer.ok)
		return `the server says ${answer.status} ${answer.statusText}`;
	show(status);
	return "";
}

function schedule(milliseconds) {
	clearTimeout(timer);
	nextAt = performance.now() + milliseconds;
	timer = setTimeout(turn, milliseconds);
}

async function turn() {
	const began = performance.now();
	const trouble = await ask();

	delay = trouble ? Math.min(2 * delay, BACK_OFF_MAX) : PERIOD;
	setState(trouble ? "lost" : "live", trouble || "live");
	schedule(Math.max(0, began + delay - performance.now()));
}

// Outside of the live region, which would be read out each second.
function showWait() {
	const now = performance.now();
	const wait = Math.max(0, Math.ceil((nextAt - now) / 1000));
	const since = lastAnswer === null ? "" : "last answer " +
		`${duration((now - lastAnswer) / 1000)} ago, `;

	setText($("retry"), `${since}next try in ${wait} s`);
}

function tryNow() {
	if (document.body.className === "lost") {
		delay = PERIOD;
		schedule(0);
	}
}

$("now").addEventListener("click", tryNow);
addEventListener("online", tryNow);
setInterval(showWait, 1000);
turn();
