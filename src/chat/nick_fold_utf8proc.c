/*
 * With utf8proc: NFKD, so that what follows meets letters without their
 * marks, and full case folding.
 */
#include "chat/nick_fold.h"

#include <utf8proc.h>

/*
 * Accents and strokes, that is (Unicode 15, 4.3) what lies across, above or
 * below any letter, and what encloses it.  The other marks, such as the
 * vowels of Indic scripts, are letters to those who write them.
 */
static bool
is_accent(utf8proc_int32_t code)
{
	const utf8proc_property_t *p = utf8proc_get_property(code);

	return p->combining_class == 1 || p->combining_class >= 200 ||
	    p->category == UTF8PROC_CATEGORY_ME;
}

static int
add_code(struct nick_key *out, utf8proc_int32_t code)
{
	utf8proc_uint8_t bytes[4];
	struct str s = { (const char *)bytes, 0 };

	s.len = (size_t)utf8proc_encode_char(code, bytes);
	return nick_key_add(out, s);
}

int
nick_fold_forms(struct str clean, struct nick_key *out)
{
	utf8proc_int32_t codes[NICK_KEY_MAX];
	utf8proc_ssize_t n =
	    utf8proc_decompose((const utf8proc_uint8_t *)clean.p,
		(utf8proc_ssize_t)clean.len, codes, NICK_KEY_MAX,
		UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE |
		    UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);

	if (n < 0 || n > NICK_KEY_MAX)
		return -1;
	for (utf8proc_ssize_t i = 0; i < n; i++) {
		if (!is_accent(codes[i]) && add_code(out, codes[i]) == -1)
			return -1;
	}
	return 0;
}

bool
nick_folds_unicode(void)
{
	return true;
}
