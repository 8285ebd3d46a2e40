#!/usr/bin/python3
"""A hundred terminals on one bus in real time, the emulator on one core, frames through the real hub: 30 s in which
no time is let go and no frame is lost (the start, which translates the code, is over by then). Part of the nightly run: it
needs the machine for itself."""
import os
import select
import socket
import subprocess
import sys
import time

from bench import APP, DATA, LOADER, SIM, Desk

SECONDS = int(os.environ.get("WATTLE_REALTIME_S", "30"))
TERMINALS = 100
BUSY_MAX = 0.45  # docs/protocol/can.md


class LiveDesk(Desk):
    """The same desk on the hub, with the host's clock for its time."""

    def start(self):
        hub, control = os.path.join(self.dir, "hub"), os.path.join(self.dir, "control")
        self.origin, self.now_ms = time.monotonic(), 0
        self.hub = subprocess.Popen([SIM, "hub", "--socket", hub])
        self.bus = connect(socket.SOCK_SEQPACKET, hub)
        self.bus.setblocking(False)
        core = str(sorted(os.sched_getaffinity(0))[-1])
        self.process = subprocess.Popen(["taskset", "-c", core, SIM, "emu", "--hub", hub, "--control", control, "--state", self.state,
                                         "--terminals", str(self.n), "--loader", LOADER, "--app", APP, "--load", DATA])
        self.control = connect(socket.SOCK_STREAM, control)
        self.lines = self.control.makefile("rw")

    def run(self, ms, step=20):
        end = time.monotonic() + ms / 1000
        while time.monotonic() < end:
            select.select([self.bus], [], [], min(step / 1000, max(0, end - time.monotonic())))
            self.now_ms = int((time.monotonic() - self.origin) * 1000)
            self.read_bus()

    def kill(self):
        super().kill()
        self.hub.kill()
        self.hub.wait()


def connect(kind, path):
    for _ in range(200):
        end = socket.socket(socket.AF_UNIX, kind)
        try:
            end.connect(path)
            return end
        except OSError:
            end.close()
            time.sleep(0.05)
    raise RuntimeError(f"{path}: nobody there")


def measure(desk):
    """What happened on the bus in SECONDS of the emulator's own time."""
    desk.until(lambda: len(desk.values) == TERMINALS, 30000)
    desk.run(1000)
    before = desk.op("world")
    desk.heard.clear()
    desk.run(SECONDS * 1000)
    after = desk.op("world")
    desk.run(100)
    cyclic = sum(1 for _, can_id, _ in desk.heard if can_id >> 20 & 0x3F in (8, 9))
    took_ms = after["now_ms"] - before["now_ms"]
    return {"cyclic frames per terminal and second": cyclic / TERMINALS / (took_ms / 1000), "virtual time": took_ms / (SECONDS * 1000),
            "bus": (after["busy_us"] - before["busy_us"]) / took_ms / 1000, "slipped ms": after["slipped_ms"] - before["slipped_ms"],
            "lag at most ms": after["lag_max_ms"], "frames the hub did not take": after["hub_lost"],
            "frames the emulator did not take": after["queue_full"]}


def main():
    desk = LiveDesk(TERMINALS)
    try:
        got = measure(desk)
    finally:
        desk.kill()
    rules = {"cyclic frames per terminal and second": lambda v: 1.95 <= v <= 2.05, "virtual time": lambda v: 0.99 <= v <= 1.01,
             "bus": lambda v: 0 < v <= BUSY_MAX, "slipped ms": lambda v: v == 0, "frames the hub did not take": lambda v: v == 0,
             "frames the emulator did not take": lambda v: v == 0}
    wrong = [name for name, rule in rules.items() if not rule(got[name])]
    said = ", ".join(f"{name} {value:.3g}" for name, value in got.items())
    print(f"{'not ok' if wrong else 'ok'} realtime {TERMINALS} terminals for {SECONDS} s: {said}" + (f"; wrong: {wrong}" if wrong else ""))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
