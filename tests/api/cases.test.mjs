// Cases of the trade that everybody who bills has to get right (docs/quality.md lists where each is tested): registers that
// come late, fall, jump, lie across prices, steps and days, over the wire and through the books; and, in lib/cases-*.mjs on the
// same platform, payments, purses and supply. A gateway that we play sends registers of days that are over, for accounts that
// have been open since.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { after, before, test } from "node:test";
import { day, make, P1, try_make } from "../lib/estate.mjs";
import { send_photo } from "../lib/photo.mjs";
import { bin, run, until } from "../lib/process.mjs";
import { A, Bed, at, flat } from "./lib/cases-bed.mjs";
import { example_cases } from "./lib/cases-examples.mjs";
import { payment_cases } from "./lib/cases-payments.mjs";
import { purse_cases } from "./lib/cases-purses.mjs";
import { supply_cases } from "./lib/cases-supply.mjs";

const bed = new Bed(), examples = example_cases(bed), purses = purse_cases(bed), supplies = supply_cases(bed);
let api;

before(async () => {
	await bed.begin();
	api = bed.api;
	await purses.prepare();
	await registers_of_past_days();
});
after(() => bed.end());

const R = { rates: [{ price_uy: 300000 }, { price_uy: 600000 }, { price_uy: 100000 }] };
// Steps begin anew some days ago: no month does so on a day that not every month has.
const ANEW = [-6, -7, -8, -9].find((d) => Number(day(d).slice(8)) <= 28);
const steps = { thresholds: [100000], prices_uy: [0, 100000], settle: [{ month: Number(day(ANEW).slice(5, 7)), day: Number(day(ANEW).slice(8)) }] };
const holiday = { year: Number(day(-4).slice(0, 4)), month: Number(day(-4).slice(5, 7)), day: Number(day(-4).slice(8)), table: 2 };
const tables = [{ slots: [{ from: "08:00", rate: 2 }, { from: "22:00", rate: 1 }] }, { slots: [{ from: "00:00", rate: 3 }] }];

let gap, gift, step, slot, fall, clock, month, wild;

// All registers leave at once, and are billed while the first case waits: the platform looks each quarter of a minute.
async function registers_of_past_days() {
	const first = await bed.tenant();
	gap = await bed.tenant([[flat(600000), 1], [flat(800000), at(-3, "12:00")]]);
	gift = await bed.tenant([[flat(600000), 1], [flat(800000), at(-3, "12:00")]]);
	await make(api, A(gift.account, "/allowances"), { kind: "money", source: "school", period: "once", amount: 500, from: new Date().toISOString(), reason: "test" });
	step = await bed.tenant([[{ rates: [{ price_uy: 500000 }], steps }, 1]]);
	slot = await bed.tenant([[{ ...R, calendar: { tables }, holidays: [holiday] }, 1]]);
	[fall, clock, wild, month] = [await bed.tenant(), await bed.tenant(), await bed.tenant(), await bed.tenant([[{ rates: [{ price_uy: 600000 }], steps: { ...steps, thresholds: [9000000] } }, 1]])];
	await bed.send([[first.meter, [at(-1, "00:00"), 0]]]); // a new store is billed from its second batch on
	await until("begun", async () => (await bed.world.sql("SELECT 1 FROM store_info WHERE name='rating_file'")).length, { timeout_ms: 60000, every_ms: 500 });
	const registers = [
		[gap.meter, [at(-3, "06:00"), 0], [at(-3, "18:00"), 24000]],
		[gift.meter, [at(-3, "06:00"), 0], [at(-3, "18:00"), 24000]],
		[step.meter, [at(ANEW - 4, "12:00"), 0], [at(ANEW - 1, "12:00"), 90000], [at(ANEW, "12:00"), 130000]],
		[slot.meter, [at(-5, "21:00"), 0], [at(-5, "23:00"), 2000], [at(-4, "01:00"), 4000], [at(-4, "10:00"), 5000], [at(-3, "02:00"), 21000]],
		[fall.meter, [at(-3, "06:00"), 50000], [at(-3, "07:00"), 51000], [at(-3, "08:00"), 10000]],
		[clock.meter, [at(-2, "06:00"), 5000], [at(1, "06:00"), 6000], [at(-1, "06:00"), 7000]],
		[wild.meter, [at(-3, "06:00"), 5000], [at(-3, "07:00"), 995000]],
		[month.meter, ...[...Array(30).keys()].map((d) => [at(d - 31, "00:00"), d * 1000])],
	];
	registers.push(...(await examples.prepare()), ...(await supplies.prepare()));
	await bed.send(registers);
	await bed.billed(registers);
}

async function resolve(meter, json) {
	const version = (await api.call("GET", `/api/v1/meters/${meter}/rating`)).headers.get("etag");
	return api.call("PUT", `/api/v1/meters/${meter}/rating/resolution`, { json: { reason: "seen", ...json }, headers: { "If-Match": version, "Idempotency-Key": randomUUID() } });
}

const typed = async ({ account, meter }, units) => ({ meter, units, photo: await send_photo(api, A(account)), accepted: true });

test("case 6: a price changes inside a gap, and each side has its price", async () => {
	assert.deepEqual(await bed.parts(gap.meter), [[1, 1, 600000, 0, 12000, 12000], [1, 1, 800000, 12000, 24000, 12000]]);
	assert.ok((await bed.charges(gap.meter)).every((c) => c.estimated));
	assert.equal((await bed.money(gap.account)).available_fen, -(720 + 960));
});

test("case 7: a step boundary and the end of the year of steps lie inside one interval", async () => {
	assert.deepEqual(await bed.parts(step.meter, ANEW - 1), [
		[1, 1, 500000, 75000, 100000, 25000], [1, 2, 600000, 100000, 110000, 10000], // of it 15 kWh were before noon
		[1, 1, 500000, 110000, 130000, 20000]]);
	assert.equal((await bed.money(step.account)).available_fen, -(5000 + 600 + 1000));
	assert.equal((await bed.rating(step.meter)).step_used, 20000);
});

test("case 8: a slot over midnight, and a holiday", async () => {
	assert.deepEqual((await bed.parts(slot.meter)).map(([rate, , price_uy, , , units]) => [rate, price_uy, units]), [
		[2, 600000, 1000], [1, 300000, 2000], [3, 100000, 15000], [3, 100000, 1000], [1, 300000, 2000]]);
	assert.equal((await bed.money(slot.account)).available_fen, -(60 + 60 + 160 + 60));
});

test("case 9: a register that falls charges nothing until somebody decides, and then goes on", async () => {
	const { fault, fault_units, billed_units } = await bed.rating(fall.meter);
	assert.deepEqual([fault, fault_units, billed_units], ["register-back", 10000, 51000]);
	const before = (await bed.money(fall.account)).available_fen;
	assert.equal(before, -3060);
	assert.equal((await resolve(fall.meter, { how: "baseline", reason: "" })).body.field, "reason");
	const { body } = await resolve(fall.meter, { how: "baseline" });
	assert.deepEqual([body.fault, body.billed_units], [null, 10000]);
	assert.equal((await bed.money(fall.account)).available_fen, before);
	const next = [[fall.meter, [at(-3, "09:00"), 11000]]];
	await bed.send(next);
	await bed.billed(next);
	assert.equal((await bed.money(fall.account)).available_fen, before - 60);
});

test("case 9: one false value among good ones is discarded, and nothing is charged twice", async () => {
	const before = (await bed.money(fall.account)).available_fen;
	await bed.send([[fall.meter, [at(-3, "10:00"), 2000]]]);
	await until("it waits for somebody", async () => (await bed.rating(fall.meter)).fault === "register-back", { timeout_ms: 60000, every_ms: 500 });
	const { body } = await resolve(fall.meter, { how: "discard" });
	assert.deepEqual([body.fault, body.billed_units], [null, 11000]);
	const next = [[fall.meter, [at(-3, "11:00"), 12000]]];
	await bed.send(next);
	await bed.billed(next);
	assert.equal((await bed.money(fall.account)).available_fen, before - 60);
});

test("case 9: more than the circuit carries waits for somebody, who may say that it is right", async () => {
	assert.equal((await bed.rating(wild.meter)).fault, "register-jump");
	const before = (await bed.money(wild.account)).available_fen;
	assert.equal(before, -300);
	assert.equal((await resolve(wild.meter, { how: "accept" })).status, 200);
	assert.equal((await bed.money(wild.account)).available_fen, before - 990 * 60);
});

test("case 10: a reading of a clock that is a day ahead charges nothing; the register decides", async () => {
	const { billed_at, billed_units } = await bed.rating(clock.meter);
	assert.deepEqual([Date.parse(billed_at) / 1000, billed_units], [at(-1, "06:00"), 7000]);
	assert.equal((await bed.money(clock.account)).available_fen, -420);
});

test("case 19: thirty days come at once, a posting for each", async () => {
	const { items } = await api.get(`/properties/p1/accounts/${month.account}/statement?limit=100`);
	assert.deepEqual(items.map((l) => [l.kind, l.amount_fen]), Array(29).fill(["charge", -60]));
	assert.deepEqual(items.map((l) => l.balance_fen), [...Array(29).keys()].map((i) => -60 * (29 - i)));
});

test("readings come late from inside a gap: the posted day stays, and a row says what they change of it", async () => {
	const next = [[gap.meter, [at(-2, "00:00"), 24000]]];
	await bed.send(next);
	await bed.billed(next);
	await bed.send([[gap.meter, [at(-3, "12:00"), 6000]], [gift.meter, [at(-3, "12:00"), 6000]]]);
	const path = `/properties/p1/accounts/${gap.account}`;
	const lines = await until("the correction", async () => {
		const { items } = await api.get(`${path}/statement?limit=100`);
		return items.length > 1 && items;
	}, { timeout_ms: 60000, every_ms: 500 });
	// 6 kWh before the price changed and 18 after, instead of 12 and 12
	assert.deepEqual(lines.map((l) => [l.kind, l.amount_fen, l.reason.slice(-10), l.refers]), [["charge", -120, day(-3), lines[1].id], ["charge", -1680, day(-3), null]]);
	assert.match(lines[0].reason, /^late readings of /);
	const { items } = await api.get(`${path}/charges?from=${day(-3)}&to=${day(-3)}&posting=${lines[0].id}`);
	assert.deepEqual(items.map((c) => [c.correction, c.price_uy, c.units, c.amount_fen]), [[true, 600000, -6000, -360], [true, 800000, 6000, 480]]);
	assert.equal((await bed.charges(gap.meter)).reduce((sum, c) => sum + c.units, 0), 24000);
	assert.equal((await bed.money(gap.account)).balance_fen, -1800);
});

test("readings that come late and change nothing are told of, with the reason in both languages", async () => {
	const before = -(720 + 960) + 500;
	const told = await until("an alarm", async () => (await api.get("/properties/p1/alarms?limit=100")).items.find((a) => a.meter === gift.meter));
	assert.deepEqual([told.kind, told.level, told.ended_at, told.value], ["late-allowance", "important", null, at(-3, "18:00")]);
	assert.match(told.title, /the account had an allowance/);
	assert.match(told.title_zh, /免费额度/);
	assert.equal((await bed.money(gift.account)).available_fen, before);
});

test("case 11: another meter during arrears: balance and place in the steps go over to it", async () => {
	const { meter } = await bed.adopted();
	const before = (await bed.rating(month.meter)).step_used;
	const { account } = await bed.act(200, month.account, "swap", { old: await typed(month, 30000), meter, units: 5000 });
	assert.equal(account.money.balance_fen, -1740 - 60);
	const now = await bed.rating(meter);
	assert.deepEqual([now.billed_units, now.step_used], [5000, before + 1000]);
});

test("case 18: no more goes back than is there", async () => {
	await make(bed.cashier, `${P1}/orders`, { account: clock.account, amount_fen: 2000, channel: "cash" });
	const answer = await try_make(api, `${P1}/refunds`, { account: clock.account, amount_fen: 1581, channel: "transfer", payee: "6222", reason: "test" });
	assert.deepEqual([answer.status, answer.body.field], [409, "amount_fen"], JSON.stringify(answer.body));
});

test("case 12: closed with its meter away: typed registers with a photo; what was given is not paid out; who owes stays", async () => {
	await make(api, A(clock.account, "/allowances"), { kind: "money", source: "school", period: "once", amount: 500, from: new Date().toISOString(), reason: "test" });
	assert.equal((await bed.act(400, clock.account, "close", { meters: [{ meter: clock.meter, units: 7000 }], payee: "6222" })).field, "photo");
	const left = await bed.act(200, clock.account, "close", { meters: [await typed(clock, 7000)], payee: "6222" });
	assert.deepEqual([left.direction, left.left_fen, left.account.state], ["refund", 2000 - 420, "closed"]);
	const owes = await bed.act(200, gap.account, "close", { meters: [await typed(gap, 24000)], payee: "6222" });
	assert.deepEqual([owes.direction, owes.left_fen, owes.account.state], ["pays", -1800, "closing"]);
});

examples.tests();
purses.tests();
payment_cases(bed);
supplies.tests();

test("B1: a second platform on the same store is refused and says so, and the first one goes on", async () => {
	const { code, err } = await run(bin("wattled"), ["--config", path.join(bed.world.data, "wattle.ini")], { timeout: 20000 });
	assert.equal(code, 2);
	assert.match(err, /another wattled runs on it/);
	assert.ok(bed.world.platform.running);
	assert.equal((await bed.api.get("/properties/p1")).slug, "p1");
});
