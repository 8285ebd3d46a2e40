/* The texts of the schema's steps, by subject (migrations_*.c); migrations.c has the list and their order. What is once
 * released is never edited. Rules: docs/design/store.md. In short: property_id first in every key of what
 * belongs to a property, BIGINT numbers, times with their unit in the name, no triggers, nothing
 * that Citus refuses (reference tables: store_info, sequence, property_group, property, users,
 * session, day_file, day_file_range, role, role_option, user_grant, user_recovery, invitation, calendar and what is
 * in it, alarm_plan, message_template, privacy_text, tariff, tariff_version). */
#ifndef PLATFORM_STORE_MIGRATION_TEXTS_H
#define PLATFORM_STORE_MIGRATION_TEXTS_H

/* migrations_site.c */
extern const char migration_places[];
extern const char migration_commands[];
extern const char migration_records[];
extern const char migration_answers[];
extern const char migration_numbers[];
extern const char migration_organisation[];
extern const char migration_sheets[];
extern const char migration_plans[];
extern const char migration_gateways[];
extern const char migration_gateway_boots[];
extern const char migration_batch_indexes[];
extern const char migration_lease_rooms[];
extern const char migration_day_ranges[];
extern const char migration_alarms[];
extern const char migration_overview[];
extern const char migration_reports[];
extern const char migration_open_commands[];
extern const char migration_photos[];
extern const char migration_report_taken[];
extern const char migration_batches[];

/* migrations_people.c */
extern const char migration_people[];
extern const char migration_persons[];
extern const char migration_approvals[];
extern const char migration_keys[];
extern const char migration_signatures[];
extern const char migration_webhooks[];
extern const char migration_webhook_keys[];
extern const char migration_rosters[];
extern const char migration_task_owners[];

/* migrations_money.c */
extern const char migration_ledger[];
extern const char migration_accounts[];
extern const char migration_tariffs[];
extern const char migration_charges[];
extern const char migration_account_bills[];
extern const char migration_orders[];
extern const char migration_payments[];
extern const char migration_vending[];
extern const char migration_allowances[];
extern const char migration_calendar_past[];
extern const char migration_charge_days[];
extern const char migration_late_readings[];
extern const char migration_ledger_marks[];
extern const char migration_balance_order[];
extern const char migration_corrections[];
extern const char migration_closed_days[];

/* migrations_supply.c */
extern const char migration_supply[];
extern const char migration_messages[];
extern const char migration_purses[];
extern const char migration_supply_limits[];
extern const char migration_purse_ways[];
extern const char migration_meter_prices[];
extern const char migration_meter_told[];

#endif
