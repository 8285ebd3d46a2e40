#include "cli/top.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static bool is_open;
static volatile sig_atomic_t resized, told;

static void say(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

void screen_close(void)
{
	if (!is_open)
		return;
	is_open = false;
	say("\033[?25h\033[?1049l");
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

static void on_end(int signal_number)
{
	(void)signal_number;
	told = 1;
}

static void on_size(int signal_number)
{
	(void)signal_number;
	resized = 1;
}

bool screen_open(void)
{
	const struct sigaction end = {.sa_handler = on_end}, size = {.sa_handler = on_size};
	struct termios raw;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return false;
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	sigaction(SIGWINCH, &size, NULL);
	atexit(screen_close);
	is_open = true;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
	say("\033[?1049h\033[?25l");
	return true;
}

void screen_size(int *rows, int *columns)
{
	struct winsize size;

	*rows = 24;
	*columns = 80;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col) {
		*rows = size.ws_row;
		*columns = size.ws_col;
	}
}

bool screen_resized(void)
{
	bool was = resized;

	resized = 0;
	return was;
}

bool screen_told_to_end(void)
{
	return told;
}

static const struct {
	const char *bytes;
	enum top_key key;
} sequences[] = {
        {"\033[A",  KEY_UP       },
        {"\033[B",  KEY_DOWN     },
        {"\033[5~", KEY_PAGE_UP  },
        {"\033[6~", KEY_PAGE_DOWN},
        {"\033[H",  KEY_HOME     },
        {"\033[F",  KEY_END      },
        {"\033[1~", KEY_HOME     },
        {"\033[4~", KEY_END      },
        {"\033OA",  KEY_UP       },
        {"\033OB",  KEY_DOWN     },
        {"q",       KEY_QUIT     },
        {"Q",       KEY_QUIT     },
        {"k",       KEY_UP       },
        {"j",       KEY_DOWN     },
        {"s",       KEY_SORT     },
        {"r",       KEY_REVERSE  },
        {" ",       KEY_PAGE_DOWN},
};

enum top_key key_take(const char *bytes, int len, int *used)
{
	bool maybe = false;

	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
		int n = (int)strlen(sequences[i].bytes);

		if (len >= n && memcmp(bytes, sequences[i].bytes, (size_t)n) == 0) {
			*used = n;
			return sequences[i].key;
		}
		maybe = maybe || (len < n && memcmp(bytes, sequences[i].bytes, (size_t)len) == 0);
	}
	*used = maybe ? 0 : 1;
	return KEY_NONE;
}
