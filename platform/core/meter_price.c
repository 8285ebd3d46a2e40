/* What to send to a meter next, so that it charges itself: decided from facts alone. */
#include "platform/core/meter_price.h"

#include "libs/base/macros.h"

static const char *const whys[] = {
        [PRICE_HANDED] = "",
        [PRICE_NO_USE] = "no-use",
        [PRICE_MODEL] = "model",
        [PRICE_SEVERAL_METERS] = "several-meters",
        [PRICE_KIND] = "account-kind",
        [PRICE_GRACE] = "grace",
        [PRICE_REMINDER] = "reminder-trip",
        [PRICE_FRIENDLY] = "friendly-hours",
        [PRICE_MARK] = "never-cut",
        [PRICE_STOPPED] = "openings-stopped",
        [PRICE_TARIFF] = "no-tariff",
        [PRICE_FEE] = "fee",
        [PRICE_MINIMUM] = "minimum",
        [PRICE_CALENDAR] = "calendar",
        [PRICE_RANGE] = "range",
        [PRICE_SIZE] = "size",
        [PRICE_REFUSED] = "refused",
        [PRICE_PURSE] = "purse",
        [PRICE_RATING] = "reading",
};

_Static_assert(ARRAY_SIZE(whys) == PRICE_WHYS, "each has a word");

const char *price_why_word(enum price_why why)
{
	return whys[why];
}

bool price_is_fault(enum price_why why)
{
	return why >= PRICE_TARIFF && why <= PRICE_REFUSED;
}

/* ---- the choice ---- */

static struct price_choice send_image(const struct price_facts *f, uint32_t version, uint16_t len)
{
	struct price_choice choice = {.version = version, .len = len};

	if (version == f->refused_for)
		return (struct price_choice){.move = PRICE_REST};
	if (f->part_version == version && f->part_at >= len) {
		choice.move = PRICE_WHOLE;
		return choice;
	}
	choice.move = PRICE_PART;
	choice.at = f->part_version == version ? f->part_at : 0;
	choice.len = (uint16_t)(len - choice.at);
	if (choice.len > COMMAND_PART_MAX)
		choice.len = COMMAND_PART_MAX;
	return choice;
}

static struct price_choice send_limits(const struct price_facts *f)
{
	if (!f->limits || f->limits == f->refused_for)
		return (struct price_choice){.move = PRICE_REST};
	return (struct price_choice){.move = PRICE_LIMITS, .version = f->limits};
}

static struct price_choice hand_over(const struct price_facts *f)
{
	uint32_t price = f->read.price, next = f->read.next;
	bool begun = next && next == f->now; /* by its clock it may hold already */

	if (begun) {
		price = next;
		next = 0;
	}
	/* One that begins no later than the one in force takes its place, and nothing waits any more. */
	if (price != f->now || (next && !f->next))
		return send_image(f, f->now, f->now_len);
	if (f->next && next != f->next && f->next != f->refused_for)
		return send_image(f, f->next, f->next_len);
	if (f->read.limits != f->limits || begun || f->ask)
		return send_limits(f);
	return (struct price_choice){.move = PRICE_REST};
}

/* What was sent and not answered may be in force: it counts until something later was answered. */
struct price_choice price_choose(const struct price_facts *f)
{
	bool may_spend = price_spends(f->read.limits) || price_spends(f->sent_limits);

	if (f->busy)
		return (struct price_choice){.move = PRICE_WAIT};
	if (f->hand_over)
		return hand_over(f);
	if (may_spend || (f->ask && f->sent_limits))
		return (struct price_choice){.move = PRICE_OFF, .version = PRICE_LIMITS_OFF};
	return (struct price_choice){.move = PRICE_REST};
}
