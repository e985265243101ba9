/*
 * Alerts, for who is wanted and does not look: only when asked for.
 */

import { room } from "./state.js";
import { $ } from "./text.js";

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

export function alertOf(m) {
	if (!sound)
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
export function toggleAlerts() {
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
