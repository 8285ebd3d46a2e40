// The administrator's command, as a person uses it.
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { bin, run, temp_dir } from "../lib/process.mjs";
import { sql } from "../lib/store.mjs";

let temp, data;
const wattle = (...args) => run(bin("wattle"), ["--data", data, ...args]);

before(async () => {
	temp = temp_dir();
	data = path.join(temp.dir, "data");
	assert.equal((await wattle("init", "--name", "测试")).code, 0);
});

after(() => temp.remove());

test("init makes a whole installation, secrets closed to others", () => {
	for (const name of ["wattle.ini", "store/wattle.db", "pki/ca.crt", "pki/broker.crt", "pki/wattled.crt", "broker/clients", "broker/mosquitto.conf"])
		assert.ok(existsSync(path.join(data, name)), name);
	for (const name of ["login.txt", "secret.key", "pki/ca.key", "pki/broker.key", "pki/wattled.key"])
		assert.equal(statSync(path.join(data, name)).mode & 0o777, 0o600, name);
	assert.equal(statSync(data).mode & 0o777, 0o700);
	assert.match(readFileSync(path.join(data, "login.txt"), "utf8"), /^name: admin\npassword: [a-z2-9]{16}\n$/);
});

test("init leaves an existing installation alone", async () => {
	const login = readFileSync(path.join(data, "login.txt"), "utf8");
	const { code, err } = await wattle("init");
	assert.equal(code, 1);
	assert.match(err, /nothing was changed/);
	assert.equal(readFileSync(path.join(data, "login.txt"), "utf8"), login);
});

test("gateway add, list, revoke", async () => {
	const added = await wattle("gateway", "add", "gw-7", "--label", "七号楼");
	assert.equal(added.code, 0, added.err);
	for (const file of added.out.trim().split("\n")) assert.ok(existsSync(file), file);
	assert.match(readFileSync(path.join(data, "broker/clients"), "utf8"), /^gateway gw-7 p1 [0-9a-f]+$/m);
	assert.equal((await wattle("gateway", "add", "gw-7")).code, 1);
	assert.match((await wattle("gateway", "list")).out, /^gw-7 +offline .*七号楼$/m);
	assert.equal((await wattle("gateway", "revoke", "gw-7")).code, 0);
	assert.doesNotMatch(readFileSync(path.join(data, "broker/clients"), "utf8"), /gw-7/);
	assert.match((await wattle("gateway", "list")).out, /^gw-7 +revoked/m);
});

test("gateway names that would break topics are refused", async () => {
	for (const id of ["live", "A1", "a/b", "#", "", "x".repeat(33), "名"]) {
		assert.equal((await wattle("gateway", "add", id)).code, 1, id);
		assert.ok(!existsSync(path.join(data, `pki/gateways/${id}.crt`)), id);
	}
});

test("clock: shown, confirmed, and nothing else", async () => {
	assert.match((await wattle("clock")).out, /^now +\d{4}-.*\ndoubted +never\nconfirmed +never\n$/);
	assert.match((await wattle("clock", "confirm")).out, /^confirmed: it is \d{4}-/);
	assert.match((await wattle("clock")).out, /^doubted +never\nconfirmed +\d{4}-/m);
	for (const args of [["set"], ["confirm", "now"]]) assert.equal((await wattle("clock", ...args)).code, 2, args.join());
});

test("terminal import is all or nothing and names the line", async () => {
	const file = path.join(temp.dir, "terminals.csv");
	const chip = (k) => String(k).padStart(24, "0"), key = "ab".repeat(32);
	writeFileSync(file, `chip,key,label\n${chip(1)},${key},WATTLE1:${chip(1)}:${key}\n${chip(2)},short,\n`);
	const bad = await wattle("terminal", "import", file);
	assert.equal(bad.code, 1);
	assert.match(bad.err, /terminals\.csv:3: /);
	assert.doesNotMatch((await wattle("terminal", "list")).out, new RegExp(chip(1)));
	writeFileSync(file, `chip,key,label\n${chip(1)},${key},WATTLE1:${chip(1)}:${key}\n${chip(2)},${key},\n`);
	assert.match((await wattle("terminal", "import", file)).out, /^2 terminals added/);
	assert.match((await wattle("terminal", "import", file)).out, /^0 terminals added, 2 known/);
	assert.match((await wattle("terminal", "list")).out, new RegExp(`${chip(2)} +key +not found`));
	assert.doesNotMatch((await wattle("terminal", "list")).out, new RegExp(key));
});

test("a stored key is wrapped", () => {
	assert.equal(readFileSync(path.join(data, "store/wattle.db")).includes(Buffer.from("ab".repeat(32), "hex")), false);
});

test("decode: a sensor's answer as JSON", async () => {
	const answer = await wattle("decode", "im1253b-modbus", "01 03 00 48 00 08 C4 1A");
	assert.equal(answer.code, 0, answer.err);
	assert.equal(typeof JSON.parse(answer.out), "object");
});

test("decode: a bad frame has its reason and a non-zero exit", async () => {
	for (const [protocol, hex, why] of [["im1253b-modbus", "01 03 00 48 00 08 C4 1B", /crc|check/i], ["im1253b-modbus", "zz", /hexadecimal/], ["wattle-can", "01", /./], ["wattle-uplink", "08", /./]]) {
		const answer = await wattle("decode", protocol, hex);
		assert.equal(answer.code, 1, `${protocol} ${hex}: ${answer.out}`);
		assert.match(answer.err, why);
		assert.equal(answer.out, "");
	}
	assert.equal((await wattle("decode", "morse", "00")).code, 2);
});

test("unknown commands and options are refused with exit 2 or 1, help is on stdout", async () => {
	assert.equal((await wattle("frobnicate")).code, 2);
	assert.notEqual((await wattle("init", "--colour", "red")).code, 0);
	const help = await wattle("help");
	assert.equal(help.code, 0);
	assert.match(help.out, /doctor/);
	assert.match((await wattle("version")).out, /^wattle \d+\.\d+\.\d+\n$/);
});

test("version --store tells the schema of the store and of the program", async () => {
	const [, store, program] = (await wattle("version", "--store")).out.match(/^wattle .*\nstore (\d+)\nprogram (\d+)\n$/);
	assert.ok(Number(store) > 0);
	assert.equal(store, program);
	const none = await run(bin("wattle"), ["--data", path.join(temp.dir, "nowhere"), "version", "--store"]);
	assert.match(none.out, new RegExp(`\nstore 0\nprogram ${program}\n$`));
});

test("a command of a newer version leaves the store of a running wattled as it is", async () => {
	const store = path.join(data, "store"), newest = "SELECT max(id) FROM schema_migration";
	const ask = (text) => sql(path.join(store, "wattle.db"), text);
	const beside_wattled = () => run("flock", [path.join(store, "lock"), bin("wattle"), "--data", data, "user", "list"]);
	const [id] = await ask(newest);
	await ask(`DELETE FROM schema_migration WHERE id = ${id}`);
	const refused = await beside_wattled();
	assert.equal(refused.code, 1);
	assert.match(refused.err, /older than this program: restart it first/);
	assert.notDeepEqual(await ask(newest), [id]);
	await ask(`INSERT INTO schema_migration VALUES(${id})`);
	const good = await beside_wattled();
	assert.equal(good.code, 0, good.err);
});

test("root becomes the owner of the installation, and the broker's files are its group's", async () => {
	const user = 4711, group = 4712, owned = path.join(temp.dir, "owned"); // a number does, with or without a name
	mkdirSync(owned);
	chmodSync(owned, 0o710);
	chownSync(owned, user, group);
	chmodSync(temp.dir, 0o711);
	const made = await run(bin("wattle"), ["--data", owned, "init"]);
	assert.equal(made.code, 0, made.err);
	const modes = {
		"secret.key": 0o600, "pki": 0o710, "pki/ca.key": 0o600, "pki/wattled.key": 0o600, "pki/gateways": 0o700, "pki/broker.key": 0o640,
		"broker": 0o2750, "broker/clients": 0o640, "broker/mosquitto.conf": 0o640, "store": 0o700, "login.txt": 0o600,
	};
	for (const [file, mode] of Object.entries(modes)) {
		const found = statSync(path.join(owned, file));
		assert.equal(found.mode & 0o7777, mode, `${file} ${(found.mode & 0o7777).toString(8)}`);
		assert.equal(found.uid, user, file);
		if (mode & 0o070) assert.equal(found.gid, group, file);
	}
	// A list that is replaced stays the broker's to read, a renewed key too.
	assert.equal((await run(bin("wattle"), ["--data", owned, "gateway", "add", "gw-1"])).code, 0);
	assert.equal((await run(bin("wattle"), ["--data", owned, "broker", "renew"])).code, 0);
	const [sealed, words] = [path.join(owned, "sealed"), path.join(owned, "words")];
	writeFileSync(words, "correct horse battery staple\n", { mode: 0o600 });
	chownSync(words, user, group);
	assert.equal((await run(bin("wattle"), ["--data", owned, "key", "export", sealed, "--passphrase-file", words])).code, 0);
	rmSync(path.join(owned, "pki/broker.key"));
	const back = await run(bin("wattle"), ["--data", owned, "key", "import", sealed, "--passphrase-file", words]);
	assert.equal(back.code, 0, back.err);
	for (const file of ["broker/clients", "pki/broker.key"]) assert.equal(statSync(path.join(owned, file)).mode & 0o777, 0o640, file);
});

// An installation of its own: what follows makes several groups and people.
const office = (...args) => run(bin("wattle"), ["--data", path.join(temp.dir, "office"), ...args]);
// Output of a command that must succeed.
async function good(...args) {
	const { code, out, err } = await office(...args);
	assert.equal(code, 0, `${args.join(" ")}: ${err}`);
	return out;
}
// The reason of one that must not.
async function bad(...args) {
	const { code, out, err } = await office(...args);
	assert.equal(code, 1, `${args.join(" ")}: ${out}`);
	return err;
}

test("groups and properties: made, listed, archived, taken back; what is wrong is named", async () => {
	await good("init");
	assert.equal(await good("group", "add", "连锁=1+1"), "group 2\n");
	await good("property", "add", "mall-2", "--name", "二号商场", "--group", "2", "--address", "南路 7 号", "--phone", "0571-88886666");
	assert.match(await good("property", "list"), /^mall-2 +group 2 +二号商场  南路 7 号  057188886666$/m);
	assert.match(await bad("property", "add", "mall-2", "--name", "x", "--group", "1"), /mall-2: slug is taken/);
	assert.match(await bad("property", "add", "Mall", "--name", "x", "--group", "1"), /slug must be/);
	assert.match(await bad("property", "add", "mall-3", "--name", "x"), /several groups/);
	assert.match(await bad("property", "add", "mall-3", "--name", "x", "--group", "1", "--phone", "call"), /phone must be/);
	assert.match(await bad("group", "archive", "2"), /2: archived /);
	await good("property", "archive", "mall-2");
	assert.match(await good("property", "list"), /^mall-2 .*\n +archived/m);
	assert.match(await bad("gateway", "add", "gw-x", "--property", "mall-2"), /gw-x: the property is archived/);
	await good("group", "archive", "2");
	assert.match(await good("group", "list"), /^2 +连锁=1\+1  archived/m);
	await good("group", "unarchive", "2");
	await good("property", "unarchive", "mall-2");
	assert.doesNotMatch(await good("property", "list"), /archived/);
	assert.match(await bad("property", "archive", "nothing"), /nothing: /);
	for (const args of [["group"], ["property"], ["group", "archive", "x"], ["property", "add", "y"]]) assert.equal((await office(...args)).code, 2, args.join());
});

test("API keys: of a person and his rights, shown once, revoked", async () => {
	await good("user", "add", "anna", "--role", "cashier", "--property", "p1");
	await good("user", "add", "boss", "--role", "group-admin", "--group", "1");
	assert.match(await bad("api-key", "add", "crm", "--for", "anna", "--permissions", "property.read", "--property", "p1"), /anna has not all of these rights/);
	assert.match(await bad("api-key", "add", "crm", "--for", "boss", "--permissions", "property.read,system.manage", "--property", "p1"), /boss has not all/);
	assert.match(await bad("api-key", "add", "crm", "--for", "nobody", "--permissions", "property.read"), /nobody: no such person/);
	assert.match(await bad("api-key", "add", "crm", "--for", "boss", "--permissions", "property.fly"), /property\.fly/);
	const made = await office("api-key", "add", "会计=1", "--for", "boss", "--permissions", "property.read,customer.read", "--property", "p1", "--days", "30");
	assert.equal(made.code, 0, made.err);
	const key = made.out.match(/^(wattle_[A-Za-z0-9_-]{43})\n$/)[1], number = made.err.match(/^api key (\d+);/)[1];
	const listed = await good("api-key", "list");
	assert.match(listed, new RegExp(`^${number} +live +${key.slice(0, 10)}.*会计=1  of boss  property p1  until 20.*  used never used  property\\.read customer\\.read$`, "m"));
	assert.ok(!listed.includes(key));
	assert.ok(!readFileSync(path.join(temp.dir, "office/store/wattle.db")).includes(key), "only its hash is stored");
	assert.equal((await office("api-key", "revoke", number)).code, 2); // why?
	await good("api-key", "revoke", number, "--reason", "lost");
	assert.doesNotMatch(await good("api-key", "list"), /boss/);
	assert.match(await good("api-key", "list", "--all"), new RegExp(`^${number} +revoked`, "m"));
	assert.match(await bad("api-key", "revoke", number, "--reason", "lost"), /revoked already/);
	assert.match(await bad("api-key", "revoke", "999", "--reason", "lost"), /api key 999: /);
	assert.match(await good("audit", "list", "--property", "p1", "--action", "key.end"), /cli:.*key\.end/);
});

test("what waits for a second person: listed, shown whole, withdrawn with a reason; never agreed to", async () => {
	const file = path.join(temp.dir, "old.csv");
	writeFileSync(path.join(temp.dir, "rooms.csv"), "building,floor,room\nA,1,101\n");
	writeFileSync(file, "space,balance,register\nA/1/101,12.50,7\n");
	await good("import", "spaces", path.join(temp.dir, "rooms.csv"), "--property", "p1");
	const number = (await good("import", "takeover", file, "--property", "p1", "--rows", "1", "--balance", "12.50", "--register", "7", "--reason", "切换")).match(/approval (\d+)/)[1];
	assert.match(await good("approval", "list"), new RegExp(`^${number} +waiting +sheet\\.import +property p1  import \\d+ \\(1\\)  by cli:.*切换$`, "m"));
	assert.match(await good("approval", "show", number), /^sha256 +[0-9a-f]{64}\n[^]*"kind":"takeover"/m);
	for (const word of ["agree", "refuse"]) assert.equal((await office("approval", word, number, "--reason", "x")).code, 2);
	assert.equal((await office("approval", "withdraw", number)).code, 2);
	await good("approval", "withdraw", number, "--reason", "错误的表");
	assert.doesNotMatch(await good("approval", "list"), /waiting/);
	assert.match(await good("approval", "list", "--all"), new RegExp(`^${number} +cancelled`, "m"));
	assert.match(await good("approval", "show", number), /^decided .*错误的表$/m);
	assert.match(await bad("approval", "withdraw", number, "--reason", "x"), /it is cancelled/);
	assert.match(await bad("approval", "show", "999"), /approval 999: /);
});

test("reminders of leases that end soon: listed, done once", async () => {
	const day = (days) => new Date(Date.now() + days * 86400_000).toISOString().slice(0, 10), sheet = (name, text) => (writeFileSync(path.join(temp.dir, name), text), path.join(temp.dir, name));
	await good("import", "customers", sheet("customers.csv", "code,name\nC1,张三\n"), "--property", "p1");
	await good("import", "leases", sheet("leases.csv", `code,customer,spaces,start,end\nL1,C1,A/1/101,${day(-30)},${day(7)}\n`), "--property", "p1");
	const [line, number] = (await good("reminder", "list", "--property", "p1")).match(/^(\d+) +ends .*$/m);
	assert.match(line, new RegExp(`ends ${day(7)}  lease L1  张三$`));
	await good("reminder", "done", number, "--property", "p1");
	assert.equal(await good("reminder", "list", "--property", "p1"), "");
	assert.match(await good("reminder", "list", "--property", "p1", "--all"), /done by cli:/);
	assert.match(await bad("reminder", "done", number, "--property", "p1"), /it is done already/);
	assert.match(await bad("reminder", "list"), /several properties/);
	assert.equal((await office("reminder", "done")).code, 2);
});

test("a plan is tried on readings, to the fen", async () => {
	const file = (name, text) => (writeFileSync(path.join(temp.dir, name), text), path.join(temp.dir, name));
	const total = async (plan, readings) => (await good("tariff", "try", file("plan.json", JSON.stringify(plan)), file("readings.csv", readings))).match(/^total,+(.*),$/m)[1];
	const flat = (price_uy) => ({ rates: [{ price_uy }] });
	// A price changes inside a gap: half of it at each.
	const change = { versions: [{ valid_from: "2026-01-01T00:00:00+08:00", plan: flat(600000) }, { valid_from: "2026-11-24T12:00:00+08:00", plan: flat(650000) }] };
	assert.equal(await total(change, "time,register\n2026-11-24 06:00,100\n2026-11-24 18:00,124\n"), "15.00");
	// Many small pieces round nothing away.
	const pieces = Array.from({ length: 1001 }, (_, i) => `${new Date(Date.UTC(2026, 10, 24) + i * 60_000).toISOString()},${(i / 10).toFixed(1)}\n`).join("");
	assert.equal(await total(flat(558300), pieces), "55.83");
	// Thresholds split an interval.
	const steps = { rates: [{ price_uy: 500000 }], steps: { thresholds: [10000], prices_uy: [0, 50000], settle: [{ month: 1, day: 1 }] } };
	assert.equal(await total(steps, "2026-11-24 06:00,0\n2026-11-24 18:00,25\n"), "13.25");
	// A month's fee by days (31 of 30.00 in December), and its minimum at the end, for as many days.
	const fixed = { ...flat(500000), fee_fen: 3000, minimum_fen: 6200 };
	assert.equal(await total(fixed, "2026-12-01 00:00,0\n2027-01-01 00:00,100\n"), "92.00");
	assert.equal(await total(fixed, "2026-12-22 00:00,0\n2027-01-01 00:00,100\n"), "59.68");
	const wrong = (plan, readings) => bad("tariff", "try", file("plan.json", plan), file("readings.csv", readings));
	assert.match(await wrong('{"rates":[{"price_uy":-1}]}', ""), /plan: rates\[0\]\.price_uy is outside its limits/);
	assert.match(await wrong(JSON.stringify(flat(1)), "2026-11-24 06:00,5\n2026-11-24 07:00,1\n"), /line 2: the register fell/);
	assert.match(await wrong(JSON.stringify(flat(1)), "2026-11-24 06:00,5\nrubbish\n"), /line 2: a time and a register/);
	assert.match(await wrong(JSON.stringify(flat(1)), "2026-13-24 06:00,5\n2026-12-24 07:00,6\n2026-12-24 08:00,7\n"), /line 1: a time and a register/);
	assert.match(await wrong(JSON.stringify(flat(1)), "time,register\n2026-11-24 06:00,5\n"), /two readings at least/);
	const unsettled = { rates: [{ price_uy: 500000 }], steps: { thresholds: [10000], prices_uy: [0, 50000] } };
	assert.match(await wrong(JSON.stringify(unsettled), "2026-11-24 06:00,0\n2026-11-24 18:00,25\n"), /plan: steps\.unsettled: say whether/);
	assert.equal(await total({ ...unsettled, steps: { ...unsettled.steps, unsettled: "monthly" } }, "2026-11-24 06:00,0\n2026-11-24 18:00,25\n"), "13.25");
	assert.match(await wrong(JSON.stringify({ versions: change.versions.slice(1) }), "2026-01-02 06:00,5\n2026-01-03 06:00,6\n"), /no version of the plan holds/);
});

test("a tariff is added, published and assigned", async () => {
	const file = (name, text) => (writeFileSync(path.join(temp.dir, name), text), path.join(temp.dir, name));
	const plan = file("plan.json", '{"rates":[{"price_uy":610000}]}'), from = "2026-01-01T00:00:00+08:00", at = ["--property", "p1"];
	await good("tariff", "add", "flat", "--name", "居民", "--service", "electricity", ...at);
	await good("tariff", "add", "shops", "--name", "商铺", "--service", "electricity", "--base", "flat", "--delta", "50000", ...at);
	assert.match(await bad("tariff", "publish", "flat", plan, "--from", from, ...at), /reason say why/);
	await good("tariff", "publish", "flat", plan, "--from", from, "--reason", "test", ...at);
	assert.match(await good("tariff", "show", "shops", ...at), /"price_uy":660000/);
	assert.match(await bad("tariff", "publish", "shops", plan, "--from", from, "--reason", "x", ...at), /its prices come from its base/);
	assert.match(await bad("tariff", "publish", "flat", plan, "--from", "2026-02-01T00:00:00Z", "--reason", "x", ...at), /valid_from must be later than now/);
	await good("tariff", "assign", "flat", "--from", from, "--reason", "test", ...at);
	assert.match(await bad("tariff", "assign", "shops", "--from", from, "--reason", "x", ...at), /from must not be before now/);
	assert.match(await good("tariff", "list", ...at), /^flat +electricity +property +居民$/m);
	assert.equal((await office("tariff", "try")).code, 2);
});

test("an installation that is not there", async () => {
	const { code, out } = await run(bin("wattle"), ["--data", path.join(temp.dir, "nowhere"), "doctor"]);
	assert.equal(code, 1);
	assert.match(out, /no-installation/);
});

test("staff: added with a password to change, granted, revoked, disabled", async () => {
	const added = await wattle("user", "add", "wang", "--full-name", "王五", "--role", "cashier", "--property", "p1", "--days", "30");
	assert.equal(added.code, 0, added.err);
	assert.match(added.out, /^password: [a-z2-9]{16}\n/);
	assert.match(added.out, /grant \d+/);
	assert.equal((await wattle("user", "add", "wang")).code, 1);
	assert.equal((await wattle("user", "add")).code, 2);
	assert.equal((await wattle("user", "grant", "wang", "emperor")).code, 1);
	assert.equal((await wattle("user", "grant", "wang", "administrator", "--property", "p1")).code, 1);
	const granted = await wattle("user", "grant", "wang", "auditor", "--group", "1");
	assert.equal(granted.code, 0, granted.err);
	const list = (await wattle("user", "list")).out;
	assert.match(list, /wang +王五/);
	assert.match(list, /cashier +property p1, (29|30) days left/);
	assert.match(list, /auditor +group 1/);
	assert.equal((await wattle("user", "revoke", "wang", granted.out.match(/\d+/)[0], "--reason", "moved")).code, 0);
	assert.doesNotMatch((await wattle("user", "list")).out, /auditor/);
	assert.match((await wattle("user", "invite", "wang")).out, /^\/invite#[A-Za-z0-9_-]{43}\n$/);
	assert.equal((await wattle("user", "disable", "wang", "--reason", "left")).code, 0);
	assert.equal((await wattle("user", "invite", "wang")).code, 1);
	assert.equal((await wattle("user", "enable", "wang")).code, 0);
	assert.match((await wattle("user", "password", "wang")).out, /^password: /);
	assert.match((await wattle("user", "disable", "admin", "--reason", "left")).err, /an administrator must remain/);
	assert.equal((await wattle("user", "totp-remove", "wang", "--reason", "lost")).code, 1);
});

test("roles and sessions", async () => {
	const made = await wattle("role", "add", "夜班", "--permissions", "property.read,meter.command");
	assert.equal(made.code, 0, made.err);
	const id = made.out.match(/role (\d+)/)[1];
	assert.match((await wattle("role", "add", "x", "--permissions", "meter.explode")).err, /meter\.explode/);
	assert.equal((await wattle("role", "totp", "cashier", "on")).code, 0);
	const list = (await wattle("role", "list")).out;
	assert.match(list, new RegExp(`^${id} +夜班 +property\\.read meter\\.command$`, "m"));
	assert.match(list, /^cashier .*\[second factor\]/m);
	assert.equal((await wattle("role", "delete", id)).code, 0);
	assert.equal((await wattle("role", "delete", "cashier")).code, 1);
	assert.equal((await wattle("session", "list")).code, 0);
	assert.equal((await wattle("session", "end", "99", "--reason", "lost")).code, 1);
	assert.match((await wattle("session", "end", "--user", "wang", "--reason", "lost")).out, /^0 ended/);
});

test("the audit proves itself and tells what the command line did", async () => {
	const proof = await wattle("audit", "verify");
	assert.equal(proof.code, 0, proof.err);
	assert.match(proof.out, /^installation: \d+ lines, last hash [0-9a-f]{64}$/m);
	const list = (await wattle("audit", "list", "--group", "1", "--action", "role.", "--lines", "2")).out;
	assert.match(list, /cli:.*\trole\.delete\trole \d+\tdone\trole delete\t夜班/);
	assert.match(list, /\tbefore\t\{"role":/);
	assert.equal((await wattle("audit", "verify", "--property", "nowhere")).code, 1);
});
