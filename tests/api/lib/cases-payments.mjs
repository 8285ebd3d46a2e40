// Cases 2, 3, 17 and 20 of the trade and P4: money that a provider tells of twice at once, before its order, above a limit that was
// reached meanwhile, for orders that take none. A daily bill is the only word of a provider that comes over HTTP yet, and the
// platform takes it in as it takes a notice in: what is told before is the bill of an earlier day.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { P1, day, make } from "../../lib/estate.mjs";
import { order_number, waiting_order } from "../../lib/orders.mjs";
import { send_photo } from "../../lib/photo.mjs";

export function payment_cases(bed) {
	let number = 0;
	const line = (order, from_today, more = {}) => ({ number: `T-${++number}`, order_number: order.number, amount_fen: order.amount_fen, paid_at: `${day(from_today)}T04:00:00Z`, payer: "安娜", ...more });
	const load = (from_today, lines, channel = "wechat") => bed.finance.call("POST", `${P1}/bills`, { json: { channel, day: day(from_today), lines }, headers: { "Idempotency-Key": randomUUID() } });
	const loaded = async (...args) => {
		const answer = await load(...args);
		assert.equal(answer.status, 201, JSON.stringify(answer.body));
		return answer.body;
	};
	const suspense = async (number) => (await bed.finance.get("/properties/p1/suspense?limit=200")).items.filter((s) => s.number === number);
	const waits_for = (account, amount_fen, more) => waiting_order(bed.world, { account, amount_fen, ...more });
	const balance = async (account) => (await bed.money(account)).balance_fen;
	const sales = async (account) => (await bed.api.get(`/properties/p1/accounts/${account}/statement?limit=100`)).items.map((l) => [l.kind, l.amount_fen]).reverse();

	test("case 2: one payment is told of twice at once, in two bills and again: credited once", async () => {
		const account = await bed.account(), order = await waits_for(account, 5000), told = line(order, -9);
		const answers = await Promise.all([load(-9, [told]), load(-8, [told]), load(-9, [told])]);
		assert.deepEqual(answers.map((a) => a.status), [201, 201, 201], JSON.stringify(answers.map((a) => a.body)));
		await loaded(-9, [told]);
		await loaded(-7, [told, line({ number: "", amount_fen: 1 }, -7)]);
		assert.deepEqual(await sales(account), [["sale", 5000]]);
		const shown = await bed.order(order.id);
		assert.deepEqual([shown.state, shown.stages.map((s) => s.state)], ["delivered", ["created", "paid", "delivered"]]);
		assert.deepEqual(await suspense(told.number), []);
		assert.deepEqual((await bed.told(account)).map(([kind]) => kind), ["recharged"]);
	});

	test("case 3: a payment is told of before its order is there: it waits in sight, and is credited when it is told of again", async () => {
		const account = await bed.account(), id = 7_900_001, early = line({ number: order_number(id), amount_fen: 4200 }, -6);
		assert.equal((await loaded(-6, [early])).open, 1);
		const [waits] = await suspense(early.number);
		assert.deepEqual([waits.state, waits.reason, waits.amount_fen, waits.order_number], ["open", "unknown_order", 4200, early.order_number]);
		await waits_for(account, 4200, { id });
		assert.equal(await balance(account), 0);
		await loaded(-5, [early]);
		const settled = await bed.finance.get(`/properties/p1/suspense/${waits.id}`);
		assert.deepEqual([settled.state, settled.order], ["credited", String(id)]);
		await loaded(-4, [early]);
		assert.deepEqual(await sales(account), [["sale", 4200]]);
	});

	test("case 17: the hoarding limit is reached after the payment began: the money is credited all the same, and then nothing more is sold", async () => {
		const account = await bed.account({ hoarding_fen: 10000 });
		assert.deepEqual(await bed.quote(account, 6000).then((q) => [q.max_fen, q.refused]), [10000, null]);
		const order = await waits_for(account, 6000);
		await bed.pay(account, 10000); // just up to it
		const full = await bed.quote(account, 1);
		assert.deepEqual([full.max_fen, full.balance_fen], [0, 10000]);
		await loaded(-3, [line(order, -3)]);
		assert.equal(await balance(account), 16000);
		assert.equal((await bed.order(order.id)).state, "delivered");
		const refused = await bed.cashier.call("POST", `${P1}/orders`, { json: { account, amount_fen: 100, channel: "cash" }, headers: { "Idempotency-Key": randomUUID() } });
		assert.deepEqual([refused.status, refused.body.field], [409, "amount_fen"]);
	});

	test("P4: unknown, closed, expired, paid twice, a fen less, moved out: each is in sight with its reason, and nobody's credit", async () => {
		const { finance, cashier } = bed;
		const account = await bed.account(), gone = await bed.tenant();
		const closed = await waits_for(account, 1100), expired = await waits_for(account, 1200, { expired: true });
		const twice = await waits_for(account, 1300), less = await waits_for(account, 1400), left = await waits_for(gone.account, 1500);
		await make(cashier, `${P1}/orders/${closed.id}/closing`, { reason: "changed his mind" }, 200);
		const { account: after } = await bed.act(200, gone.account, "close", { meters: [{ meter: gone.meter, units: 0, photo: await send_photo(bed.api, `${P1}/accounts/${gone.account}`), accepted: true }], payee: "6222" });
		assert.equal(after.state, "closed");
		// Somebody else lives there now.
		const next = await bed.account();
		const lines = { unknown_order: line({ number: order_number(7_999_999), amount_fen: 1000 }, -2), closed: line(closed, -2), expired: line(expired, -2), first: line(twice, -2), twice: line(twice, -2), amount: line(less, -2, { amount_fen: 1399 }), account: line(left, -2) };
		const bill = await loaded(-2, Object.values(lines));
		assert.deepEqual([bill.lines, bill.open], [7, 6]);
		for (const [reason, { number, amount_fen }] of Object.entries(lines)) {
			const found = (await suspense(number)).map((s) => [s.state, s.reason, s.amount_fen, s.age_s >= 0]);
			assert.deepEqual(found, reason === "first" ? [] : [["open", reason, amount_fen, true]], reason);
		}
		assert.deepEqual(await sales(account), [["sale", 1300]]);
		assert.deepEqual([await balance(gone.account), await balance(next)], [0, 0]);
		assert.equal((await bed.order(less.id)).state, "mismatch");
		// The day does not close over it. Who moved out gets it back, by a person with a reason, once.
		const [stray] = await suspense(lines.account.number), path = `${P1}/suspense/${stray.id}`;
		const credit = await finance.call("POST", `${path}/credit`, { json: { account: gone.account, reason: "?" }, headers: { "Idempotency-Key": randomUUID() } });
		assert.deepEqual([credit.status, credit.body.field], [409, "account"]);
		const returned = await make(finance, `${path}/return`, { channel: "transfer", payee: "6222 安娜", reason: "moved out" }, 200);
		assert.equal(returned.state, "returned");
		assert.equal((await finance.call("POST", `${path}/return`, { json: { channel: "transfer", payee: "6222", reason: "again" }, headers: { "Idempotency-Key": randomUUID() } })).status, 409);
		const end = await finance.call("PUT", `${P1}/bills/${bill.id}/closing`, { headers: { "If-Match": (await finance.call("GET", `${P1}/bills/${bill.id}`)).headers.get("etag") } });
		assert.equal(end.status, 409);
	});
}
