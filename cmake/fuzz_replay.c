/* Runs a fuzz target over every file of its corpus folders, so that what the fuzzer once found is
 * checked in each build, also without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	size_t size;
	long end;

	if (!f || fseek(f, 0, SEEK_END) || (end = ftell(f)) < 0 || fseek(f, 0, SEEK_SET)) {
		perror(path);
		exit(2);
	}
	/* An exact allocation, so that the sanitizers and valgrind see a read past the end. */
	data = malloc((size_t)end ? (size_t)end : 1);
	if (!data)
		exit(2);
	size = fread(data, 1, (size_t)end, f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 1;
}

int main(int argc, char **argv)
{
	char path[4096];
	int n = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *e;

		if (!dir) {
			perror(argv[i]);
			return 2;
		}
		while ((e = readdir(dir)) != NULL) {
			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
			n += replay_file(path);
		}
		closedir(dir);
	}
	printf("%d inputs replayed\n", n);
	return n > 0 ? 0 : 1; /* an empty corpus checks nothing */
}
