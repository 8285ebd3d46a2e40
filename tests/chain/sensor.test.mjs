// S1, S2, C2 and a dead terminal: what the page may believe when the sensor or the bus goes wrong.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sleep, until } from "../lib/process.mjs";
import { meter_number, World } from "../lib/world.mjs";

const A = meter_number(1);
let world, stream;

before(async () => {
	world = await World.start({ terminals: 2, settings: "[platform]\nreading_period_s = 2\n" });
	stream = await world.api.events(); // somebody watches, so live values flow
});

after(async () => {
	stream?.stop();
	await world?.stop();
});

const meter = () => world.api.meter(A);
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

for (const [what, value] of [["back to 0", 0], ["up by 400,000 kWh", 4000000000]])
	test(`S2: energy register ${what}: a new segment, no absurd energy`, async () => {
		const first = await recovers();
		await world.emu.ask("register", { terminal: 1, reg: "energy", value });
		await sleep(3000);
		await world.emu.ask("register", { terminal: 1, reg: "energy", value: null });
		await until("segment event", async () => (await events()).includes("segment"), { timeout_ms: 20000 });
		const last = await until("values", async () => {
			const m = await meter();
			return m.live && Date.now() - Date.parse(m.live.at) < 3000 && m;
		});
		assert.ok(last.live.energy_wh >= first.live.energy_wh, `${first.live.energy_wh} → ${last.live.energy_wh}`);
		assert.ok(last.live.energy_wh - first.live.energy_wh < 200, `${first.live.energy_wh} → ${last.live.energy_wh}`);
	});

test("C2: a babbling node at full load: no trip, an alarm, energy exact when it ends", async () => {
	const before_babble = await state(), first = await recovers();
	await world.hub_control.ask("fault", { kind: "babble", rate: 1 });
	await sleep(20000);
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
