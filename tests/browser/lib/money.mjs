// Accounts and money as they look after some weeks: a shop that buys, one that is billed, debts, a day of the bank.
import { open_account } from "../../lib/accounts.mjs";
import { P1, changed, day, make } from "../../lib/estate.mjs";

const DAY_S = 86400;
const day_no = (from_today) => Math.floor((Date.now() / 1000 + 28800) / DAY_S) + from_today;

// A postpaid account with a bill that is late, a debt, an order, a shift, a daily bill with a difference.
export async function fill_money(world) {
	const { api } = world;
	const [first, second = first] = (await api.get("/properties/p1/customers")).items;
	const account = await open_account(world, { customer: first.id, code: "A-301" });
	const billed = await open_account(world, { customer: second.id, code: "S-102" });
	await world.sql(`UPDATE account_terms SET kind='postpaid', bill_day=1, due_days=10 WHERE account_id=${billed};
		INSERT INTO account_bill(property_id, account_id, bill_no, from_day, to_day, due_day, amount_fen, made_s, scanned, scan_after, reminded_s, overdue_s, paid_s, version)
			VALUES(1, ${billed}, 1, ${day_no(-60)}, ${day_no(-31)}, ${day_no(-20)}, 128450, ${Math.floor(Date.now() / 1000) - 30 * DAY_S}, 0, 0, ${Math.floor(Date.now() / 1000) - 23 * DAY_S}, ${Math.floor(Date.now() / 1000) - 19 * DAY_S}, 0, 1)`);
	await changed(api, "PATCH", `${P1}/vending`, { adjust_alone_fen: 500000 }, { version: '"v0"' });
	const shift = await make(api, `${P1}/shifts`, { opening_fen: 10000 });
	const order = await make(api, `${P1}/orders`, { account, amount_fen: 5000, channel: "cash" });
	await make(api, `${P1}/debts`, { account, kind: "property_fee", amount_fen: 36000, reason: "三季度物业费，协议 2026-31" });
	await make(api, `${P1}/adjustments`, { account: billed, amount_fen: -130000, reason: "用量补记" });
	await make(api, `${P1}/bills`, { channel: "transfer", day: day(-1), lines: [{ number: "B-20261125-0001", amount_fen: 8800, paid_at: `${day(-1)}T04:00:00Z`, payer: "无名氏" }] });
	const { roster } = await make(api, `${P1}/allowances/give`, { kind: "energy", service: "electricity", source: "宿舍管理处", period: "month", amount: 20000, cap: 60000, from: new Date(Date.now() - 1000).toISOString().replace(/\.\d+/, ""), accounts: [account, billed], reason: "每月 20 度" }, 202);
	return { roster: `/allowances/p1/batch/${roster.id}`, "account-of": `/accounts/p1/${account}`, order: `/orders/p1/${order.id}`, bill: `/bills/p1/${billed}/1`, shift: `/shifts/p1/${shift.id}`,
		selling: "/settings/p1/selling", "account-new": "/accounts/p1/new",
		...Object.fromEntries(["accounts", "vending", "orders", "refunds", "suspense", "supply", "tenant-messages", "bills", "debts", "allowances", "shifts", "reconcile"].map((page) => [page, `/${page}/p1`])) };
}
