"""Random tariffs and registers: every shape that docs/protocol/tariff.md allows, and awkward instants on purpose."""

import random
from datetime import date, timedelta

from rebill import DAY_S, EPOCH

OFFSET_S = 28800


def slots(r, rates):
    count = r.randint(1, 14)
    minutes = sorted(r.sample(range(0, 96), count))
    # In quarters of an hour, so that no two are closer than 15 minutes, also over midnight.
    return [{"from": f"{m * 15 // 60:02d}:{m * 15 % 60:02d}", "rate": r.randint(1, rates)} for m in minutes]


def month_day(r):
    return {"month": r.randint(1, 12), "day": r.randint(1, 28)}


def calendar(r, rates, tables):
    made = {"tables": [{"slots": slots(r, rates) if r.random() < 0.9 else []} for _ in range(tables)]}
    days = sorted({(z["month"], z["day"]) for z in (month_day(r) for _ in range(r.randint(0, 14)))})
    made["zones"] = [{"month": m, "day": d, "table": r.randint(1, tables)} for m, d in days]
    return made


def steps(r):
    count = r.randint(1, 6)
    made = {"thresholds": sorted(r.sample(range(1, 3_000_000), count))}
    if r.random() < 0.5:
        made["combine"] = "factor"
        made["factors_ppm"] = [r.randint(0, 3_000_000) for _ in range(count + 1)]
    else:
        made["prices_uy"] = [r.randint(0, 900_000) for _ in range(count + 1)]
    kind = r.choice(["yearly", "monthly", "free", "unsettled"])
    if kind == "yearly":
        instants = sorted({(s["month"], s["day"], r.randint(0, 23)) for s in (month_day(r) for _ in range(r.randint(1, 4)))})
        made["settle"] = [{"month": m, "day": d, "hour": h} for m, d, h in instants]
    elif kind == "monthly":
        days = sorted(r.sample(range(1, 29), r.randint(1, 4)))
        made["settle"] = [{"day": d, "hour": r.randint(0, 23)} for d in days]
    else:
        made["unsettled"] = "free" if kind == "free" else "monthly"
    return made


def holidays(r, tables, years):
    days = sorted({(r.choice(years + [0]), r.randint(1, 12), r.randint(1, 28)) for _ in range(r.randint(0, 12))})
    seen, made = set(), []
    for year, month, day in days:
        if (month, day) in seen:
            continue
        seen.add((month, day))
        made.append({"month": month, "day": day, "table": r.randint(1, tables), **({"year": year} if year else {})})
    return made


def body(r, first, with_steps):
    rates = r.randint(1, 6)
    made = {"rates": [{"name": f"r{i}", "price_uy": r.randint(0, 2_000_000)} for i in range(rates)]}
    tables = r.randint(1, 8)
    if r.random() < 0.8:
        made["calendar"] = calendar(r, rates, tables)
        if r.random() < 0.3:
            switch = (first - EPOCH).days * DAY_S + r.randint(0, 500 * DAY_S)
            made["next_calendar"] = {**calendar(r, rates, tables), "from": switch}
        if r.random() < 0.5:
            made["holidays"] = holidays(r, tables, [first.year, first.year + 1])
    if with_steps:
        made["steps"] = with_steps
    made["lines"] = [{"name": f"l{i}", "price_uy": r.randint(0, 1_500_000)} for i in range(r.randint(0, 3))]
    return made


def registers(r, first):
    """(second, units) of a meter: regular, with gaps of months, on edges, and one second apart."""
    at = (first - EPOCH).days * DAY_S - OFFSET_S + r.randint(0, DAY_S)
    units, marks = r.randint(0, 10_000_000), []
    for _ in range(r.randint(2, 120)):
        marks.append((at, units))
        step = r.choice([1, 60, 900, 900, 3600, DAY_S, r.randint(1, 40 * DAY_S)])
        at += step
        if r.random() < 0.3:  # on a midnight, or next to it
            at = (at + OFFSET_S) // DAY_S * DAY_S - OFFSET_S + DAY_S + r.choice([0, 0, 1, -1])
        # Never more than the rated power allows: 10 kW.
        units += r.choice([0, 1, r.randint(0, max(1, (at - marks[-1][0]) * 10000 // 3600))])
    return marks


def case(seed):
    """([(number, valid_from_s, body)], [(second, units)])"""
    r = random.Random(seed)
    first = date(r.choice([2026, 2027, 2028, 2037, 2099]), r.randint(1, 12), r.randint(1, 28)) + timedelta(days=r.randint(0, 3))
    marks = registers(r, first)
    with_steps = steps(r) if r.random() < 0.7 else None
    versions, at = [], marks[0][0]
    for number in range(1, r.randint(1, 3) + 1):
        versions.append((number, at, body(r, first, with_steps)))
        at += r.randint(1, 200 * DAY_S)
    return versions, marks
