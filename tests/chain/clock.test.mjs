// F1: a wrong clock at the platform or the gateway: nothing is switched, nothing expires by it, it is
// flagged, and it recovers when right. F2: a broken configuration stops the start with file and line.
import assert from "node:assert/strict";
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { bin, run, sleep, until } from "../lib/process.mjs";
import { meter_number, World } from "../lib/world.mjs";

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

for (const [who, set, offsets] of [
	["gateway", set_gateway, [10 * YEAR_MS, -10 * YEAR_MS, -Date.now()]],
	["platform", set_platform, [10 * YEAR_MS, -2 * YEAR_MS]],
])
	for (const offset_ms of offsets)
		test(`F1: ${who} clock off by ${Math.round(offset_ms / YEAR_MS)} years: no trip, energy goes on, recovers when right`, async () => {
			const before_jump = await moves(), first = (await world.api.meter(A)).live?.energy_wh ?? 0;
			await set(offset_ms);
			await sleep(6000);
			assert.ok(world.platform.running && world.gateway.running);
			assert.equal(await moves(), before_jump);
			await set(0);
			const well = await until("a present reading", async () => {
				const meter = await world.api.meter(A);
				return Math.abs(Date.parse(meter.last_reading_at) - Date.now()) < 10000 && meter;
			}, { timeout_ms: 40000 });
			assert.equal(well.state.contact, "closed");
			assert.ok(!well.live || well.live.energy_wh >= first);
			assert.equal(await moves(), before_jump);
		});

test("F1: after all that a command is executed and verified", async () => {
	const command = await until("accepted", () => world.api.command(A, "trip"));
	assert.equal((await world.api.command_reaches(command.id, ["verified", "refused", "failed", "expired"], 60000)).stage, "verified");
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
