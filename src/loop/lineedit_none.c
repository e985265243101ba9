/*
 * Without libedit the terminal itself edits the line and does not tell what
 * is in it, so text printed meanwhile can only put the prompt back; Ctrl-R
 * makes most terminals show the line again.
 */
#include "loop/lineedit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

struct lineedit {
	struct lineedit_config config;
	struct input *input;
	bool busy;  /* in the line callback, */
	bool freed; /* which called lineedit_free() */
};

static void
lineedit_line_cb(void *arg, struct str line, bool at_eof)
{
	struct lineedit *le = arg;

	le->busy = true;
	le->config.line(le->config.arg, line, at_eof);
	le->busy = false;
	if (le->freed)
		lineedit_free(le);
	else
		lineedit_redraw(le);
}

struct lineedit *
lineedit_new(struct event_base *base, const struct lineedit_config *config)
{
	struct lineedit *le = calloc(1, sizeof(*le));

	if (le == NULL)
		return NULL;
	le->config = *config;
	le->input = input_new(base, STDIN_FILENO, lineedit_line_cb, le);
	if (le->input == NULL) {
		free(le);
		return NULL;
	}
	lineedit_redraw(le);
	return le;
}

void
lineedit_free(struct lineedit *le)
{
	if (le == NULL)
		return;
	le->freed = true;
	if (le->busy)
		return;
	input_free(le->input);
	sink_write(le->config.out, "\n", 1);
	free(le);
}

void
lineedit_print(struct lineedit *le, const char *text, size_t len)
{
	struct buf b = { 0 };

	buf_add(&b, "\n", 1);
	buf_add(&b, text, len);
	if (!buf_failed(&b))
		sink_write(le->config.out, buf_data(&b), buf_len(&b));
	buf_free(&b);
	if (!le->busy)
		lineedit_redraw(le);
}

void
lineedit_redraw(struct lineedit *le)
{
	sink_write(
	    le->config.out, le->config.prompt, strlen(le->config.prompt));
}
