#include "libs/base/err.h"

#include "libs/base/macros.h"

static const struct {
	const char *word;
	const char *text;
} table[] = {
        {"none",      "success"                                    },
        {"nomem",     "out of memory"                              },
        {"io",        "input or output failed"                     },
        {"disk-full", "no space left on the device"                },
        {"bad-input", "malformed input"                            },
        {"range",     "value out of range"                         },
        {"dup",       "exists already"                             },
        {"conflict",  "exists already with other content"          },
        {"not-found", "not found"                                  },
        {"busy",      "busy, try again"                            },
        {"expired",   "expired"                                    },
        {"auth",      "authentication failed"                      },
        {"version",   "made by a newer program"                    },
        {"damaged",   "stored data is damaged"                     },
        {"full",      "no room left"                               },
        {"overflow",  "number too large"                           },
        {"short",     "input ends too early"                       },
        {"crc",       "wrong check sum"                            },
        {"timeout",   "timed out"                                  },
        {"sequence",  "a part is missing, repeated or out of order"},
        {"too-long",  "longer than the limit"                      },
        {"refused",   "not allowed in the present state"           },
        {"closed",    "connection closed by the other side"        },
        {"forbidden", "no right to do this"                        },
        {"internal",  "internal error"                             },
        {"hidden",    "not for the caller's eyes"                  },
};

const char *err_text(enum err err)
{
	long i = -(long)err;

	return i >= 0 && i < (long)ARRAY_SIZE(table) ? table[i].text : "unknown error";
}

const char *err_word(enum err err)
{
	long i = -(long)err;

	return i >= 0 && i < (long)ARRAY_SIZE(table) ? table[i].word : "unknown";
}
