/* Prices in the terminal: the version in force and the next one. A version comes in parts that are kept in RAM,
 * goes to a flash page of its own when it is whole and sound, and holds when a record of credit.h names that page:
 * so a power cut leaves the old prices or the new ones. docs/protocol/price.md. */
#ifndef FIRMWARE_APP_PRICE_H
#define FIRMWARE_APP_PRICE_H

#include "firmware/app/board.h"

#include "libs/credit/plan_image.h"
#include "libs/proto/command.h"

enum { PRICE_NOW, PRICE_NEXT, PRICE_VERSIONS };

/* Which pages hold: 1..PRICE_PAGES, 0 is none. */
struct price_names {
	uint8_t page[PRICE_VERSIONS];
};

struct prices {
	const struct flash *flash;
	struct price_names names;
	struct plan plan[PRICE_VERSIONS];
	uint32_t staged_version;
	uint16_t staged_len;
	uint8_t staged[PLAN_IMAGE_MAX];
};

/* What these pages hold; a page that is damaged is none. Forgets the parts that came. */
void prices_open(struct prices *p, const struct flash *flash, const struct price_names *names);

/* A part. The first begins anew, the others follow what has come; one that came before may come again. */
MUST_USE enum command_reason prices_part(struct prices *p, const struct price_args *part);

/* All parts are there: writes them to a free page. On REASON_NONE *names is what holds once it is durable, and
 * prices_open() with it follows; time up to charged_s needs no older version any more. On another reason nothing changed. */
MUST_USE enum command_reason prices_commit(struct prices *p, const struct price_args *price,
                                           uint32_t charged_s, struct price_names *names);

/* The versions for rate_interval(); how many there are. */
unsigned prices_list(const struct prices *p, const struct plan *list[PRICE_VERSIONS]);
#endif
