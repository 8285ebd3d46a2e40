#!/usr/bin/env python3
"""Bills registers a second time, by the rules of docs/design/tariff.md and docs/protocol/tariff.md alone.

Nothing here is shared with libs/credit: other language, other method. The product walks from edge to edge with
carried state; this one asks for each whole second that may matter what held then, and keeps fractions exact.
Amounts are micro-yuan x 1/1000 (one Wh at one micro-yuan per kWh), as integers."""

from bisect import bisect_right
from datetime import date, timedelta

DAY_S = 86400
EPOCH = date(1970, 1, 1)
REST_PER_FEN = 10_000_000


class Version:
    """One version of a tariff: `body` as in docs/protocol/tariff.md, valid from a second on."""

    def __init__(self, number, valid_from_s, body, offset_s=28800):
        self.number, self.valid_from_s, self.body, self.offset_s = number, valid_from_s, body, offset_s
        self.rates = [r["price_uy"] for r in body["rates"]]
        self.steps = body.get("steps")
        self.holidays = body.get("holidays", [])

    # ---- civil time ----

    def civil(self, at_s):
        day, second = divmod(at_s + self.offset_s, DAY_S)
        return EPOCH + timedelta(days=day), second

    def instant(self, on, second=0):
        return (on - EPOCH).days * DAY_S + second - self.offset_s

    # ---- rate ----

    def calendar(self, at_s):
        later = self.body.get("next_calendar")
        if later and at_s >= later["from"]:
            return later
        return self.body.get("calendar", {})

    def table_of(self, calendar, on):
        own = [h for h in self.holidays if (h["month"], h["day"]) == (on.month, on.day)]
        exact = [h for h in own if h.get("year") == on.year]
        yearly = [h for h in own if not h.get("year")]
        if exact or yearly:
            return (exact or yearly)[0]["table"]
        zones = calendar.get("zones", [])
        if not zones:
            return 1
        before = [z for z in zones if (z["month"], z["day"]) <= (on.month, on.day)]
        return (before or zones)[-1]["table"]

    def slots(self, calendar, table):
        tables = calendar.get("tables", [])
        if not tables:
            return []
        return [(minute_of(s["from"]), s["rate"]) for s in tables[table - 1]["slots"]] if table <= len(tables) else []

    def rate(self, at_s):
        calendar = self.calendar(at_s)
        on, second = self.civil(at_s)
        slots = self.slots(calendar, self.table_of(calendar, on)) or self.slots(calendar, 1)
        if not slots:
            return 1
        begun = [rate for minute, rate in slots if minute * 60 <= second]
        return begun[-1] if begun else slots[-1][1]

    # ---- steps ----

    def settlements(self, year):
        settle = (self.steps or {}).get("settle", [])
        if not settle and self.steps and self.steps.get("unsettled") == "monthly":
            settle = [{"day": 1}]
        for s in settle:
            for month in [s["month"]] if s.get("month") else range(1, 13):
                yield self.instant(date(year, month, s["day"]), s.get("hour", 0) * 3600)

    def settled(self, at_s):
        """The settlement instant that holds at at_s; None: steps never settle."""
        year = self.civil(at_s)[0].year
        past = [s for y in (year - 1, year) for s in self.settlements(y) if s <= at_s]
        return max(past) if past else None

    def step(self, used):
        """(0-based step of the next unit, units until the next step or None)."""
        if not self.steps or self.settled(self.valid_from_s + 2 * 366 * DAY_S) is None:
            return 0, None
        i = bisect_right(self.steps["thresholds"], used)
        return i, self.steps["thresholds"][i] - used if i < len(self.steps["thresholds"]) else None

    def price(self, rate, step):
        price = self.rates[rate - 1]
        if not self.steps or self.settled(self.valid_from_s + 2 * 366 * DAY_S) is None:
            return price
        if self.steps.get("combine", "sum") == "sum":
            return price + self.steps["prices_uy"][step]
        return (price * self.steps["factors_ppm"][step] * 2 + 1_000_000) // 2_000_000

    # ---- where something may change ----

    def edges(self, from_s, to_s):
        """Every instant inside (from_s, to_s) at which rate, day or step may change."""
        found = set()
        on = self.civil(from_s)[0]
        while self.instant(on) < to_s:
            midnight = self.instant(on)
            found.add(midnight)
            for calendar in (self.body.get("calendar", {}), self.body.get("next_calendar", {})):
                for minute, _ in self.slots(calendar, self.table_of(calendar, on)) or self.slots(calendar, 1):
                    found.add(midnight + minute * 60)
            on += timedelta(days=1)
        if self.body.get("next_calendar"):
            found.add(self.body["next_calendar"]["from"])
        for year in range(self.civil(from_s)[0].year, self.civil(to_s)[0].year + 1):
            found.update(self.settlements(year))
        return sorted(t for t in found if from_s < t < to_s)


def minute_of(text):
    return int(text[:2]) * 60 + int(text[3:5])


class Bill:
    """Charges of one meter. Feed it registers; it keeps exact sums per (day, line, version)."""

    def __init__(self, versions):
        self.versions = sorted(versions, key=lambda v: v.valid_from_s)
        self.used, self.settled_s = 0, None
        self.pieces = []

    def version_at(self, at_s):
        valid = [v for v in self.versions if v.valid_from_s <= at_s]
        return valid[-1] if valid else None

    def interval(self, from_s, from_units, to_s, to_units):
        total, length = to_units - from_units, to_s - from_s
        assert total >= 0 and length > 0 and self.version_at(from_s)
        cuts = {from_s, to_s} | {v.valid_from_s for v in self.versions if from_s < v.valid_from_s < to_s}
        borders = sorted(cuts)
        for a, b in zip(borders, borders[1:]):
            cuts.update(self.version_at(a).edges(a, b))
        cuts = sorted(cuts)
        # A cut at which nothing changes divides nothing: neighbours of one version, day, rate and period are one.
        merged = [cuts[0]]
        for a in cuts[1:-1]:
            if self.what_holds(a) != self.what_holds(a - 1):
                merged.append(a)
        merged.append(cuts[-1])
        for a, b in zip(merged, merged[1:]):
            share = total * (b - from_s) // length - total * (a - from_s) // length
            self.span(a, b, share, estimated=len(merged) > 2)

    def what_holds(self, at_s):
        v = self.version_at(at_s)
        return v.number, v.civil(at_s)[0], v.rate(at_s), v.settled(at_s)

    def span(self, from_s, to_s, units, estimated):
        v = self.version_at(from_s)
        settled = v.settled(from_s)
        if settled is not None and (self.settled_s is None or settled > self.settled_s):
            if self.settled_s is not None:
                self.used = 0
            self.settled_s = settled
        day, rate = (v.civil(from_s)[0] - EPOCH).days, v.rate(from_s)
        while units > 0:
            step, remain = v.step(self.used)
            part = units if remain is None else min(units, remain)
            prices = [v.price(rate, step)] + [line["price_uy"] for line in v.body.get("lines", [])]
            for line, price in enumerate(prices):
                self.pieces.append({"day": day, "line": line, "version": v.number, "rate": rate, "step": step,
                                    "units": part, "price_uy": price, "exact": part * price,
                                    "estimated": estimated})
            self.used += part
            units -= part

    def posted(self):
        """Whole fen of each (day, line, version): what is left below one fen goes on to the next day."""
        exact, rest, fen = {}, {}, {}
        for p in self.pieces:
            key = p["day"], p["line"], p["version"]
            exact[key] = exact.get(key, 0) + p["exact"]
        for day, line, version in sorted(exact):
            sum_ = exact[day, line, version] + rest.get((line, version), 0)
            fen[day, line, version], rest[line, version] = divmod(sum_, REST_PER_FEN)
        return fen, rest
