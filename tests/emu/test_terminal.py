#!/usr/bin/python3
"""The real terminal firmware in the emulator. One line a test: ok or not ok."""
import struct
import sys
import traceback
import zlib

from bench import ALLOW_CLOSE, BULK, CLOSE, COMMAND, KEEP_POWER, RELEASE, TRIP, Desk, identifier

EXECUTED, REFUSED, FAILED = 0, 1, 2


def fresh(test, terminals=1):
    desk = Desk(terminals)
    try:
        test(desk)
        for k in range(1, desk.n + 1):
            counters = desk.look(k)["counters"]
            for name in ("unmodelled", "faults", "lockups", "watchdog_resets"):
                assert counters[name] == desk.expected.get(name, 0), f"terminal {k}: {name} {counters}"
        desk.close()
        assert desk.status == 0, f"exit {desk.status}"
    except BaseException:
        desk.kill()
        raise


def energy_of_sensor(state):
    return state["registers"]["energy"] / 10


def heavy_load(desk):
    """9.2 kW: 2.6 Wh a second, so that a lost second shows."""
    for name, raw in (("voltage", 2300000), ("current", 400000), ("power", 92000000), ("pf", 1000)):
        desk.op("register", terminal=1, reg=name, value=raw)


def recharge(desk, count, amount, total):
    return desk.command(8, struct.pack("<Iqq", count, amount, total))


# ---- tests ------------------------------------------------------------------------------------


def boots_claims_and_sends(desk):
    desk.until(lambda: desk.claims, 2500)
    (chip,) = desk.claims
    assert chip.hex() == desk.look()["chip"]
    desk.settle()
    desk.heard.clear()
    desk.run(10000)
    cyclic = [can_id for _, can_id, _ in desk.heard if can_id >> 20 & 0x3F in (8, 9)]
    assert 18 <= len(cyclic) <= 22, f"{len(cyclic)} cyclic frames in 10 s"


def values_equal_the_registers(desk):
    desk.settle()
    for name, raw in (("voltage", 2305600), ("current", 123400), ("power", 28450000), ("pf", 987), ("frequency", 4993)):
        desk.op("register", terminal=1, reg=name, value=raw)
    desk.run(2500)
    got = desk.values[1]
    assert (got["voltage_dv"], got["current_ma"], got["power_dw"], got["pf_permille"], got["frequency_chz"]) == \
        (2306, 12340, 28450, 987, 4993), got
    desk.op("register", terminal=1, reg="voltage", value=None)
    desk.run(2500)
    row = desk.look()["data"]
    assert abs(desk.values[1]["voltage_dv"] - row["voltage_mv"] / 100) <= 1, (desk.values[1], row)


def plays_the_household_data(desk):
    desk.settle()
    for minute in (5, 700, 20000):
        desk.op("seek", terminal=1, minute=minute)
        desk.run(2500)
        got, row = desk.values[1], desk.look()["data"]
        apparent = (row["power_w"] ** 2 + row["reactive_var"] ** 2) ** 0.5
        assert abs(got["power_dw"] - row["power_w"] * 10) <= 1, (got, row)
        assert abs(got["current_ma"] - apparent / row["voltage_mv"] * 1e6) <= 1, (got, row)
        assert abs(got["pf_permille"] - row["power_w"] / apparent * 1000) <= 1, (got, row)


def missing_minute_is_silence(desk):
    gap = first_gap()
    desk.settle()
    before = energy_of_sensor(desk.look())
    desk.op("seek", terminal=1, minute=gap)
    desk.run(6000)
    assert "sensor_fault" in desk.values[1]["quality"], desk.values[1]
    assert desk.look()["contact_closed"]
    desk.op("seek", terminal=1, minute=100)
    desk.run(3000)
    assert "sensor_fault" not in desk.values[1]["quality"]
    assert energy_of_sensor(desk.look()) - before < 10


def first_gap():
    import bench
    with open(bench.DATA, encoding="ascii") as data:
        return next(i for i, line in enumerate(data.read().split()[1:]) if line.endswith(",,,"))


def every_sensor_fault_is_seen_and_healed(desk):
    desk.settle()
    for mode in ("silent", "bad-crc", "short", "address", "echo"):
        desk.op("sensor", terminal=1, mode=mode)
        desk.run(6000)
        assert "sensor_fault" in desk.values[1]["quality"], mode
        assert desk.look()["contact_closed"], mode
        desk.op("sensor", terminal=1, mode="normal")
        desk.run(3000)
        assert not desk.values[1]["quality"] & {"sensor_fault", "stale"}, (mode, desk.values[1])
    assert desk.look()["counters"]["contact_moves"] == 0


def one_flipped_bit_costs_one_value_set(desk):
    desk.settle()
    for bit in range(8):
        desk.op("uart-flip", terminal=1, bit=bit)
        desk.run(1100)
    desk.run(2000)
    assert desk.look()["counters"]["uart_flips"] == 8
    assert not desk.values[1]["quality"], desk.values[1]
    row = desk.look()["data"]
    assert abs(desk.values[1]["power_dw"] - row["power_w"] * 10) <= 1


def trip_closes_the_loop(desk):
    desk.settle()
    assert desk.set_clock() == (EXECUTED, 0)
    assert desk.command(TRIP) == (EXECUTED, 0)
    desk.run(2500)
    got, look = desk.values[1], desk.look()
    assert not look["contact_closed"] and look["pins"]["feedback"]
    assert got["current_ma"] == 0 and got["power_dw"] == 0 and got["voltage_dv"] > 2000
    assert "forced_trip" in got["state"] and "contact_closed" not in got["state"]
    held = look["registers"]["energy"]
    desk.run(5000)
    assert desk.look()["registers"]["energy"] == held
    assert desk.command(CLOSE) == (EXECUTED, 0)
    desk.run(2500)
    assert desk.values[1]["current_ma"] > 0 and "contact_closed" in desk.values[1]["state"]
    assert not desk.look()["pins"]["coil_close"] and not desk.look()["pins"]["coil_open"]


def refusals_change_nothing(desk):
    desk.settle()
    assert desk.command(TRIP) == (REFUSED, 4)  # clock not set
    assert desk.set_clock() == (EXECUTED, 0)
    assert desk.command(99) == (REFUSED, 5)
    assert desk.command(TRIP, b"\0") == (REFUSED, 6)
    assert desk.command(KEEP_POWER, b"\0" * 6) == (EXECUTED, 0)
    assert desk.command(TRIP) == (REFUSED, 7)
    desk.counter -= 3
    assert desk.command(TRIP) == (REFUSED, 2)
    desk.counter += 3
    assert desk.look()["counters"]["contact_moves"] == 0
    assert desk.command(RELEASE) == (EXECUTED, 0)
    assert desk.command(TRIP) == (EXECUTED, 0)


def it_charges_its_use_and_trips_by_itself(desk):
    """1 yuan a Wh, 2.56 Wh a second, 120 yuan in the purse, and a power cut on the way."""
    desk.settle()
    heavy_load(desk)
    assert desk.set_clock() == (EXECUTED, 0)
    image = struct.pack("<BBBBI", 1, 0, 32, 1, 10 ** 9) + bytes(5)
    assert desk.command(10, struct.pack("<IH", 5, 0) + image) == (EXECUTED, 0)
    assert desk.command(11, struct.pack("<IIHI", 5, 1, len(image), zlib.crc32(image) ^ 1)) == (REFUSED, 22)
    assert desk.command(11, struct.pack("<IIHI", 5, 1, len(image), zlib.crc32(image))) == (EXECUTED, 0)
    assert recharge(desk, 1, 12000, 12000) == (EXECUTED, 0)
    desk.run(1500)
    began = desk.values[1]["energy_wh"]
    assert desk.command(12, struct.pack("<IBiiiiiIqqI", 1, 1, 5000, 2000, 0, 0, 0, 1000, began, 0, 0)) == (EXECUTED, 0)
    desk.run(20000)
    assert desk.look()["contact_closed"]
    desk.op("power", terminal=1, on=False)
    desk.run(3000)
    desk.op("power", terminal=1, on=True)
    desk.values.clear()
    desk.settle()
    for _ in range(60):
        if not desk.look()["contact_closed"]:
            break
        desk.run(1000)
    desk.run(2500)
    used = desk.values[1]["energy_wh"] - began
    # A reading, a look and the contact: at most four seconds of this load.
    assert not desk.look()["contact_closed"] and 120 <= used <= 131, used
    assert desk.set_clock() == (EXECUTED, 0)
    assert desk.command(CLOSE) == (REFUSED, 21)
    assert recharge(desk, 2, 2000, 14000) == (EXECUTED, 0)
    desk.run(2500)
    assert desk.look()["contact_closed"]


def button_closes_after_permission(desk):
    desk.settle()
    desk.set_clock()
    assert desk.command(TRIP) == (EXECUTED, 0)
    desk.op("button", terminal=1, ms=200)
    desk.run(1000)
    assert not desk.look()["contact_closed"]
    assert desk.command(ALLOW_CLOSE) == (EXECUTED, 0)
    desk.run(1000)
    assert not desk.look()["contact_closed"]
    desk.op("button", terminal=1, ms=200)
    desk.run(1000)
    assert desk.look()["contact_closed"]


def stuck_relay_is_reported(desk):
    desk.settle()
    desk.set_clock()
    desk.op("relay", terminal=1, stuck=True)
    assert desk.command(TRIP) == (FAILED, 10)
    desk.run(2500)
    assert "relay_fault" in desk.values[1]["state"], desk.values[1]
    assert desk.look()["contact_closed"]


def power_does_not_move_the_relay(desk):
    desk.settle()
    desk.set_clock()
    desk.command(TRIP)
    moves = desk.look()["counters"]["contact_moves"]
    for pause in (3, 40, 700, 2100):
        desk.op("power", terminal=1, on=False)
        desk.run(50)
        desk.op("power", terminal=1, on=True)
        desk.run(pause)
    desk.run(4000)
    look = desk.look()
    assert not look["contact_closed"] and look["counters"]["contact_moves"] == moves
    assert "forced_trip" in desk.values[1]["state"]


def breaker_cycling_loses_no_energy(desk):
    desk.settle()
    heavy_load(desk)
    desk.run(3000)
    offset = desk.values[1]["energy_wh"] - energy_of_sensor(desk.look())
    for cycle in range(25):
        desk.run(200 + cycle * 613 % 9000)
        desk.op("power", terminal=1, on=False)
        desk.run(100)
        desk.op("power", terminal=1, on=True)
    desk.values.clear()
    desk.run(6000)
    difference = desk.values[1]["energy_wh"] - energy_of_sensor(desk.look())
    assert energy_of_sensor(desk.look()) > 100
    assert abs(difference - offset) <= 4, f"{difference} after, {offset} before"


def flash_operations_of(desk, scenario):
    before = desk.look()["counters"]["flash_operations"]
    scenario()
    return desk.look()["counters"]["flash_operations"] - before


def cuts(operations, most):
    """All of them, or evenly spread ones; each mode has its turn."""
    step = max(1, operations // most)
    modes = ("none", "all", "random", "part")
    return [(n, modes[i % 4]) for i, n in enumerate(range(0, operations, step))]


def power_cut_at_each_flash_operation_of_a_boot(desk):
    desk.settle()
    heavy_load(desk)
    desk.run(20000)
    known = desk.values[1]["energy_wh"]
    assert known > 30
    desk.op("power", terminal=1, on=False)
    desk.run(20)
    saved = desk.save()
    desk.op("power", terminal=1, on=True)
    total = flash_operations_of(desk, lambda: desk.run(3000))
    assert total > 0
    for n, mode in cuts(total, 60):
        desk.op("power", terminal=1, on=False)
        desk.run(20)
        desk.restore(saved)
        desk.op("cut-flash", terminal=1, after=n, mode=mode, seed=n + 1)
        desk.op("power", terminal=1, on=True)
        desk.run(3000, 100)
        assert desk.look()["power"] == "off", f"no cut at {n}"
        desk.op("power", terminal=1, on=True)
        desk.values.clear()
        desk.settle()
        desk.run(1500)
        got, sensor = desk.values[1], energy_of_sensor(desk.look())
        assert known <= got["energy_wh"] and abs(got["energy_wh"] - sensor) <= 4, \
            f"cut {n} {mode}: {got} after {known} Wh, sensor {sensor}"
        assert "store_fault" not in got["quality"], f"cut {n} {mode}"


def power_cut_at_each_flash_operation_of_a_trip(desk):
    desk.settle()
    desk.set_clock()
    desk.run(1000)
    desk.op("power", terminal=1, on=False)
    desk.run(20)
    saved = desk.save()

    def ready():
        desk.op("power", terminal=1, on=True)
        desk.values.clear()
        desk.settle()
        assert desk.set_clock() == (EXECUTED, 0)

    ready()
    total = flash_operations_of(desk, lambda: (desk.command(TRIP), desk.run(500)))
    old = new = 0
    for n, mode in cuts(total, 24):
        desk.op("power", terminal=1, on=False)
        desk.run(20)
        desk.restore(saved)
        ready()
        desk.op("cut-flash", terminal=1, after=n, mode=mode, seed=n + 7)
        try:
            desk.command(TRIP)
        except AssertionError:
            pass  # no answer: the power is gone
        desk.run(500)
        desk.op("cut-flash", terminal=1, after=-1)
        desk.op("power", terminal=1, on=True)
        desk.values.clear()
        desk.settle()
        desk.run(1500)
        tripped = "forced_trip" in desk.values[1]["state"]
        assert desk.look()["contact_closed"] != tripped, f"cut {n} {mode}: contact and decision differ"
        old, new = old + (not tripped), new + tripped
    assert old and new, f"{old} old, {new} new of {total}"


def kill_and_restart_continues(desk):
    desk.settle()
    desk.set_clock()
    desk.command(TRIP)
    desk.run(1000)
    before = desk.look()
    desk.kill()
    desk.reset_bus()
    desk.start()
    desk.settle()
    after = desk.look()
    assert not after["contact_closed"] and "forced_trip" in desk.values[1]["state"]
    assert after["registers"]["energy"] == before["registers"]["energy"]
    assert 0 <= after["data"]["position_ms"] - before["data"]["position_ms"] < 10000


def babbling_node_does_not_disturb_metering(desk):
    """C2: ten minutes of a full bus with the highest priority."""
    desk.settle()
    heavy_load(desk)
    desk.run(3000)
    before, known = desk.look(), desk.values[1]["energy_wh"]
    replies = before["counters"]["sensor_replies"]
    noise = b"\0" * 8
    for _ in range(3000):  # 600 s; 200 frames of 1.2 ms fill more than 200 ms
        try:
            for _ in range(200):
                desk.send(0, noise)
        except BlockingIOError:
            pass  # queues are full, as they should be
        desk.run(200, 200)
    during = [can_id for at, can_id, _ in desk.heard if at > before["now_ms"] + 2000]
    look = desk.look()
    assert len(during) < 10, f"{len(during)} frames against a full bus"
    assert look["counters"]["sensor_replies"] - replies >= 590, "polls went on"
    assert look["counters"]["contact_moves"] == 0
    assert look["counters"]["resets"] == before["counters"]["resets"]
    desk.values.clear()
    desk.until(lambda: "energy_wh" in desk.values.get(1, {}), 20000)
    desk.run(2500)
    grown = energy_of_sensor(desk.look()) - energy_of_sensor(before)
    assert grown > 1500
    assert abs(desk.values[1]["energy_wh"] - known - grown) <= 4, (desk.values[1], known, grown)


def bus_errors_end_in_recovery(desk):
    """A wiring fault is no address clash: both keep what they have."""
    desk.settle()
    desk.claims.clear()
    desk.op("bus", mode="corrupt", frames=10000)
    desk.until(lambda: desk.look()["can"]["bus_offs"] >= 1, 30000, 100)
    desk.op("bus", mode="good")
    desk.values.clear()
    desk.settle(20000)  # recovers by itself
    desk.run(5000)
    assert desk.look()["can"]["tec"] < 128, desk.look()["can"]
    for k in (1, 2):
        counters = desk.look(k)["counters"]
        assert counters["bus_offs"] >= 1 and counters["address_clashes"] == 0, counters
    assert not desk.claims, "an address was given up"


def what_went_wrong_is_counted(desk):
    """The application's own counters, and the event that tells of lost ones."""
    desk.settle()
    for _ in range(20):
        desk.transfer(COMMAND, 1, bytes(24))
        desk.run(100)
    for kind in (COMMAND, BULK, BULK):  # a first frame, and another one instead of the rest
        desk.send(identifier(kind, 1), b"\x10\x0c" + bytes(6))
        desk.run(20)
        desk.send(identifier(kind, 1), b"\x10\x0c" + bytes(6))
        desk.run(1500)
    desk.op("register", terminal=1, reg="energy", value=0)
    desk.run(5000)
    desk.op("register", terminal=1, reg="energy", value=None)
    counters = desk.look()["counters"]
    assert counters["bad_macs"] == 20, counters
    assert counters["events_lost"] >= 4, counters
    assert counters["register_back"] == 1, counters
    assert counters["can_frames_lost"] == 0, counters
    assert (counters["commands_dropped"], counters["bulks_dropped"]) == (2, 4), counters


# ---- what goes wrong inside -------------------------------------------------------------------

BOOT, FAULT_NOTED = 1, 12
BY_SOFTWARE, BY_WATCHDOG = 4, 8


def trip_and_break(desk, **how):
    """The contact is open and stays so; the events that follow are returned."""
    desk.settle()
    desk.set_clock()
    assert desk.command(TRIP) == (EXECUTED, 0)
    desk.run(1000)
    before = len(desk.events())
    moves = desk.look()["counters"]["contact_moves"]
    while True:
        try:
            desk.op("break", terminal=1, **how)
            break
        except RuntimeError:
            desk.run(1, 1)
    desk.values.clear()
    desk.settle(15000)
    look = desk.look()
    assert look["counters"]["contact_moves"] == moves and not look["contact_closed"]
    assert "forced_trip" in desk.values[1]["state"]
    return desk.events()[before:]


def hung_program_is_restarted_by_the_watchdog(desk):
    """The main loop waits for ever while interrupts go on."""
    desk.expected = {"watchdog_resets": 1}
    began = desk.now_ms
    kind, cause, _ = trip_and_break(desk, kind="hang")[0]
    assert kind == BOOT and cause & BY_WATCHDOG, (kind, cause)
    assert desk.now_ms - began < 20000


def core_fault_is_noted_with_its_place(desk):
    desk.expected = {"faults": 1}
    events = trip_and_break(desk, kind="fault")
    assert events[0][0] == BOOT and events[0][1] & BY_SOFTWARE, events
    assert events[1] == (FAULT_NOTED, 0, 0x60000000), events


def failed_assertion_is_noted_with_file_and_line(desk):
    events = trip_and_break(desk, kind="assert", line=4711)
    assert events[0][0] == BOOT and events[0][1] & BY_SOFTWARE, events
    assert events[1] == (FAULT_NOTED, zlib.crc32(b"hung.c") & 0xFF, 4711), events
    desk.op("power", terminal=1, on=False)  # and it is told once
    desk.run(20)
    desk.op("power", terminal=1, on=True)
    desk.values.clear()
    desk.settle()
    assert [kind for kind, _, _ in desk.events()].count(FAULT_NOTED) == 1


def meters_without_a_crystal(desk, known, ms):
    """On the internal oscillator: no frame, no movement, energy goes on, the light calls for service."""
    before = desk.look()
    desk.heard.clear()
    desk.run(ms)
    look = desk.look()
    assert not desk.heard, f"{len(desk.heard)} frames with a wrong clock"
    assert look["counters"]["sensor_replies"] - before["counters"]["sensor_replies"] >= ms // 1000 - 2
    assert look["counters"]["contact_moves"] == before["counters"]["contact_moves"]
    assert look["contact_closed"] == before["contact_closed"]
    assert flashes(desk) == 4
    desk.op("power", terminal=1, on=False)
    desk.op("crystal", terminal=1, good=True)
    desk.run(20)
    desk.op("power", terminal=1, on=True)
    desk.values.clear()
    desk.settle()
    desk.run(1500)
    grown = energy_of_sensor(desk.look()) - known[0]
    assert grown > 20 and abs(desk.values[1]["energy_wh"] - known[1] - grown) <= 4, (desk.values[1], known, grown)


def no_crystal_at_the_start(desk):
    desk.settle()
    heavy_load(desk)
    desk.run(3000)
    known = energy_of_sensor(desk.look()), desk.values[1]["energy_wh"]
    desk.op("power", terminal=1, on=False)
    desk.op("crystal", terminal=1, good=False)
    desk.run(20)
    desk.op("power", terminal=1, on=True)
    desk.run(1000)
    meters_without_a_crystal(desk, known, 10000)


def crystal_that_fails_later(desk):
    desk.settle()
    heavy_load(desk)
    desk.run(3000)
    known = energy_of_sensor(desk.look()), desk.values[1]["energy_wh"]
    resets = desk.look()["counters"]["resets"]
    desk.op("crystal", terminal=1, good=False)
    desk.run(1000)
    assert desk.look()["counters"]["resets"] == resets + 1, "the NMI restarts it"
    meters_without_a_crystal(desk, known, 10000)
    assert (FAULT_NOTED, 1, 0) in desk.events(), desk.events()


def light(desk, ms=4000):
    """The light at each step of 25 ms, 1 when it is lit."""
    shown = []
    for _ in range(ms // 25):
        desk.run(25, 25)
        shown.append(int(not desk.look()["pins"]["led"]))
    return shown


def flashes(desk):
    """How many flashes stand in one pattern of 2 s."""
    shown = light(desk, 4000)
    return (sum(1 for a, b in zip(shown, shown[1:]) if b > a) + 1) // 2  # the first may have begun before


def light_says_what_is_the_matter(desk):
    desk.assign = False
    desk.run(500)
    assert flashes(desk) == 8, "searching"
    desk.assign = True
    desk.settle()
    desk.run(2000)
    assert flashes(desk) == 1, "running"
    assert 4 <= sum(light(desk, 2000)) <= 6, "one flash of 125 ms"
    desk.op("sensor", terminal=1, mode="silent")
    desk.run(5000)
    assert flashes(desk) == 2, "sensor"
    desk.op("sensor", terminal=1, mode="normal")
    desk.run(2000)
    desk.set_clock()
    desk.op("relay", terminal=1, stuck=True)
    desk.command(TRIP)
    desk.run(1000)
    assert flashes(desk) == 3, "relay"


def button_held_at_the_start_is_shown_and_told(desk):
    desk.settle()
    desk.op("power", terminal=1, on=False)
    desk.run(20)
    desk.op("power", terminal=1, on=True)
    desk.op("button", terminal=1, ms=5500)
    desk.run(6000)
    lit = sum(light(desk, 2000))
    assert 72 <= lit <= 78, f"{lit} of 80: lit but for a blink"
    assert desk.events()[-1] == (13, 1, 0), desk.events()
    assert desk.set_clock() == (EXECUTED, 0)
    assert flashes(desk) == 1 and sum(light(desk, 2000)) < 10
    assert not desk.look()["counters"]["contact_moves"]


# ---- the loader -------------------------------------------------------------------------------

APPLICATION, APPLICATION_END = 6 * 1024, 34 * 1024


def bad_applications():
    """Name and the first bytes of a flash without an application that can be started."""
    good = 0x20000800, 0x08001901
    yield "erased", b"\xff" * 8
    yield "zeros", bytes(8)
    for name, stack, entry in [("stack at the start of RAM", 0x20000000, good[1]), ("stack outside RAM", 0x20005008, good[1]),
                               ("stack not aligned", 0x20000804, good[1]), ("entry in the loader", good[0], 0x08000101),
                               ("entry behind it", good[0], 0x08008801), ("entry in RAM", good[0], 0x20000101),
                               ("entry not Thumb", good[0], 0x08001900)]:
        yield name, struct.pack("<II", stack, entry)


def loader_starts_no_broken_application(desk):
    desk.settle()
    for name, head in bad_applications():
        desk.op("quit")
        desk.process.wait(20)
        desk.kill()
        with open(desk.file("flash.bin"), "r+b") as out:
            out.seek(APPLICATION)
            out.write(head.ljust(APPLICATION_END - APPLICATION, b"\xff"))
        desk.reset_bus()
        desk.start(app=None)
        shown = light(desk, 3000)
        look = desk.look()
        edges = sum(1 for a, b in zip(shown, shown[1:]) if a != b)
        assert 4 <= edges <= 12, f"{name}: {edges} changes of the light in 3 s"
        assert not desk.heard and not look["counters"]["contact_moves"] and not look["counters"]["faults"], name
        assert not look["counters"]["lockups"] and look["power"] == "running", name
    desk.op("quit")
    desk.process.wait(20)
    desk.kill()
    desk.reset_bus()
    desk.start()
    desk.settle()


def stuck_bus_is_survived(desk):
    desk.settle()
    desk.op("bus", mode="stuck")
    desk.run(20000)
    assert desk.look()["power"] in ("running", "sleeping")
    desk.op("bus", mode="good")
    desk.values.clear()
    desk.settle(20000)


def equal_addresses_heal(desk):
    give_both_the_same_address(desk)
    desk.run(8000)
    assert desk.claims, "a clash makes somebody claim again"
    desk.address = {chip: i + 1 for i, chip in enumerate(desk.keys)}
    desk.assign = True
    desk.values.clear()
    desk.settle(15000)


def give_both_the_same_address(desk):
    desk.settle(10000)
    desk.run(2000)
    two = list(desk.address)[1]
    hashed = next(h for h in (hash20(two, salt) for salt in range(16)) if h in
                  {can_id & 0xFFFFF for _, can_id, _ in desk.heard if can_id >> 20 & 0x3F == 0x11})
    desk.assign = False
    desk.claims.clear()
    desk.address[two] = 1
    desk.give(two, hashed, 1)


def equal_addresses_in_lockstep_heal(desk):
    """Both wait for the same full bus to end, and then begin in the same bit again and again."""
    give_both_the_same_address(desk)
    errors = desk.op("world")["errors"]
    fill_the_bus(desk, 1200, 1.02)
    desk.run(2000)
    assert desk.op("world")["errors"] > errors + 10, "they never met"
    clashes = [desk.look(k)["counters"]["address_clashes"] for k in (1, 2)]
    assert sum(clashes) == 1 and desk.claims, clashes
    assert not desk.look(1)["can"]["bus_offs"] and not desk.look(2)["can"]["bus_offs"]


def fill_the_bus(desk, ms, share):
    """Frames of 1.1 ms (their stuff bits and all) with the highest priority."""
    rest_ms = 0
    for _ in range(ms // 10):
        rest_ms += 10 * share
        while rest_ms >= 1.1:
            desk.send(0, b"\x55" * 8)
            rest_ms -= 1.1
        desk.run(10, 10)


def long_fetch_on_a_busy_bus(desk):
    """31 events are 73 frames; values of each second go out between them and break nothing."""
    desk.settle()
    for _ in range(32):  # each start is an event
        desk.op("power", terminal=1, on=False)
        desk.run(5)
        desk.op("power", terminal=1, on=True)
        desk.run(15)
    desk.values.clear()
    desk.settle()
    desk.transfer(BULK, 1, struct.pack("<BIB", 0x20, 1, 31))
    done = desk.transfers[(BULK, 1)]["done"]
    desk.heard.clear()
    began = desk.now_ms
    while not done:
        assert desk.now_ms - began < 20000, "no end of it"
        fill_the_bus(desk, 100, 0.985)
    took = desk.now_ms - began
    assert done[0][0] == 0x21 and done[0][5] == 31, done
    assert took > 3000, f"{took} ms: it met no value tick"
    cyclic = sum(1 for _, can_id, _ in desk.heard if can_id >> 20 & 0x3F in (8, 9))
    assert cyclic >= 2 * (took // 1000 - 1), f"{cyclic} in {took} ms"
    assert desk.look()["counters"]["bad_transfers"] == 0


def hash20(chip, salt):
    import hashlib
    return int.from_bytes(hashlib.sha256(chip + bytes([salt])).digest()[:4], "little") & 0xFFFFF


def hundred_terminals_addressed_in_ten_seconds(desk):
    desk.until(lambda: len(desk.claims) == 100, 10000, 10)
    desk.until(lambda: len(desk.values) == 100, 10000 - desk.now_ms + 1100, 10)
    desk.heard.clear()
    before = desk.op("world")
    desk.run(5000)
    cyclic = sum(1 for _, can_id, _ in desk.heard if can_id >> 20 & 0x3F in (8, 9))
    assert 950 <= cyclic <= 1050, f"{cyclic} cyclic frames in 5 s"
    world = desk.op("world")
    assert world["hub_lost"] == 0
    busy = (world["busy_us"] - before["busy_us"]) / 5e6
    assert 0.1 < busy <= 0.45, f"the bus is busy for {busy:.1%}"


def same_input_same_run(desk):
    def trace():
        desk.run(4000)
        heard, look = desk.heard, desk.look()
        return heard, look["counters"], look["registers"]

    first = trace()
    desk.op("quit")
    desk.process.wait(20)
    desk.kill()
    import shutil
    shutil.rmtree(desk.state)
    keys = desk.keys
    desk.provision()
    desk.keys = keys
    desk.reset_bus()
    desk.start()
    assert trace() == first


TESTS = [
    (boots_claims_and_sends, 1), (values_equal_the_registers, 1), (plays_the_household_data, 1),
    (missing_minute_is_silence, 1), (every_sensor_fault_is_seen_and_healed, 1), (one_flipped_bit_costs_one_value_set, 1),
    (trip_closes_the_loop, 1), (refusals_change_nothing, 1), (it_charges_its_use_and_trips_by_itself, 1),
    (button_closes_after_permission, 1),
    (stuck_relay_is_reported, 1), (power_does_not_move_the_relay, 1), (breaker_cycling_loses_no_energy, 1),
    (power_cut_at_each_flash_operation_of_a_boot, 1), (power_cut_at_each_flash_operation_of_a_trip, 1),
    (kill_and_restart_continues, 1), (babbling_node_does_not_disturb_metering, 1), (bus_errors_end_in_recovery, 2),
    (what_went_wrong_is_counted, 1), (hung_program_is_restarted_by_the_watchdog, 1), (core_fault_is_noted_with_its_place, 1),
    (failed_assertion_is_noted_with_file_and_line, 1), (no_crystal_at_the_start, 1), (crystal_that_fails_later, 1),
    (light_says_what_is_the_matter, 1),
    (button_held_at_the_start_is_shown_and_told, 1), (loader_starts_no_broken_application, 1), (stuck_bus_is_survived, 2), (equal_addresses_heal, 2),
    (equal_addresses_in_lockstep_heal, 2), (long_fetch_on_a_busy_bus, 1),
    (hundred_terminals_addressed_in_ten_seconds, 100),
    (same_input_same_run, 1),
]


def main():
    failures = 0
    for test, terminals in TESTS:
        name = test.__name__
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        try:
            fresh(test, terminals)
            print("ok terminal", name, flush=True)
        except Exception as error:  # each failure is a line; the others still run
            failures += 1
            where = traceback.extract_tb(error.__traceback__)
            line = next((f.lineno for f in reversed(where) if f.filename.endswith("test_terminal.py")), 0)
            print(f"not ok terminal {name} line {line}: {type(error).__name__} {error}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
