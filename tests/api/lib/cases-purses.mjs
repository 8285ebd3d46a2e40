// Cases 1, 4 and 5 of the trade: what is sold goes into the meter's own purse once, whatever is lost on the way, and the tenant
// is told the truth meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { P1, make } from "../../lib/estate.mjs";
import { HOARDING } from "../../lib/fake-terminal.mjs";
import { until } from "../../lib/process.mjs";
import { flat, now_s } from "./cases-bed.mjs";

export function purse_cases(bed) {
	const of = {};
	const sell = (who, amount_fen) => bed.pay(who.account, amount_fen);
	const purse = async (who) => (await bed.api.get(`/properties/p1/accounts/${who.account}`)).meters[0].purse;
	const reaches = (order, state) => until(`${order.number} ${state}`, async () => (await bed.order(order.id)).state === state);
	const told = async (who) => (await bed.told(who.account)).map(([kind]) => kind).filter((kind) => /^recharge/.test(kind));
	const holds = ({ terminal }) => [terminal.count, terminal.total_fen];

	async function prepare() {
		for (const name of ["lost", "away", "two"]) of[name] = await bed.tenant([[flat(600000), 1]], { since_s: now_s() - 60, credit: "meter" });
		// One is away all through the other cases: hours, for who waits.
		of.away.order = await sell(of.away, 3000);
		await of.away.terminal.offline(await of.away.terminal.next("recharge"));
		of.away.again = await of.away.terminal.next("recharge");
	}

	function tests() {
		test("case 1: the acknowledgement of a recharge is lost: the same count again, and it is there once", async () => {
			const who = of.lost, { terminal } = who, order = await sell(who, 5000);
			const first = await terminal.next("recharge");
			await terminal.received(first);
			assert.deepEqual(terminal.execute(first), [0, 0]); // and nobody hears of it
			await terminal.no_answer(first);
			const second = await terminal.next("recharge");
			assert.deepEqual([second.count, second.total_fen, second.amount_fen], [first.count, first.total_fen, 5000]);
			assert.ok(second.counter > first.counter);
			assert.equal((await bed.order(order.id)).state, "delivering");
			assert.deepEqual(await told(who), []);
			await terminal.obey(second); // "repeat recharge"
			await reaches(order, "delivered");
			assert.deepEqual(holds(who), [1, 5000]);
			const seen = await purse(who);
			assert.deepEqual([seen.count, seen.total_fen, seen.balance_fen, seen.meter_total_fen, seen.differs, seen.pending], [1, 5000, 5000, 5000, false, null]);
			// The answer of the first comes at last; then the second's once more.
			await terminal.answered(first, [0, 0]);
			await terminal.answered(second, [1, 16]);
			assert.deepEqual((await bed.api.get(`/properties/p1/accounts/${who.account}/statement`)).items.map((l) => [l.kind, l.amount_fen]), [["deliver", -5000], ["sale", 5000]]);
			assert.deepEqual(await told(who), ["recharged"]);
		});

		test("the command line tells both sides of a purse, and who charges the meter and why", async () => {
			const { code } = await bed.api.get(`/properties/p1/accounts/${of.lost.account}`);
			const out = await until("looked at", async () => {
				const shown = (await bed.world.wattle("account", "show", code)).out;
				return /^charging /m.test(shown) && shown;
			}, { timeout_ms: 60000, every_ms: 1000 });
			assert.match(out, /^purse +50\.00 left by our books; 1 purchases of 50\.00 in it; the meter says 1 of 50\.00 at /m);
			assert.match(out, /^charging by the platform 平台控制; grace: cuts are announced before they are made: .* 停电前须预告，表计做不到$/m);
		});

		test("case 5: two recharges are queued and the first fails: the second waits, and both arrive in their order", async () => {
			const who = of.two, { terminal } = who, first = await sell(who, 5000), second = await sell(who, 700);
			const refused = await terminal.next("recharge");
			await terminal.refuses(refused, HOARDING);
			await reaches(first, "delivery_failed");
			assert.deepEqual([(await bed.order(second.id)).state, (await bed.order(second.id)).delivery.state], ["delivering", "waiting"]);
			assert.deepEqual(await told(who), ["recharge-failed"]);
			assert.equal(terminal.all("recharge").length, 1);
			await make(bed.cashier, `${P1}/orders/${first.id}/delivery`, { reason: "the limit was raised" }, 200);
			const again = await terminal.next("recharge");
			assert.deepEqual([again.count, again.amount_fen, again.total_fen], [1, 5000, 5000]);
			await terminal.obey(again);
			const next = await terminal.next("recharge");
			assert.deepEqual([next.count, next.amount_fen, next.total_fen], [2, 700, 5700]);
			await terminal.obey(next);
			await reaches(second, "delivered");
			assert.equal((await bed.order(first.id)).state, "delivered");
			assert.deepEqual([holds(who), (await purse(who)).total_fen], [[2, 5700], 5700]);
			assert.deepEqual(await told(who), ["recharge-failed", "recharged", "recharged"]);
		});

		test("case 4: a recharge while the meter was away: on its way until it is there, and only then credited", async () => {
			const who = of.away, { terminal, order, again } = who;
			const shown = await bed.order(order.id), seen = await purse(who);
			assert.deepEqual([shown.state, shown.stages.map((s) => s.state)], ["delivering", ["created", "paid", "delivering"]]);
			assert.deepEqual([seen.count, seen.pending_fen, seen.pending.amount_fen, seen.pending.order], [0, 3000, 3000, order.id]);
			assert.deepEqual(await told(who), []);
			assert.equal((await bed.money(who.account)).available_fen, 3000); // his money, not yet in the meter
			assert.deepEqual(holds(who), [0, 0]);
			await terminal.obey(again);
			await reaches(order, "delivered");
			assert.deepEqual([holds(who), await told(who)], [[1, 3000], ["recharged"]]);
		});
	}

	return { prepare, tests };
}
