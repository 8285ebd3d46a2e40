// M3, M5, F1 at the platform: repeats, changed values, nonsense. Real Mosquitto, real wattled, a
// gateway of our own making.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { FakeGateway, reading } from "../lib/fake-gateway.mjs";
import { connect, end } from "../lib/mqtt.mjs";
import { sleep, until } from "../lib/process.mjs";
import { day_files, sql } from "../lib/store.mjs";
import { field, message, readings, uplink, zigzag } from "../lib/wire.mjs";
import { World } from "../lib/world.mjs";

const METER = 330100000001, CHIP = "00112233445566778899aabb";
const now_s = Math.floor(Date.now() / 60000) * 60;
let world, gateway;

before(async () => {
	world = await World.start({ parts: ["platform"] });
	writeFileSync(world.path("one.csv"), `${CHIP},${"5a".repeat(32)},\n`);
	await world.wattle("terminal", "import", world.path("one.csv"));
	gateway = await FakeGateway.open(world);
	await gateway.found(CHIP);
	await until("device", async () => (await world.api.devices()).some((d) => d.chip === CHIP));
	assert.equal((await world.api.adopt(CHIP, String(METER))).status, 201);
});

after(async () => {
	if (gateway) await end(gateway.client);
	await world?.stop();
});

const iso = (time_s) => new Date(time_s * 1000).toISOString();
const stored = (from_s, to_s) => world.api.get(`/meters/${METER}/readings?from=${iso(from_s)}&to=${iso(to_s + 1)}&points=2000`);
const metric = async (name) => (await world.api.metrics())[name];

test("M3: a day of readings, duplicated and shuffled, is stored once", async () => {
	const start = now_s - 86400, batches = [];
	for (let hour = 0; hour < 24; hour++)
		batches.push({ seq: ++gateway.seq, rows: Array.from({ length: 60 }, (_, minute) => reading(METER, start + hour * 3600 + minute * 60)) });
	const sent = batches.concat(batches, batches.slice(5, 9)).map((b, i) => [(i * 7919) % 104729, b]).sort((x, y) => x[0] - y[0]);
	for (const [, b] of sent) await gateway.send(b.rows, { seq: b.seq });
	for (const b of batches) await gateway.until_acked({ boot: gateway.boot, seq: BigInt(b.seq) });
	const answer = await stored(start, start + 86400 - 1);
	assert.equal(answer.readings, 1440);
	assert.deepEqual(answer.gaps, []);
});

test("M3: the same readings under another batch name are duplicates, not new ones", async () => {
	const before_count = await metric("wattle_readings_duplicate_total"), at = now_s - 7200;
	await gateway.until_acked(await gateway.send([reading(METER, at), reading(METER, at + 60)]));
	await until("both counted", async () => (await metric("wattle_readings_duplicate_total")) === before_count + 2);
	assert.equal((await stored(at, at + 60)).readings, 2);
});

test("M3: a changed value becomes a conflict event and overwrites nothing", async () => {
	const at = now_s - 3600;
	await gateway.until_acked(await gateway.send([reading(METER, at, { energy_wh: 77 })]));
	const events = (await world.api.get(`/meters/${METER}/events`)).items;
	assert.ok(events.some((e) => e.kind.includes("conflict")), JSON.stringify(events));
	const [point] = (await stored(at, at)).items;
	assert.equal(point.energy_wh, at % 1000000);
});

test("M3: a batch name used again with other content is refused, and is an event", async () => {
	const name = await gateway.send([reading(METER, now_s - 150)]);
	await gateway.until_acked(name);
	gateway.acks = [];
	await gateway.send([reading(METER, now_s - 45)], { seq: Number(name.seq) });
	assert.equal((await gateway.until_refused(name)).reason, 2n);
	assert.equal(gateway.acked(name), false);
	assert.equal((await stored(now_s - 45, now_s - 45)).readings, 0);
	const [event] = await world.gateway_events("gw-1", "batch-conflict");
	assert.equal(BigInt(event.value), name.seq);
});

test("D2: a stored batch whose row was damaged is taken again when it is offered again", async () => {
	const at = now_s - 5400 + 7, name = await gateway.send([reading(METER, at)]);
	await gateway.until_acked(name);
	assert.equal((await stored(at, at)).readings, 1);
	await world.platform.stop();
	const store = path.join(world.data, "store");
	for (const file of day_files(store)) await sql(path.join(store, file), `UPDATE batch SET body = x'00' WHERE boot = ${name.boot} AND seq = ${name.seq}`);
	world.platform.start();
	await world.platform_ready();
	assert.equal((await stored(at, at)).readings, 0);
	gateway.acks = [];
	await until("acknowledged again", async () => {
		await gateway.send([reading(METER, at)], { seq: Number(name.seq) });
		await sleep(200);
		return gateway.acked(name);
	});
	assert.equal((await stored(at, at)).readings, 1);
	assert.ok((await metric("wattle_store_damaged_total")) > 0);
});

// Each is one payload on `up`; all are refused with a count, and the honest go on.
// Messages in messages until the size limit; groups (one byte a level) go the whole 100,000.
const nest = () => {
	let inner = Buffer.alloc(0);
	while (inner.length < 250000) inner = field(3, inner);
	return inner;
};
const good = () => uplink({ boot: 5n, seq: 1, tables: [readings([reading(METER, now_s)])] });
const nonsense = {
	"empty": Buffer.alloc(0),
	"text": Buffer.from("hello"),
	"bad UTF-8": Buffer.from([0xc3, 0x28, 0xff, 0xfe, 0xf0]),
	"groups nested 100,000 deep": Buffer.alloc(100000, 0x1b),
	"messages nested to the size limit": nest(),
	"a varint without end": Buffer.alloc(64, 0xff),
	"boot 0": uplink({ boot: 0n, seq: 1 }),
	"seq 0": uplink({ boot: 5n, seq: 0 }),
	"count without rows": uplink({ boot: 5n, seq: 2, tables: [message([1, 1000000])] }),
	"columns of different length": uplink({ boot: 5n, seq: 3, tables: [message([1, 2], [2, Buffer.from([2])], [3, Buffer.from([2])], [4, Buffer.from([2, 2, 2])])] }),
};

test("M3: the conflicts are in the list of the gateway, page by page", async () => {
	const all = await world.gateway_events("gw-1");
	assert.ok(all.length >= 2 && all.every((e) => !("meter" in e)), JSON.stringify(all));
	assert.deepEqual(all.map((e) => Number(e.id)), all.map((e) => Number(e.id)).sort((x, y) => y - x));
	const first = await world.api.get("/gateways/gw-1/events?limit=1"), second = await world.api.get(`/gateways/gw-1/events?limit=1&cursor=${first.next}`);
	assert.deepEqual([first.items[0].id, second.items[0].id], [all[0].id, all[1].id]);
	assert.equal((await world.api.call("GET", "/api/v1/gateways/gw-none/events")).status, 404);
});

test("M5: nonsense on `up` is refused with a count", async () => {
	for (const [what, payload] of Object.entries(nonsense)) {
		const count = await metric("wattle_batches_bad_total");
		await gateway.publish("up", payload);
		await until(`${what} counted`, async () => (await metric("wattle_batches_bad_total")) === count + 1);
	}
});

test("M5: a batch cut short at each byte is never stored", async () => {
	const whole = good(), count = await metric("wattle_batches_total");
	for (let n = 1; n < whole.length; n++) await gateway.publish("up", whole.subarray(0, n));
	await gateway.until_acked(await gateway.send([reading(METER, now_s - 30)]));
	assert.ok((await metric("wattle_batches_total")) <= count + 1 + 1); // boot and seq alone are an empty batch
	assert.equal((await stored(now_s, now_s)).readings, 0);
});

test("M5: 100 MB cost the liar its connection and nobody else", async () => {
	await world.wattle("gateway", "add", "gw-9");
	await sleep(1500);
	const liar = await connect(world.mqtt_port, world.identity("gw-9"), { id: "gw-9" });
	liar.publish("wattle/1/p1/gw-9/up", Buffer.alloc(100 << 20), { qos: 0 });
	await until("cut off", () => liar.lost, { timeout_ms: 20000 });
	await end(liar);
	assert.equal(gateway.client.lost, false);
	await gateway.until_acked(await gateway.send([reading(METER, now_s - 20)]));
});

for (const [what, row, name] of [
	["negative energy", reading(METER, now_s - 10, { energy_wh: -5 }), "wattle_readings_refused_range_total"],
	["an impossible voltage", reading(METER, now_s - 9, { voltage_dv: 99999 }), "wattle_readings_refused_range_total"],
	["date 2099", reading(METER, 4070908800), "wattle_readings_refused_future_total"],
	["date 1970", reading(METER, 86400), "wattle_readings_refused_past_total"],
	["an unknown meter", reading(330199999999, now_s), "wattle_readings_refused_unknown_meter_total"],
])
	test(`M5, F1: ${what} is counted and not a reading`, async () => {
		const count = await metric(name);
		await gateway.until_acked(await gateway.send([row]));
		await until("counted", async () => (await metric(name)) === count + 1);
		const meter = await world.api.meter(String(METER));
		assert.ok(Date.parse(meter.last_reading_at) <= Date.now() + 60000);
	});

test("M5, F1: a live sample of 2099 or 1970 is counted and never shown", async () => {
	const live = (time_s, energy_wh) => gateway.publish("now", message([1, zigzag(Date.now())], [2, readings([reading(METER, time_s, { energy_wh })])]), { qos: 0 });
	const count = await metric("wattle_live_bad_total"), shown = async () => (await world.api.meter(String(METER))).live;
	for (const [i, time_s] of [4070908800, 86400].entries()) {
		await live(time_s, 777777);
		await until("counted", async () => (await metric("wattle_live_bad_total")) === count + 1 + i);
		assert.notEqual((await shown())?.energy_wh, 777777);
	}
	const second = Math.floor(Date.now() / 1000);
	await live(second, 888888);
	await until("an honest one after it", async () => (await shown())?.energy_wh === 888888);
	assert.equal(Date.parse((await shown()).at), second * 1000);
	assert.equal(await metric("wattle_live_bad_total"), count + 2);
});

test("M5: garbage on `now` and `state` is counted, the last state stays", async () => {
	const live = await metric("wattle_live_bad_total"), state = await metric("wattle_state_bad_total");
	await gateway.publish("now", Buffer.alloc(300, 0x81), { qos: 0 });
	await gateway.publish("state", "{".repeat(100000), { retain: true });
	await until("counted", async () => (await metric("wattle_live_bad_total")) > live && (await metric("wattle_state_bad_total")) > state);
	assert.equal((await world.api.get("/gateways")).items.find((g) => g.id === "gw-1").online, true);
});

test("M1: a gateway that reaches for another's topic is an event of the platform, under its own name", async () => {
	const count = await metric("wattle_foreign_topic_total");
	await gateway.publish("../gw-9/up", "x");
	await until("counted", async () => (await metric("wattle_foreign_topic_total")) > count);
	const events = await until("event", async () => {
		const found = await world.gateway_events("gw-1", "foreign-topic");
		return found.length && found;
	});
	assert.equal(events.length, 1);
	assert.deepEqual(await world.gateway_events("gw-9", "foreign-topic"), []);
});

test("M1: a connection that the broker refuses is an event under the certificate's name", async () => {
	await world.wattle("gateway", "add", "gw-8");
	await sleep(1500);
	const details = async (id) => (await world.gateway_events(id, "client-refused")).map((e) => e.detail);
	for (const username of [undefined, 'x","client":"gw-1'])
		await assert.rejects(connect(world.mqtt_port, world.identity("gw-8"), { id: "gw-1", username }));
	await until("client id refused", async () => (await details("gw-8")).includes(4));
	await world.wattle("gateway", "revoke", "gw-8");
	await sleep(1500);
	await assert.rejects(connect(world.mqtt_port, world.identity("gw-8"), { id: "gw-8" }));
	await until("revoked refused", async () => (await details("gw-8")).length === 2);
	assert.deepEqual(await details("gw-1"), []); // the honest one is not blamed
	assert.equal(gateway.client.lost, false);
});
