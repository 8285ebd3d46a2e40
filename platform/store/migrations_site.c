/* Migrations of what stands where and what it said: properties, gateways, meters, rooms and leases, commands, readings,
 * reports, alarms. */
#include "platform/store/migration_texts.h"

/* Groups, properties, gateways, terminals, meters. */
const char migration_places[] =
        "CREATE TABLE store_info(name TEXT PRIMARY KEY, value TEXT NOT NULL);"
        "CREATE TABLE sequence(name TEXT PRIMARY KEY, last BIGINT NOT NULL);"

        "CREATE TABLE property_group(group_id BIGINT PRIMARY KEY, name TEXT NOT NULL,"
        " created_s BIGINT NOT NULL);"
        "CREATE TABLE property(property_id BIGINT PRIMARY KEY, group_id BIGINT NOT NULL,"
        " slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, created_s BIGINT NOT NULL);"

        "CREATE TABLE gateway(property_id BIGINT NOT NULL, gateway_id BIGINT NOT NULL,"
        " name TEXT NOT NULL, label TEXT NOT NULL, created_s BIGINT NOT NULL,"
        " revoked_s BIGINT NOT NULL, config_version BIGINT NOT NULL,"
        " config_seen BIGINT NOT NULL, online BIGINT NOT NULL, state_at_ms BIGINT NOT NULL,"
        " state TEXT NOT NULL, PRIMARY KEY(property_id, gateway_id), UNIQUE(property_id, name));"

        "CREATE TABLE terminal(property_id BIGINT NOT NULL, chip TEXT NOT NULL,"
        " key_wrapped BLOB, key_version BIGINT NOT NULL, counter BIGINT NOT NULL,"
        " gateway_id BIGINT NOT NULL, address BIGINT NOT NULL, firmware BIGINT NOT NULL,"
        " boot BIGINT NOT NULL, first_seen_s BIGINT NOT NULL, last_seen_s BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, chip));"

        "CREATE INDEX terminal_chip ON terminal(chip);"

        "CREATE TABLE meter(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " name TEXT NOT NULL, meter_use TEXT NOT NULL, chip TEXT NOT NULL,"
        " gateway_id BIGINT NOT NULL, period_s BIGINT NOT NULL, created_s BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, meter), UNIQUE(property_id, chip));"
        "CREATE INDEX meter_gateway ON meter(property_id, gateway_id);";

/* Commands, their stages, the outbox. */
const char migration_commands[] =
        "CREATE TABLE command(property_id BIGINT NOT NULL, command_id BIGINT NOT NULL,"
        " meter BIGINT NOT NULL, chip TEXT NOT NULL, gateway_id BIGINT NOT NULL,"
        " kind BIGINT NOT NULL, counter BIGINT NOT NULL, body BLOB NOT NULL,"
        " by_name TEXT NOT NULL, reason TEXT NOT NULL, idempotency_key TEXT,"
        " request_hash BIGINT NOT NULL, until_s BIGINT NOT NULL, created_ms BIGINT NOT NULL,"
        " expires_s BIGINT NOT NULL, stage BIGINT NOT NULL, reason_code BIGINT NOT NULL,"
        " relay BIGINT NOT NULL, next_send_ms BIGINT NOT NULL, sends BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, command_id), UNIQUE(property_id, idempotency_key));"
        "CREATE INDEX command_meter ON command(property_id, meter, command_id);"
        /* 0..3 are the stages that still move: queued, sent, received, executed. */
        "CREATE INDEX command_open ON command(property_id, stage) WHERE stage <= 3;"
        "CREATE TABLE command_stage(property_id BIGINT NOT NULL, command_id BIGINT NOT NULL,"
        " stage BIGINT NOT NULL, at_ms BIGINT NOT NULL, reason_code BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, command_id, stage));";

/* What happened, who acts, what was newest. */
const char migration_records[] =
        "CREATE TABLE event(property_id BIGINT NOT NULL, event_id BIGINT NOT NULL,"
        " source TEXT NOT NULL, gateway_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " chip TEXT NOT NULL, kind BIGINT NOT NULL, detail BIGINT NOT NULL,"
        " value BIGINT NOT NULL, boot BIGINT NOT NULL, seq BIGINT NOT NULL,"
        " at_s BIGINT NOT NULL, stored_ms BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, event_id), UNIQUE(property_id, source));"
        "CREATE INDEX event_meter ON event(property_id, meter, event_id);"

        "CREATE TABLE conflict(property_id BIGINT NOT NULL, conflict_id BIGINT NOT NULL,"
        " source TEXT NOT NULL, gateway_id BIGINT NOT NULL, boot BIGINT NOT NULL,"
        " seq BIGINT NOT NULL, meter BIGINT NOT NULL, at_s BIGINT NOT NULL,"
        " stored_ms BIGINT NOT NULL, body BLOB,"
        " PRIMARY KEY(property_id, conflict_id), UNIQUE(property_id, source));"

        "CREATE TABLE audit(property_id BIGINT NOT NULL, audit_id BIGINT NOT NULL,"
        " at_ms BIGINT NOT NULL, who TEXT NOT NULL, origin TEXT NOT NULL, action TEXT NOT NULL,"
        " object TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,"
        " hash BLOB NOT NULL, PRIMARY KEY(property_id, audit_id));"

        "CREATE TABLE users(user_id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
        " role TEXT NOT NULL, lang TEXT NOT NULL, password_hash TEXT NOT NULL,"
        " created_s BIGINT NOT NULL, disabled_s BIGINT NOT NULL);"
        "CREATE TABLE session(token_hash TEXT PRIMARY KEY, user_id BIGINT NOT NULL,"
        " created_s BIGINT NOT NULL, seen_s BIGINT NOT NULL, expires_s BIGINT NOT NULL);"
        "CREATE INDEX session_user ON session(user_id);"

        /* Latest values are a cache: saved each minute, completed at start from the batches
	* behind day_file.applied. */
        "CREATE TABLE latest(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " time_s BIGINT NOT NULL, voltage_dv BIGINT NOT NULL, current_ma BIGINT NOT NULL,"
        " power_dw BIGINT NOT NULL, pf_permille BIGINT NOT NULL, frequency_chz BIGINT NOT NULL,"
        " energy_wh BIGINT NOT NULL, state BIGINT NOT NULL, quality BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, meter));"

        "CREATE TABLE day_file(file BIGINT PRIMARY KEY, applied BIGINT NOT NULL,"
        " created_s BIGINT NOT NULL, lost_s BIGINT NOT NULL);";

/* First answers of operations with an Idempotency-Key. */
const char migration_answers[] =
        "CREATE TABLE answer(property_id BIGINT NOT NULL, user_id BIGINT NOT NULL,"
        " idempotency_key TEXT NOT NULL, request_hash BLOB NOT NULL, status BIGINT NOT NULL,"
        " created_ms BIGINT NOT NULL, body BLOB NOT NULL,"
        " PRIMARY KEY(property_id, user_id, idempotency_key));"
        "CREATE INDEX answer_age ON answer(property_id, created_ms);";

/* Look-ups by a number that is unique in the installation, without its property. */
const char migration_numbers[] = "CREATE INDEX command_number ON command(command_id);"
                                 "CREATE INDEX meter_number ON meter(meter);"
                                 "CREATE INDEX meter_chip ON meter(chip);";

/* The tree of places, and who rents them. */
const char migration_organisation[] =
        "ALTER TABLE property_group ADD COLUMN calendar_id BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE property_group ADD COLUMN archived_s BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE property_group ADD COLUMN version BIGINT NOT NULL DEFAULT 1;"
        "ALTER TABLE property ADD COLUMN address TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE property ADD COLUMN phone TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE property ADD COLUMN utc_offset_min BIGINT NOT NULL DEFAULT 480;"
        "ALTER TABLE property ADD COLUMN calendar_id BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE property ADD COLUMN plan_code TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE property ADD COLUMN remind_days BIGINT NOT NULL DEFAULT 30;"
        "ALTER TABLE property ADD COLUMN archived_s BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE property ADD COLUMN version BIGINT NOT NULL DEFAULT 1;"

        /* building_id and floor_id are the nodes above (and the node itself): what lies below one
	 * is found without recursion, which Citus refuses. */
        "CREATE TABLE space(property_id BIGINT NOT NULL, space_id BIGINT NOT NULL,"
        " parent_id BIGINT NOT NULL, kind BIGINT NOT NULL, building_id BIGINT NOT NULL,"
        " floor_id BIGINT NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL,"
        " area_dm2 BIGINT NOT NULL, sort BIGINT NOT NULL, created_s BIGINT NOT NULL,"
        " version BIGINT NOT NULL, PRIMARY KEY(property_id, space_id),"
        " UNIQUE(property_id, parent_id, code));"
        "CREATE INDEX space_building ON space(property_id, building_id);"

        "ALTER TABLE meter ADD COLUMN space_id BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE meter ADD COLUMN version BIGINT NOT NULL DEFAULT 1;"
        "CREATE INDEX meter_space ON meter(property_id, space_id);"
        "CREATE TABLE meter_place(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " from_s BIGINT NOT NULL, space_id BIGINT NOT NULL, meter_use TEXT NOT NULL,"
        " by_name TEXT NOT NULL, PRIMARY KEY(property_id, meter, from_s));"
        "CREATE INDEX meter_place_space ON meter_place(property_id, space_id);"
        "INSERT INTO meter_place(property_id, meter, from_s, space_id, meter_use, by_name)"
        " SELECT property_id, meter, created_s, 0, meter_use, 'platform' FROM meter;"

        "CREATE TABLE customer(property_id BIGINT NOT NULL, customer_id BIGINT NOT NULL,"
        " code TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, identity_wrapped BLOB,"
        " identity_masked TEXT NOT NULL, lang TEXT NOT NULL, note TEXT NOT NULL,"
        " created_s BIGINT NOT NULL, archived_s BIGINT NOT NULL, erased_s BIGINT NOT NULL,"
        " version BIGINT NOT NULL, PRIMARY KEY(property_id, customer_id),"
        " UNIQUE(property_id, code));"
        "CREATE INDEX customer_name ON customer(property_id, name, customer_id);"
        "CREATE TABLE customer_phone(property_id BIGINT NOT NULL, customer_id BIGINT NOT NULL,"
        " phone_id BIGINT NOT NULL, phone TEXT NOT NULL, label TEXT NOT NULL,"
        " main BIGINT NOT NULL, PRIMARY KEY(property_id, customer_id, phone_id));"
        "CREATE INDEX customer_phone_number ON customer_phone(property_id, phone);"

        /* Days are civil and whole; from_s and until_s are what holds, [from, until). */
        "CREATE TABLE lease(property_id BIGINT NOT NULL, lease_id BIGINT NOT NULL,"
        " code TEXT NOT NULL, customer_id BIGINT NOT NULL, start_day BIGINT NOT NULL,"
        " end_day BIGINT NOT NULL, from_s BIGINT NOT NULL, until_s BIGINT NOT NULL,"
        " remind_days BIGINT NOT NULL, note TEXT NOT NULL, created_s BIGINT NOT NULL,"
        " cancelled_s BIGINT NOT NULL, version BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, lease_id), UNIQUE(property_id, code));"
        "CREATE INDEX lease_customer ON lease(property_id, customer_id);"
        "CREATE INDEX lease_end ON lease(property_id, until_s);"
        "CREATE TABLE lease_space(property_id BIGINT NOT NULL, lease_id BIGINT NOT NULL,"
        " space_id BIGINT NOT NULL, PRIMARY KEY(property_id, lease_id, space_id));"
        "CREATE INDEX lease_space_space ON lease_space(property_id, space_id);"
        "CREATE TABLE lease_reminder(property_id BIGINT NOT NULL, reminder_id BIGINT NOT NULL,"
        " lease_id BIGINT NOT NULL, end_day BIGINT NOT NULL, written_s BIGINT NOT NULL,"
        " done_s BIGINT NOT NULL, done_by TEXT NOT NULL, PRIMARY KEY(property_id, reminder_id),"
        " UNIQUE(property_id, lease_id, end_day));"

        /* Which daily work of a property is done up to which civil day. */
        "CREATE TABLE daily_work(property_id BIGINT NOT NULL, work TEXT NOT NULL,"
        " day BIGINT NOT NULL, PRIMARY KEY(property_id, work));";

/* Imports of sheets, and what an old system handed over until the ledger takes it. */
const char migration_sheets[] =
        "CREATE TABLE sheet_job(property_id BIGINT NOT NULL, job_id BIGINT NOT NULL,"
        " kind TEXT NOT NULL, state BIGINT NOT NULL, file TEXT NOT NULL,"
        " client_name TEXT NOT NULL, bytes BIGINT NOT NULL, encoding BIGINT NOT NULL,"
        " user_id BIGINT NOT NULL, key_id BIGINT NOT NULL, by_name TEXT NOT NULL,"
        " by_origin TEXT NOT NULL, reason TEXT NOT NULL, created_ms BIGINT NOT NULL,"
        " changed_ms BIGINT NOT NULL, version BIGINT NOT NULL, row_count BIGINT NOT NULL,"
        " added BIGINT NOT NULL, changed BIGINT NOT NULL, same BIGINT NOT NULL,"
        " mistakes BIGINT NOT NULL, hash TEXT NOT NULL, want_rows BIGINT, want_sum1 BIGINT,"
        " found_sum1 BIGINT NOT NULL, want_sum2 BIGINT, found_sum2 BIGINT NOT NULL,"
        " approval_id BIGINT NOT NULL, agreed_name TEXT NOT NULL, fault TEXT NOT NULL,"
        " fault_row BIGINT NOT NULL, fault_column BIGINT NOT NULL, fault_detail TEXT NOT NULL,"
        " PRIMARY KEY(property_id, job_id));"
        /* 0..4 are the states before the end, from receiving to applying. */
        "CREATE INDEX sheet_job_open ON sheet_job(property_id, state) WHERE state<5;"

        "CREATE TABLE takeover_row(property_id BIGINT NOT NULL, job_id BIGINT NOT NULL,"
        " row_no BIGINT NOT NULL, customer_id BIGINT NOT NULL, space_id BIGINT NOT NULL,"
        " meter BIGINT NOT NULL, balance_fen BIGINT NOT NULL, purchase_count BIGINT NOT NULL,"
        " register_milli BIGINT, read_at_s BIGINT NOT NULL, old_account TEXT NOT NULL,"
        " note TEXT NOT NULL, state BIGINT NOT NULL, PRIMARY KEY(property_id, job_id, row_no));"
        "CREATE INDEX takeover_meter ON takeover_row(property_id, meter);"
        "CREATE TABLE takeover_report(property_id BIGINT NOT NULL, job_id BIGINT NOT NULL,"
        " created_s BIGINT NOT NULL, body TEXT NOT NULL, signature TEXT NOT NULL,"
        " PRIMARY KEY(property_id, job_id));";

/* What a property decides by: its own, or its group's (property_id 0). Reference tables. */
const char migration_plans[] =
        "CREATE TABLE calendar(calendar_id BIGINT PRIMARY KEY, group_id BIGINT NOT NULL,"
        " property_id BIGINT NOT NULL, name TEXT NOT NULL, created_s BIGINT NOT NULL,"
        " version BIGINT NOT NULL);"
        "CREATE TABLE calendar_window(calendar_id BIGINT NOT NULL, window_no BIGINT NOT NULL,"
        " days BIGINT NOT NULL, from_min BIGINT NOT NULL, to_min BIGINT NOT NULL,"
        " PRIMARY KEY(calendar_id, window_no));"
        "CREATE TABLE calendar_day(calendar_id BIGINT NOT NULL, day BIGINT NOT NULL,"
        " kind BIGINT NOT NULL, cut_free BIGINT NOT NULL, name TEXT NOT NULL,"
        " PRIMARY KEY(calendar_id, day));"

        /* NULL: as below it (property, then group, then what is built in). */
        "CREATE TABLE alarm_plan(property_id BIGINT NOT NULL, group_id BIGINT NOT NULL,"
        " code TEXT NOT NULL, name TEXT, alarm1_fen BIGINT, alarm2_fen BIGINT,"
        " overdraft_fen BIGINT, hoarding_fen BIGINT, allow_close_fen BIGINT,"
        " alarm2_trips BIGINT, friendly_hours BIGINT, cut_notice_s BIGINT,"
        " version BIGINT NOT NULL, PRIMARY KEY(property_id, group_id, code));"
        "CREATE TABLE message_template(property_id BIGINT NOT NULL, group_id BIGINT NOT NULL,"
        " kind TEXT NOT NULL, lang TEXT NOT NULL, channel TEXT NOT NULL, body TEXT NOT NULL,"
        " provider_id TEXT NOT NULL, version BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, group_id, kind, lang, channel));";

/* What a gateway's epoch differs from the store's by; its events, without those of its meters. */
const char migration_gateways[] =
        "ALTER TABLE gateway ADD COLUMN epoch_part BIGINT NOT NULL DEFAULT 0;"
        "CREATE INDEX event_gateway ON event(property_id, gateway_id, meter, event_id);";

/* The newest boot of a gateway of which a batch is stored. */
const char migration_gateway_boots[] =
        "ALTER TABLE gateway ADD COLUMN boot BIGINT NOT NULL DEFAULT 0;";

/* What batches look for in each step. */
const char migration_batch_indexes[] =
        "CREATE INDEX command_batch_rest ON command_batch_item(property_id, batch_id, position)"
        " WHERE command_id=0 AND error='';"
        "CREATE INDEX command_recent ON command(property_id, gateway_id, created_ms);";

/* Leases of a room without a look at the leases of all others. */
const char migration_lease_rooms[] =
        "DROP INDEX lease_space_space;"
        "CREATE INDEX lease_space_room ON lease_space(property_id, space_id, lease_id);";

/* Names of a day file's batches as ranges, so that a start need not read its index. */
const char migration_day_ranges[] =
        "ALTER TABLE day_file ADD COLUMN ranges_to BIGINT NOT NULL DEFAULT 0;"
        "CREATE TABLE day_file_range(file BIGINT NOT NULL, gateway_id BIGINT NOT NULL,"
        " boot BIGINT NOT NULL, first_seq BIGINT NOT NULL, last_seq BIGINT NOT NULL,"
        " PRIMARY KEY(file, gateway_id, boot, first_seq));";

/* A closed day was said to be applied whatever came to it; a clock that was set back adds rows, which have no names here. */
const char migration_closed_days[] =
        "UPDATE day_file SET applied=ranges_to WHERE applied=9223372036854775807 AND ranges_to<>0;";

/* What is or was wrong from when to when, and who has seen it. */
const char migration_alarms[] =
        "CREATE TABLE alarm(property_id BIGINT NOT NULL, alarm_id BIGINT NOT NULL,"
        " kind BIGINT NOT NULL, level BIGINT NOT NULL, gateway_id BIGINT NOT NULL,"
        " meter BIGINT NOT NULL, chip TEXT NOT NULL, detail BIGINT NOT NULL,"
        " value BIGINT NOT NULL, count BIGINT NOT NULL, started_s BIGINT NOT NULL,"
        " last_s BIGINT NOT NULL, ended_s BIGINT NOT NULL, seen_s BIGINT NOT NULL,"
        " seen_by TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY(property_id, alarm_id));"
        "CREATE INDEX alarm_lasting ON alarm(property_id, kind, gateway_id, meter)"
        " WHERE ended_s=0;"
        "CREATE INDEX alarm_ended ON alarm(property_id, last_s) WHERE ended_s<>0;";

/* What one look at a property adds up, and its power each quarter of an hour. */
const char migration_overview[] =
        "CREATE TABLE power_sample(property_id BIGINT NOT NULL, at_s BIGINT NOT NULL,"
        " power_w BIGINT NOT NULL, meters BIGINT NOT NULL, PRIMARY KEY(property_id, at_s));"
        "CREATE INDEX order_paid ON recharge_order(property_id, paid_ms, amount_fen)"
        " WHERE paid_ms>0;"
        "CREATE INDEX refund_paid ON refund(property_id, paid_ms) WHERE paid_ms>0;";

/* What readings said by hour, day and month: frozen at civil midnight, corrected by rows. */
const char migration_reports[] =
        "CREATE TABLE report_day(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " day BIGINT NOT NULL, first_s BIGINT NOT NULL, first_wh BIGINT NOT NULL,"
        " last_s BIGINT NOT NULL, last_wh BIGINT NOT NULL, readings BIGINT NOT NULL,"
        " power_max_dw BIGINT NOT NULL, voltage_min_dv BIGINT NOT NULL,"
        " voltage_max_dv BIGINT NOT NULL, freeze_s BIGINT NOT NULL, frozen_s BIGINT NOT NULL,"
        " open_wh BIGINT NOT NULL, open_source BIGINT NOT NULL, close_wh BIGINT NOT NULL,"
        " close_source BIGINT NOT NULL, hours BLOB NOT NULL,"
        " PRIMARY KEY(property_id, meter, day));"
        "CREATE INDEX report_day_due ON report_day(freeze_s) WHERE frozen_s=0;"
        "CREATE TABLE report_month(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " month BIGINT NOT NULL, freeze_s BIGINT NOT NULL, frozen_s BIGINT NOT NULL,"
        " open_wh BIGINT NOT NULL, open_source BIGINT NOT NULL, close_wh BIGINT NOT NULL,"
        " close_source BIGINT NOT NULL, days_with_data BIGINT NOT NULL,"
        " power_max_dw BIGINT NOT NULL, voltage_min_dv BIGINT NOT NULL,"
        " voltage_max_dv BIGINT NOT NULL, days BLOB NOT NULL,"
        " PRIMARY KEY(property_id, meter, month));"
        "CREATE INDEX report_month_due ON report_month(freeze_s) WHERE frozen_s=0;"
        "CREATE TABLE report_correction(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " months BIGINT NOT NULL, number BIGINT NOT NULL, correction_no BIGINT NOT NULL,"
        " at_s BIGINT NOT NULL, open_wh BIGINT NOT NULL, open_source BIGINT NOT NULL,"
        " close_wh BIGINT NOT NULL, close_source BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, meter, months, number, correction_no));";

/* The outbox asks five times a second for what is open, oldest first: without these two it went
 * through every command there ever was. */
const char migration_open_commands[] =
        "DROP INDEX command_open;"
        "CREATE INDEX command_waits ON command(command_id) WHERE stage <= 3;"
        "CREATE INDEX command_open ON command(property_id, meter, command_id) WHERE stage <= 3;";

/* Photos of registers, each the SHA-256 of its bytes; a use has one of its beginning and one of its end. */
const char migration_photos[] =
        "ALTER TABLE account_meter ADD COLUMN close_photo TEXT NOT NULL DEFAULT '';"
        "UPDATE account_meter SET close_photo=photo, photo='' WHERE close_source<>'';"
        "CREATE TABLE account_photo(property_id BIGINT NOT NULL, account_id BIGINT NOT NULL,"
        " name TEXT NOT NULL, type TEXT NOT NULL, created_s BIGINT NOT NULL,"
        " size BIGINT NOT NULL, content BLOB NOT NULL,"
        " PRIMARY KEY(property_id, account_id, name));";

/* A day says up to which batch it is filled: a run that is cut short counts nothing twice. */
const char migration_report_taken[] =
        "ALTER TABLE report_day ADD COLUMN taken_file BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE report_day ADD COLUMN taken_row BIGINT NOT NULL DEFAULT 0;";

/* One index for both needs: a repeat of a batch has the same bytes, hence the same t_max, and a
 * query by time reads it as a range. `hash` is SipHash-2-4 of the body under the store's own key:
 * it proves the bytes when they are read, and tells a repeat from the same key with other
 * content. */
const char migration_batches[] =
        "CREATE TABLE batch(property_id BIGINT NOT NULL, gateway_id BIGINT NOT NULL,"
        " boot BIGINT NOT NULL, seq BIGINT NOT NULL, t_min BIGINT NOT NULL,"
        " t_max BIGINT NOT NULL, stored_ms BIGINT NOT NULL, hash BIGINT NOT NULL,"
        " body BLOB NOT NULL, UNIQUE(property_id, gateway_id, t_max, boot, seq));";
