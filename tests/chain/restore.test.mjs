// B2 as far as there is no ledger: last night's backup is restored while the gateway is a day
// ahead. (A day is half a minute here, at a reading each second.)
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { compare, settle } from "../lib/load.mjs";
import { bin, run, sleep, until } from "../lib/process.mjs";
import { batch_names, sql } from "../lib/store.mjs";
import { meter_number, World } from "../lib/world.mjs";

const EVERY_SECOND = "[platform]\nreading_period_s = 1\n";
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+/, "");

test("B2: what gateways acknowledged since comes again, gaps are listed, no command counter is used twice", async () => {
	const world = await World.start({ terminals: 2, settings: EVERY_SECOND });
	const wattle = async (...args) => {
		const result = await run(bin("wattle"), ["--data", world.data, ...args]);
		assert.equal(result.code, 0, result.err);
		return result.out;
	};
	const command = async (kind) => {
		const { id } = await world.api.command(meter_number(1), kind);
		return world.api.command_reaches(id, ["verified", "refused", "failed", "expired"], 20000);
	};
	try {
		await command("trip");
		await wattle("backup", world.path("backups"));
		const night_ms = Date.now();
		for (const kind of ["close", "trip", "close", "trip"]) assert.equal((await command(kind)).stage, "verified");
		await sleep(3000);
		const day_ms = Date.now(), store = path.join(world.data, "store");
		const span = ["--from", iso(night_ms + 1000), "--to", iso(day_ms - 2000)];

		// What is spooled when the gateway stops would come later, as what is restored does.
		await until("the day is stored", async () => (await compare(world, { bus: false })).problems === 0, { timeout_ms: 30000, every_ms: 200 });
		await world.gateway.stop(); // so that the list can be seen before it is worked off
		// A terminal that had no time to send on a busy machine is a gap before and after.
		const had = await wattle("gaps", ...span);
		await world.platform.stop();
		const ahead = await batch_names(store);
		const told = await wattle("restore", world.path("backups"), "--replace");
		assert.match(told, /\d+ acts of people and programs are newer/);
		assert.match(told, /readings-\d+\.db: \d+ batches more/);
		world.platform.start();
		await world.platform_ready();
		const gaps = await wattle("gaps", ...span);
		for (const k of [1, 2]) assert.match(gaps, new RegExp(`^${meter_number(k)} .* readings$`, "m"));
		assert.notEqual(gaps, had);

		world.gateway.start();
		await until("the day's batches", async () => {
			const now = await batch_names(store);
			return [...ahead].every((name) => now.has(name));
		}, { timeout_ms: 20000, every_ms: 300 });
		assert.equal(await wattle("gaps", ...span), had);

		// The terminal has seen counters that the restored store does not know of.
		const [, name, password] = readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
		await world.api.login(name, password);
		assert.equal((await command("close")).stage, "verified");
		const numbers = await sql(path.join(store, "wattle.db"), "SELECT command_id FROM command");
		const before = readdirSync(world.data).find((file) => file.startsWith("store.before-"));
		const lost = await sql(path.join(world.data, before, "wattle.db"), "SELECT max(command_id) FROM command");
		assert.ok(Number(numbers.at(-1)) > Number(lost[0]), "a number was given twice");
		const result = await settle(world);
		assert.deepEqual(result.lost, []);
		assert.deepEqual(await world.gateway_events("gw-1", "spool-replaced"), [], "it is not the gateway's folder that is older");
	} finally {
		await world.stop({ quietly: true });
	}
});
