"""A desk for the black-box tests: the real terminals in the emulator, in virtual time, and this program in
the place of the gateway. Its protocol code is written apart from ours, from docs/protocol alone."""
import hashlib
import hmac
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import zlib

import firmware

ROOT = firmware.ROOT
SIM = firmware.SIM
LOADER = os.path.join(ROOT, "build", "firmware", "bin", "loader.elf")
APP = os.path.join(ROOT, "build", "firmware", "bin", "terminal.elf")
DATA = os.path.join(ROOT, "data", "household-45d.csv")

EXTENDED = 0x80000000
COMMAND, TIME, VALUES_A, VALUES_B, WHO, CLAIM, ASSIGN, BULK = 0x01, 0x02, 0x08, 0x09, 0x10, 0x11, 0x12, 0x20
PRIORITY = {COMMAND: 1, TIME: 2, VALUES_A: 4, VALUES_B: 4, WHO: 3, CLAIM: 5, ASSIGN: 3, BULK: 6}
TRIP, ALLOW_CLOSE, CLOSE, KEEP_POWER, RELEASE, SET_TIME = 1, 2, 3, 4, 5, 6
STATE = ["contact_closed", "want_closed", "forced_trip", "keep_power", "close_allowed", "relay_fault",
         "clock_set", "event_pending", "toggle"]
QUALITY = ["sensor_fault", "stale", "segment", "implausible", "store_fault", "frozen"]
T0_S = 1795490400


def identifier(kind, address, direction=0):
    return PRIORITY[kind] << 26 | kind << 20 | address << 10 | direction << 9


def signed(value, bits):
    return value - (1 << bits) if value >> (bits - 1) else value


def values_a(data):
    bits = int.from_bytes(data, "little")
    return {"voltage_dv": bits & 0x1FFF, "current_ma": signed(bits >> 13 & 0x3FFFF, 18),
            "power_dw": signed(bits >> 31 & 0xFFFFF, 20), "pf_permille": signed(bits >> 51 & 0xFFF, 12),
            "valid": bits >> 63 & 1}


def values_b(data):
    bits = int.from_bytes(data, "little")
    state, quality = bits >> 49 & 0x1FF, bits >> 58 & 0x3F
    return {"energy_wh": bits & (1 << 36) - 1, "frequency_chz": bits >> 36 & 0x1FFF,
            "state": {name for i, name in enumerate(STATE) if state >> i & 1},
            "quality": {name for i, name in enumerate(QUALITY) if quality >> i & 1}}


class Desk:
    """Terminals 1..n, provisioned in a folder of their own."""

    def __init__(self, terminals=1):
        self.dir = tempfile.mkdtemp(prefix="wattle-emu-")
        self.state = os.path.join(self.dir, "state")
        self.n = terminals
        self.expected = {}  # counters that a test makes rise on purpose
        self.keys = self.provision()
        self.reset_bus()
        self.start()

    def provision(self):
        labels = os.path.join(self.dir, "labels.csv")
        subprocess.run([SIM, "provision", "--state", self.state, "--terminals", str(self.n), "--loader", LOADER,
                        "--app", APP, "--csv", labels], check=True)
        with open(labels, encoding="ascii") as text:
            rows = [line.split(",") for line in text.read().split()[1:]]
        return {bytes.fromhex(chip): bytes.fromhex(key) for chip, key, _ in rows}

    def reset_bus(self):
        self.claims, self.parts, self.values, self.heard = {}, {}, {}, []
        self.address, self.transfers, self.counter, self.assign = {}, {}, 1000, True

    def start(self, app=APP):
        hub, control = os.path.join(self.dir, "hub"), os.path.join(self.dir, "control")
        for path in (hub, control):
            if os.path.exists(path):
                os.unlink(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(hub)
        listener.listen(1)
        listener.settimeout(60)  # a hundred of them on a busy machine
        self.process = subprocess.Popen([SIM, "emu", "--step", "--hub", hub, "--control", control, "--state", self.state,
                                         "--terminals", str(self.n), "--loader", LOADER, "--load", DATA,
                                         *(["--app", app] if app else [])])
        self.bus, _ = listener.accept()
        listener.close()
        self.bus.setblocking(False)
        self.control = socket.socket(socket.AF_UNIX)
        self.control.connect(control)
        self.lines = self.control.makefile("rw")
        self.now_ms = 0

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.lines.close()
        self.control.close()
        self.bus.close()

    def close(self):
        if self.process.poll() is None:
            self.op("quit")
            self.status = self.process.wait(20)
        self.kill()
        shutil.rmtree(self.dir)

    # ---- control ------------------------------------------------------------------------------

    def op(self, name, **arguments):
        self.lines.write(json.dumps({"op": name, **arguments}) + "\n")
        self.lines.flush()
        answer = json.loads(self.lines.readline())
        if not answer["ok"]:
            raise RuntimeError(f"{name}: {answer['error']}")
        return answer

    def look(self, terminal=1):
        return self.op("state", terminal=terminal)

    def run(self, ms, step=20):
        """Virtual time goes on; frames are answered at each step."""
        end = self.now_ms + ms
        while self.now_ms < end:
            self.now_ms = self.op("run", ms=min(step, end - self.now_ms))["now_ms"]
            self.read_bus()

    def until(self, condition, ms, step=20):
        end = self.now_ms + ms
        while not condition():
            if self.now_ms >= end:
                raise AssertionError(f"not within {ms} ms")
            self.run(step, step)

    # ---- bus ----------------------------------------------------------------------------------

    def send(self, can_id, data):
        self.bus.send(struct.pack("=IB3x8s", EXTENDED | can_id, len(data), data))

    def read_bus(self):
        while True:
            try:
                packet = self.bus.recv(16)
            except BlockingIOError:
                return
            if not packet:
                return
            can_id, length, data = struct.unpack("=IB3x8s", packet)
            self.frame(can_id & 0x1FFFFFFF, data[:length])

    def frame(self, can_id, data):
        kind, address, direction = can_id >> 20 & 0x3F, can_id >> 10 & 0x3FF, can_id >> 9 & 1
        self.heard.append((self.now_ms, can_id, data))
        if kind == CLAIM:
            self.claim(can_id & 0xFFFFF, data)
        elif direction == 1 and kind in (VALUES_A, VALUES_B):
            decoded = values_a(data) if kind == VALUES_A else values_b(data)
            self.values.setdefault(address, {}).update(decoded, at_ms=self.now_ms)
        elif direction == 1 and kind in (COMMAND, BULK):
            self.segment(kind, address, data)

    def claim(self, hashed, data):
        part, salt = data[0] & 15, data[0] >> 4
        if part == 0:
            self.parts[hashed] = {}
        self.parts.setdefault(hashed, {})[part] = data[2:]
        if set(self.parts[hashed]) != {0, 1, 2}:
            return
        got = self.parts.pop(hashed)
        chip = got[0] + got[1]
        digest = hashlib.sha256(chip + bytes([salt])).digest()
        if int.from_bytes(digest[:4], "little") & 0xFFFFF != hashed:
            return
        self.claims.setdefault(chip, []).append((self.now_ms, struct.unpack("<HHH", got[2])))
        if self.assign:
            self.give(chip, hashed, self.address.setdefault(chip, len(self.address) + 1))

    def give(self, chip, hashed, address):
        fingerprint = hashlib.sha256(chip + b"\0").digest()[4:10]
        self.send(PRIORITY[ASSIGN] << 26 | ASSIGN << 20 | hashed, struct.pack("<H", address) + fingerprint)

    # ---- ISO-TP -------------------------------------------------------------------------------

    def segment(self, kind, address, data):
        state = self.transfers.setdefault((kind, address), {"out": b"", "done": []})
        pci = data[0] >> 4
        if pci == 0:
            self.transferred(state, data[1:1 + (data[0] & 15)])
        elif pci == 1:
            state["length"] = (data[0] & 15) << 8 | data[1]
            state["in"] = data[2:]
            self.send(identifier(kind, address), b"\x30\0\0" + b"\xcc" * 5)
        elif pci == 2:
            state["in"] += data[1:]
            if len(state["in"]) >= state["length"]:
                self.transferred(state, state["in"][:state["length"]])
        elif pci == 3:
            self.send_rest(kind, address, state)

    def transferred(self, state, payload):
        body, crc = payload[:-4], payload[-4:]
        assert zlib.crc32(body) == int.from_bytes(crc, "little"), "check sum of a transfer"
        state["done"].append(body)

    def send_rest(self, kind, address, state):
        rest, number = state["out"], 1
        while rest:
            self.send(identifier(kind, address), bytes([0x20 | number & 15]) + rest[:7].ljust(7, b"\xcc"))
            rest, number = rest[7:], number + 1
        state["out"] = b""

    def transfer(self, kind, address, body):
        payload = body + zlib.crc32(body).to_bytes(4, "little")
        state = self.transfers.setdefault((kind, address), {"out": b"", "done": []})
        if len(payload) < 8:
            self.send(identifier(kind, address), (bytes([len(payload)]) + payload).ljust(8, b"\xcc"))
            return
        state["out"] = payload[6:]
        self.send(identifier(kind, address), struct.pack(">H", 0x1000 | len(payload)) + payload[:6])

    def ask(self, kind, address, body, ms=3000):
        done = self.transfers.setdefault((kind, address), {"out": b"", "done": []})["done"]
        before = len(done)
        self.transfer(kind, address, body)
        self.until(lambda: len(done) > before, ms, 5)
        return done[-1]

    # ---- commands -----------------------------------------------------------------------------

    def command_body(self, chip, kind, arguments=b"\0\0", key=None):
        self.counter += 1
        now = T0_S + self.now_ms // 1000
        body = struct.pack("<BIBIIB", 1, self.counter, kind, now, now + 300, len(arguments)) + arguments
        mac = hmac.new(key or self.keys[chip], b"\x01" + chip + body, hashlib.sha256).digest()[:8]
        return b"\x10" + body + mac

    def command(self, kind, arguments=b"\0\0", address=1):
        """Outcome and reason of a signed command; the result's own MAC is checked."""
        chip = next(c for c, a in self.address.items() if a == address)
        body = self.ask(COMMAND, address, self.command_body(chip, kind, arguments))
        mac = hmac.new(self.keys[chip], b"\x02" + chip + body[1:-8], hashlib.sha256).digest()[:8]
        assert mac == body[-8:], "MAC of a result"
        return body[7], body[8]

    def events(self, from_seq=1, address=1):
        """(kind, detail, value) of each stored event, the oldest first."""
        found = []
        while True:
            body = self.ask(BULK, address, struct.pack("<BIB", 0x20, from_seq, 31))
            newest, n = struct.unpack("<IB", body[1:6])
            for i in range(n):
                from_seq, _, _, kind, detail, value = struct.unpack("<IIHBBi", body[6 + 16 * i:22 + 16 * i])
                found.append((kind, detail, value))
            from_seq += 1
            if from_seq > newest:
                return found

    def set_clock(self, address=1):
        want = self.ask(BULK, address, b"\x23")
        boot, uptime_s = struct.unpack("<HI", want[1:])
        now_ms = (T0_S * 1000 + self.now_ms)
        return self.command(SET_TIME, struct.pack("<QHI", now_ms, boot, uptime_s), address)

    def settle(self, ms=6000):
        """All terminals are addressed and have sent values."""
        self.until(lambda: len(self.values) == self.n and all("energy_wh" in v for v in self.values.values()), ms)
        return self.values[1]

    # ---- files --------------------------------------------------------------------------------

    def file(self, name, terminal=1):
        return os.path.join(self.state, str(terminal), name)

    def save(self, terminal=1):
        return {name: open(self.file(name, terminal), "rb").read() for name in ("flash.bin", "sensor.bin")}

    def restore(self, saved, terminal=1):
        """Only while its power is off: the emulator maps these files."""
        for name, content in saved.items():
            with open(self.file(name, terminal), "r+b") as out:
                out.write(content)


