#include "sim/provision.h"

#include "sim/emu/elf_image.h"
#include "sim/emu/mapped_file.h"
#include "sim/emu/terminal.h"

#include "libs/base/crc.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

enum {
	KEY_BYTES = PROVISION_KEY_BYTES,
	IDENTITY_PAGE = 34,
	IDENTITY_LAYOUT = 1,
	IDENTITY_HEAD = 8,
	IDENTITY_BYTES = IDENTITY_HEAD + KEY_BYTES,
	LOADER_END = 6 * FLASH_PAGE_BYTES,
	CODE_END = IDENTITY_PAGE * FLASH_PAGE_BYTES,
	TERMINALS_MAX = 1000,
	PATH_BYTES = 512,
	EXIT_USAGE = 2,
};

struct job {
	const char *state_dir, *loader, *app, *csv;
	unsigned count, first;
};

/* docs/hardware/flash-map.md: "WID1", layout, key version, 0 0, key, CRC-32 of all before. */
void provision_identity(uint8_t *flash, const uint8_t key[PROVISION_KEY_BYTES])
{
	uint8_t *page = flash + IDENTITY_PAGE * FLASH_PAGE_BYTES;
	uint8_t head[IDENTITY_HEAD] = {'W', 'I', 'D', '1', IDENTITY_LAYOUT, 1, 0, 0};
	uint32_t crc;

	memset(page, 0xFF, FLASH_PAGE_BYTES);
	memcpy(page, head, sizeof head);
	memcpy(page + IDENTITY_HEAD, key, KEY_BYTES);
	crc = crc32_ieee(0, page, IDENTITY_BYTES);
	for (unsigned i = 0; i < 4; i++)
		page[IDENTITY_BYTES + i] = (uint8_t)(crc >> 8 * i);
}

static void hex(char *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void print_label(FILE *csv, unsigned number, const uint8_t key[KEY_BYTES])
{
	uint8_t uid[MCU_UID_BYTES];
	char chip[2 * MCU_UID_BYTES + 1], text[2 * KEY_BYTES + 1];

	terminal_chip_id(number, uid);
	hex(chip, uid, sizeof uid);
	hex(text, key, KEY_BYTES);
	fprintf(csv, "%s,%s,WATTLE1:%s:%s\n", chip, text, chip, text);
}

static enum err flash_terminal(const struct job *job, const char *dir, const uint8_t key[KEY_BYTES])
{
	char path[PATH_BYTES + 16];
	void *memory;
	uint8_t *flash;
	int created;
	enum err err;

	snprintf(path, sizeof path, "%s/flash.bin", dir);
	err = mapped_file_open(&memory, path, FLASH_BYTES, 0xFF, &created);
	if (err != ERR_NONE)
		return err;
	if (!created) { /* a terminal has one key for life; a second run must not make a second one */
		mapped_file_close(memory, FLASH_BYTES);
		return ERR_CONFLICT;
	}
	flash = memory;
	if (job->loader)
		err = elf_image_load(job->loader, flash, 0, LOADER_END);
	if (err == ERR_NONE && job->app)
		err = elf_image_load(job->app, flash, job->loader ? LOADER_END : 0, CODE_END);
	provision_identity(flash, key);
	mapped_file_close(memory, FLASH_BYTES);
	if (err != ERR_NONE)
		remove(path); /* half a terminal is none */
	return err;
}

static enum err make_terminal(const struct job *job, unsigned number, FILE *csv)
{
	char dir[PATH_BYTES];
	uint8_t key[KEY_BYTES];
	enum err err;

	if (snprintf(dir, sizeof dir, "%s/%u", job->state_dir, number) >= (int)sizeof dir)
		return ERR_TOO_LONG;
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return ERR_IO;
	if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
		return ERR_IO;
	err = flash_terminal(job, dir, key);
	if (err == ERR_NONE)
		print_label(csv, number, key);
	return err;
}

static int make_all(const struct job *job, FILE *csv)
{
	fprintf(csv, "chip,key,label\n");
	for (unsigned i = 0; i < job->count; i++) {
		enum err err = make_terminal(job, job->first + i, csv);

		if (err == ERR_NONE)
			continue;
		fprintf(stderr, "wattle-sim provision: terminal %u: %s\n", job->first + i,
		        err == ERR_CONFLICT ? "exists already, its key stays as it is"
		                            : err_text(err));
		return 1;
	}
	return 0;
}

static bool parse(struct job *job, int argc, char **argv)
{
	static const struct option options[] = {
	        {"state",     required_argument, NULL, 's'},
	        {"terminals", required_argument, NULL, 'n'},
	        {"first",     required_argument, NULL, 'k'},
	        {"loader",    required_argument, NULL, 'l'},
	        {"app",       required_argument, NULL, 'a'},
	        {"csv",       required_argument, NULL, 'c'},
	        {NULL,        0,                 NULL, 0  },
	};
	int option;

	*job = (struct job){.count = 1, .first = 1};
	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			job->state_dir = optarg;
		else if (option == 'n')
			job->count = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'k')
			job->first = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'l')
			job->loader = optarg;
		else if (option == 'a')
			job->app = optarg;
		else if (option == 'c')
			job->csv = optarg;
		else
			return false;
	}
	return optind == argc && job->state_dir && job->csv && job->count >= 1 &&
	       job->count <= TERMINALS_MAX && job->first >= 1;
}

int provision_main(int argc, char **argv)
{
	struct job job;
	FILE *csv;
	int status;

	if (!parse(&job, argc, argv)) {
		fprintf(stderr,
		        "usage: wattle-sim provision --state DIR --csv OUT.csv [--terminals N] [--first K]\n"
		        "         [--loader loader.elf] [--app terminal.elf]\n");
		return EXIT_USAGE;
	}
	if (mkdir(job.state_dir, 0700) != 0 && errno != EEXIST) {
		perror(job.state_dir);
		return 1;
	}
	csv = fopen(job.csv, "w");
	if (!csv) {
		perror(job.csv);
		return 1;
	}
	status = make_all(&job, csv);
	if (fclose(csv) != 0)
		status = 1;
	return status;
}
