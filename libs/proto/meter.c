#include "libs/proto/meter.h"

#include "libs/base/macros.h"

#include <stddef.h>

static const char *const state_word[METER_STATE_BITS] = {
        "contact_closed", "want_closed", "forced_trip",   "keep_power",    "close_allowed",
        "relay_fault",    "clock_set",   "event_pending", "sample_toggle",
};

static const char *const quality_word[METER_QUALITY_BITS] = {
        "sensor_fault", "sample_stale", "segment", "implausible",  "store_fault",
        "frozen",       NULL,           NULL,      "clock_unsure", "edge",
};

const char *meter_state_word(unsigned bit)
{
	return bit < ARRAY_SIZE(state_word) ? state_word[bit] : NULL;
}

const char *meter_quality_word(unsigned bit)
{
	return bit < ARRAY_SIZE(quality_word) ? quality_word[bit] : NULL;
}
