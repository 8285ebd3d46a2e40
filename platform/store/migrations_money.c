/* Migrations of what use costs and who has paid: ledger, accounts, tariffs, charges, orders, payments, selling. */
#include "platform/store/migration_texts.h"

/* Groups and entries are appended; balances and state are kept beside them and carry a proof. */
const char migration_ledger[] =
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

/* Accounts: contracts with dated terms and dated uses of meters; which meter stands below which. */
const char migration_accounts[] =
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
const char migration_tariffs[] =
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
const char migration_charges[] =
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

/* Bills of postpaid accounts; how far the daily work of an account has come; staged balances of a room or
 * customer. */
const char migration_account_bills[] =
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
const char migration_orders[] =
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
const char migration_payments[] =
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
const char migration_vending[] =
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

/* Free energy and money: what was given, used, and lapsed. */
const char migration_allowances[] =
        "CREATE TABLE allowance(property_id BIGINT NOT NULL, allowance_id BIGINT NOT NULL,"
        " account_id BIGINT NOT NULL, kind BIGINT NOT NULL, service BIGINT NOT NULL,"
        " source TEXT NOT NULL, period BIGINT NOT NULL, amount BIGINT NOT NULL,"
        " cap BIGINT NOT NULL, from_s BIGINT NOT NULL, until_s BIGINT NOT NULL,"
        " period_no BIGINT NOT NULL, left_now BIGINT NOT NULL, given BIGINT NOT NULL,"
        " used BIGINT NOT NULL, lapsed BIGINT NOT NULL, ended_s BIGINT NOT NULL,"
        " by_name TEXT NOT NULL, created_s BIGINT NOT NULL, version BIGINT NOT NULL,"
        " PRIMARY KEY(property_id, allowance_id));"
        "CREATE INDEX allowance_account ON allowance(property_id, account_id, ended_s);";

/* What days of a calendar were once they had begun, when it changed afterwards. */
const char migration_calendar_past[] =
        "CREATE TABLE calendar_kept(calendar_id BIGINT NOT NULL, day BIGINT NOT NULL,"
        " kind BIGINT NOT NULL, PRIMARY KEY(calendar_id, day));";

/* A posted day of a meter is one row, in the order of days; what is open stands beside the cursor. An entry
 * names the group of the one before it of its account, so that no index by account grows at a thousand places
 * each night. */
const char migration_charge_days[] =
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
const char migration_late_readings[] =
        "CREATE TABLE rating_gap(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " to_s BIGINT NOT NULL, use_from_s BIGINT NOT NULL, state BLOB NOT NULL,"
        " PRIMARY KEY(property_id, meter, to_s)) WITHOUT ROWID;"
        "CREATE TABLE charge_correction(property_id BIGINT NOT NULL, meter BIGINT NOT NULL,"
        " day BIGINT NOT NULL, to_s BIGINT NOT NULL, from_s BIGINT NOT NULL,"
        " use_from_s BIGINT NOT NULL, account_id BIGINT NOT NULL, group_no BIGINT NOT NULL,"
        " amount_fen BIGINT NOT NULL, parts BLOB NOT NULL,"
        " PRIMARY KEY(property_id, meter, day, to_s, from_s)) WITHOUT ROWID;";

/* How far the books of a property are proved, so that a night proves what is new. */
const char migration_ledger_marks[] =
        "CREATE TABLE ledger_mark(property_id BIGINT PRIMARY KEY, group_count BIGINT NOT NULL,"
        " receipt_count BIGINT NOT NULL, balances BIGINT NOT NULL, hash BLOB NOT NULL,"
        " whole_day BIGINT NOT NULL);";

/* Balances lie in the order of their key: a night reads and writes those of all tenants. */
const char migration_balance_order[] =
        "CREATE TABLE balance_moved(property_id BIGINT NOT NULL, account BIGINT NOT NULL,"
        " subject BIGINT NOT NULL, balance_fen BIGINT NOT NULL, entry_count BIGINT NOT NULL,"
        " group_no BIGINT NOT NULL, proof BLOB NOT NULL,"
        " PRIMARY KEY(property_id, account, subject)) WITHOUT ROWID;"
        "INSERT INTO balance_moved SELECT property_id, account, subject, balance_fen,"
        " entry_count, group_no, proof FROM ledger_balance"
        " ORDER BY property_id, account, subject;"
        "DROP TABLE ledger_balance;"
        "ALTER TABLE balance_moved RENAME TO ledger_balance;";

/* Each list of charges asks for the first and the last day with a correction, and no more of them. */
const char migration_corrections[] =
        "CREATE INDEX correction_day ON charge_correction(property_id, day);";
