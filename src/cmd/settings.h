/*
 * The settings of the daemon, one table for the command line, for files, for
 * --help and for --print-config.
 */
#ifndef CHATD_SETTINGS_H
#define CHATD_SETTINGS_H

#include <stddef.h>
#include <stdio.h>

#include "base/str.h"
#include "cmd/options.h"

#define SETTINGS_MAX 64

struct setting {
	const char *name;
	int letter;           /* of the short option, or 0 */
	const char *argument; /* its name in --help; NULL: a flag */
	const char *help;
	const struct setting_type *type;
	size_t offset; /* in struct options */
	/* Of a number. */
	unsigned min, max;
	/* Of a word: those there are, in the order of its enum. */
	const char *const *words;
};

/* All of them; *n says how many. */
const struct setting *settings(size_t *n);

/* NULL if there is none of that name. */
const struct setting *setting_find(struct str name);

/* Returns NULL, or what the value should have been. */
const char *setting_set(
    const struct setting *, struct options *, struct str value);

/* Forgets the values that a list has so far; nothing for other types. */
void setting_clear(const struct setting *, struct options *);

/* `name = value`, a line for each value it has. */
void setting_print(const struct setting *, const struct options *, FILE *);

/* What the setting owns. */
void setting_free(const struct setting *, struct options *);

#endif
