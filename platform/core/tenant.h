/* What a tenant may see of meters: readings and events of a meter while it hung in a space that he
 * leased, and only while he is tenant. When his lease ends, all of it ends at once; the next
 * tenant's begins at his own start. Every read for a tenant goes through lease_window. */
#ifndef PLATFORM_CORE_TENANT_H
#define PLATFORM_CORE_TENANT_H

#include "platform/core/history.h"
#include "platform/store/event.h"
#include "platform/store/lease.h"

/* Cuts [*from_s, *to_s) to what may be seen at `now_s`: the lease, the meter's stay in its space, and
 * the past. False: nothing of it, and both are 0. */
bool lease_window(const struct lease_meter *meter, int64_t now_s, int64_t *from_s, int64_t *to_s);

/* Is this instant inside what may be seen? */
bool lease_window_holds(const struct lease_meter *meter, int64_t now_s, int64_t at_s);

#define TENANT_SPANS 16

/* A tenant's question about one meter. */
struct tenant_request {
	int64_t property_id, customer_id, meter;
	int64_t now_s;
	int64_t from_s, to_s; /* asked, whatever the client sends */
};

/* His spans of this meter within what he asks, by time. ERR_NOT_FOUND: none, as for a meter that
 * does not exist. */
MUST_USE enum err tenant_spans(struct db *db, const struct tenant_request *request,
                               struct lease_meter spans[TENANT_SPANS], size_t *count);

/* Live samples and commands: may he see this meter now? ERR_NOT_FOUND: no. */
MUST_USE enum err tenant_meter_now(struct db *db, const struct tenant_request *request,
                                   struct lease_meter *meter);

/* Curve points of the newest span that he asks for; `history` brings points and period. */
MUST_USE enum err tenant_history(struct db *db, struct day_reader *days,
                                 const struct tenant_request *request,
                                 struct history_request *history);

/* Events by time of occurrence, newest first, those below `before` (0: from the newest). */
MUST_USE enum err tenant_events(struct db *db, const struct tenant_request *request, int64_t before,
                                int64_t limit, void (*each)(void *arg, const struct event_row *),
                                void *arg);

#endif
