#!/usr/bin/env python3
"""Folds the ledger of a store a second time and compares: fold.py wattle.db. Exit 1 and a line for each difference.

Reads the tables as docs/design/ledger.md and money.md describe them; shares no code with the platform."""

import sqlite3
import sys
from collections import defaultdict

REST_PER_FEN = 10_000_000
SALES, ACCOUNT = 9, 1
KIND_CHARGE = "charge"


def folded(db):
    """{(property, account, subject): [sum, entries, newest group]} of all entries, and the groups that do not sum to zero."""
    balances, groups = defaultdict(lambda: [0, 0, 0]), defaultdict(lambda: [0, 0])
    for prop, no, account, subject, amount in db.execute(
            "SELECT property_id, group_no, account, subject, amount_fen FROM ledger_entry ORDER BY property_id, group_no, line"):
        balance = balances[prop, account, subject]
        balance[0] += amount
        balance[1] += 1
        balance[2] = no
        groups[prop, no][0] += amount
        groups[prop, no][1] += 1
        if amount == 0:
            yield f"property {prop} group {no}: an entry of 0"
    for (prop, no), (amount, entries) in groups.items():
        if amount != 0 or entries < 2:
            yield f"property {prop} group {no}: {entries} entries sum to {amount} fen"
    stored = {}
    for prop, account, subject, fen, entries, no in db.execute(
            "SELECT property_id, account, subject, balance_fen, entry_count, group_no FROM ledger_balance"):
        stored[prop, account, subject] = [fen, entries, no]
    for key in balances.keys() | stored.keys():
        if balances.get(key) != stored.get(key):
            yield f"balance {key}: stored {stored.get(key)}, folded {balances.get(key)}"
    for (prop,) in db.execute("SELECT DISTINCT property_id FROM ledger_group"):
        numbers = [n for (n,) in db.execute("SELECT group_no FROM ledger_group WHERE property_id=? ORDER BY group_no", (prop,))]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"property {prop}: group numbers have gaps"
        receipts = [n for (n,) in db.execute(
            "SELECT receipt_no FROM ledger_group WHERE property_id=? AND receipt_no>0 ORDER BY group_no", (prop,))]
        if receipts != list(range(1, len(receipts) + 1)):
            yield f"property {prop}: receipt numbers have gaps or are out of order"
        count, receipt_count = db.execute("SELECT group_count, receipt_count FROM ledger_state WHERE property_id=?", (prop,)).fetchone()
        if (count, receipt_count) != (len(numbers), len(receipts)):
            yield f"property {prop}: its state says {count} groups and {receipt_count} receipts"
    for prop, no in db.execute("SELECT e.property_id, e.group_no FROM ledger_entry e LEFT JOIN ledger_group g"
                               " ON g.property_id=e.property_id AND g.group_no=e.group_no WHERE g.group_no IS NULL"):
        yield f"property {prop}: entries of a group {no} that does not exist"


def charged(db):
    """Exact charges to whole fen: floor of what came so far, per meter, line and version, day after day."""
    exact, fen, order = defaultdict(int), defaultdict(int), {}
    for prop, meter, day, use, line, version, part, amount, group in db.execute(
            "SELECT property_id, meter, day, use_from_s, line, version_id, exact, amount_fen, group_no FROM charge"
            " ORDER BY property_id, meter, group_no=0, group_no, day, charge_no"):
        key = prop, meter, line, version
        exact[key] += part
        if group:
            fen[key] += amount
            order[key] = exact[key]
    for key, amount in fen.items():
        if order[key] // REST_PER_FEN != amount:
            yield f"charges {key}: {order[key]} exact is not {amount} fen"
    for prop, meter, line, version, rest in db.execute("SELECT property_id, meter, line, version_id, rest FROM rating_rest"):
        key = prop, meter, line, version
        if not 0 <= rest < REST_PER_FEN or (key in fen and order[key] - fen[key] * REST_PER_FEN != rest):
            yield f"rest {key}: {rest}"
    for prop, meter, day, no, units, first, last in db.execute(
            "SELECT property_id, meter, day, charge_no, units, from_units, to_units FROM charge"
            " WHERE line=0 AND estimated=0 AND to_units-from_units<>units"):
        yield f"charge of meter {meter} day {day} no {no} of property {prop}: {units} units between {first} and {last}"
    paid = defaultdict(int)
    for prop, group, amount in db.execute("SELECT property_id, group_no, amount_fen FROM charge WHERE group_no<>0"):
        paid[prop, group] += amount
    for (prop, group), amount in paid.items():
        (sold,) = db.execute("SELECT coalesce(sum(amount_fen),0) FROM ledger_entry WHERE property_id=? AND group_no=? AND account=?",
                             (prop, group, SALES)).fetchone()
        if sold != amount:
            yield f"property {prop} group {group}: {sold} fen sold, its charges are {amount}"


def main(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    wrong = [*folded(db), *charged(db)]
    groups = db.execute("SELECT count(*) FROM ledger_group").fetchone()[0]
    for line in wrong:
        print(line)
    print(f"{groups} groups, {len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
