// What somebody who has never seen it does with the demo, without help: finds the room that has least, sells it fifty
// yuan, sees its relay close, prints the receipt; changes tomorrow's price for a floor; trips a shop and gives it supply
// again; finds who did it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { Api } from "../lib/api.mjs";
import { P1, changed, day } from "../lib/estate.mjs";
import { free_port, root, temp_dir, until } from "../lib/process.mjs";
import { axe, field, open_browser, open_page, pictures, value_is } from "./lib/browser.mjs";

const ROOM = "330100000005", SHOP = "330100000001", FLOOR = ["330100000003", "330100000004"];
const of = (id) => `[data-testid=${id}]`;
let temp, demo, browser, page, api;

const picture = (name) => pictures(page, `journey-${name}`);

// At the API: the meters of that floor have the new version from tomorrow and the old one today, the others the old one.
async function floor_pays_from_tomorrow() {
	const { items: tariffs } = await api.get("/properties/p1/tariffs"), tariff = tariffs.find(({ name }) => name === "二楼居民");
	const { items: versions } = await api.get(`/properties/p1/tariffs/${tariff.id}/versions`), tomorrow = `${day(0)}T16:00:00Z`; // 00:00 there
	assert.deepEqual(versions.map(({ state, valid_from, plan }) => [state, valid_from, plan.rates[0].price_uy]), [["published", tomorrow, 608300]]);
	for (const { meter } of await api.meters()) {
		const { items } = await api.get(`/properties/p1/tariff-uses?meter=${meter}`);
		assert.deepEqual(items.filter((use) => use.tariff === tariff.id).map(({ from }) => from), FLOOR.includes(meter) ? [tomorrow] : [], meter);
	}
	const { items } = await api.get(`/properties/p1/tariff-uses?tariff=${tariff.id}`);
	assert.deepEqual(items.map(({ meter, from }) => [meter, from]), FLOOR.map((meter) => [meter, tomorrow]));
}

const menu = (text) => page.locator("nav.side a.item", { hasText: text }).first().click();

before(async () => {
	temp = temp_dir();
	const port = await free_port();
	demo = spawn(path.join(root, "tools/run"), [], { env: { ...process.env, DATA: path.join(temp.dir, "demo"), PORT: String(port) }, stdio: ["ignore", "pipe", "pipe"] });
	demo.text = "";
	for (const stream of [demo.stdout, demo.stderr]) stream.on("data", (part) => (demo.text += part));
	demo.ended = once(demo, "exit");
	const [, password] = await until("a login", () => demo.text.match(/password (\S+)/), { timeout_ms: 30000 });
	api = new Api(port);
	await api.login("admin", password);
	await until("rooms are let", () => demo.text.includes("their rooms let"), { timeout_ms: 60000, every_ms: 200 });
	// A minute of notice and a minute between readings are long for a test.
	await changed(api, "PATCH", `${P1}/alarm-plans/default`, { cut_notice_s: 0 });
	await changed(api, "PATCH", `/api/v1/meters/${ROOM}/settings`, { period_s: 5 });
	await until("the room that owes is cut", async () => (await api.get(`/meters/${ROOM}/supply`)).state === "cut" && (await api.meter(ROOM)).state.contact === "open", { timeout_ms: 60000, every_ms: 300 });
	browser = await open_browser();
	page = await open_page(browser, `http://127.0.0.1:${port}`);
	await page.goto("/");
	await page.fill("#login-name", "admin");
	await page.fill("#login-password", password);
	await page.click(of("login"));
});
after(async () => {
	await browser?.close();
	demo?.kill("SIGINT");
	await demo?.ended;
	temp?.remove();
});

describe("somebody new", () => {
	it("sees on the first page whose balance is lowest, and that it is cut", async () => {
		const first = page.locator(`${of("risk")} tbody tr`).first();
		await first.waitFor();
		await value_is(first, "the lowest balance", (text) => text.includes("1/3/301") && text.includes("已停电"), 30_000);
		assert.deepEqual(await axe(page), []);
		await picture("overview");
	});

	it("finds the same room by Ctrl-K, whatever page is open", async () => {
		await page.keyboard.press("Control+k");
		await page.locator(`${of("search-everywhere")}:focus`).waitFor();
		await page.keyboard.type("陈丽华");
		await page.locator("[data-hit^=account]").waitFor();
		await picture("search");
		await page.fill(of("search-everywhere"), "1/3/301"); // as the pages write a room
		await page.locator("[data-hit^=space]", { hasText: "1/3/301" }).waitFor();
		assert.equal(await page.locator("[data-hit^=space]").count(), 1);
		await page.fill(of("search-everywhere"), "陈丽华");
		await page.locator("[data-hit^=account]").waitFor();
		await page.keyboard.press("Enter");
		await page.waitForURL("**/accounts/p1/*");
		await menu("总览");
	});

	it("sells it fifty yuan and has the receipt to print", async () => {
		await page.click("[data-sell=H301]");
		await page.waitForURL("**/vending/p1?q=H301");
		await page.click(of("shift-act"));
		await page.fill(of("opening"), "100");
		await page.click(of("submit"));
		await page.locator(".form-drawer").waitFor({ state: "detached" });
		await page.fill(of("amount"), "50");
		await page.locator(of("quote")).getByText("充值后余额").waitFor();
		await picture("sell");
		await page.click(of("sell-now"));
		await value_is(page.locator(of("receipt-total")), "total of the receipt", (now) => now === "50.00");
		await page.evaluate(() => (window.print = () => (window.printed = true)));
		await page.click(of("print-receipt"));
		assert.equal(await page.evaluate(() => window.printed), true);
		await picture("receipt");
	});

	it("sees the relay close by itself", async () => {
		await menu("供电");
		await value_is(page.locator(`[data-row="${ROOM}"] [data-state]`).first(), "supply", (text) => text !== "已停电", 30_000);
		await page.goto(`/meters/${ROOM}`);
		await value_is(field(page, "power"), "power flows again", (text) => parseFloat(text.replace(",", "")) > 0, 30_000);
		await picture("restored");
	});

	it("changes tomorrow's price for a floor, and nobody else's", async () => {
		await menu("资费");
		await page.getByRole("link", { name: "居民分时" }).click();
		await page.click(of("copy-tariff")); // the other floors keep their price
		await page.fill(of("tariff-name"), "二楼居民");
		await page.click(of("submit"));
		await page.fill("[data-price=rates-0]", "0.6083");
		await page.click(of("from-tomorrow"));
		await page.click(of("write-notice"));
		await page.waitForFunction(([box, text]) => document.querySelector(box).value.includes(text), [of("notice"), "峰 0.5583 → 0.6083 元/kWh"]);
		await page.click(of("try"));
		await page.locator(of("trial-result")).waitFor();
		await picture("price");
		await page.click(of("publish"));
		await page.fill(of("reason"), "二楼合同到期");
		await page.click(of("confirm"));
		await page.click(of("assign-space")); // for whom, is asked by itself
		await page.fill(of("space-search"), "2");
		await page.click("[data-space='1/2']");
		await page.locator(of("assign-meters")).getByText("1-202 室").waitFor();
		await page.fill(of("assign-reason"), "二楼合同到期");
		await page.click(of("submit"));
		await page.locator(`${of("holds-for")} [data-from]`).getByText("1/2/202 王建国").waitFor();
		assert.deepEqual(await axe(page), []);
		await picture("floor");
		await floor_pays_from_tomorrow();
	});

	it("trips a shop and gives it supply again", async () => {
		await page.goto(`/meters/${SHOP}`);
		for (const [kind, reason] of [["trip", "装修，用户申请"], ["release", "装修结束"]]) {
			await page.locator(`${of(`do-${kind}`)}:not([disabled])`).click();
			await page.fill(of("reason"), reason);
			await page.click(of("confirm"));
			await page.waitForSelector(`[data-stage=verified]:has-text('${reason}')`);
			if (kind === "trip") await picture("tripped");
		}
	});

	it("finds in the audit who did it", async () => {
		await menu("审计");
		const line = page.locator("tbody tr", { hasText: "装修，用户申请" }).first();
		await line.waitFor();
		assert.match(await line.textContent(), /admin/);
		await picture("audit");
		assert.deepEqual(page.faults, []);
	});
});
