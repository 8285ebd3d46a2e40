// What somebody copied and put back: the platform's store, the gateway's folder, or nothing at all where
// a folder was. Readings are stored once, no command runs twice, and the next command works.
import assert from "node:assert/strict";
import { cpSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { compare, executed_results, settle } from "../lib/load.mjs";
import { run_ok, sleep, until } from "../lib/process.mjs";
import { meter_number, World } from "../lib/world.mjs";

const EVERY_SECOND = "[platform]\nreading_period_s = 1\ncommand_expiry_s = 20\n";
const ENDED = ["verified", "refused", "failed", "expired"];
const A = meter_number(1);

const give = async (world, kind) => {
	const { id } = await until(`${kind} accepted`, () => world.api.command(A, kind));
	return world.api.command_reaches(id, ENDED, 40000);
};
const moves = async (world) => (await world.emu.ask("state", { terminal: 1 })).counters.contact_moves;

test("a copy of the store put back: the gateway notices, offers again what only it has, and commands go on", async () => {
	const world = await World.start({ terminals: 2, settings: EVERY_SECOND });
	const store = path.join(world.data, "store"), copy = path.join(world.data, "copy");
	try {
		// A terminal refuses until its clock is set, a moment after it was adopted.
		await until("clocks set", async () => (await world.api.meters()).every((m) => m.state?.clock_set), { timeout_ms: 20000 });
		assert.equal((await give(world, "trip")).stage, "verified");
		await world.platform.stop();
		cpSync(store, copy, { recursive: true });
		world.platform.start();
		await world.platform_ready();
		for (const kind of ["close", "trip", "close"]) assert.equal((await give(world, kind)).stage, "verified");
		await sleep(Number(process.env.WATTLE_RESTORE_S ?? 8) * 1000);
		await world.platform.stop();
		rmSync(store, { recursive: true });
		renameSync(copy, store);
		world.platform.start();
		await world.platform_ready();
		await until("the gateway's word", async () => (await world.gateway_events("gw-1", "store-restored")).length === 1, { timeout_ms: 40000, every_ms: 500 });
		// The terminal has seen more counters than this store: it says so once, signed, and then it works.
		const first = await give(world, "trip");
		assert.deepEqual([first.stage, first.reason_code], ["refused", 2]);
		assert.equal((await give(world, "trip")).stage, "verified");
		assert.equal(await moves(world), 5);
		assert.deepEqual((await settle(world)).lost, []);
		assert.deepEqual([...executed_results(world).values()].filter((answers) => answers.size !== 1), []);
	} finally {
		await world.stop({ quietly: true });
	}
});
