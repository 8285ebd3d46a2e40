// `wattle top` in a terminal, `wattle status` and `wattle gateway list`, as somebody sees them over SSH.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { connect, end, publish } from "../lib/mqtt.mjs";
import { bin, root, run, sleep, until } from "../lib/process.mjs";
import { sql } from "../lib/store.mjs";
import { message, readings, zigzag } from "../lib/wire.mjs";
import { meter_number, World } from "../lib/world.mjs";

const METERS = 30, store = () => path.join(world.data, "store/wattle.db");
let world, gateway;

before(async () => {
	world = await World.start({ parts: ["platform"] });
	gateway = await connect(world.mqtt_port, world.identity("gw-1"), { id: "gw-1" });
	await publish(gateway, "wattle/1/p1/gw-1/state", JSON.stringify({ online: true, boot: "00000000000000aa", since: 1, version: "0.1.0", config: 1,
		spool: { queued: 7, oldest_s: Math.floor(Date.now() / 1000) - 65, bytes: 0, damaged: 0, refused: 0 }, bus: { kind: "unix", up: true, load_permille: 123, errors: 0, terminals: METERS },
		clock: { offset_ms: -42, confirmed: true, steps: 0 }, last_stop: "clean", dropped: 0 }), { retain: true });
	const [property_id, gateway_id] = (await sql(store(), "SELECT property_id, gateway_id FROM gateway WHERE name='gw-1'"))[0].split("|");
	const rows = Array.from({ length: METERS }, (_, k) => `(${property_id}, ${meter_number(k + 1)}, '${name_of(k + 1)}', 'prepaid', '${String(k).padStart(24, "0")}', ${gateway_id}, 60, 1)`);
	await sql(store(), `INSERT INTO meter(property_id, meter, name, meter_use, chip, gateway_id, period_s, created_s) VALUES ${rows.join(",")}`);
	await until("meters", async () => (await world.api.meters()).length === METERS);
});

after(async () => {
	if (gateway) await end(gateway);
	await world?.stop();
});

const name_of = (k) => (k === 3 ? "三号楼 🏢 <b>\u202e" : `room ${k}`);

// Live values of all meters: meter k draws k kW.
async function say_values(more = {}) {
	const now_s = Math.floor(Date.now() / 1000);
	const rows = Array.from({ length: METERS }, (_, i) => ({ meter: Number(meter_number(i + 1)), time_s: now_s, voltage_dv: 2300 + i, current_ma: 1000 * (i + 1), power_dw: 10000 * (i + 1), pf_permille: 999,
		frequency_chz: 5000, energy_wh: 1000 * (i + 1), state: 3, quality: 0, ...more[i + 1] }));
	await publish(gateway, "wattle/1/p1/gw-1/now", message([1, zigzag(Date.now())], [2, readings(rows)]), { qos: 0 });
}

class Terminal {
	constructor(rows, columns, ...args) {
		this.child = spawn("/usr/bin/python3", [path.join(root, "tests/lib/terminal.py"), String(rows), String(columns), bin("wattle"), "--data", world.data, "top", ...args], { stdio: ["pipe", "pipe", "inherit"] });
		this.text = "";
		this.child.stdout.setEncoding("utf8").on("data", (text) => (this.text += text));
		this.ended = once(this.child, "exit").then(([code, signal]) => code ?? signal);
	}

	keys(text) {
		this.child.stdin.write(`keys ${Buffer.from(text).toString("hex")}\n`);
	}

	size(rows, columns) {
		this.child.stdin.write(`size ${rows} ${columns}\n`);
	}

	// The newest whole screen, as lines without colours.
	get screen() {
		const frames = this.text.split("\x1b[H").slice(1).filter((frame) => frame.includes("\x1b[J"));
		return (frames.at(-1) ?? "").replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").split("\r\n").map((line) => line.trimEnd());
	}

	async shows(what, check) {
		await until(what, () => check(this.screen), { timeout_ms: 10000, every_ms: 50 }).catch((error) => {
			throw new Error(`${error.message}; on the screen:\n${this.screen.join("\n")}`);
		});
	}
}

// Values are said until the first of them is on the screen: live ones flow only while somebody looks.
const show_values = (top, what, more, check) => top.shows(what, () => (void say_values(more), check(top.screen)));
const meters_of = (screen) => screen.slice(2).map((line) => Number(line.slice(0, 12)) - Number(meter_number(0)));
const open_keys = async () => (await sql(store(), "SELECT count(*) FROM api_key WHERE ended_s=0"))[0];

test("a screen of live meters: sorted, scrolled, resized, quit; nothing is left behind", async () => {
	const top = new Terminal(12, 120, "--property", "p1");
	await show_values(top, "the greatest first", {}, (s) => meters_of(s)[0] === METERS && s.length === 12);
	assert.match(top.screen[0], /^wattle p1 {2}30 meters {2}465\.0 kW/);
	assert.match(top.screen[1], /^METER +NAME +V +A +Wv +PF +Hz +kWh STATE +AGE$/);
	assert.match(top.screen[2], /^330100000030 room 30 +232\.9 +30\.000 +30000\.0 +0\.999 +50\.00 +30\.000 closed +\d+s$/);
	assert.equal(await open_keys(), "1");

	await show_values(top, "a live value moves up", { 5: { power_dw: 500000 } }, (s) => meters_of(s)[0] === 5);
	top.keys("\x1b[B");
	await top.shows("one down", (s) => meters_of(s)[0] === METERS);
	top.keys("\x1b[6~");
	await top.shows("a page down", (s) => meters_of(s)[0] === METERS - 10);
	top.keys("\x1b[F");
	await top.shows("the end", (s) => meters_of(s).at(-1) === 1);
	top.keys("\x1b[H");
	await top.shows("the beginning", (s) => meters_of(s)[0] === 5);
	top.keys("r");
	await top.shows("the least first", (s) => meters_of(s)[0] === 1 && /W\^/.test(s[1]));
	top.keys("ssssss"); // PF, Hz, kWh, STATE, AGE, METER
	await top.shows("by number", (s) => /METER\^/.test(s[1]) && meters_of(s).join() === "1,2,3,4,5,6,7,8,9,10");
	assert.ok(top.screen[4].includes("三号楼 🏢 <b>"), top.screen[4]);
	assert.ok(!top.text.includes("\u202e"), "a mark that turns the line around");
	top.size(6, 70);
	await top.shows("smaller", (s) => s.length === 6 && s.every((line) => line.length <= 70));
	top.size(40, 200);
	await top.shows("larger", (s) => meters_of(s).length === METERS);
	top.keys("q");
	assert.equal(await top.ended, 0);
	assert.ok(top.text.endsWith("\x1b[?25h\x1b[?1049l"), "the terminal is as it was");
	assert.equal(await open_keys(), "0", "its key has ended");
	assert.deepEqual(await sql(store(), "SELECT action FROM audit WHERE action LIKE 'key.%' ORDER BY at_ms"), ["key.create", "key.end"]);
});

test("SIGTERM leaves no key and a usable terminal", async () => {
	const top = new Terminal(12, 100);
	await top.shows("meters", (s) => meters_of(s).length >= 9);
	top.child.kill("SIGTERM");
	assert.equal(await top.ended, 0);
	assert.ok(top.text.endsWith("\x1b[?25h\x1b[?1049l"));
	assert.equal(await open_keys(), "0");
});

test("wattled goes and comes: said, and live again", async () => {
	const top = new Terminal(12, 120);
	await top.shows("meters", (s) => meters_of(s).length >= 9);
	await world.platform.stop();
	await top.shows("said", (s) => /does not answer/.test(s[0]));
	await sleep(500);
	world.platform.start();
	await world.platform_ready();
	await until("live again", async () => {
		await say_values({ 9: { power_dw: 700000 } });
		return meters_of(top.screen)[0] === 9 && !/does not answer/.test(top.screen[0]);
	}, { timeout_ms: 40000, every_ms: 500 });
	top.keys("q");
	assert.equal(await top.ended, 0);
});

test("without a terminal it says how; with a wrong key it is refused, with a right one it lists", async () => {
	const top = (...args) => run(bin("wattle"), ["--data", world.data, "top", ...args]);
	assert.match((await top()).err, /no terminal: --once/);
	assert.equal((await top("--once")).out.trim().split("\n").length, METERS + 1);
	writeFileSync(world.path("key"), "wattle_" + "x".repeat(43) + "\n");
	assert.match((await top("--once", "--key", world.path("key"))).err, /not valid/);
	assert.equal((await top("--property", "../x")).code, 2);
	const made = await world.api.call("POST", "/api/v1/keys", { json: { name: "screen", permissions: ["property.read"], property: "p1", reason: "a screen in the hall" } });
	assert.equal(made.status, 201, JSON.stringify(made.body));
	writeFileSync(world.path("key"), made.body.key + "\n");
	const listed = await top("--once", "--key", world.path("key"));
	assert.equal(listed.code, 0, listed.err);
	assert.equal(listed.out.trim().split("\n").length, METERS + 1);
	assert.equal(await open_keys(), "1", "only the one that was asked for");
});

test("status and gateway list", async () => {
	await until("broker", async () => (await world.api.call("GET", "/readyz")).status === 200, { timeout_ms: 40000 });
	const status = await run(bin("wattle"), ["--data", world.data, "status"]);
	assert.match(status.out, /^wattled .* ready$/m);
	assert.match(status.out, /^gateways .* 1 online of 1$/m);
	assert.match(status.out, new RegExp(`^meters .* ${METERS}, 0 terminals found`, "m"));
	assert.match(status.out, /^backup .* never/m);
	assert.equal(status.code, 0);
	const list = await run(bin("wattle"), ["--data", world.data, "gateway", "list"]);
	assert.match(list.out, /^gw-1 +online +\d+s +7\/\d+s +12% 30t +-42ms +\d+d +0\.1\.0 +gw-1$/m);
});
