#include "libs/proto/meter.h"

#include "libs/base/macros.h"

#include <stddef.h>

static const char *const state_word[METER_STATE_BITS] = {
        "contact-closed", "want-closed", "forced-trip",   "keep-power",    "close-allowed",
        "relay-fault",    "clock-set",   "event-pending", "sample-toggle",
};

static const char *const quality_word[METER_QUALITY_BITS] = {
        "sensor-fault", "stale", "segment", "implausible",  "store-fault",
        NULL,           NULL,    NULL,      "clock-unsure", "edge",
};

const char *meter_state_word(unsigned bit)
{
	return bit < ARRAY_SIZE(state_word) ? state_word[bit] : NULL;
}

const char *meter_quality_word(unsigned bit)
{
	return bit < ARRAY_SIZE(quality_word) ? quality_word[bit] : NULL;
}
