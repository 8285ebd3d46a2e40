// The runbook docs/ops/standby.md, line by line: a standby is set up, the primary is killed under
// load, the standby takes over, gateways come by themselves, the old primary is kept out.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { Api } from "../lib/api.mjs";
import { settle } from "../lib/load.mjs";
import { Daemon, bin, free_port, root, sleep, until } from "../lib/process.mjs";
import { sql } from "../lib/store.mjs";
import { meter_number, World } from "../lib/world.mjs";

const LOSS_BOUND_MS = 60000, runbook = readFileSync(path.join(root, "docs/ops/standby.md"), "utf8");
let world, hosts, ports, loss_ms;

after(() => world?.stop({ quietly: true }));

// The typed lines of a section: [{host, command}].
function lines_of(section) {
	const text = runbook.split(/^## /m).find((part) => part.startsWith(section));
	return [...text.matchAll(/^ {4}(primary|standby)\$ (.*)$/gm)].map(([, host, command]) => ({ host, command }));
}

// What the two machines are here: a folder and daemons each; both on the loopback, so that the
// second has the first one's ports when that one is dead.
function make_hosts() {
	const daemon = (host, name, file, args) => {
		const made = new Daemon(`${host}-${name}`, file, args, { log: world.path("log", `${host}-${name}.log`) });
		world.daemons.push(made);
		return made;
	};
	const units = (host, data) => ({
		wattled: host === "primary" ? world.platform : daemon(host, "wattled", bin("wattled"), ["--config", path.join(data, "wattle.ini")]),
		"wattle-broker": host === "primary" ? world.broker : daemon(host, "broker", "/usr/sbin/mosquitto", ["-c", path.join(data, "broker/mosquitto.conf")]),
		"wattle-replica": daemon(host, "replica", bin("wattle"), ["--data", data, "replica-receive", "--listen", "127.0.0.1", "--port", String(ports[host])]),
	});
	const standby = world.path("standby");
	hosts = { primary: { data: world.data, units: units("primary", world.data) }, standby: { data: standby, units: units("standby", standby) } };
}

async function systemctl(host, verb, names) {
	for (const name of names) {
		const unit = hosts[host].units[name];
		assert.ok(unit, `${name} is not a unit of ours`);
		if (verb !== "start") await unit.stop();
		if (verb !== "stop") unit.start();
		if (verb !== "stop" && name === "wattled") await until(`${name} of ${host}`, async () => {
			assert.ok(unit.running, unit.log.slice(-500));
			return (await fetch(`http://127.0.0.1:${world.http_port}/healthz`)).status === 200;
		});
		if (verb !== "stop" && name === "wattle-replica") await until("receiver", () => unit.log.includes("listening"));
	}
}

async function type({ host, command }) {
	const { data } = hosts[host];
	const here = command.replaceAll("/var/lib/wattle", data).replaceAll("/tmp/standby.kit", world.path("standby.kit")).replaceAll("/root/passphrase", world.path("passphrase"))
		.replace(/(standby|primary)\.example\.cn:8884/, (all, name) => `127.0.0.1:${ports[name]}`).replace(/(standby|primary)\.example\.cn/, "127.0.0.1");
	const [, verb, names] = here.match(/^systemctl (\w+) (.*)$/) ?? [];
	if (verb) return systemctl(host, verb, names.split(" "));
	const env = { ...process.env, WATTLE_DATA: data, PATH: `${path.dirname(bin("wattle"))}:${process.env.PATH}` };
	return new Promise((done, failed) => execFile("/bin/bash", ["-c", here], { env }, (error, out, err) => (error ? failed(new Error(`${host}$ ${command}: ${err || out}`)) : done(out))));
}

async function run_section(section, special = {}) {
	const lines = lines_of(section);
	assert.ok(lines.length >= 4, section);
	for (const line of lines) {
		const look = async () => {
			const out = await type(line);
			for (const [pattern, check] of Object.entries(special)) if (line.command.includes(pattern)) check(out);
			return true;
		};
		if (/status$/.test(line.command)) await until(line.command, look, { timeout_ms: 40000, every_ms: 200 }); // a person looks again after some seconds
		else await look();
	}
}

const make_role = (name) => world.api.call("POST", "/api/v1/groups/1/roles", { json: { name, permissions: ["property.read"] }, headers: { "Idempotency-Key": randomUUID() } });

test("1. set up: the standby is connected and seconds behind", async () => {
	world = await World.start({ terminals: 2, settings: "[platform]\nreading_period_s = 1\ncommand_expiry_s = 20\n" });
	ports = { primary: await free_port(), standby: await free_port() };
	writeFileSync(world.path("passphrase"), "correct horse battery staple\n");
	make_hosts();
	await run_section("1. ", { "replica status": (out) => assert.match(out, /connected .*yes\nlag .* \d s\n/) });
	await until("first copy", () => existsSync(path.join(hosts.standby.data, "store/wattle.db")));
	assert.match(await type({ host: "standby", command: "wattle replica status" }), /as of/);
	// A standby is not an installation: nobody can use its store by mistake.
	await assert.rejects(type({ host: "standby", command: "wattle gateway list" }), /follows another platform|No such file/);
	await assert.rejects(type({ host: "standby", command: "wattle replica take-over" }), /a primary is connected/);
});

test("2. kill -9 under load, take over: nothing acknowledged before the bound is lost, gateways come", async () => {
	await world.api.login(...login());
	const acts = [];
	const end_ms = Date.now() + 4000;
	const people = (async () => {
		for (let k = 0; Date.now() < end_ms + 300; k++) {
			const made = await make_role(`role ${k}`).catch(() => ({}));
			if (made.status === 201) acts.push({ name: `role ${k}`, at_ms: Date.now() });
			await sleep(10);
		}
	})();
	const first = await make_role("first");
	assert.equal(first.status, 201, JSON.stringify(first.body));
	await sleep(end_ms - Date.now());
	const killed_ms = Date.now();
	for (const name of ["wattled", "wattle-broker"]) await hosts.primary.units[name].kill(); // the machine dies
	await people;
	await run_section("2. ", {
		"take-over": (out) => assert.match(out, /taken over.*generation 1[\s\S]*became/),
		"wattle status": (out) => assert.match(out, /ready/),
	});
	await world.api.login(...login());
	const found = new Set(await sql(path.join(hosts.standby.data, "store/wattle.db"), "SELECT name FROM role"));
	const lost = acts.filter((act) => !found.has(act.name));
	loss_ms = lost.length ? killed_ms - lost[0].at_ms : 0;
	console.log(`# ${acts.length} acts acknowledged, ${lost.length} of the last ${loss_ms} ms lost`);
	assert.ok(acts.length > 20, `only ${acts.length} acts`);
	assert.ok(loss_ms <= LOSS_BOUND_MS && loss_ms <= 5000, `acts of the last ${loss_ms} ms are lost`);
	await until("gateway online", async () => (await world.api.get("/gateways")).items.find((g) => g.id === "gw-1").online, { timeout_ms: 40000 });
	assert.match(await type({ host: "standby", command: "wattle gateway list" }), /gw-1 +online/);
	const { id } = await world.api.command(meter_number(1), "close");
	assert.equal((await world.api.command_reaches(id, ["verified", "refused", "failed", "expired"], 20000)).stage, "verified");
});

test("3. the old primary is kept out, and becomes the standby", async () => {
	const old = hosts.primary.units.wattled;
	for (const word of [/has taken over/, /is fenced/]) {
		old.start();
		assert.equal((await old.ended).code, 3);
		assert.match(old.log.trim().split("\n").at(-1), word);
	}
	await assert.rejects(type({ host: "primary", command: "wattle gateway list" }), /is fenced/);
	// Even without its mark: the standby tells it again.
	await type({ host: "primary", command: "rm /var/lib/wattle/store/fenced" });
	old.start();
	assert.equal((await old.ended).code, 3);
	await run_section("3. ", {
		"replica follow": (out) => assert.match(out, /the old store is in .*fenced/),
		"replica status": (out) => assert.match(out, /in charge[\s\S]*connected .*yes/),
	});
	await until("the copy on the old machine", () => existsSync(path.join(hosts.primary.data, "store/wattle.db")));
	const count = (host) => sql(path.join(hosts[host].data, "store/wattle.db"), "SELECT count(*) FROM audit");
	await world.api.login(...login());
	assert.ok(Number((await count("standby"))[0]) > 0);
});

test("every reading that a gateway ever spooled is in the store that is in charge", async () => {
	Object.defineProperty(world, "data", { value: hosts.standby.data });
	world.platform = hosts.standby.units.wattled;
	const result = await settle(world);
	assert.deepEqual(result.lost, []);
	assert.ok(result.stored > 10);
});

const login = () => readFileSync(path.join(hosts.primary.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/).slice(1);
