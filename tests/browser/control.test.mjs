// Rooms, and orders to many of them, on the real chain: the map follows what happens, all that is found is chosen at
// once, each meter has its result; power is kept until a time, prices and limits change; what is wrong and what waits is
// listed, and who has seen it. Three rooms have terminals, thirty a gateway that is away.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { open_account } from "../lib/accounts.mjs";
import { P1, changed, day, make } from "../lib/estate.mjs";
import { until } from "../lib/process.mjs";
import { start_site } from "../lib/site-world.mjs";
import { make_person } from "../lib/staff.mjs";
import { meter_number } from "../lib/world.mjs";
import { axe, open_browser, open_page, number, pictures, value_is } from "./lib/browser.mjs";

const METERS = [1, 2, 3].map(meter_number), SITE = 30, SITE_METER = "330200000003";
const MANAGER = { role: "property-manager", property: "p1" };
const of = (id) => `[data-testid=${id}]`;
let world, api, browser, page, base, accounts;

const kwh = (wh) => (wh === null ? "–" : `${Math.floor(wh / 1000).toLocaleString("en")}.${String(wh % 1000).padStart(3, "0")}`);
const gone = () => page.locator(".form-drawer").waitFor({ state: "detached" });
const contact = async (meter) => (await api.meter(meter)).state.contact;

async function open() {
	const opened = await open_page(browser, base);
	const [name, value] = (await make_person(world, "anna", MANAGER)).api.cookie.split("=");
	await opened.context().addCookies([{ name, value, url: base }]);
	return opened;
}

// A building whose floor has the three rooms with terminals, each with an account that has money.
async function let_rooms() {
	const building = await make(api, `${P1}/spaces`, { kind: "building", code: "T", name: "试验楼" });
	const floor = await make(api, `${P1}/spaces`, { kind: "floor", parent: building.id, code: "1" });
	accounts = {};
	for (const [i, meter] of METERS.entries()) {
		const room = await make(api, `${P1}/spaces`, { kind: "room", parent: floor.id, code: `T10${i + 1}` });
		await changed(api, "PATCH", `/api/v1/meters/${meter}/settings`, { space: room.id });
		const customer = await make(api, `${P1}/customers`, { name: ["王小明", "茶餐厅", "水泵房"][i] });
		accounts[meter] = await open_account(world, { customer: customer.id, code: `T-10${i + 1}`, meter });
		await make(api, `${P1}/orders`, { account: accounts[meter], amount_fen: 50000, channel: "transfer", voucher: `T-${i}` });
	}
}

// Chooses what is found for these words, and opens the form of an act.
async function choose(words, act) {
	await page.goto("/control/p1");
	await page.locator("[data-pick]").first().waitFor();
	await page.fill(of("search"), words);
	await value_is(page.locator(of("pick-all")), "what is found", (text) => text.includes(words === "试验" ? "3" : "1"));
	await page.click(of("pick-all"));
	await page.click(`[data-order=${act}]`);
}

// Orders, and is on the page of the batch when each has this stage.
async function order(reason, stages) {
	await page.fill(of("reason"), reason);
	await page.click(of("submit"));
	await page.waitForURL(/\/control\/p1\/\d+$/);
	for (const stage of stages) await page.locator(`tbody [data-stage=${stage}]`).first().waitFor();
}

// So many want a second person.
async function agree(path) {
	const second = await make_person(world, "second", MANAGER);
	const { approval } = await second.api.get(path);
	await make(second.api, `/api/v1${path}/decision`, { verdict: "agree", hash: approval.hash }, 200);
}

before(async () => {
	world = await start_site({ meters: SITE, terminals: 3 });
	({ api } = world);
	base = `http://127.0.0.1:${world.http_port}`;
	await let_rooms();
	browser = await open_browser();
	page = await open();
});
after(async () => {
	await browser?.close();
	await world?.stop();
});

describe("the room map", () => {
	it("shows each room by building and floor, in its state", async () => {
		await page.goto("/rooms/p1");
		await page.locator("[data-room=T101][data-state=open]").waitFor();
		await page.getByText("试验楼").first().waitFor();
		await pictures(page, "room-map");
		assert.deepEqual(await axe(page), []);
	});

	it("follows a meter that somebody trips elsewhere, and filters by that", async () => {
		await api.command_reaches((await api.command(METERS[0], "trip", { reason: "检修" })).id, "verified");
		await page.locator("[data-room=T101][data-state=forced-trip]").waitFor();
		await page.locator(".chip[data-state=forced-trip]").click();
		assert.deepEqual(await page.locator("[data-room]").evaluateAll((rooms) => rooms.map((room) => room.dataset.room)), ["T101"]);
		await page.locator(".chip[data-state=forced-trip]").click();
		await page.fill(of("search"), "茶餐厅");
		await until("the room of a tenant", async () => (await page.locator("[data-room]").evaluateAll((rooms) => rooms.map((room) => room.dataset.room))).join() === "T102");
		await page.fill(of("search"), "");
	});

	it("leads to the room, its money and its meter", async () => {
		await page.locator("[data-room=T102]").click();
		const drawer = page.locator(".form-drawer");
		await drawer.getByText("500.00").waitFor();
		await drawer.getByText("茶餐厅").waitFor();
		await pictures(page, "room");
		assert.deepEqual(await axe(page), []);
		await drawer.getByText(METERS[1]).click();
		await page.waitForURL(`**/meters/${METERS[1]}`);
		await value_is(page.locator(of("tenant")), "whose meter it is", (text) => ["T/1/T102", "茶餐厅", "500.00"].every((word) => text.includes(word)));
		await page.getByRole("link", { name: "充值" }).waitFor(); // of its statement
		await page.getByRole("group", { name: "账目" }).getByRole("button", { name: "订单" }).click();
		await page.locator(of("account-order")).first().waitFor();
		await page.locator(of("account-order")).first().scrollIntoViewIfNeeded();
		await pictures(page, "meter-orders");
	});

	it("has the registers of each day, and a curve of the year", async () => {
		await page.goto(`/meters/${SITE_METER}`);
		const lines = page.locator(`${of("energy")} tbody tr`);
		await lines.first().waitFor();
		const { items } = await api.get(`/meters/${SITE_METER}/energy?by=day&from=${day(-2)}&to=${day(0)}`), first = items.find((line) => line.close_wh !== null);
		const shown = (await lines.last().locator("th, td").allTextContents()).slice(0, 4).map((text) => text.trim());
		assert.deepEqual(shown, [first.day, ...[first.open_wh, first.close_wh, first.use_wh].map(kwh)]);
		await page.getByRole("button", { name: "一年" }).click();
		await value_is(page.locator("[data-field=readings]"), "readings of the year", (text) => number(text) > 60);
		await page.locator(of("energy")).scrollIntoViewIfNeeded();
		await pictures(page, "meter-energy");
		assert.deepEqual(await axe(page), []);
	});
});

describe("control", () => {
	it("chooses all that is found, more than are on the screen", async () => {
		await page.goto("/control/p1");
		await page.locator("[data-pick]").first().waitFor();
		const drawn = await page.locator("[data-pick]").count();
		assert.ok(drawn < SITE + 3, `${drawn} rows are drawn`);
		await page.click(of("pick-all"));
		await page.getByText(`已选 ${SITE + 3} 块表`).waitFor();
		await page.fill(of("search"), "T10");
		await page.getByText(`其中 ${SITE} 块不在当前筛选内`).waitFor();
		await pictures(page, "control");
		assert.deepEqual(await axe(page), []);
	});

	it("keeps power for many until a time; each says what became of it", async () => {
		await page.fill(of("search"), "");
		await page.click("[data-order=keep-power]");
		await page.fill(of("until"), "2037-01-01T00:00");
		await pictures(page, "control-order");
		await page.fill(of("reason"), "高考期间");
		await page.click(of("submit"));
		await agree(await page.getAttribute(of("approval-link"), "href"));
		await page.goto("/control/p1?tab=batches");
		await page.locator("tbody tr", { hasText: "高考期间" }).click();
		await page.waitForURL(/\/control\/p1\/\d+$/);
		await until("three are done", async () => (await page.locator("tbody [data-stage=verified]").count()) === 3, { timeout_ms: 30_000 });
		await page.getByRole("heading", { name: `保电 · ${SITE + 3} 块表` }).waitFor();
		await value_is(page.locator(".legend"), "what is done and what not", (text) => /完成 3/.test(text) && new RegExp(`进行中 ${SITE}`).test(text));
		await page.getByText("保电到").waitFor();
		await pictures(page, "batch");
		assert.deepEqual(await axe(page), []);
		for (const meter of METERS) assert.equal((await api.get(`/meters/${meter}/supply`)).mode_until, "2036-12-31T16:00:00Z");
		await page.goto("/control/p1?tab=kept");
		for (const meter of METERS) await page.locator(`[data-pick="${meter}"]`).waitFor();
	});

	it("says why a kept meter is not tripped, releases it, trips and closes it", async () => {
		await choose("T102", "trip");
		await page.getByText("正在保电，拉闸会被拒绝").waitFor();
		await order("欠费", ["refused"]);
		await page.locator("tbody tr", { hasText: "T102" }).getByText("保电").first().waitFor();
		await pictures(page, "batch-refused");
		await choose("T102", "release");
		await order("保电结束", ["verified"]);
		await choose("T102", "trip");
		await order("装修", ["verified"]);
		assert.equal(await contact(METERS[1]), "open");
		await page.goto("/control/p1?tab=forced");
		await page.locator(`[data-pick="${METERS[1]}"]`).waitFor();
		await choose("T102", "release");
		await order("装修结束", ["verified"]);
		await choose("T102", "close");
		await order("装修结束", ["verified"]);
		assert.equal(await contact(METERS[1]), "closed");
		await page.goto("/control/p1?tab=batches");
		await page.getByText("高考期间").waitFor();
		await pictures(page, "batches");
	});

	it("changes the price and the limits of what is chosen", async () => {
		const tariff = await make(api, `${P1}/tariffs`, { code: "test", name: "试验电价", service: "electricity" }), url = `${P1}/tariffs/${tariff.id}/versions`;
		const version = await make(api, url, { plan: { rates: [{ price_uy: 600000 }] }, valid_from: "2026-01-01T00:00:00Z" });
		await changed(api, "PUT", `${url}/${version.id}/publication`, { reason: "测试" }, { version: '"v1"' });
		await choose("T103", "price");
		await page.click(of("price-tariff"));
		await page.locator(".el-select-dropdown__item:visible", { hasText: "试验电价" }).click();
		await page.fill(of("price-reason"), "合同");
		await page.click(of("submit"));
		await gone();
		assert.deepEqual((await api.get(`/properties/p1/tariff-uses?tariff=${tariff.id}`)).items.map(({ meter }) => meter), [METERS[2]]);
		await choose("T103", "limits");
		await page.fill("[data-limit=alarm1_fen]", "88");
		await page.fill(of("limits-reason"), "约定");
		await page.click(of("submit"));
		await page.getByText("已改 1 / 1 户").waitFor();
		await pictures(page, "control-limits");
		assert.equal((await api.get(`/properties/p1/accounts/${accounts[METERS[2]]}`)).limits.alarm1_fen.value, 8800);
	});

	it("stops what is cut by itself, with one switch, and lets it go on", async () => {
		await page.goto("/control/p1");
		for (const [reason, stopped] of [["电价录入有误", true], ["已更正", false]]) {
			await page.click(of("incident"));
			await page.fill(of("reason"), reason);
			await page.click(of("confirm"));
			await until(reason, async () => !!(await api.get("/properties/p1/supply-rules")).stopped_since === stopped);
			if (!stopped) continue;
			await page.locator(".stopped").getByText(reason).waitFor();
			await pictures(page, "incident");
		}
		await page.locator(".stopped").waitFor({ state: "detached" });
	});
});

describe("what waits for somebody", () => {
	it("stands in one list, with owner, age, object and where it is done", async () => {
		await make(api, `${P1}/bills`, { channel: "transfer", day: "2026-01-05", lines: [{ number: "B-1", amount_fen: 8800, paid_at: "2026-01-05T04:00:00Z", payer: "无名氏" }] });
		await page.goto("/tasks/p1");
		const task = page.locator("tbody tr", { has: page.locator("[data-kind=suspense]") });
		await task.waitFor();
		const cells = (await task.locator("td").allTextContents()).map((text) => text.trim());
		assert.equal(cells[2], "无名氏");
		assert.ok(cells[3] && cells[4] && cells[4] !== "–", cells.join(" | "));
		await task.locator(of("task-take")).click();
		await task.locator("[data-owner=anna]").getByText("我", { exact: true }).waitFor();
		await page.getByRole("group", { name: "负责人" }).getByRole("button", { name: "我的" }).click();
		await task.waitFor();
		await pictures(page, "tasks");
		assert.deepEqual(await axe(page), []);
		await task.locator(of("task-give")).click();
		await page.locator(".el-drawer:visible .el-select").click();
		await page.locator(".el-select-dropdown__item:visible", { hasText: "anna" }).waitFor();
		await page.keyboard.press("Escape");
		await page.locator(".el-drawer:visible").getByRole("button", { name: "取消" }).click();
		await task.locator(of("task-drop")).click();
		await task.waitFor({ state: "detached" }); // it is nobody's again
		await page.getByRole("group", { name: "负责人" }).getByRole("button", { name: "全部" }).click();
		await task.getByText("暂无").waitFor();
		await task.getByRole("link").last().click();
		await page.waitForURL("**/suspense/p1");
	});

	it("is seen by somebody: an alarm names its level, its begin, and who", async () => {
		await world.emu.ask("sensor", { terminal: 3, mode: "silent" });
		await until("an alarm", async () => (await api.get(`/properties/p1/alarms?lasting=true&meter=${METERS[2]}`)).items.length > 0, { timeout_ms: 40_000, every_ms: 300 });
		await page.goto("/alarms/p1");
		const alarm = page.locator("tbody tr", { hasText: METERS[2] }).first();
		await alarm.locator("[data-acknowledge]").click();
		await page.fill(of("alarm-note"), "已派人检查");
		await page.click(of("confirm"));
		await value_is(alarm, "who has seen it", (text) => text.includes("anna") && text.includes("已派人检查") && text.includes("持续"));
		await pictures(page, "alarms");
		assert.deepEqual(await axe(page), []);
		assert.deepEqual(page.faults, []);
	});
});
