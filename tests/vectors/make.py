#!/usr/bin/python3
"""Writes the vectors of our own protocols, and more of the sensor's: tests/vectors/wattle.json.

usage: make.py OUT.json PROTO_DIR

A second implementation of docs/protocol in another language and with other libraries (struct, hmac,
Google's protobuf), so that a vector never proves a decoder with its own encoder. tests/vectors/run
checks that the committed file is what this program writes. PROTO_DIR is where protoc finds uplink.proto.
"""
import hashlib
import hmac
import importlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import zlib

CHIP = bytes.fromhex("0123456789abcdef00112233")
KEY = bytes(range(32))
vectors = []


def add(protocol, name, frame, meaning, expect=None, **more):
    vector = {"protocol": protocol, "name": name, "direction": "-", "frame_hex": frame.hex(), "meaning": meaning,
              "source": "docs/protocol, written by tests/vectors/make.py",
              "verified": "second implementation in Python"}
    if expect:
        vector["expect"] = expect
    vector.update(more)
    vectors.append(vector)


# ---- the metering module ----

def modbus(frame):
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return frame + struct.pack("<H", crc)


def read_reply(registers, address=1, function=3):
    data = b"".join(struct.pack(">I", r & 0xFFFFFFFF) for r in registers)
    return modbus(bytes([address, function, len(data)]) + data)


def make_im1253b():
    day = [2199000, 79989, 17589000, 90, 1000, 89, 3275, 5000]
    back = [2301234, -43500, -9990000, 12345678, -998, 0, -512, 4998]
    meaning = {"addr": 1, "func": 3, "byte_count": 32, "voltage_V": 230.1234, "current_A": -4.35, "active_power_W": -999.0,
               "energy_kWh": 1234.5678, "power_factor": -0.998, "co2_kg": 0, "temperature_C": -5.12, "frequency_Hz": 49.98}
    add("im1253b-modbus", "read8-reply-fed-back", read_reply(back), meaning)
    for noise in (b"\x01\xAA", b"\x01", b"\x00\xFF\x01\x03", b"\x01\x03\x20", bytes(40)):
        add("im1253b-modbus", "read8-reply-noise-" + noise[:4].hex(), noise + read_reply(back), {**meaning, "skip": len(noise)}, skip=len(noise))
    add("im1253b-modbus", "read10-reply-im1281b", read_reply(day + [123456, 7890]),
        {"byte_count": 40, "voltage_V": 219.9, "forward_energy_kWh": 12.3456, "reverse_energy_kWh": 0.789})
    add("im1253b-modbus", "read2-reply", read_reply(day[:2]), {"byte_count": 8, "voltage_V": 219.9, "current_A": 7.9989})
    add("im1253b-modbus", "read-energy-reply", read_reply([4294967295]), {"start": "0x004B", "byte_count": 4, "energy_kWh": 429496.7295})
    add("im1253b-modbus", "read8-reply-address-255", read_reply(day, address=255), {"addr": 255, "active_power_W": 1758.9})
    add("im1253b-modbus", "input-registers-reply", read_reply(day, function=4), {"addr": 1, "func": 4, "frequency_Hz": 50.0})
    add("im1253b-modbus", "input-registers-request", modbus(bytes.fromhex("010400480008")), {"func": 4, "start": "0x0048", "count": 8})
    for code, baud in enumerate((1200, 2400, 4800, 9600, 19200), 3):
        for bits, name in enumerate(("8N1", "8E1", "8O1")):
            word = 9 << 8 | bits << 6 | code
            add("im1253b-modbus", "line-%s-%d" % (name, baud), modbus(bytes([1, 3, 2]) + struct.pack(">H", word)),
                {"byte_count": 2, "reg": "0x%04X" % word, "module_addr": 9, "format": name, "baud": baud})
    add("im1253b-modbus", "set-line-broadcast", modbus(bytes.fromhex("00100004000102" "0106")),
        {"addr": 0, "func": 16, "start": "0x0004", "count": 1, "byte_count": 2, "new_addr": 1, "format": "8N1", "baud": 9600})
    add("im1253b-modbus", "set-line-reply", modbus(bytes.fromhex("011000040001")), {"func": 16, "start": "0x0004", "count": 1})
    add("im1253b-modbus", "write-other-product", modbus(bytes.fromhex("0110000C00020400000000")),
        {"start": "0x000C", "value": 0, "warning": "the module does not have these registers"})
    good = read_reply(day)
    for name, frame in [("exception", modbus(b"\x01\x83\x02")), ("two-byte-registers", modbus(bytes([1, 3, 18]) + bytes(18))),
                        ("byte-count", modbus(good[:2] + b"\x1c" + good[3:-2])), ("cut", good[:-1]), ("one-byte-more", good + b"\0"),
                        ("crc-swapped", good[:-2] + good[:-3:-1]), ("eleven-registers", read_reply(day + [1, 2, 3])),
                        ("write-one-word-four-bytes", modbus(bytes.fromhex("0110004B00010400000000"))),
                        ("function-6", modbus(bytes.fromhex("010600040106"))), ("no-registers", modbus(b"\x01\x03\x00")),
                        ("bit-flip", bytes([good[0], good[1], good[2], good[3] ^ 1]) + good[4:]), ("empty", b"")]:
        add("im1253b-modbus", "reply-" + name, frame, {}, "reject")


# ---- CAN ----

PRIORITY = {0x01: 1, 0x02: 2, 0x08: 4, 0x09: 4, 0x10: 3, 0x11: 5, 0x12: 3, 0x20: 6}


def can_id(kind, address=None, direction=0, hash20=None, sub=0, priority=None):
    low = hash20 if hash20 is not None else address << 10 | direction << 9 | sub
    return (PRIORITY[kind] if priority is None else priority) << 26 | kind << 20 | low


def can(ident, data):
    return struct.pack(">I", ident) + data


def values_a(voltage, current, power, pf, valid):
    word = (voltage | (current & 0x3FFFF) << 13 | (power & 0xFFFFF) << 31 | (pf & 0xFFF) << 51 | valid << 63)
    return struct.pack("<Q", word)


def values_b(energy, frequency, state, quality):
    return struct.pack("<Q", energy | frequency << 36 | state << 49 | quality << 58)


def chip_hash(salt):
    digest = hashlib.sha256(CHIP + bytes([salt])).digest()
    return struct.unpack("<I", digest[:4])[0] & 0xFFFFF


FINGERPRINT = hashlib.sha256(CHIP + b"\0").digest()[4:10]


def make_can():
    cases = [("day", (2199, 7999, 17589, 1000, 1)), ("feed-back", (2303, 4350, -9990, -998, 1)),
             ("largest", (8191, 131071, 524287, 2047, 1)), ("smallest", (0, -131072, -524288, -2048, 0))]
    for name, (voltage, current, power, pf, valid) in cases:
        meaning = {"id": "0x%08X" % can_id(8, 7, 1), "priority": 4, "type": "values-a", "address": 7,
                   "direction": "from-terminal", "voltage_dv": voltage, "current_ma": current,
                   "power_dw": power, "pf_permille": pf, "valid": bool(valid)}
        add("wattle-can", "values-a-" + name, can(can_id(8, 7, 1), values_a(voltage, current, power, pf, valid)), meaning)
    for name, address, (energy, frequency, state, quality), words in [
            ("closed", 1, (123456789, 4998, 0x143, 0), (["contact_closed", "want_closed", "clock_set", "sample_toggle"], [])),
            ("faults", 1000, (0, 0, 0x03C, 0x3F),
             (["forced_trip", "keep_power", "close_allowed", "relay_fault"],
              ["sensor_fault", "sample_stale", "segment", "implausible", "store_fault", "frozen"])),
            ("largest", 512, (2**36 - 1, 8191, 0x1FF, 0x3F), None)]:
        meaning = {"type": "values-b", "address": address, "energy_wh": energy, "frequency_chz": frequency,
                   "state": state, "quality": quality}
        if words:
            meaning["state_bits"], meaning["quality_bits"] = words
        add("wattle-can", "values-b-" + name, can(can_id(9, address, 1), values_b(energy, frequency, state, quality)), meaning)
    add("wattle-can", "time", can(can_id(2, 1023), struct.pack("<Q", 1795490409123)),
        {"type": "time", "priority": 2, "direction": "to-terminal", "address": 1023, "unix_ms": 1795490409123})
    add("wattle-can", "who", can(can_id(0x10, 1023), b""), {"type": "who", "priority": 3, "address": 1023})
    for salt in (0, 15):
        ident = can_id(0x11, hash20=chip_hash(salt))
        hash_text = "0x%05X" % chip_hash(salt)
        for part, body, meaning in [(0, CHIP[:6], {"chip_first": CHIP[:6].hex()}), (1, CHIP[6:], {"chip_last": CHIP[6:].hex()}),
                                    (2, struct.pack("<HHH", 7, 513, 0x0102), {"held_address": 7, "boot": 513, "firmware": 0x0102})]:
            meaning.update({"type": "claim", "priority": 5, "hash20": hash_text, "part": part, "salt": salt, "version": 1})
            add("wattle-can", "claim-%d-salt-%d" % (part, salt), can(ident, bytes([part | salt << 4, 1]) + body), meaning)
    add("wattle-can", "assign", can(can_id(0x12, hash20=chip_hash(0)), struct.pack("<H", 42) + FINGERPRINT),
        {"type": "assign", "priority": 3, "hash20": "0x%05X" % chip_hash(0), "assigned_address": 42, "fingerprint": FINGERPRINT.hex()})
    add("wattle-can", "command-single-frame", can(can_id(1, 5, 0), bytes.fromhex("0501020304050000")),
        {"type": "transfer-command", "priority": 1, "address": 5, "direction": "to-terminal", "data": "0501020304050000"})
    add("wattle-can", "bulk-flow-control", can(can_id(0x20, 5, 1), bytes.fromhex("300000cccccccccc")),
        {"type": "transfer-bulk", "priority": 6, "address": 5, "direction": "from-terminal"})
    day = values_a(2199, 7999, 17589, 1000, 1)
    for name, frame in [("wrong-priority", can(can_id(8, 7, 1, priority=3), day)),
                        ("sub-field-set", can(can_id(8, 7, 1, sub=1), day)),
                        ("address-none", can(can_id(8, 0, 1), day)),
                        ("address-1001", can(can_id(8, 1001, 1), day)),
                        ("values-from-gateway", can(can_id(8, 7, 0), day)),
                        ("time-from-terminal", can(can_id(2, 7, 1), struct.pack("<Q", 1795490409123))),
                        ("unknown-type", can(4 << 26 | 0x3F << 20 | 7 << 10, day)),
                        ("30-bit-id", can(can_id(8, 7, 1) | 1 << 29, day)),
                        ("values-a-short", can(can_id(8, 7, 1), day[:7])),
                        ("time-short", can(can_id(2, 1023), b"\1")),
                        ("claim-part-3", can(can_id(0x11, hash20=chip_hash(0)), bytes([3, 1]) + CHIP[:6])),
                        ("claim-version-2", can(can_id(0x11, hash20=chip_hash(0)), bytes([0, 2]) + CHIP[:6])),
                        ("assign-1001", can(can_id(0x12, hash20=chip_hash(0)), struct.pack("<H", 1001) + FINGERPRINT)),
                        ("nine-bytes", can(can_id(8, 7, 1), day + b"\0")),
                        ("no-identifier", b"\0\0\0")]:
        add("wattle-can", name, frame, {}, "reject")


# ---- ISO-TP with our pad byte, and transfers ----

def isotp(payload, pad=b"\xcc"):
    if len(payload) <= 7:
        return (bytes([len(payload)]) + payload).ljust(8, pad)
    frames = struct.pack(">H", 0x1000 | len(payload)) + payload[:6] + bytes.fromhex("300000cccccccccc")
    serial = 1
    for at in range(6, len(payload), 7):
        frames += (bytes([0x20 | serial]) + payload[at:at + 7]).ljust(8, pad)
        serial = serial + 1 & 15
    return frames


def make_isotp():
    payload = bytes(range(200))
    frames = isotp(payload)
    add("iso-tp", "wattle-200-bytes", frames, {"payload_hex": payload.hex(), "length": 200})
    add("iso-tp", "wattle-8-bytes", isotp(payload[:8]), {"payload_hex": payload[:8].hex(), "frames": ["FF", "FC (receiver)", "CF 1"]})
    add("iso-tp", "wattle-7-bytes", isotp(payload[:7]), {"payload_hex": payload[:7].hex(), "frames": ["SF"]})
    cut = {"missing": frames[:16] + frames[24:], "repeated": frames[:24] + frames[16:],
           "swapped": frames[:16] + frames[24:32] + frames[16:24] + frames[32:], "incomplete": frames[:-8],
           "overlong": frames + frames[-8:], "no-first": frames[16:], "reserved-type": frames[:16] + b"\x41" + frames[17:],
           "interleaved": frames[:24] + frames[:8] + frames[24:], "empty-single": bytes(8),
           "first-too-short": b"\x10\x07" + payload[:6]}
    for name, bad in cut.items():
        add("iso-tp", "wattle-" + name, bad, {}, "reject")


def seal(body):
    return body + struct.pack("<I", zlib.crc32(body))


def make_transfers():
    add("wattle-transfer", "events-get", seal(struct.pack("<BIB", 0x20, 17, 8)), {"type": "events-get", "from_seq": 17, "max": 8})
    records = [(17, 1795490409, 3, 2, 1, 0), (18, 0, 4, 1, 0, -1), (4294967295, 4294967295, 65535, 255, 255, -2147483648)]
    body = struct.pack("<BIB", 0x21, 4294967295, len(records)) + b"".join(struct.pack("<IIHBBi", *r) for r in records)
    meaning = {"type": "events", "newest_seq": 4294967295,
               "events": [dict(zip(("seq", "time_s", "boot", "kind", "detail", "value"), r)) for r in records]}
    add("wattle-transfer", "events", seal(body), meaning)
    add("wattle-transfer", "events-none", seal(struct.pack("<BIB", 0x21, 0, 0)), {"type": "events", "newest_seq": 0, "events": []})
    add("wattle-transfer", "events-ack", seal(struct.pack("<BI", 0x22, 18)), {"type": "events-ack", "seq": 18})
    add("wattle-transfer", "time-want-get", seal(b"\x23"), {"type": "time-want-get"})
    add("wattle-transfer", "time-want", seal(struct.pack("<BHI", 0x24, 513, 86400)), {"type": "time-want", "boot": 513, "uptime_s": 86400})
    bad = bytearray(seal(body))
    bad[9] ^= 1
    for name, frame in [("crc", bytes(bad)), ("crc-only", seal(b"")), ("empty", b""), ("unknown-type", seal(b"\x25")),
                        ("events-count", seal(body[:5] + b"\2" + body[6:])), ("events-32", seal(struct.pack("<BIB", 0x21, 1, 32) + bytes(512))),
                        ("ack-long", seal(b"\x22\0\0\0\0\0")), ("get-short", seal(b"\x20\0\0\0\0"))]:
        add("wattle-transfer", "transfer-" + name, frame, {}, "reject")


# ---- commands and results ----

def signed(direction, body):
    return body + hmac.new(KEY, bytes([direction]) + CHIP + body[1:], hashlib.sha256).digest()[:8]


def command(kind, args, counter=1000, issued=1795490409, expires=1795490709, version=1):
    return signed(1, struct.pack("<BBIBIIB", 0x10, version, counter, kind, issued, expires, len(args)) + args)


def result(counter=1000, kind=1, outcome=0, reason=0, relay=0x04, count=0, total=0, balance=0, time_s=1795490410, version=1):
    return signed(2, struct.pack("<BBIBBBBIqqI", 0x11, version, counter, kind, outcome, reason, relay, count, total, balance, time_s))


def make_commands():
    params = {"key": KEY.hex(), "chip": CHIP.hex()}
    common = {"type": "command", "key_version": 1, "counter": 1000, "issued_s": 1795490409, "expires_s": 1795490709}
    for kind, word, args, more in [
            (1, "trip", struct.pack("<H", 0), {"delay_max_s": 0}), (2, "allow-close", struct.pack("<H", 0), {"delay_max_s": 0}),
            (3, "close", struct.pack("<H", 30), {"delay_max_s": 30}),
            (4, "keep-power", struct.pack("<HI", 0, 1795576809), {"delay_max_s": 0, "until_s": 1795576809}),
            (5, "release", struct.pack("<H", 65535), {"delay_max_s": 65535}),
            (6, "time", struct.pack("<QHI", 1795490409123, 513, 86400), {"unix_ms": 1795490409123, "boot": 513, "uptime_s": 86400}),
            (8, "recharge", struct.pack("<Iqq", 1, 5000, 5000), {"count": 1, "amount_fen": 5000, "total_fen": 5000}),
            (9, "purse-void", struct.pack("<I", 7), {"count": 7}),
            (10, "price-part", struct.pack("<IH", 7, 0) + bytes.fromhex("01002001c027090000000000") + b"\0",
             {"version": 7, "at": 0, "part": "01002001c02709000000000000"}),
            (11, "price", struct.pack("<IIHI", 7, 1795490400, 13, 0x89ABCDEF),
             {"version": 7, "valid_from_s": 1795490400, "length": 13, "crc32": 0x89ABCDEF}),
            (12, "credit", struct.pack("<IBiiiiiIqqI", 3, 1, 2000, 500, 1000, -100, 50000, 1795490000, 1234567, 890, 45),
             {"version": 3, "flags": 1, "alarm1_fen": 2000, "alarm2_fen": 500, "overdraft_fen": 1000, "close_fen": -100, "hoarding_fen": 50000,
              "start_s": 1795490000, "start_wh": 1234567, "start_spent_fen": 890, "start_step_wh": 45}),
            (200, "unknown", b"\1\2\3", {"args": "010203"})]:
        frame = command(kind, args)
        add("wattle-command", "command-" + word, frame, {**common, "kind": kind, "kind_word": word, "mac": frame[-8:].hex(), **more}, params=params)
    frame = command(1, b"\0\0", counter=4294967295, issued=4294967294, expires=4294967295, version=255)
    add("wattle-command", "command-largest", frame,
        {"counter": 4294967295, "issued_s": 4294967294, "expires_s": 4294967295, "key_version": 255}, params=params)
    add("wattle-command", "result-executed", result(),
        {"type": "result", "key_version": 1, "counter": 1000, "kind": 1, "kind_word": "trip", "outcome": "executed", "reason": "none",
         "relay": 4, "relay_bits": ["forced_trip"], "count": 0, "total_fen": 0, "balance_fen": 0, "time_s": 1795490410}, params=params)
    add("wattle-command", "result-refused", result(counter=999, outcome=1, reason=2, relay=0x03),
        {"outcome": "refused", "reason": "counter", "counter": 999, "relay_bits": ["contact_closed", "want_closed"]}, params=params)
    add("wattle-command", "result-money", result(kind=8, count=4275878552, total=2**63 - 1, balance=-2**63),
        {"kind_word": "recharge", "count": 4275878552, "total_fen": 2**63 - 1, "balance_fen": -2**63}, params=params)
    add("wattle-command", "result-credit", result(kind=12, count=7, total=3 << 32 | 8, balance=-5),
        {"kind_word": "credit", "price": 7, "next_price": 8, "limits": 3, "balance_fen": -5}, params=params)
    trip, done = command(1, b"\0\0"), result()

    def flip(frame, at, bit=1):
        frame = bytearray(frame)
        frame[at] ^= bit
        return bytes(frame)
    for name, frame in [("command-mac-bit", flip(trip, -1)), ("command-counter-bit", flip(trip, 2)), ("command-kind-changed", flip(trip, 6, 2)),
                        ("command-cut", trip[:-1]), ("command-longer", trip + b"\0"), ("command-arg-len", flip(trip, 15)),
                        ("command-65-arguments", command(1, bytes(65))), ("command-empty", b""), ("command-other-type", b"\x12" + trip[1:]),
                        ("command-as-result", signed(2, trip[:-8])), ("result-mac-bit", flip(done, -8)), ("result-balance-bit", flip(done, 22)),
                        ("result-as-command", signed(1, done[:-8])), ("result-cut", done[:-1]), ("result-outcome-4", result(outcome=4)),
                        ("result-relay-bit-6", result(relay=0x40))]:
        add("wattle-command", name, frame, {}, "reject", params=params)


# ---- protobuf ----

def protobuf(proto_dir):
    with tempfile.TemporaryDirectory() as out:
        subprocess.run(["protoc", "-I", proto_dir, "--python_out", out, os.path.join(proto_dir, "uplink.proto")], check=True)
        sys.path.insert(0, out)
        return importlib.import_module("uplink_pb2")


SINT = {"meter": "meter", "time_s": "time_s", "voltage_dv": "voltage_dv", "current_ma": "current_ma", "power_dw": "power_dw",
        "pf_permille": "pf_permille", "frequency_chz": "frequency_chz", "energy_wh": "energy_wh"}
ROWS = [(330100000001, 1795490400, 2301, 4350, 9990, 998, 4999, 1234567, 0x143, 0),
        (330100000001, 1795490460, 2299, 4360, 10001, 997, 5000, 1234584, 0x043, 0),
        (330100000017, 1795490401, 2310, -1, -2, -1000, 4999, 7, 0x004, 0x300)]
NAMES = ("meter", "time_s", "voltage_dv", "current_ma", "power_dw", "pf_permille", "frequency_chz", "energy_wh", "state", "quality")


def table(readings, rows):
    runs = []
    for row in rows:
        if not runs or runs[-1][0] != row[0]:
            runs.append([row[0], 0])
        runs[-1][1] += 1
    readings.count = len(rows)
    columns = {name: [row[i] for row in rows] for i, name in enumerate(NAMES)}
    columns["meter"] = [meter for meter, _ in runs]
    columns["run"] = [length for _, length in runs]
    for name, values in columns.items():
        if len(set(values)) == 1 and name != "meter":
            values = values[:1]
        if name in SINT:
            values = [v - before for v, before in zip(values, [0] + values)]
        getattr(readings, name).extend(values)


def make_uplink(pb):
    chip = bytes(range(12))
    up = pb.Uplink(boot=0xFEDCBA9876543210, seq=7)
    table(up.readings.add(), ROWS)
    table(up.readings.add(), ROWS[2:])
    up.events.add(time_s=1795490400, meter=330100000001, kind=2, seq=17, detail=1, value=-5, boot=3)
    up.events.add(kind=64, chip=chip)
    up.results.add(command_id=99, stage=2, body=result(), time_ms=1795490409123)
    up.results.add(command_id=99, stage=3, time_ms=1795490410123, current_ma=-1, state=4, energy_wh=1234567, power_dw=-2)
    rows = [dict(zip(NAMES, row)) for row in ROWS]
    add("wattle-uplink", "uplink", up.SerializeToString(),
        {"boot": "fedcba9876543210", "seq": 7, "readings": [rows, rows[2:]],
         "events": [{"time_s": 1795490400, "meter": 330100000001, "kind": 2, "name": "relay-moved", "seq": 17, "detail": 1, "value": -5, "boot": 3},
                    {"time_s": 0, "meter": 0, "kind": 64, "chip": chip.hex()}],
         "results": [{"command_id": 99, "stage": 2, "body": result().hex(), "time_ms": 1795490409123},
                     {"command_id": 99, "stage": 3, "time_ms": 1795490410123, "current_ma": -1, "state": 4, "energy_wh": 1234567, "power_dw": -2}]})

    def changed(change):
        bad = pb.Uplink()
        bad.CopyFrom(up)
        change(bad)
        return bad.SerializeToString()
    for name, change in [("no-boot", lambda u: setattr(u, "boot", 0)), ("no-seq", lambda u: setattr(u, "seq", 0)),
                         ("count", lambda u: setattr(u.readings[0], "count", 4)),
                         ("column-length", lambda u: u.readings[0].voltage_dv.append(1)),
                         ("meter-twice", lambda u: u.readings[0].meter.__setitem__(1, 0)),
                         ("meter-0", lambda u: u.readings[1].meter.__setitem__(0, 0)),
                         ("no-time", lambda u: u.readings[0].ClearField("time_s")),
                         ("time-back", lambda u: u.readings[0].time_s.__setitem__(1, -1)),
                         ("half-chip", lambda u: setattr(u.events[1], "chip", chip[:6])),
                         ("nine-tables", lambda u: [table(u.readings.add(), ROWS) for _ in range(7)]),
                         ("long-body", lambda u: setattr(u.results[0], "body", bytes(65)))]:
        add("wattle-uplink", "uplink-" + name, changed(change), {}, "reject")
    add("wattle-uplink", "uplink-cut", up.SerializeToString()[:-1], {}, "reject")

    now = pb.Now(time_ms=1795490409123)
    table(now.live, ROWS[1:])
    now.want.add(chip=chip, boot=513, uptime_s=86400, time_ms=1795490409000)
    add("wattle-now", "now", now.SerializeToString(),
        {"time_ms": 1795490409123, "live": rows[1:], "want": [{"chip": chip.hex(), "boot": 513, "uptime_s": 86400, "time_ms": 1795490409000}]})
    add("wattle-now", "now-want-without-chip", pb.Now(want=[pb.Want(boot=1)]).SerializeToString(), {}, "reject")

    ack = pb.Ack(epoch=0x0102030405060708, time_ms=1795490409123, run=0x1112131415161718)
    ack.done.add(boot=0xFEDCBA9876543210, first=1, last=7)
    ack.refused.add(boot=0xFEDCBA9876543210, seq=8, reason=2)
    add("wattle-ack", "ack", ack.SerializeToString(),
        {"epoch": "0102030405060708", "run": "1112131415161718", "time_ms": 1795490409123, "done": [{"boot": "fedcba9876543210", "first": 1, "last": 7}],
         "refused": [{"boot": "fedcba9876543210", "seq": 8, "reason": 2}]})
    add("wattle-ack", "ack-backwards", pb.Ack(epoch=1, done=[pb.Done(boot=1, first=2, last=1)]).SerializeToString(), {}, "reject")
    add("wattle-ack", "ack-no-epoch", pb.Ack(time_ms=1).SerializeToString(), {}, "reject")

    trip = command(1, b"\0\0")
    down = pb.Down(epoch=0x0102030405060708, time_ms=1795490409123, run=0x1112131415161718)
    down.config.version = 3
    down.config.period_s = 60
    down.config.trip_limit_count = 5
    down.config.trip_limit_window_s = 600
    down.config.meters.add(number=330100000001, chip=chip, period_s=900)
    down.commands.add(id=99, meter=330100000001, body=trip, expires_s=1795490709, kind=1)
    down.watch.lease_s = 15
    down.watch.meters.extend([330100000001, 17])
    add("wattle-down", "down", down.SerializeToString(),
        {"epoch": "0102030405060708", "run": "1112131415161718", "time_ms": 1795490409123,
         "config": {"version": 3, "period_s": 60, "trip_limit_count": 5, "trip_limit_window_s": 600, "part": False,
                    "meters": [{"number": 330100000001, "chip": chip.hex(), "period_s": 900}]},
         "commands": [{"id": 99, "meter": 330100000001, "kind": 1, "kind_word": "trip", "expires_s": 1795490709, "body": trip.hex()}],
         "watch": {"lease_s": 15, "meters": ["330100000001", "000000000017"]}})
    add("wattle-down", "down-no-epoch", pb.Down(time_ms=1).SerializeToString(), {}, "reject")
    add("wattle-down", "down-meter-0", pb.Down(epoch=1, config=pb.Config(meters=[pb.Meter(chip=chip)])).SerializeToString(), {}, "reject")
    add("wattle-down", "down-part-2-of-2", pb.Down(epoch=1, config=pb.Config(part=True, parts=2, index=2)).SerializeToString(), {}, "reject")


def main(out, proto_dir):
    make_im1253b()
    make_can()
    make_isotp()
    make_transfers()
    make_commands()
    make_uplink(protobuf(proto_dir))
    with open(out, "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(json.dumps(v, ensure_ascii=False) for v in vectors) + "\n]\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
