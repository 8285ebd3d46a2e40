#!/usr/bin/python3
"""Writes wattle.dbc for terminals 1..LAST of a bus (can.md).

usage: dbc.py [LAST] > wattle.dbc          (default: 8, the committed file)

A DBC file names whole identifiers, and ours hold the terminal's address; so the file has the messages of
each terminal. Claims and assignments have a hash of the chip id there instead and cannot be listed.
"""
import sys

EXTENDED = 1 << 31
STATE = [("ContactClosed", "contact of the relay, as its feedback shows it", ("open", "closed")),
         ("WantClosed", "what the terminal decided", ("open", "closed")),
         ("ForcedTrip", "open until released or closed by a person", ("no", "yes")),
         ("KeepPower", "closed whatever money, timetable or load say", ("no", "yes")),
         ("CloseAllowed", "the tenant may close with the button", ("no", "yes")),
         ("RelayFault", "contact differs from wanted, or current flows though open", ("no", "yes")),
         ("ClockSet", "the terminal's clock is set", ("no", "yes")),
         ("EventPending", "events wait to be fetched", ("no", "yes")),
         ("SampleToggle", "flips with each new value set of the sensor", None)]
QUALITY = [("SensorFault", "three polls or more without an answer", ("no", "yes")),
           ("SampleStale", "value set older than 2.5 s", ("no", "yes")),
           ("Segment", "register of the sensor was reset, replaced or wrapped", ("no", "yes")),
           ("Implausible", "a value set was dropped since the last one", ("no", "yes")),
           ("StoreFault", "the flash log failed", ("no", "yes")),
           ("Frozen", "the energy register stands still although power flows", ("no", "yes"))]
PCI = {0: "single", 1: "first", 2: "consecutive", 3: "flow control"}
messages, comments, values, cycles = [], [], [], []


def message(ident, name, length, sender, signals, comment, cycle_ms=0):
    number = ident | EXTENDED
    lines = ["BO_ %d %s: %d %s" % (number, name, length, sender)]
    for signal, start, width, sign, factor, low, high, unit, what, words in signals:
        receiver = "GATEWAY" if sender != "GATEWAY" else "Vector__XXX"
        lines.append(' SG_ %s : %d|%d@1%s (%s,0) [%s|%s] "%s" %s' % (signal, start, width, sign, factor, low, high, unit, receiver))
        if what:
            comments.append('CM_ SG_ %d %s "%s";' % (number, signal, what))
        if words:
            values.append("VAL_ %d %s %s ;" % (number, signal, " ".join('%d "%s"' % kv for kv in words.items())))
    messages.append("\n".join(lines))
    comments.append('CM_ BO_ %d "%s";' % (number, comment))
    if cycle_ms:
        cycles.append('BA_ "GenMsgCycleTime" BO_ %d %d;' % (number, cycle_ms))


def bit(start, name, what, words):
    return (name, start, 1, "+", "1", 0, 1, "", what, dict(enumerate(words)) if words else None)


def pci():
    return [("PciType", 4, 4, "+", "1", 0, 15, "", "ISO 15765-2 frame type", PCI)]


def terminal(address):
    def ident(priority, kind, from_terminal):
        return priority << 26 | kind << 20 | address << 10 | from_terminal << 9
    suffix, node = "_T%03d" % address, "T%03d" % address
    message(ident(4, 0x08, 1), "VALUES_A" + suffix, 8, node, [
        ("Voltage", 0, 13, "+", "0.1", 0, 819.1, "V", None, None),
        ("Current", 13, 18, "-", "0.001", -131.072, 131.071, "A", None, None),
        ("Power", 31, 20, "-", "0.1", -52428.8, 52428.7, "W", "active power; negative: fed back", None),
        ("PowerFactor", 51, 12, "-", "0.001", -2.048, 2.047, "", None, None),
        bit(63, "Valid", "the other signals of this frame are measured", ("no", "yes"))], "values, each second", 1000)
    signals = [("Energy", 0, 36, "+", "0.001", 0, 68719476.735, "kWh", "the terminal's own total", None),
               ("Frequency", 36, 13, "+", "0.01", 0, 81.91, "Hz", None, None)]
    signals += [bit(49 + i, *entry) for i, entry in enumerate(STATE)]
    signals += [bit(58 + i, *entry) for i, entry in enumerate(QUALITY)]
    message(ident(4, 0x09, 1), "VALUES_B" + suffix, 8, node, signals, "values and state, each second; the heartbeat", 1000)
    for kind, priority, name in [(0x01, 1, "COMMAND"), (0x20, 6, "BULK")]:
        message(ident(priority, kind, 0), "%s_TO%s" % (name, suffix), 8, "GATEWAY", pci(), "ISO-TP to the terminal")
        message(ident(priority, kind, 1), "%s_FROM%s" % (name, suffix), 8, node, pci(), "ISO-TP from the terminal")


def main(last=8):
    message(2 << 26 | 0x02 << 20 | 1023 << 10, "TIME", 8, "GATEWAY",
            [("UnixTime", 0, 64, "+", "1", 0, 18446744073709551615, "ms", "UTC; slews a clock that is set", None)], "bus time", 10000)
    message(3 << 26 | 0x10 << 20 | 1023 << 10, "WHO", 0, "GATEWAY", [], "all terminals claim again")
    for address in range(1, last + 1):
        terminal(address)
    nodes = " ".join(["GATEWAY"] + ["T%03d" % a for a in range(1, last + 1)])
    print('VERSION ""\n\nNS_ :\n\nBS_:\n\nBU_: %s\n' % nodes)
    print("\n\n".join(messages) + "\n")
    print('CM_ "Wattle CAN bus, 125 kbit/s; docs/protocol/can.md";')
    print("\n".join(comments))
    print('BA_DEF_ BO_ "GenMsgCycleTime" INT 0 65535;\nBA_DEF_DEF_ "GenMsgCycleTime" 0;')
    print("\n".join(cycles))
    print("\n".join(values))


if __name__ == "__main__":
    main(*[int(a) for a in sys.argv[1:]])
