// D1, D2: no room on the disk of platform or gateway, and spool files that rot. Small tmpfs disks.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { settle } from "../lib/load.mjs";
import { bin, run, run_ok, sleep, temp_dir, until } from "../lib/process.mjs";
import { meter_number, World } from "../lib/world.mjs";

const EVERY_SECOND = "[platform]\nreading_period_s = 1\n";

// A world whose folder `name` is a disk of its own.
async function world_on_disk(name, size) {
	const temp = temp_dir(), disk = path.join(temp.dir, name);
	mkdirSync(disk, { recursive: true });
	await run_ok("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", disk]);
	const umount = async () => {
		await run("umount", [disk]);
		temp.remove();
	};
	try {
		return { world: await World.start({ terminals: 2, settings: EVERY_SECOND, dir: temp.dir }), disk, umount };
	} catch (error) {
		await umount();
		throw error;
	}
}

// Takes all room that is left, to the last byte.
async function fill(disk) {
	await run("dd", ["if=/dev/zero", `of=${path.join(disk, "ballast")}`, "bs=4k"]);
	await run("sh", ["-c", `cat /dev/zero >> ${path.join(disk, "ballast")} 2>/dev/null`]);
}

test("D1: platform's disk full: refuses visibly, keeps what it acknowledged, recovers by itself", async () => {
	const { world, disk, umount } = await world_on_disk("data", "16m");
	try {
		await sleep(3000);
		await fill(disk);
		await until("says so", async () => (await world.api.call("GET", "/readyz")).status === 503, { timeout_ms: 30000 });
		const answer = await world.api.call("POST", `/api/v1/meters/${meter_number(1)}/commands`, { json: { kind: "trip", reason: "t" }, headers: { "Idempotency-Key": randomUUID() } });
		assert.ok([503, 507].includes(answer.status), `a command was answered with ${answer.status}`);
		assert.equal((await world.api.metrics())["wattle_disk_full"], 1);
		await sleep(5000);
		assert.ok(world.platform.running, world.platform.log);
		rmSync(path.join(disk, "ballast"));
		await until("ready again", async () => (await world.api.call("GET", "/readyz")).status === 200, { timeout_ms: 30000 });
		const result = await settle(world);
		assert.deepEqual(result.lost, []);
		assert.ok(result.stored > 8);
	} finally {
		await world.stop({ quietly: true });
		await umount();
	}
});

test("D1: gateway's disk full: waits in memory, says so, loses nothing it counted", async () => {
	const { world, disk, umount } = await world_on_disk("gw-1", "8m");
	try {
		await sleep(3000);
		await fill(disk);
		await sleep(8000);
		assert.ok(world.gateway.running, world.gateway.log);
		rmSync(path.join(disk, "ballast"));
		const result = await settle(world);
		assert.deepEqual(result.lost, []);
		assert.ok(result.stored > 8);
	} finally {
		await world.stop({ quietly: true });
		await umount();
	}
});

const segments = (world) => readdirSync(world.path("gw-1"), { recursive: true }).filter((f) => f.endsWith(".seg")).map((f) => world.path("gw-1", f));

function flip_bit(file, random) {
	const fd = openSync(file, "r+"), byte = Buffer.alloc(1), at = Math.floor(random * fstatSync(fd).size);
	readSync(fd, byte, 0, 1, at);
	byte[0] ^= 1 << Math.floor(random * 8);
	writeSync(fd, byte, 0, 1, at);
	closeSync(fd);
}

const damages = {
	"one bit flipped": (file) => flip_bit(file, 0.4),
	"cut in the middle": (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
	"zero length": (file) => truncateSync(file, 0),
	"missing": (file) => rmSync(file),
	"garbage": (file) => writeFileSync(file, Buffer.alloc(5000, 0xa5)),
};

// The gateway collects while the platform is away, so the damage hits what was not sent yet.
test("D2: damaged spool files: the rest arrives, the gateway starts and says what it lost", async (t) => {
	const world = await World.start({ terminals: 2, settings: EVERY_SECOND });
	try {
		for (const [what, spoil] of Object.entries(damages)) {
			await t.test(what, async () => {
				await world.platform.stop();
				await sleep(2500);
				await world.gateway.kill();
				spoil(segments(world).sort().at(-1));
				world.gateway.start();
				await sleep(1000);
				assert.ok(world.gateway.running, world.gateway.log);
				world.platform.start();
				await world.platform_ready();
				await until("new values", async () => (await world.api.meters()).every((m) => Date.now() - Date.parse(m.last_reading_at) < 3000), { timeout_ms: 30000 });
			});
		}
		await until("damage shown", async () => (await world.api.get("/gateways")).items[0].state?.spool?.damaged > 0, { timeout_ms: 40000 });
		// What was sent before its copy in the spool was damaged is stored and no longer spooled.
		const { lost } = await settle(world, { tolerate: /^stored, never spooled|never on the bus/ });
		assert.deepEqual(lost, []);
	} finally {
		await world.stop({ quietly: true });
	}
});

const store_file = (world, name) => path.join(world.data, "store", name);
const newest_day = (world) => store_file(world, readdirSync(path.join(world.data, "store")).map((f) => f.match(/^(readings-[-0-9]+)\.db$/)?.[1]).filter(Boolean).sort().at(-1) + ".db");
const damaged = async (world) => (await world.api.metrics()).wattle_store_damaged_total;

// What is sound stays, damage is counted, new readings go on, and what the gateway was promised to be
// safe comes back from its spool.
test("D2: damaged day files: counted, isolated, and what is lost comes from the gateway again", async (t) => {
	const world = await World.start({ terminals: 2, settings: EVERY_SECOND });
	try {
		for (const [what, spoil] of Object.entries(damages)) {
			await t.test(what, async () => {
				await sleep(3000);
				await world.platform.stop();
				const file = newest_day(world);
				// A bit that is hit for sure: in the middle of the newest page that holds rows.
				if (what === "one bit flipped") await run_ok("sqlite3", [file, "UPDATE batch SET body = zeroblob(length(body)) WHERE rowid = (SELECT max(rowid) - 1 FROM batch)"]);
				else spoil(file);
				world.platform.start();
				await world.platform_ready();
				await until("new values", async () => (await world.api.meters()).every((m) => Date.now() - Date.parse(m.last_reading_at) < 5000), { timeout_ms: 30000 });
				const answer = await world.api.get(`/meters/${meter_number(1)}/readings?from=${new Date(Date.now() - 60000).toISOString()}&to=${new Date().toISOString()}&points=100`);
				for (const point of answer.items) assert.ok(point.voltage_dv > 1500 && point.voltage_dv < 3000 && point.energy_wh >= 0, JSON.stringify(point));
				await until("counted", async () => (await damaged(world)) > 0);
			});
		}
		const { lost } = await settle(world);
		assert.deepEqual(lost, []);
	} finally {
		await world.stop({ quietly: true });
	}
});

test("D2: a damaged main file stops the start with its name and what to do; the good one starts again", async () => {
	const world = await World.start({ terminals: 1, settings: EVERY_SECOND });
	try {
		await world.platform.stop();
		const file = store_file(world, "wattle.db"), good = readFileSync(file);
		for (const [what, spoil] of [["cut in the middle", damages["cut in the middle"]], ["zero length", damages["zero length"]], ["garbage", damages.garbage]]) {
			writeFileSync(file, good);
			spoil(file);
			const { code, err, out } = await run(bin("wattled"), ["--config", path.join(world.data, "wattle.ini")], { timeout: 20000 });
			assert.ok(Number.isInteger(code) && code !== 0, `${what}: ended with ${code}: ${err}${out}`);
			assert.match(err + out, /store|wattle\.db/, what);
		}
		writeFileSync(file, good);
		world.platform.start();
		await world.platform_ready();
		const { lost } = await settle(world);
		assert.deepEqual(lost, []);
	} finally {
		await world.stop({ quietly: true });
	}
});
