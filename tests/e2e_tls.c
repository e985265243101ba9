/*
 * chatd's HTTP side over TLS, with a client of OpenSSL alone: who is served,
 * who is refused, and that what is sent arrives whole.
 */
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "http/date.h"
#include "tests/daemon.h"
#include "tests/run.h"

#define MIB  (1 << 20)
#define BIG  (4 * MIB)
#define HUGE (64 * MIB) /* more than sockets keep */

#define HOST  " HTTP/1.1\r\nHost: localhost\r\n"
#define CLOSE HOST "Connection: close\r\n\r\n"
#define SMALL "GET /small.txt" HOST "\r\n"

static struct {
	const char *root;
	const char *dir; /* of certificates and keys: a.crt a.key b.crt ... */
	char *big;       /* of BIG */
	struct program p;
} site;

/* What a client offers; 0 and NULL: what OpenSSL does. */
struct hello {
	int version;
	const char *ciphers;
	const char *alpn;       /* each name with its length before it */
	unsigned char fragment; /* TLSEXT_max_fragment_length_... */
};

static const struct hello plain_hello;

/* Certificates. */

static EVP_PKEY *
make_key(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;

	EVP_PKEY_keygen_init(ctx);
	EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1);
	ck_assert_int_eq(EVP_PKEY_keygen(ctx, &key), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static FILE *
create(const char *name, const char *end)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", site.dir, name, end);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	return f;
}

static void
write_key(EVP_PKEY *key, const char *name, const char *end, char *password)
{
	FILE *f = create(name, end);

	ck_assert_int_eq(PEM_write_PrivateKey(f, key,
			     password != NULL ? EVP_aes_128_cbc() : NULL, NULL,
			     0, NULL, password),
	    1);
	fclose(f);
}

/* NAME.crt, whose subject is the name, and NAME.key; the same key encrypted
 * in NAME.enc. */
static void
make_cert(const char *name)
{
	char password[] = "secret";
	EVP_PKEY *key = make_key();
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);
	FILE *f = create(name, ".crt");

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, subject);
	X509_set_pubkey(cert, key);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	ck_assert_int_eq(PEM_write_X509(f, cert), 1);
	fclose(f);
	write_key(key, name, ".key", NULL);
	write_key(key, name, ".enc", password);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
setup(void)
{
	char path[1024];
	uint32_t state = 1;

	site.root = temp_dir();
	site.dir = temp_dir();
	site.big = malloc(BIG);
	ck_assert_ptr_nonnull(site.big);
	for (size_t i = 0; i < BIG; i++) {
		state = state * 1664525 + 1013904223;
		site.big[i] = (char)(state >> 24);
	}
	temp_file(site.root, "big", site.big, BIG);
	temp_file(site.root, "small.txt", "small", 5);
	temp_file(site.root, "huge", "", 0);
	snprintf(path, sizeof(path), "%s/huge", site.root);
	ck_assert_int_eq(truncate(path, HUGE), 0);
	temp_file(site.dir, "junk", "junk\n", 5);
	make_cert("a");
	make_cert("b");
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
}

static void
teardown(void)
{
	free(site.big);
}

static void
start(const char *option)
{
	const char *args[] = { "--tls=self", site.root, option, NULL };

	daemon_start(&site.p, args);
}

/* The client. */

static const char *
reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	return text != NULL ? text : "no reason";
}

/* A connected client that has not said its hello yet. */
static SSL *
prepare(const struct hello *h)
{
	static const struct timeval limit = { 3 * WAIT_SECONDS, 0 };
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int fd = tcp_connect(site.p.http_port);
	SSL *ssl;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (h->ciphers != NULL)
		ck_assert_int_eq(SSL_CTX_set_cipher_list(ctx, h->ciphers), 1);
	ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	ck_assert_ptr_nonnull(ssl);
	SSL_set_fd(ssl, fd);
	if (h->version != 0) {
		SSL_set_min_proto_version(ssl, h->version);
		SSL_set_max_proto_version(ssl, h->version);
	}
	if (h->alpn != NULL)
		SSL_set_alpn_protos(ssl, (const unsigned char *)h->alpn,
		    (unsigned)strlen(h->alpn));
	SSL_set_tlsext_max_fragment_length(ssl, h->fragment);
	return ssl;
}

static SSL *
dial(const struct hello *h)
{
	SSL *ssl = prepare(h);

	ERR_clear_error();
	ck_assert_msg(SSL_connect(ssl) == 1, "handshake: %s", reason());
	return ssl;
}

static void
hang_up(SSL *ssl)
{
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
}

static void
say(SSL *ssl, const void *text, size_t len)
{
	ck_assert_msg(
	    SSL_write(ssl, text, (int)len) == (int)len, "write: %s", reason());
}

static void
say_text(SSL *ssl, const char *text)
{
	say(ssl, text, strlen(text));
}

/* Everything up to close_notify, without which it is not all. */
static size_t
hear_to_end(SSL *ssl, char **data)
{
	struct buf b = { 0 };
	char chunk[4096];
	int n;

	ERR_clear_error();
	while ((n = SSL_read(ssl, chunk, sizeof(chunk))) > 0)
		buf_add(&b, chunk, (size_t)n);
	ck_assert_msg(SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN,
	    "no close_notify after %zu bytes: %s", buf_len(&b), reason());
	buf_add(&b, "", 1);
	ck_assert(!buf_failed(&b));
	*data = b.base;
	return buf_len(&b) - 1;
}

static void
hear_until(SSL *ssl, const char *text, char *out, size_t cap)
{
	size_t want = strlen(text), len = 0;

	while (len < want || memcmp(out + len - want, text, want) != 0) {
		ck_assert_uint_lt(len, cap - 1);
		ck_assert_msg(SSL_read(ssl, out + len, 1) == 1,
		    "no '%s' after '%.*s': %s", text, (int)len, out, reason());
		len++;
	}
	out[len] = '\0';
}

/* The connection ends, in whatever way, without more to read. */
static void
check_gone(SSL *ssl)
{
	char byte;
	int n;

	ERR_clear_error();
	n = SSL_read(ssl, &byte, 1);
	ck_assert_int_le(n, 0);
	ck_assert_int_ne(SSL_get_error(ssl, n), SSL_ERROR_WANT_READ);
	hang_up(ssl);
}

/* All that it answers to its end is one response with this content. */
static void
check_answer(SSL *ssl, const char *expected, size_t expected_len)
{
	char *response, *content;
	size_t len = hear_to_end(ssl, &response);

	ck_assert_msg(
	    strncmp(response, "HTTP/1.1 200 ", 13) == 0, "%.1000s", response);
	content = strstr(response, "\r\n\r\n");
	ck_assert_ptr_nonnull(content);
	content += 4;
	ck_assert_uint_eq(len - (size_t)(content - response), expected_len);
	ck_assert_int_eq(memcmp(content, expected, expected_len), 0);
	free(response);
	hang_up(ssl);
}

static void
check_kept_alive(SSL *ssl)
{
	char response[1024];

	say_text(ssl, SMALL);
	hear_until(ssl, "\r\n\r\nsmall", response, sizeof(response));
	ck_assert_int_eq(strncmp(response, "HTTP/1.1 200 ", 13), 0);
}

/* The server answers somebody new. */
static void
check_serves(void)
{
	SSL *ssl = dial(&plain_hello);

	say_text(ssl, "GET /small.txt" CLOSE);
	check_answer(ssl, "small", 5);
}

/* The handshake. */

static const struct {
	const char *name;
	struct hello hello;
	const char *version, *alpn;
} accepted[] = {
	{ "default", { 0 }, NULL, "" },
	{ "TLS 1.2", { .version = TLS1_2_VERSION }, "TLSv1.2", "" },
	{ "TLS 1.3", { .version = TLS1_3_VERSION }, "TLSv1.3", "" },
	{ "ALPN of a browser", { .alpn = "\x02h2\x08http/1.1" }, NULL,
	    "http/1.1" },
	{ "ALPN http/1.0", { .alpn = "\x08http/1.0" }, NULL, "http/1.0" },
};

START_TEST(handshake)
{
	const unsigned char *alpn;
	unsigned len;
	SSL *ssl;

	start(NULL);
	ssl = dial(&accepted[_i].hello);
	SSL_get0_alpn_selected(ssl, &alpn, &len);
	ck_assert_uint_eq(len, strlen(accepted[_i].alpn));
	ck_assert_int_eq(
	    memcmp(len > 0 ? (const char *)alpn : "", accepted[_i].alpn, len),
	    0);
	if (accepted[_i].version != NULL)
		ck_assert_str_eq(SSL_get_version(ssl), accepted[_i].version);
	say_text(ssl, "GET /small.txt" CLOSE);
	check_answer(ssl, "small", 5);
	daemon_stop(&site.p);
}
END_TEST

static const struct {
	const char *name;
	struct hello hello;
	int alert; /* that the server sends */
} refused[] = {
	{ "TLS 1.1",
	    { .version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0" },
	    SSL_AD_PROTOCOL_VERSION },
	{ "CBC",
	    { .version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-SHA" },
	    SSL_AD_HANDSHAKE_FAILURE },
	{ "h2 alone", { .alpn = "\x02h2" }, SSL_AD_NO_APPLICATION_PROTOCOL },
};

START_TEST(no_handshake)
{
	SSL *ssl;
	int error;

	start(NULL);
	ssl = prepare(&refused[_i].hello);
	ERR_clear_error();
	ck_assert_int_ne(SSL_connect(ssl), 1);
	error = ERR_GET_REASON(ERR_peek_error());
	if (error == SSL_R_NO_PROTOCOLS_AVAILABLE)
		fprintf(stderr, "SKIPPED: this OpenSSL cannot offer %s\n",
		    refused[_i].name);
	else
		ck_assert_msg(error == SSL_AD_REASON_OFFSET + refused[_i].alert,
		    "%s: %s", refused[_i].name, reason());
	hang_up(ssl);
	check_serves();
	daemon_stop(&site.p);
}
END_TEST

START_TEST(no_renegotiation)
{
	const struct hello hello = { .version = TLS1_2_VERSION };
	SSL *ssl;

	start(NULL);
	ssl = dial(&hello);
	check_kept_alive(ssl);
	ck_assert_int_eq(SSL_renegotiate(ssl), 1);
	ck_assert_int_ne(SSL_do_handshake(ssl), 1);
	hang_up(ssl);
	check_serves();
	daemon_stop(&site.p);
}
END_TEST

/* A ticket saves the next handshake its signature; no early data with it. */
START_TEST(resumed)
{
	SSL_SESSION *session;
	SSL *ssl;

	start(NULL);
	ssl = dial(&plain_hello);
	check_kept_alive(ssl);
	session = SSL_get1_session(ssl);
	ck_assert_ptr_nonnull(session);
	ck_assert_uint_eq(SSL_SESSION_get_max_early_data(session), 0);
	SSL_shutdown(ssl); /* without it, the session would be no more */
	hang_up(ssl);
	ssl = prepare(&plain_hello);
	SSL_set_session(ssl, session);
	ck_assert_int_eq(SSL_connect(ssl), 1);
	ck_assert(SSL_session_reused(ssl));
	check_kept_alive(ssl);
	hang_up(ssl);
	SSL_SESSION_free(session);
	daemon_stop(&site.p);
}
END_TEST

/* The certificate. */

/* With it in the trust store, a client connects to this host by that name. */
static void
check_trusted(X509 *cert, const char *name, bool is_address)
{
	SSL *ssl = prepare(&plain_hello);
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	X509_STORE_add_cert(SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)), cert);
	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	if (is_address)
		X509_VERIFY_PARAM_set1_ip_asc(param, name);
	else
		SSL_set1_host(ssl, name);
	ck_assert_msg(SSL_connect(ssl) == 1, "%s: %s", name,
	    X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
	hang_up(ssl);
}

START_TEST(self_signed)
{
	X509 *cert;
	SSL *ssl;

	start(NULL);
	ssl = dial(&plain_hello);
	cert = SSL_get_peer_certificate(ssl);
	ck_assert_ptr_nonnull(cert);
	hang_up(ssl);
	ck_assert_int_eq(
	    X509_check_purpose(cert, X509_PURPOSE_SSL_SERVER, 0), 1);
	ck_assert_int_eq(
	    X509_check_purpose(cert, X509_PURPOSE_SSL_SERVER, 1), 0);
	check_trusted(cert, "localhost", false);
	check_trusted(cert, "127.0.0.1", true);
	check_trusted(cert, "::1", true);
	X509_free(cert);
	daemon_stop(&site.p);
}
END_TEST

static void
start_with(const char *cert, const char *key)
{
	char options[2][1024];
	const char *args[] = { options[0], options[1], site.root, NULL };

	snprintf(
	    options[0], sizeof(options[0]), "--tls-cert=%s/%s", site.dir, cert);
	snprintf(
	    options[1], sizeof(options[1]), "--tls-key=%s/%s", site.dir, key);
	daemon_start(&site.p, args);
}

/* Whether the client was shown the certificate for that name. */
static bool
shows(SSL *ssl, const char *name)
{
	X509 *cert = SSL_get_peer_certificate(ssl);
	char text[64] = "";

	X509_NAME_get_text_by_NID(
	    X509_get_subject_name(cert), NID_commonName, text, sizeof(text));
	X509_free(cert);
	return strcmp(text, name) == 0;
}

static bool
new_client_sees(const char *name)
{
	SSL *ssl = dial(&plain_hello);
	bool seen = shows(ssl, name);

	hang_up(ssl);
	return seen;
}

static void
copy(const char *from, const char *to)
{
	char path[1024], text[8192];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", site.dir, from);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	temp_file(site.dir, to, text, len);
}

/* After SIGHUP new clients see the new certificate, while who is connected
 * stays so; files that do not match change nothing. */
START_TEST(reloaded)
{
	int64_t deadline = clock_now().mono + SECONDS(3 * WAIT_SECONDS);
	char text[4096];
	SSL *old;

	copy("a.crt", "live.crt");
	copy("a.key", "live.key");
	start_with("live.crt", "live.key");
	old = dial(&plain_hello);
	ck_assert(shows(old, "a"));
	copy("b.crt", "live.crt");
	kill(site.p.pid, SIGHUP);
	read_until(site.p.err, "live.key", text, sizeof(text));
	ck_assert(new_client_sees("a"));
	copy("b.key", "live.key");
	kill(site.p.pid, SIGHUP);
	while (!new_client_sees("b"))
		ck_assert_int_lt(clock_now().mono, deadline);
	check_kept_alive(old);
	hang_up(old);
	daemon_stop(&site.p);
}
END_TEST

static const struct {
	const char *cert, *key;
	const char *named; /* in what is said */
} wrong_files[] = {
	{ "none", "a.key", "/none" },
	{ "junk", "a.key", "/junk" },
	{ "a.key", "a.key", "/a.key" },
	{ "a.crt", "none", "/none" },
	{ "a.crt", "junk", "/junk" },
	{ "a.crt", "b.key", "/b.key" },
	{ "a.crt", "a.enc", "/a.enc" },
};

START_TEST(wrong_file)
{
	char cert[1024], key[1024], *out, *err;
	const char *args[] = { "--port=0", cert, key, NULL };
	struct program p;

	snprintf(cert, sizeof(cert), "--tls-cert=%s/%s", site.dir,
	    wrong_files[_i].cert);
	snprintf(
	    key, sizeof(key), "--tls-key=%s/%s", site.dir, wrong_files[_i].key);
	program_start(&p, "chatd", args);
	read_to_end(p.out, &out);
	read_to_end(p.err, &err);
	ck_assert_int_eq(program_wait(&p), 1);
	ck_assert_str_eq(out, "");
	ck_assert_msg(strncmp(err, "chatd: ", 7) == 0, "%s", err);
	ck_assert_msg(strstr(err, wrong_files[_i].named) != NULL, "%s", err);
	free(out);
	free(err);
}
END_TEST

/* What is sent arrives. */

static const struct hello readers[] = {
	{ .version = TLS1_2_VERSION },
	{ .version = TLS1_3_VERSION },
	{ .version = TLS1_2_VERSION,
	    .fragment = TLSEXT_max_fragment_length_512 },
	{ .version = TLS1_3_VERSION,
	    .fragment = TLSEXT_max_fragment_length_512 },
};

START_TEST(intact)
{
	SSL *ssl;

	start(NULL);
	ssl = dial(&readers[_i]);
	say_text(ssl, "GET /big" CLOSE);
	check_answer(ssl, site.big, BIG);
	daemon_stop(&site.p);
}
END_TEST

/* Who has sent its request may end its side: with close_notify, and without. */
START_TEST(half_close)
{
	SSL *ssl;

	start(NULL);
	ssl = dial(&plain_hello);
	say_text(ssl, "GET /big" HOST "\r\n");
	if (_i == 1)
		ck_assert_int_ge(SSL_shutdown(ssl), 0);
	shutdown(SSL_get_fd(ssl), SHUT_WR);
	check_answer(ssl, site.big, BIG);
	daemon_stop(&site.p);
}
END_TEST

START_TEST(keep_alive)
{
	SSL *ssl;

	start(NULL);
	ssl = dial(&plain_hello);
	for (int i = 0; i < 3; i++)
		check_kept_alive(ssl);
	say_text(ssl, "GET /small.txt" CLOSE);
	check_answer(ssl, "small", 5);
	daemon_stop(&site.p);
}
END_TEST

START_TEST(pipelined)
{
	struct buf b = { 0 };
	char response[1024];
	SSL *ssl;

	start(NULL);
	for (int i = 0; i < 100; i++)
		buf_add_str(&b, STR(SMALL));
	buf_add_str(&b, STR("GET /big" HOST "\r\nGET /small.txt" CLOSE));
	ssl = dial(&plain_hello);
	say(ssl, buf_data(&b), buf_len(&b));
	for (int i = 0; i < 100; i++)
		hear_until(ssl, "\r\n\r\nsmall", response, sizeof(response));
	hear_until(ssl, "\r\n\r\n", response, sizeof(response));
	for (int i = 0; i < BIG; i += MIB / 64) {
		char part[MIB / 64];
		size_t len;

		for (len = 0; len < sizeof(part);) {
			int n = SSL_read(
			    ssl, part + len, (int)(sizeof(part) - len));

			ck_assert_int_gt(n, 0);
			len += (size_t)n;
		}
		ck_assert_int_eq(memcmp(part, site.big + i, len), 0);
	}
	check_answer(ssl, "small", 5);
	buf_free(&b);
	daemon_stop(&site.p);
}
END_TEST

START_TEST(drain)
{
	char text[4096];
	SSL *slow, *idle;

	start(NULL);
	idle = dial(&plain_hello);
	slow = dial(&plain_hello);
	say_text(slow, "GET /big" HOST "\r\n");
	ck_assert(!is_silent(SSL_get_fd(slow), 1000 * WAIT_SECONDS));
	check_kept_alive(idle);
	kill(site.p.pid, SIGTERM);
	read_until(site.p.err, "stopping", text, sizeof(text));
	check_answer(slow, site.big, BIG);
	check_gone(idle);
	ck_assert_int_eq(program_wait(&site.p), 0);
}
END_TEST

/* Without TLS. */

START_TEST(plain_http)
{
	char text[256], *response;
	int fd;

	start(NULL);
	fd = tcp_connect(site.p.http_port);
	snprintf(text, sizeof(text),
	    "GET /a?b=c HTTP/1.1\r\nHost: localhost:%d\r\n"
	    "Connection: close\r\n\r\n",
	    site.p.http_port);
	send_text(fd, text);
	read_to_end(fd, &response);
	ck_assert_msg(
	    strncmp(response, "HTTP/1.1 308 ", 13) == 0, "%s", response);
	snprintf(
	    text, sizeof(text), "https://localhost:%d/a?b=c", site.p.http_port);
	ck_assert_str_eq(response_field(response, "Location"), text);
	free(response);
	close(fd);
	check_serves();
	daemon_stop(&site.p);
}
END_TEST

START_TEST(unix_socket)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char option[256], *response;
	const char *args[] = { "--tls=self", "--http=127.0.0.1:0", option,
		site.root, NULL };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/socket", site.dir);
	snprintf(option, sizeof(option), "--http=unix:%s", to.sun_path);
	daemon_start(&site.p, args);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	send_text(fd, "GET /small.txt" CLOSE);
	read_to_end(fd, &response);
	ck_assert_int_eq(strncmp(response, "HTTP/1.1 200 ", 13), 0);
	free(response);
	close(fd);
	check_serves();
	daemon_stop(&site.p);
}
END_TEST

/* Deadlines. */

/* Before, during and after its handshake. */
START_TEST(silent)
{
	static const char begun[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03";
	int silent_fd, begun_fd;
	char *rest;
	SSL *done;

	start("--header-timeout=1");
	silent_fd = tcp_connect(site.p.http_port);
	begun_fd = tcp_connect(site.p.http_port);
	send_all(begun_fd, begun, sizeof(begun) - 1);
	done = dial(&plain_hello);
	say_text(done, "GET /");
	check_serves();
	free((read_to_end(silent_fd, &rest), rest));
	free((read_to_end(begun_fd, &rest), rest));
	hear_until(done, "HTTP/1.1 408 ", (char[32]){ 0 }, 32);
	check_serves();
	close(silent_fd);
	close(begun_fd);
	hang_up(done);
	daemon_stop(&site.p);
}
END_TEST

/* A connection that does nothing for an idle timeout, from now on. */
static void
wait_idle_timeout(void)
{
	SSL *ssl = dial(&plain_hello);

	check_kept_alive(ssl);
	check_gone(ssl);
}

/* Who does not read is cut off: by the time that two others were, one after
 * the other, who began later. */
START_TEST(never_reads)
{
	char *rest;
	SSL *ssl;

	start("--idle-timeout=1");
	ssl = dial(&plain_hello);
	say_text(ssl, "GET /huge" CLOSE);
	ck_assert(!is_silent(SSL_get_fd(ssl), 1000 * WAIT_SECONDS));
	wait_idle_timeout();
	wait_idle_timeout();
	ck_assert_uint_lt(read_to_end(SSL_get_fd(ssl), &rest), HUGE);
	free(rest);
	hang_up(ssl);
	daemon_stop(&site.p);
}
END_TEST

/* At a terminal: what to type, and what to compare the certificate with. */
START_TEST(banner)
{
	char option[256], text[4096];
	const char *args[] = { "--port=0", "--http=127.0.0.1:0", option,
		"--tls=self", NULL };

	snprintf(option, sizeof(option), "--http=unix:%s/s", temp_dir());
	program_start_pty(&site.p, "chatd", args);
	read_until(site.p.out, "  https://127.0.0.1:", text, sizeof(text));
	read_until(site.p.out, " http://localhost/", text, sizeof(text));
	read_until(site.p.out, "SHA256 ", text, sizeof(text));
	program_close_stdin(&site.p);
	ck_assert_int_eq(program_wait(&site.p), 0);
}
END_TEST

/* Whoever the server's busy loop looks at first, a hello is a hello. */
START_TEST(many_handshakes)
{
	start(NULL);
	for (int i = 0; i < 300; i++)
		hang_up(dial(&plain_hello));
	check_serves();
	daemon_stop(&site.p);
}
END_TEST

static const char half_hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc";

/* For whom there is no room: a 503 over TLS, or no wait for a hello that
 * does not come. */
START_TEST(refused_in_handshake)
{
	char response[1024], *rest;
	SSL *busy, *late;
	int half;

	start("--max-connections=1");
	busy = dial(&plain_hello);
	say_text(busy, "GET /");
	late = dial(&plain_hello);
	say_text(late, SMALL);
	hear_until(late, "\r\n\r\n", response, sizeof(response));
	ck_assert_int_eq(strncmp(response, "HTTP/1.1 503 ", 13), 0);
	half = tcp_connect(site.p.http_port);
	send_all(half, half_hello, sizeof(half_hello) - 1);
	shutdown(half, SHUT_WR);
	free((read_to_end(half, &rest), rest));
	close(half);
	hang_up(late);
	hang_up(busy);
	daemon_stop(&site.p);
}
END_TEST

#define CROWDS 4
#define CROWD  128 /* clients of each, a process */

/* The server's clock goes with ours. */
static void
check_date(const char *response)
{
	int64_t now = clock_now().wall / 1000, date;
	const char *field = response_field(response, "Date");

	ck_assert_ptr_nonnull(field);
	ck_assert_int_eq(http_date_parse(str_of(field), now, &date), 0);
	ck_assert_int_le(now - date, 2);
}

/*
 * Each asks again as soon as it is answered, until it is ended.  Here nothing
 * is asserted: Check hears one process of a test.
 */
static void __attribute__((noreturn)) be_a_crowd(SSL **clients)
{
	struct pollfd fds[CROWD];
	char response[1024];

	for (int i = 0; i < CROWD; i++) {
		fds[i].fd = SSL_get_fd(clients[i]);
		fds[i].events = POLLIN;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0;; i = (i + 1) % CROWD) {
		if (i == 0 && poll(fds, CROWD, -1) == -1)
			_exit(1);
		if ((fds[i].revents & POLLIN) != 0 &&
		    (SSL_read(clients[i], response, sizeof(response)) <= 0 ||
			SSL_write(clients[i], SMALL, sizeof(SMALL) - 1) <= 0))
			_exit(1);
	}
}

static pid_t
start_crowd(void)
{
	SSL *clients[CROWD];
	pid_t pid;

	for (int i = 0; i < CROWD; i++) {
		clients[i] = dial(&plain_hello);
		say_text(clients[i], SMALL);
	}
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		be_a_crowd(clients);
	for (int i = 0; i < CROWD; i++)
		hang_up(clients[i]);
	return pid;
}

static void
end_crowd(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	/* It was still asking. */
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Time goes on while there is always another client to serve. */
START_TEST(silent_beside_a_crowd)
{
	char response[1024], *rest;
	pid_t crowds[CROWDS];
	SSL *ssl;
	int fd;

	start("--header-timeout=1");
	for (int i = 0; i < CROWDS; i++)
		crowds[i] = start_crowd();
	ssl = dial(&plain_hello);
	say_text(ssl, SMALL);
	hear_until(ssl, "\r\n\r\nsmall", response, sizeof(response));
	check_date(response);
	fd = tcp_connect(site.p.http_port);
	ck_assert(!is_silent(fd, 3000));
	free((read_to_end(fd, &rest), rest));
	close(fd);
	hang_up(ssl);
	for (int i = 0; i < CROWDS; i++)
		end_crowd(crowds[i]);
	daemon_stop(&site.p);
}
END_TEST

static void
add_tests(TCase *tc, const TTest *const *tests, int n)
{
	tcase_add_unchecked_fixture(tc, setup, teardown);
	for (int i = 0; i < n; i++)
		tcase_add_test(tc, tests[i]);
}

static Suite *
tls_suite(void)
{
	const TTest *const tests[] = { no_renegotiation, resumed, self_signed,
		reloaded, keep_alive, pipelined, drain, plain_http, unix_socket,
		banner, many_handshakes, refused_in_handshake };
	const TTest *const timed[] = { silent, never_reads,
		silent_beside_a_crowd };
	Suite *suite = suite_create("e2e_tls");
	TCase *tc = tcase_create("tls"), *timing = tcase_create("timing");

	add_tests(tc, tests, CASES(tests));
	tcase_add_loop_test(tc, handshake, 0, CASES(accepted));
	tcase_add_loop_test(tc, no_handshake, 0, CASES(refused));
	tcase_add_loop_test(tc, wrong_file, 0, CASES(wrong_files));
	tcase_add_loop_test(tc, intact, 0, CASES(readers));
	tcase_add_loop_test(tc, half_close, 0, 2);
	suite_add_tcase(suite, tc);
	add_tests(timing, timed, CASES(timed));
	suite_add_tcase(suite, timing);
	return suite;
}

int
main(void)
{
	return run_suite(tls_suite());
}
