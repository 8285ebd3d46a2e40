"""The world around the real wattle-gateway for its black-box tests: a TLS broker, a CAN bus with
terminals, and a platform, all written apart from the product (docs/protocol/*.md are the source;
Python's own hashlib, zlib, protobuf). Only the standard library, python3-protobuf, mosquitto."""
import ctypes
import getpass
import hashlib
import hmac
import json
import os
import queue
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

from publisher import Publisher

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
GATEWAY = os.environ.get("WATTLE_GATEWAY", f"{ROOT}/build/host/bin/wattle-gateway")

TYPE_COMMAND, TYPE_TIME, TYPE_A, TYPE_B = 0x01, 0x02, 0x08, 0x09
TYPE_WHO, TYPE_CLAIM, TYPE_ASSIGN, TYPE_BULK = 0x10, 0x11, 0x12, 0x20
PRIORITY = {1: 1, 2: 2, 8: 4, 9: 4, 0x10: 3, 0x11: 5, 0x12: 3, 0x20: 6}
CLOSED, WANT_CLOSED, FORCED, KEEP = 1, 2, 4, 8
CLOCK_SET, EVENT_PENDING, TOGGLE = 64, 128, 256


def die_with_parent():
    """A child is killed when the test process is gone, however that ended."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


PATIENCE = 2  # with a machine that has more to do; a wait that ends well costs nothing


def wait_for(what, check, seconds=40.0):
    """Waits until check() is true and returns its value."""
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def free_port():
    """A port nobody listens on, of this program's own (see free_port in tests/lib/process.mjs)."""
    first, last = map(int, os.environ.get("WATTLE_PORTS", "20000-31999").split("-"))
    while True:
        port = random.randint(first, last)
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)):
                return port


def frame_id(kind, address=1023, direction=0):
    return PRIORITY[kind] << 26 | kind << 20 | address << 10 | direction << 9


def load_uplink(folder):
    """docs/protocol/uplink.proto through Google's protoc: the reading that is not ours."""
    subprocess.run(["protoc", f"-I{ROOT}/docs/protocol", f"--python_out={folder}", "uplink.proto"],
                   check=True)
    sys.path.insert(0, folder)
    import uplink_pb2
    return uplink_pb2


class Broker:
    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        self.pki = f"{folder}/pki"
        os.mkdir(self.pki)
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=test CA")
        with open(f"{self.pki}/ext", "w") as f:
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        for name in ("broker", "gw-1", "wattled"):
            self.certificate(name)
        with open(f"{folder}/broker.conf", "w") as f:
            f.write(f"user {getpass.getuser()}\nlistener {self.port} 127.0.0.1\nallow_anonymous true\n"
                    f"cafile {self.pki}/ca.crt\ncertfile {self.pki}/broker.crt\n"
                    f"keyfile {self.pki}/broker.key\nrequire_certificate true\n"
                    "max_queued_messages 100000\n")
        self.start()

    def _run(self, *args):
        subprocess.run(["openssl", *args], cwd=self.pki, check=True, capture_output=True)

    def certificate(self, name):
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                  f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        self._run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                  "-CAcreateserial", "-out", f"{name}.crt", "-days", "2", "-extfile", "ext")
        os.chmod(f"{self.pki}/{name}.key", 0o600)

    def start(self):
        self.process = subprocess.Popen(["mosquitto", "-c", f"{self.folder}/broker.conf"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=die_with_parent)
        wait_for("broker", self.answers)

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()


class Platform:
    """Collects what the gateway publishes; answers when told to. Hears through mosquitto's own client."""

    def __init__(self, broker, pb, property_id="p-1", gateway="gw-1"):
        self.broker, self.pb = broker, pb
        self.prefix = f"wattle/1/{property_id}/{gateway}"
        self.epoch, self.acking = 0xE0C0000000000001, True
        self.batches, self.order = {}, []          # (boot, seq) -> Uplink
        self.bodies, self.conflicts = {}, []
        self.states, self.nows = [], []
        self.clock_ms = 0  # error of the platform's clock
        self.lock = threading.Lock()
        self.publisher = Publisher(broker.port, broker.pki, "wattled")
        self.connect()

    def _args(self):
        pki = self.broker.pki
        return ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.broker.port), "-V", "5", "--cafile",
                f"{pki}/ca.crt", "--cert", f"{pki}/wattled.crt", "--key", f"{pki}/wattled.key",
                "-i", f"platform-sub-{random.randrange(1 << 30)}"]

    def connect(self):
        self.sub = subprocess.Popen(
            self._args() + ["-q", "1", "-F", "%t %r %x", "-t", f"{self.prefix}/up",
                                           "-t", f"{self.prefix}/now", "-t", f"{self.prefix}/state"],
            stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        threading.Thread(target=self._read, args=(self.sub,), daemon=True).start()

    def _read(self, process):
        for line in process.stdout:
            topic, _, payload = (line.rstrip("\n").split(" ") + ["", ""])[:3]
            self._take(topic.rsplit("/", 1)[1], bytes.fromhex(payload))

    def _take(self, topic, payload):
        if topic == "state":
            self.states.append(json.loads(payload or b"{}"))
        elif topic == "now":
            now = self.pb.Now()
            now.ParseFromString(payload)
            self.nows.append(now)
        else:
            self._take_up(payload)

    def _take_up(self, payload):
        up = self.pb.Uplink()
        up.ParseFromString(payload)
        key = (up.boot, up.seq)
        with self.lock:
            if self.bodies.setdefault(key, payload) != payload:
                self.conflicts.append(key)
            self.order.append(key)
            self.batches[key] = up
        if self.acking:
            try:
                self.ack([key])
            except OSError:
                pass  # no broker: the gateway offers it again

    def now_ms(self):
        return int(time.time() * 1000) + self.clock_ms

    def publish(self, topic, message, retain=False):
        payload = message if isinstance(message, bytes) else message.SerializeToString()
        self.publisher.publish(f"{self.prefix}/{topic}", payload, retain)

    def forget(self, topic):
        """Removes a retained message."""
        self.publish(topic, b"", retain=True)

    def ack(self, keys):
        ack = self.pb.Ack(epoch=self.epoch, time_ms=self.now_ms())
        for boot, seq in keys:
            ack.done.add(boot=boot, first=seq, last=seq)
        self.publish("ack", ack)

    def down(self, **fields):
        self.publish("down", self.pb.Down(epoch=self.epoch, time_ms=self.now_ms(), **fields))

    def configure(self, version, terminals, **fields):
        config = self.pb.Config(version=version, **fields)
        for t in terminals:
            config.meters.add(number=t.meter, chip=t.chip)
        self.down(config=config)

    def command(self, command_id, t, what, args=b"\0\0", life_s=60, **changed):
        issued = int(time.time())
        body = t.sign_command(what, args, issued, issued + life_s)
        fields = dict(id=command_id, meter=t.meter, body=body, expires_s=issued + life_s, kind=what)
        fields.update(changed)
        command = self.pb.Command(**fields)
        self.down(commands=[command])
        return command

    def results(self, command_id):
        with self.lock:
            return [r for key in dict.fromkeys(self.order) for r in self.batches[key].results
                    if r.command_id == command_id]

    def stages(self, command_id):
        return [r.stage for r in self.results(command_id)]

    def events(self, kind=None):
        with self.lock:
            return [e for key in dict.fromkeys(self.order) for e in self.batches[key].events
                    if kind is None or e.kind == kind]

    def readings(self):
        """(meter, time_s) -> dict, all batches together."""
        rows = []
        with self.lock:
            for key in dict.fromkeys(self.order):
                for table in self.batches[key].readings:
                    rows += expand(table)
        return rows

    def state(self):
        return self.states[-1] if self.states else {}


def expand(table):
    """Columns back to rows, by the words of uplink.proto."""
    n = table.count
    runs = list(table.run)
    meters, total = [], 0
    deltas = list(table.meter)
    if len(runs) == 1 and len(deltas) >= 1:
        runs = runs * len(deltas)
    for delta, run in zip(deltas, runs):
        total += delta
        meters += [total] * run
    assert len(meters) == n, (len(meters), n)
    rows = [{"meter": m} for m in meters]
    for name in ("time_s", "voltage_dv", "current_ma", "power_dw", "pf_permille", "frequency_chz",
                 "energy_wh"):
        column, value = list(getattr(table, name)), 0
        for i in range(n):
            if len(column) == n:
                value += column[i]
            elif column:
                value = column[0]
            rows[i][name] = value
    for name in ("state", "quality"):
        column = list(getattr(table, name))
        for i in range(n):
            rows[i][name] = (column[i] if len(column) == n else column[0]) if column else 0
    return rows


class Hub:
    """The bus: every frame of one goes to all others."""

    def __init__(self, path):
        self.path, self.clients, self.frames = path, [], []
        self.listeners, self.drop = [], lambda frame: False
        self.lock = threading.Lock()
        self.start()

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(self.path)
        self.server.listen(8)
        threading.Thread(target=self._accept, args=(self.server,), daemon=True).start()

    def stop(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        with self.lock:
            for client in self.clients:
                client.close()
            self.clients = []

    def _accept(self, server):
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with self.lock:
                self.clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        while True:
            try:
                packet = client.recv(16)
            except OSError:
                packet = b""
            if not packet:
                with self.lock:
                    if client in self.clients:
                        self.clients.remove(client)
                return
            self.deliver(packet, client)

    def deliver(self, packet, sender=None):
        can_id, length = struct.unpack_from("<IB", packet)
        frame = (can_id & 0x1FFFFFFF, packet[8:8 + length])
        if self.drop(frame):
            return
        self.frames.append(frame)
        with self.lock:
            targets = [c for c in self.clients if c is not sender]
        for client in targets:
            try:
                client.send(packet)
            except OSError:
                pass
        if frame[0] >> 9 & 1 == 0 or frame[0] >> 20 & 0x3F == TYPE_ASSIGN:
            for listener in self.listeners:
                if listener is not sender:
                    listener.take(*frame)

    def send(self, can_id, data, sender=None):
        packet = struct.pack("<IB3x", can_id | 0x80000000, len(data)) + data.ljust(8, b"\0")
        self.deliver(packet, sender)


class IsoTp:
    """One direction pair, ISO 15765-2, the plain way."""

    def __init__(self, send, received):
        self.send_frame, self.received = send, received
        self.out, self.buffer, self.expected = b"", None, 0

    def send(self, body):
        payload = body + struct.pack("<I", zlib.crc32(body))
        if len(payload) <= 7:
            self.send_frame((bytes([len(payload)]) + payload).ljust(8, b"\xcc"))
            return
        self.out = payload[6:]
        self.send_frame(struct.pack(">H", 0x1000 | len(payload)) + payload[:6])

    def take(self, data):
        pci = data[0] >> 4
        if pci == 0:
            self._done(data[1:1 + (data[0] & 15)])
        elif pci == 1:
            self.total = (data[0] & 15) << 8 | data[1]
            self.buffer, self.serial = data[2:], 1
            self.send_frame(b"\x30\0\0".ljust(8, b"\xcc"))
        elif pci == 2 and self.buffer is not None:
            if data[0] & 15 != self.serial:
                self.buffer = None
                return
            self.serial = self.serial + 1 & 15
            self.buffer += data[1:]
            if len(self.buffer) >= self.total:
                payload, self.buffer = self.buffer[:self.total], None
                self._done(payload)
        elif pci == 3 and self.out:
            for i, at in enumerate(range(0, len(self.out), 7)):
                self.send_frame((bytes([0x20 | i + 1 & 15]) + self.out[at:at + 7]).ljust(8, b"\xcc"))
            self.out = b""

    def _done(self, payload):
        if zlib.crc32(payload[:-4]) == struct.unpack("<I", payload[-4:])[0]:
            self.received(payload[:-4])


class Terminal:
    """A terminal as docs/protocol/can.md and command.md describe it."""

    def __init__(self, hub, number, meter=None, send=None):
        self.hub, self.number = hub, number
        self.chip = hashlib.sha256(b"chip%d" % number).digest()[:12]
        self.key = hashlib.sha256(b"key%d" % number).digest()
        self.meter = meter or 330100000000 + number
        self.address = self.boot = 0
        self.counter = self.next_counter = 0
        self.state = CLOSED | WANT_CLOSED | CLOCK_SET
        self.quality, self.valid = 0, True
        self.voltage_dv, self.current_ma, self.energy_wh = 2301, 1000 + number, 5000 * number
        self.events, self.event_seq = [], 0
        self.executed, self.last_result, self.mute = [], (None, None), False
        self.times = []
        self.delay_s = 0
        self.up_since = time.monotonic()
        self.send = send or (lambda can_id, data: hub.send(can_id, data, self))
        self.command = IsoTp(lambda d: self._send(TYPE_COMMAND, d), self._command)
        self.bulk = IsoTp(lambda d: self._send(TYPE_BULK, d), self._bulk)
        if hub:
            hub.listeners.append(self)

    def _send(self, kind, data):
        if not self.mute:
            self.send(frame_id(kind, self.address, 1), data)

    def hash20(self, salt=0):
        digest = hashlib.sha256(self.chip + bytes([salt])).digest()
        return struct.unpack("<I", digest[:4])[0] & 0xFFFFF

    def claim(self):
        can_id = PRIORITY[TYPE_CLAIM] << 26 | TYPE_CLAIM << 20 | self.hash20()
        parts = [self.chip[:6], self.chip[6:], struct.pack("<HHH", self.address, self.boot, 0x0102)]
        for k, part in enumerate(parts):
            self.send(can_id, bytes([k, 1]) + part)

    def power_up(self):
        self.boot += 1
        self.address, self.up_since = 0, time.monotonic()
        self.event(1)
        self.claim()

    def event(self, kind, detail=0, value=0):
        self.event_seq += 1
        self.events.append((self.event_seq, int(time.time()), self.boot, kind, detail, value))
        self.state |= EVENT_PENDING

    def values(self, new=True):
        """One value set on the bus."""
        if not self.address or self.mute:
            return
        if new:
            self.state ^= TOGGLE
        current = self.current_ma if self.state & CLOSED else 0
        power = self.voltage_dv * current // 10000
        a = (self.voltage_dv | (current & 0x3FFFF) << 13 | (power & 0xFFFFF) << 31 | 990 << 51
             | int(self.valid) << 63)
        b = self.energy_wh | 5000 << 36 | self.state << 49 | self.quality << 58
        self._send(TYPE_A, struct.pack("<Q", a))
        self._send(TYPE_B, struct.pack("<Q", b))

    def take(self, can_id, data):
        kind, address, direction = can_id >> 20 & 0x3F, can_id >> 10 & 0x3FF, can_id >> 9 & 1
        if self.mute:
            return
        if kind == TYPE_ASSIGN:
            fingerprint = hashlib.sha256(self.chip + b"\0").digest()[4:10]
            if can_id & 0xFFFFF == self.hash20() and data[2:] == fingerprint:
                self.address = struct.unpack("<H", data[:2])[0]
        elif kind == TYPE_WHO:
            self.claim()
        elif kind == TYPE_TIME:
            self.times.append((struct.unpack("<Q", data)[0], time.time() * 1000))
        elif direction == 0 and address == self.address and self.address:
            if kind == TYPE_COMMAND:
                self.command.take(data)
            elif kind == TYPE_BULK:
                self.bulk.take(data)

    def mac(self, direction, body):
        return hmac.new(self.key, bytes([direction]) + self.chip + body, hashlib.sha256).digest()[:8]

    def sign_command(self, kind, args, issued, expires):
        self.next_counter += 1
        body = struct.pack("<BIBIIB", 1, self.next_counter, kind, issued, expires, len(args)) + args
        return b"\x10" + body + self.mac(1, body)

    def result(self, counter, kind, outcome, reason=0):
        body = struct.pack("<BIBBBBIqqI", 1, counter, kind, outcome, reason, self.state & 0x3F, 0, 0, 0,
                           int(time.time()))
        return b"\x11" + body + self.mac(2, body)

    def _command(self, body):
        if body[:1] != b"\x10" or self.mac(1, body[1:-8]) != body[-8:]:
            return
        _, counter, kind = struct.unpack_from("<BIB", body, 1)
        if (counter, body) == self.last_result[0]:
            self.command.send(self.last_result[1])
            return
        if counter <= self.counter:
            self.command.send(self.result(counter, kind, 1, 2))
            return
        self.counter = counter
        if self.delay_s and kind == 1:
            self.command.send(self.result(counter, kind, 3))
            threading.Timer(self.delay_s, self._execute, (counter, kind, body)).start()
            return
        self._execute(counter, kind, body)

    def _execute(self, counter, kind, body):
        self.executed.append((counter, kind))
        if kind == 1:
            self.state = self.state & ~(CLOSED | WANT_CLOSED) | FORCED
        elif kind in (3, 4):
            self.state = self.state & ~FORCED | CLOSED | WANT_CLOSED
        elif kind == 6:
            self.state |= CLOCK_SET
        answer = self.result(counter, kind, 0)
        self.last_result = ((counter, body), answer)
        self.command.send(answer)

    def _bulk(self, body):
        if body[0] == 0x20:
            start, most = struct.unpack_from("<IB", body, 1)
            chosen = [e for e in self.events if e[0] >= start][:most]
            self.bulk.send(struct.pack("<BIB", 0x21, self.event_seq, len(chosen))
                           + b"".join(struct.pack("<IIHBBi", *e) for e in chosen))
        elif body[0] == 0x22:
            if struct.unpack_from("<I", body, 1)[0] >= self.event_seq:
                self.state &= ~EVENT_PENDING
        elif body[0] == 0x23:
            self.bulk.send(struct.pack("<BHI", 0x24, self.boot,
                                       int(time.monotonic() - self.up_since)))


class Gateway:
    def __init__(self, folder, broker, bus, property_id="p-1", name="gw-1", spool_mb=200):
        self.folder, self.data = folder, f"{folder}/spool"
        self.ini, self.process, self.log = f"{folder}/gateway.ini", None, f"{folder}/gateway.log"
        self.clock = f"{folder}/clock.sock"
        pki = broker.pki
        with open(self.ini, "w") as f:
            f.write(f"[gateway]\nid = {name}\nproperty = {property_id}\ndata = {self.data}\n"
                    f"[bus]\nuri = {bus}\n[broker]\nhost = 127.0.0.1\nport = {broker.port}\n"
                    f"ca = {pki}/ca.crt\ncertificate = {pki}/{name}.crt\nkey = {pki}/{name}.key\n"
                    f"[spool]\nmost_mb = {spool_mb}\n")

    def start(self, prefix=()):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                [*prefix, GATEWAY, "--test-clock", self.clock, self.ini], stderr=log,
                preexec_fn=die_with_parent)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def set_clock(self, line):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.clock)
            s.sendall(line.encode() + b"\n")
            assert s.recv(8) == b"ok\n", line

    def dump(self):
        out = subprocess.run([GATEWAY, "--dump-spool", self.data], capture_output=True, text=True,
                             check=True).stdout
        return [json.loads(line) for line in out.splitlines()]

    def peak_kb(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(next(line for line in f if line.startswith("VmHWM")).split()[1])

    def log_text(self):
        with open(self.log) as f:
            return f.read()


class World:
    """Everything together; a context manager that ends all it started."""

    def __init__(self, terminals=2, adopted=None, bus=None, **gateway):
        self.folder = tempfile.mkdtemp(prefix="wattle-gateway-")
        self.pb = load_uplink(self.folder)
        self.broker = Broker(self.folder)
        self.hub = self.hub_type(f"{self.folder}/can.sock")
        self.terminals = [Terminal(self.hub, n + 1) for n in range(terminals)]
        self.adopted = self.terminals if adopted is None else self.terminals[:adopted]
        self.platform = Platform(self.broker, self.pb)
        self.gateway = Gateway(self.folder, self.broker, bus or f"unix:{self.hub.path}", **gateway)
        self.ticking, self.told = True, []  # when the terminals told values: on a busy machine not each second
        threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self):
        while self.ticking:
            self.told.append(time.time())
            for t in self.terminals:
                t.energy_wh += 1
                t.values()
            time.sleep(self.period_s)

    period_s = 1.0
    hub_type = Hub

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.ticking = False
        for process in (self.gateway.process, self.platform.sub, self.broker.process):
            if process:
                process.kill()
                process.wait()
        if kind and os.environ.get("KEEP"):
            print(f"# kept: {self.folder}")
        else:
            if kind:
                print("".join(f"# {line}" for line in open(self.gateway.log).readlines()[-15:]))
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, period_s=2):
        """Gateway up, all terminals with addresses, adopted ones configured and read."""
        self.gateway.start()
        wait_for("online", lambda: self.platform.state().get("online"))
        for t in self.terminals:
            t.power_up()
        wait_for("addresses", lambda: all(t.address for t in self.terminals))
        self.platform.configure(1, self.adopted, period_s=period_s)
        wait_for("configuration", lambda: self.platform.state().get("config") == 1)
        return self
