// F1: a wrong clock at the platform or the gateway: nothing is switched, nothing expires by it, it is
// flagged, and it recovers when right. F2: a broken configuration stops the start with file and line.
import assert from "node:assert/strict";
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { bin, run, run_ok, sleep, until } from "../lib/process.mjs";
import { sql } from "../lib/store.mjs";
import { meter_number, World } from "../lib/world.mjs";

const STAYS_S = Number(process.env.WATTLE_CLOCK_S ?? 2); // 61 in the nightly run: a state comes each 30 s
const A = meter_number(1), YEAR_MS = 365 * 86400000;
let world;

before(async () => {
	world = await World.start({ terminals: 1, settings: "[platform]\nreading_period_s = 2\n", test_clocks: true });
});

after(() => world?.stop());

// One line to a clock socket, one line back.
function set_clock(socket_path, line) {
	return new Promise((done, failed) => {
		const socket = net.createConnection(socket_path, () => socket.write(line + "\n"));
		socket.once("data", (answer) => done(socket.end() && answer.toString())).once("error", failed);
	});
}

const set_platform = (offset_ms) => set_clock(world.path("platform.clock"), JSON.stringify({ offset_ms, rate_permille: 1000 }));
const set_gateway = (offset_ms) => set_clock(world.path("gateway.clock"), `offset_ms ${offset_ms}`);
const moves = async () => (await world.emu.ask("state", { terminal: 1 })).counters.contact_moves;
const gateway_clock = async () => (await world.api.get("/gateways")).items[0].state.clock;
const jumps = async () => (await world.api.metrics()).wattle_clock_jumps_total;
const ready = async () => (await world.api.call("GET", "/readyz")).status;
const give = async (kind) => {
	const { id } = await until(`${kind} accepted`, () => world.api.command(A, kind));
	return world.api.command_reaches(id, ["verified", "refused", "failed", "expired"], 60000);
};

// Runs `wrong` in the middle of an ordinary life: no contact moves by it, no energy is lost, no reading
// is missing afterwards.
async function harmless(wrong) {
	const before_jump = await moves(), first = await world.api.meter(A), from_ms = Date.now() - 3000;
	await wrong();
	assert.ok(world.platform.running && world.gateway.running);
	assert.equal(await moves(), before_jump);
	const well = await until("a present reading", async () => {
		const meter = await world.api.meter(A);
		return Math.abs(Date.parse(meter.last_reading_at) - Date.now()) < 10000 && meter;
	}, { timeout_ms: 60000 });
	assert.equal(well.state.contact, first.state.contact);
	if (first.live && well.live) assert.ok(well.live.energy_wh >= first.live.energy_wh);
	assert.equal(await moves(), before_jump);
	return from_ms;
}

// Every second plan second from then until now has its reading.
async function no_gap(from_ms) {
	const to_ms = Date.now() - 1000, iso = (ms) => new Date(ms).toISOString();
	await until("all readings of the time", async () => {
		const { readings } = await world.api.get(`/meters/${A}/readings?from=${iso(from_ms)}&to=${iso(to_ms)}&points=500`);
		if (readings < Math.floor((to_ms - from_ms) / 2000) - 1) throw new Error(`${readings} in ${(to_ms - from_ms) / 1000} s`);
		return true;
	}, { timeout_ms: 30000, every_ms: 200 });
}

// Sessions end by the clock, and a jump of years ends them.
const login = () => world.api.login(...readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/).slice(1));

for (const offset_ms of [10 * YEAR_MS, -10 * YEAR_MS, -Date.now()])
	test(`F1: gateway clock off by ${Math.round(offset_ms / YEAR_MS)} years: flagged, no trip, no reading lost`, async () => {
		const { steps } = await gateway_clock(), events = (await world.gateway_events("gw-1", "clock-stepped")).length;
		await no_gap(await harmless(async () => {
			await set_gateway(offset_ms);
			await until("flagged", async () => (await gateway_clock()).steps > steps, { timeout_ms: 10000 });
			await sleep(4000);
			await set_gateway(0);
		}));
		await until("events", async () => (await world.gateway_events("gw-1", "clock-stepped")).length >= events + 2, { timeout_ms: 10000 });
	});

for (const offset_ms of [10 * YEAR_MS, -2 * YEAR_MS, -10 * YEAR_MS, -Date.now()])
	test(`F1: platform clock off by ${Math.round(offset_ms / YEAR_MS)} years: flagged, no trip, no reading lost`, async () => {
		const before_jumps = await jumps();
		await no_gap(await harmless(async () => {
			await set_platform(offset_ms);
			await until("counted", async () => (await jumps()) > before_jumps);
			// Behind: it says so, and takes nothing that it would have to refuse for good.
			if (offset_ms < 0) assert.equal(await ready(), 503);
			await sleep(4000);
			// Far ahead: the gateway did not follow, and was told by the acks. (No session lives now: the store tells.)
			if (offset_ms > 0)
				await until("unconfirmed", async () => {
					const [state] = await sql(path.join(world.data, "store/wattle.db"), "SELECT state FROM gateway WHERE name='gw-1'");
					return JSON.parse(state).clock.confirmed === false;
				});
			await set_platform(0);
			await login();
		}));
		await until("ready", async () => (await ready()) === 200);
	});

test("F1: platform clock stepping to and fro: each step is counted, nothing else happens", async () => {
	const before_jumps = await jumps(), steps = [3600e3, -60e3, 7200e3, -30 * 86400e3, 61e3, -3600e3];
	await no_gap(await harmless(async () => {
		for (const offset_ms of steps) {
			await set_platform(offset_ms);
			await sleep(1500);
		}
		await set_platform(0);
	}));
	assert.ok((await jumps()) >= before_jumps + steps.length);
});

test("F1: a command that waits while the clock jumps neither ends by it nor is lost", async () => {
	for (const offset_ms of [10 * YEAR_MS, -10 * YEAR_MS]) {
		await world.gateway.stop();
		const { id } = await until("accepted", () => world.api.command(A, "trip"));
		await set_platform(offset_ms);
		await sleep(1500); // the outbox looks each 200 ms
		await set_platform(0);
		await login();
		assert.ok(["queued", "sent"].includes((await world.api.command_stage(id)).stage));
		world.gateway.start();
		assert.equal((await world.api.command_reaches(id, ["verified", "refused", "failed", "expired"], 60000)).stage, "verified");
		assert.equal((await give("close")).stage, "verified");
	}
});

// What `wattle doctor` says of clocks, run on a machine whose own clock is off by `ahead_ms`.
async function doctor(ahead_ms = 0) {
	const shim = world.path("ahead.so"), source = world.path("ahead.c");
	writeFileSync(source, `#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <stdlib.h>\n#include <time.h>
int clock_gettime(clockid_t id, struct timespec *ts) {
	int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	int rc = real(id, ts);
	if (id == CLOCK_REALTIME) ts->tv_sec += atoll(getenv("AHEAD_S"));
	return rc;
}`);
	await run_ok("cc", ["-shared", "-fPIC", "-o", shim, source, "-ldl"]);
	const env = { ...process.env, ...(ahead_ms ? { LD_PRELOAD: shim, AHEAD_S: String(ahead_ms / 1000) } : {}) };
	const { out } = await run(bin("wattle"), ["--data", world.data, "doctor"], { env });
	return out.split("\n").filter((line) => line.startsWith("bad   clock"));
}

test("doctor: a gateway whose machine's clock is off by an hour, though it follows the platform", async () => {
	assert.deepEqual(await doctor(), []);
	await set_gateway(3600e3);
	const seen = await until("told", async () => (await gateway_clock()).wall_offset_ms < -3500e3 && gateway_clock(), { timeout_ms: 40000 });
	assert.ok(Math.abs(seen.offset_ms) < 5000, "its own time is the platform's");
	assert.match((await doctor()).join(), /gateway gw-1 and this machine differ by 60 minutes/);
	await sleep(STAYS_S * 1000); // and it stays so, state after state
	assert.match((await doctor()).join(), /gateway gw-1 and this machine differ by 60 minutes/);
	await set_gateway(0);
	await until("right again", async () => (await doctor()).length === 0, { timeout_ms: 60000, every_ms: 1000 });
});

test("doctor: this machine's clock is off by an hour, and the gateway has followed it", async () => {
	await set_platform(3600e3);
	await until("followed", async () => {
		const clock = await gateway_clock();
		return clock.wall_offset_ms > 3500e3 && Math.abs(clock.offset_ms) < 5000;
	}, { timeout_ms: 40000, every_ms: 500 });
	await sleep(STAYS_S * 1000);
	assert.match((await doctor(3600e3)).join(), /gateway gw-1 and this machine differ by 60 minutes/);
	await set_platform(0);
	await until("followed back", async () => (await doctor()).length === 0, { timeout_ms: 40000, every_ms: 1000 });
});

test("F1: after all that a command is executed and verified", async () => {
	assert.equal((await give("trip")).stage, "verified");
});

// A program must not start, and say where and why.
async function refuses(file, args, where) {
	const { code, out, err } = await run(file, args, { timeout: 10000 });
	assert.notEqual(code, 0);
	assert.match(out + err, where);
}

test("F2: platform: unknown key, syntax error, value out of range, missing and open secret", async () => {
	const ini = path.join(world.data, "wattle.ini"), text = readFileSync(ini, "utf8"), bad = path.join(world.data, "bad.ini");
	const lines = text.split("\n").length - 1, check = (where) => refuses(bin("wattled"), ["--config", bad], where);
	for (const [more, where] of [["colour = red", "colour"], ["[[[", ""], ["group_ms = 99999", "group_ms"], ["group_ms = soon", "group_ms"]]) {
		writeFileSync(bad, `${text}${more}\n`);
		await check(new RegExp(`bad\\.ini:${lines + 1}.*${where}`));
	}
	const secret = path.join(world.data, "secret.key"), other = path.join(world.data, "other.key");
	writeFileSync(bad, text.replace("[platform]", "[platform]\nsecret_file = nowhere.key"));
	await check(/nowhere\.key/);
	writeFileSync(other, readFileSync(secret));
	chmodSync(other, 0o644);
	writeFileSync(bad, text.replace("[platform]", "[platform]\nsecret_file = other.key"));
	await check(/other\.key/);
});

test("F2: gateway: unknown key, syntax error, missing setting, open key file", async () => {
	const text = readFileSync(world.path("gw-1.ini"), "utf8"), bad = world.path("bad-gw.ini"), lines = text.split("\n").length - 1;
	const check = (where) => refuses(bin("wattle-gateway"), [bad], where);
	writeFileSync(bad, text + "colour = red\n");
	await check(new RegExp(`bad-gw\\.ini:${lines + 1}.*colour`));
	writeFileSync(bad, text.replace(/^id = .*$/m, "id = Not/An/Id"));
	await check(/bad-gw\.ini:2/);
	writeFileSync(bad, text.replace(/^certificate = .*\n/m, ""));
	await check(/certificate/);
	const key = world.path("open.key");
	writeFileSync(key, readFileSync(world.identity("gw-1").key));
	chmodSync(key, 0o644);
	writeFileSync(bad, text.replace(/^key = .*$/m, `key = ${key}`));
	await check(/open\.key/);
});
