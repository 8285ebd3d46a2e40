#!/usr/bin/env python3
"""Random tariffs and registers, billed by `wattle tariff try` and by rebill.py: compare.py WATTLE FIRST COUNT.

Every day, line and version must have the same units and the same exact charge, and every line and version the same whole
fen in the end. A line for each seed, `ok` or `not ok`; exit 1 if one differs, or if nothing was compared."""

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from datetime import date, datetime, timezone
from decimal import Decimal

from plans import case
from rebill import EPOCH, REST_PER_FEN, Bill, Version


def when(at_s):
    return datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def product(wattle, versions, marks, folder):
    """({(day, line, version): (units, exact)}, {(line, version): fen}) as the program prints them."""
    plan, readings = os.path.join(folder, "plan.json"), os.path.join(folder, "readings.csv")
    with open(plan, "w", encoding="utf-8") as f:
        json.dump({"versions": [{"valid_from": when(at), "plan": body} for _, at, body in versions]}, f)
    with open(readings, "w", encoding="utf-8") as f:
        f.write("time,register\n" + "".join(f"{when(at)},{wh // 1000}.{wh % 1000:03d}\n" for at, wh in marks))
    out = subprocess.run([wattle, "tariff", "try", plan, readings], capture_output=True, text=True, check=False)
    if out.returncode:
        raise ValueError(f"exit {out.returncode}: {out.stderr.strip()}")
    exact, fen = defaultdict(lambda: [0, 0]), defaultdict(int)
    for row in csv.DictReader(out.stdout.lstrip("\ufeff").splitlines()):
        if not row["line"]:
            continue  # the sum
        day = (date.fromisoformat(row["day"]) - EPOCH).days
        line, version = int(row["line"]), int(row["version"])
        exact[day, line, version][0] += int(Decimal(row["units"]) * 1000)
        exact[day, line, version][1] += int(Decimal(row["exact"]) * 10**9)
        fen[line, version] += int(Decimal(row["amount"]) * 100)
    return exact, fen


def second_hand(versions, marks):
    bill = Bill([Version(*v) for v in versions])
    exact, fen = defaultdict(lambda: [0, 0]), defaultdict(int)
    for (a, first), (b, last) in zip(marks, marks[1:]):
        bill.interval(a, first, b, last)
    for p in bill.pieces:
        exact[p["day"], p["line"], p["version"]][0] += p["units"]
        exact[p["day"], p["line"], p["version"]][1] += p["exact"]
        fen[p["line"], p["version"]] += p["exact"]
    return exact, {key: sum_ // REST_PER_FEN for key, sum_ in fen.items()}


def differences(ours, theirs):
    """Rows of nothing may be there or not."""
    for key in sorted(ours.keys() | theirs.keys()):
        a, b = ours.get(key, 0), theirs.get(key, 0)
        if a != b and not (a in (0, [0, 0]) and b in (0, [0, 0])):
            yield f"{key}: the program {a}, by the rules {b}"


def main(wattle, first, count):
    rows = bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(int(first), int(first) + int(count)):
            versions, marks = case(seed)
            exact, fen = second_hand(versions, marks)
            try:
                got, got_fen = product(wattle, versions, marks, folder)
                wrong = [*differences(got, exact), *differences(got_fen, fen)]
            except ValueError as error:
                wrong = [str(error)]
            rows += len(exact)
            bad += bool(wrong)
            print(f"not ok seed {seed}: {wrong[0]}" if wrong else f"ok seed {seed}", flush=True)
            for line in wrong[1:4]:
                print(f"  {line}")
    print(f"{count} tariffs, {rows} days and lines, {bad} with differences")
    return 1 if bad or not rows else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
