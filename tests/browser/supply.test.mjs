// Supply as a person sees it, on the real chain: credit runs out, the meter is cut, a recharge brings it back by itself;
// a marked meter is cut by nobody; the switch stops what happens by itself; messages tell of all of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, it } from "node:test";
import { open_account } from "../lib/accounts.mjs";
import { P1, changed, make } from "../lib/estate.mjs";
import { until } from "../lib/process.mjs";
import { rating_state } from "../lib/rating.mjs";
import { sql } from "../lib/store.mjs";
import { World, meter_number } from "../lib/world.mjs";
import { axe, open_browser, open_page, pictures, screenshot, value_is } from "./lib/browser.mjs";

const EXACT_PER_FEN = 10_000_000n;
const id = (name) => `[data-testid=${name}]`;
let world, browser, base, login, accounts;

const main = () => path.join(world.data, "store/wattle.db");
const supply = (k) => world.api.get(`/meters/${meter_number(k)}/supply`);

// What rating writes as use goes on: so much is used up by now, and the last reading is of now.
const uses_up = (k, fen) =>
	sql(main(), `INSERT INTO rating(property_id, meter, account_id, use_from_s, service, fault, fault_s, fault_units, credit, version, state)
		VALUES(1, ${meter_number(k)}, ${accounts[k]}, 0, 1, 0, 0, 0, 1, 1,
		X'${rating_state({ billed_s: Math.floor(Date.now() / 1000), billed_units: 123456, accrued: BigInt(fen) * EXACT_PER_FEN })}')
		ON CONFLICT(property_id, meter) DO UPDATE SET state=excluded.state, fault=0, fault_s=0, fault_units=0`);

// A change of the mark has the account looked at, as a pass of rating would.
async function mark(k, kind) {
	const { mark: now } = await supply(k);
	await world.api.expect(200, "PUT", `/api/v1/meters/${meter_number(k)}/supply/mark`, { json: { kind, reason: "测试" }, headers: { "If-Match": `"v${now.version}"` } });
}

// Its credit is used up, and `seen` comes of it. A reading that is rated in between knows better than what was written,
// and doubts it: then once more.
async function runs_out(k, fen, what, seen) {
	await until(what, async () => {
		await uses_up(k, fen);
		await mark(k, "other");
		await mark(k, "none");
		return until(what, seen, { timeout_ms: 5000 });
	}, { timeout_ms: 60_000 });
}

before(async () => {
	world = await World.start({ terminals: 3 });
	base = `http://127.0.0.1:${world.http_port}`;
	const [, name, password] = readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
	login = { name, password };
	const { api } = world;
	await changed(api, "PATCH", `${P1}/alarm-plans/default`, { cut_notice_s: 0 }, { version: '"v0"' });
	await changed(api, "PATCH", `${P1}/supply-rules`, { spread_s: 5 }, { version: '"v0"' });
	accounts = {};
	for (const k of [1, 2, 3]) {
		const customer = await make(api, `${P1}/customers`, { name: `张${k}`, phones: [{ number: "13812341234", main: true }] });
		accounts[k] = await open_account(world, { customer: customer.id, code: `A-10${k}`, meter: meter_number(k) });
		await make(api, `${P1}/orders`, { account: accounts[k], amount_fen: 10000, channel: "transfer", voucher: `v${k}` });
		await uses_up(k, 0);
	}
	browser = await open_browser();
});
after(async () => {
	await browser?.close();
	await world?.stop();
});

it("a meter without credit is cut and comes back with a recharge, in sight", async () => {
	const page = await open_page(browser, base, { login });
	await page.goto("/supply/p1");
	await runs_out(1, 10000, "cut", async () => (await supply(1)).state === "cut");
	const state = page.locator(`[data-row="${meter_number(1)}"] [data-state], tr:has-text("${meter_number(1)}") [data-state]`).first();
	await value_is(state, "cut", (text) => text === "已停电", 60_000);
	assert.deepEqual(await axe(page), []);
	await pictures(page, "supply");
	await page.click("text=自动操作记录");
	await page.waitForSelector("text=余额用尽");
	await pictures(page, "supply-acts");
	await until("told", async () => (await world.api.get(`/properties/p1/messages?kind=cut`)).items.length === 1, { timeout_ms: 60_000 });
	await make(world.api, `${P1}/orders`, { account: accounts[1], amount_fen: 5000, channel: "transfer", voucher: "again" });
	await until("supply is back", async () => (await supply(1)).state !== "cut", { timeout_ms: 60_000 });
	await until("told of it", async () => (await world.api.get("/properties/p1/messages?kind=restored")).items.length === 1, { timeout_ms: 60_000 });
	await page.goto("/tenant-messages/p1");
	await page.waitForSelector("td:has-text('已恢复供电')");
	await page.waitForSelector("td:has-text('因欠费已于')");
	assert.deepEqual(await axe(page), []);
	await pictures(page, "tenant-messages");
	const choose = async (box, word) => {
		await page.locator(".filters").getByRole("combobox", { name: box }).click({ force: true });
		await page.locator(".el-select-dropdown__item:visible", { hasText: word }).first().click();
	};
	const kinds = page.locator("[data-row] td:nth-child(2)"), states = page.locator("[data-row] td:nth-child(5)");
	await choose("类型", "已停电");
	await page.waitForSelector("td:has-text('已恢复供电')", { state: "detached" });
	assert.deepEqual(new Set((await kinds.allTextContents()).map((text) => text.trim())), new Set(["已停电"]));
	const [told] = (await world.api.get("/properties/p1/messages?kind=cut")).items, word = { queued: "待发送", sent: "已发送", failed: "失败" }[told.state];
	await choose("状态", word);
	await value_is(states.first(), "its state", (text) => text.startsWith(word));
	await page.reload(); // what was chosen is remembered
	await value_is(kinds.first(), "its kind", (text) => text.trim() === "已停电");
	for (let i = 0; i < 2; i++) {
		await page.locator(".filters .el-select").nth(i).hover();
		await page.locator(".filters .el-select").nth(i).locator(".el-select__clear").click();
	}
	await page.waitForSelector("td:has-text('已恢复供电')");
	await page.click("[data-again] >> nth=0");
	await page.fill(id("reason"), "用户没收到");
	await page.click(id("confirm"));
	await page.waitForSelector("text=重发自");
	await page.context().close();
	assert.deepEqual(page.faults, []);
});

it("a marked meter is not cut, and the switch stops and lets go on", async () => {
	const page = await open_page(browser, base, { login, language: "en", width: 1280, height: 720 });
	await page.goto("/supply/p1");
	await page.click(`[data-mark="${meter_number(2)}"]`);
	await page.click(id("mark-kind"));
	await page.locator(".el-select-dropdown__item:visible", { hasText: "fire main" }).click();
	await page.fill(id("mark-reason"), "fire pump");
	await page.click(id("submit"));
	await page.waitForSelector("text=Never cut: fire main");
	await uses_up(2, 12000);
	await page.click(id("incident"));
	await page.fill(id("reason"), "wrong prices");
	await page.click(id("confirm"));
	await page.waitForSelector(id("stopped"));
	await runs_out(3, 12000, "wanted", async () => (await supply(3)).want === "open");
	await screenshot(page, "supply-stopped-1280x720");
	assert.equal((await supply(3)).opened, false);
	await page.click(id("incident"));
	await page.fill(id("reason"), "prices are right");
	await page.click(id("confirm"));
	await runs_out(3, 12000, "cut", async () => (await supply(3)).state === "cut");
	assert.equal((await supply(2)).opened, false);
	await page.click(id("restore"));
	await page.fill(id("restore-reason"), "all back");
	await page.click(id("submit"));
	await page.waitForSelector("text=/1 meters get supply back/");
	await until("back", async () => !(await supply(3)).opened, { timeout_ms: 240_000 });
	await page.context().close();
	assert.deepEqual(page.faults, []);
});
