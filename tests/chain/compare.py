#!/usr/bin/env python3
"""Compares what was generated, spooled and stored, row by row, with decoders of its own:

    compare.py --spool DIR --store DIR [--bus candump.log] [--json]

generated  value sets that the terminals sent on the CAN bus (the hub's log)
spooled    batches in the gateway's segment files (docs/protocol/spool.md)
stored     batches in the platform's readings-*.db

Every spooled batch must be stored exactly once with the same bytes, nothing else may be stored, and
every spooled reading must be a value set that its terminal sent in those seconds. Exit 1 if not."""
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
    """{(boot, seq): body} from the segment files; damage is skipped and counted."""
    out, damaged = {}, 0
    for path in sorted(glob.glob(os.path.join(folder, "**", "*.seg"), recursive=True)):
        with open(path, "rb") as file:
            data = file.read()
        at = 32
        while at + 52 <= len(data):
            head = data[at:at + 52]
            kind, size = head[4], struct.unpack_from("<I", head, 8)[0]
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
            at += 52 + size
    return out, damaged


def stored(folder, problems):
    out = {}
    for path in sorted(glob.glob(os.path.join(folder, "readings-*.db"))):
        base = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        for gateway, boot, seq, body in base.execute("SELECT gateway_id, boot, seq, body FROM batch"):
            key = (boot & (2 ** 64 - 1), seq & (2 ** 64 - 1))
            if key in out:
                problems.append(f"stored twice: gateway {gateway} boot {key[0]:016x} seq {key[1]}")
            out[key] = bytes(body)
        base.close()
    return out


def bits(word, start, width, is_signed=False):
    value = word >> start & ((1 << width) - 1)
    return value - (1 << width) if is_signed and value >> (width - 1) else value


def generated(path):
    """{address: ([time], [(voltage, current, power, pf, frequency, energy)])} from frames A and B."""
    sets, half = collections.defaultdict(lambda: ([], [])), {}
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
                half[address] = (bits(word, 0, 13), bits(word, 13, 18, True), bits(word, 31, 20, True), bits(word, 51, 12, True))
            elif address in half:
                times, values = sets[address]
                times.append(float(stamp.strip("()")))
                values.append(half[address] + (bits(word, 36, 13), bits(word, 0, 36)))
    return sets


def meter_addresses(store):
    base = sqlite3.connect(f"file:{os.path.join(store, 'wattle.db')}?mode=ro", uri=True)
    rows = base.execute("SELECT m.meter, t.address FROM meter m JOIN terminal t ON t.property_id = m.property_id AND t.chip = m.chip")
    return dict(rows)


# ---- the comparison ----

def compare_batches(spool, store, problems):
    for key in spool.keys() - store.keys():
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


def compare_rows(spool_rows, store_rows, problems):
    for key in spool_rows.keys() - store_rows.keys():
        problems.append(f"reading spooled, not stored: meter {key[0]} at {key[1]}")
    for key in store_rows.keys() & spool_rows.keys():
        if store_rows[key] != spool_rows[key]:
            problems.append(f"reading differs: meter {key[0]} at {key[1]}")


def compare_bus(rows, sets, addresses, problems):
    for (meter, time_s), values in rows.items():
        times, seen = sets.get(addresses.get(meter), ([], []))
        low, high = bisect.bisect_left(times, time_s - BUS_SLACK_S), bisect.bisect_right(times, time_s + BUS_SLACK_S)
        if values[:6] not in seen[low:high]:
            near = seen[low:high][:1]
            problems.append(f"reading was never on the bus: meter {meter} at {time_s}: {values[:6]}, there {near}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--spool", required=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--bus")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    problems = []
    spool, damaged = spooled(options.spool, problems)
    store = stored(options.store, problems)
    compare_batches(spool, store, problems)
    spool_rows, store_rows = readings(spool, "spooled", problems), readings(store, "stored", problems)
    compare_rows(spool_rows, store_rows, problems)
    sets = generated(options.bus) if options.bus else {}
    if options.bus:
        compare_bus(spool_rows, sets, meter_addresses(options.store), problems)
    counts = {"generated": sum(len(times) for times, _ in sets.values()), "spooled": len(spool_rows), "stored": len(store_rows),
              "batches": len(store), "damaged": damaged, "problems": len(problems), "first": problems[:PROBLEMS_SHOWN]}
    if options.json:
        print(json.dumps(counts))
    else:
        print(", ".join(f"{name} {value}" for name, value in counts.items() if name != "first"))
        print("\n".join(problems[:PROBLEMS_SHOWN]))
    sys.exit(1 if problems else 0)


main()
