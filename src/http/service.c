#include "http/service.h"

void
http_service_init(struct http_service *s, const struct http_config *config)
{
	*s = (struct http_service){ .config = *config, .date_second = -1 };
}

void
http_service_free(struct http_service *s)
{
	buf_free(&s->spare);
}

struct str
http_service_date(struct http_service *s, struct instant now)
{
	if (now.wall / 1000 != s->date_second) {
		s->date_second = now.wall / 1000;
		http_date_format(s->date_second, s->date);
	}
	return (struct str){ s->date, HTTP_DATE_LEN };
}
