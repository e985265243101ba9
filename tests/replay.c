/*
 * main() of a fuzzer built without one: feeds it each file of its corpus
 * (tests/corpus/NAME for fuzz_NAME), or the files that are named.  To search
 * for new ones, build the fuzzer with the compiler's own main instead:
 *
 *   clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Isrc \
 *       tests/fuzz_http.c src/base/[a-z]*.c src/http/[a-z]*.c -o fuzz
 *   ./fuzz tests/corpus/http
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (1 << 20)

static int
replay_file(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX), *exact;
	FILE *f = fopen(path, "rb");
	size_t len;

	if (f == NULL || data == NULL) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	len = fread(data, 1, INPUT_MAX, f);
	fclose(f);
	/* Of its exact size, so that a sanitizer sees a read past it. */
	exact = malloc(len > 0 ? len : 1);
	memcpy(exact, data, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	free(data);
	return 1;
}

static int
replay_corpus(const char *name)
{
	const char *srcdir = getenv("CHATD_SRCDIR");
	char dir[4096], path[8192];
	struct dirent *entry;
	int files = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/tests/corpus/%s",
	    srcdir != NULL ? srcdir : ".", name);
	if ((d = opendir(dir)) == NULL) {
		perror(dir);
		exit(EXIT_FAILURE);
	}
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		files += replay_file(path);
	}
	closedir(d);
	return files;
}

int
main(int argc, char **argv)
{
	const char *name = strstr(argv[0], "fuzz_");
	int files = 0;

	for (int i = 1; i < argc; i++)
		files += replay_file(argv[i]);
	if (argc == 1 && name != NULL)
		files = replay_corpus(name + strlen("fuzz_"));
	printf("%d inputs replayed\n", files);
	return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
