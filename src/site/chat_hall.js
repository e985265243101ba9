/*
 * The door where one says who one is, the hall behind it with its panels, and
 * how the connection is.
 */

import { fitText } from "./input.js";
import { me, remember, room } from "./state.js";
import { $, setText } from "./text.js";

/* The door. */

export const isAtDoor = () => !$("door").hidden;

export function openDoor() {
	$("door").hidden = false;
	$("hall").hidden = true;
	setText($("where"), room.name);
	$("nick").value = me.nick;
	$("nick").focus();
	$("nick").select();
}

export function openHall() {
	$("door").hidden = true;
	$("hall").hidden = false;
	remember("sessionStorage", "in", "yes");
	fitText();
	$("text").focus();
}

/* The connection. */

export function setState(text, canComeBack = false) {
	if (isAtDoor())
		setText($("why"), text);
	$("state").hidden = !text;
	setText($("what"), text);
	$("again").hidden = !canComeBack;
	document.body.classList.toggle("lost", Boolean(text));
}

// Sent away, or refused: only a button brings one back.
export const isLeft = () => !$("again").hidden;

/* Panels, which lie over the rest on a narrow screen. */

let openPanel = null;

export function closePanels() {
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

export function showPanel(panel) {
	openPanel = panel;
	panel.classList.add("open");
	$("middle").inert = true;
	$("shade").hidden = false;
	$(`show-${panel.id}`).setAttribute("aria-expanded", "true");
	panel.querySelector(".close").focus();
}

// A keyboard on the screen takes its part of the height.
export function fitHeight() {
	if (visualViewport.scale === 1)
		$("hall").style.setProperty("--height",
			`${visualViewport.height}px`);
}
