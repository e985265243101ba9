/*
 * Looks at the markup of a page.
 */
#ifndef CHATD_TESTS_MARKUP_H
#define CHATD_TESTS_MARKUP_H

/*
 * Fails unless the page is HTML whose elements are all closed, in order, whose
 * attributes are quoted, and in which each `<` begins a tag and each `&` one
 * of the five references that html_text() writes.
 */
void check_html(const char *page);

#endif
