// `wattle doctor` names each of ten planted faults, and only that one, and says what to do.
import assert from "node:assert/strict";
import { appendFileSync, copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";
import { connect, end, publish } from "../lib/mqtt.mjs";
import { bin, run, run_ok, sleep, until } from "../lib/process.mjs";
import { World } from "../lib/world.mjs";

let world, gateway, tmpfs;

before(async () => {
	world = await World.start({ parts: ["platform"] });
	gateway = await connect(world.mqtt_port, world.identity("gw-1"), { id: "gw-1" });
	await say({});
	tmpfs = world.path("small");
	mkdirSync(tmpfs);
	await run_ok("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", tmpfs]);
});

after(async () => {
	if (gateway) await end(gateway);
	await run("umount", [tmpfs]);
	await world?.stop();
});

// What a healthy gateway publishes, with changes.
async function say({ online = true, offset_ms = 0 }) {
	const state = { online, boot: "00000000000000aa", since: 1, version: "0.1.0", config: 1, spool: { queued: 0, oldest_s: 0, bytes: 0, damaged: 0, refused: 0 },
		bus: { kind: "unix", up: true, load_permille: 1, errors: 0, terminals: 0 }, clock: { offset_ms, confirmed: true, steps: 0 }, last_stop: "clean", dropped: 0 };
	assert.ok((await publish(gateway, "wattle/1/p1/gw-1/state", JSON.stringify(state), { retain: true })) < 128);
	await until("state stored", async () => {
		const [found] = (await world.api.get("/gateways")).items;
		return found.online === online && found.state?.clock?.offset_ms === offset_ms;
	});
}

const doctor = (data = world.data) => run(bin("wattle"), ["--data", data, "doctor"]);

async function names_only(word, data) {
	const { code, out } = await doctor(data);
	const words = [...out.matchAll(/^bad {3}([a-z-]+): .+\n {6}do: .+$/gm)].map((m) => m[1]);
	assert.deepEqual(words, [word], out);
	assert.equal(code, 1);
	return out;
}

// A copy of DATA that may be spoilt.
async function copy(name, where = world.dir) {
	const data = path.join(where, name);
	await run_ok("cp", ["-a", world.data, data]);
	return data;
}

test("a healthy installation", async () => {
	const { code, out } = await doctor();
	assert.match(out, /^good /, out);
	assert.equal(code, 0);
});

test("unknown setting: file, line and name", async () => {
	const data = await copy("setting");
	appendFileSync(path.join(data, "wattle.ini"), "colour = red\n");
	const lines = readFileSync(path.join(data, "wattle.ini"), "utf8").split("\n").length - 1;
	const out = await names_only("settings", data);
	assert.match(out, new RegExp(`wattle\\.ini:${lines}: .*colour`));
	// What it says to call, and what the first line of wattle.ini says, is there and lists the settings.
	for (const hint of [out, readFileSync(path.join(world.data, "wattle.ini"), "utf8").split("\n")[0]]) {
		const [, option] = hint.match(/`wattled (--[a-z-]+)`/);
		const listed = await run(bin("wattled"), [option]);
		assert.equal(listed.code, 0, listed.err);
		for (const name of ["group_ms", "broker", "listen"]) assert.ok(listed.out.includes(name), `${option}: no ${name}`);
	}
});

test("certificate expired", async () => {
	const data = await copy("certificate");
	const pki = (file) => path.join(data, "pki", file);
	const conf = world.path("ca.conf");
	writeFileSync(conf, `[ca]\ndefault_ca=c\n[c]\nnew_certs_dir=${world.dir}\ndatabase=${conf}.db\nserial=${conf}.srl\npolicy=p\ndefault_md=sha256\n[p]\ncommonName=supplied\n`);
	writeFileSync(conf + ".db", "");
	writeFileSync(conf + ".srl", "77\n");
	await run_ok("openssl", ["req", "-new", "-key", pki("gateways/gw-1.key"), "-out", conf + ".csr", "-subj", "/CN=gw-1"]);
	await run_ok("openssl", ["ca", "-batch", "-config", conf, "-cert", pki("ca.crt"), "-keyfile", pki("ca.key"), "-in", conf + ".csr", "-out", pki("gateways/gw-1.crt"),
		"-notext", "-startdate", "20200101000000Z", "-enddate", "20210101000000Z"]);
	assert.match(await names_only("certificate-expired", data), /gateway renew gw-1/);
});

test("disk nearly full", async () => {
	await names_only("disk", await copy("data", tmpfs));
});

test("store read-only", async () => {
	const place = world.path("read-only"), data = await copy("frozen");
	mkdirSync(place);
	// The folder itself, bound read-only: root writes through mere permission bits.
	await run_ok("mount", ["--bind", path.join(data, "store"), path.join(data, "store")]);
	try {
		await run_ok("mount", ["-o", "remount,bind,ro", path.join(data, "store")]);
		await names_only("store-read-only", data);
	} finally {
		await run("umount", [path.join(data, "store")]);
	}
});

test("store newer than the program", async () => {
	const data = await copy("newer");
	await run_ok("sqlite3", [path.join(data, "store/wattle.db"), "INSERT INTO schema_migration(id) VALUES(9999)"]);
	await names_only("store-newer", data);
});

// A copy with a folder for backups that lies on another file system, and one backup of `age_h` hours.
async function backed_up(name, age_h, more = "") {
	const data = await copy(name), folder = path.join(tmpfs, `backups-${name}`);
	appendFileSync(path.join(data, "wattle.ini"), `\n[backup]\ndir = ${folder}\n${more}`);
	await run_ok(bin("wattle"), ["--data", data, "backup"]);
	const [made] = readdirSync(folder).filter((n) => !n.startsWith("."));
	const stamp = new Date(Date.now() - age_h * 3600000).toISOString().replace(/[-:]|\.\d+/g, "");
	if (age_h) renameSync(path.join(folder, made), path.join(folder, stamp));
	return { data, folder: path.join(folder, age_h ? stamp : made) };
}

test("a backup of last night is healthy, an old one is not, nor one that cannot be read", async () => {
	const good = await doctor((await backed_up("backup-good", 20)).data);
	assert.match(good.out, /^good /, good.out);
	assert.match(await names_only("backup-old", (await backed_up("backup-old", 31)).data), /31 hours/);
	const bad = await backed_up("backup-bad", 0);
	appendFileSync(path.join(bad.folder, "manifest.json"), " ");
	const { out } = await doctor(bad.data);
	assert.match(out, /^bad {3}backup-bad: /m);
});

test("an installation that is two days old and was never backed up", async () => {
	const data = await copy("unsaved");
	await run_ok("sqlite3", [path.join(data, "store/wattle.db"), `UPDATE property SET created_s=created_s-2*86400`]);
	await names_only("backup-none", data);
});

test("backups on the disk of the store, and a folder that is not there", async () => {
	const data = await copy("same-disk");
	appendFileSync(path.join(data, "wattle.ini"), `\n[backup]\ndir = ${data}/backups\n`);
	await run_ok(bin("wattle"), ["--data", data, "backup"]);
	await names_only("backup-same-disk", data);
	writeFileSync(path.join(data, "wattle.ini"), readFileSync(path.join(data, "wattle.ini"), "utf8").replace("/backups", "/nowhere"));
	await run_ok("sqlite3", [path.join(data, "store/wattle.db"), `UPDATE property SET created_s=created_s-2*86400`]);
	const { out } = await doctor(data);
	assert.match(out, /^bad {3}backup-folder: /m);
	assert.match(out, /^bad {3}backup-none: /m);
});

test("a clock off by an hour", async () => {
	await say({ offset_ms: 3600000 });
	assert.match(await names_only("clock"), /60 minutes/);
	await say({});
});

test("a gateway silent", async () => {
	await say({ online: false });
	assert.match(await names_only("gateway-silent"), /gw-1/);
	await say({});
});

test("broker refuses us", async () => {
	const list = path.join(world.data, "broker/clients");
	copyFileSync(list, list + ".good");
	writeFileSync(list, readFileSync(list, "utf8").replace(/^platform.*\n/m, ""));
	await until("platform cut off", async () => (await world.api.call("GET", "/readyz")).status !== 200);
	await names_only("broker-refuses");
	copyFileSync(list + ".good", list);
	await until("platform back", async () => (await world.api.call("GET", "/readyz")).status === 200, { timeout_ms: 40000 });
});

test("port taken by another program", async () => {
	await world.platform.stop();
	const other = http.createServer((request, answer) => answer.end("somebody else")).listen(world.http_port, "127.0.0.1");
	await sleep(200);
	await names_only("port-taken");
	await new Promise((done) => other.close(done));
	world.platform.start();
	await world.platform_ready();
	await until("platform connected", async () => (await world.api.call("GET", "/readyz")).status === 200);
});

test("broker down", async () => {
	await end(gateway);
	gateway = null;
	await world.broker.stop();
	await names_only("broker-down");
});
