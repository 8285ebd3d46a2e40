/* A passphrase from a file or from the terminal. */
#include "cli/backup.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int take_line(FILE *from, char passphrase[PASSPHRASE_SIZE])
{
	size_t n;

	if (!fgets(passphrase, PASSPHRASE_SIZE, from))
		return fail("no passphrase");
	n = strcspn(passphrase, "\r\n");
	if (!passphrase[n] && !feof(from))
		return fail("the passphrase is longer than %d bytes", PASSPHRASE_SIZE - 2);
	passphrase[n] = '\0';
	return EXIT_GOOD;
}

static int ask(const char *prompt, char passphrase[PASSPHRASE_SIZE])
{
	struct termios old, silent;
	int code;

	if (tcgetattr(STDIN_FILENO, &old))
		return fail("no terminal to ask for a passphrase: use --passphrase-file FILE");
	silent = old;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	fputs(prompt, stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	code = take_line(stdin, passphrase);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	fputc('\n', stderr);
	return code;
}

static int ask_twice(char passphrase[PASSPHRASE_SIZE])
{
	char again[PASSPHRASE_SIZE];
	int code = ask("new passphrase 新口令: ", passphrase);

	if (!code)
		code = ask("again 再次输入: ", again);
	if (!code && strcmp(passphrase, again) != 0)
		code = fail("the two are not the same");
	sodium_memzero(again, sizeof again);
	return code;
}

static int read_file(const char *file, char passphrase[PASSPHRASE_SIZE])
{
	FILE *from = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	int code;

	if (!from)
		return fail("%s cannot be read", file);
	code = take_line(from, passphrase);
	if (from != stdin)
		fclose(from);
	return code;
}

int passphrase_get(const char *file, bool is_new, char passphrase[PASSPHRASE_SIZE])
{
	int code;

	if (file)
		code = read_file(file, passphrase);
	else if (is_new)
		code = ask_twice(passphrase);
	else
		code = ask("passphrase 口令: ", passphrase);
	if (!code && is_new && strlen(passphrase) < PASSPHRASE_LEAST)
		return fail("a passphrase has at least %d characters", PASSPHRASE_LEAST);
	return code;
}
