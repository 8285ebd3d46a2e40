// What the cases of the trade stand on: one platform, one gateway that we play, and terminals of it with their accounts.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { open_account } from "../../lib/accounts.mjs";
import { P1, changed, day, make } from "../../lib/estate.mjs";
import { FakeGateway, reading } from "../../lib/fake-gateway.mjs";
import { FakeTerminals } from "../../lib/fake-terminal.mjs";
import { end } from "../../lib/mqtt.mjs";
import { until } from "../../lib/process.mjs";
import { World, meter_number } from "../../lib/world.mjs";
import { clerk } from "./samples.mjs";

export const OPEN_DAY = -40;
// An instant of a civil day in China, some days from today.
export const at = (from_today, clock) => Date.parse(`${day(from_today)}T${clock}:00+08:00`) / 1000;
export const flat = (price_uy) => ({ rates: [{ price_uy }] });
export const A = (id, rest = "") => `${P1}/accounts/${id}${rest}`;
export const now_s = () => Math.floor(Date.now() / 1000);
const chip = (k) => String(k).padStart(24, "c"), key = (k) => String(k).padStart(64, "0");

export class Bed {
	used = 0;

	async begin() {
		// Commands wait for the test that is about them.
		this.world = await World.start({ parts: ["platform"], settings: "[platform]\ncommand_expiry_s = 600\n" });
		this.api = this.world.api;
		this.gateway = await FakeGateway.open(this.world);
		this.terminals = new FakeTerminals(this.gateway);
		this.customer = (await make(this.api, `${P1}/customers`, { name: "安娜", phones: [{ number: "13812341234", main: true }] })).id;
		this.cashier = await clerk(this.world, "cashier", "--property", "p1", "--role", "cashier");
		this.finance = await clerk(this.world, "finance", "--property", "p1", "--role", "finance");
		await make(this.cashier, `${P1}/shifts`, { opening_fen: 100000 });
	}

	async end() {
		if (this.gateway) await end(this.gateway.client);
		await this.world?.stop();
	}

	/* ---- terminals and accounts ---- */

	// Published versions of a tariff of this meter: [plan, instant from which it holds].
	async price(meter, versions) {
		const id = 800 + this.used;
		const rows = versions.map(([plan, from_s], i) => `INSERT INTO tariff_version VALUES(${id * 10 + i}, ${id}, ${from_s}, 2, '${JSON.stringify(plan)}', '', 0, 1, 1, 'test', 1);`);
		await this.world.sql(`INSERT INTO tariff VALUES(${id}, 1, 1, 't${id}', 't${id}', 'electricity', 0, 0, 0, 1, 1); ${rows.join("")}
			INSERT INTO meter_tariff(property_id, meter, from_s, tariff_id, by_name) VALUES(1, ${meter}, 1, ${id}, 'test');`);
	}

	// A terminal that is adopted.
	async adopted() {
		const k = ++this.used, meter = meter_number(k);
		await this.gateway.found(chip(k));
		await this.api.expect(200, "POST", "/api/v1/devices/import", { text: `${chip(k)},${key(k)}\n`, type: "text/csv" });
		assert.equal((await this.api.adopt(chip(k), meter)).status, 201);
		return { k, meter, terminal: this.terminals.add(meter, chip(k), key(k)) };
	}

	// A meter with an account that has been open for 40 days, or since `since_s`, at register 0. It has paid before it is looked at.
	async tenant(versions = [[flat(600000), 1]], { since_s = at(OPEN_DAY, "00:00"), credit, paid_fen, plan, limits } = {}) {
		const { k, meter, terminal } = await this.adopted();
		const account = await open_account(this.world, { customer: this.customer, code: `A-${k}`, meter, since_s, credit });
		await this.price(meter, versions);
		if (paid_fen) await this.pay(account, paid_fen);
		if (plan || limits) await changed(this.api, "PATCH", A(account), { ...(plan && { plan }), ...(limits && { limits }), reason: "test" });
		return { meter, account, terminal };
	}

	// An account of no meter.
	async account(limits) {
		const account = await open_account(this.world, { customer: this.customer, code: `N-${++this.used}` });
		if (limits) await changed(this.api, "PATCH", A(account), { limits, reason: "test" });
		return account;
	}

	/* ---- readings and what they cost ---- */

	// Registers in Wh, each with its instant; many meters in one batch. What can be billed is billed some seconds later.
	async send(registers) {
		const rows = registers.flatMap(([meter, ...points]) => points.map(([time_s, energy_wh]) => reading(Number(meter), time_s, { energy_wh })));
		await this.gateway.until_acked(await this.gateway.send(rows.sort((a, b) => a.meter - b.meter || a.time_s - b.time_s)));
	}

	// Each of these meters is billed through its last register, or waits for a person.
	async billed(registers) {
		for (const [meter, ...points] of registers)
			await until(`${meter} is billed`, async () => {
				const { billed_at, fault } = await this.rating(meter);
				return fault || Date.parse(billed_at) / 1000 >= points.at(-1)[0];
			}, { timeout_ms: 60000, every_ms: 500 });
	}

	rating(meter) {
		return this.api.get(`/meters/${meter}/rating`);
	}

	async charges(meter) {
		return (await this.api.get(`/meters/${meter}/charges?from=${day(OPEN_DAY)}&limit=1000`)).items;
	}

	// [rate, step, price, register at the beginning, at the end, units] of each charge.
	async parts(meter, from = OPEN_DAY) {
		return (await this.charges(meter)).filter((c) => c.day >= day(from)).map((c) => [c.rate, c.step, c.price_uy, c.from_units, c.to_units, c.units]);
	}

	/* ---- accounts ---- */

	async money(account) {
		return (await this.api.get(`/properties/p1/accounts/${account}`)).money;
	}

	quote(account, amount_fen) {
		return this.cashier.get(`/properties/p1/accounts/${account}/quote?amount_fen=${amount_fen}`);
	}

	pay(account, amount_fen, more = { channel: "cash" }) {
		return make(this.cashier, `${P1}/orders`, { account, amount_fen, ...more });
	}

	order(id) {
		return this.api.get(`/properties/p1/orders/${id}`);
	}

	// What the customer was told: [kind, text], oldest first.
	async told(account) {
		const { items } = await this.api.get(`/properties/p1/messages?account=${account}&limit=100`);
		return items.map((m) => [m.kind, m.text]).reverse();
	}

	// An act on an account from the version that is there now.
	async act(status, id, word, json) {
		const version = (await this.api.call("GET", A(id))).headers.get("etag");
		const answer = await this.api.call("PUT", A(id, `/${word}`), { json: { reason: "test", ...json }, headers: { "If-Match": version, "Idempotency-Key": randomUUID() } });
		assert.equal(answer.status, status, `${word}: ${JSON.stringify(answer.body)}`);
		return answer.body;
	}
}
