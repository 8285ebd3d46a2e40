// Damage that no start and no page has met yet is found soon after a start, and met as it should be.
import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { bin, root, run_ok, until } from "../lib/process.mjs";
import { day_files, sql } from "../lib/store.mjs";
import { World } from "../lib/world.mjs";

let world;
const file = (name) => path.join(world.data, "store", name);
const epoch = async () => (await sql(file("wattle.db"), "SELECT value FROM store_info WHERE name='epoch'"))[0];

before(async () => {
	world = await World.start({ parts: [], terminals: 0, adopt: 0 });
	await run_ok(bin("wattle-sim"), ["site", "--data", world.data, "--meters", "200", "--days", "3"], { cwd: root });
	await world.start_platform();
}, { timeout: 60_000 });

after(() => world?.stop({ quietly: true }));

// Bytes over a page in the middle of a table or index.
async function spoil(name, btree) {
	const pages = await sql(file(name), `SELECT pageno FROM dbstat WHERE name='${btree}' AND pagetype='leaf' ORDER BY pageno`);
	assert.ok(pages.length > 2, `${pages.length} pages of ${btree}`);
	const fd = openSync(file(name), "r+"), page = Buffer.alloc(4096, 0x5a);
	writeSync(fd, page, 0, page.length, (Number(pages[Math.floor(pages.length / 2)]) - 1) * 4096);
	closeSync(fd);
}

test("a closed day file: counted, noted once, and gateways are asked for it", async () => {
	await world.platform.stop();
	const before_epoch = await epoch(), day = day_files(path.join(world.data, "store")).at(-2);
	await spoil(day, "sqlite_autoindex_batch_1");
	world.platform.start();
	await world.platform_ready();
	assert.equal((await world.api.metrics()).wattle_store_damaged_total, 0, "nothing of it is read before the first page");
	await until("found", async () => (await world.api.metrics()).wattle_store_damaged_total > 0, { timeout_ms: 30000 });
	await until("noted", async () => (await epoch()) !== before_epoch);
	assert.equal((await sql(file("wattle.db"), "SELECT count(*) FROM day_file WHERE lost_s > 0"))[0], "1");
	assert.match(world.platform.log, /is damaged; gateways are asked for it again/);
	const noted = await epoch();
	await world.platform.restart();
	await world.platform_ready();
	await until("looked through again", async () => (await world.api.metrics()).wattle_store_damaged_total > 0, { timeout_ms: 30000 });
	assert.equal(await epoch(), noted, "they are asked once");
});

test("the main file: the program ends and says what to do; the good one starts again", async () => {
	await world.platform.stop();
	const good = readFileSync(file("wattle.db"));
	await spoil("wattle.db", "audit");
	world.platform.start();
	const end = await world.platform.ended;
	assert.notEqual(end.code, 0);
	assert.match(world.platform.log, /wattle\.db is damaged: restore a backup/);
	writeFileSync(file("wattle.db"), good);
	world.platform.start();
	await world.platform_ready();
	assert.equal((await world.api.call("GET", "/api/v1/meters?limit=1")).status, 200);
});
