// What somebody copied and put back: the platform's store, the gateway's folder, or nothing at all where
// a folder was. Readings are stored once, no command runs twice, and the next command works.
import assert from "node:assert/strict";
import { cpSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { executed_results, settle } from "../lib/load.mjs";
import { bin, run_ok, sleep, until } from "../lib/process.mjs";
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

// How compare.py names the batches and rows that this folder did not know to be stored.
async function folder_dump(dir) {
	const { out } = await run_ok(bin("wattle-gateway"), ["--dump-spool", dir]);
	const unsure = new Set();
	let open = false;
	for (const line of out.trim().split("\n").map((text) => JSON.parse(text))) {
		if (line.batch) open = !line.acked;
		if (line.batch && open) unsure.add(`boot ${line.boot} seq ${line.seq},`);
		if (line.reading && open) unsure.add(`meter ${Number(line.reading)} at ${line.time_s}`);
	}
	return unsure;
}

test("a gateway's folder: an older copy put back, then nothing at all; told, nothing twice, nothing lost in silence, no hand needed", async () => {
	const world = await World.start({ terminals: 2, settings: EVERY_SECOND });
	const folder = world.path("gw-1"), copy = world.path("copy"), unsure = new Set();
	// Takes the folder away as it is, as evidence.
	const take = async (name) => {
		renameSync(folder, world.path(name));
		(await folder_dump(world.path(name))).forEach((what) => unsure.add(what));
	};
	const told = (count) => until(`${count} events`, async () => {
		const events = await world.gateway_events("gw-1", "spool-replaced");
		return events.length === count && events;
	}, { timeout_ms: 45000, every_ms: 300 });
	const live_again = () => until("fresh readings of both", async () => (await world.api.meters()).every((m) => Date.now() - Date.parse(m.live.at) < 3000), { timeout_ms: 30000, every_ms: 300 });
	try {
		await until("clocks set", async () => (await world.api.meters()).every((m) => m.state?.clock_set), { timeout_ms: 20000 });
		assert.equal((await give(world, "trip")).stage, "verified");
		await world.gateway.stop();
		cpSync(folder, copy, { recursive: true });
		world.gateway.start();
		for (const kind of ["close", "trip", "close"]) assert.equal((await give(world, kind)).stage, "verified");
		await sleep(2000);
		assert.deepEqual(await world.gateway_events("gw-1", "spool-replaced"), [], "a start that goes on is no news");

		// Positions go back under an epoch that the gateway knows, and with them commands and addresses.
		await world.gateway.kill();
		await take("later");
		renameSync(copy, folder);
		world.gateway.start();
		const [older] = await told(1);
		assert.equal(older.detail, 2);
		assert.ok(older.value >= 3, `${older.value} batches more than the copy has`);
		await live_again();
		assert.equal((await give(world, "trip")).stage, "verified");

		// Everything gone, while something was on its way: acknowledged batches are stored, the rest is a gap.
		await world.broker.stop();
		const gap_from = Date.now();
		await sleep(4000);
		await world.gateway.kill();
		await take("wiped");
		await world.broker.start();
		await world.broker_ready();
		world.gateway.start();
		const [emptied] = await told(2);
		assert.equal(emptied.detail, 1);
		assert.ok(emptied.value >= 1);
		await live_again();
		const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+/, "");
		const gaps = await world.wattle("gaps", "--from", iso(gap_from - 1000), "--to", iso(gap_from + 4000));
		for (const meter of [A, meter_number(2)]) {
			const missing = [...gaps.out.matchAll(new RegExp(`^${meter} .* (\\d+) readings$`, "gm"))].reduce((sum, [, n]) => sum + Number(n), 0);
			assert.ok(missing >= 3, gaps.out);
		}
		assert.equal((await give(world, "close")).stage, "verified");

		assert.equal(await moves(world), 6);
		assert.deepEqual((await world.api.devices()).filter((d) => !d.meter), [], "nobody has to be adopted again");
		assert.deepEqual([...executed_results(world).values()].filter((answers) => answers.size !== 1), []);
		for (const name of ["later", "wiped"]) cpSync(world.path(name), path.join(folder, name), { recursive: true });
		// Twice: the copy and what it was made of. Not stored: what a lost folder had not been told to be stored.
		const excused = (line) => /^(reading )?spooled twice/.test(line) || (/spooled, not stored/.test(line) && [...unsure].some((what) => line.includes(what)));
		const result = await settle(world, { tolerate: { test: excused } });
		assert.deepEqual(result.lost, []);
		assert.ok(result.stored > 10, `only ${result.stored} readings`);
		assert.equal((await world.gateway_events("gw-1", "spool-replaced")).length, 2);
	} finally {
		await world.stop({ quietly: true });
	}
});
