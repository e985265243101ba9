/*
 * Without utf8proc, nothing beyond what nick_fold() does by itself.
 */
#include "chat/nick_fold.h"

int
nick_fold_forms(struct str clean, struct nick_key *out)
{
	return nick_key_add(out, clean);
}

bool
nick_folds_unicode(void)
{
	return false;
}
