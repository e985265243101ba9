#include "loop/fetch_tls.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "base/addr.h"

/* Every connection has a context of its own: a client needs no more. */
static SSL *
ssl_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = NULL;

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_default_verify_paths(ctx) == 1)
		ssl = SSL_new(ctx);
	SSL_CTX_free(ctx); /* ssl holds on to it */
	return ssl;
}

/* An address is looked for in the certificate as such, and is no SNI
 * (RFC 6066, 3). */
static bool
expect_host(SSL *ssl, const char *host)
{
	uint8_t ip[16];

	if (addr_parse_ip(str_of(host), ip) == 0)
		return X509_VERIFY_PARAM_set1_ip_asc(
			   SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 &&
	    SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct bufferevent *
fetch_tls_new(struct event_base *base, const char *host, const char **why)
{
	SSL *ssl = ssl_new();

	*why = "TLS cannot be set up";
	if (ssl == NULL || !expect_host(ssl, host)) {
		SSL_free(ssl);
		return NULL;
	}
	/* It frees the SSL, even where it fails. */
	return bufferevent_openssl_socket_new(
	    base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
}

/* Among the errors libevent keeps are codes of its own, without a reason. */
static const char *
last_reason(struct bufferevent *bev)
{
	const char *reason = NULL;
	unsigned long code;

	while (
	    reason == NULL && (code = bufferevent_get_openssl_error(bev)) != 0)
		reason = ERR_reason_error_string(code);
	return reason;
}

bool
fetch_tls_failed(struct bufferevent *bev, char *out, size_t cap)
{
	long verified = SSL_get_verify_result(bufferevent_openssl_get_ssl(bev));
	const char *reason = last_reason(bev);

	if (verified != X509_V_OK)
		snprintf(out, cap,
		    "the certificate is not trusted: %s (SSL_CERT_FILE=FILE names other authorities to trust)",
		    X509_verify_cert_error_string(verified));
	else if (reason != NULL)
		snprintf(out, cap,
		    "the TLS handshake failed: %s (is this an HTTPS port?)",
		    reason);
	return verified != X509_V_OK || reason != NULL;
}
