#!/usr/bin/env python3
"""Folds the ledger of a store a second time and compares: fold.py wattle.db. Exit 1 and a line for each difference.

Reads the tables as docs/design/ledger.md and money.md describe them; shares no code with the platform."""

import sqlite3
import sys
from collections import defaultdict

REST_PER_FEN = 10_000_000
SALES = 7


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
    newest = {}
    for prop, no, account, subject, before in db.execute(
            "SELECT DISTINCT property_id, group_no, account, subject, before_no FROM ledger_entry ORDER BY group_no"):
        if newest.get((prop, account, subject), 0) != before:
            yield f"property {prop} group {no}: the entry before it is said to be of group {before}"
        newest[prop, account, subject] = no
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


def numbers(data):
    """Reads zigzag varints; every value is taken modulo 2^64 as a signed one."""
    at = 0

    def one():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return signed(value >> 1 ^ -(value & 1))

    def byte():
        nonlocal at
        at += 1
        return data[at - 1]

    return one, byte, lambda: at < len(data)


def signed(value):
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def parts(one, byte, more, day):
    """The packed charges (docs/design/money.md, "What is stored"), as dictionaries."""
    last = {"day": day, "version": 0, "to_s": day * 86400, "to_units": 0}
    while more():
        head, told = byte(), byte()
        p = {"line": head & 15, "estimated": bool(head & 16), "allowance": one() if head & 32 else 0}
        p["day"] = signed(last["day"] + (one() if told & 1 else 0))
        p["version"] = one() if told & 2 else last["version"]
        p["rate"], p["step"] = one(), one()
        p["from_s"] = signed(last["to_s"] + (one() if told & 4 else 0))
        p["to_s"] = signed(p["from_s"] + one())
        p["from_units"] = signed(last["to_units"] + (one() if told & 8 else 0))
        p["to_units"] = signed(p["from_units"] + one())
        p["units"] = signed(p["to_units"] - p["from_units"] + (one() if told & 16 else 0))
        p["price_uy"] = one()
        p["exact"] = signed(p["units"] * p["price_uy"] + (one() if told & 32 else 0))
        p["amount"] = one()
        yield p
        last = p


def charged(db):
    """Exact charges to whole fen: floor of what came so far, per meter, line and version, day after day."""
    exact, fen, order, paid = defaultdict(int), defaultdict(int), {}, defaultdict(int)
    for prop, meter, day, group, amount, correction, data in db.execute(
            "SELECT property_id, meter, day, group_no, amount_fen, correction, parts FROM"
            " (SELECT property_id, meter, day, use_from_s, group_no, amount_fen, 0 AS correction, parts FROM charge_day"
            " UNION ALL SELECT property_id, meter, day, use_from_s, group_no, amount_fen, 1, parts FROM charge_correction)"
            " ORDER BY property_id, meter, max(group_no, 0), day, use_from_s"):
        one, byte, more = numbers(data)
        if byte() != 1:
            yield f"charges of meter {meter} day {day} of property {prop}: another format"
            continue
        whole = 0
        for p in parts(one, byte, more, day):
            key = prop, meter, p["line"], p["version"]
            exact[key] += p["exact"]
            fen[key] += p["amount"]
            order[key] = exact[key]
            whole += p["amount"]
            if p["line"] == 0 and not p["estimated"] and not correction and p["to_units"] - p["from_units"] != p["units"]:
                yield f"charge of meter {meter} day {day} of property {prop}: {p['units']} units between {p['from_units']} and {p['to_units']}"
        if whole != amount:
            yield f"charges of meter {meter} day {day} of property {prop}: {amount} fen, its parts are {whole}"
        if group > 0:
            paid[prop, group] += amount
    for key, amount in fen.items():
        if order[key] // REST_PER_FEN != amount:
            yield f"charges {key}: {order[key]} exact is not {amount} fen"
    for prop, meter, data in db.execute("SELECT property_id, meter, state FROM rating"):
        one, byte, more = numbers(data)
        if byte() != 1:
            yield f"cursor of meter {meter} of property {prop}: another format"
            continue
        _, _, _, _, accrued, posted_day, _ = (one() for _ in range(7))
        for _ in range(one()):
            line, version, rest = one(), one(), one()
            key = prop, meter, line, version
            if not 0 <= rest < REST_PER_FEN or (key in fen and order[key] - fen[key] * REST_PER_FEN != rest):
                yield f"rest {key}: {rest}"
        if sum(p["exact"] for p in parts(one, byte, more, posted_day)) != accrued:
            yield f"cursor of meter {meter} of property {prop}: accrued {accrued}"
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
