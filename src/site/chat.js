/*
 * The chat in a browser.  What the server sends comes in by link.js, and is
 * shown by lines.js and lists.js; what is typed (input.js) and pressed goes
 * from here to link.js.
 */

import { toggleAlerts } from "./alerts.js";
import { closePanels, fitHeight, isAtDoor, openDoor, openHall, showPanel }
	from "./hall.js";
import { fitText, focusText, setTyped, takeTyped, typedKey }
	from "./input.js";
import { goToEnd, ignore, watchReader } from "./lines.js";
import { comeBack, enter, nowOnline, say } from "./link.js";
import { onChoice, roomBeside } from "./lists.js";
import { me, readAddress, recall, remember, room, setNick } from "./state.js";
import { $, setText } from "./text.js";

function knock(nick) {
	setText($("why"), "");
	setNick(nick);
	remember("localStorage", "nick", me.nick);
	enter(room.name);
}

function submit() {
	const text = takeTyped();
	const [, command, nick] =
		/^\/(ignore|unignore)(?:\s+(\S+))?\s*$/i.exec(text) ?? [];

	if (command)
		ignore(nick, command.toLowerCase() === "ignore");
	else if (text)
		say(text);
}

function writeTo(nick) {
	closePanels();
	setTyped(`/msg ${nick} `);
	$("text").focus();
}

function joinOther() {
	const name = $("other-name").value.trim();

	$("other-name").value = "";
	if (name)
		enter(name);
}

function enterBeside(step) {
	const name = roomBeside(step);

	if (name !== room.name)
		enter(name);
}

function globalKey(e) {
	if (e.key === "Escape")
		closePanels();
	if (e.altKey && (e.key === "ArrowUp" || e.key === "ArrowDown") &&
	    !isAtDoor()) {
		e.preventDefault();
		enterBeside(e.key === "ArrowUp" ? -1 : 1);
	}
}

function onSubmit(form, action) {
	$(form).addEventListener("submit", e => {
		e.preventDefault();
		action();
	});
}

function listen() {
	onSubmit("enter", () => knock($("nick").value.trim()));
	onSubmit("say", submit);
	onSubmit("other", joinOther);
	$("text").addEventListener("keydown", typedKey);
	$("text").addEventListener("input", fitText);
	$("alerts").addEventListener("click", toggleAlerts);
	onChoice($("room-list"), enter);
	onChoice($("member-list"), writeTo);
	$("again").addEventListener("click", comeBack);
	$("jump").addEventListener("click", () => {
		goToEnd();
		focusText();
	});
	for (const panel of [$("rooms"), $("members")]) {
		$(`show-${panel.id}`).addEventListener("click",
			() => showPanel(panel));
		panel.querySelector(".close")
			.addEventListener("click", closePanels);
	}
	$("shade").addEventListener("click", closePanels);
	matchMedia("(min-width: 64rem)")
		.addEventListener("change", closePanels);
	for (const skip of document.querySelectorAll(".skip"))
		skip.addEventListener("click", e => {
			e.preventDefault();
			$(skip.hash.slice(1)).focus();
		});
	document.addEventListener("keydown", globalKey);
	addEventListener("online", nowOnline);
	visualViewport?.addEventListener("resize", fitHeight);
}

listen();
watchReader();
readAddress();
if (me.nick && recall("sessionStorage", "in")) {
	openHall();
	knock(me.nick);
} else {
	openDoor();
}
