#!/usr/bin/env python3
"""Compares what was generated, spooled and stored, row by row, with decoders of its own:

    compare.py --spool DIR --store DIR [--gateway NAME] [--bus candump.log [--period S] [--away FROM,TO …]] [--stopped] [--json]

generated  value sets that the terminals sent on the CAN bus (the hub's log)
spooled    batches in the gateway's segment files (docs/protocol/spool.md)
stored     batches in the platform's readings-*.db

Every spooled batch must be stored exactly once with the same bytes, nothing else of this gateway may be
stored, and every spooled reading must be a value set that its terminal sent in those seconds. With a
period the other way as well: each period of it in which a terminal sent a new, valid value set has
a reading, except while the gateway was away (unix seconds). Exit 1 if not.

--stopped: the gateway has ended. At its end it spools what it had open, and keeps it for its next start, so
a batch that is not acknowledged need not be stored yet; how many are not is `waiting`."""
import argparse
import bisect
import collections
import glob
import json
import os
import sqlite3
import struct
import sys
import zlib

PROBLEMS_SHOWN = 1000
BUS_SLACK_S = 3.0
EDGE_S = 0.05


# ---- protobuf, only what the uplink needs ----

def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def fields(data):
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = struct.unpack_from("<Q", data, at)[0], at + 8
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            if len(value) != size:
                raise ValueError("cut short")
        else:
            raise ValueError(f"wire type {kind}")
        yield tag >> 3, value


def packed(data):
    at, out = 0, []
    while at < len(data):
        value, at = varint(data, at)
        out.append(value)
    return out


def signed(values):
    total, out = 0, []
    for value in values:
        total += (value >> 1) ^ -(value & 1)
        out.append(total)
    return out


def table_rows(data):
    """[(meter, time_s, voltage, current, power, pf, frequency, energy, state, quality)]"""
    count, columns = 0, {}
    for number, value in fields(data):
        if number == 1:
            count = value
        else:
            columns[number] = packed(value) if isinstance(value, bytes) else [value]
    meters, runs = signed(columns[2]), columns.get(3, [])
    lengths = runs * len(meters) if len(runs) == 1 else runs
    per_row = [m for m, n in zip(meters, lengths) for _ in range(n)]

    def column(number):
        values = columns.get(number, [0])
        values = signed(values) if number <= 10 else values
        return values * count if len(values) == 1 else values

    rows = list(zip(per_row, *(column(number) for number in range(4, 13))))
    if len(rows) != count or len(per_row) != count:
        raise ValueError("columns of different length")
    return rows


def batch(data):
    boot = seq = 0
    rows = []
    for number, value in fields(data):
        if number == 1:
            boot = value
        elif number == 2:
            seq = value
        elif number == 3:
            rows += table_rows(value)
    return boot, seq, rows


# ---- the three sets ----

def spooled(folder, problems):
    """({(boot, seq): body}, {names of those not acknowledged}, damaged) from the segment files of the folder and of
    copies in it; damage is skipped and counted."""
    out, waiting, damaged = {}, set(), 0
    for here in sorted({os.path.dirname(path) for path in segments(folder)}):
        names, below, bad = spooled_in(here, out, problems)
        waiting.update(name for name, index in names.items() if index >= below)
        damaged += bad
    return out, waiting, damaged


def segments(folder):
    return sorted(glob.glob(os.path.join(folder, "**", "*.seg"), recursive=True))


def spooled_in(folder, out, problems):
    """Adds one spool's batches to `out`; returns ({name: index}, below which index all are acknowledged, damaged)."""
    names, below, damaged = {}, 0, 0
    for path in sorted(glob.glob(os.path.join(folder, "*.seg"))):
        with open(path, "rb") as file:
            data = file.read()
        at = 32
        while at + 52 <= len(data):
            head = data[at:at + 52]
            kind, size, index = head[4], *struct.unpack_from("<IQ", head, 8)
            boot, seq = struct.unpack_from("<QQ", head, 20)
            body = data[at + 52:at + 52 + size]
            if (head[:4] != b"WREC" or zlib.crc32(head[:48]) != struct.unpack_from("<I", head, 48)[0]
                    or len(body) != size or zlib.crc32(body) != struct.unpack_from("<I", head, 44)[0]):
                damaged += 1
                at = data.find(b"WREC", at + 1)
                if at < 0:
                    break
                continue
            if kind == 1:
                if (boot, seq) in out:
                    problems.append(f"spooled twice: boot {boot:016x} seq {seq}")
                out[boot, seq] = body
                names[boot, seq] = index
            elif kind == 2:
                below = index
            at += 52 + size
    return names, below, damaged


def siphash(key, data):
    """SipHash-2-4, 64 bits."""
    mask = 2 ** 64 - 1
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rotate(x, n):
        return (x << n | x >> (64 - n)) & mask

    def mix(rounds):
        for _ in range(rounds):
            v[0] = (v[0] + v[1]) & mask
            v[1] = rotate(v[1], 13) ^ v[0]
            v[0] = rotate(v[0], 32)
            v[2] = (v[2] + v[3]) & mask
            v[3] = rotate(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & mask
            v[3] = rotate(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & mask
            v[1] = rotate(v[1], 17) ^ v[2]
            v[2] = rotate(v[2], 32)

    tail = len(data) % 8
    words = struct.unpack("<%dQ" % (len(data) // 8), data[:len(data) - tail])
    last = len(data) % 256 << 56 | int.from_bytes(data[len(data) - tail:], "little")
    for word in (*words, last):
        v[3] ^= word
        mix(2)
        v[0] ^= word
    v[2] ^= 0xFF
    mix(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def hash_key(folder):
    base = sqlite3.connect(f"file:{os.path.join(folder, 'wattle.db')}?mode=ro", uri=True)
    return bytes.fromhex(base.execute("SELECT value FROM store_info WHERE name='hash_key'").fetchone()[0])


def rows_of(path):
    """Rows of a day file, as far as they can be read; the platform leaves the rest out, too."""
    base = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        yield from base.execute("SELECT gateway_id, boot, seq, hash, body FROM batch")
    except sqlite3.DatabaseError:
        pass
    finally:
        base.close()


def gateway_id(folder, name):
    base = sqlite3.connect(f"file:{os.path.join(folder, 'wattle.db')}?mode=ro", uri=True)
    return base.execute("SELECT gateway_id FROM gateway WHERE name=?", (name,)).fetchone()[0]


def stored(folder, only, problems):
    """{(boot, seq): body} of sound rows of this gateway (None: of all), and how many rows others have;
    damaged ones do not count."""
    out, others, key_of_hash = {}, 0, hash_key(folder)
    for path in sorted(glob.glob(os.path.join(folder, "readings-*.db"))):
        for gateway, boot, seq, proof, body in rows_of(path):
            if only is not None and gateway != only:
                others += 1
                continue
            if siphash(key_of_hash, body) != proof & (2 ** 64 - 1):
                continue
            key = (boot & (2 ** 64 - 1), seq & (2 ** 64 - 1))
            if key in out:
                problems.append(f"stored twice: gateway {gateway} boot {key[0]:016x} seq {key[1]}")
            out[key] = bytes(body)
    return out, others


def bits(word, start, width, is_signed=False):
    value = word >> start & ((1 << width) - 1)
    return value - (1 << width) if is_signed and value >> (width - 1) else value


def generated(path):
    """{address: ([time], [(voltage, current, power, pf, frequency, energy)], [new and valid])} from
    frames A and B."""
    sets, half, toggles = collections.defaultdict(lambda: ([], [], [])), {}, {}
    with open(path) as file:
        for line in file:
            try:
                stamp, _, frame = line.split()[:3]
                ident, data = frame.split("#")
                ident, data = int(ident, 16) & 0x1FFFFFFF, bytes.fromhex(data)
            except ValueError:
                continue
            kind, address = ident >> 20 & 0x3F, ident >> 10 & 0x3FF
            if kind not in (8, 9) or len(data) != 8 or not ident >> 9 & 1:
                continue
            word = int.from_bytes(data, "little")
            if kind == 8:
                half[address] = (bits(word, 0, 13), bits(word, 13, 18, True), bits(word, 31, 20, True), bits(word, 51, 12, True)), word >> 63
            elif address in half:
                times, values, fresh = sets[address]
                measured, valid = half[address]
                times.append(float(stamp.strip("()")))
                values.append(measured + (bits(word, 36, 13), bits(word, 0, 36)))
                toggle = bits(word, 57, 1)
                fresh.append(bool(valid) and toggle != toggles.get(address, toggle))
                toggles[address] = toggle
    return sets


def meter_addresses(store):
    base = sqlite3.connect(f"file:{os.path.join(store, 'wattle.db')}?mode=ro", uri=True)
    rows = base.execute("SELECT m.meter, t.address FROM meter m JOIN terminal t ON t.property_id = m.property_id AND t.chip = m.chip")
    return dict(rows)


# ---- the comparison ----

def compare_batches(spool, store, owed, problems):
    for key in owed - store.keys():
        problems.append(f"spooled, not stored: boot {key[0]:016x} seq {key[1]}, {len(batch(spool[key])[2])} readings")
    for key in store.keys() - spool.keys():
        problems.append(f"stored, never spooled: boot {key[0]:016x} seq {key[1]}")
    for key in store.keys() & spool.keys():
        if spool[key] != store[key]:
            problems.append(f"stored with other bytes: boot {key[0]:016x} seq {key[1]}")


def readings(batches, what, problems):
    """{(meter, time_s): values}; a repeat with the same or other values is a problem."""
    out = {}
    for (boot, seq), body in sorted(batches.items()):
        for row in batch(body)[2]:
            if row[:2] in out:
                problems.append(f"{what} twice: meter {row[0]} at {row[1]} (boot {boot:016x} seq {seq})")
            out[row[:2]] = row[2:]
    return out


def compare_rows(spool_rows, store_rows, owed, problems):
    for key in owed.keys() - store_rows.keys():
        problems.append(f"reading spooled, not stored: meter {key[0]} at {key[1]}")
    for key in store_rows.keys() & spool_rows.keys():
        if store_rows[key] != spool_rows[key]:
            problems.append(f"reading differs: meter {key[0]} at {key[1]}")


def compare_bus(rows, sets, addresses, problems):
    for (meter, time_s), values in rows.items():
        times, seen, _ = sets.get(addresses.get(meter), ([], [], []))
        low, high = bisect.bisect_left(times, time_s - BUS_SLACK_S), bisect.bisect_right(times, time_s + BUS_SLACK_S)
        if values[:6] not in seen[low:high]:
            near = seen[low:high][:1]
            problems.append(f"reading was never on the bus: meter {meter} at {time_s}: {values[:6]}, there {near}")


def compare_plan(rows, sets, addresses, options, problems):
    """Returns how many readings the plan wants. A set at the edge of a period may count for either."""
    period, wanted = options.period, 0
    away = [tuple(map(float, text.split(","))) for text in options.away]
    for meter, address in addresses.items():
        had = sorted(time_s for number, time_s in rows if number == meter)
        times, _, fresh = sets.get(address, ([], [], []))
        if not had or not times:
            continue
        news = [t for t, is_new in zip(times, fresh) if is_new]
        for start in range((had[0] // period + 1) * period, int(times[-1]) - period, period):
            if any(low < start + period + EDGE_S and high > start - EDGE_S for low, high in away):
                continue
            at = bisect.bisect_left(news, start + EDGE_S)
            if at == len(news) or news[at] >= start + period - EDGE_S:
                continue
            wanted += 1
            row = bisect.bisect_left(had, start)
            if row == len(had) or had[row] > start + period:
                problems.append(f"on the bus, not spooled: meter {meter} at {start}")
    return wanted


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--spool", required=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--gateway")
    parser.add_argument("--bus")
    parser.add_argument("--period", type=int)
    parser.add_argument("--away", action="append", default=[])
    parser.add_argument("--stopped", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    problems = []
    spool, waiting, damaged = spooled(options.spool, problems)
    owed = spool.keys() - waiting if options.stopped else spool.keys()
    only = gateway_id(options.store, options.gateway) if options.gateway else None
    store, others = stored(options.store, only, problems)
    compare_batches(spool, store, owed, problems)
    spool_rows, store_rows = readings(spool, "spooled", problems), readings(store, "stored", problems)
    compare_rows(spool_rows, store_rows, readings({name: spool[name] for name in owed}, "owed", []), problems)
    sets = generated(options.bus) if options.bus else {}
    wanted = None
    if options.bus:
        addresses = meter_addresses(options.store)
        compare_bus(spool_rows, sets, addresses, problems)
        if options.period:
            wanted = compare_plan(spool_rows, sets, addresses, options, problems)
    counts = {"generated": sum(len(times) for times, _, _ in sets.values()), "wanted": wanted, "spooled": len(spool_rows), "stored": len(store_rows),
              "batches": len(store), "waiting": len(waiting), "others": others, "damaged": damaged, "problems": len(problems), "first": problems[:PROBLEMS_SHOWN]}
    if options.json:
        print(json.dumps(counts))
    else:
        print(", ".join(f"{name} {value}" for name, value in counts.items() if name != "first"))
        print("\n".join(problems[:PROBLEMS_SHOWN]))
    sys.exit(1 if problems else 0)


main()
