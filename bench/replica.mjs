// What the continuous copy costs, and what is lost when the primary is killed.
import { randomUUID } from "node:crypto";
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Daemon, bin, free_port, root, run_ok, sleep, until } from "../tests/lib/process.mjs";
import { day_files, sql } from "../tests/lib/store.mjs";
import { World } from "../tests/lib/world.mjs";

const GATEWAYS = 50, METERS = 100, RATE = 20000, SECONDS = 20, KILLS = 10;

async function make_standby(world) {
	const port = await free_port(), standby = world.path("standby"), secret = world.path("passphrase");
	writeFileSync(secret, "correct horse battery staple\n");
	await world.wattle("replica", "kit", world.path("kit"), "--host", "127.0.0.1", "--passphrase-file", secret);
	await run_ok(bin("wattle"), ["--data", standby, "replica", "init", "--kit", world.path("kit"), "--passphrase-file", secret]);
	const receiver = new Daemon("receiver", bin("wattle"), ["--data", standby, "replica-receive", "--listen", "127.0.0.1", "--port", String(port)], { log: world.path("log", "receiver.log") });
	world.daemons.push(receiver);
	receiver.start();
	await until("receiver", () => receiver.log.includes("listening"));
	return { port, standby, receiver };
}

const bytes_of_days = (store) => day_files(store).reduce((sum, name) => sum + statSync(path.join(store, name)).size, 0);
const metric = async (world, name) => (await world.api.metrics())[`wattle_replica_${name}`];
const make_role = (world, name) => world.api.call("POST", "/api/v1/groups/1/roles", { json: { name, permissions: ["property.read"] }, headers: { "Idempotency-Key": randomUUID() } });

// One load at a steady rate; the CPU seconds of wattled in it.
async function load_run(world, { bench, cpu_of }, days_ago) {
	const first = Math.floor(Date.now() / 60000) * 60 - days_ago * 86400, pid = world.platform.child.pid, cpu = cpu_of(pid);
	const sent = await bench("load", "--pki", path.join(world.data, "pki"), "--port", world.mqtt_port, "--csv", path.join(root, "data/household-45d.csv"), "--gateways", GATEWAYS,
		"--meters", METERS, "--first", first, "--window", 8, "--rate", RATE, "--seconds", SECONDS);
	await sleep(2000);
	return { cpu: cpu_of(pid) - cpu, readings: sent.readings };
}

// Acts one after the other until the kill; how long before it the oldest one that is not at the standby was acknowledged.
async function loss_of_kill(world, standby, k) {
	const acts = [], end_ms = Date.now() + 1500 + Math.random() * 1000;
	const people = (async () => {
		for (let i = 0; Date.now() < end_ms + 200; i++)
			await make_role(world, `kill ${k} ${i}`).then((made) => made.status === 201 && acts.push({ name: `kill ${k} ${i}`, at_ms: Date.now() }), () => sleep(10));
	})();
	await sleep(end_ms - Date.now());
	await world.platform.kill();
	const killed_ms = Date.now();
	await people;
	await sleep(300); // what was on its way arrives
	const look = world.path(`look-${k}`);
	await run_ok("cp", ["-a", path.join(standby, "store"), look]);
	const found = new Set(await sql(path.join(look, "wattle.db"), "SELECT name FROM role"));
	const lost = acts.filter((act) => !found.has(act.name));
	world.platform.start();
	await world.platform_ready();
	await until("standby connected", async () => (await metric(world, "connected")) === 1 && (await metric(world, "lag_seconds")) === 0, { timeout_ms: 60000 });
	return { acts: acts.length, ms: lost.length ? killed_ms - lost[0].at_ms : 0 };
}

async function measure_loss(world, standby, figure) {
	const losses = [];
	for (let k = 0; k < KILLS; k++) losses.push(await loss_of_kill(world, standby, k));
	const worst = Math.max(...losses.map((l) => l.ms)), acts = losses.reduce((sum, l) => sum + l.acts, 0);
	figure(`acts acknowledged and not at the standby after kill -9 under load (${KILLS} kills, ${acts} acts, interval 1 s)`, "≤ 60 s", `worst ${worst} ms`, worst <= 60000 && acts > 10 * KILLS);
}

export async function measure_replica(tools) {
	const { say, figure, cpu_of } = tools;
	say(`the continuous copy beside ${RATE} readings a second`);
	const world = await World.start({ parts: ["platform"] });
	try {
		for (let g = 0; g < GATEWAYS; g++) await world.wattle("gateway", "add", `bench-${g}`);
		await run_ok(bin("wattle-bench"), ["fill", "--store", path.join(world.data, "store"), "--gateways", String(GATEWAYS), "--meters", String(METERS)], { cwd: root });
		await until("meters known", async () => (await world.api.call("GET", "/api/v1/meters/500000000001")).status === 200);
		// wattled, gw-1 and ours: the broker reads its list a moment after it was written.
		await until("broker knows the gateways", () => world.broker.log.includes(`wattle: ${GATEWAYS + 2} clients`), { timeout_ms: 20000 });
		const alone = await load_run(world, tools, 40);
		const { port, standby, receiver } = await make_standby(world);
		appendFileSync(path.join(world.data, "wattle.ini"), `[replica]\nto = 127.0.0.1:${port}\n`);
		await world.platform.restart();
		await world.platform_ready();
		const [, name, password] = readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
		await world.api.login(name, password);
		await until("first copy", async () => (await metric(world, "connected")) === 1 && (await metric(world, "lag_seconds")) === 0, { timeout_ms: 60000 });
		const store = path.join(world.data, "store"), before = { bytes: await metric(world, "bytes_total"), days: bytes_of_days(store), cpu: cpu_of(receiver.child.pid) };
		let worst_s = 0, going = true;
		const watching = (async () => {
			for (; going; await sleep(200)) worst_s = Math.max(worst_s, await metric(world, "lag_seconds"));
		})();
		const copied = await load_run(world, tools, 30);
		going = false;
		await watching;
		const sent = (await metric(world, "bytes_total")) - before.bytes;
		const per_million = (run) => (run.cpu / run.readings) * 1e6, ratio = per_million(copied) / per_million(alone);
		figure(`wattled's CPU with a standby (TLS, each second) at ${RATE / 1000} k readings/s`, "≤ 1.5 × without", `${per_million(copied).toFixed(2)} CPU-s per million readings = ${ratio.toFixed(2)} ×`, ratio <= 1.5,
			`${per_million(alone).toFixed(2)} without`);
		figure("the standby's CPU meanwhile", "≤ 0.2 core", `${((cpu_of(receiver.child.pid) - before.cpu) / (SECONDS + 2)).toFixed(3)} core`, (cpu_of(receiver.child.pid) - before.cpu) / (SECONDS + 2) <= 0.2);
		figure("bytes sent per reading stored", "≤ 100", `${(sent / copied.readings).toFixed(1)}`, sent / copied.readings <= 100);
		figure("largest lag shown meanwhile", "≤ 60 s", `${worst_s} s`, worst_s <= 60);
		await measure_loss(world, standby, figure);
	} catch (error) {
		error.message += world.last_words();
		throw error;
	} finally {
		await world.stop({ quietly: true });
	}
}
