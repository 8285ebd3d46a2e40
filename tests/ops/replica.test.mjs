// The continuous copy with real processes: to a folder, over TLS, with kills, strangers and damage.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import tls from "node:tls";
import { FakeGateway, reading } from "../lib/fake-gateway.mjs";
import { Daemon, bin, free_port, run, run_ok, sleep, until } from "../lib/process.mjs";
import { batches, sql, table_rows } from "../lib/store.mjs";
import { meter_number, World } from "../lib/world.mjs";

const KILLS = Number(process.env.WATTLE_KILLS ?? 5), chip = "00112233445566778899aabb", meter = Number(meter_number(1));
let world, receiver, port, standby, gateway, clock_s = Math.floor(Date.now() / 1000) - 3600;
const wattle = (data, ...args) => run_ok(bin("wattle"), ["--data", data, ...args]);

before(async () => {
	world = await World.start({ parts: [] });
	port = await free_port();
	standby = world.path("standby");
	writeFileSync(world.path("passphrase"), "correct horse battery staple\n");
	await wattle(world.data, "replica", "kit", world.path("kit"), "--host", "127.0.0.1", "--passphrase-file", world.path("passphrase"));
	await wattle(standby, "replica", "init", "--kit", world.path("kit"), "--passphrase-file", world.path("passphrase"));
	receiver = new Daemon("receiver", bin("wattle"), ["--data", standby, "replica-receive", "--listen", "127.0.0.1", "--port", String(port)], { log: world.path("log", "receiver.log") });
	world.daemons.push(receiver);
	appendFileSync(path.join(world.data, "wattle.ini"), `[replica]\nto = 127.0.0.1:${port}\ninterval_ms = 100\nlag_alarm_s = 5\n`);
	receiver.start();
	await until("receiver", () => receiver.log.includes("listening"));
	await world.start_platform();
	writeFileSync(world.path("terminals.csv"), `chip,key,label\n${chip},${"ab".repeat(32)},\n`);
	await wattle(world.data, "terminal", "import", world.path("terminals.csv"));
	gateway = await FakeGateway.open(world);
	await gateway.found(chip);
	await until("device", async () => (await world.api.devices()).length);
	assert.ok((await world.api.adopt(chip, String(meter))).status < 300);
});

after(() => world?.stop({ quietly: true }));

const metric = async (name) => (await world.api.metrics())[`wattle_replica_${name}`];
const up_to_date = () => until("up to date", async () => (await metric("connected")) === 1 && (await metric("lag_seconds")) === 0, { timeout_ms: 40000, every_ms: 100 });
// It has been noticed that the standby is gone, so "up to date" is of the next connection.
async function stop_receiver() {
	await receiver.stop();
	await until("noticed", async () => (await metric("connected")) === 0);
}
const standby_events = async () => (await world.api.call("GET", "/api/v1/properties/p1/events")).body.items.filter((event) => event.kind.startsWith("standby-"));
const make_role = (name) => world.api.call("POST", "/api/v1/groups/1/roles", { json: { name, permissions: ["property.read"] }, headers: { "Idempotency-Key": randomUUID() } });

async function send_some(n) {
	for (let k = 0; k < n; k++) await gateway.until_acked(await gateway.send([reading(meter, clock_s++)]), 20000);
}

// Quiet on both sides, then equal: every table and every batch.
async function are_equal(copy) {
	await world.platform.stop();
	if (receiver.running) await receiver.stop();
	const own = path.join(world.data, "store"), there = path.join(copy, "store");
	for (const store of [own, there]) assert.deepEqual(await sql(path.join(store, "wattle.db"), "PRAGMA integrity_check"), ["ok"]);
	assert.deepEqual(await table_rows(there), await table_rows(own));
	const [a, b] = [await batches(there), await batches(own)];
	assert.deepEqual(Object.keys(a), Object.keys(b));
	for (const name of Object.keys(a)) assert.equal(a[name].join("\n") === b[name].join("\n"), true, `${name}: ${a[name].length} and ${b[name].length} batches`);
	const dump = async (store) => (await sql(path.join(store, "wattle.db"), ".sha3sum"))[0];
	assert.match(await dump(own), /^[0-9a-f]{56}/);
	assert.equal(await dump(there), await dump(own));
	assert.equal(readFileSync(path.join(copy, "broker/clients"), "utf8"), readFileSync(path.join(world.data, "broker/clients"), "utf8"));
}

async function start_again() {
	if (!receiver.running) receiver.start();
	if (!world.platform.running) world.platform.start();
	await world.platform_ready();
	await until("connected to the broker", async () => (await fetch(`http://127.0.0.1:${world.http_port}/readyz`)).status === 200, { timeout_ms: 40000 });
}

test("what was committed is there within the interval, and both sides are equal after a stop", async () => {
	await up_to_date();
	await send_some(20);
	assert.equal((await make_role("copied")).status, 201);
	await wattle(world.data, "gateway", "add", "gw-2");
	await sleep(2500); // small files are looked at each two seconds
	await up_to_date();
	assert.match((await fetch(`http://127.0.0.1:${world.http_port}/readyz`).then((a) => a.text())), /^ready\nreplica: 0 s behind\n$/);
	assert.match((await wattle(world.data, "replica", "status")).out, /connected .*yes/);
	await are_equal(standby);
	assert.ok((await sql(path.join(standby, "store/wattle.db"), "SELECT name FROM role")).includes("copied"));
	await start_again();
});

test(`${KILLS} times kill -9 of either side under load: the copy is whole each time, equal in the end, nothing is called damage`, async () => {
	const names = [];
	let going = true, roles = 0;
	const load = (async () => {
		for (let k = 0; going; k++) {
			names.push(await gateway.send([reading(meter, clock_s++)]));
			await make_role(`kill ${k}`).then((made) => (roles += made.status === 201), () => sleep(20));
		}
	})();
	try {
		for (let k = 0; k < KILLS; k++) {
			await sleep(200 + Math.random() * 500);
			const victim = k % 2 ? world.platform : receiver;
			await victim.kill();
			if (victim === receiver) {
				// As after a cut of power: what is on the disk now is a database.
				const copy = world.path(`look-${k}`);
				await run_ok("cp", ["-a", path.join(standby, "store"), copy]);
				assert.deepEqual(await sql(path.join(copy, "wattle.db"), "PRAGMA integrity_check"), ["ok"]);
			}
			victim.start();
			if (victim === world.platform) await world.platform_ready();
		}
	} finally {
		going = false;
		await load;
	}
	await sleep(500); // figures are of each round
	await up_to_date();
	assert.equal(await metric("damaged_total"), 0);
	const acked = names.filter((name) => gateway.acked(name)).length;
	assert.ok(acked > 5 && roles > 5, `only ${acked} batches of ${names.length} and ${roles} acts under load`);
	await are_equal(standby);
	await start_again();
});

test("a standby that is away: the lag is shown, alarmed, and ends; the log stays short", async () => {
	await up_to_date();
	await stop_receiver();
	for (let k = 0; k < 40; k++) assert.equal((await make_role(`away ${k}`)).status, 201);
	await until("alarm", async () => (await metric("alarm")) === 1, { timeout_ms: 15000, every_ms: 200 });
	assert.ok((await metric("lag_seconds")) >= 5);
	assert.match(await fetch(`http://127.0.0.1:${world.http_port}/readyz`).then((a) => a.text()), /^ready\nreplica: \d+ s behind, not connected, ALARM\n$/);
	const doctor = await run(bin("wattle"), ["--data", world.data, "doctor"]);
	assert.match(doctor.out, /^bad {3}replica-late: /m);
	assert.match(world.platform.log, /error: replica: nothing has reached 127\.0\.0\.1:\d+ for \d+ s/);
	assert.ok(statSync(path.join(world.data, "store/wattle.db-wal")).size < 40 << 20);
	receiver.start();
	await up_to_date();
	await until("alarm ends", async () => (await metric("alarm")) === 0);
	const told = await until("told to people", async () => (await standby_events()).length === 2 && standby_events());
	assert.deepEqual(told.map((event) => [event.kind, event.detail]), [["standby-back", 0], ["standby-late", 1]]);
});

test("a byte that the standby's disk changed is found, counted and mended", async () => {
	await up_to_date();
	await stop_receiver();
	const file = openSync(path.join(standby, "store/wattle.db"), "r+");
	writeSync(file, Buffer.from([0xa5, 0x5a, 0xa5]), 0, 3, 4096 * 9 + 1000);
	closeSync(file);
	receiver.start();
	await up_to_date();
	assert.ok((await metric("damaged_total")) >= 1);
	assert.match(world.platform.log, /pages there were not what they should be; sent again/);
	await are_equal(standby);
	await start_again();
});

test("strangers get nothing: no certificate, a gateway's, bytes of anything; the copy goes on", async () => {
	await up_to_date();
	const id = world.identity("gw-1"), read = (name) => readFileSync(name);
	const handshake = (options) => new Promise((done) => {
		const socket = tls.connect({ host: "127.0.0.1", port, ca: read(id.ca), servername: "", checkServerIdentity: () => undefined, ...options });
		let bytes = 0;
		// A HELLO as an honest primary would say it; whoever gets an answer is in.
		socket.on("secureConnect", () => socket.write(Buffer.from("4a0000000157524c500100" + "00".repeat(63), "hex")));
		socket.on("data", (data) => (bytes += data.length)).on("error", () => {}).on("close", () => done(bytes));
		setTimeout(() => socket.destroy(), 3000).unref();
	});
	assert.equal(await handshake({}), 0);
	assert.equal(await handshake({ cert: read(id.cert), key: read(id.key) }), 0);
	await new Promise((done) => {
		const socket = net.connect(port, "127.0.0.1", () => socket.end(Buffer.alloc(100000, 0x41)));
		socket.on("error", () => {}).on("close", done);
	});
	await until("refusals are told", () => (receiver.log.match(/a connection was refused/g) ?? []).length >= 3);
	assert.equal((await make_role("after strangers")).status, 201);
	await up_to_date();
});

test("a receiver with another certificate of ours is not believed", async () => {
	await stop_receiver();
	const pki = path.join(standby, "pki"), kept = ["replica.crt", "replica.key"].map((name) => readFileSync(path.join(pki, name)));
	for (const ending of [".crt", ".key"]) writeFileSync(path.join(pki, "replica" + ending), readFileSync(path.join(world.data, "pki", "broker" + ending)));
	const before = world.platform.log.length;
	receiver.start();
	await until("refused", () => /not that of replica/.test(world.platform.log.slice(before)), { timeout_ms: 40000 });
	assert.equal(await metric("connected"), 0);
	await receiver.stop(); // not connected, as asserted
	["replica.crt", "replica.key"].forEach((name, k) => writeFileSync(path.join(pki, name), kept[k]));
	receiver.start();
	await up_to_date();
});

test("a standby whose disk is full says so; the primary goes on; room ends it", async () => {
	const folder = world.path("small"), ini = path.join(world.data, "wattle.ini");
	mkdirSync(folder);
	await run_ok("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]);
	try {
		await wattle(folder, "replica", "init");
		await world.platform.stop();
		writeFileSync(ini, readFileSync(ini, "utf8").replace(/^to = .*$/m, `to = ${folder}`));
		const before = world.platform.log.length;
		world.platform.start();
		await world.platform_ready();
		await until("said", () => /the standby says: wattle\.db: .*(space|full)/i.test(world.platform.log.slice(before)));
		assert.equal((await make_role("while it is full")).status, 201);
		await until("told to people", async () => {
			const [last] = await standby_events();
			return last.kind === "standby-late" && last.detail === 2;
		}, { timeout_ms: 15000, every_ms: 200 });
		await run_ok("mount", ["-o", "remount,size=64m", folder]);
		await up_to_date();
		await are_equal(folder);
	} finally {
		await world.platform.stop();
		await run("umount", [folder]);
	}
});

test("a folder on a second disk is followed the same way, and can take over", async () => {
	const folder = world.path("second");
	await world.platform.stop();
	const ini = path.join(world.data, "wattle.ini"), text = readFileSync(ini, "utf8").replace(/^to = .*$/m, `to = ${folder}`);
	writeFileSync(ini, text);
	world.platform.start();
	await world.platform_ready();
	await until("told that it is none", () => /second is no standby/.test(world.platform.log)); // an unmounted disk is not filled
	await wattle(folder, "replica", "init");
	await up_to_date();
	await until("connected to the broker", async () => (await fetch(`http://127.0.0.1:${world.http_port}/readyz`)).status === 200, { timeout_ms: 40000 });
	await send_some(5);
	await sleep(2500);
	await up_to_date();
	await are_equal(folder);

	const taken = await wattle(folder, "replica", "take-over");
	assert.match(taken.out, /generation 1/);
	assert.match(taken.out, /MISSING .*secret\.key/);
	assert.doesNotMatch(readFileSync(path.join(folder, "wattle.ini"), "utf8"), /replica/);
	world.platform.start();
	assert.equal((await world.platform.ended).code, 3, "the old one is kept out by the folder too");
});
