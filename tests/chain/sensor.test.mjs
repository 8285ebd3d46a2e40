// S1, S2, C2 and a dead terminal: what the page may believe when the sensor or the bus goes wrong.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sleep, until } from "../lib/process.mjs";
import { meter_number, World } from "../lib/world.mjs";

// Terminal 2 has the registers: one terminal writes 16 events at once, and then six an hour.
const A = meter_number(1), B = meter_number(2);
const BABBLE_MS = 1000 * Number(process.env.WATTLE_BABBLE_S ?? 20); // the nightly run babbles for ten minutes
let world, stream;

before(async () => {
	world = await World.start({ terminals: 2, settings: "[platform]\nreading_period_s = 2\n" });
	stream = await world.api.events(); // somebody watches, so live values flow
});

after(async () => {
	stream?.stop();
	await world?.stop();
});

const meter = (number = A) => world.api.meter(number);
const events_of = async (number, kind) => (await world.api.get(`/meters/${number}/events?limit=200`)).items.filter((e) => e.kind === kind);
const events = async () => (await world.api.get(`/meters/${A}/events`)).items.map((e) => e.kind);
const state = () => world.emu.ask("state", { terminal: 1 });
const sensor = (mode) => world.emu.ask("sensor", { terminal: 1, mode });
const ill = ["sensor_fault", "sample_stale", "implausible"]; // a new segment is no illness
const fresh = (m) => m.live && Date.now() - Date.parse(m.live.at) < 3000 && !m.quality.some((word) => ill.includes(word));

// The load of some kW goes on all the time: what the sensor counted while nobody heard it must be
// there afterwards, and nothing else.
function exact(first, last) {
	const wh = (last.power_dw / 10) * ((Date.parse(last.at) - Date.parse(first.at)) / 3600000), counted = last.energy_wh - first.energy_wh;
	assert.ok(wh > 5, `only ${wh} Wh drawn: too little to tell`);
	assert.ok(Math.abs(counted - wh) <= 0.25 * wh + 2, `${counted} Wh counted, ${wh} Wh drawn`);
}

async function recovers() {
	await sensor("normal");
	return until("good values again", async () => {
		const m = await meter();
		return fresh(m) && m;
	}, { timeout_ms: 15000 });
}

for (const mode of ["silent", "bad-crc", "short", "address", "echo"])
	test(`S1: sensor ${mode}: sensor fault is shown, energy is kept, no trip`, async () => {
		const first = await meter(), moves = (await state()).counters.contact_moves;
		await sensor(mode);
		await sleep(8000); // some watt-hours go by unheard
		const sick = await until("sensor fault", async () => {
			const m = await meter();
			return m.quality.includes("sensor_fault") && m;
		}, { timeout_ms: 15000 });
		assert.ok(sick.live.energy_wh >= first.live.energy_wh, "energy went back");
		const well = await recovers();
		assert.ok(well.live.energy_wh >= sick.live.energy_wh);
		exact(first.live, well.live);
		assert.equal((await state()).counters.contact_moves, moves);
		assert.equal(well.state.contact, "closed");
	});

test("S1: the fault and its end are events", async () => {
	await until("events", async () => {
		const kinds = await events();
		return kinds.includes("sensor-fault") && kinds.includes("sensor-back");
	}, { timeout_ms: 20000 });
});

const set = (reg, value, terminal = 2) => world.emu.ask("register", { terminal, reg, value });
const good_values = (number) => until("good values", async () => {
	const m = await meter(number);
	return fresh(m) && m;
}, { timeout_ms: 15000 });

// The event that follows: what was there before does not count. Newest first.
async function next_event(number, kind, make) {
	const before = (await events_of(number, kind)).length;
	await make();
	return until(`${kind} event`, async () => {
		const list = await events_of(number, kind);
		return list.length > before && list[0];
	}, { timeout_ms: 30000 });
}

// A register that jumps again and again while a load of some kW goes on.
const JUMPS = [["up by 50 kWh", null, 500000], ["back to 0", 500000, 0], ["up again", 0, 500000], ["a little lower", 500000, 495000],
	["up by 400,000 kWh", 495000, 4000000000], ["close to its end", 4000000000, 0xfffffff0]];

for (const [what, from, to] of JUMPS)
	test(`S2: energy register ${what}: a new segment, nothing billed`, async () => {
		const first = await good_values(B);
		const event = await next_event(B, "segment", () => set("energy", to));
		if (from !== null) assert.equal(event.value, Math.trunc((to - from) / 10), "what was not billed");
		const last = await good_values(B);
		assert.ok(last.quality.includes("segment"), last.quality.join());
		// Once it stands still on purpose nothing may be counted; before, the load of the data.
		const counted = last.live.energy_wh - first.live.energy_wh;
		assert.ok(from === null ? counted >= 0 && counted < 50 : counted === 0, `${counted} Wh`);
	});

test("S2: energy register wraps at 2^32: the step over it is counted, and marked", async () => {
	const first = await good_values(B); // at 0xfffffff0
	const event = await next_event(B, "segment", () => set("energy", 20));
	assert.equal(event.value, 0, "nothing is left out");
	const last = await until("the new total", async () => {
		const m = await good_values(B);
		return m.live.energy_wh !== first.live.energy_wh && m;
	});
	assert.ok([3, 4].includes(last.live.energy_wh - first.live.energy_wh), `${last.live.energy_wh - first.live.energy_wh} Wh of 3.6`);
	await next_event(B, "segment", () => set("energy", null));
});

test("S2: an energy register that stands still under load is told", async () => {
	for (const [reg, value] of [["voltage", 2300000], ["current", 400000], ["power", 92000000], ["pf", 1000]]) await set(reg, value);
	const first = await good_values(B);
	await next_event(B, "register-frozen", async () => set("energy", (await world.emu.ask("state", { terminal: 2 })).registers.energy));
	await until("quality", async () => (await meter(B)).quality.includes("frozen"));
	assert.ok((await meter(B)).live.energy_wh - first.live.energy_wh < 20);
	for (const reg of ["energy", "voltage", "current", "power", "pf"]) await set(reg, null);
	await until("it counts again", async () => !(await meter(B)).quality.includes("frozen"), { timeout_ms: 15000 });
});

test("C2: a babbling node at full load: no trip, an alarm, energy exact when it ends", async () => {
	const before_babble = await state(), first = await recovers();
	await world.hub_control.ask("fault", { kind: "babble", rate: 1 });
	await sleep(BABBLE_MS);
	const during = await state();
	assert.equal(during.counters.contact_moves, before_babble.counters.contact_moves);
	assert.ok(during.counters.sensor_replies > before_babble.counters.sensor_replies + 10, "metering stopped");
	await world.hub_control.ask("fault", { kind: "babble", rate: 0 });
	const last = await until("values again", async () => {
		const m = await meter();
		return fresh(m) && m;
	}, { timeout_ms: 20000 });
	assert.equal(last.state.contact, "closed");
	exact(first.live, last.live);
	await until("alarm", async () => stream.list.some((e) => e.event === "alarm" && e.data.kind === "bus-overload"), { timeout_ms: 20000 });
	const gaps = (await world.api.get(`/meters/${A}/readings?from=${first.live.at}&to=${last.live.at}&points=500`)).gaps;
	assert.ok(gaps.length > 0, "the missed time is not marked as a gap");
});

test("a killed emulator's meters turn stale within 5 s", async () => {
	await recovers();
	const started = Date.now();
	await world.emulator.kill();
	await until("offline", async () => (await meter()).online === false, { timeout_ms: 6000 });
	assert.ok(Date.now() - started <= 5000, `${Date.now() - started} ms`);
});
