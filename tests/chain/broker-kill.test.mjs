// M4: the broker is killed again and again with 10,000 readings and 100 commands in flight: all
// readings arrive from the spool, all commands from the outbox, none twice.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { FakeGateway, reading } from "../lib/fake-gateway.mjs";
import { end, connect, publish, subscribe } from "../lib/mqtt.mjs";
import { run_ok, sleep, until } from "../lib/process.mjs";
import { sql } from "../lib/store.mjs";
import { decode, message, readings, uplink, zigzag } from "../lib/wire.mjs";
import { World } from "../lib/world.mjs";

const METERS = 100, MINUTES = 100, KILLS = Number(process.env.WATTLE_BROKER_KILLS ?? 5);
const KEY = "5a".repeat(32), start_s = Math.floor(Date.now() / 60000) * 60 - MINUTES * 60;
const chip = (k) => k.toString(16).padStart(24, "0"), meter = (k) => 330100000000 + k;
let world, gateway;

// A gateway with a spool in memory, which repeats what is not acknowledged, and terminals that
// execute a command once and answer repeats with the same result.
class Site {
	constructor() {
		Object.assign(this, { unacked: new Map(), executed: new Map(), seen: new Map(), boot: 0xabcdef01n, seq: 0 });
	}

	async connect() {
		this.client = await connect(world.mqtt_port, world.identity("gw-1"), { id: "gw-1" });
		this.client.on("message", (topic, payload) => (topic.endsWith("/ack") ? this.take_ack(payload) : this.take_down(payload)));
		for (const leaf of ["ack", "down"]) await subscribe(this.client, `wattle/1/p1/gw-1/${leaf}`);
		for (const seq of [...this.unacked.keys()]) this.offer(seq);
	}

	// Lives through the broker's deaths until `stop`.
	async live() {
		while (!this.stopped) {
			if (!this.client || this.client.lost) await this.connect().catch(() => sleep(200));
			else for (const seq of [...this.unacked.keys()].slice(0, 20)) this.offer(seq);
			await sleep(1000);
		}
		await end(this.client);
	}

	offer(seq) {
		if (!this.client?.lost) publish(this.client, "wattle/1/p1/gw-1/up", this.unacked.get(seq));
	}

	spool(fields) {
		const seq = ++this.seq;
		this.unacked.set(seq, uplink({ boot: this.boot, seq, ...fields }));
		this.offer(seq);
	}

	take_ack(payload) {
		for (const done of decode(payload)[3] ?? []) {
			const { 1: [boot], 2: [first], 3: [last] } = decode(done);
			if (boot === this.boot) for (let seq = first; seq <= last; seq++) this.unacked.delete(Number(seq));
		}
	}

	take_down(payload) {
		for (const bytes of decode(payload)[4] ?? []) {
			const { 1: [id], 2: [number], 3: [body] } = decode(bytes);
			this.seen.set(id, (this.seen.get(id) ?? 0) + 1);
			if (body[6] === 1 && this.seen.get(id) === 1) this.execute(id, Number(number), body);
		}
	}

	execute(id, number, body) {
		const counter = `${number}:${body.readUInt32LE(2)}`;
		this.executed.set(counter, (this.executed.get(counter) ?? 0) + 1);
		const result = (stage, more = []) => [5, message([1, id], [2, stage], [4, zigzag(Date.now())], ...more)];
		this.spool({ more: [result(1), result(2, [[3, signed_result(body, chip(number - meter(0)))]]), result(3, [[7, 4]])] });
	}
}

function signed_result(command, chip_hex) {
	const body = Buffer.alloc(42);
	body[0] = 0x11;
	command.copy(body, 1, 1, 7); // key version, counter, kind
	body[9] = 4; // forced trip, contact open
	body.writeUInt32LE(Math.floor(Date.now() / 1000), 30);
	const mac = createHmac("sha256", Buffer.from(KEY, "hex")).update(Buffer.concat([Buffer.from([2]), Buffer.from(chip_hex, "hex"), body.subarray(1, 34)])).digest();
	mac.copy(body, 34, 0, 8);
	return body;
}

before(async () => {
	world = await World.start({ parts: ["platform"] });
	writeFileSync(world.path("all.csv"), Array.from({ length: METERS }, (_, i) => `${chip(i + 1)},${KEY},\n`).join(""));
	await world.wattle("terminal", "import", world.path("all.csv"));
	gateway = await FakeGateway.open(world);
	for (let k = 1; k <= METERS; k++) {
		await gateway.found(chip(k));
		await until(`adopted ${k}`, async () => (await world.api.adopt(chip(k), String(meter(k)))).status === 201);
	}
	await end(gateway.client);
	// The guard would hold most of so many openings for two persons.
	await sql(path.join(world.data, "store/wattle.db"), "INSERT INTO supply_rules(property_id, guard_count, guard_percent, incident_ms, incident_by, incident_reason, version) SELECT property_id, 1000, 100, 0, '', '', 1 FROM property WHERE slug='p1'");
});

after(() => world?.stop());

test(`M4: ${KILLS} x kill -9 of the broker with ${METERS * MINUTES} readings and ${METERS} commands in flight`, async (t) => {
	const site = new Site(), life = site.live();
	t.after(async () => {
		site.stopped = true;
		await life;
	});
	await until("connected", () => site.client);
	const commands = Array.from({ length: METERS }, (_, i) => until("accepted", () => world.api.command(meter(i + 1), "trip"), { timeout_ms: 60000 }));
	for (let minute = 0; minute < MINUTES; minute++) {
		const rows = Array.from({ length: METERS }, (_, i) => reading(meter(i + 1), start_s + minute * 60, { energy_wh: minute }));
		site.spool({ tables: [readings(rows)] });
		if (minute % Math.ceil(MINUTES / KILLS) === 3) {
			await world.broker.kill();
			await sleep(300);
			world.broker.start();
			await world.broker_ready();
		}
		await sleep(20);
	}
	const given = await Promise.all(commands);
	await until("all acknowledged", () => site.unacked.size === 0 && site.executed.size >= METERS, { timeout_ms: 90000, every_ms: 200 });
	for (const { id } of given) {
		const { stage } = await world.api.command_reaches(id, ["executed", "verified", "failed", "refused", "expired"], 30000);
		assert.ok(["executed", "verified"].includes(stage), `command ${id}: ${stage}`);
	}
	assert.deepEqual([...site.executed.values()].filter((n) => n !== 1), [], "a command was executed twice");
	assert.equal(site.executed.size, METERS);
	const store = path.join(world.data, "store");
	let batches = "";
	for (const day of readdirSync(store).filter((f) => /^readings-.*\.db$/.test(f)))
		batches += (await run_ok("sqlite3", [path.join(store, day), "SELECT boot || ':' || seq FROM batch"])).out;
	const mine = batches.trim().split("\n").filter((name) => name.startsWith(`${site.boot}:`));
	assert.equal(mine.length, site.seq, "batches stored");
	assert.equal(new Set(mine).size, site.seq, "a batch is stored twice");
	for (const k of [1, 50, METERS]) {
		const from = new Date(start_s * 1000).toISOString(), to = new Date((start_s + MINUTES * 60) * 1000).toISOString();
		assert.equal((await world.api.get(`/meters/${meter(k)}/readings?from=${from}&to=${to}&points=500`)).readings, MINUTES);
	}
});
