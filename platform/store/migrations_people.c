/* Migrations of who acts: staff and their rights, second persons, personal data, keys of others, webhooks, acts for many. */
#include "platform/store/migration_texts.h"

/* People: roles, grants, what a login needs; the audit with what was before and after, and a chain
 * for each group. Sessions get numbers to be listed by, so those of before end. */
const char migration_people[] =
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

/* Personal data: how long it is kept, what was removed, what a group tells about it. */
const char migration_persons[] =
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
const char migration_approvals[] =
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

/* API keys: a reference table, as roles and grants are. */
const char migration_keys[] =
        "CREATE TABLE api_key(key_id BIGINT PRIMARY KEY, group_id BIGINT NOT NULL,"
        " property_id BIGINT NOT NULL, space_id BIGINT NOT NULL, name TEXT NOT NULL,"
        " start TEXT NOT NULL, token_hash TEXT NOT NULL UNIQUE, permissions BIGINT NOT NULL,"
        " made_by BIGINT NOT NULL, created_s BIGINT NOT NULL, expires_s BIGINT NOT NULL,"
        " ended_s BIGINT NOT NULL, used_s BIGINT NOT NULL, version BIGINT NOT NULL);";

/* Keys that sign reports. A take-over is found by whom or what it is about. */
const char migration_signatures[] =
        "CREATE TABLE sign_key(sign_id BIGINT PRIMARY KEY, public_key TEXT NOT NULL UNIQUE,"
        " seed_wrapped BLOB NOT NULL, created_s BIGINT NOT NULL);"
        "DROP INDEX takeover_meter;"
        "CREATE INDEX takeover_subject ON takeover_row(property_id, meter, customer_id, space_id);";

/* Webhooks and their outbox, which is their log as well. */
const char migration_webhooks[] =
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

/* A webhook that an API key made ends with it. */
const char migration_webhook_keys[] =
        "ALTER TABLE webhook ADD COLUMN made_by_key BIGINT NOT NULL DEFAULT 0;";

/* One act of a person for many accounts or meters, row by row. */
const char migration_rosters[] =
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

/* Who has a task in hand. */
const char migration_task_owners[] =
        "CREATE TABLE task_owner(property_id BIGINT NOT NULL, kind TEXT NOT NULL,"
        " object TEXT NOT NULL, user_id BIGINT NOT NULL, since_s BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, kind, object));";
