#include "gateway/core/policy.h"

#include "libs/base/bytes.h"

#include <string.h>

#define FORMAT       1
#define HEAD_SIZE    32
#define ROW_SIZE     24
#define PERIOD_MAX_S 86400
#define PARTS_MAX    64

const struct down_meter *policy_by_chip(const struct policy *policy, const uint8_t chip[CHIP_SIZE])
{
	for (size_t i = 0; i < policy->n_meters; i++)
		if (memcmp(policy->meters[i].chip, chip, CHIP_SIZE) == 0)
			return &policy->meters[i];
	return NULL;
}

const struct down_meter *policy_by_number(const struct policy *policy, uint64_t number)
{
	for (size_t i = 0; i < policy->n_meters; i++)
		if (policy->meters[i].number == number)
			return &policy->meters[i];
	return NULL;
}

static enum err meter_add(struct policy *policy, const struct down_meter *meter)
{
	if (meter->number == 0 || meter->number > (uint64_t)UPLINK_METER_LAST ||
	    meter->period_s > PERIOD_MAX_S)
		return ERR_BAD_INPUT;
	if (policy_by_number(policy, meter->number) || policy_by_chip(policy, meter->chip))
		return ERR_BAD_INPUT;
	if (policy->n_meters == POLICY_METERS_MAX)
		return ERR_FULL;
	policy->meters[policy->n_meters++] = *meter;
	return ERR_NONE;
}

static enum err head_set(struct policy *policy, const struct down_config *config)
{
	if (config->version == 0 || config->period_s > PERIOD_MAX_S)
		return ERR_BAD_INPUT;
	policy->version = config->version;
	policy->period_s = config->period_s ? config->period_s : POLICY_PERIOD_S;
	policy->trip_limit_count = config->trip_limit_count;
	policy->trip_limit_window_s = config->trip_limit_window_s;
	policy->n_meters = 0;
	return ERR_NONE;
}

/* A first part starts anew whatever was there; any other must be the one expected. */
static enum err part_begin(struct policy_join *join, const struct down_config *config)
{
	uint32_t parts = config->part ? config->parts : 1;
	uint32_t index = config->part ? config->index : 0;

	if (parts == 0 || parts > PARTS_MAX || index >= parts)
		return ERR_BAD_INPUT;
	if (index == 0) {
		join->parts = parts;
		return head_set(&join->policy, config);
	}
	if (index != join->next || parts != join->parts || config->version != join->policy.version)
		return ERR_BAD_INPUT;
	return ERR_NONE;
}

enum err policy_take(struct policy_join *join, const struct down_config *config)
{
	enum err err = part_begin(join, config);

	for (size_t i = 0; i < config->meter_count && !err; i++)
		err = meter_add(&join->policy, &config->meters[i]);
	if (err) {
		join->parts = join->next = 0;
		return err;
	}
	join->next = config->part ? config->index + 1 : 1;
	return join->next == join->parts ? ERR_NONE : ERR_BUSY;
}

size_t policy_encode(const struct policy *policy, uint8_t out[POLICY_SIZE_MAX])
{
	uint8_t *row = out + HEAD_SIZE;

	memset(out, 0, HEAD_SIZE);
	put_le32(out, FORMAT);
	put_le64(out + 4, policy->version);
	put_le32(out + 12, policy->period_s);
	put_le32(out + 16, policy->trip_limit_count);
	put_le32(out + 20, policy->trip_limit_window_s);
	put_le32(out + 24, (uint32_t)policy->n_meters);
	for (size_t i = 0; i < policy->n_meters; i++, row += ROW_SIZE) {
		put_le64(row, policy->meters[i].number);
		memcpy(row + 8, policy->meters[i].chip, CHIP_SIZE);
		put_le32(row + 20, policy->meters[i].period_s);
	}
	return (size_t)(row - out);
}

enum err policy_decode(struct policy *policy, const uint8_t *bytes, size_t len)
{
	uint32_t n;

	if (len < HEAD_SIZE || get_le32(bytes) != FORMAT)
		return ERR_DAMAGED;
	n = get_le32(bytes + 24);
	if (n > POLICY_METERS_MAX || len != HEAD_SIZE + (size_t)n * ROW_SIZE)
		return ERR_DAMAGED;
	policy->version = get_le64(bytes + 4);
	policy->period_s = get_le32(bytes + 12);
	policy->trip_limit_count = get_le32(bytes + 16);
	policy->trip_limit_window_s = get_le32(bytes + 20);
	policy->n_meters = 0;
	if (policy->period_s == 0 || policy->period_s > PERIOD_MAX_S)
		return ERR_DAMAGED;
	for (const uint8_t *row = bytes + HEAD_SIZE; n > 0; n--, row += ROW_SIZE) {
		struct down_meter meter = {.number = get_le64(row), .period_s = get_le32(row + 20)};

		memcpy(meter.chip, row + 8, CHIP_SIZE);
		if (meter_add(policy, &meter))
			return ERR_DAMAGED;
	}
	return ERR_NONE;
}
