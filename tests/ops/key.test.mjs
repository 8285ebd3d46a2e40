// Rotation of the key outside the store: with wattled running, and killed at any moment.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { bin, run, run_ok, sleep, temp_dir } from "../lib/process.mjs";

const TERMINALS = 4000, KILLS = Number(process.env.WATTLE_KILLS ?? 12);
let temp, data, rotation_ms;
const wattle = (...args) => run(bin("wattle"), ["--data", data, ...args]);
const secrets = async () => [...(await wattle("key", "list")).out.matchAll(/^([0-9a-f]{16}) .* (\d+) secrets/gm)].map(([, name, n]) => ({ name, n: Number(n) }));

before(async () => {
	temp = temp_dir();
	data = path.join(temp.dir, "data");
	await run_ok(bin("wattle"), ["--data", data, "init"]);
	const file = path.join(temp.dir, "terminals.csv");
	const rows = Array.from({ length: TERMINALS }, (_, k) => `${String(k).padStart(24, "0")},${"ab".repeat(32)},`);
	writeFileSync(file, "chip,key,label\n" + rows.join("\n") + "\n");
	await run_ok(bin("wattle"), ["--data", data, "terminal", "import", file]);
});

after(() => temp.remove());

test("a rotation moves every secret to the new key and keeps the old one", async () => {
	const [old] = await secrets();
	assert.equal(old.n, TERMINALS);
	const start = Date.now();
	const rotated = await wattle("key", "rotate");
	rotation_ms = Date.now() - start;
	assert.equal(rotated.code, 0, rotated.err);
	const now = await secrets();
	assert.deepEqual(now.map((k) => k.n), [TERMINALS, 0]);
	assert.equal(now[1].name, old.name);
	assert.equal(statSync(path.join(data, "secret.key")).mode & 0o777, 0o600);
	const { out } = await run_ok("sqlite3", [path.join(data, "store/wattle.db"), "SELECT group_concat(action) FROM audit WHERE action LIKE 'key.%'"]);
	assert.match(out, /key\.rewrap/);
});

test(`killed ${KILLS} times on its way, every secret stays readable and the next run ends it`, async () => {
	let interrupted = 0;
	for (let i = 0; i < KILLS; i++) {
		if ((await secrets()).length >= 7) assert.equal((await wattle("key", "forget")).code, 0);
		const child = execFile(bin("wattle"), ["--data", data, "key", "rotate"]);
		const ended = new Promise((done) => child.on("exit", done));
		await sleep(rotation_ms * ((i + 0.5) / KILLS)); // evenly over its life
		child.kill("SIGKILL");
		await ended;
		const list = await wattle("key", "list");
		assert.equal(list.code, 0, list.err);
		const found = await secrets();
		assert.equal(found.reduce((sum, k) => sum + k.n, 0), TERMINALS);
		if (found.slice(1).some((k) => k.n)) {
			interrupted++;
			assert.match((await wattle("key", "forget")).err, /still wrapped/);
			assert.match((await wattle("key", "rotate")).out, /no new key/);
		}
		assert.equal((await secrets())[0].n, TERMINALS);
	}
	assert.ok(interrupted > 0, "no kill hit a rotation half-way");
});

test("forget leaves one key; a key file of another installation opens nothing and says so", async () => {
	assert.equal((await wattle("key", "forget")).code, 0);
	assert.equal((await secrets()).length, 1);
	const file = path.join(data, "secret.key"), good = readFileSync(file);
	writeFileSync(file, "cd".repeat(32) + "\n");
	const list = await wattle("key", "list");
	assert.equal(list.code, 1);
	assert.match(list.err, new RegExp(`${TERMINALS} secrets open under none`));
	assert.equal((await wattle("key", "rotate")).code, 1);
	assert.equal(readFileSync(file, "utf8"), "cd".repeat(32) + "\n", "nothing was changed");
	writeFileSync(file, good);
});
