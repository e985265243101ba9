#include "site/pages.h"

static const char front_top[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>chatd</title>\n"
    "<style>\n"
    ":root { color-scheme: light dark }\n"
    "body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem;"
    " margin: 3rem auto; padding: 0 1rem }\n"
    "pre { padding: .7rem 1rem; border: 1px solid #8886;"
    " border-radius: .4rem; overflow-x: auto }\n"
    "</style>\n"
    "</head>\n"
    "<body>\n"
    "<h1>chatd is running</h1>\n"
    "<p>This server has no page of its own to show here. Start it with a"
    " directory, <code>chatd&nbsp;DIRECTORY</code>, and its files are"
    " served.</p>\n";

void
page_front(struct buf *b, int udp_port, bool has_chat_page)
{
	buf_add(b, front_top, sizeof(front_top) - 1);
	if (udp_port != 0 || has_chat_page)
		buf_add_str(b, STR("<h2>Join the chat</h2>\n"));
	if (has_chat_page)
		buf_add_str(b,
		    STR("<p>In this browser: <a href=\"/chat\">open the"
			" chat</a>.</p>\n"));
	if (udp_port != 0)
		buf_addf(b,
		    "<p>From a terminal, with the name of this server for"
		    " HOST:</p>\n"
		    "<pre>chat HOST:%d\nnc -u HOST %d</pre>\n"
		    "<p>The first line that you say joins the room;"
		    " <code>/help</code> lists the commands.</p>\n",
		    udp_port, udp_port);
	buf_add_str(b, STR("</body>\n</html>\n"));
}
