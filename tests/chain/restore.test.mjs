// B2: last night's backup is restored while gateway, terminals and bank are a day ahead. (A day is half a minute here, at a
// reading each second.)
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { open_account } from "../lib/accounts.mjs";
import { P1, day, make } from "../lib/estate.mjs";
import { compare, settle } from "../lib/load.mjs";
import { bin, run, sleep, until } from "../lib/process.mjs";
import { batch_names, sql } from "../lib/store.mjs";
import { meter_number, World } from "../lib/world.mjs";

const EVERY_SECOND = "[platform]\nreading_period_s = 1\n";
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+/, "");

// A tenant whose credit is in the second terminal: 50.00 yuan before the backup, 30.00 after it, delivered.
async function tenant(world) {
	const { api } = world, meter = meter_number(2);
	const customer = (await make(api, `${P1}/customers`, { name: "安娜", phones: [{ number: "13812341234", main: true }] })).id;
	const account = await open_account(world, { customer, code: "P-1", meter, credit: "meter" });
	const sell = (amount_fen) => make(api, `${P1}/orders`, { account, amount_fen, channel: "transfer", voucher: `V-${amount_fen}` });
	const reaches = (order, state) => until(`${order.number} ${state}`, async () => (await api.get(`/properties/p1/orders/${order.id}`)).state === state, { timeout_ms: 30000 });
	const purse = async () => (await api.get(`/properties/p1/accounts/${account}`)).meters[0].purse;
	const available = async () => (await api.get(`/properties/p1/accounts/${account}`)).money.available_fen;
	return { meter, account, sell, reaches, purse, available };
}

// What the store lost is found by the terminal's count and by the bank's bill, and nothing is delivered or credited twice: not even
// to a purchase of the same size, which a terminal calls a repeat.
async function money_is_found(world, { meter, account, sell, reaches, purse, available }, lost) {
	const { api } = world;
	assert.equal((await api.call("GET", `${P1}/orders/${lost.id}`)).status, 404);
	const { id } = await api.command(meter, "close");
	await api.command_reaches(id, ["verified"], 20000);
	const [differs] = (await api.get("/properties/p1/purse-differences")).items;
	assert.deepEqual([differs.meter, differs.count, differs.total_fen, differs.meter_count, differs.meter_total_fen], [meter, 1, 5000, 2, 8000]);
	const { items: alarms } = await api.get("/properties/p1/alarms?limit=100");
	assert.deepEqual(alarms.filter((a) => a.kind === "purse-differs").map((a) => [a.level, a.meter]), [["urgent", meter]]);

	const bill = await make(api, `${P1}/bills`, { channel: "transfer", day: day(-1), lines: [{ number: "B-7", order_number: lost.number, amount_fen: 3000, paid_at: `${day(-1)}T04:00:00Z`, payer: "安娜" }] });
	assert.deepEqual([bill.lines, bill.open], [1, 1]);
	const [stray] = (await api.get("/properties/p1/suspense")).items;
	assert.deepEqual([stray.reason, stray.amount_fen, stray.order_number], ["unknown_order", 3000, lost.number]);
	await make(api, `${P1}/suspense/${stray.id}/credit`, { account, reason: "his receipt of yesterday" }, 200);

	const same = await sell(3000);
	assert.ok(Number(same.id) > Number(lost.id), "an order's number was given twice");
	await reaches(same, "delivery_failed");
	assert.deepEqual(await purse().then((p) => [p.meter_count, p.meter_total_fen]), [2, 8000]);
	await make(api, `${P1}/orders/${same.id}/delivery`, { reason: "the bill shows it", as_meter: true }, 200);
	await reaches(same, "delivered");
	// 50 + 30 + 30 yuan were paid; that much is in the meter, and that much is his.
	const now = await purse();
	assert.deepEqual([now.count, now.total_fen, now.meter_count, now.meter_total_fen, now.differs], [3, 11000, 3, 11000, false]);
	assert.deepEqual([await available(), now.balance_fen], [3000, 8000]); // the bill's 30 on the account, the rest by our books in the purse
	assert.deepEqual((await api.get("/properties/p1/suspense")).items, []);
}

test("B2: what gateways acknowledged since comes again, gaps are listed, no command counter is used twice, money is found and delivered once", async () => {
	const world = await World.start({ terminals: 2, settings: EVERY_SECOND });
	const wattle = async (...args) => {
		const result = await run(bin("wattle"), ["--data", world.data, ...args]);
		assert.equal(result.code, 0, result.err);
		return result.out;
	};
	const command = async (kind) => {
		const { id } = await world.api.command(meter_number(1), kind);
		return world.api.command_reaches(id, ["verified", "refused", "failed", "expired"], 20000);
	};
	try {
		await command("trip");
		const who = await tenant(world), first = await who.sell(5000);
		await who.reaches(first, "delivered");
		await wattle("backup", world.path("backups"));
		const night_ms = Date.now(), lost_order = await who.sell(3000);
		await who.reaches(lost_order, "delivered");
		for (const kind of ["close", "trip", "close", "trip"]) assert.equal((await command(kind)).stage, "verified");
		await sleep(3000);
		const day_ms = Date.now(), store = path.join(world.data, "store");
		const span = ["--from", iso(night_ms + 1000), "--to", iso(day_ms - 2000)];

		// What is spooled when the gateway stops would come later, as what is restored does.
		await until("the day is stored", async () => (await compare(world, { bus: false })).problems === 0, { timeout_ms: 30000, every_ms: 200 });
		await world.gateway.stop(); // so that the list can be seen before it is worked off
		// A terminal that had no time to send on a busy machine is a gap before and after.
		const had = await wattle("gaps", ...span);
		await world.platform.stop();
		const ahead = await batch_names(store);
		const told = await wattle("restore", world.path("backups"), "--replace");
		assert.match(told, /\d+ acts of people and programs are newer/);
		assert.match(told, /readings-\d+\.db: \d+ batches more/);
		world.platform.start();
		await world.platform_ready();
		const gaps = await wattle("gaps", ...span);
		for (const k of [1, 2]) assert.match(gaps, new RegExp(`^${meter_number(k)} .* readings$`, "m"));
		assert.notEqual(gaps, had);

		world.gateway.start();
		await until("the day's batches", async () => {
			const now = await batch_names(store);
			return [...ahead].every((name) => now.has(name));
		}, { timeout_ms: 20000, every_ms: 300 });
		assert.equal(await wattle("gaps", ...span), had);

		// The terminal has seen counters that the restored store does not know of.
		const [, name, password] = readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
		await world.api.login(name, password);
		assert.equal((await command("close")).stage, "verified");
		const numbers = await sql(path.join(store, "wattle.db"), "SELECT command_id FROM command");
		const before = readdirSync(world.data).find((file) => file.startsWith("store.before-"));
		const lost = await sql(path.join(world.data, before, "wattle.db"), "SELECT max(command_id) FROM command");
		assert.ok(Number(numbers.at(-1)) > Number(lost[0]), "a number was given twice");
		await money_is_found(world, who, lost_order);
		const result = await settle(world);
		assert.deepEqual(result.lost, []);
		assert.deepEqual(await world.gateway_events("gw-1", "spool-replaced"), [], "it is not the gateway's folder that is older");
	} finally {
		await world.stop({ quietly: true });
	}
});
