#include "platform/store/migrations.h"

#include <stdio.h>

#include "platform/store/charge_move.h"

/* Rules of this text: docs/design/store.md. In short: property_id first in every key of what
 * belongs to a property, BIGINT numbers, times with their unit in the name, no triggers, nothing
 * that Citus refuses (reference tables: store_info, sequence, property_group, property, users,
 * session, day_file, day_file_range, role, role_option, user_grant, user_recovery, invitation, calendar and what is
 * in it, alarm_plan, message_template, privacy_text, tariff, tariff_version). */

/* Groups, properties, gateways, terminals, meters. */
static const char places[] =
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
static const char commands[] =
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
static const char records[] =
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
static const char answers[] =
        "CREATE TABLE answer(property_id BIGINT NOT NULL, user_id BIGINT NOT NULL,"
        " idempotency_key TEXT NOT NULL, request_hash BLOB NOT NULL, status BIGINT NOT NULL,"
        " created_ms BIGINT NOT NULL, body BLOB NOT NULL,"
        " PRIMARY KEY(property_id, user_id, idempotency_key));"
        "CREATE INDEX answer_age ON answer(property_id, created_ms);";

/* Look-ups by a number that is unique in the installation, without its property. */
static const char numbers[] = "CREATE INDEX command_number ON command(command_id);"
                              "CREATE INDEX meter_number ON meter(meter);"
                              "CREATE INDEX meter_chip ON meter(chip);";

/* People: roles, grants, what a login needs; the audit with what was before and after, and a chain
 * for each group. Sessions get numbers to be listed by, so those of before end. */
static const char people[] =
        "ALTER TABLE users ADD COLUMN group_id BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE users ADD COLUMN version BIGINT NOT NULL DEFAULT 1;"
        "ALTER TABLE users ADD COLUMN full_name TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE users ADD COLUMN phone TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE users ADD COLUMN created_by BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE users ADD COLUMN must_change BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE users ADD COLUMN password_s BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE users ADD COLUMN login_s BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE users ADD COLUMN totp_wrapped BLOB;"
        "ALTER TABLE users ADD COLUMN totp_since_s BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE users ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0;"

        "CREATE TABLE role(role_id BIGINT PRIMARY KEY, group_id BIGINT NOT NULL,"
        " name TEXT NOT NULL, permissions BIGINT NOT NULL, version BIGINT NOT NULL,"
        " created_s BIGINT NOT NULL, UNIQUE(group_id, name));"
        "CREATE TABLE role_option(group_id BIGINT NOT NULL, role_id BIGINT NOT NULL,"
        " totp_required BIGINT NOT NULL, PRIMARY KEY(group_id, role_id));"
        "CREATE TABLE user_grant(grant_id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL,"
        " role_id BIGINT NOT NULL, group_id BIGINT NOT NULL, property_id BIGINT NOT NULL,"
        " space_id BIGINT NOT NULL, expires_s BIGINT NOT NULL, created_s BIGINT NOT NULL,"
        " created_by BIGINT NOT NULL);"
        "CREATE INDEX user_grant_user ON user_grant(user_id);"
        "CREATE INDEX user_grant_role ON user_grant(role_id);"
        /* Numbers below 100 are the built-in roles (core/role.c); 1 is the administrator. */
        "INSERT INTO sequence(name, last) VALUES('role', 99);"
        "INSERT INTO user_grant(grant_id, user_id, role_id, group_id, property_id, space_id,"
        " expires_s, created_s, created_by)"
        " SELECT user_id, user_id, 1, 0, 0, 0, 0, created_s, 0 FROM users"
        " WHERE role='administrator';"
        "INSERT INTO sequence(name, last) SELECT 'grant', coalesce(max(grant_id), 0)"
        " FROM user_grant;"
        "ALTER TABLE users DROP COLUMN role;"

        "CREATE TABLE user_recovery(user_id BIGINT NOT NULL, code_hash TEXT NOT NULL,"
        " PRIMARY KEY(user_id, code_hash));"
        "CREATE TABLE invitation(token_hash TEXT PRIMARY KEY, user_id BIGINT NOT NULL,"
        " created_s BIGINT NOT NULL, expires_s BIGINT NOT NULL, created_by BIGINT NOT NULL);"
        "CREATE INDEX invitation_user ON invitation(user_id);"

        "DELETE FROM session;"
        "ALTER TABLE session ADD COLUMN session_id BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE session ADD COLUMN origin TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE session ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';"
        "CREATE INDEX session_number ON session(session_id);"

        "ALTER TABLE audit RENAME TO audit_before;"
        "CREATE TABLE audit(property_id BIGINT NOT NULL, group_id BIGINT NOT NULL,"
        " audit_id BIGINT NOT NULL, form BIGINT NOT NULL, at_ms BIGINT NOT NULL,"
        " user_id BIGINT NOT NULL, key_id BIGINT NOT NULL, who TEXT NOT NULL,"
        " origin TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL,"
        " reason TEXT NOT NULL, detail TEXT NOT NULL, result TEXT NOT NULL, before TEXT,"
        " after TEXT, hash BLOB NOT NULL, PRIMARY KEY(property_id, group_id, audit_id));"
        "INSERT INTO audit(property_id, group_id, audit_id, form, at_ms, user_id, key_id, who,"
        " origin, action, object, reason, detail, result, before, after, hash)"
        " SELECT property_id, 0, audit_id, 1, at_ms, 0, 0, who, origin, action, object, reason,"
        " detail, 'done', NULL, NULL, hash FROM audit_before;"
        "DROP TABLE audit_before;"
        "CREATE INDEX audit_object ON audit(property_id, group_id, object, audit_id);"
        "CREATE INDEX audit_who ON audit(property_id, group_id, who, audit_id);";

/* The tree of places, and who rents them. */
static const char organisation[] =
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
static const char sheets[] =
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
static const char plans[] =
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

/* Personal data: how long it is kept, what was removed, what a group tells about it. */
static const char persons[] =
        "CREATE TABLE retention(property_id BIGINT NOT NULL, kind TEXT NOT NULL,"
        " days BIGINT NOT NULL, version BIGINT NOT NULL, PRIMARY KEY(property_id, kind));"
        "CREATE TABLE retention_run(property_id BIGINT NOT NULL, day BIGINT NOT NULL,"
        " kind TEXT NOT NULL, removed BIGINT NOT NULL, at_s BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, day, kind));"
        "CREATE INDEX event_stored ON event(property_id, stored_ms);"
        "CREATE TABLE privacy_text(group_id BIGINT NOT NULL, lang TEXT NOT NULL,"
        " body TEXT NOT NULL, updated_s BIGINT NOT NULL, version BIGINT NOT NULL,"
        " PRIMARY KEY(group_id, lang));";

/* Acts that wait for a second person; commands to many meters under one heading. */
static const char approvals[] =
        "CREATE TABLE approval(property_id BIGINT NOT NULL, approval_id BIGINT NOT NULL,"
        " group_id BIGINT NOT NULL, space_id BIGINT NOT NULL, kind TEXT NOT NULL,"
        " object TEXT NOT NULL, object_count BIGINT NOT NULL, hash TEXT NOT NULL,"
        " reason TEXT NOT NULL, by_user_id BIGINT NOT NULL, by_key_id BIGINT NOT NULL,"
        " by_name TEXT NOT NULL, by_origin TEXT NOT NULL, created_s BIGINT NOT NULL,"
        " expires_s BIGINT NOT NULL, state BIGINT NOT NULL, decided_s BIGINT NOT NULL,"
        " decided_by BIGINT NOT NULL, decided_name TEXT NOT NULL, decided_reason TEXT NOT NULL,"
        " result TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY(property_id, approval_id));"
        "CREATE INDEX approval_number ON approval(approval_id);"
        "CREATE INDEX approval_waiting ON approval(property_id, hash) WHERE state=0;"

        "CREATE TABLE command_batch(property_id BIGINT NOT NULL, batch_id BIGINT NOT NULL,"
        " kind BIGINT NOT NULL, until_s BIGINT NOT NULL, reason TEXT NOT NULL,"
        " by_user_id BIGINT NOT NULL, by_key_id BIGINT NOT NULL, by_name TEXT NOT NULL,"
        " by_origin TEXT NOT NULL, approval_id BIGINT NOT NULL, created_ms BIGINT NOT NULL,"
        " item_count BIGINT NOT NULL, given BIGINT NOT NULL, state BIGINT NOT NULL,"
        " stopped_why TEXT NOT NULL, PRIMARY KEY(property_id, batch_id));"
        "CREATE INDEX command_batch_open ON command_batch(property_id, batch_id) WHERE state=0;"
        "CREATE TABLE command_batch_item(property_id BIGINT NOT NULL, batch_id BIGINT NOT NULL,"
        " position BIGINT NOT NULL, meter BIGINT NOT NULL, command_id BIGINT NOT NULL,"
        " error TEXT NOT NULL, PRIMARY KEY(property_id, batch_id, position));";

/* What a gateway's epoch differs from the store's by; its events, without those of its meters. */
static const char gateways[] =
        "ALTER TABLE gateway ADD COLUMN epoch_part BIGINT NOT NULL DEFAULT 0;"
        "CREATE INDEX event_gateway ON event(property_id, gateway_id, meter, event_id);";

/* API keys: a reference table, as roles and grants are. */
static const char keys[] =
        "CREATE TABLE api_key(key_id BIGINT PRIMARY KEY, group_id BIGINT NOT NULL,"
        " property_id BIGINT NOT NULL, space_id BIGINT NOT NULL, name TEXT NOT NULL,"
        " start TEXT NOT NULL, token_hash TEXT NOT NULL UNIQUE, permissions BIGINT NOT NULL,"
        " made_by BIGINT NOT NULL, created_s BIGINT NOT NULL, expires_s BIGINT NOT NULL,"
        " ended_s BIGINT NOT NULL, used_s BIGINT NOT NULL, version BIGINT NOT NULL);";

/* The newest boot of a gateway of which a batch is stored. */
static const char gateway_boots[] =
        "ALTER TABLE gateway ADD COLUMN boot BIGINT NOT NULL DEFAULT 0;";

/* Groups and entries are appended; balances and state are kept beside them and carry a proof. */
static const char ledger[] =
        "CREATE TABLE ledger_group(property_id BIGINT NOT NULL, group_no BIGINT NOT NULL,"
        " receipt_no BIGINT NOT NULL, group_key TEXT NOT NULL, kind TEXT NOT NULL,"
        " at_ms BIGINT NOT NULL, day BIGINT NOT NULL, refers BIGINT NOT NULL,"
        " who TEXT NOT NULL, reason TEXT NOT NULL, content BLOB NOT NULL, hash BLOB NOT NULL,"
        " PRIMARY KEY(property_id, group_no), UNIQUE(property_id, group_key));"
        "CREATE INDEX ledger_receipt ON ledger_group(property_id, receipt_no)"
        " WHERE receipt_no > 0;"
        "CREATE INDEX ledger_day ON ledger_group(property_id, day, group_no);"
        "CREATE TABLE ledger_entry(property_id BIGINT NOT NULL, group_no BIGINT NOT NULL,"
        " line BIGINT NOT NULL, account BIGINT NOT NULL, subject BIGINT NOT NULL,"
        " amount_fen BIGINT NOT NULL, PRIMARY KEY(property_id, group_no, line));"
        "CREATE INDEX ledger_of ON ledger_entry(property_id, account, subject, group_no, line);"
        "CREATE TABLE ledger_balance(property_id BIGINT NOT NULL, account BIGINT NOT NULL,"
        " subject BIGINT NOT NULL, balance_fen BIGINT NOT NULL, entry_count BIGINT NOT NULL,"
        " group_no BIGINT NOT NULL, proof BLOB NOT NULL,"
        " PRIMARY KEY(property_id, account, subject));"
        "CREATE TABLE ledger_state(property_id BIGINT PRIMARY KEY, group_count BIGINT NOT NULL,"
        " receipt_count BIGINT NOT NULL, closed_day BIGINT NOT NULL, hash BLOB NOT NULL,"
        " proof BLOB NOT NULL);";

/* What batches look for in each step. */
static const char batch_indexes[] =
        "CREATE INDEX command_batch_rest ON command_batch_item(property_id, batch_id, position)"
        " WHERE command_id=0 AND error='';"
        "CREATE INDEX command_recent ON command(property_id, gateway_id, created_ms);";

/* Keys that sign reports. A take-over is found by whom or what it is about. */
static const char signatures[] =
        "CREATE TABLE sign_key(sign_id BIGINT PRIMARY KEY, public_key TEXT NOT NULL UNIQUE,"
        " seed_wrapped BLOB NOT NULL, created_s BIGINT NOT NULL);"
        "DROP INDEX takeover_meter;"
        "CREATE INDEX takeover_subject ON takeover_row(property_id, meter, customer_id, space_id);";
/* Webhooks and their outbox, which is their log as well. */
static const char webhooks[] =
        "CREATE TABLE webhook(property_id BIGINT NOT NULL, webhook_id BIGINT NOT NULL,"
        " name TEXT NOT NULL, url TEXT NOT NULL, kinds BIGINT NOT NULL, secret_wrapped BLOB,"
        " enabled BIGINT NOT NULL, made_by BIGINT NOT NULL, created_s BIGINT NOT NULL,"
        " version BIGINT NOT NULL, PRIMARY KEY(property_id, webhook_id));"
        "CREATE TABLE webhook_delivery(property_id BIGINT NOT NULL, delivery_id BIGINT NOT NULL,"
        " webhook_id BIGINT NOT NULL, kind BIGINT NOT NULL, created_ms BIGINT NOT NULL,"
        " next_ms BIGINT NOT NULL, done_ms BIGINT NOT NULL, tries BIGINT NOT NULL,"
        " state BIGINT NOT NULL, status BIGINT NOT NULL, error TEXT NOT NULL,"
        " replay_of BIGINT NOT NULL, body TEXT NOT NULL, PRIMARY KEY(property_id, delivery_id));"
        "CREATE INDEX delivery_webhook ON webhook_delivery(property_id, webhook_id, delivery_id);"
        "CREATE INDEX delivery_due ON webhook_delivery(next_ms) WHERE state=0;"
        "CREATE INDEX delivery_done ON webhook_delivery(done_ms) WHERE state<>0;"
        "CREATE TABLE reading_missed(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " since_s BIGINT NOT NULL, PRIMARY KEY(property_id, meter));";

/* Leases of a room without a look at the leases of all others. */
static const char lease_rooms[] =
        "DROP INDEX lease_space_space;"
        "CREATE INDEX lease_space_room ON lease_space(property_id, space_id, lease_id);";

/* A webhook that an API key made ends with it. */
static const char webhook_keys[] =
        "ALTER TABLE webhook ADD COLUMN made_by_key BIGINT NOT NULL DEFAULT 0;";

/* Names of a day file's batches as ranges, so that a start need not read its index. */
static const char day_ranges[] =
        "ALTER TABLE day_file ADD COLUMN ranges_to BIGINT NOT NULL DEFAULT 0;"
        "CREATE TABLE day_file_range(file BIGINT NOT NULL, gateway_id BIGINT NOT NULL,"
        " boot BIGINT NOT NULL, first_seq BIGINT NOT NULL, last_seq BIGINT NOT NULL,"
        " PRIMARY KEY(file, gateway_id, boot, first_seq));";

/* Accounts: contracts with dated terms and dated uses of meters; which meter stands below which. */
static const char accounts[] =
        "CREATE TABLE account(property_id BIGINT NOT NULL, account_id BIGINT NOT NULL,"
        " code TEXT NOT NULL, customer_id BIGINT NOT NULL, state BIGINT NOT NULL,"
        " plan_code TEXT NOT NULL, alarm1_fen BIGINT, alarm2_fen BIGINT, overdraft_fen BIGINT,"
        " hoarding_fen BIGINT, allow_close_fen BIGINT, note TEXT NOT NULL,"
        " created_s BIGINT NOT NULL, opened_s BIGINT NOT NULL, closed_s BIGINT NOT NULL,"
        " version BIGINT NOT NULL, PRIMARY KEY(property_id, account_id),"
        " UNIQUE(property_id, code));"
        "CREATE INDEX account_customer ON account(property_id, customer_id);"
        "CREATE TABLE account_terms(property_id BIGINT NOT NULL, account_id BIGINT NOT NULL,"
        " from_s BIGINT NOT NULL, kind TEXT NOT NULL, fee_fen BIGINT NOT NULL,"
        " bill_day BIGINT NOT NULL, due_days BIGINT NOT NULL, overdue_trips BIGINT NOT NULL,"
        " by_name TEXT NOT NULL, PRIMARY KEY(property_id, account_id, from_s));"
        /* until_s of a use that goes on: the greatest number. */
        "CREATE TABLE account_meter(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " from_s BIGINT NOT NULL, until_s BIGINT NOT NULL, account_id BIGINT NOT NULL,"
        " service TEXT NOT NULL, credit TEXT NOT NULL, open_units BIGINT NOT NULL,"
        " open_source TEXT NOT NULL, close_units BIGINT NOT NULL, close_source TEXT NOT NULL,"
        " photo TEXT NOT NULL, PRIMARY KEY(property_id, meter, from_s));"
        "CREATE INDEX account_meter_of ON account_meter(property_id, account_id, from_s);"
        "CREATE UNIQUE INDEX account_meter_open ON account_meter(property_id, meter)"
        " WHERE until_s=9223372036854775807;"
        "CREATE TABLE meter_parent(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " from_s BIGINT NOT NULL, parent BIGINT NOT NULL, by_name TEXT NOT NULL,"
        " PRIMARY KEY(property_id, meter, from_s));";

/* Tariffs and their versions are reference tables; which holds for a property or meter is dated. */
static const char tariffs[] =
        "CREATE TABLE tariff(tariff_id BIGINT PRIMARY KEY, group_id BIGINT NOT NULL,"
        " property_id BIGINT NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL,"
        " service TEXT NOT NULL, base_tariff_id BIGINT NOT NULL, base_delta_uy BIGINT NOT NULL,"
        " archived_s BIGINT NOT NULL, created_s BIGINT NOT NULL, version BIGINT NOT NULL,"
        " UNIQUE(group_id, property_id, code));"
        "CREATE INDEX tariff_base ON tariff(base_tariff_id);"
        "CREATE TABLE tariff_version(version_id BIGINT PRIMARY KEY, tariff_id BIGINT NOT NULL,"
        " valid_from_s BIGINT NOT NULL, state BIGINT NOT NULL, body TEXT NOT NULL,"
        " notice TEXT NOT NULL, base_version_id BIGINT NOT NULL, created_s BIGINT NOT NULL,"
        " published_s BIGINT NOT NULL, by_name TEXT NOT NULL, version BIGINT NOT NULL);"
        "CREATE INDEX tariff_version_of ON tariff_version(tariff_id, valid_from_s);"
        "CREATE TABLE property_tariff(property_id BIGINT NOT NULL, service TEXT NOT NULL,"
        " from_s BIGINT NOT NULL, tariff_id BIGINT NOT NULL, by_name TEXT NOT NULL,"
        " PRIMARY KEY(property_id, service, from_s));"
        "CREATE TABLE meter_tariff(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " from_s BIGINT NOT NULL, tariff_id BIGINT NOT NULL, by_name TEXT NOT NULL,"
        " PRIMARY KEY(property_id, meter, from_s));";

/* Up to which register a meter is billed, what its use cost, and what is left below one fen. */
static const char charges[] =
        "CREATE TABLE rating(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " account_id BIGINT NOT NULL, use_from_s BIGINT NOT NULL, service BIGINT NOT NULL,"
        " billed_s BIGINT NOT NULL, billed_units BIGINT NOT NULL, step_used BIGINT NOT NULL,"
        " step_settled_s BIGINT NOT NULL, accrued BIGINT NOT NULL, posted_day BIGINT NOT NULL,"
        " fault BIGINT NOT NULL, fault_s BIGINT NOT NULL, fault_units BIGINT NOT NULL,"
        " version BIGINT NOT NULL, PRIMARY KEY(property_id, meter));"
        "CREATE INDEX rating_account ON rating(property_id, account_id);"
        "CREATE INDEX rating_fault ON rating(property_id, meter) WHERE fault<>0;"
        "CREATE TABLE rating_rest(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " line BIGINT NOT NULL, version_id BIGINT NOT NULL, rest BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, meter, line, version_id));"
        "CREATE TABLE charge(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " day BIGINT NOT NULL, charge_no BIGINT NOT NULL, account_id BIGINT NOT NULL,"
        " use_from_s BIGINT NOT NULL, line BIGINT NOT NULL, version_id BIGINT NOT NULL,"
        " rate BIGINT NOT NULL, step BIGINT NOT NULL, estimated BIGINT NOT NULL,"
        " allowance_id BIGINT NOT NULL, from_s BIGINT NOT NULL, to_s BIGINT NOT NULL,"
        " from_units BIGINT NOT NULL, to_units BIGINT NOT NULL, units BIGINT NOT NULL,"
        " price_uy BIGINT NOT NULL, exact BIGINT NOT NULL, amount_fen BIGINT NOT NULL,"
        " group_no BIGINT NOT NULL, PRIMARY KEY(property_id, meter, day, charge_no));"
        "CREATE INDEX charge_account ON charge(property_id, account_id, day);"
        "CREATE INDEX charge_open ON charge(property_id, meter, day) WHERE group_no=0;";

/* What balances mean for supply, what is wanted of each meter and why, and what waits for people. */
static const char supply[] =
        "CREATE TABLE supply_rules(property_id BIGINT PRIMARY KEY, guard_count BIGINT,"
        " guard_percent BIGINT, guard_window_s BIGINT, restore_by_button BIGINT,"
        " fresh_electricity_s BIGINT, fresh_water_s BIGINT, spread_s BIGINT,"
        " quiet_from_min BIGINT, quiet_to_min BIGINT, incident_ms BIGINT NOT NULL,"
        " incident_by TEXT NOT NULL, incident_reason TEXT NOT NULL, version BIGINT NOT NULL);"
        "CREATE TABLE supply_account(property_id BIGINT NOT NULL, account_id BIGINT NOT NULL,"
        " state BIGINT NOT NULL, told BIGINT NOT NULL, reminded BIGINT NOT NULL,"
        " cut_at_s BIGINT NOT NULL, announced_s BIGINT NOT NULL, not_before_s BIGINT NOT NULL,"
        " episode BIGINT NOT NULL, waits BIGINT NOT NULL, cut_told BIGINT NOT NULL,"
        " changed_s BIGINT NOT NULL, again_s BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, account_id));"
        "CREATE INDEX supply_account_again ON supply_account(again_s);"
        "CREATE TABLE supply_meter(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " mode BIGINT NOT NULL, mode_until_s BIGINT NOT NULL, mode_s BIGINT NOT NULL,"
        " mode_command_id BIGINT NOT NULL, mode_by TEXT NOT NULL, mark BIGINT NOT NULL,"
        " mark_reason TEXT NOT NULL, mark_by TEXT NOT NULL, mark_s BIGINT NOT NULL,"
        " mark_version BIGINT NOT NULL, opened BIGINT NOT NULL, opened_ms BIGINT NOT NULL,"
        " want BIGINT NOT NULL, want_reason TEXT NOT NULL, want_ms BIGINT NOT NULL,"
        " account_id BIGINT NOT NULL, command_id BIGINT NOT NULL, act_id BIGINT NOT NULL,"
        " tries BIGINT NOT NULL, due_ms BIGINT NOT NULL, held_id BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, meter));"
        "CREATE INDEX supply_meter_due ON supply_meter(due_ms) WHERE want<>0;"
        "CREATE INDEX supply_meter_keep ON supply_meter(mode_until_s) WHERE mode=1;"
        "CREATE INDEX supply_meter_opened ON supply_meter(property_id, meter) WHERE opened<>0;"
        "CREATE TABLE supply_act(property_id BIGINT NOT NULL, act_id BIGINT NOT NULL,"
        " account_id BIGINT NOT NULL, meter BIGINT NOT NULL, want BIGINT NOT NULL,"
        " reason TEXT NOT NULL, at_ms BIGINT NOT NULL, state BIGINT NOT NULL,"
        " reading_units BIGINT NOT NULL, reading_s BIGINT NOT NULL, version_id BIGINT NOT NULL,"
        " available_fen BIGINT NOT NULL, alarm1_fen BIGINT NOT NULL, alarm2_fen BIGINT NOT NULL,"
        " overdraft_fen BIGINT NOT NULL, close_fen BIGINT NOT NULL, grace_s BIGINT NOT NULL,"
        " announced_s BIGINT NOT NULL, command_id BIGINT NOT NULL, outcome BIGINT NOT NULL,"
        " outcome_ms BIGINT NOT NULL, PRIMARY KEY(property_id, act_id));"
        "CREATE INDEX supply_act_meter ON supply_act(property_id, meter, act_id);"
        "CREATE TABLE supply_held(property_id BIGINT NOT NULL, held_id BIGINT NOT NULL,"
        " meter BIGINT NOT NULL, path BIGINT NOT NULL, batch_id BIGINT NOT NULL,"
        " position BIGINT NOT NULL, user_id BIGINT NOT NULL, key_id BIGINT NOT NULL,"
        " by_name TEXT NOT NULL, by_origin TEXT NOT NULL, reason TEXT NOT NULL,"
        " made_ms BIGINT NOT NULL, state BIGINT NOT NULL, ended_ms BIGINT NOT NULL,"
        " command_id BIGINT NOT NULL, approval_id BIGINT NOT NULL, ended_why TEXT NOT NULL,"
        " PRIMARY KEY(property_id, held_id));"
        "CREATE UNIQUE INDEX supply_held_waiting ON supply_held(property_id, meter)"
        " WHERE state=1;"
        /* act_id: of the evidence by which the platform itself gave it; 1 is trip. */
        "ALTER TABLE command ADD COLUMN act_id BIGINT NOT NULL DEFAULT 0;"
        "CREATE INDEX command_trip ON command(property_id, created_ms, meter) WHERE kind=1;";

/* Messages to tenants: outbox and log. */
static const char messages[] =
        "CREATE TABLE message(property_id BIGINT NOT NULL, message_id BIGINT NOT NULL,"
        " episode TEXT NOT NULL, kind TEXT NOT NULL, lang TEXT NOT NULL, channel TEXT NOT NULL,"
        " account_id BIGINT NOT NULL, customer_id BIGINT NOT NULL, phone TEXT NOT NULL,"
        " body TEXT NOT NULL, field_values TEXT NOT NULL, cause TEXT NOT NULL,"
        " state BIGINT NOT NULL, created_ms BIGINT NOT NULL, next_ms BIGINT NOT NULL,"
        " sent_ms BIGINT NOT NULL, tries BIGINT NOT NULL, provider TEXT NOT NULL,"
        " provider_id TEXT NOT NULL, error TEXT NOT NULL, resend_of BIGINT NOT NULL,"
        " by_name TEXT NOT NULL, PRIMARY KEY(property_id, message_id),"
        " UNIQUE(property_id, episode));"
        "CREATE INDEX message_due ON message(next_ms) WHERE state=1;"
        "CREATE INDEX message_created ON message(property_id, created_ms);"
        "CREATE INDEX message_account ON message(property_id, account_id, message_id);"
        "CREATE INDEX message_customer ON message(property_id, customer_id);";

/* Bills of postpaid accounts; how far the daily work of an account has come; staged balances of a room or
 * customer. */
static const char account_bills[] =
        "CREATE TABLE account_bill(property_id BIGINT NOT NULL, account_id BIGINT NOT NULL,"
        " bill_no BIGINT NOT NULL, from_day BIGINT NOT NULL, to_day BIGINT NOT NULL,"
        " due_day BIGINT NOT NULL, amount_fen BIGINT NOT NULL, made_s BIGINT NOT NULL,"
        " scanned BIGINT NOT NULL, scan_after BIGINT NOT NULL, reminded_s BIGINT NOT NULL,"
        " overdue_s BIGINT NOT NULL, paid_s BIGINT NOT NULL, version BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, account_id, bill_no));"
        "CREATE INDEX account_bill_unpaid ON account_bill(property_id, account_id, bill_no) WHERE paid_s=0;"
        "CREATE TABLE account_days(property_id BIGINT NOT NULL, account_id BIGINT NOT NULL,"
        " fee_day BIGINT NOT NULL, bill_day BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, account_id));"
        "CREATE INDEX takeover_space ON takeover_row(property_id, space_id);"
        "CREATE INDEX takeover_customer ON takeover_row(property_id, customer_id);"
        "CREATE INDEX meter_parent_of ON meter_parent(property_id, parent);";

/* Orders with their stages, and the debts each recovered. */
static const char orders[] =
        "CREATE TABLE recharge_order(property_id BIGINT NOT NULL, order_id BIGINT NOT NULL,"
        " account_id BIGINT NOT NULL, channel BIGINT NOT NULL, state BIGINT NOT NULL,"
        " amount_fen BIGINT NOT NULL, arrears_fen BIGINT NOT NULL, debt_fen BIGINT NOT NULL,"
        " fee_fen BIGINT NOT NULL, credit_fen BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " restores BIGINT NOT NULL, shift_id BIGINT NOT NULL, voucher TEXT NOT NULL,"
        " created_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL, paid_ms BIGINT NOT NULL,"
        " delivered_ms BIGINT NOT NULL, group_no BIGINT NOT NULL, receipt_no BIGINT NOT NULL,"
        " reversal_id BIGINT NOT NULL, by_user_id BIGINT NOT NULL, by_name TEXT NOT NULL,"
        " version BIGINT NOT NULL, PRIMARY KEY(property_id, order_id));"
        "CREATE INDEX order_account ON recharge_order(property_id, account_id, group_no);"
        "CREATE INDEX order_unpaid ON recharge_order(expires_ms) WHERE state IN (1,2);"
        "CREATE TABLE order_stage(property_id BIGINT NOT NULL, order_id BIGINT NOT NULL,"
        " stage_no BIGINT NOT NULL, state BIGINT NOT NULL, at_ms BIGINT NOT NULL,"
        " who TEXT NOT NULL, reason TEXT NOT NULL,"
        " PRIMARY KEY(property_id, order_id, stage_no));"
        "CREATE TABLE order_debt(property_id BIGINT NOT NULL, order_id BIGINT NOT NULL,"
        " debt_id BIGINT NOT NULL, amount_fen BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, order_id, debt_id));"
        "CREATE TABLE debt(property_id BIGINT NOT NULL, debt_id BIGINT NOT NULL,"
        " account_id BIGINT NOT NULL, kind BIGINT NOT NULL, state BIGINT NOT NULL,"
        " amount_fen BIGINT NOT NULL, recovered_fen BIGINT NOT NULL, reason TEXT NOT NULL,"
        " by_name TEXT NOT NULL, created_ms BIGINT NOT NULL, done_ms BIGINT NOT NULL,"
        " version BIGINT NOT NULL, PRIMARY KEY(property_id, debt_id));"
        "CREATE INDEX debt_account ON debt(property_id, account_id, debt_id);";

/* What providers told of, each payment once; money without an owner; daily bills. */
static const char payments[] =
        "CREATE TABLE payment(property_id BIGINT NOT NULL, payment_id BIGINT NOT NULL,"
        " channel BIGINT NOT NULL, number TEXT NOT NULL, order_number TEXT NOT NULL,"
        " amount_fen BIGINT NOT NULL, currency TEXT NOT NULL, paid_ms BIGINT NOT NULL,"
        " seen_ms BIGINT NOT NULL, payer TEXT NOT NULL, source BIGINT NOT NULL,"
        " order_id BIGINT NOT NULL, suspense_id BIGINT NOT NULL, refunded_ms BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, payment_id), UNIQUE(property_id, channel, number));"
        "CREATE INDEX payment_paid ON payment(property_id, channel, paid_ms);"
        "CREATE INDEX payment_order ON payment(property_id, order_id) WHERE order_id>0;"
        "CREATE TABLE suspense(property_id BIGINT NOT NULL, suspense_id BIGINT NOT NULL,"
        " payment_id BIGINT NOT NULL, channel BIGINT NOT NULL, amount_fen BIGINT NOT NULL,"
        " currency TEXT NOT NULL, reason BIGINT NOT NULL, state BIGINT NOT NULL,"
        " since_ms BIGINT NOT NULL, done_ms BIGINT NOT NULL, order_id BIGINT NOT NULL,"
        " refund_id BIGINT NOT NULL, done_by TEXT NOT NULL, done_why TEXT NOT NULL,"
        " group_no BIGINT NOT NULL, version BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, suspense_id));"
        "CREATE TABLE pay_bill(property_id BIGINT NOT NULL, bill_id BIGINT NOT NULL,"
        " channel BIGINT NOT NULL, day BIGINT NOT NULL, hash BLOB NOT NULL,"
        " line_count BIGINT NOT NULL, difference_count BIGINT NOT NULL,"
        " open_count BIGINT NOT NULL, loaded_ms BIGINT NOT NULL, closed_ms BIGINT NOT NULL,"
        " by_name TEXT NOT NULL, closed_by TEXT NOT NULL, version BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, bill_id), UNIQUE(property_id, channel, day));"
        "CREATE TABLE pay_bill_line(property_id BIGINT NOT NULL, line_id BIGINT NOT NULL,"
        " bill_id BIGINT NOT NULL, number TEXT NOT NULL, order_number TEXT NOT NULL,"
        " amount_fen BIGINT NOT NULL, refunded BIGINT NOT NULL, paid_ms BIGINT NOT NULL,"
        " match_kind BIGINT NOT NULL, ours_fen BIGINT NOT NULL, payment_id BIGINT NOT NULL,"
        " open BIGINT NOT NULL, owner TEXT NOT NULL, done_by TEXT NOT NULL,"
        " done_why TEXT NOT NULL, done_ms BIGINT NOT NULL, version BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, line_id));"
        "CREATE INDEX bill_line_of ON pay_bill_line(property_id, bill_id, line_id);";

/* Rules of selling, shifts of cashiers, money that goes back. */
static const char vending[] =
        "CREATE TABLE vend_rule(property_id BIGINT PRIMARY KEY,"
        " min_purchase_fen BIGINT NOT NULL, max_purchase_fen BIGINT NOT NULL,"
        " fee_ppm BIGINT NOT NULL, recover_ppm BIGINT NOT NULL, order_life_s BIGINT NOT NULL,"
        " reversal_alone_fen BIGINT NOT NULL, refund_alone_fen BIGINT NOT NULL,"
        " adjust_alone_fen BIGINT NOT NULL, version BIGINT NOT NULL);"
        "CREATE TABLE shift(property_id BIGINT NOT NULL, shift_id BIGINT NOT NULL,"
        " user_id BIGINT NOT NULL, by_name TEXT NOT NULL, opened_ms BIGINT NOT NULL,"
        " closed_ms BIGINT NOT NULL, opening_fen BIGINT NOT NULL, expected_fen BIGINT NOT NULL,"
        " counted_fen BIGINT NOT NULL, difference_fen BIGINT NOT NULL, handed_to TEXT NOT NULL,"
        " note TEXT NOT NULL, version BIGINT NOT NULL, PRIMARY KEY(property_id, shift_id));"
        "CREATE UNIQUE INDEX shift_open ON shift(property_id, user_id, by_name)"
        " WHERE closed_ms=0;"
        "CREATE TABLE refund(property_id BIGINT NOT NULL, refund_id BIGINT NOT NULL,"
        " kind BIGINT NOT NULL, state BIGINT NOT NULL, account_id BIGINT NOT NULL,"
        " order_id BIGINT NOT NULL, suspense_id BIGINT NOT NULL, approval_id BIGINT NOT NULL,"
        " amount_fen BIGINT NOT NULL, channel BIGINT NOT NULL, payee TEXT NOT NULL,"
        " reason TEXT NOT NULL, by_user_id BIGINT NOT NULL, by_name TEXT NOT NULL,"
        " decided_ms BIGINT NOT NULL, paid_ms BIGINT NOT NULL, paid_by TEXT NOT NULL,"
        " voucher TEXT NOT NULL, failure TEXT NOT NULL, shift_id BIGINT NOT NULL,"
        " group_no BIGINT NOT NULL, paid_group_no BIGINT NOT NULL, version BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, refund_id));"
        "CREATE INDEX refund_account ON refund(property_id, account_id, refund_id);"
        "CREATE INDEX refund_order ON refund(property_id, order_id) WHERE order_id>0;";

/* Credit that meters keep: both sides' purse, and the deliveries into it. */
static const char purses[] =
        "CREATE TABLE meter_purse(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " account_id BIGINT NOT NULL, count BIGINT NOT NULL, total_fen BIGINT NOT NULL,"
        " meter_count BIGINT NOT NULL, meter_total_fen BIGINT NOT NULL,"
        " meter_balance_fen BIGINT NOT NULL, read_ms BIGINT NOT NULL, version BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, meter));"
        "CREATE TABLE topup(property_id BIGINT NOT NULL, topup_id BIGINT NOT NULL,"
        " order_id BIGINT NOT NULL, account_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " state BIGINT NOT NULL, amount_fen BIGINT NOT NULL, count BIGINT NOT NULL,"
        " total_fen BIGINT NOT NULL, created_ms BIGINT NOT NULL, next_ms BIGINT NOT NULL,"
        " done_ms BIGINT NOT NULL, tries BIGINT NOT NULL, reason TEXT NOT NULL,"
        " version BIGINT NOT NULL, PRIMARY KEY(property_id, topup_id));"
        "CREATE INDEX topup_meter ON topup(property_id, meter, topup_id);"
        "CREATE INDEX topup_order ON topup(property_id, order_id);"
        "CREATE INDEX topup_due ON topup(next_ms) WHERE state IN (2,3);";

/* Free energy and money: what was given, used, and lapsed. */
static const char allowances[] =
        "CREATE TABLE allowance(property_id BIGINT NOT NULL, allowance_id BIGINT NOT NULL,"
        " account_id BIGINT NOT NULL, kind BIGINT NOT NULL, service BIGINT NOT NULL,"
        " source TEXT NOT NULL, period BIGINT NOT NULL, amount BIGINT NOT NULL,"
        " cap BIGINT NOT NULL, from_s BIGINT NOT NULL, until_s BIGINT NOT NULL,"
        " period_no BIGINT NOT NULL, left_now BIGINT NOT NULL, given BIGINT NOT NULL,"
        " used BIGINT NOT NULL, lapsed BIGINT NOT NULL, ended_s BIGINT NOT NULL,"
        " by_name TEXT NOT NULL, created_s BIGINT NOT NULL, version BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, allowance_id));"
        "CREATE INDEX allowance_account ON allowance(property_id, account_id, ended_s);";

/* Orders that wait end at a time and are given as they were asked; what a circuit and a pipe carry at most. */
static const char supply_limits[] =
        "ALTER TABLE supply_rules ADD COLUMN held_s BIGINT;"
        "ALTER TABLE supply_rules ADD COLUMN power_max_w BIGINT;"
        "ALTER TABLE supply_rules ADD COLUMN flow_max_l_per_h BIGINT;"
        "ALTER TABLE supply_held ADD COLUMN expires_ms BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE supply_held ADD COLUMN expiry_s BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE supply_held ADD COLUMN resend_ms BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE supply_held ADD COLUMN clock_wait_ms BIGINT NOT NULL DEFAULT 0;"
        "CREATE INDEX supply_held_over ON supply_held(expires_ms) WHERE state=1 AND expires_ms>0;";

/* What carries a delivery, purses that are voided or filled by no order, and whose purse pays for a use. */
static const char purse_ways[] =
        "ALTER TABLE topup ADD COLUMN kind BIGINT NOT NULL DEFAULT 1;"
        "ALTER TABLE topup ADD COLUMN command_id BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE meter_purse ADD COLUMN read_counter BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE rating ADD COLUMN credit BIGINT NOT NULL DEFAULT 1;"
        "UPDATE rating SET credit=2 WHERE EXISTS(SELECT 1 FROM account_meter a"
        " WHERE a.property_id=rating.property_id AND a.meter=rating.meter"
        " AND a.from_s=rating.use_from_s AND a.credit='meter');"
        "ALTER TABLE meter ADD COLUMN model TEXT NOT NULL DEFAULT 'wattle-1';";

/* What is or was wrong from when to when, and who has seen it. */
static const char alarms[] =
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
static const char overview[] =
        "CREATE TABLE power_sample(property_id BIGINT NOT NULL, at_s BIGINT NOT NULL,"
        " power_w BIGINT NOT NULL, meters BIGINT NOT NULL, PRIMARY KEY(property_id, at_s));"
        "CREATE INDEX order_paid ON recharge_order(property_id, paid_ms, amount_fen)"
        " WHERE paid_ms>0;"
        "CREATE INDEX refund_paid ON refund(property_id, paid_ms) WHERE paid_ms>0;";

/* One act of a person for many accounts or meters, row by row. */
static const char rosters[] =
        "CREATE TABLE roster(property_id BIGINT NOT NULL, roster_id BIGINT NOT NULL,"
        " kind TEXT NOT NULL, body TEXT NOT NULL, reason TEXT NOT NULL, by_name TEXT NOT NULL,"
        " by_origin TEXT NOT NULL, by_user_id BIGINT NOT NULL, by_key_id BIGINT NOT NULL,"
        " approval_id BIGINT NOT NULL, created_ms BIGINT NOT NULL, item_count BIGINT NOT NULL,"
        " done BIGINT NOT NULL, refused BIGINT NOT NULL, state BIGINT NOT NULL,"
        " stopped_why TEXT NOT NULL, PRIMARY KEY(property_id, roster_id));"
        "CREATE INDEX roster_going ON roster(roster_id) WHERE state=0;"
        "CREATE TABLE roster_item(property_id BIGINT NOT NULL, roster_id BIGINT NOT NULL,"
        " position BIGINT NOT NULL, object_id BIGINT NOT NULL, done BIGINT NOT NULL,"
        " result BIGINT NOT NULL, error TEXT NOT NULL, detail TEXT NOT NULL,"
        " PRIMARY KEY(property_id, roster_id, position));"
        "CREATE INDEX allowance_source ON allowance(property_id, source, kind);";

/* What readings said by hour, day and month: frozen at civil midnight, corrected by rows. */
static const char reports[] =
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
static const char open_commands[] =
        "DROP INDEX command_open;"
        "CREATE INDEX command_waits ON command(command_id) WHERE stage <= 3;"
        "CREATE INDEX command_open ON command(property_id, meter, command_id) WHERE stage <= 3;";

/* What days of a calendar were once they had begun, when it changed afterwards. */
static const char calendar_past[] =
        "CREATE TABLE calendar_kept(calendar_id BIGINT NOT NULL, day BIGINT NOT NULL,"
        " kind BIGINT NOT NULL, PRIMARY KEY(calendar_id, day));";

/* A posted day of a meter is one row, in the order of days; what is open stands beside the cursor. An entry
 * names the group of the one before it of its account, so that no index by account grows at a thousand places
 * each night. */
static const char charge_days[] =
        "CREATE TABLE charge_day(property_id BIGINT NOT NULL, day BIGINT NOT NULL,"
        " meter BIGINT NOT NULL, use_from_s BIGINT NOT NULL, account_id BIGINT NOT NULL,"
        " group_no BIGINT NOT NULL, amount_fen BIGINT NOT NULL, parts BLOB NOT NULL,"
        " PRIMARY KEY(property_id, day, meter, use_from_s)) WITHOUT ROWID;"
        "DROP INDEX rating_account;"
        "DROP INDEX rating_fault;"
        "ALTER TABLE rating RENAME TO rating_old;"
        "CREATE TABLE rating(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " account_id BIGINT NOT NULL, use_from_s BIGINT NOT NULL, service BIGINT NOT NULL,"
        " fault BIGINT NOT NULL, fault_s BIGINT NOT NULL, fault_units BIGINT NOT NULL,"
        " credit BIGINT NOT NULL, version BIGINT NOT NULL, state BLOB NOT NULL,"
        " PRIMARY KEY(property_id, meter)) WITHOUT ROWID;"
        "CREATE INDEX rating_account ON rating(property_id, account_id);"
        "CREATE INDEX rating_fault ON rating(property_id, meter) WHERE fault<>0;"
        "CREATE INDEX terms_monthly ON account_terms(property_id, account_id)"
        " WHERE kind='monthly-fee';"
        "CREATE TABLE entry_moved(property_id BIGINT NOT NULL, group_no BIGINT NOT NULL,"
        " account BIGINT NOT NULL, subject BIGINT NOT NULL, line BIGINT NOT NULL,"
        " amount_fen BIGINT NOT NULL, before_no BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, group_no, account, subject, line)) WITHOUT ROWID;"
        "INSERT INTO entry_moved SELECT property_id, group_no, account, subject, line,"
        " amount_fen, coalesce((SELECT max(b.group_no) FROM ledger_entry b"
        " WHERE b.property_id=e.property_id AND b.account=e.account AND b.subject=e.subject"
        " AND b.group_no<e.group_no),0) FROM ledger_entry e;"
        "DROP TABLE ledger_entry;"
        "ALTER TABLE entry_moved RENAME TO ledger_entry;";

/* Long intervals as they were charged, and what late readings from inside them changed of posted days. */
static const char late_readings[] =
        "CREATE TABLE rating_gap(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " to_s BIGINT NOT NULL, use_from_s BIGINT NOT NULL, state BLOB NOT NULL,"
        " PRIMARY KEY(property_id, meter, to_s)) WITHOUT ROWID;"
        "CREATE TABLE charge_correction(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " day BIGINT NOT NULL, to_s BIGINT NOT NULL, from_s BIGINT NOT NULL,"
        " use_from_s BIGINT NOT NULL, account_id BIGINT NOT NULL, group_no BIGINT NOT NULL,"
        " amount_fen BIGINT NOT NULL, parts BLOB NOT NULL,"
        " PRIMARY KEY(property_id, meter, day, to_s, from_s)) WITHOUT ROWID;";

/* How far the books of a property are proved, so that a night proves what is new. */
static const char ledger_marks[] =
        "CREATE TABLE ledger_mark(property_id BIGINT PRIMARY KEY, group_count BIGINT NOT NULL,"
        " receipt_count BIGINT NOT NULL, balances BIGINT NOT NULL, hash BLOB NOT NULL,"
        " whole_day BIGINT NOT NULL);";

/* Meters that charge themselves: what they are to have, what is on its way, and both sums. */
static const char meter_prices[] =
        "CREATE TABLE meter_price("
        " property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " account_id BIGINT NOT NULL, use_from_s BIGINT NOT NULL, why BIGINT NOT NULL,"
        " next_why BIGINT NOT NULL, now_version BIGINT NOT NULL,"
        " now_tariff BIGINT NOT NULL, now_from_s BIGINT NOT NULL,"
        " next_version BIGINT NOT NULL, next_tariff BIGINT NOT NULL,"
        " next_from_s BIGINT NOT NULL, limits_version BIGINT NOT NULL,"
        " start_s BIGINT NOT NULL, start_wh BIGINT NOT NULL,"
        " start_spent_fen BIGINT NOT NULL, start_step_wh BIGINT NOT NULL,"
        " last_start_s BIGINT NOT NULL, own_start_s BIGINT NOT NULL,"
        " sent_limits BIGINT NOT NULL, command_id BIGINT NOT NULL,"
        " part_version BIGINT NOT NULL, part_at BIGINT NOT NULL,"
        " next_ms BIGINT NOT NULL, tries BIGINT NOT NULL, refused BIGINT NOT NULL,"
        " refused_for BIGINT NOT NULL, ask BIGINT NOT NULL,"
        " read_price BIGINT NOT NULL, read_next BIGINT NOT NULL,"
        " read_limits BIGINT NOT NULL, read_balance_fen BIGINT NOT NULL,"
        " read_ms BIGINT NOT NULL, read_counter BIGINT NOT NULL,"
        " erased_ms BIGINT NOT NULL, cut BIGINT NOT NULL, spent_fen BIGINT NOT NULL,"
        " spent_s BIGINT NOT NULL, before_fen BIGINT NOT NULL, waits BIGINT NOT NULL,"
        " ours_fen BIGINT NOT NULL, ours_s BIGINT NOT NULL,"
        " differs_fen BIGINT NOT NULL, compared_ms BIGINT NOT NULL,"
        " versions BIGINT NOT NULL, lines BIGINT NOT NULL, timed BIGINT NOT NULL,"
        " version BIGINT NOT NULL, PRIMARY KEY(property_id, meter));"
        "CREATE INDEX meter_price_due ON meter_price(next_ms);";

/* What was told and not compared yet stands beside what was. */
static const char meter_told[] =
        "ALTER TABLE meter_price ADD COLUMN told_fen BIGINT NOT NULL DEFAULT 0;";

/* Photos of registers, each the SHA-256 of its bytes; a use has one of its beginning and one of its end. */
static const char photos[] =
        "ALTER TABLE account_meter ADD COLUMN close_photo TEXT NOT NULL DEFAULT '';"
        "UPDATE account_meter SET close_photo=photo, photo='' WHERE close_source<>'';"
        "CREATE TABLE account_photo(property_id BIGINT NOT NULL, account_id BIGINT NOT NULL,"
        " name TEXT NOT NULL, type TEXT NOT NULL, created_s BIGINT NOT NULL,"
        " size BIGINT NOT NULL, content BLOB NOT NULL,"
        " PRIMARY KEY(property_id, account_id, name));";

/* Who has a task in hand. */
static const char task_owners[] =
        "CREATE TABLE task_owner(property_id BIGINT NOT NULL, kind TEXT NOT NULL,"
        " object TEXT NOT NULL, user_id BIGINT NOT NULL, since_s BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, kind, object));";

/* Balances lie in the order of their key: a night reads and writes those of all tenants. */
static const char balance_order[] =
        "CREATE TABLE balance_moved(property_id BIGINT NOT NULL, account BIGINT NOT NULL,"
        " subject BIGINT NOT NULL, balance_fen BIGINT NOT NULL, entry_count BIGINT NOT NULL,"
        " group_no BIGINT NOT NULL, proof BLOB NOT NULL,"
        " PRIMARY KEY(property_id, account, subject)) WITHOUT ROWID;"
        "INSERT INTO balance_moved SELECT property_id, account, subject, balance_fen,"
        " entry_count, group_no, proof FROM ledger_balance"
        " ORDER BY property_id, account, subject;"
        "DROP TABLE ledger_balance;"
        "ALTER TABLE balance_moved RENAME TO ledger_balance;";

/* A day says up to which batch it is filled: a run that is cut short counts nothing twice. */
static const char report_taken[] =
        "ALTER TABLE report_day ADD COLUMN taken_file BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE report_day ADD COLUMN taken_row BIGINT NOT NULL DEFAULT 0;";

/* Each list of charges asks for the first and the last day with a correction, and no more of them. */
static const char corrections[] =
        "CREATE INDEX correction_day ON charge_correction(property_id, day);";

const struct migration store_migrations[] = {
        {1,  places,        NULL       },
        {2,  commands,      NULL       },
        {3,  records,       NULL       },
        {4,  answers,       NULL       },
        {5,  numbers,       NULL       },
        {6,  people,        NULL       },
        {7,  organisation,  NULL       },
        {8,  sheets,        NULL       },
        {9,  keys,          NULL       },
        {10, approvals,     NULL       },
        {11, persons,       NULL       },
        {12, plans,         NULL       },
        {13, gateways,      NULL       },
        {14, batch_indexes, NULL       },
        {15, signatures,    NULL       },
        {16, webhooks,      NULL       },
        {17, gateway_boots, NULL       },
        {18, lease_rooms,   NULL       },
        {19, ledger,        NULL       },
        {20, webhook_keys,  NULL       },
        {21, day_ranges,    NULL       },
        {22, accounts,      NULL       },
        {23, tariffs,       NULL       },
        {24, charges,       NULL       },
        {25, supply,        NULL       },
        {26, messages,      NULL       },
        {27, orders,        NULL       },
        {28, payments,      NULL       },
        {29, vending,       NULL       },
        {30, purses,        NULL       },
        {31, account_bills, NULL       },
        {32, allowances,    NULL       },
        {33, supply_limits, NULL       },
        {34, purse_ways,    NULL       },
        {35, rosters,       NULL       },
        {36, reports,       NULL       },
        {37, alarms,        NULL       },
        {38, overview,      NULL       },
        {39, open_commands, NULL       },
        {40, calendar_past, NULL       },
        {41, charge_days,   charge_move},
        {42, late_readings, NULL       },
        {43, ledger_marks,  NULL       },
        {44, meter_prices,  NULL       },
        {45, meter_told,    NULL       },
        {46, photos,        NULL       },
        {47, task_owners,   NULL       },
        {48, balance_order, NULL       },
        {49, report_taken,  NULL       },
        {50, corrections,   NULL       },
        {0,  NULL,          NULL       },
};

/* One index for both needs: a repeat of a batch has the same bytes, hence the same t_max, and a
 * query by time reads it as a range. `hash` is SipHash-2-4 of the body under the store's own key:
 * it proves the bytes when they are read, and tells a repeat from the same key with other
 * content. */
static const char batches[] =
        "CREATE TABLE batch(property_id BIGINT NOT NULL, gateway_id BIGINT NOT NULL,"
        " boot BIGINT NOT NULL, seq BIGINT NOT NULL, t_min BIGINT NOT NULL,"
        " t_max BIGINT NOT NULL, stored_ms BIGINT NOT NULL, hash BIGINT NOT NULL,"
        " body BLOB NOT NULL, UNIQUE(property_id, gateway_id, t_max, boot, seq));";

const struct migration day_migrations[] = {
        {1, batches, NULL},
        {0, NULL,    NULL}
};

int migration_newest(const struct migration *list)
{
	int newest = 0;

	for (; list->id; list++)
		newest = list->id;
	return newest;
}

enum err migration_found(struct db *db, int *id)
{
	struct stmt *st;
	bool has_table;
	enum err err;

	*id = 0;
	err = db_has_table(db, "schema_migration", &has_table);
	if (err || !has_table)
		return err;
	st = db_query(db, "SELECT coalesce(max(id),0) FROM schema_migration");
	if (stmt_row(st))
		*id = (int)col_i64(st);
	return stmt_end(st);
}

static enum err has_migration(struct db *db, int id, bool *has)
{
	struct stmt *st = db_query(db, "SELECT count(*) FROM schema_migration WHERE id=?");

	bind_i64(st, id);
	*has = stmt_row(st) && col_i64(st) > 0;
	return stmt_end(st);
}

/* Another process may have been faster: what is there is asked again where nobody else writes. */
static enum err apply(struct db *db, const struct migration *m)
{
	bool has = false;
	struct stmt *st;
	enum err err;

	err = db_exec(db, "BEGIN IMMEDIATE");
	if (err)
		return err;
	err = db_exec(db, "CREATE TABLE IF NOT EXISTS schema_migration(id BIGINT PRIMARY KEY)");
	if (!err)
		err = has_migration(db, m->id, &has);
	if (!err && !has)
		err = db_exec(db, m->sql);
	if (!err && !has && m->move)
		err = m->move(db);
	if (!err && !has) {
		st = db_query(db, "INSERT INTO schema_migration(id) VALUES(?)");
		bind_i64(st, m->id);
		err = stmt_run(st);
	}
	if (!err)
		err = db_exec(db, "COMMIT");
	if (err && db_in_transaction(db))
		(void)!db_exec(db, "ROLLBACK");
	return err;
}

/* One look instead of one for each: a store is opened far more often than it is migrated. */
static enum err has_all(struct db *db, const struct migration *list, bool *all)
{
	struct stmt *st = db_query(db, "SELECT count(*) FROM schema_migration WHERE id<=?");
	int64_t count = 0;

	for (const struct migration *m = list; m->id; m++)
		count++;
	bind_i64(st, migration_newest(list));
	*all = stmt_row(st) && col_i64(st) == count;
	return stmt_end(st);
}

/* `found`: the newest in `db`; `other`: only what it has, NULL: all. */
static enum err apply_missing(struct db *db, int found, const struct migration *list,
                              struct db *other)
{
	enum err err = ERR_NONE;
	bool all = false;

	if (found)
		err = has_all(db, list, &all);
	for (; !err && !all && list->id; list++) {
		bool has = false, wanted = true;

		if (found)
			err = has_migration(db, list->id, &has);
		if (!err && other)
			err = has_migration(other, list->id, &wanted);
		if (!err && wanted && !has)
			err = apply(db, list);
	}
	return err;
}

enum err migrate(struct db *db, const struct migration *list)
{
	enum err err;
	int found;

	err = migration_found(db, &found);
	if (err)
		return err;
	return found > migration_newest(list) ? ERR_VERSION : apply_missing(db, found, list, NULL);
}

enum err migrate_like(struct db *db, struct db *other)
{
	int found, wanted;
	enum err err;

	err = migration_found(db, &found);
	if (!err)
		err = migration_found(other, &wanted);
	if (err)
		return err;
	if (wanted == 0)
		return ERR_NOT_FOUND;
	return wanted > migration_newest(store_migrations)
	               ? ERR_VERSION
	               : apply_missing(db, found, store_migrations, other);
}
