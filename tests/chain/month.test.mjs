// M4 with a real gateway, and the longest absence: its folder is full of one-minute readings of a hundred
// meters that nobody has taken, the broker comes back, and is killed again and again while they leave.
//
//	WATTLE_SPOOL_DAYS=30, all that a gateway is made to hold, and WATTLE_BROKER_KILLS=20 for the nightly run.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { bin, root, run_ok, sleep, until } from "../lib/process.mjs";
import { day_files, sql } from "../lib/store.mjs";
import { World } from "../lib/world.mjs";

const DAYS = Number(process.env.WATTLE_SPOOL_DAYS ?? 10), KILLS = Number(process.env.WATTLE_BROKER_KILLS ?? 2);
const METERS = 100, FIRST = 500000000000, MINUTES = DAYS * 1440, MEMORY_KB = 16 * 1024;

const peak_kb = (daemon) => Number(readFileSync(`/proc/${daemon.child.pid}/status`, "utf8").match(/VmHWM:\s+(\d+) kB/)[1]);

test(`${DAYS} days of ${METERS} meters wait in the gateway; ${KILLS} x kill -9 of the broker while they leave: stored once, within 16 MB`, async (t) => {
	const world = await World.start({ parts: ["platform"] });
	try {
		await world.wattle("gateway", "add", "bench-0");
		await run_ok(bin("wattle-bench"), ["fill", "--store", path.join(world.data, "store"), "--gateways", "1", "--meters", String(METERS)], { cwd: root });
		await until("meters known", () => world.api.meter(String(FIRST)));
		world.write_gateway_ini("bench-0");
		const start_s = (Math.floor(Date.now() / 60000) - MINUTES) * 60;
		const { out } = await run_ok(bin("wattle-month"), [world.path("bench-0"), FIRST, METERS, MINUTES, start_s].map(String));
		const held = JSON.parse(out);
		assert.equal(held.batches, MINUTES);

		await world.broker.stop();
		const gateway = world.daemon("bench-0", bin("wattle-gateway"), [world.path("bench-0.ini")]).start();
		await until("the gateway looks for the broker", () => /link: no connection/.test(gateway.log));
		const holding_kb = peak_kb(gateway);
		world.broker.start();
		await world.broker_ready();
		const stored = async () => {
			const counts = await Promise.all(day_files(path.join(world.data, "store")).map((file) => sql(path.join(world.data, "store", file), "SELECT count(*) FROM batch WHERE boot = 0x3030")));
			return counts.reduce((sum, [n]) => sum + Number(n), 0);
		};
		const began = Date.now();
		for (let k = 1; k <= KILLS; k++) {
			const share = Math.floor((MINUTES * k) / (KILLS + 1));
			const now = await until(`${share} batches stored`, async () => (await stored()) >= share && (await stored()), { timeout_ms: 120000, every_ms: 20 });
			assert.ok(MINUTES - now >= 100, `only ${MINUTES - now} batches of ${METERS} readings were left for kill ${k}`);
			await world.broker.kill();
			await sleep(200);
			world.broker.start();
			await world.broker_ready();
		}
		await until("all left", async () => {
			const { state } = (await world.api.get("/gateways")).items.find((g) => g.id === "bench-0");
			if (state.spool.queued) throw new Error(JSON.stringify(state));
			return true;
		}, { timeout_ms: 240000, every_ms: 200 });
		const took_s = (Date.now() - began) / 1000, drained_kb = peak_kb(gateway);
		assert.ok(holding_kb <= MEMORY_KB && drained_kb <= MEMORY_KB, `${holding_kb} KB holding, ${drained_kb} KB when all had left`);
		assert.equal(await stored(), MINUTES);
		const iso = (s) => new Date(s * 1000).toISOString();
		for (const k of [0, METERS / 2, METERS - 1]) {
			const { readings } = await world.api.get(`/meters/${FIRST + k}/readings?from=${iso(start_s)}&to=${iso(start_s + MINUTES * 60)}&points=100`);
			assert.equal(readings, MINUTES, `meter ${FIRST + k}`);
		}
		assert.deepEqual(await world.gateway_events("bench-0", "reading-conflict"), []);
		t.diagnostic(`${MINUTES * METERS} readings, ${(held.bytes / 1e6).toFixed(1)} MB; gone in ${took_s.toFixed(0)} s; ${holding_kb} KB holding, ${drained_kb} KB at the most`);
	} finally {
		await world.stop({ quietly: true });
	}
});
