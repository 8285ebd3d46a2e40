/* Properties with their buildings, floors and rooms; a gateway and a bus for each building; on the bus the
 * building's own meter, one of its common places and one of each room. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/proto/event.h"
#include "libs/proto/uplink.h"
#include "platform/core/device.h"
#include "platform/core/keys.h"
#include "platform/core/meter_edit.h"
#include "platform/core/organisation.h"
#include "platform/core/space.h"
#include "sim/world/site.h"
#include "sim/world/site_names.h"

#define FLOORS          16
#define ROOMS           6
#define BUILDING_METERS (FLOORS * ROOMS + 2)
#define FOUND_BYTES     16384
#define IMPORT_BYTES    16384

/* ---- properties ---- */

static void take_group(void *arg, const struct group_row *row)
{
	int64_t *group_id = arg;

	if (!*group_id)
		*group_id = row->group_id;
}

static void take_property(void *arg, const struct property_row *row)
{
	struct property_row *first = arg;

	if (!first->property_id)
		*first = *row;
}

static enum err make_property(struct site *site, size_t i, int64_t group_id,
                              const struct property_row *first)
{
	struct site_property *property = &site->properties[i];
	struct property_edit edit = {.actor = site_actor(), .group_id = group_id};
	char slug[SLUG_SIZE], name[LABEL_SIZE], address[ADDRESS_SIZE];
	enum err err;

	site_property_name(i, name, sizeof name);
	snprintf(slug, sizeof slug, "p%zu", i + 1);
	snprintf(address, sizeof address, "杭州市西湖区文三路%zu号", 100 + i);
	edit.name = name;
	edit.address = address;
	edit.phone = "057100000000";
	if (i == 0) { /* the one that `wattle init` made */
		edit.property_id = first->property_id;
		edit.version = first->version;
	} else {
		edit.slug = slug;
		edit.has_offset = true;
		edit.utc_offset_min = CHINA_OFFSET_MIN;
	}
	err = site_step(&site->store, property_edit_step, &edit);
	property->row = edit.row;
	return err;
}

static enum err make_properties(struct site *site)
{
	struct property_row first = {0};
	int64_t group_id = 0;
	enum err err = group_list(site->store.db, take_group, &group_id);

	if (!err)
		err = property_list(site->store.db, take_property, &first);
	if (!err && (!group_id || !first.property_id))
		err = ERR_NOT_FOUND;
	for (size_t i = 0, at = 0; !err && i < site->property_count; i++) {
		struct site_property *property = &site->properties[i];

		property->first_meter = at;
		property->meter_count = site->meter_count / site->property_count +
		                        (i < site->meter_count % site->property_count);
		at += property->meter_count;
		err = make_property(site, i, group_id, &first);
	}
	return err;
}

/* ---- spaces ---- */

static enum err make_space(struct site *site, const struct site_property *property,
                           enum space_kind kind, int64_t parent_id, unsigned code, const char *name,
                           int64_t area_dm2, int64_t *space_id)
{
	char text[16];
	struct space_edit edit = {.actor = site_actor(),
	                          .property_id = property->row.property_id,
	                          .kind = kind,
	                          .has_parent = parent_id != 0,
	                          .parent_id = parent_id,
	                          .has_area = area_dm2 != 0,
	                          .area_dm2 = area_dm2,
	                          .has_sort = true,
	                          .sort = code,
	                          .code = text,
	                          .name = name};
	enum err err;

	snprintf(text, sizeof text, "%u", code);
	err = site_step(&site->store, space_edit_step, &edit);
	*space_id = edit.row.space_id;
	return err;
}

/* The spaces of a building's meters, in the order of the meters: the building, its first floor, the rooms. */
static enum err make_building(struct site *site, struct site_property *property, unsigned number,
                              size_t first_meter, size_t count)
{
	struct site_meter *meters = &site->meters[first_meter];
	int64_t building, floor = 0;
	char name[LABEL_SIZE];
	enum err err;

	snprintf(name, sizeof name, "%u号楼", number);
	err = make_space(site, property, SPACE_BUILDING, 0, number, name, 0, &building);
	if (number == 1)
		property->building = building;
	for (size_t i = 0; !err && i < count; i++) {
		unsigned room = i > 1 ? (unsigned)i - 2 : 0, storey = room / ROOMS + 1;

		meters[i].space_id = building;
		if (i == 0)
			continue;
		if (i == 1 || (room % ROOMS == 0 && storey > 1)) {
			snprintf(name, sizeof name, "%u层", storey);
			err = make_space(site, property, SPACE_FLOOR, building, storey, name, 0,
			                 &floor);
		}
		meters[i].space_id = floor;
		if (err || i == 1)
			continue;
		snprintf(name, sizeof name, "%u%02u室", storey, room % ROOMS + 1);
		err = make_space(site, property, SPACE_ROOM, floor, storey * 100 + room % ROOMS + 1,
		                 name, 4500 + (int64_t)rnd_below(&site->rnd, 9000),
		                 &meters[i].space_id);
		meters[i].in_room = true;
		site->rooms++;
	}
	return err;
}

/* ---- gateways and terminals ---- */

static enum err make_gateway(struct site *site, size_t property, unsigned building,
                             size_t first_meter, size_t count)
{
	const struct property_row *row = &site->properties[property].row;
	struct gateway_request add = {.actor = site_actor()};
	struct site_gateway *gateway = &site->gateways[site->gateway_count];
	enum err err;

	snprintf(add.property, sizeof add.property, "%s", row->slug);
	snprintf(add.name, sizeof add.name, "%.20s-%03u", row->slug, building);
	snprintf(add.label, sizeof add.label, "%u号楼 网关", building);
	err = site_step(&site->store, gateway_add_step, &add);
	*gateway = (struct site_gateway){.row = add.row,
	                                 .property = property,
	                                 .first_meter = first_meter,
	                                 .meter_count = count,
	                                 .boot = rnd_u64(&site->rnd) | 1};
	site->gateway_count++;
	return err;
}

static void make_terminal(struct site *site, struct site_meter *meter, size_t index)
{
	meter->meter = SITE_METER_FIRST + (int64_t)index;
	meter->chip[0] = 0x5A;
	put_le64(meter->chip + 1, (uint64_t)index);
	for (size_t i = 0; i < SITE_KEY_BYTES; i += 8)
		put_le64(meter->key + i, rnd_u64(&site->rnd));
}

static enum err import_keys(struct site *site, const struct site_gateway *gateway)
{
	char csv[IMPORT_BYTES], chip[CHIP_TEXT_SIZE], key[2 * SITE_KEY_BYTES + 1];
	struct import_request import = {.actor = site_actor(), .csv = csv};

	snprintf(import.property, sizeof import.property, "%s",
	         site->properties[gateway->property].row.slug);
	for (size_t i = 0; i < gateway->meter_count; i++) {
		const struct site_meter *meter = &site->meters[gateway->first_meter + i];

		chip_format(meter->chip, chip);
		hex_encode(meter->key, sizeof meter->key, key);
		import.len += (size_t)snprintf(csv + import.len, sizeof csv - import.len, "%s,%s\n",
		                               chip, key);
	}
	return site_step(&site->store, device_import_step, &import);
}

/* The gateway reports what it found on its bus. */
static enum err find_terminals(struct site *site, struct site_gateway *gateway)
{
	struct uplink_event events[BUILDING_METERS];
	struct uplink up = {.boot = gateway->boot,
	                    .seq = ++gateway->seq,
	                    .events = events,
	                    .event_count = gateway->meter_count};
	uint8_t body[FOUND_BYTES];
	struct ingest_batch batch = {.property_id = gateway->row.property_id,
	                             .gateway_id = gateway->row.gateway_id,
	                             .body = body};
	enum err err;

	for (size_t i = 0; i < gateway->meter_count; i++) {
		const struct site_meter *meter = &site->meters[gateway->first_meter + i];
		int64_t minor = (int64_t)rnd_below(&site->rnd, 4);

		events[i] = (struct uplink_event){.time_s = site->store.now_ms / 1000,
		                                  .kind = EVENT_DEVICE_FOUND,
		                                  .detail = 1,
		                                  .value = minor << 16 | (int64_t)(i + 1),
		                                  .seq = i + 1,
		                                  .boot = 1,
		                                  .has_chip = true};
		memcpy(events[i].chip, meter->chip, sizeof events[i].chip);
	}
	err = uplink_encode(&up, body, sizeof body, &batch.len);
	site->events += gateway->meter_count;
	return err ? err : site_batch(&site->store, &batch);
}

static void meter_name(const struct site_gateway *gateway, size_t i, char *to, size_t size)
{
	const char *building = gateway->row.label;
	int len = (int)strcspn(building, " ");
	unsigned room = i > 1 ? (unsigned)i - 2 : 0;

	if (i == 0)
		snprintf(to, size, "%.*s 总表", len, building);
	else if (i == 1)
		snprintf(to, size, "%.*s 公共照明", len, building);
	else
		snprintf(to, size, "%.*s %u%02u", len, building, room / ROOMS + 1,
		         room % ROOMS + 1);
}

static const char *meter_use(struct site *site, size_t i)
{
	if (i < 2)
		return i == 0 ? "main" : "common";
	return rnd_below(&site->rnd, 20)  ? "prepaid"
	       : rnd_below(&site->rnd, 4) ? "postpaid"
	                                  : "control-only";
}

static enum err adopt(struct site *site, const struct site_gateway *gateway, size_t i)
{
	const struct site_meter *meter = &site->meters[gateway->first_meter + i];
	struct adopt_request adopt = {.actor = site_actor(), .meter = meter->meter};
	struct meter_edit edit = {.actor = site_actor(),
	                          .meter = meter->meter,
	                          .has_space = true,
	                          .space_id = meter->space_id,
	                          .has_period =
	                                  site->period_s != site->store.settings.reading_period_s,
	                          .period_s = site->period_s};
	enum err err;

	chip_format(meter->chip, adopt.chip);
	meter_name(gateway, i, adopt.name, sizeof adopt.name);
	snprintf(adopt.meter_use, sizeof adopt.meter_use, "%s", meter_use(site, i));
	err = site_step(&site->store, device_adopt_step, &adopt);
	if (err)
		return err;
	edit.version = adopt.row.version;
	return site_step(&site->store, meter_edit_step, &edit);
}

/* ---- in order ---- */

static enum err make_buildings(struct site *site, size_t index)
{
	struct site_property *property = &site->properties[index];
	enum err err = ERR_NONE;

	property->first_gateway = site->gateway_count;
	for (size_t at = 0; !err && at < property->meter_count; at += BUILDING_METERS) {
		unsigned number = (unsigned)(at / BUILDING_METERS) + 1;
		size_t first = property->first_meter + at, count = property->meter_count - at;

		if (count > BUILDING_METERS)
			count = BUILDING_METERS;
		for (size_t i = 0; i < count; i++)
			make_terminal(site, &site->meters[first + i], first + i);
		err = make_building(site, property, number, first, count);
		if (!err)
			err = make_gateway(site, index, number, first, count);
	}
	property->gateway_count = site->gateway_count - property->first_gateway;
	return err;
}

enum err site_make_places(struct site *site)
{
	enum err err;

	site->gateways = calloc(site->meter_count / BUILDING_METERS + site->property_count + 1,
	                        sizeof *site->gateways);
	if (!site->gateways)
		return ERR_NOMEM;
	err = make_properties(site);
	for (size_t i = 0; !err && i < site->property_count; i++)
		err = make_buildings(site, i);
	if (!err)
		err = site_refresh(&site->store);
	for (size_t g = 0; !err && g < site->gateway_count; g++) {
		struct site_gateway *gateway = &site->gateways[g];

		err = import_keys(site, gateway);
		if (!err)
			err = find_terminals(site, gateway);
		for (size_t i = 0; !err && i < gateway->meter_count; i++)
			err = adopt(site, gateway, i);
	}
	return err ? err : site_refresh(&site->store);
}
