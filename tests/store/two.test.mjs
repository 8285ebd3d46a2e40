// Two platforms on one database: the second gets no lease and changes nothing; after a kill -9 the first has it again at once;
// one that was stopped while another took over writes no more.
import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { on_postgres } from "../lib/postgres.mjs";
import { Daemon, bin, free_port, run, sleep, until } from "../lib/process.mjs";
import { World } from "../lib/world.mjs";

const TAKEN_OVER = 3;

let world, second;
before(async () => {
	assert.ok(on_postgres, "tests/postgres starts this test");
	world = await World.start({ parts: ["platform"], terminals: 0 });
	second = world.path("second");
	cpSync(world.data, second, { recursive: true });
	rmSync(path.join(second, "store/holder"));
	const ini = path.join(second, "wattle.ini"), port = await free_port();
	writeFileSync(ini, readFileSync(ini, "utf8").replaceAll(world.data, second).replace(`port = ${world.http_port}`, `port = ${port}`));
});
after(() => world?.stop());

const lease = () => world.sql("SELECT token, holder FROM worker_lease");

test("the second platform gets no lease, and says who has it", async () => {
	const owner = await lease();
	const { code, err } = await run(bin("wattled"), ["--config", path.join(second, "wattle.ini")], { timeout: 20000 });
	assert.equal(code, 2);
	assert.match(err, /holds the lease for \d+ s more/);
	assert.ok(err.includes(owner.split("|")[1]));
	assert.equal(await lease(), owner);
	assert.ok(world.platform.running);
});

test("a tool changes the store beside the platform, which notices", async () => {
	await world.wattle("gateway", "add", "gw-9");
	await until("the new gateway", async () => (await world.api.get("/gateways?limit=200")).items.some((gateway) => gateway.id === "gw-9"));
});

test("after a kill -9 the same installation has it again at once", async () => {
	const token = Number((await lease()).split("|")[0]);
	await world.platform.kill();
	world.platform.start();
	await world.platform_ready();
	assert.equal(Number((await lease()).split("|")[0]), token + 1);
});

test("one that stood still while another took over writes no more", async () => {
	world.platform.signal("SIGSTOP");
	const other = new Daemon("second", bin("wattled"), ["--config", path.join(second, "wattle.ini")], { log: world.path("log", "second.log") });
	try {
		// Held by a live-looking owner until its time is over; the next try gets it.
		await until("the lease", async () => {
			if (!other.running) other.start();
			await sleep(1000);
			return other.log.includes("running");
		}, { timeout_ms: 40000 });
		const before = await world.sql("SELECT worker_commits FROM worker_lease");
		world.platform.signal("SIGCONT");
		assert.equal((await world.platform.ended).code, TAKEN_OVER);
		assert.match(world.platform.log, /another wattled took the lease over/);
		assert.ok(Number(await world.sql("SELECT worker_commits FROM worker_lease")) >= Number(before));
		assert.ok(other.running);
	} finally {
		await other.kill();
	}
});
