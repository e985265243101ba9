// The chat page as a person uses it, in headless Chromium, with a chatd of
// its own for each group of tests.  See ../check-page for what it needs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import dgram from "node:dgram";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { after, afterEach, before, describe, it } from "node:test";

const { chromium } = createRequire(import.meta.url)("playwright-core");
const { CHATD_BUILDDIR = ".", CHATD_SRCDIR = ".", CHROMIUM = "chromium" } =
	process.env;

const PATIENCE = 20000; // milliseconds, for anything that is waited for
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 844 };

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "chatd-page-"));
let browser;
let contexts = [];
const started = []; // daemons
let complaints = []; // of pages: their policy, their errors

/* The daemon. */

class Daemon {
	constructor(...options) {
		this.options = ["--flood=off", ...options];
		this.http = this.udp = "127.0.0.1:0";
	}

	// At the same ports as before, if there was a before.
	async start() {
		this.log = "";
		this.process = spawn(path.join(CHATD_BUILDDIR, "chatd"),
			[`--http=${this.http}`, `--udp=${this.udp}`,
				...this.options],
			{ stdio: ["ignore", "pipe", "pipe"] });
		started.push(this);
		this.process.stderr.on("data", d => this.log += d);
		const lines = readline.createInterface(
			{ input: this.process.stdout });
		const [line] = await Promise.race([once(lines, "line"),
			once(this.process, "close").then(() => [""])]);
		[, this.http, this.udp] =
			/ready http=(\S+) udp=(\S+)/.exec(line) ?? [];
		assert.ok(this.http, `chatd did not start: ${line}${this.log}`);
		this.url = `http://${this.http}`;
		return this;
	}

	async stop(signal = "SIGKILL") {
		if (this.process.exitCode !== null ||
		    this.process.signalCode !== null)
			return;
		this.process.kill(signal);
		await once(this.process, "exit");
	}

	// Another client, which is no browser.
	async post(fields, headers = {}) {
		return fetch(`${this.url}/chat/messages`, { method: "POST",
			body: new URLSearchParams(fields), headers });
	}

	async say(text, fields = {}) {
		const answer = await this.post({ text, ...fields });

		assert.equal(answer.status, 201, await answer.text());
	}

	send(text) {
		const [host, port] = this.udp.split(":");
		const peer = dgram.createSocket("udp4");

		return new Promise((done, fail) => peer.send(text, port, host,
			error => {
				peer.close();
				error ? fail(error) : done();
			}));
	}
}

/* The browser. */

async function context(options = {}) {
	const c = await browser.newContext({ viewport: WIDE, ...options });

	contexts.push(c);
	c.setDefaultTimeout(PATIENCE);
	await c.exposeBinding("complain", (_, what) => complaints.push(what));
	await c.addInitScript(() => addEventListener(
		"securitypolicyviolation",
		e => window.complain(`${e.violatedDirective}: ${e.blockedURI}`)));
	return c;
}

async function newPage(c) {
	const page = await c.newPage();

	page.on("pageerror", e => complaints.push(String(e.stack)));
	page.on("dialog", d => complaints.push(`dialog: ${d.message()}`));
	page.on("console", m => {
		if (/Content.Security.Policy/i.test(m.text()))
			complaints.push(m.text());
	});
	return page;
}

async function join(daemon, nick, { room, options, on } = {}) {
	const page = await newPage(on ?? await context(options));
	const query = room ? `?room=${encodeURIComponent(room)}` : "";

	await page.goto(`${daemon.url}/chat${query}`);
	await page.fill("#nick", nick);
	await page.keyboard.press("Enter");
	await page.locator("#members li").first().waitFor(
		{ state: "attached" });
	return page;
}

async function type(page, text) {
	await page.fill("#text", text);
	await page.press("#text", "Enter");
}

async function until(what, check) {
	const end = Date.now() + PATIENCE;

	while (!await check()) {
		assert.ok(Date.now() < end, `waited in vain: ${what}`);
		await new Promise(done => setTimeout(done, 50));
	}
}

const texts = (page, where = ".line .text") =>
	page.locator(where).allTextContents();

const lineOf = (page, text) =>
	page.locator(".line", { has: page.getByText(text, { exact: true }) });

async function sees(page, text) {
	await lineOf(page, text).first().waitFor();
}

async function seesOnce(page, expected) {
	await until(`${expected.at(-1)} is there`, async () =>
		(await texts(page)).includes(expected.at(-1)));
	assert.deepEqual((await texts(page)).filter(t => expected.includes(t)),
		expected);
	assert.deepEqual(await texts(page, "#outbox .text"), []);
}

const isFocused = (page, selector) =>
	page.$eval(selector, e => e === document.activeElement);

/* What a POST meets on its way, n times: lost before or after the server got
 * it, or answered by something else. */
async function disturb(page, n, how) {
	await page.route("**/chat/messages", async route => {
		if (n-- > 0)
			await how(route);
		else
			await route.continue();
	});
}

const told = (status, fields = {}) => route => route.fulfill({ status,
	headers: { "Content-Type": "application/json", ...fields },
	body: JSON.stringify({ error: "no wish for it" }) });

before(async () => {
	browser = await chromium.launch({ executablePath: CHROMIUM,
		args: ["--no-sandbox"] });
});

after(async () => {
	await browser?.close();
	await Promise.all(started.map(d => d.stop()));
	fs.rmSync(scratch, { recursive: true });
});

afterEach(async () => {
	await Promise.all(contexts.map(c => c.close()));
	contexts = [];
	const found = complaints;
	complaints = [];
	assert.deepEqual(found, []);
});

describe("a room", () => {
	const daemon = new Daemon();

	before(() => daemon.start());
	after(() => daemon.stop());

	it("is joined and used by the keyboard alone", async () => {
		const page = await newPage(await context());

		await page.goto(`${daemon.url}/chat`);
		assert.ok(await isFocused(page, "#nick"));
		await page.keyboard.type("ann");
		await page.keyboard.press("Enter");
		await until("the input", () => isFocused(page, "#text"));
		await page.keyboard.type("first words");
		await page.keyboard.press("Enter");
		await sees(page, "first words");
		assert.match(await lineOf(page, "first words")
			.getAttribute("class"), /\bown\b/);
		await page.keyboard.type("/me smiles");
		await page.keyboard.press("Enter");
		await page.locator(".action", { hasText: "smiles" }).waitFor();
		await page.keyboard.press("ArrowUp");
		await page.keyboard.press("ArrowUp");
		assert.equal(await page.inputValue("#text"), "first words");
		await page.keyboard.press("ArrowDown");
		await page.keyboard.press("ArrowDown");
		assert.equal(await page.inputValue("#text"), "");
		await page.keyboard.press("Shift+Tab");
		assert.ok(!await isFocused(page, "#text"));
		await page.locator(".skip").first().focus();
		await page.keyboard.press("Enter");
		assert.ok(await isFocused(page, "#text"));
	});

	it("remembers the nick", async () => {
		const c = await context();
		const page = await join(daemon, "norma", { on: c });

		await page.reload();
		await sees(await join(daemon, "norma2", { on: c }), "first words");
		await page.locator("#members", { hasText: "norma" }).waitFor();
		await page.close();
		const other = await newPage(c);
		await other.goto(`${daemon.url}/chat`);
		assert.equal(await other.inputValue("#nick"), "norma2");
	});

	it("shows what was said before one came", async () => {
		await daemon.say("said early", { nick: "early" });
		const page = await join(daemon, "late");

		await page.locator("#past .line",
			{ hasText: "said early" }).waitFor();
		assert.ok(await page.isVisible("#earlier"));
		await daemon.say("said now", { nick: "early" });
		await page.locator("#log .line",
			{ hasText: "said now" }).waitFor();
	});

	it("shows what other clients say", async () => {
		const page = await join(daemon, "reader");

		await daemon.say("by POST", { nick: "poster" });
		await sees(page, "by POST");
		await daemon.send("by UDP\n");
		await sees(page, "by UDP");
		assert.equal(await lineOf(page, "by UDP").locator(".via")
			.textContent(), "udp");
		const time = await lineOf(page, "by UDP").locator("time")
			.getAttribute("datetime");
		assert.ok(Math.abs(Date.now() - new Date(time)) < 600000);
	});

	it("marks mentions and counts what was not read", async () => {
		const page = await join(daemon, "mona");

		for (let i = 0; i < 60; i++)
			await daemon.say(`filler ${i}`, { nick: "poster" });
		await sees(page, "filler 59");
		await page.focus("#scroll");
		await page.keyboard.press("Home");
		await page.locator("#jump").waitFor();
		await daemon.say("monastery", { nick: "poster" });
		await daemon.say("look, Mona!", { nick: "poster" });
		await page.locator("#jump",
			{ hasText: "2 new messages" }).waitFor();
		assert.match(await page.title(), /^\(2\) /);
		const isMention = async text => /\bmention\b/.test(
			await lineOf(page, text).getAttribute("class"));
		assert.ok(await isMention("look, Mona!"));
		assert.ok(!await isMention("monastery"));
		assert.equal(await page.locator(".divider.new").count(), 1);
		await page.click("#jump");
		await page.locator("#jump").waitFor({ state: "hidden" });
		assert.doesNotMatch(await page.title(), /^\(/);
	});

	it("keeps text as text", async () => {
		const page = await join(daemon, "target");
		const elements = ["script", "img", "iframe", "svg", "style",
			"object", "form:not(#enter):not(#say):not(#other)",
			"[onerror]", "[onload]", "[style*=url]", "#x"].join();
		const count = () => page.locator(`body :is(${elements})`).count();
		const before = await count();
		const title = await page.title();

		for (const text of hostile())
			await daemon.post({ text, nick: "mallory" });
		await daemon.say("end of it", { nick: "mallory" });
		await sees(page, "end of it");
		assert.equal(await count(), before);
		assert.equal(await page.title(), title);
		assert.equal(await page.evaluate(() => window.pwned), undefined);
		for (const text of await texts(page)) {
			assert.doesNotMatch(text, new RegExp("[\\0-\\x08\\n-\\x1f" +
				"\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069]"));
		}
		const hrefs = await page.locator(".text a").evaluateAll(
			all => all.map(a => [a.protocol, a.rel]));
		for (const [protocol, rel] of hrefs) {
			assert.match(protocol, /^https?:$/);
			assert.equal(rel, "noopener noreferrer");
		}
	});

	it("makes links of http addresses alone", async () => {
		const page = await join(daemon, "linker");
		const links = async text => {
			await daemon.say(text, { nick: "poster" });
			await sees(page, text);
			return lineOf(page, text).locator("a")
				.evaluateAll(all => all.map(a => a.textContent));
		};

		assert.deepEqual(
			await links("see http://a.example/b?c=d&e#f, or not"),
			["http://a.example/b?c=d&e#f"]);
		assert.deepEqual(
			await links("(https://a.example/x_(y)) https://b.example."),
			["https://a.example/x_(y)", "https://b.example"]);
		assert.deepEqual(await links("javascript:alert(1) ftp://c.example"),
			[]);
	});

	it("completes nicks and commands", async () => {
		const page = await join(daemon, "typist");

		await join(daemon, "Quentin");
		await page.locator("#members", { hasText: "Quentin" }).waitFor();
		await page.focus("#text");
		await page.keyboard.type("que");
		await page.keyboard.press("Tab");
		assert.equal(await page.inputValue("#text"), "Quentin: ");
		await page.fill("#text", "");
		await page.keyboard.type("/to");
		await page.keyboard.press("Tab");
		assert.equal(await page.inputValue("#text"), "/topic ");
		await page.keyboard.press("Tab");
		assert.ok(!await isFocused(page, "#text"));
	});

	it("hides who is ignored", async () => {
		const page = await join(daemon, "ivan");

		await daemon.say("a bore speaks", { nick: "bore" });
		await sees(page, "a bore speaks");
		await type(page, "/ignore Bore");
		await lineOf(page, "a bore speaks").waitFor({ state: "hidden" });
		await daemon.say("a bore goes on", { nick: "bore" });
		await daemon.say("relief", { nick: "poster" });
		await sees(page, "relief");
		assert.ok(await lineOf(page, "a bore goes on").isHidden());
		await type(page, "/unignore bore");
		await sees(page, "a bore goes on");
	});

	it("posts the operator's code of its address", async () => {
		const page = await newPage(await context());
		const posted = page.waitForRequest("**/chat/messages");

		await page.goto(`${daemon.url}/chat#op=0123abcd`);
		assert.equal(new URL(page.url()).hash, "");
		await page.fill("#nick", "olga");
		await page.keyboard.press("Enter");
		const form = new URLSearchParams((await posted).postData());
		assert.equal(form.get("text"), "/op 0123abcd");
	});

	it("keeps a bounded number of lines", async () => {
		const page = await join(daemon, "counter", { room: "long" });

		for (let i = 0; i < 2100; i += 50)
			await Promise.all(Array.from({ length: 50 }, () =>
				daemon.say("many", { nick: "poster", room: "long" })));
		await daemon.say("the last", { nick: "poster", room: "long" });
		await sees(page, "the last");
		assert.ok(await page.locator("#log > *").count() <= 2000);
	});
});

function hostile() {
	const file = path.join(CHATD_SRCDIR, "tests", "hostile.h");
	const own = [
		"<script>window.pwned = 1</script>",
		"<img src=x onerror=\"window.pwned = 1\">",
		"</title><title>x</title><b id=x>&lt;i&gt;",
		"<svg/onload=window.pwned=1>",
		"<iframe srcdoc='<script>parent.pwned=1</script>'>",
		"http://x.example/\"onmouseover=\"window.pwned=1",
		"javascript:window.pwned=1", "data:text/html,<script>1</script>",
		"\u001b]0;title\u0007\u001b[2J", "\u202egnp.exe \u2066x\u2069",
		"one\r\ndata: {\"seq\":1}\r\n\r\nevent: bye\ndata: {}\n\n",
		"a\u2028b\u2029c\u0085d\u0000e", "'\"`${window.pwned=1}{{7*7}}"
	];

	if (!fs.existsSync(file))
		return own;
	const strings = fs.readFileSync(file, "utf8").replace(/\/\*.*?\*\//gs, "")
		.match(/"(?:[^"\\\n]|\\.)*"/g) ?? [];
	return [...own, ...strings.map(unquote)];
}

// A C string literal as text; what is no UTF-8 becomes U+FFFD.
function unquote(literal) {
	const simple = { n: 10, r: 13, t: 9, a: 7, b: 8, f: 12, v: 11 };
	const bytes = [];

	literal.slice(1, -1).replace(
		/\\x([0-9a-f]+)|\\([0-7]{1,3})|\\(.)|([^\\]+)/gi,
		(_, hex, octal, escape, plain) => bytes.push(...(
			hex ? [parseInt(hex, 16)] :
			octal ? [parseInt(octal, 8)] :
			escape ? [simple[escape] ?? escape.charCodeAt(0)] :
			Buffer.from(plain))));
	return Buffer.from(bytes).toString();
}

describe("between rooms and people", () => {
	const daemon = new Daemon();

	before(() => daemon.start());
	after(() => daemon.stop());

	it("goes to another room and back", async () => {
		const page = await join(daemon, "rosa");

		await page.fill("#other-name", "annex");
		await page.press("#other-name", "Enter");
		await page.locator("#room-name", { hasText: "annex" }).waitFor();
		await page.locator("#members li").first().waitFor(
		{ state: "attached" });
		assert.equal(new URL(page.url()).search, "?room=annex");
		await type(page, "in the annex");
		await sees(page, "in the annex");
		await page.keyboard.press("Alt+ArrowUp");
		await page.locator("#room-name", { hasText: "lobby" }).waitFor();
		await lineOf(page, "in the annex").waitFor({ state: "detached" });
		await daemon.say("also in the annex",
			{ nick: "poster", room: "annex" });
		await page.locator("#room-list .fresh .badge").waitFor();
		await page.keyboard.press("Alt+ArrowDown");
		await sees(page, "also in the annex");
		await page.locator(".divider.new").waitFor();
		assert.deepEqual((await texts(page, "#past .text")),
			["in the annex", "also in the annex"]);
	});

	it("follows /join", async () => {
		const page = await join(daemon, "jane");

		await type(page, "/join cellar");
		await page.locator("#room-name", { hasText: "cellar" }).waitFor();
		await type(page, "in the cellar");
		await sees(page, "in the cellar");
	});

	it("shows private lines to their two ends", async () => {
		const ann = await join(daemon, "pam");
		const bob = await join(daemon, "pit");
		const eve = await join(daemon, "eve");

		await ann.locator("#members", { hasText: "pit" }).waitFor();
		await ann.locator("#members button", { hasText: "pit" }).click();
		assert.equal(await ann.inputValue("#text"), "/msg pit ");
		await ann.keyboard.type("a secret");
		await ann.keyboard.press("Enter");
		await sees(ann, "a secret");
		await sees(bob, "a secret");
		const label = page => lineOf(page, "a secret").locator(".label")
			.textContent();
		assert.equal(await label(ann), "only you and pit");
		assert.equal(await label(bob), "only you and pam");
		await daemon.say("no secret", { nick: "poster" });
		await sees(eve, "no secret");
		assert.equal(await lineOf(eve, "a secret").count(), 0);
	});

	it("takes nothing from a foreign page", async () => {
		const page = await join(daemon, "host");
		const foreign = http.createServer((request, response) =>
			response.setHeader("Content-Type", "text/html").end("<p>"))
			.listen(0, "127.0.0.1");

		await once(foreign, "listening");
		const origin = `http://127.0.0.1:${foreign.address().port}`;
		const other = await page.context().newPage();
		await other.goto(origin);
		await other.evaluate(async url => {
			const body = new URLSearchParams({ text: "forged" });

			await fetch(url, { method: "POST", mode: "no-cors", body,
				credentials: "include" });
		}, `${daemon.url}/chat/messages`);
		assert.equal((await daemon.post({ text: "forged" },
			{ Origin: origin })).status, 403);
		await daemon.say("genuine", { nick: "poster" });
		await sees(page, "genuine");
		assert.equal(await lineOf(page, "forged").count(), 0);
		foreign.close();
	});
});

describe("what is typed", () => {
	const daemon = new Daemon();

	before(() => daemon.start());
	after(() => daemon.stop());

	const cases = [
		["whose POST never arrived", 1, r => r.abort("connectionreset")],
		["whose answer was lost", 1, async r => {
			await r.fetch();
			await r.abort("connectionreset");
		}],
		["that a proxy lost", 1, async r => {
			await r.fetch();
			await told(502)(r);
		}],
		["told 503 twice", 2, told(503)],
		["told to slow down", 1, told(429, { "Retry-After": "1" })]
	];

	for (const [name, n, how] of cases) {
		it(`is said once and in order: a line ${name}`, async () => {
			const page = await join(daemon, "sayer");

			await disturb(page, n, how);
			await type(page, `1 ${name}`);
			await type(page, `2 ${name}`);
			await type(page, `3 ${name}`);
			await seesOnce(page, [1, 2, 3].map(i => `${i} ${name}`));
		});
	}

	it("is slowed down, not lost, by a flood limit", async () => {
		const strict = await new Daemon("--flood=4/1").start();
		const page = await join(strict, "hasty");
		const lines = Array.from({ length: 12 }, (_, i) => `line ${i}`);

		for (const line of lines)
			await type(page, line);
		await seesOnce(page, lines);
		await strict.stop();
	});

	it("may be /quit, and one can come back", async () => {
		const page = await join(daemon, "quitter");

		await type(page, "/quit");
		await page.locator("#state", { hasText: "you left" }).waitFor();
		await page.click("#again");
		await page.locator("#state").waitFor({ state: "hidden" });
		await type(page, "back again");
		await sees(page, "back again");
	});

	it("is sent again no sooner than told", async () => {
		const page = await join(daemon, "slow");
		const times = [];

		page.on("request", r => {
			if (r.method() === "POST")
				times.push(Date.now());
		});
		await disturb(page, 1, told(429, { "Retry-After": "2" }));
		await type(page, "patience");
		await page.locator("#outbox", { hasText: "too fast" }).waitFor();
		await sees(page, "patience");
		assert.equal(times.length, 2);
		assert.ok(times[1] - times[0] >= 1990);
	});

	it("comes back where it is refused", async () => {
		const page = await join(daemon, "muted");

		await disturb(page, 1, told(403));
		await type(page, "unwanted");
		await page.locator("#outbox .failed",
			{ hasText: "no wish for it" }).waitFor();
		assert.equal(await page.inputValue("#text"), "unwanted");
		await page.locator("#outbox button").click();
		assert.equal(await page.locator("#outbox li").count(), 0);
		await type(page, "/msg nobody-of-that-name hello");
		await page.locator("#outbox .failed").waitFor();
	});
});

describe("after a restart", () => {
	it("goes on where it was, with a history", async t => {
		const daemon = new Daemon(
			`--history=${path.join(scratch, "history")}`);
		await daemon.start().catch(() => {});
		if (/without SQLite/.test(daemon.log)) {
			t.skip("this chatd was built without SQLite");
			return;
		}
		assert.ok(daemon.url, daemon.log);
		const page = await join(daemon, "rita");
		const said = [];
		const say = async text => {
			said.push(text);
			await type(page, text);
		};

		for (let i = 0; i < 3; i++)
			await say(`before ${i}`);
		await seesOnce(page, said);
		await daemon.stop("SIGKILL");
		await page.locator("#state", { hasText: "reconnecting" })
			.waitFor();
		await say("while away");
		await page.locator("#outbox",
			{ hasText: "waits for the connection" }).waitFor();
		await daemon.start();
		await seesOnce(page, said);
		await daemon.say("from another", { nick: "poster" });
		await say("after");
		await seesOnce(page, [...said.slice(0, -1), "from another", "after"]);
		assert.ok(await page.isHidden("#state"));
		await daemon.stop();
	});

	it("says that all began anew, without one", async () => {
		const daemon = new Daemon();
		await daemon.start();
		const page = await join(daemon, "nora");

		await type(page, "old");
		await sees(page, "old");
		await daemon.stop("SIGKILL");
		await page.locator("#state").waitFor();
		await type(page, "new");
		await daemon.start();
		await sees(page, "new");
		await page.locator(".notice", { hasText: "began anew" }).waitFor();
		await seesOnce(page, ["old", "new"]);
		await daemon.stop();
	});
});

describe("how it looks", () => {
	const daemon = new Daemon();

	before(() => daemon.start());
	after(() => daemon.stop());

	for (const width of [320, NARROW.width, WIDE.width]) {
		it(`fits into ${width} pixels`, async () => {
			const page = await join(daemon, "n".repeat(40),
				{ options: { viewport: { ...NARROW, width } } });

			await daemon.say("w".repeat(900), { nick: "poster" });
			await daemon.say(`http://x.example/${"y".repeat(400)}`,
				{ nick: "poster" });
			await page.locator(".text a").first().waitFor();
			const overflow = await page.evaluate(() =>
				[document.documentElement, document.querySelector("#scroll")]
					.map(e => e.scrollWidth - e.clientWidth));
			assert.deepEqual(overflow, [0, 0]);
		});
	}

	it("has panels on a narrow screen", async () => {
		const page = await join(daemon, "pania",
			{ options: { viewport: NARROW } });

		for (const name of ["rooms", "members"]) {
			assert.ok(await page.isHidden(`#${name}`));
			await page.click(`#show-${name}`);
			await page.locator(`#${name}`).waitFor();
			assert.ok(await isFocused(page, `#${name} .close`));
			await page.keyboard.press("Escape");
			await page.locator(`#${name}`).waitFor({ state: "hidden" });
			assert.ok(await isFocused(page, `#show-${name}`));
		}
	});

	for (const colorScheme of ["light", "dark"]) {
		it(`can be read in ${colorScheme} colours`, async () => {
			const page = await join(daemon, `${colorScheme}er`,
				{ options: { colorScheme } });

			await type(page, "something own");
			await daemon.say(`hello ${colorScheme}er`, { nick: "poster" });
			await sees(page, `hello ${colorScheme}er`);
			await sees(page, "something own");
			const worst = await page.evaluate(contrasts);
			for (const [where, ratio] of Object.entries(worst))
				assert.ok(ratio >= 4.5, `${where}: ${ratio}`);
		});
	}
});

// In the page: the least contrast (WCAG 2) of some texts, with a nick of any
// hue in a line of any kind.
function contrasts() {
	const canvas = document.createElement("canvas").getContext("2d",
		{ willReadFrequently: true });
	const luminance = colour => {
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data]
			.map(c => c / 255)
			.map(c => c <= 0.04045 ? c / 12.92 :
				((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ground = e => {
		const colour = getComputedStyle(e).backgroundColor;

		return colour === "rgba(0, 0, 0, 0)" ? ground(e.parentElement) :
			colour;
	};
	const ratio = e => {
		const [a, b] = [getComputedStyle(e).color, ground(e)]
			.map(luminance).sort((x, y) => y - x);
		return (a + 0.05) / (b + 0.05);
	};
	const worst = {};
	const line = document.querySelector("#log .line:not(.notice)");

	for (const kind of ["", "own", "mention", "private", "question",
		"announcement", "action", "notice"]) {
		line.className = `line ${kind}`;
		for (const part of ["bdi", "time", ".text"]) {
			const e = line.querySelector(part);
			let least = Infinity;

			for (let hue = 0; hue < 360; hue += 5) {
				if (part === "bdi")
					e.style.setProperty("--hue", hue);
				least = Math.min(least, ratio(e));
			}
			worst[`${kind} ${part}`] = least;
		}
	}
	for (const part of ["#room-name", "#say button", "#members .via",
		"#room-list button", "#text", "#other label"])
		worst[part] = ratio(document.querySelector(part));
	return worst;
}
