// The values that the API shows are those of the data set: three minutes, and one bit and one
// register changed on the way. The only path from the data to the page is UART bytes.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { root, sleep, until } from "../lib/process.mjs";
import { open_account } from "../lib/accounts.mjs";
import { changed, day, estate, make, P1 } from "../lib/estate.mjs";
import { meter_number, World } from "../lib/world.mjs";

const SECONDS = Number(process.env.WATTLE_VALUES_S ?? 60); // of real time; 180 in the nightly run
let world, stream, rooms;
const estate_once = async () => (rooms ??= await estate(world.api));

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

test("what is sold reaches the terminal's own purse once, also when the gateway dies on the way", async () => {
	const { api } = world, meter = meter_number(1), e = await estate_once();
	const customer = (await make(api, `${P1}/customers`, { name: "Purse", phones: [{ number: "13812341234", main: true }] })).id;
	await make(api, `${P1}/leases`, { customer, spaces: [e.r301.id], start: day(0) });
	const account = await open_account(world, { customer, code: "P-1", meter, credit: "meter" });
	const view = async () => (await api.get(`/properties/p1/accounts/${account}`)).meters[0].purse;
	const sell = (amount_fen) => make(api, `${P1}/orders`, { account, amount_fen, channel: "transfer", voucher: `V${amount_fen}` });
	const delivered = (order) => until(`order ${order.number} delivered`, async () => (await api.get(`/properties/p1/orders/${order.id}`)).state === "delivered", { timeout_ms: 120000 });
	assert.deepEqual([(await view()).count, (await view()).read_at], [0, null]);
	const first = await sell(5000);
	assert.equal(first.state, "delivering");
	await delivered(first);
	const there = await view();
	assert.deepEqual([there.count, there.total_fen, there.meter_count, there.meter_total_fen, there.meter_balance_fen, there.differs, there.pending], [1, 5000, 1, 5000, 5000, false, null]);
	const orders = await Promise.all([sell(700), sell(30)]);
	await world.gateway.kill("SIGKILL");
	await world.start_gateway();
	for (const order of orders) await delivered(order);
	const now = await view();
	assert.deepEqual([now.count, now.total_fen, now.meter_count, now.meter_total_fen, now.balance_fen, now.differs], [3, 5730, 3, 5730, 5730, false]);
	const shown = await api.get(`/properties/p1/orders/${orders[0].id}`);
	assert.deepEqual(shown.stages.map((s) => s.state), ["created", "paid", "delivering", "delivered"]);
	assert.equal(shown.delivery.state, "done");
});

test("a terminal gets prices and limits, charges its use, trips by itself and comes back with a purchase", async () => {
	const { api } = world, meter = meter_number(2), e = await estate_once();
	const customer = (await make(api, `${P1}/customers`, { name: "Own price", phones: [{ number: "13812341235", main: true }] })).id;
	await make(api, `${P1}/leases`, { customer, spaces: [e.r302.id], start: day(0) });
	// 900 yuan a kWh, so that credit ends in half a minute; more from tomorrow on.
	const now_s = Math.floor(Date.now() / 1000), plan = (price_uy) => JSON.stringify({ rates: [{ price_uy }] });
	await world.sql(`INSERT INTO tariff VALUES(70, 1, 1, 'own', 'own', 'electricity', 0, 0, 0, 1, 1);
		INSERT INTO tariff_version VALUES(701, 70, 1, 2, '${plan(900000000)}', '', 0, 1, 1, 'test', 1), (702, 70, ${now_s + 86400}, 2, '${plan(910000000)}', '', 0, 1, 1, 'test', 1);
		INSERT INTO meter_tariff(property_id, meter, from_s, tariff_id, by_name) VALUES(1, ${meter}, 1, 70, 'test')`);
	await changed(api, "PATCH", `/api/v1/meters/${meter}/settings`, { period_s: 5 });
	// Minutes of an even load, so that it charges itself before that credit ends.
	const rows = load_rows(), even = (m) => [0, 1, 2, 3].every((k) => rows.get(m + k)?.power_w >= 500 && rows.get(m + k).power_w <= 800);
	await world.emu.ask("seek", { terminal: 2, minute: [...rows.keys()].find(even) });
	const contact = async () => (await api.meter(meter)).state.contact;
	const account = await open_account(world, { customer, code: "P-2", meter, credit: "meter", open_units: (await api.meter(meter)).live.energy_wh });
	const charging = async () => api.get(`/meters/${meter}/charging`);
	const sell = (amount_fen) => make(api, `${P1}/orders`, { account, amount_fen, channel: "transfer", voucher: `W${amount_fen}` });
	const delivered = (order) => until(`order ${order.number} delivered`, async () => (await api.get(`/properties/p1/orders/${order.id}`)).state === "delivered", { timeout_ms: 120000 });
	await delivered(await sell(400));
	assert.equal((await until("looked at", async () => { const c = await charging(); return c.why && c; }, { timeout_ms: 60000 })).why, "grace");
	await changed(api, "PATCH", `${P1}/alarm-plans/default`, { cut_notice_s: 0, friendly_hours: false, alarm1_fen: 100, alarm2_fen: 50 }, { version: '"v0"' });
	const own = await until("the terminal charges itself", async () => {
		const c = await charging();
		return c.by === "meter" && c.read.next === c.wanted.next && c;
	}, { timeout_ms: 120000, every_ms: 500 });
	assert.deepEqual([own.why, own.read, own.tariff_version, own.next_tariff_version, own.cut], [null, own.wanted, "701", "702", false]);

	await until("it trips by itself", async () => (await contact()) === "open", { timeout_ms: 240000, every_ms: 500 });
	const cut = await until("and says so", async () => { const c = await charging(); return c.cut && c; }, { timeout_ms: 60000 });
	assert.ok(cut.balance_fen <= 0, `${cut.balance_fen} fen left`);
	await delivered(await sell(2000));
	await until("it closes by itself", async () => (await contact()) === "closed", { timeout_ms: 60000 });
	const commands = (await api.get(`/meters/${meter}/commands?limit=100`)).items;
	assert.deepEqual(commands.filter((c) => ["trip", "close"].includes(c.kind)), [], "nobody else switched it");
	await until("and says so", async () => !(await charging()).cut, { timeout_ms: 60000 });
	const { sums } = await until("both sums are compared", async () => { const c = await charging(); return c.sums && c.sums.meter_fen >= 400 && c; }, { timeout_ms: 120000, every_ms: 500 });
	assert.equal(sums.beyond, false, `the meter charged ${sums.meter_fen}, we ${sums.ours_fen}: ${sums.differs_fen} beyond ${sums.bound_fen}`);
	assert.ok(sums.ours_fen >= sums.meter_fen - sums.bound_fen, `${sums.ours_fen} of ${sums.meter_fen}`);
	const list = async (query) => (await api.get(`/properties/p1/meter-charging${query}`)).items.map((c) => c.meter);
	assert.ok((await list("")).includes(meter));
	assert.ok(!(await list("?faults=true")).includes(meter));
	const shown = (await world.wattle("account", "show", "P-2")).out;
	assert.match(shown, /^charging by the meter 表计自行扣费$/m);
	assert.match(shown, /^ +price 费率 ([0-9a-f]{8}), the meter has 表计 \1$/m);
	assert.match(shown, /^ +spent 已扣费 .* by our books 平台账目 at .* by the meter 表计; .* explained 属正常$/m);
	await make(api, `/api/v1/meters/${meter}/charging/anew`, { reason: "seen" }, 200);
	await until("it charges on from our books", async () => (await charging()).by === "meter", { timeout_ms: 60000 });
	assert.notEqual((await charging()).read.limits, own.read.limits);
});
