/* Counters and gauges, one table: /metrics prints it. Any thread may add; reading is a glance. */
#ifndef PLATFORM_CORE_METRICS_H
#define PLATFORM_CORE_METRICS_H

#include <stddef.h>
#include <stdint.h>

/* name in Prometheus text, type, help */
#define METRICS(X)                                                                                 \
	X(BATCHES, "wattle_batches_total", "counter", "uplink batches stored")                     \
	X(BATCHES_REPEATED, "wattle_batches_repeated_total", "counter", "batches sent again")      \
	X(BATCHES_CONFLICT, "wattle_batches_conflict_total", "counter",                            \
	  "batches whose key was stored with other content")                                       \
	X(BATCHES_BAD, "wattle_batches_bad_total", "counter", "payloads that are no batch")        \
	X(BATCH_BYTES, "wattle_batch_bytes_total", "counter", "bytes of stored batches")           \
	X(READINGS, "wattle_readings_total", "counter", "readings accepted")                       \
	X(READINGS_DUPLICATE, "wattle_readings_duplicate_total", "counter",                        \
	  "readings stored before under another batch")                                            \
	X(READINGS_CONFLICT, "wattle_readings_conflict_total", "counter",                          \
	  "readings that differ from the stored one of the same second")                           \
	X(READINGS_PAST, "wattle_readings_past_total", "counter", "late readings that fill a gap") \
	X(REFUSED_UNKNOWN, "wattle_readings_refused_unknown_meter_total", "counter",               \
	  "readings of meters that this gateway does not have")                                    \
	X(REFUSED_FUTURE, "wattle_readings_refused_future_total", "counter",                       \
	  "readings more than 10 minutes in the future")                                           \
	X(REFUSED_PAST, "wattle_readings_refused_past_total", "counter",                           \
	  "readings from before this product existed")                                             \
	X(REFUSED_RANGE, "wattle_readings_refused_range_total", "counter",                         \
	  "readings with an impossible value")                                                     \
	X(EVENTS, "wattle_events_total", "counter", "events stored")                               \
	X(RESULTS, "wattle_results_total", "counter", "command results taken")                     \
	X(RESULTS_BAD, "wattle_results_bad_total", "counter",                                      \
	  "command results with a wrong signature or of no command")                               \
	X(COMMANDS, "wattle_commands_total", "counter", "commands created")                        \
	X(COMMANDS_VERIFIED, "wattle_commands_verified_total", "counter", "commands verified")     \
	X(COMMANDS_FAILED, "wattle_commands_failed_total", "counter",                              \
	  "commands refused, failed or expired")                                                   \
	X(LIVE_SAMPLES, "wattle_live_samples_total", "counter", "live samples received")           \
	X(LIVE_BAD, "wattle_live_bad_total", "counter", "live messages or samples refused")        \
	X(STATE_BAD, "wattle_state_bad_total", "counter", "gateway states that could not be read") \
	X(FOREIGN_TOPIC, "wattle_foreign_topic_total", "counter",                                  \
	  "messages of a gateway or property that is not ours")                                    \
	X(TOO_LONG, "wattle_messages_too_long_total", "counter", "messages over the size limit")   \
	X(ACKS, "wattle_acks_total", "counter", "acknowledgements published")                      \
	X(COMMITS, "wattle_commits_total", "counter", "group commits")                             \
	X(COMMIT_US, "wattle_commit_microseconds_total", "counter", "time spent in commits")       \
	X(COMMIT_FAILED, "wattle_commits_failed_total", "counter", "group commits that failed")    \
	X(RUNS_AGAIN, "wattle_groups_run_again_total", "counter", "groups of steps run anew")      \
	X(STEPS, "wattle_steps_total", "counter", "steps run")                                     \
	X(WRITER_QUEUE, "wattle_writer_queue", "gauge", "steps waiting")                           \
	X(WRITER_REFUSED, "wattle_writer_refused_total", "counter", "steps refused, queue full")   \
	X(READER_QUEUE, "wattle_reader_queue", "gauge", "queries waiting")                         \
	X(STORE_DAMAGED, "wattle_store_damaged_total", "counter",                                  \
	  "damaged or missing parts met in the store, each time")                                  \
	X(DISK_FULL, "wattle_disk_full", "gauge", "1 while the disk has no room")                  \
	X(CLOCK_JUMPS, "wattle_clock_jumps_total", "counter", "jumps of the wall clock")           \
	X(CLOCK_BEHIND, "wattle_clock_behind", "gauge", "1 while the clock is behind what it was") \
	X(CLOCK_DOUBTED, "wattle_clock_doubted", "gauge",                                          \
	  "1 while no time is signed for terminals because ours is doubted")                       \
	X(BATCHES_HELD, "wattle_batches_held_total", "counter",                                    \
	  "batches not taken because the clock is behind")                                         \
	X(MQTT_CONNECTED, "wattle_mqtt_connected", "gauge", "1 while connected to the broker")     \
	X(MQTT_CONNECTS, "wattle_mqtt_connects_total", "counter", "connections to the broker")     \
	X(MQTT_PUBLISHED, "wattle_mqtt_published_total", "counter", "messages published")          \
	X(BROKER_QUEUE, "wattle_broker_queue", "gauge", "messages waiting in the broker")          \
	X(BROKER_DROPS, "wattle_broker_drops_total", "counter", "messages the broker dropped")     \
	X(BROKER_CLIENTS, "wattle_broker_clients", "gauge", "clients connected to the broker")     \
	X(METERS_SILENT, "wattle_meters_silent", "gauge", "meters that miss their reading plan")   \
	X(GATEWAYS_ONLINE, "wattle_gateways_online", "gauge", "gateways online")                   \
	X(REPLICA_CONFIGURED, "wattle_replica_configured", "gauge",                                \
	  "1 when a standby is named in the settings")                                             \
	X(REPLICA_CONNECTED, "wattle_replica_connected", "gauge", "1 while connected to it")       \
	X(REPLICA_LAG, "wattle_replica_lag_seconds", "gauge",                                      \
	  "age of the newest moment of which everything is at the standby")                        \
	X(REPLICA_ALARM, "wattle_replica_alarm", "gauge", "1 while that is over lag_alarm_s")      \
	X(REPLICA_PAGES, "wattle_replica_pages_total", "counter", "pages sent to the standby")     \
	X(REPLICA_BYTES, "wattle_replica_bytes_total", "counter", "bytes sent to the standby")     \
	X(REPLICA_RESYNCS, "wattle_replica_resyncs_total", "counter",                              \
	  "databases compared as a whole")                                                         \
	X(REPLICA_DAMAGED, "wattle_replica_damaged_total", "counter",                              \
	  "pages that were found different where they had to be equal")                            \
	X(WATCHED_GATEWAYS, "wattle_watched_gateways", "gauge", "gateways with a watch lease")

enum metric {

#define X(id, name, type, help) METRIC_##id,
	METRICS(X)
#undef X
	        METRIC_COUNT
};

void metric_add(enum metric metric, int64_t n);
void metric_set(enum metric metric, int64_t value);
int64_t metric_get(enum metric metric);

/* The whole table as Prometheus text; returns the length it needs, like snprintf. */
size_t metrics_print(char *to, size_t size);

#endif
