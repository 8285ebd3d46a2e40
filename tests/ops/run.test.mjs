// `make run` as a person uses it: address and login, seven adopted and one waiting, Ctrl-C, a second
// start with the stored data, and a part that dies.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Api } from "../lib/api.mjs";
import { Control } from "../lib/control.mjs";
import { P1, changed, make } from "../lib/estate.mjs";
import { free_port, root, temp_dir, until } from "../lib/process.mjs";

const SHUTDOWN_MS = 10000; // from a look at the terminals to their end
let temp, data, port, first_energy, stopped;

before(async () => {
	temp = temp_dir();
	data = path.join(temp.dir, "demo");
	port = await free_port();
});

after(() => temp.remove());

function start(more = {}) {
	const child = spawn(path.join(root, "tools/run"), [], { env: { ...process.env, DATA: data, PORT: String(port), ...more }, stdio: ["ignore", "pipe", "pipe"] });
	child.text = "";
	for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (child.text += part));
	child.ended = once(child, "exit").then(([code]) => code);
	return child;
}

async function login(child) {
	await until("address and login", () => child.text.includes(`http://127.0.0.1:${port}/`) && /  password (\S+)/.test(child.text), { timeout_ms: 30000 });
	const api = new Api(port);
	await api.login("admin", child.text.match(/  password (\S+)/)[1]);
	return api;
}

// Processes that still work in `data`.
function left_over() {
	return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
		try {
			return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(data) && readlinkSync(`/proc/${pid}/exe`);
		} catch {
			return false;
		}
	});
}

// Where each of the eight terminals stands in the household data: {minute, position_ms, voltage_mv, …}.
const positions = () => each_terminal((control, terminal) => control.ask("state", { terminal }).then(({ data: row }) => row));

async function each_terminal(what) {
	const control = await Control.open(path.join(data, "emu.ctl"));
	try {
		const all = [];
		for (let terminal = 1; terminal <= 8; terminal++) all.push(await what(control, terminal));
		return all;
	} finally {
		control.close();
	}
}

const supply = async (api, meter) => (await api.get("/properties/p1/supply")).items.find((row) => row.meter === meter);

async function rooms_are_let(api) {
	const rows = await until("an account for each room", async () => {
		const { items } = await api.get("/properties/p1/supply");
		return items.length === 7 && items.every((row) => row.state !== "not-opened" && row.available_fen !== 0) && items;
	}, { timeout_ms: 40000, every_ms: 300 });
	assert.equal(rows.filter((row) => row.available_fen > 0).length, 5, "five have something left");
	assert.deepEqual(rows.map((row) => row.path), ["1/1/101", "1/1/102", "1/2/201", "1/2/202", "1/3/301", "1/3/302", "1/4/401"]);
}

// The household load of one room eats its few fen, faster than in the demo by a dearer price and more readings: its
// tenant is warned, the relay opens; what he pays closes it without anybody's help.
async function credit_runs_out(api, meter) {
	const told = async (kind) => (await api.get(`/properties/p1/messages?kind=${kind}`)).items.filter(({ text }) => text.includes("202"));
	await changed(api, "PATCH", `/api/v1/meters/${meter}/settings`, { period_s: 5 });
	await until("warned", async () => (await told("alarm-2")).length === 1, { timeout_ms: 40000, every_ms: 300 });
	await changed(api, "PATCH", `${P1}/alarm-plans/default`, { cut_notice_s: 0 });
	const dear = await make(api, `${P1}/tariffs`, { code: "dear", name: "千倍价", service: "electricity" }), versions = `${P1}/tariffs/${dear.id}/versions`;
	const price = await make(api, versions, { plan: { rates: [{ price_uy: 500000000 }] }, valid_from: "2026-01-01T00:00:00Z" });
	await changed(api, "PUT", `${versions}/${price.id}/publication`, { reason: "test" }, { read: `${versions}/${price.id}` });
	await make(api, `${P1}/tariff-uses`, { tariff: dear.id, meters: [meter], from: new Date(Date.now() + 1000).toISOString().replace(/\.\d+/, ""), reason: "test" });
	await until("cut", async () => (await supply(api, meter)).state === "cut" && (await api.meter(meter)).state.contact === "open", { timeout_ms: 40000, every_ms: 300 });
	const { account, available_fen } = await supply(api, meter);
	assert.ok(available_fen <= 0, `${available_fen} fen`);
	const sold = await make(api, `${P1}/orders`, { account: account.id, amount_fen: 100000 - available_fen, channel: "transfer", voucher: "again" });
	await until("supply is back", async () => (await supply(api, meter)).state === "open" && (await api.meter(meter)).state.contact === "closed", { timeout_ms: 30000, every_ms: 300 });
	await until("and told", async () => (await told("restored")).length === 1);
	const [{ kind, reason, outcome }] = (await api.get(`/meters/${meter}/supply/acts`)).items;
	assert.deepEqual([sold.state, kind, reason, outcome], ["delivered", "close", "money", "done"]);
}

test("the first start: eight terminals, seven adopted by themselves, one waits", async () => {
	const child = start();
	try {
		const api = await login(child);
		assert.equal(statSync(path.join(data, "login.txt")).mode & 0o777, 0o600);
		await until("seven live", async () => {
			const meters = await api.meters();
			return meters.length === 7 && meters.every((m) => m.live);
		}, { timeout_ms: 40000, every_ms: 300 });
		await until("one waits", async () => (await api.devices()).length === 1);
		await rooms_are_let(api);
		await credit_runs_out(api, "330100000004");
		const page = await fetch(`http://127.0.0.1:${port}/`);
		assert.match(await page.text(), /<div id="app">/);
		first_energy = (await api.meters()).map((m) => m.live.energy_wh);
		const days = (await positions()).map(({ minute }) => minute / 1440);
		assert.equal(new Set(days.map(Math.floor)).size, 8, `each terminal has its own day: ${days}`);
		for (const day of days) assert.ok(day % 1 < 5 / 1440, `${day}: a day begins at its beginning`);
		// On to where no start would begin by itself.
		await each_terminal((control, terminal) => control.ask("seek", { terminal, minute: Math.floor(days[terminal - 1]) * 1440 + 100 * terminal }));
		stopped = await positions();
	} finally {
		child.kill("SIGINT");
	}
	assert.equal(await child.ended, 0, child.text);
	assert.deepEqual(left_over(), []);
});

test("a second start goes on: same login, same meters, the data at the minute where they stopped, energy not lower", async () => {
	const began = Date.now(), child = start();
	try {
		const api = await login(child);
		await until("live", async () => {
			const now = await api.meters();
			return now.length === 7 && now.every((m) => m.live);
		}, { timeout_ms: 40000, every_ms: 300 });
		const now = await positions(), played_ms = Date.now() - began + SHUTDOWN_MS;
		now.forEach(({ position_ms }, k) => {
			const further_ms = position_ms - stopped[k].position_ms;
			assert.ok(further_ms >= 0 && further_ms <= played_ms, `terminal ${k + 1}: from ${stopped[k].position_ms} ms to ${position_ms} ms of the data within ${played_ms} ms`);
		});
		// And what the page shows is of that minute.
		await until("a meter with the values of its minute", async () => {
			const [{ minute, present, voltage_mv }] = await positions(), { live } = (await api.meters())[0];
			if (!present || Math.abs(live.voltage_dv - voltage_mv / 100) > 1) throw new Error(`minute ${minute}: ${voltage_mv} mV in the data, ${live.voltage_dv} dV shown`);
			return true;
		}, { timeout_ms: 70000, every_ms: 500 });
		// Until the first reading of this start, the newest one is of the minute before the stop.
		await until("energy not lower", async () => {
			for (const [k, m] of (await api.meters()).entries())
				if (m.live.energy_wh < first_energy[k]) throw new Error(`${m.meter}: ${first_energy[k]} → ${m.live.energy_wh}`);
			return true;
		}, { timeout_ms: 70000, every_ms: 500 });
	} finally {
		child.kill("SIGINT");
	}
	assert.equal(await child.ended, 0, child.text);
});

test("a part that dies is named with its log, and the rest ends", async () => {
	const child = start();
	await login(child);
	const gateway = left_over().find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("wattle-gateway"));
	process.kill(Number(gateway), "SIGKILL");
	assert.equal(await child.ended, 1);
	assert.match(child.text, /gateway ended with -9; its log is .*gateway\.log/);
	assert.deepEqual(left_over(), []);
});

test("beside a site that has a building 1 with tenants of its own, the terminals find rooms too", async () => {
	const child = start({ DATA: path.join(temp.dir, "site"), SITE: "--meters 60 --days 1 --properties 2" });
	try {
		const api = await login(child);
		await until("rooms are let", () => child.text.includes("their rooms let"), { timeout_ms: 60000, every_ms: 200 });
		const { items } = await api.get("/properties/p1/accounts?limit=100");
		assert.deepEqual(items.map(({ code, state }) => [code, state]).sort(), ["H101", "H102", "H201", "H202", "H301", "H302", "H401"].map((code) => [code, "open"]));
		assert.equal((await api.get("/meters/330100000005/settings")).space !== null, true);
		assert.equal((await supply(api, "330100000005")).path, "D/3/301");
	} finally {
		child.kill("SIGINT");
	}
	assert.equal(await child.ended, 0, child.text);
});

test("a taken port is told before anything starts", async () => {
	const server = (await import("node:net")).createServer().listen(port, "127.0.0.1");
	await once(server, "listening");
	const child = start();
	assert.equal(await child.ended, 1);
	assert.match(child.text, new RegExp(`port ${port} is taken`));
	server.close();
});
