// The values that the API shows are those of the data set: three minutes, and one bit and one
// register changed on the way. The only path from the data to the page is UART bytes.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { root, sleep, until } from "../lib/process.mjs";
import { meter_number, World } from "../lib/world.mjs";

const SECONDS = Number(process.env.WATTLE_VALUES_S ?? 60); // of real time; 180 in the nightly run
let world, stream;

before(async () => {
	world = await World.start({ terminals: 3 });
	stream = await world.api.events();
});

after(async () => {
	stream?.stop();
	await world?.stop();
});

// The rows of the committed data: minute → {voltage_v, power_w, reactive_var}.
function load_rows() {
	const file = readdirSync(path.join(root, "data")).find((f) => f.endsWith(".csv"));
	const rows = new Map();
	for (const line of readFileSync(path.join(root, "data", file), "utf8").split("\n")) {
		const [minute, voltage_v, power_w, reactive_var] = line.split(",").map(Number);
		if (Number.isFinite(voltage_v) && voltage_v > 0) rows.set(minute, { voltage_v, power_w, reactive_var });
	}
	return rows;
}

// Both look on only, so they do it at the same time.
describe("what the data says is what is shown", { concurrency: true }, () => {
	test(`values on the stream are the data set's, for ${SECONDS} s and three terminals`, async () => {
		const rows = load_rows(), compared = new Map();
		const end = Date.now() + SECONDS * 1000;
		while (Date.now() < end) {
			for (let k = 1; k <= 3; k++) {
				const { data } = await world.emu.ask("state", { terminal: k });
				await sleep(2500); // the values of this minute reach the stream
				const later = (await world.emu.ask("state", { terminal: k })).data;
				const live = (await world.api.meter(meter_number(k))).live;
				if (data.minute !== later.minute || !data.present) continue;
				const row = rows.get(data.minute);
				assert.ok(row, `minute ${data.minute} is not in the data`);
				const apparent_va = Math.hypot(row.power_w, row.reactive_var);
				const near = (name, value, slack) => assert.ok(Math.abs(live[name] - value) <= slack, `terminal ${k} minute ${data.minute}: ${name} ${live[name]}, data ${value}`);
				near("voltage_dv", row.voltage_v * 10, 1);
				near("power_dw", row.power_w * 10, 1);
				near("current_ma", (apparent_va / row.voltage_v) * 1000, 2);
				near("pf_permille", (row.power_w / apparent_va) * 1000, 1);
				near("frequency_chz", 5000, 50);
				compared.set(`${k}:${data.minute}`, true);
			}
		}
		assert.ok(compared.size >= 3, `only ${compared.size} minutes compared`);
	});

	test("energy is the integral of the power, to the watt-hour", async () => {
		const first = (await world.api.meter(meter_number(1))).live;
		let sum_wh = 0, last_at = Date.parse(first.at);
		const from = stream.list.length;
		await sleep(20000);
		for (const event of stream.list.slice(from).filter((e) => e.event === "live"))
			for (const item of event.data.items.filter((i) => i.meter === meter_number(1))) {
				sum_wh += (item.power_dw / 10) * ((Date.parse(item.at) - last_at) / 3600000);
				last_at = Date.parse(item.at);
			}
		const now = (await world.api.meter(meter_number(1))).live;
		assert.ok(sum_wh > 8, `only ${sum_wh} Wh drawn: too little to tell`);
		assert.ok(Math.abs(now.energy_wh - first.energy_wh - sum_wh) <= 2, `${now.energy_wh - first.energy_wh} Wh counted, ${sum_wh} Wh drawn`);
	});
});

test("one flipped UART bit is a dropped frame, never a wrong value", async () => {
	const before_flip = (await world.api.meter(meter_number(2))).live, from = stream.list.length;
	const bad_frames = async () => (await world.emu.ask("state", { terminal: 2 })).counters.bad_frames;
	const counted = await bad_frames();
	for (let k = 0; k < 5; k++) {
		await world.emu.ask("uart-flip", { terminal: 2, bit: k + 1 });
		await sleep(1200);
	}
	assert.ok((await world.emu.ask("state", { terminal: 2 })).counters.uart_flips >= 5);
	assert.ok((await bad_frames()) > counted, "the firmware counted no bad frame");
	for (const event of stream.list.slice(from).filter((e) => e.event === "live"))
		for (const item of event.data.items.filter((i) => i.meter === meter_number(2)))
			assert.ok(Math.abs(item.voltage_dv - before_flip.voltage_dv) < 100, `voltage ${item.voltage_dv}`);
});

test("one changed register of the sensor is the new value", async () => {
	await world.emu.ask("register", { terminal: 3, reg: "voltage", value: 2111000 });
	await until("211.1 V", async () => (await world.api.meter(meter_number(3))).live.voltage_dv === 2111, { timeout_ms: 15000 });
	await world.emu.ask("register", { terminal: 3, reg: "voltage", value: null });
	await until("the data's voltage", async () => (await world.api.meter(meter_number(3))).live.voltage_dv !== 2111, { timeout_ms: 15000 });
});
