/* A read-only copy of who is where: groups, properties, spaces, gateways, meters. The writer's
 * thread loads a new one when they change; every thread holds a reference to the one it uses. */
#ifndef PLATFORM_CORE_DIRECTORY_H
#define PLATFORM_CORE_DIRECTORY_H

#include "platform/core/access.h"
#include "platform/store/meter.h"
#include "platform/store/place.h"

struct dir_property {
	int64_t property_id, group_id;
	char slug[SLUG_SIZE], name[LABEL_SIZE];
	int32_t utc_offset_s;
	bool archived;
	/* Its spaces are directory.spaces[first_space .. first_space + space_count). */
	uint32_t first_space, space_count;
};

/* One of 100,000 rooms: 16 bytes. */
struct dir_space {
	int64_t space_id;
	uint32_t property; /* index in directory.properties */
	uint32_t parent;   /* index in directory.spaces + 1; 0: a building */
};

struct dir_gateway {
	int64_t property_id, gateway_id;
	char property[SLUG_SIZE], name[SLUG_SIZE], label[LABEL_SIZE];
	int64_t config_version;
	uint64_t epoch_part; /* struct gateway_row */
	bool revoked;
	/* Its meters are directory.meters[first_meter .. first_meter + meter_count). */
	uint32_t first_meter, meter_count;
};

/* One of 100,000 meters: 64 bytes and its name. */
struct dir_meter {
	int64_t meter;
	int64_t property_id, gateway_id;
	const char *name;
	uint32_t gateway;  /* index in directory.gateways */
	uint32_t property; /* index in directory.properties */
	uint32_t space;    /* index in directory.spaces + 1; 0: in no space */
	uint32_t slot;     /* index in the tables of latest and live values; stable while we run */
	uint32_t period_s : 24;
	uint32_t is_main : 1; /* what it carries is counted below it */
	uint8_t chip[12];
};

struct directory {
	int refs;
	uint64_t version; /* 1, 2, 3, ...: an ETag for lists */
	size_t group_count, property_count, space_count, gateway_count, meter_count, slot_count;
	int64_t *groups;                 /* their numbers */
	struct dir_property *properties; /* sorted by number */
	struct dir_space *spaces;        /* sorted by property, then number */
	struct dir_gateway *gateways;
	struct dir_meter *meters; /* sorted by gateway, then number */
	struct dir_names *names;  /* the texts of meters' names */
	uint32_t *by_number;      /* hash of meter numbers: index + 1, 0 empty */
	uint32_t *by_name;        /* of gateway names */
	uint32_t number_mask, name_mask;
};

/* Numbers of slots, given once to each meter number; the writer's thread owns it. */
struct slots;
struct slots *slots_new(void);
void slots_free(struct slots *slots);

MUST_USE enum err directory_load(struct db *db, struct slots *slots, struct directory **dir);
struct directory *directory_ref(struct directory *dir);
void directory_unref(struct directory *dir);

const struct dir_meter *directory_meter(const struct directory *dir, int64_t meter);
const struct dir_gateway *directory_gateway(const struct directory *dir, const char *name);
/* By both ids of a topic; NULL also when the gateway is revoked or of another property. */
const struct dir_gateway *directory_topic(const struct directory *dir, const char *property,
                                          const char *gateway);
const struct dir_property *directory_property(const struct directory *dir, int64_t property_id);
const struct dir_property *directory_slug(const struct directory *dir, const char *slug);
/* NULL: no such space in this property. */
const struct dir_space *directory_space(const struct directory *dir, int64_t property_id,
                                        int64_t space_id);

/* Where things are, for access_allows: without a look at the store. */
struct place directory_place_of_meter(const struct directory *dir, const struct dir_meter *meter);
struct place directory_place_of_space(const struct directory *dir, const struct dir_space *space);
struct place directory_place_of_property(const struct dir_property *property);

#endif
