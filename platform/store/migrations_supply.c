/* Migrations of what balances do to supply: decisions, messages to tenants, credit and prices in meters. */
#include "platform/store/migration_texts.h"

/* What balances mean for supply, what is wanted of each meter and why, and what waits for people. */
const char migration_supply[] =
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
const char migration_messages[] =
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

/* Credit that meters keep: both sides' purse, and the deliveries into it. */
const char migration_purses[] =
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

/* Orders that wait end at a time and are given as they were asked; what a circuit and a pipe carry at most. */
const char migration_supply_limits[] =
        "ALTER TABLE supply_rules ADD COLUMN held_s BIGINT;"
        "ALTER TABLE supply_rules ADD COLUMN power_max_w BIGINT;"
        "ALTER TABLE supply_rules ADD COLUMN flow_max_l_per_h BIGINT;"
        "ALTER TABLE supply_held ADD COLUMN expires_ms BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE supply_held ADD COLUMN expiry_s BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE supply_held ADD COLUMN resend_ms BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE supply_held ADD COLUMN clock_wait_ms BIGINT NOT NULL DEFAULT 0;"
        "CREATE INDEX supply_held_over ON supply_held(expires_ms) WHERE state=1 AND expires_ms>0;";

/* What carries a delivery, purses that are voided or filled by no order, and whose purse pays for a use. */
const char migration_purse_ways[] =
        "ALTER TABLE topup ADD COLUMN kind BIGINT NOT NULL DEFAULT 1;"
        "ALTER TABLE topup ADD COLUMN command_id BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE meter_purse ADD COLUMN read_counter BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE rating ADD COLUMN credit BIGINT NOT NULL DEFAULT 1;"
        "UPDATE rating SET credit=2 WHERE EXISTS(SELECT 1 FROM account_meter a"
        " WHERE a.property_id=rating.property_id AND a.meter=rating.meter"
        " AND a.from_s=rating.use_from_s AND a.credit='meter');"
        "ALTER TABLE meter ADD COLUMN model TEXT NOT NULL DEFAULT 'wattle-1';";

/* Meters that charge themselves: what they are to have, what is on its way, and both sums. */
const char migration_meter_prices[] =
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
const char migration_meter_told[] =
        "ALTER TABLE meter_price ADD COLUMN told_fen BIGINT NOT NULL DEFAULT 0;";
