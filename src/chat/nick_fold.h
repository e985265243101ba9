/*
 * The part of nick_fold() that needs to know all of Unicode: case,
 * compatible forms and marks.  For nick.c alone.
 */
#ifndef CHATD_NICK_FOLD_H
#define CHATD_NICK_FOLD_H

#include <stdbool.h>

#include "chat/nick.h"

/*
 * Folds clean text into an empty key, or copies it where
 * nick_folds_unicode() is false.  Returns 0, or -1 when it does not fit.
 */
int nick_fold_forms(struct str clean, struct nick_key *);
bool nick_folds_unicode(void);

/* Appends to the key.  Returns 0, or -1 when it does not fit. */
int nick_key_add(struct nick_key *, struct str);

#endif
