// A backup is made while wattled works, restored aside, and is the same installation again.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Api } from "../lib/api.mjs";
import { FakeGateway, reading } from "../lib/fake-gateway.mjs";
import { bin, free_port, run, run_ok, sleep, until } from "../lib/process.mjs";
import { batch_names, batches, day_files, sql, table_rows } from "../lib/store.mjs";
import { meter_number, World } from "../lib/world.mjs";

const chip = "00112233445566778899aabb", meter = Number(meter_number(1)), PASSPHRASE = "correct horse battery staple";
let world, gateway, folder, passphrase_file, first, sending = true;
const wattle = (...args) => run(bin("wattle"), ["--data", world.data, ...args]);
const wattle_ok = (...args) => run_ok(bin("wattle"), ["--data", world.data, ...args]);
const backups = () => readdirSync(folder).filter((name) => /^\d{8}T\d{6}Z$/.test(name)).sort().map((name) => path.join(folder, name));

// The name of a backup's folder is its second.
const next_second = () => sleep(1005 - (Date.now() % 1000));

async function backup(...more) {
	await next_second();
	await wattle_ok("backup", folder, "--keep", "0,0,0", ...more);
	return backups().at(-1);
}

before(async () => {
	world = await World.start({ parts: ["platform"] });
	folder = world.path("backups");
	passphrase_file = world.path("passphrase");
	writeFileSync(passphrase_file, PASSPHRASE + "\n");
	writeFileSync(world.path("terminals.csv"), `chip,key,label\n${chip},${"ab".repeat(32)},\n`);
	await wattle_ok("terminal", "import", world.path("terminals.csv"));
	gateway = await FakeGateway.open(world);
	await gateway.found(chip);
	await until("device", async () => (await world.api.devices()).length);
	assert.ok((await world.api.adopt(chip, String(meter))).status < 300);
});

after(async () => {
	sending = false;
	await world?.stop({ quietly: true });
});

test("while readings and commands come in: nothing acknowledged before it began is missing", async () => {
	const acked = [];
	const load = (async () => {
		for (let t = Math.floor(Date.now() / 1000) - 600; sending; t++) {
			const name = await gateway.send([reading(meter, t)]);
			await gateway.until_acked(name);
			acked.push(name);
			if (acked.length % 20 === 0) await world.api.command(String(meter), "trip").catch(() => {});
		}
	})();
	await until("some batches", () => acked.length > 25);
	const before = acked.length;
	first = await backup();
	sending = false;
	await load;
	const stored = await batch_names(path.join(first, "store"));
	for (const name of acked.slice(0, before)) assert.ok(stored.has(`${BigInt.asIntN(64, name.boot)}:${name.seq}`), `batch ${name.seq}`);
	const [[applied, newest]] = [(await sql(path.join(first, "store/wattle.db"), "SELECT coalesce(max(applied), 0) FROM day_file")).concat(
		await sql(path.join(first, "store", day_files(path.join(first, "store")).at(-1)), "SELECT max(rowid) FROM batch"))];
	assert.ok(Number(applied) <= Number(newest), "the main file is ahead of its readings");
	assert.equal((await wattle("backup", "verify", folder)).code, 0);
	await run_ok("sha256sum", ["-c", "--quiet", "manifest.sha256"], { cwd: first });
	const manifest = JSON.parse(readFileSync(path.join(first, "manifest.json"), "utf8"));
	for (const file of manifest.files) assert.equal(createHash("sha256").update(readFileSync(path.join(first, file.name))).digest("hex"), file.sha256, file.name);
});

test("no key stands beside the data unless it is sealed", async () => {
	assert.ok(!existsSync(path.join(first, "keys.sealed")));
	const secret = readFileSync(path.join(world.data, "secret.key"), "utf8").trim();
	const names = readdirSync(first, { recursive: true });
	assert.deepEqual(names.filter((name) => /\.key$|login\.txt/.test(name)), []);
	for (const name of names.map((n) => path.join(first, n)).filter((n) => statSync(n).isFile())) {
		assert.ok(!readFileSync(name).includes(secret.slice(0, 64)), name);
		assert.equal(statSync(name).mode & 0o077, 0, `${name} is open to others`);
	}
	assert.equal((await wattle("backup", folder, "--with-key")).code, 1, "without a terminal and without a file there is no passphrase");
	writeFileSync(world.path("short"), "short\n");
	assert.match((await wattle("backup", folder, "--with-key", "--passphrase-file", world.path("short"))).err, /at least 12/);
	assert.equal(backups().length, 1, "a refused backup leaves nothing behind");
	assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith(".new-")), []);
});

test("restored aside with its sealed keys: rows, reading hashes and a login are equal", async () => {
	const with_key = await backup("--with-key", "--passphrase-file", passphrase_file);
	const aside = world.path("aside"), store = path.join(aside, "store");
	const restore = (...more) => wattle("restore", with_key, "--to", aside, "--key", path.join(with_key, "keys.sealed"), "--passphrase-file", ...more);
	writeFileSync(world.path("wrong"), "a wrong passphrase\n");
	assert.match((await restore(world.path("wrong"))).err, /wrong passphrase/);
	assert.ok(!existsSync(store), "with a wrong passphrase nothing is restored");
	const restored = await restore(passphrase_file);
	assert.equal(restored.code, 0, restored.err);
	assert.doesNotMatch(restored.out, /MISSING/);

	const manifest = JSON.parse(readFileSync(path.join(with_key, "manifest.json"), "utf8"));
	const rows = await table_rows(store);
	assert.equal(rows.audit, manifest.tables.audit + 1, "one line: the restore");
	assert.equal(rows.session, 0);
	const changed = ["audit", "session", "store_info"];
	for (const [table, n] of Object.entries(manifest.tables)) if (!changed.includes(table)) assert.equal(rows[table], n, table);
	assert.deepEqual(await batches(store), await batches(path.join(with_key, "store")));
	const [old_epoch, epoch] = [await sql(path.join(with_key, "store/wattle.db"), "SELECT value FROM store_info WHERE name='epoch'"), await sql(path.join(store, "wattle.db"), "SELECT value FROM store_info WHERE name='epoch'")];
	assert.notDeepEqual(old_epoch, epoch);
	for (const name of ["secret.key", "pki/ca.key", "pki/wattled.key", "pki/broker.key", "pki/gateways/gw-1.key"]) {
		assert.deepEqual(readFileSync(path.join(aside, name)), readFileSync(path.join(world.data, name)), name);
		assert.equal(statSync(path.join(aside, name)).mode & 0o777, 0o600, name);
	}
	await login_at(aside);
});

// Starts a wattled of its own on the folder, logs in as before, and reads a meter. It gets another
// broker port: two platforms at one broker push each other out.
async function login_at(data) {
	const ini = path.join(data, "wattle.ini"), port = await free_port(), no_broker = await free_port();
	writeFileSync(ini, readFileSync(ini, "utf8").replace(`port = ${world.http_port}`, `port = ${port}`).replace(`port = ${world.mqtt_port}`, `port = ${no_broker}`));
	const daemon = world.daemon(`aside-${port}`, bin("wattled"), ["--config", ini]).start();
	try {
		await until("wattled aside", async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).status === 200);
		const api = new Api(port);
		const [, name, password] = readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
		await api.login(name, password);
		const { latest, ...found } = await api.meter(String(meter)), { latest: theirs, ...own } = await world.api.meter(String(meter));
		assert.equal(found.meter, own.meter);
		assert.equal(found.name, own.name);
		const stale = await new Api(port).call("GET", "/api/v1/meters", { headers: { Cookie: world.api.cookie } });
		assert.equal(stale.status, 401, "sessions from before the restore have ended");
	} finally {
		await daemon.stop();
	}
}

test("a day file that did not grow is linked, one that grew is copied", async () => {
	const store = path.join(world.data, "store");
	const yesterday = "readings-20250101.db";
	await sql(path.join(store, day_files(store)[0]), `VACUUM INTO '${path.join(store, yesterday)}'`);
	const one = await backup(), inode = (dir, name) => statSync(path.join(dir, "store", name)).ino;
	await gateway.until_acked(await gateway.send([reading(meter, Math.floor(Date.now() / 1000))]));
	const two = await backup(), today = day_files(store).at(-1);
	assert.equal(inode(one, yesterday), inode(two, yesterday));
	assert.notEqual(inode(one, today), inode(two, today));
	const full = await backup("--full");
	assert.notEqual(inode(two, yesterday), inode(full, yesterday));
	for (const dir of [one, two, full]) assert.equal((await wattle("backup", "verify", dir)).code, 0);
	rmSync(path.join(store, yesterday));
});

test("every spoilt backup is found, and is not restored", async () => {
	const good = await backup(), bad = world.path("bad");
	const spoil = {
		"a flipped bit in the main file": (dir) => flip(path.join(dir, "store/wattle.db"), 5000),
		"a flipped bit in a day file": (dir) => flip(path.join(dir, "store", day_files(path.join(dir, "store")).at(-1)), 9000),
		"a flipped bit in the rights": (dir) => flip(path.join(dir, "config/broker/clients"), 3),
		"a cut day file": (dir) => truncateSync(path.join(dir, "store", day_files(path.join(dir, "store")).at(-1)), 4096),
		"a missing file": (dir) => rmSync(path.join(dir, "config/pki/ca.crt")),
		"a changed manifest": (dir) => flip(path.join(dir, "manifest.json"), 60),
		"a missing digest": (dir) => rmSync(path.join(dir, "manifest.sha256")),
		"a manifest that climbs out": (dir) => rewrite(dir, (m) => m.files.push({ name: "../../evil", bytes: 0, sha256: "0".repeat(64) })),
		"a manifest with other rows": (dir) => rewrite(dir, (m) => (m.tables.users = 7)),
		"a manifest with other readings": (dir) => rewrite(dir, (m) => m.files.find((f) => f.rows).rows--),
		"a newer program's": (dir) => rewrite(dir, (m) => (m.version = 2)),
	};
	for (const [what, how] of Object.entries(spoil)) {
		rmSync(bad, { recursive: true, force: true });
		await run_ok("cp", ["-a", good, bad]);
		how(bad);
		assert.equal((await wattle("backup", "verify", bad)).code, 1, what);
		const refused = await wattle("restore", bad, "--to", world.path("never"));
		assert.equal(refused.code, 1, what);
		assert.match(refused.err, /nothing was changed/, what);
		assert.ok(!existsSync(world.path("never")), what);
	}
	assert.equal((await wattle("backup", "verify", good)).code, 0);
});

function flip(file, at) {
	const bytes = readFileSync(file);
	bytes[at] ^= 1;
	writeFileSync(file, bytes);
}

function rewrite(dir, change) {
	const file = path.join(dir, "manifest.json"), manifest = JSON.parse(readFileSync(file, "utf8"));
	change(manifest);
	writeFileSync(file, JSON.stringify(manifest));
	writeFileSync(path.join(dir, "manifest.sha256"), `${createHash("sha256").update(readFileSync(file)).digest("hex")}  manifest.json\n`);
}

test("a backup that brings something else is not restored", async () => {
	const bad = world.path("bad"), evil = "config/secret.key";
	await run_ok("cp", ["-a", backups().at(-1), bad + "-key"]);
	writeFileSync(path.join(bad + "-key", evil), "00".repeat(32) + "\n");
	rewrite(bad + "-key", (m) => m.files.push({ name: evil, bytes: 65, sha256: createHash("sha256").update("00".repeat(32) + "\n").digest("hex") }));
	assert.equal((await wattle("backup", "verify", bad + "-key")).code, 0, "each byte is as it says");
	const refused = await wattle("restore", bad + "-key", "--to", world.path("never"));
	assert.match(refused.err, /config\/secret\.key is nothing of a backup; nothing was changed/);
	assert.ok(!existsSync(world.path("never")));
});

test("retention keeps the newest of each day; leftovers of a killed run are cleared", async () => {
	const count = backups().length;
	const old = path.join(folder, "20250101T000000Z");
	renameSync(backups()[0], old);
	mkdirSync(path.join(folder, ".new-20250102T000000Z/store"), { recursive: true });
	writeFileSync(path.join(folder, "note.txt"), "a person's file");
	await next_second();
	await wattle_ok("backup", folder, "--keep", "2,0,0");
	assert.ok(count > 2);
	assert.deepEqual(backups().map((dir) => path.basename(dir).slice(0, 4)), ["2025", backups().at(-1).split("/").at(-1).slice(0, 4)]);
	assert.ok(!existsSync(path.join(folder, ".new-20250102T000000Z")));
	assert.ok(existsSync(path.join(folder, "note.txt")));
});

test("restore refuses over a running store and over a filled one, and moves the old one aside when told", async () => {
	const newest = backups().at(-1);
	assert.match((await wattle("restore", newest)).err, /runs on.*stop it first/);
	assert.match((await wattle("restore", newest, "--replace")).err, /runs on.*stop it first/);
	await gateway.until_acked(await gateway.send([reading(meter, Math.floor(Date.now() / 1000))]));
	await wattle_ok("gateway", "add", "gw-9");
	await world.platform.stop();
	assert.match((await wattle("restore", newest)).err, /not empty/);
	const done = await wattle("restore", newest, "--replace");
	assert.equal(done.code, 0, done.err);
	assert.match(done.out, /gateway\.add/, "an act that is not in the backup is named");
	assert.match(done.out, /readings-\d+\.db: 1 batches more/);
	assert.match(done.out, /gateway gw-1 offers again/);
	const aside = readdirSync(world.data).filter((name) => name.startsWith("store.before-"));
	assert.equal(aside.length, 1);
	assert.ok((await sql(path.join(world.data, aside[0], "wattle.db"), "SELECT name FROM gateway")).includes("gw-9"));
	world.platform.start();
	await world.platform_ready();
});

test("a damaged store does not push good backups out", async () => {
	await world.platform.stop();
	const main = path.join(world.data, "store/wattle.db"), count = backups().length;
	await run_ok("sqlite3", [main, "PRAGMA wal_checkpoint(TRUNCATE)"]); // or sound pages may stand in the log beside it
	const kept = readFileSync(main);
	const spoilt = Buffer.from(kept);
	randomBytes(8000).copy(spoilt, 4096 * 3);
	writeFileSync(main, spoilt);
	await next_second();
	const refused = await wattle("backup", folder, "--keep", "1,0,0");
	assert.equal(refused.code, 1);
	assert.equal(backups().length, count);
	writeFileSync(main, kept);
	// Money that is not the sum of what happened: every page and index of the file is sound.
	await run_ok("sqlite3", [main, "INSERT INTO ledger_balance VALUES(1,1,5,100000,1,1,zeroblob(8))"]);
	await next_second();
	const richer = await wattle("backup", folder, "--keep", "1,0,0");
	assert.equal(richer.code, 1);
	assert.match(richer.err, /ledger of p1: the balance of account 5 is not the sum of its entries/);
	assert.equal(backups().length, count);
	await run_ok("sqlite3", [main, "DELETE FROM ledger_balance"]);
	appendFileSync(path.join(world.data, "wattle.ini"), `\n[backup]\ndir = ${folder}\nkeep_daily = 3\n`);
	assert.equal((await wattle("backup")).code, 0, "the folder of the settings");
});
