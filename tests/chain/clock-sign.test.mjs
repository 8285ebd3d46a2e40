// F1: a platform that starts with a wrong clock signs no time for terminals until it is right or somebody says so,
// and a terminal that was led into the future all the same comes back.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { ahead } from "../lib/ahead.mjs";
import { bin, run, run_ok, sleep, until } from "../lib/process.mjs";
import { meter_number, World } from "../lib/world.mjs";

const A = meter_number(1), DAY_MS = 86400000;
let world, wrong; // the environment of a machine five days ahead: more than a gateway follows, less than a long rest

before(async () => {
	world = await World.start({ terminals: 1, settings: "[platform]\nreading_period_s = 2\n" });
	wrong = await ahead(world.dir, 5 * DAY_MS);
});

after(() => world?.stop());

const login = () => world.api.login(...readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/).slice(1));
const times = async () => (await world.api.get(`/meters/${A}/commands?limit=100`)).items.filter((c) => c.kind === "time");
const doubted = async () => (await world.api.metrics()).wattle_clock_doubted;
const confirm = (env = {}) => run_ok(bin("wattle"), ["--data", world.data, "clock", "confirm"], { env: { ...process.env, ...env } });

async function platform(env) {
	await world.platform.stop();
	world.platform.env = env;
	world.platform.start();
	await world.platform_ready();
	await login();
}

async function restart_terminal() {
	await world.emu.ask("power", { terminal: 1, on: false });
	await sleep(200);
	await world.emu.ask("power", { terminal: 1, on: true });
}

// A time command that is done and was not there before.
const new_time = (known) => until("time is signed and taken", async () => {
	const command = (await times()).find((c) => !known.includes(c.id));
	return command && ["executed", "verified"].includes(command.stage) && command;
}, { timeout_ms: 60000, every_ms: 200 });

test("a clock that differs from the gateways' signs no time; everything else goes on", async () => {
	await new_time([]);
	await platform(wrong);
	const known = (await times()).map((c) => c.id);
	await restart_terminal();
	await until("doubted", async () => (await doubted()) === 1, { timeout_ms: 40000 }); // it asks within 20 s
	await sleep(3000);
	assert.deepEqual((await times()).map((c) => c.id), known);
	assert.match(world.platform.log, /clock: 1 of 1 gateways have another time/);
	await until("readings of these days", async () => Math.abs(Date.parse((await world.api.meter(A)).last_reading_at) - Date.now()) < 10000);
});

test("a person's word is taken", async () => {
	const known = (await times()).map((c) => c.id);
	await confirm(wrong);
	await new_time(known);
	await until("no doubt", async () => (await doubted()) === 0);
});

test("when the clock is right again, the terminal takes the right time and obeys", async () => {
	const known = (await times()).map((c) => c.id);
	await platform({});
	// Its own store is from the future: that is another doubt, which the same word ends.
	assert.equal((await world.api.call("GET", "/readyz")).status, 503);
	await confirm();
	await until("ready", async () => (await world.api.call("GET", "/readyz")).status === 200);
	await new_time(known);
	const { id } = await until("accepted", () => world.api.command(A, "trip"));
	assert.equal((await world.api.command_reaches(id, ["verified", "refused", "failed", "expired"], 60000)).stage, "verified");
});

test("a store that rested for a month waits for somebody to look", async () => {
	await world.platform.stop();
	await run_ok("sqlite3", [path.join(world.data, "store/wattle.db"), "UPDATE store_info SET value = CAST(value AS INTEGER) - 40 * 86400000 WHERE name IN ('saved_ms', 'clock_confirmed_ms')"]);
	world.platform.start();
	await world.platform_ready();
	await login();
	const known = (await times()).map((c) => c.id);
	await restart_terminal();
	await until("doubted", async () => (await doubted()) === 1, { timeout_ms: 10000 });
	const doctor = await run(bin("wattle"), ["--data", world.data, "doctor"]);
	assert.match(doctor.out, /^bad {3}clock-doubted: .*\n {6}do: .*wattle clock confirm/m);
	await sleep(22000); // it asks within 20 s
	assert.deepEqual((await times()).map((c) => c.id), known);
	await confirm();
	await new_time(known);
	assert.match((await run(bin("wattle"), ["--data", world.data, "clock"])).out, /^doubted +never$/m);
	const { out } = await run_ok("sqlite3", ["-cmd", ".timeout 5000", path.join(world.data, "store/wattle.db"), "SELECT count(*) FROM audit WHERE action='clock.confirm'"]);
	assert.equal(out.trim(), "3");
});
