"""Runs inside User-Mode-Linux (tests/gateway/uml): the gateway on socketcan:vcan0, a terminal behind
Python's own CAN socket, and can-utils as a third witness."""
import os
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from world import *  # noqa: E402,F403


class CanHub(Hub):
    """The listeners' side of Hub, on vcan0."""

    def start(self):
        self.socket = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
        self.socket.bind(("vcan0",))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                packet = self.socket.recv(16)
            except OSError:
                return
            can_id, length = struct.unpack_from("<IB", packet)
            self.frames.append((can_id & 0x1FFFFFFF, packet[8:8 + length]))
            for listener in self.listeners:
                listener.take(can_id & 0x1FFFFFFF, packet[8:8 + length])

    def send(self, can_id, data, sender=None):
        try:
            self.socket.send(struct.pack("<IB3x", can_id | 0x80000000, len(data)) + data.ljust(8, b"\0"))
        except OSError:
            pass  # the interface is down


def kinds(log):
    """Types of the extended frames in a candump log."""
    found = set()
    for line in open(log):
        can_id = line.split()[2].split("#")[0]
        if len(can_id) == 8:
            found.add(int(can_id, 16) >> 20 & 0x3F)
    return found


def step(name, what, check, seconds=30):
    try:
        wait_for(what, check, seconds)
        print(f"ok {name}", flush=True)
    except AssertionError as error:
        print(f"not ok {name} {error}", flush=True)
        raise


def main():
    World.hub_type = CanHub
    with World(2, bus="socketcan:vcan0") as w:
        log = f"{w.folder}/candump.log"
        with open(log, "w") as out:
            dump = subprocess.Popen(["candump", "-L", "vcan0"], stdout=out)
        try:
            run(w, log)
        finally:
            dump.kill()


def run(w, log):
    t = w.terminals[0]
    w.start(period_s=1)
    step("socketcan-claim-and-assign", "addresses", lambda: [x.address for x in w.terminals] == [1, 2])
    step("socketcan-readings", "readings", lambda: len(w.platform.readings()) >= 4)
    w.platform.command(1, t, 1)
    step("socketcan-command", "verified trip", lambda: 3 in w.platform.stages(1))
    step("socketcan-time", "bus time", lambda: t.times, 15)
    step("socketcan-candump-sees-all", "frames in candump", lambda: {
        TYPE_WHO, TYPE_CLAIM, TYPE_ASSIGN, TYPE_TIME, TYPE_A, TYPE_B, TYPE_COMMAND, TYPE_BULK} <= kinds(log))
    # Frames that are not ours: standard identifier, remote request, unknown type, short data.
    for frame in ("123#DEADBEEF", "123#R", "1FF00000#00", "04900600#0102"):
        subprocess.run(["cansend", "vcan0", frame], check=True)
    step("socketcan-foreign-frames", "counted", lambda: w.platform.state()["bus"]["errors"] >= 2, 40)
    subprocess.run(["ip", "link", "set", "vcan0", "down"], check=True)
    step("socketcan-interface-down", "bus down", lambda: w.platform.state()["bus"]["up"] is False)
    subprocess.run(["ip", "link", "set", "vcan0", "up"], check=True)
    w.hub.start()
    since = int(time.time())
    step("socketcan-interface-up", "readings again", lambda: any(
        r["time_s"] > since for r in w.platform.readings()))


if __name__ == "__main__":
    main()
