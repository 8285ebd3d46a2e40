// The worked examples of the trade, to the fen, from registers over the wire to the balance that is shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { P1, day, make } from "../../lib/estate.mjs";
import { A, at, flat } from "./cases-bed.mjs";

const PULSES = 200;
// Steps of a year that ended more than two months ago.
const YEAR = [{ month: Number(day(-100).slice(5, 7)), day: 1 }];
const steps = (...thresholds) => ({ thresholds, prices_uy: [0, 50000, 300000].slice(0, thresholds.length + 1), settle: YEAR });

export function example_cases(bed) {
	const of = {};
	const available = async (name) => (await bed.money(of[name].account)).available_fen;
	const yesterday = (minute) => at(-2, "06:00") + minute * 60;

	async function prepare() {
		const base = { rates: [{ price_uy: 500000 }] };
		of.pulses = await bed.tenant([[flat(558300), 1]]);
		of.first = await bed.tenant([[{ ...base, steps: steps(2880000) }, 1]]);
		of.second = await bed.tenant([[{ ...base, steps: steps(2880000, 4800000) }, 1]]);
		of.change = await bed.tenant([[flat(600000), 1], [flat(650000), at(-3, "12:00")]]);
		of.books = await bed.tenant([[flat(600000), 1]], { paid_fen: 12000 });
		of.days = await bed.tenant([[flat(600000), 1]], { paid_fen: 8640 + 6300 });
		return [
			[of.pulses.meter, ...[...Array(PULSES + 1).keys()].map((k) => [yesterday(k), k * 500])],
			[of.first.meter, [at(-3, "06:00"), 2870000], [at(-3, "07:00"), 2895000]],
			[of.second.meter, [at(-3, "06:00"), 4790000], [at(-3, "07:00"), 4820000]],
			[of.change.meter, [at(-3, "00:00"), 0], [at(-2, "00:00"), 24000]],
			[of.books.meter, [at(-3, "00:00"), 0], [at(-1, "00:00"), 469000]],
			[of.days.meter, ...[...Array(8).keys()].map((k) => [at(k - 7, "00:00"), k * 15000])],
		];
	}

	function tests() {
		test("§2: 100 kWh in 200 pieces at 0.5583 cost 55.83, and not a fen of rounding", async () => {
			assert.equal(await available("pulses"), -5583);
		});

		test("§7: an interval over a threshold is split there: 25 kWh from 2870 cost 13.25, 30 kWh from 4790 cost 21.50", async () => {
			const last = async (name, from) => (await bed.charges(of[name].meter)).filter((c) => c.from_units >= from);
			const sum = (charges) => charges.reduce((n, c) => n + c.units * c.price_uy, 0) / 1e7;
			const [first, second] = [await last("first", 2870000), await last("second", 4790000)];
			assert.deepEqual(first.map((c) => [c.step, c.price_uy, c.units]), [[1, 500000, 10000], [2, 550000, 15000]]);
			assert.deepEqual(second.map((c) => [c.step, c.price_uy, c.units]), [[2, 550000, 10000], [3, 800000, 20000]]);
			assert.deepEqual([sum(first), sum(second)], [1325, 2150]);
			assert.equal(await available("first"), -(2870 * 50 + 1325));
			assert.equal(await available("second"), -(2880 * 50 + 1910 * 55 + 2150));
		});

		test("§7: a change of price in the middle of 24 kWh: 15.00", async () => {
			assert.equal(await available("change"), -1500);
		});

		test("§14: 120.00 + 300.00 + 20.00 - 5.00 - 281.40 = 153.60, in the statement and in what is available", async () => {
			const { account } = of.books;
			await bed.pay(account, 30000);
			await make(bed.api, A(account, "/allowances"), { kind: "money", source: "school", period: "once", amount: 2000, from: new Date().toISOString(), reason: "test" });
			await make(bed.finance, `${P1}/adjustments`, { account, amount_fen: -500, reason: "test" });
			const { items } = await bed.api.get(`/properties/p1/accounts/${account}/statement?limit=100`);
			const of_kind = (kind) => items.filter((l) => l.kind === kind).reduce((n, l) => n + l.amount_fen, 0);
			assert.deepEqual([of_kind("sale"), of_kind("adjust"), of_kind("charge")], [12000 + 30000, -500, -28140]);
			assert.equal(items[0].balance_fen, 15360 - 2000);
			assert.equal(await available("books"), 15360);
		});

		test("§15: 86.40 with 63.00 spent in 7 days last 9.6 days", async () => {
			assert.equal(await available("days"), 8640);
			assert.equal((await bed.api.get(`/meters/${of.days.meter}/supply`)).days_left_tenths, 96);
		});
	}

	return { prepare, tests };
}
