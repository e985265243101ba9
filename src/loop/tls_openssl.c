/*
 * A certificate lives in its SSL_CTX, which every connection made from it
 * holds on to; so another one can take its place at any time.
 */
#include "loop/tls.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/addr.h"
#include "base/buf.h"
#include "loop/listen.h"

/* What remains of TLS 1.2: forward secrecy and authenticated encryption. */
#define CIPHERS_TLS12 "ECDHE+AESGCM:ECDHE+CHACHA20"

/* A certificate of our own: addresses in it, more are left out; days that it
 * is valid, which is as long as browsers allow. */
#define ADDRESSES_MAX 64
#define VALID_DAYS    397
#define DAY           (24 * 60 * 60L)

/* Before OpenSSL 3, the end of a stream without close_notify is no protocol
 * error but one of the socket, which libevent tells apart by itself. */
#ifndef SSL_OP_IGNORE_UNEXPECTED_EOF
#define SSL_OP_IGNORE_UNEXPECTED_EOF 0
#endif

struct tls {
	struct tls_config config;
	SSL_CTX *ctx;
};

static const char out_of_memory[] = "TLS cannot be set up: out of memory";

/* The first of OpenSSL's errors, which says most; none are left. */
static const char *
first_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return reason != NULL ? reason : "unknown reason";
}

/* The context. */

/* A client that offers other protocols alone is refused (RFC 7301, 3.2). */
static int
alpn_cb(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *offered, unsigned len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1\x08http/1.0";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, outlen, ours, sizeof(ours) - 1,
		offered, len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* In place of OpenSSL's own, which asks on the terminal. */
static int
no_password_cb(char *out, int cap, int is_writing, void *arg)
{
	bool *was_asked = arg;

	(void)out;
	(void)cap;
	(void)is_writing;
	if (was_asked != NULL)
		*was_asked = true;
	return -1;
}

/*
 * Sessions are kept in the clients' tickets alone.  Two modes stay off since
 * libevent 2.1 cannot deal with them: partial writes, which it takes for
 * whole ones, and reading ahead, after which data would wait unnoticed.
 */
static SSL_CTX *
ctx_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_options(ctx,
	    SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
		SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(ctx, alpn_cb, NULL);
	SSL_CTX_set_default_passwd_cb(ctx, no_password_cb);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, CIPHERS_TLS12) == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* A certificate from files. */

static FILE *
open_file(const char *path, char why[TLS_WHY_MAX])
{
	FILE *f = fopen(path, "re");

	if (f == NULL)
		snprintf(why, TLS_WHY_MAX,
		    "%s: %s (try another path, or a user who may read it)",
		    path, strerror(errno));
	return f;
}

static int
use_chain(SSL_CTX *ctx, const char *path, char why[TLS_WHY_MAX])
{
	FILE *f = open_file(path, why);

	if (f == NULL)
		return -1;
	fclose(f);
	if (SSL_CTX_use_certificate_chain_file(ctx, path) == 1)
		return 0;
	snprintf(why, TLS_WHY_MAX,
	    "%s: no certificate that can be used: %s (try a PEM file that "
	    "begins with the server's own, then its chain)",
	    path, first_reason());
	return -1;
}

static EVP_PKEY *
read_key(const char *path, char why[TLS_WHY_MAX])
{
	FILE *f = open_file(path, why);
	bool is_encrypted = false;
	EVP_PKEY *key;

	if (f == NULL)
		return NULL;
	key = PEM_read_PrivateKey(f, NULL, no_password_cb, &is_encrypted);
	fclose(f);
	if (key == NULL && is_encrypted)
		snprintf(why, TLS_WHY_MAX,
		    "%s: the private key is encrypted (try `openssl pkey -in "
		    "%s -out FILE` to make one that is not)",
		    path, path);
	else if (key == NULL)
		snprintf(why, TLS_WHY_MAX,
		    "%s: no private key in it can be read (try a PEM file)",
		    path);
	ERR_clear_error();
	return key;
}

static int
use_key(SSL_CTX *ctx, const char *cert, const char *path, char why[TLS_WHY_MAX])
{
	EVP_PKEY *key = read_key(path, why);
	int used = 0;

	if (key == NULL)
		return -1;
	if (X509_check_private_key(SSL_CTX_get0_certificate(ctx), key) != 1) {
		snprintf(why, TLS_WHY_MAX,
		    "%s: the private key does not match the first certificate "
		    "in %s (try the key it was made with)",
		    path, cert);
		used = -1;
	} else if (SSL_CTX_use_PrivateKey(ctx, key) != 1) {
		snprintf(why, TLS_WHY_MAX,
		    "%s: the private key cannot be used: %s (try another)",
		    path, first_reason());
		used = -1;
	}
	ERR_clear_error();
	EVP_PKEY_free(key);
	return used;
}

static SSL_CTX *
ctx_from_files(const struct tls_config *config, char why[TLS_WHY_MAX])
{
	const char *key = config->key != NULL ? config->key : config->cert;
	SSL_CTX *ctx = ctx_new();

	if (ctx == NULL)
		snprintf(why, TLS_WHY_MAX, "%s", out_of_memory);
	else if (use_chain(ctx, config->cert, why) == 0 &&
	    use_key(ctx, config->cert, key, why) == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* A certificate that signs itself. */

static EVP_PKEY *
make_key(void)
{
	EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;

	if (make != NULL && EVP_PKEY_keygen_init(make) == 1 &&
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(
		make, NID_X9_62_prime256v1) == 1)
		EVP_PKEY_keygen(make, &key);
	EVP_PKEY_CTX_free(make);
	return key;
}

/* Its name, or localhost where that is none that can stand in a certificate. */
static void
own_name(char *out, size_t cap)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

	if (gethostname(out, cap) == -1 || memchr(out, '\0', cap) == NULL ||
	    out[0] == '\0' || out[strspn(out, allowed)] != '\0')
		snprintf(out, cap, "localhost");
}

/* Whether clients reach this host by it: no loopback, no link-local one. */
static bool
is_reachable(const struct ifaddrs *i, struct addr *addr)
{
	return i->ifa_addr != NULL && (i->ifa_flags & IFF_UP) != 0 &&
	    addr_from_sockaddr(i->ifa_addr, addr) == 0 &&
	    !addr_is_loopback(addr) &&
	    !(addr->ip[0] == 0xfe && (addr->ip[1] & 0xc0) == 0x80);
}

static void
add_addresses(struct buf *names)
{
	struct ifaddrs *all, *i;
	char host[ADDR_HOST_MAX];
	struct addr addr;
	int n = 0;

	if (getifaddrs(&all) == -1)
		return;
	for (i = all; i != NULL && n < ADDRESSES_MAX; i = i->ifa_next) {
		if (!is_reachable(i, &addr))
			continue;
		buf_addf(names, ",IP:%s", addr_host(&addr, host));
		n++;
	}
	freeifaddrs(all);
}

static bool
add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool added = ext != NULL && X509_add_ext(cert, ext, -1) == 1;

	X509_EXTENSION_free(ext);
	return added;
}

/* Browsers look at these names alone, not at the subject. */
static bool
add_names(X509 *cert, const char *name)
{
	struct buf names = { 0 };
	bool added;

	buf_addf(&names, "DNS:localhost,IP:127.0.0.1,IP:::1");
	if (strcmp(name, "localhost") != 0)
		buf_addf(&names, ",DNS:%s", name);
	add_addresses(&names);
	buf_add(&names, "", 1);
	added = !buf_failed(&names) &&
	    add_extension(cert, NID_subject_alt_name, buf_data(&names));
	buf_free(&names);
	return added;
}

static bool
add_serial(X509 *cert)
{
	BIGNUM *serial = BN_new();
	bool added = serial != NULL &&
	    BN_rand(serial, 128, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
	    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) != NULL;

	BN_free(serial);
	return added;
}

/* From yesterday on, for clients whose clock is slow. */
static bool
fill_cert(X509 *cert, EVP_PKEY *key)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	char name[64 + 1]; /* of a common name (RFC 5280, A.1) */

	own_name(name, sizeof(name));
	return X509_set_version(cert, 2) == 1 && add_serial(cert) &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), (VALID_DAYS - 1) * DAY) !=
	    NULL &&
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
		(const unsigned char *)name, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(cert, subject) == 1 &&
	    X509_set_pubkey(cert, key) == 1 && add_names(cert, name) &&
	    add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(cert, NID_ext_key_usage, "serverAuth") &&
	    X509_sign(cert, key, EVP_sha256()) > 0;
}

static SSL_CTX *
ctx_self_signed(char why[TLS_WHY_MAX])
{
	SSL_CTX *ctx = ctx_new();
	EVP_PKEY *key = make_key();
	X509 *cert = X509_new();

	if (ctx == NULL || key == NULL || cert == NULL ||
	    !fill_cert(cert, key) || SSL_CTX_use_certificate(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, key) != 1) {
		snprintf(why, TLS_WHY_MAX,
		    "no certificate can be made: %s (try one from a file)",
		    first_reason());
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

/* The server's side. */

struct tls *
tls_new(const struct tls_config *config, char why[TLS_WHY_MAX])
{
	struct tls *tls = malloc(sizeof(*tls));

	if (tls == NULL) {
		snprintf(why, TLS_WHY_MAX, "%s", out_of_memory);
		return NULL;
	}
	tls->config = *config;
	tls->ctx = config->cert != NULL ? ctx_from_files(config, why)
					: ctx_self_signed(why);
	if (tls->ctx != NULL)
		return tls;
	free(tls);
	return NULL;
}

void
tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls);
}

int
tls_reload(struct tls *tls, char why[TLS_WHY_MAX])
{
	SSL_CTX *ctx;

	if (tls->config.cert == NULL)
		return 0;
	ctx = ctx_from_files(&tls->config, why);
	if (ctx == NULL)
		return -1;
	SSL_CTX_free(tls->ctx);
	tls->ctx = ctx;
	return 0;
}

const char *
tls_fingerprint(const struct tls *tls, char out[TLS_FINGERPRINT_MAX])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	int n = snprintf(out, TLS_FINGERPRINT_MAX, "SHA256");

	X509_digest(
	    SSL_CTX_get0_certificate(tls->ctx), EVP_sha256(), digest, &len);
	for (unsigned i = 0; i < len; i++)
		n += snprintf(out + n, TLS_FINGERPRINT_MAX - (size_t)n,
		    "%c%02X", i == 0 ? ' ' : ':', digest[i]);
	return out;
}

/*
 * Deferred callbacks come in order: else libevent may tell of the end of the
 * stream before it hands over what came with it.  On failure it has freed
 * the SSL.
 */
struct bufferevent *
tls_accept(struct tls *tls, struct event_base *base, int fd)
{
	SSL *ssl = SSL_new(tls->ctx);
	struct bufferevent *bev;

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	bev = bufferevent_openssl_socket_new(base, fd, ssl,
	    BUFFEREVENT_SSL_ACCEPTING,
	    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (bev != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

/* What is cut off shall not look complete. */
int
tls_shutdown(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	int sent = 0;

	if (evbuffer_get_length(bufferevent_get_output(bev)) == 0 &&
	    SSL_is_init_finished(ssl))
		sent = SSL_shutdown(ssl);
	if (sent < 0 && SSL_get_error(ssl, sent) != SSL_ERROR_WANT_WRITE)
		sent = 0;
	ERR_clear_error();
	return sent < 0 ? -1 : 0;
}

/* libevent keeps the last error on top and adds codes of its own, without a
 * reason; the first one is the cause. */
const char *
tls_error(struct bufferevent *bev, char why[TLS_WHY_MAX])
{
	const char *reason = NULL;
	int error = errno;
	unsigned long code;

	while ((code = bufferevent_get_openssl_error(bev)) != 0) {
		if (ERR_reason_error_string(code) != NULL)
			reason = ERR_reason_error_string(code);
	}
	if (reason != NULL)
		snprintf(why, TLS_WHY_MAX, "TLS: %s", reason);
	else
		snprintf(why, TLS_WHY_MAX, "%s", strerror(error));
	return why;
}
