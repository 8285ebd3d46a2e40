// The administrator's command, as a person uses it.
import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { bin, run, temp_dir } from "../lib/process.mjs";

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
	assert.equal((await wattle("user", "revoke", "wang", granted.out.match(/\d+/)[0])).code, 0);
	assert.doesNotMatch((await wattle("user", "list")).out, /auditor/);
	assert.match((await wattle("user", "invite", "wang")).out, /^\/invite#[A-Za-z0-9_-]{43}\n$/);
	assert.equal((await wattle("user", "disable", "wang")).code, 0);
	assert.equal((await wattle("user", "invite", "wang")).code, 1);
	assert.equal((await wattle("user", "enable", "wang")).code, 0);
	assert.match((await wattle("user", "password", "wang")).out, /^password: /);
	assert.match((await wattle("user", "disable", "admin")).err, /an administrator must remain/);
	assert.equal((await wattle("user", "totp-remove", "wang")).code, 1);
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
	assert.equal((await wattle("session", "end", "99")).code, 1);
	assert.match((await wattle("session", "end", "--user", "wang")).out, /^0 ended/);
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
