/* One error space for every program of ours: 0 is success, negatives are errors. A value is never
 * reused or renumbered: logs, exit reasons and tests name them. */
#ifndef LIBS_BASE_ERR_H
#define LIBS_BASE_ERR_H

enum err {
	ERR_NONE = 0,
	ERR_NOMEM = -1,      /* no memory, or the caller's arena is used up */
	ERR_IO = -2,         /* a device, file or socket failed */
	ERR_DISK_FULL = -3,  /* no space left on a device */
	ERR_BAD_INPUT = -4,  /* malformed: wrong form, field or length */
	ERR_RANGE = -5,      /* well formed, but the value is outside its limits */
	ERR_DUP = -6,        /* exists already with the same content */
	ERR_CONFLICT = -7,   /* exists already with other content */
	ERR_NOT_FOUND = -8,  /* no such object, or an unknown type */
	ERR_BUSY = -9,       /* somebody else holds it; try again */
	ERR_EXPIRED = -10,   /* too late */
	ERR_AUTH = -11,      /* MAC, password or certificate is wrong */
	ERR_VERSION = -12,   /* made by a newer program */
	ERR_DAMAGED = -13,   /* stored data fails its check */
	ERR_FULL = -14,      /* a bounded queue or table has no room */
	ERR_OVERFLOW = -15,  /* integer arithmetic left its range */
	ERR_SHORT = -16,     /* bytes end too early */
	ERR_CRC = -17,       /* check field of received bytes is wrong */
	ERR_TIMEOUT = -18,   /* nothing came in time */
	ERR_SEQUENCE = -19,  /* a part is missing, repeated or out of order */
	ERR_TOO_LONG = -20,  /* more bytes or rows than the limit */
	ERR_REFUSED = -21,   /* a rule forbids it in the present state */
	ERR_CLOSED = -22,    /* the other side went away */
	ERR_FORBIDDEN = -23, /* the caller lacks the right */
	ERR_INTERNAL = -24,  /* a promise between our own parts is broken */
	ERR_HIDDEN =
	        -25, /* it is there, but not for the caller's eyes: answered as ERR_NOT_FOUND */
};

/* English text, never NULL: "wrong check sum". Unknown numbers give "unknown error". */
const char *err_text(enum err err);

/* The word for logs, JSON and tests: "crc". Never NULL. */
const char *err_word(enum err err);
#endif
