/*
 * What people type who want to harm those who read it: each of these is said
 * and shown in every way there is, and must come out as harmless text.
 */
#ifndef CHATD_TESTS_HOSTILE_H
#define CHATD_TESTS_HOSTILE_H

#include "base/str.h"

static const struct hostile {
	const char *name;
	struct str bytes;
} hostile[] = {
	/* For terminals (ECMA-48, xterm). */
	{ "clear the screen", STR("\x1b[2J\x1b[H") },
	{ "colour", STR("\x1b[31mred\x1b[0m") },
	{ "hide the text", STR("\x1b[8mhidden") },
	{ "move up and overwrite", STR("\x1b[1A\x1b[2Kforged") },
	{ "window title", STR("\x1b]0;owned\a") },
	{ "hyperlink",
	    STR("\x1b]8;;http://evil.example/\x1b\\x\x1b]8;;\x1b\\") },
	{ "clipboard", STR("\x1b]52;c;ZXZpbA==\a") },
	{ "cursor report", STR("\x1b[6n") },
	{ "device control string", STR("\x1bP$q\"p\x1b\\") },
	{ "application command", STR("\x1b_Gi=1\x1b\\") },
	{ "reset",
	    STR("\x1b"
		"c") },
	{ "mouse reports", STR("\x1b[?1000h") },
	{ "bracketed paste, ended", STR("\x1b[201~rm -rf") },
	{ "line drawing",
	    STR("\x0e"
		"qqq\x0f") },
	/* Control characters. */
	{ "NUL", STR("a\0b") },
	{ "bell", STR("a\ab") },
	{ "backspace", STR("safe\b\b\b\bevil") },
	{ "carriage return", STR("safe\revil") },
	{ "newline", STR("one\ntwo") },
	{ "two lines", STR("one\r\n[root]: two") },
	{ "vertical tab, form feed", STR("a\vb\fc") },
	{ "delete", STR("a\x7f\x7f") },
	{ "C1 CSI",
	    STR("\xc2\x9b"
		"2J") },
	{ "C1 CSI as a byte",
	    STR("\x9b"
		"2J") },
	{ "C1 next line",
	    STR("a\xc2\x85"
		"b") },
	{ "C1 OSC",
	    STR("\xc2\x9d"
		"0;owned\xc2\x9c") },
	/* What turns or ends a line in Unicode. */
	{ "line separator",
	    STR("a\xe2\x80\xa8"
		"b") },
	{ "paragraph separator",
	    STR("a\xe2\x80\xa9"
		"b") },
	{ "right-to-left override", STR("\xe2\x80\xaegpj.exe") },
	{ "isolates",
	    STR("\xe2\x81\xa7"
		"a\xe2\x81\xa9"
		"b\xe2\x81\xa6") },
	/* What is no UTF-8. */
	{ "continuation alone", STR("a\x80\xbf") },
	{ "overlong slash", STR("\xc0\xaf\xe0\x80\xaf") },
	{ "overlong NUL", STR("a\xc0\x80") },
	{ "surrogate", STR("\xed\xa0\x80\xed\xb0\x80") },
	{ "beyond Unicode", STR("\xf4\x90\x80\x80") },
	{ "cut short", STR("a\xf0\x9f\x98") },
	{ "no such byte", STR("\xff\xfe\xfd") },
	/* For pages, JSON and event streams. */
	{ "script", STR("<script>alert(1)</script>") },
	{ "handler", STR("<img src=x onerror=alert(1)>") },
	{ "out of an attribute", STR("\"'><svg/onload=alert(1)>&lt;") },
	{ "out of a string", STR("\\\",\"nick\":\"root\"}\\") },
	{ "an event", STR("x\n\nid: 99\ndata: {\"text\":\"forged\"}\n\n") },
	{ "an end", STR("x\r\revent: bye\rdata: {\"text\":\"forged\"}\r\r") },
};

#endif
