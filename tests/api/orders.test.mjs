// Money at the counter over the API: A1 and A2 of the acceptance cases, receipts, suspense from a bank statement,
// reversal, refund, shifts, and what a second person is asked.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { open_account } from "../lib/accounts.mjs";
import { P1, changed, change, day, estate, make, try_make } from "../lib/estate.mjs";
import { run_ok } from "../lib/process.mjs";
import { World } from "../lib/world.mjs";
import { clerk } from "./lib/samples.mjs";

let world, api, account, other, cashier, finance;

before(async () => {
	world = await World.start({ parts: ["platform"] });
	api = world.api;
	const e = await estate(api);
	const tenant = async (name, room) => {
		const { id } = await make(api, `${P1}/customers`, { name, phones: [{ number: "13812341234", main: true }] });
		await make(api, `${P1}/leases`, { customer: id, spaces: [room.id], start: day(0) });
		return id;
	};
	account = await open_account(world, { customer: await tenant("张三", e.r301), code: "A-301" });
	other = await open_account(world, { customer: await tenant("李四", e.r302), code: "A-302" });
	cashier = await clerk(world, "cashier", "--property", "p1", "--role", "cashier");
	finance = await clerk(world, "finance", "--property", "p1", "--role", "finance");
	await make(cashier, `${P1}/shifts`, { opening_fen: 10000 });
});
after(() => world?.stop());

const sell = (amount_fen, more = {}) => make(cashier, `${P1}/orders`, { account, amount_fen, channel: "cash", ...more });
const quote = async (amount_fen, who = cashier) => (await who.call("GET", `${P1}/accounts/${account}/quote?amount_fen=${amount_fen}`)).body;
const statement = async () => (await world.wattle("ledger", "show", "A-301")).out;

test("a purchase: asked, sold, shown with its stages, receipt in both forms", async () => {
	const asked = await quote(12345);
	assert.equal(asked.credit_fen, 12345);
	assert.equal(asked.refused, null);
	const order = await sell(12345);
	assert.equal(order.state, "delivered");
	assert.deepEqual(order.stages.map((s) => s.state), ["created", "paid", "delivered"]);
	const receipt = await cashier.get(`/properties/p1/orders/${order.id}/receipt`);
	assert.equal(receipt.receipt_no, 1);
	assert.deepEqual(receipt.parts, [{ part: "credit", amount_fen: 12345 }]);
	assert.equal(receipt.balance_fen, 12345);
	assert.deepEqual([receipt.rooms, receipt.voucher], [["A/3/301"], ""]);
	const printed = await cashier.call("GET", `${P1}/orders/${order.id}/receipt/text`);
	assert.match(String(printed.body), /收据 Receipt No\. 1[\s\S]*合计 \(元\) Total \(yuan\): 123\.45/);
	const { items } = await cashier.get(`/properties/p1/orders?account=${account}&state=delivered&sort=-id`);
	assert.deepEqual(items.map((o) => o.id), [order.id]);
});

test("the desk finds an account by what its tenant says, and only those of one's own", async () => {
	const find = async (q, who = cashier) => (await who.get(`/properties/p1/desk?q=${encodeURIComponent(q)}`)).items.map((a) => a.code);
	for (const said of ["A-301", "a-30", "张三", "301", "1234"]) assert.ok((await find(said)).includes("A-301"), said);
	assert.deepEqual(await find("302"), ["A-302"]);
	assert.deepEqual(await find("999"), []);
	const [found] = (await cashier.get("/properties/p1/desk?q=A-301")).items;
	assert.deepEqual([found.state, found.customer.name, found.rooms], ["open", "张三", ["A/3/301"]]);
	assert.equal((await finance.call("GET", `${P1}/desk?q=A-301`)).status, 403);
});

test("A1: a hundred times the same key is one purchase, another amount under it none", async () => {
	const key = randomUUID(), post = (amount_fen) => cashier.call("POST", `${P1}/orders`, { json: { account, amount_fen, channel: "cash" }, headers: { "Idempotency-Key": key } });
	const before = (await quote(1)).balance_fen;
	const answers = await Promise.all(Array.from({ length: 100 }, () => post(700)));
	const made = answers.filter((a) => a.status === 201);
	assert.ok(made.length >= 1);
	assert.ok(answers.every((a) => [201, 409].includes(a.status)), JSON.stringify(answers.map((a) => a.status)));
	assert.equal(new Set(made.map((a) => JSON.stringify(a.body))).size, 1);
	assert.deepEqual((await post(700)).body, made[0].body);
	assert.equal((await post(701)).status, 422);
	assert.equal((await quote(1)).balance_fen, before + 700);
});

test("A2: amounts that are none are refused by name, and leave no row", async () => {
	const before = (await cashier.get("/properties/p1/orders?limit=500")).items.length;
	const raw = (amount) => cashier.call("POST", `${P1}/orders`, { text: `{"account":"${account}","channel":"cash"${amount === undefined ? "" : `,"amount_fen":${amount}`}}`, type: "application/json", headers: { "Idempotency-Key": randomUUID() } });
	for (const amount of ["0", "-1", "0.001", "1e309", "NaN", "9223372036854775808", '"１００"', undefined, "[100]", "null", '"100"', "true", "{}", "1000000001"]) {
		const answer = await raw(amount);
		assert.equal(answer.status, 400, `${amount}: ${JSON.stringify(answer.body)}`);
		// What is no JSON at all has no member to name.
		if (!["1e309", "NaN"].includes(amount)) assert.equal(answer.body.field, "amount_fen", `${amount}: ${JSON.stringify(answer.body)}`);
	}
	assert.equal((await raw("1".repeat(60_000))).status, 400);
	// So much is refused before it is all there: with a word, or with the end of the connection under the rest of it.
	const much = await raw("1".repeat(1_000_000)).catch((error) => error);
	assert.ok(much instanceof TypeError || [400, 413].includes(much.status), JSON.stringify(much.body));
	assert.equal((await cashier.get("/properties/p1/orders?limit=500")).items.length, before);
});

test("a mistake is reversed by who made it, once, and the receipt says so", async () => {
	const order = await sell(5000), path = `${P1}/orders/${order.id}`;
	assert.equal((await try_make(api, `${path}/reversal`, { reason: "not mine" })).status, 409);
	const { item, approval } = await make(cashier, `${path}/reversal`, { reason: "typed a nought too much" });
	assert.equal(approval, null);
	assert.equal(item.kind, "reversal");
	assert.equal((await try_make(cashier, `${path}/reversal`, { reason: "again" })).status, 409);
	assert.equal((await cashier.get(`/properties/p1/orders/${order.id}`)).reversal, item.id);
	assert.match(String((await cashier.call("GET", `${path}/receipt/text`)).body), /已冲正 reversed/);
});

test("credit is refunded up to what is left, and paid out with its mark", async () => {
	const have = (await quote(1)).balance_fen;
	const ask = (amount_fen) => ({ account, amount_fen, channel: "cash", reason: "moves out" });
	const more = await try_make(cashier, `${P1}/refunds`, ask(have + 1));
	assert.equal(more.status, 409);
	assert.equal(more.body.field, "amount_fen");
	const { item } = await make(cashier, `${P1}/refunds`, ask(345));
	assert.equal(item.state, "decided");
	const paid = await make(cashier, `${P1}/refunds/${item.id}/paid`, { channel: "cash" }, 200);
	assert.equal(paid.state, "paid");
	assert.equal((await try_make(cashier, `${P1}/refunds/${item.id}/paid`, { channel: "cash" })).status, 409);
	assert.equal((await quote(1)).balance_fen, have - 345);
});

test("a large refund waits for a second person, who is not the cashier", async () => {
	await sell(90000);
	const { item, approval } = await make(cashier, `${P1}/refunds`, { account, amount_fen: 60000, channel: "transfer", payee: "6222 张三", reason: "moves out" });
	assert.equal(item, null);
	const decide = async (who) => who.call("POST", `/api/v1/approvals/${approval}/decision`, { json: { verdict: "agree", hash: (await api.get(`/approvals/${approval}`)).approval.hash }, headers: { "Idempotency-Key": randomUUID() } });
	assert.equal((await decide(cashier)).status, 403);
	assert.equal((await decide(api)).body.state, "done");
	const { items: [refund] } = await cashier.get(`/properties/p1/refunds?account=${account}&state=decided`);
	assert.equal(refund.amount_fen, 60000);
	assert.equal(refund.approval, approval);
});

test("P4: a line of a bank statement that belongs to nobody is seen with its age, and credited with a reason", async () => {
	const lines = [{ number: "B-1", amount_fen: 8800, paid_at: `${day(-1)}T04:00:00Z`, payer: "无名氏" }];
	const bill = await make(finance, `${P1}/bills`, { channel: "transfer", day: day(-1), lines });
	assert.equal(bill.open, 1);
	assert.equal((await try_make(cashier, `${P1}/bills`, { channel: "transfer", day: day(-1), lines })).status, 403);
	const { items: [stray] } = await finance.get("/properties/p1/suspense");
	assert.deepEqual([stray.reason, stray.amount_fen, stray.payer, stray.state], ["unknown_order", 8800, "无名氏", "open"]);
	assert.ok(stray.age_s >= 0);
	const path = `${P1}/suspense/${stray.id}`;
	assert.equal((await try_make(finance, `${path}/credit`, { account: "4711", reason: "?" })).body.field, "account");
	const settled = await make(finance, `${path}/credit`, { account: other, reason: "the tenant called" }, 200);
	assert.equal(settled.state, "credited");
	assert.equal((await cashier.get(`/properties/p1/orders/${settled.order}`)).receipt_no > 0, true);
	// The day closes only when somebody has settled the difference, too.
	assert.equal((await change(finance, "PUT", `${P1}/bills/${bill.id}/closing`, undefined, { read: `${P1}/bills/${bill.id}` })).status, 409);
	const { items: [difference] } = await finance.get(`/properties/p1/differences?bill=${bill.id}`);
	assert.equal(difference.match, "theirs_only");
	await changed(finance, "PUT", `${P1}/differences/${difference.id}/settlement`, { reason: "credited to A-302" }, { read: `${P1}/differences/${difference.id}` });
	const closed = await changed(finance, "PUT", `${P1}/bills/${bill.id}/closing`, undefined, { read: `${P1}/bills/${bill.id}` });
	assert.ok(closed.closed_at);
});

test("the service fee begins only when the warning was confirmed", async () => {
	const rules = await api.get("/properties/p1/vending");
	assert.equal(rules.fee_ppm, 0);
	assert.match(rules.fee_warning.zh, /转供电/);
	const refused = await change(api, "PATCH", `${P1}/vending`, { fee_ppm: 10000 });
	assert.deepEqual([refused.status, refused.body.field], [400, "fee_confirmed"]);
	await changed(api, "PATCH", `${P1}/vending`, { fee_ppm: 10000, fee_confirmed: true });
	const asked = await quote(10000);
	assert.deepEqual([asked.fee_fen, asked.credit_fen], [100, 9900]);
	await changed(api, "PATCH", `${P1}/vending`, { fee_ppm: 0 });
	const { items } = await api.get("/audit?property=p1&action=vending.edit");
	assert.equal(items.filter((line) => /resale warning confirmed/.test(line.detail)).length, 1);
});

test("debts are recovered within their share, adjustments are finance's", async () => {
	const debt = await make(finance, `${P1}/debts`, { account, kind: "rent", amount_fen: 400, reason: "agreed" });
	const order = await sell(1000);
	assert.deepEqual([order.debt_fen, order.credit_fen], [400, 600]);
	assert.equal((await finance.get(`/properties/p1/debts/${debt.id}`)).state, "done");
	const before = (await quote(1)).balance_fen;
	assert.equal((await try_make(cashier, `${P1}/adjustments`, { account, amount_fen: -100, reason: "no" })).status, 403);
	const made = await make(finance, `${P1}/adjustments`, { account, amount_fen: -100, reason: "meter was read wrongly" });
	assert.equal(made.balance_fen, before - 100);
	const large = await make(finance, `${P1}/adjustments`, { account, amount_fen: -20000, reason: "large" });
	assert.ok(large.approval);
	assert.equal(large.posting, null);
});

test("a shift closes with what was counted, and a difference wants a note", async () => {
	const { items: [shift] } = await cashier.get("/properties/p1/shifts?open=true");
	assert.ok(shift.own);
	const path = `${P1}/shifts/${shift.id}`, close = (json) => try_make(cashier, `${path}/closing`, json);
	const wrong = await close({ counted_fen: shift.expected_fen - 5 });
	assert.deepEqual([wrong.status, wrong.body.field], [400, "note"]);
	const closed = await close({ counted_fen: shift.expected_fen - 5, handed_to: "王经理", note: "five fen short" });
	assert.equal(closed.body.difference_fen, -5);
	const refused = await try_make(cashier, `${P1}/orders`, { account, amount_fen: 100, channel: "cash" });
	assert.deepEqual([refused.status, refused.body.field], [409, "channel"]);
	assert.equal((await finance.call("GET", path)).status, 403);
});

test("from the command line: a till, a quote, a sale, its stages, the account's statement, the books", async () => {
	const code = async (...args) => (await world.wattle(...args).catch((e) => e)).code;
	await world.wattle("shift", "open", "50");
	const asked = await world.wattle("vend", "A-301", "12.50", "--quote");
	assert.match(asked.out, /credit 12\.50/);
	const { out } = await world.wattle("vend", "A-301", "12.50");
	const [number] = out.match(/^W\d{12}/);
	assert.match((await world.wattle("order", "show", number)).out, /delivered/);
	assert.match((await world.wattle("order", "list", "--account", "A-301")).out, new RegExp(number));
	assert.match(await statement(), /order:\d+:paid/);
	assert.match((await world.wattle("ledger", "verify")).out, /postings, each as it was written/);
	assert.match((await world.wattle("shift", "close", "62.50")).out, /difference 0\.00/);
	assert.match((await world.wattle("shift", "list")).out, /counted 62\.50/);
	assert.notEqual(await code("vend", "A-301", "12.505"), 0);
	assert.notEqual(await code("vend", "nobody", "1"), 0);
});

test("a flipped fen in the ledger is found by the command", async () => {
	await run_ok("sqlite3", ["-cmd", ".timeout 5000", `${world.data}/store/wattle.db`, "UPDATE ledger_entry SET amount_fen=amount_fen+1 WHERE line=1 AND group_no=2"]);
	const failed = await world.wattle("ledger", "verify").then(() => null, (e) => e);
	assert.ok(failed, "the flipped fen was not noticed");
});
