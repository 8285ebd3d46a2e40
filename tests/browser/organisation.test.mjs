// The organisation as its people make it in the console: a property by hand and by sheet, tenants, leases, rules,
// a take-over from an old system; and what strangers type into names.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { P1, day, estate, make } from "../lib/estate.mjs";
import { Sheets } from "../lib/sheets.mjs";
import { make_person } from "../lib/staff.mjs";
import { World } from "../lib/world.mjs";
import { axe, open_browser, open_page, pictures, row, value_is } from "./lib/browser.mjs";

const ROOMS = 200;

let world, api, browser, base, manager;

const of = (id) => `[data-testid=${id}]`;
// With a session that is there already: a login takes its time on purpose, and is looked at elsewhere.
async function open({ as = api, ...options } = {}) {
	const page = await open_page(browser, base, options);
	const [name, value] = as.cookie.split("=");
	await page.context().addCookies([{ name, value, url: base }]);
	return page;
}

// `expected`: statuses that this page was made to meet; the browser logs each of them.
async function close(page, expected = []) {
	const { faults } = page;
	await page.context().close();
	assert.deepEqual(faults.filter((fault) => !expected.some((status) => fault.includes(`status of ${status}`))), [], "the page reported errors");
}

const field = (page, label) => page.getByRole("textbox", { name: label });
const submit = (page) => page.click(of("submit"));
const gone = (page) => page.locator(".form-drawer").waitFor({ state: "detached" });

async function choose(page, select, text) {
	await page.click(select);
	await page.locator(".el-select-dropdown__item:visible", { hasText: text }).first().click();
}

async function confirm(page, reason) {
	if (reason) await page.fill(of("reason"), reason);
	await page.click(of("confirm"));
}

const in_tree = (page, path) => page.locator(`[role=treeitem][data-space="${path}"]`);
const turn = (page, path) => in_tree(page, path).locator(".turn").click();

async function add_spaces(page, button, codes) {
	await page.click(of(button));
	await page.fill(of("space-code"), codes);
	await submit(page);
	await gone(page);
}

async function upload(page, name, text, totals = {}) {
	await page.setInputFiles(of("sheet-file"), { name, mimeType: "text/csv", buffer: Buffer.from(text) });
	for (const [total, value] of Object.entries(totals)) await page.fill(of(`total-${total}`), value);
	await page.click(of("check-sheet"));
	await page.waitForURL(/\/sheets\/\w+\/\d+$/);
}

const state_is = (page, text) => value_is(page.locator(of("import-state")).first(), "state of the import", (now) => now === text);

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0, settings: "[sheets]\nalone_rows = 20000\n" });
	({ api } = world);
	base = `http://127.0.0.1:${world.http_port}`;
	manager = await make_person(world, "manager", { role: "property-manager", property: "p1" });
	await estate(api);
	browser = await open_browser();
});
after(async () => {
	await browser?.close();
	await world?.stop();
});

describe("a property", () => {
	it("is made by hand: two floors and ten rooms, one of them renamed and moved", async () => {
		const page = await open();
		await page.goto("/organisation");
		await page.click(of("add-property"));
		await page.fill(of("property-name"), "东城广场");
		await page.fill(of("property-slug"), "East Mall");
		await submit(page);
		await page.locator("[role=alert]").first().waitFor(); // no short name: said at its field
		await page.fill(of("property-slug"), "east");
		await submit(page);
		await page.waitForURL("**/settings/east");
		await page.goto("/spaces/east");
		await page.getByText("还没有楼栋").waitFor();
		await add_spaces(page, "add-building", "A");
		await in_tree(page, "A").waitFor();
		await add_spaces(page, "add-below", "1-2");
		for (const floor of ["1", "2"]) {
			await in_tree(page, `A/${floor}`).click();
			await add_spaces(page, "add-below", `${floor}01-${floor}05`);
			await page.locator("[data-below]").nth(4).waitFor();
		}
		assert.equal((await api.get("/properties/east/spaces?kind=room")).items.length, 10);

		await in_tree(page, "A/1/105").click();
		await page.click(of("edit-space"));
		await page.fill(of("space-code"), "206");
		await page.fill(of("space-name"), "茶餐厅");
		await page.getByRole("button", { name: "所在楼层" }).click();
		await in_tree(page.locator(".choice"), "A/2").click();
		await submit(page);
		await in_tree(page, "A/2/206").waitFor();
		assert.equal((await api.get("/properties/east/spaces?q=206")).items[0].path, "A/2/206");
		await close(page, [400]);
	});
	it("keeps what somebody else changed meanwhile, and says what hangs on a place", async () => {
		const page = await open();
		const floor = (await api.get("/properties/east/spaces?kind=floor&sort=code")).items[0];
		await page.goto(`/spaces/east?space=${floor.id}`);
		await page.click(of("edit-space"));
		await page.fill(of("space-name"), "mine");
		await api.expect(200, "PATCH", `/api/v1/properties/east/spaces/${floor.id}`, { json: { name: "theirs" }, headers: { "If-Match": `"v${floor.version}"` } });
		await submit(page);
		await page.locator(of("conflict")).getByRole("button").click();
		await gone(page);
		await page.locator(of("space-detail")).getByText("theirs").first().waitFor();
		await page.click(of("remove-space"));
		await page.getByText("下级 4 个").waitFor();
		await page.keyboard.press("Escape");
		await page.locator("[data-below='104']").click();
		await page.locator("h2", { hasText: "A/1/104" }).waitFor();
		await page.getByText("这里和下级都没有表计。").waitFor();
		await page.click(of("remove-space"));
		await confirm(page);
		await in_tree(page, "A/1/104").waitFor({ state: "detached" });
		await close(page, [412]);
	});
	it("grows by a sheet: a bad row is named and nothing is applied; mended, all of it is", async () => {
		const page = await open();
		const sheet = (area) => "楼栋,楼层,房间,名称,面积(平方米)\n" + Array.from({ length: ROOMS }, (_, i) =>
			`B,${1 + Math.floor(i / 20)},${1 + Math.floor(i / 20)}${String(1 + i % 20).padStart(2, "0")},,${i === 41 ? area : "25.50"}\n`).join("");
		await page.goto("/sheets/east?sheet=spaces");
		await page.click(of("show-columns"));
		await page.getByRole("cell", { name: "面积(平方米)" }).waitFor();
		await upload(page, "rooms.csv", sheet("viel"));
		await state_is(page, "有错误");
		assert.deepEqual(await page.locator("[data-row] td").allTextContents().then((cells) => cells.slice(0, 2)), ["43", "E"]);
		assert.equal(await page.locator(of("apply-import")).count(), 0);
		assert.equal((await api.get("/properties/east/spaces?q=B&kind=building")).items.length, 0, "nothing was applied");
		await page.getByText("上传改好的表").click();
		await upload(page, "rooms.csv", "楼栋,楼层,房间\nC/1,,\n");
		await page.getByRole("row", { name: "不能含" }).waitFor(); // which rule, in Chinese too
		await page.getByText("上传改好的表").click();
		await upload(page, "rooms.csv", sheet("25.50"));
		await state_is(page, "待确认");
		await value_is(page.locator("[data-metric=added]"), "rows to be added", (text) => text === String(ROOMS));
		await page.click(of("apply-import"));
		await confirm(page, "新楼交付");
		await state_is(page, "已导入");
		await page.goto("/sheets/east");
		await row(page, "2").waitFor();

		const asked = [];
		page.on("request", (request) => request.url().includes("/spaces") && asked.push(request.url()));
		await page.goto("/spaces/east");
		await turn(page, "B");
		await turn(page, "B/7");
		await in_tree(page, "B/7/701").waitFor();
		assert.equal(asked.filter((url) => /parent=/.test(url)).length, 3, "the buildings' children shown, and the levels opened, no more"); // A's detail, B, B/7
		await close(page);
	});
});

describe("ten thousand rooms", () => {
	it("build no more rows than are seen: by keys alone down to one of them, and by its name", async () => {
		const rooms = Array.from({ length: 10_000 }, (_, i) => {
			const floor = 1 + Math.floor(i / 200), room = `${floor}-${String(1 + i % 200).padStart(3, "0")}`;
			return `T,${String(floor).padStart(2, "0")},${room},房 ${room}\n`;
		});
		await new Sheets(api, "east").import("spaces", `楼栋,楼层,房间,名称\n${rooms.join("")}`);
		const page = await open();
		await page.goto("/spaces/east");
		await in_tree(page, "T").waitFor();
		await page.locator(of("space-tree")).focus();
		for (const key of ["End", "ArrowRight"]) await page.keyboard.press(key);
		await in_tree(page, "T/01").waitFor();
		for (const key of ["ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
		await in_tree(page, "T/01/1-001").waitFor();
		await page.keyboard.press("ArrowRight");
		await page.keyboard.press("Enter");
		await page.locator(`${of("space-detail")} h2`, { hasText: "T/01/1-001" }).waitFor();
		assert.ok(await page.locator("[role=treeitem]").count() < 60, "only rows in sight are built");
		await page.fill(`input${of("find-space")}, ${of("find-space")} input`, "房 37-142");
		await page.locator(".find li", { hasText: "37-142" }).waitFor();
		await page.keyboard.press("Enter");
		await page.locator(`${of("space-detail")} h2`, { hasText: "T/37/37-142" }).waitFor();
		await in_tree(page, "T/37/37-142").waitFor();
		await close(page);
	});
});

describe("tenants", () => {
	it("have two phones, shown masked, and a lease whose end is near reminds", async () => {
		const page = await open();
		await page.goto("/customers/p1");
		await page.click(of("add-customer"));
		await page.fill(of("customer-name"), "张三");
		await page.fill(of("phone-0"), "138 1234 1234");
		await page.fill(of("phone-label-0"), "本人");
		await page.click(of("add-phone"));
		await page.fill(of("phone-1"), "12");
		await submit(page);
		await page.locator("[role=alert]", { hasText: /phones|3/ }).first().waitFor();
		await page.fill(of("phone-1"), "0571-88886666");
		await submit(page);
		await page.waitForURL(/\/customers\/p1\/\d+$/);
		await page.locator(of("phone")).first().waitFor();
		assert.deepEqual(await page.locator(`${of("phone")} dd`).allTextContents().then((all) => all.map((text) => text.trim().split(" ")[0])), ["138****1234", "0571****6666"]);
		await page.click(of("reveal"));
		await confirm(page); // without a reason nothing is shown
		await page.getByText("请填写原因").waitFor();
		await confirm(page, "回电");
		await page.getByText("13812341234").waitFor();

		await page.click(of("add-lease"));
		await page.getByRole("button", { name: "位置", exact: true }).click();
		await page.fill(of("space-search"), "301");
		await page.locator("[role=option][data-space='A/3/301']").click();
		await page.fill(of("lease-start"), day(-10));
		await page.fill(of("lease-end"), day(12));
		await page.fill(of("lease-code"), "L-301");
		await submit(page);
		await gone(page);
		await page.locator("[data-lease=L-301]", { hasText: "12 天后到期" }).waitFor();
		await page.goto("/leases/p1");
		const reminder = page.locator(of("reminder"), { hasText: "张三" });
		await reminder.getByText("12 天后到期").waitFor();
		await reminder.getByRole("button", { name: "已处理" }).click();
		await reminder.waitFor({ state: "detached" });
		await close(page, [400]);
	});
	it("are found by the last digits; their leases end by a reason", async () => {
		const page = await open();
		await page.goto("/customers/p1");
		await page.fill(`input${of("search")}, ${of("search")} input`, "1234");
		await page.getByRole("link", { name: "张三" }).click();
		await page.locator("[data-lease=L-301] a").click();
		await page.click(of("end-lease"));
		await confirm(page, "退租");
		await page.locator(".form-drawer").getByText("已结束").waitFor();
		await close(page);
	});
	it("get their data, and an erasure waits for a second person", async () => {
		const page = await open();
		const [{ id }] = (await api.get("/properties/p1/customers?q=张三")).items;
		await page.goto(`/customers/p1/${id}`);
		await page.click(of("export-person"));
		await page.fill(of("reason"), "本人申请");
		const [download] = await Promise.all([page.waitForEvent("download"), page.click(of("confirm"))]);
		assert.match(readFileSync(await download.path(), "utf8"), /"13812341234"/);
		await page.click(of("erase-person"));
		await confirm(page, "本人要求");
		await page.locator(of("approval-note")).waitFor();
		assert.equal((await api.get(`/properties/p1/customers/${id}`)).name, "张三");
		await close(page);
	});
});

describe("what strangers type", () => {
	const NAMES = ["<img src=x onerror=alert(1)><b>b</b>", "=HYPERLINK(\"http://x\",\"y\")", "\u202Egnp.exe\u2066", "{{7*7}} ${1}", "😀".repeat(60)];

	it("appears literally, in lists, titles and the tree", async () => {
		for (const name of NAMES) await make(api, `${P1}/customers`, { name, note: `${name}\n<script>1</script>` });
		const space = await make(api, `${P1}/spaces`, { kind: "building", parent: null, code: "<i>=1", name: NAMES[2] });
		const page = await open();
		await page.goto("/customers/p1");
		await page.locator("tbody tr").nth(NAMES.length).waitFor();
		const shown = await page.locator("tbody tr td:first-child a").allTextContents();
		for (const name of NAMES) assert.ok(shown.includes(name), name);
		await page.locator("tbody a", { hasText: "<img" }).click();
		await page.waitForURL(/\/customers\/p1\/\d+$/);
		await page.locator("h1", { hasText: "<img" }).waitFor();
		assert.equal(await page.locator("h1").textContent(), NAMES[0]);
		assert.equal(await page.locator("main img, main b, main script").count(), 0, "nothing of it became a part of the page");
		await page.goto(`/spaces/p1?space=${space.id}`);
		assert.equal(await page.locator(`${of("space-detail")} h2`).textContent(), "<i>=1");
		await close(page);
	});
	it("is refused at its field when it is too long: 10,000 emoji", async () => {
		const page = await open();
		await page.goto("/customers/p1");
		await page.click(of("add-customer"));
		await page.fill(of("customer-name"), "😀".repeat(10_000));
		await submit(page);
		await page.locator("[role=alert]", { hasText: "60" }).waitFor();
		await page.goto("/sheets/p1?sheet=customers");
		await upload(page, "x.csv", `用户编号,姓名或单位\nC9,${"😀".repeat(10_000)}\n`);
		await state_is(page, "有错误");
		await close(page, [400]);
	});
	it("goes out and comes back by a sheet unchanged", async () => {
		const page = await open();
		for (const kind of ["用户", "楼栋楼层房间"]) {
			await page.goto(`/sheets/p1?sheet=${kind === "用户" ? "customers" : "spaces"}`);
			await choose(page, of("export-kind"), kind);
			await page.getByRole("button", { name: "CSV", exact: true }).click();
			const [download] = await Promise.all([page.waitForEvent("download"), page.click(of("export-sheet"))]);
			await upload(page, "back.csv", readFileSync(await download.path()));
			await state_is(page, "待确认");
			await page.getByText("完全一样").waitFor();
			await page.click(of("cancel-import"));
			await confirm(page);
			await state_is(page, "已放弃");
		}
		await close(page);
	});
});

describe("rules of a property", () => {
	it("its own defaults say what they do, and are kept", async () => {
		const page = await open();
		await page.goto("/settings/p1");
		await page.locator(of("property-name")).waitFor();
		const silent = await page.locator(".field").evaluateAll((fields) => fields.filter((field) => !field.querySelector(".note")?.textContent.trim()).map((field) => field.textContent));
		assert.deepEqual(silent, [], "fields that do not say what they do");
		const days = page.locator(".field", { hasText: "天" }).locator("input[inputmode=numeric]");
		await days.fill("x");
		await page.click(of("save-property"));
		await page.getByRole("alert").first().waitFor();
		await days.fill("45");
		await page.getByRole("textbox", { name: /电话/ }).fill("0571-8888 6666");
		await page.click(of("save-property"));
		await page.getByText("已保存").first().waitFor();
		const { remind_days, phone } = await api.get("/properties/p1");
		assert.deepEqual([remind_days, phone], [45, "057188886666"]);
		await pictures(page, "settings-general");
		await close(page);
	});
	it("a calendar is painted by mouse and keys, saved, and chosen as the default", async () => {
		const page = await open();
		await page.goto("/settings/p1/calendars");
		await page.click(of("add-calendar"));
		await page.fill(of("new-calendar"), "节假日");
		await submit(page);
		await gone(page);
		const year = await page.textContent(of("year"));
		const at = (date) => page.locator(`[data-date="${year}-${date}"]`);
		await page.getByRole("textbox", { name: "日子的名称", exact: true }).fill("国庆节");
		await at("10-01").click();
		await page.keyboard.press("ArrowRight");
		await page.keyboard.press("Enter");
		await page.click("[data-brush=workday]");
		await at("10-10").click();
		await page.click("[data-brush=cut_free]");
		await at("12-31").click();
		await page.click(of("add-friendly"));
		await page.fill(of("friendly-to"), "9:30");
		await page.locator(of("friendly-to")).press("Tab");
		page.once("dialog", (dialog) => dialog.dismiss());
		await page.getByRole("link", { name: "消息模板" }).click(); // asks first: nothing is saved yet
		await page.click(of("save-calendar"));
		await page.getByText("已保存").first().waitFor();
		await page.click(of("use-calendar"));
		await page.getByText("使用中").waitFor();
		await pictures(page, "settings-calendar");
		const { calendar } = await api.get("/properties/p1");
		const saved = await api.get(`/properties/p1/calendars/${calendar}`);
		assert.deepEqual(saved.days.map((one) => [one.date.slice(5), one.kind, !!one.cut_free]),
			[["10-01", "holiday", false], ["10-02", "holiday", false], ["10-10", "workday", false], ["12-31", "plain", true]]);
		assert.deepEqual(saved.friendly, [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "18:00", to: "09:30" }]);
		await close(page);
	});
	it("an alarm plan of its own values becomes the default; senseless values are refused at their field", async () => {
		const page = await open();
		await page.goto("/settings/p1/alarm-plans");
		await page.click(of("add-plan"));
		await page.fill(of("plan-name"), "商铺");
		await page.fill(of("plan-code"), "shops");
		await submit(page);
		await gone(page);
		const value = (name) => page.locator(`[data-value=${name}]`);
		for (const [name, text] of [["alarm1_fen", "80"], ["alarm2_fen", "90.5"]]) {
			await value(name).getByRole("checkbox").check();
			await value(name).getByRole("textbox").fill(text);
		}
		await page.click(of("save-plan"));
		await value("alarm2_fen").getByRole("alert").waitFor();
		await value("alarm2_fen").getByRole("textbox").fill("20.5");
		await page.click(of("save-plan"));
		await page.getByText("已保存").first().waitFor();
		await page.click(of("use-plan"));
		await page.locator("[data-rule=shops]").getByText("使用中").waitFor();
		await pictures(page, "settings-alarm-plan");
		assert.equal((await api.get("/properties/p1")).alarm_plan, "shops");
		const plan = await api.get("/properties/p1/alarm-plans/shops");
		assert.deepEqual([plan.alarm1_fen, plan.alarm2_fen.value, plan.overdraft_fen.source], [{ value: 8000, source: "property" }, 2050, "builtin"]);
		await close(page, [400]);
	});
	it("a message is seen while it is written; retention says days", async () => {
		const page = await open();
		await page.goto("/settings/p1/messages");
		await page.fill(of("template-body"), "{place} 余额 {balance} 元");
		await value_is(page.locator(of("template-preview")), "preview", (text) => /A 座 3 层 301 余额 86\.40 元/.test(text));
		await page.fill(of("template-body"), "{nothing}");
		await page.locator("[role=alert]").first().waitFor();
		await page.fill(of("template-body"), "{place} 余额 {balance} 元");
		await page.click(of("save-template"));
		await page.getByText("已改 1 条").waitFor();
		await pictures(page, "settings-templates");
		await page.goto("/settings/p1/retention");
		await choose(page, "[data-value=phone] .el-select", "自定天数");
		await page.locator("[data-value=phone] input[inputmode=numeric]").fill("200");
		await page.click(of("save-retention"));
		await value_is(page.locator("[data-value=phone] .held"), "days", (text) => /200 天.*本物业规定/.test(text));
		await close(page, [400]);
	});
});

describe("a take-over", () => {
	it("is rehearsed until its totals agree, agreed to by a second person, and its report is signed", async () => {
		const page = await open({ as: manager.api });
		const sheet = "房间,旧系统户号,余额(元),购电次数,表底(度或吨)\nA/3/301,H1,80.50,7,1234.567\nA/3/302,H2,-12.00,3,88.000\n";
		await page.goto("/takeovers/p1");
		await page.click(of("new-takeover"));
		await page.waitForURL("**/sheets/p1?sheet=takeover");
		await page.setInputFiles(of("sheet-file"), { name: "old.csv", mimeType: "text/csv", buffer: Buffer.from(sheet) });
		await page.click(of("check-sheet"));
		await page.getByText("合计是数字，最多两位小数。").waitFor();
		await upload(page, "old.csv", sheet, { rows: "2", balance: "68.51", register: "1322.567" });
		await state_is(page, "有错误");
		await page.locator("[data-total=balance]", { hasText: "不一致" }).waitFor();
		await page.goto("/sheets/p1?sheet=takeover");
		await upload(page, "old.csv", sheet, { rows: "2", balance: "68.50", register: "1322.567" });
		await state_is(page, "待确认");
		await page.click(of("apply-import"));
		await confirm(page, "切换 11 月");
		await page.locator(of("approval-note")).first().waitFor();
		const { approval } = (await manager.api.get(`/properties/p1/imports/${page.url().split("/").at(-1)}`));
		const asked = (await api.get(`/approvals/${approval}`)).approval;
		await api.expect(200, "POST", `/api/v1/approvals/${approval}/decision`, { json: { verdict: "agree", hash: asked.hash }, headers: { "Idempotency-Key": randomUUID() } });
		await page.getByRole("button", { name: "关闭", exact: true }).click();
		await page.locator(of("to-takeover")).click();
		const report = await value_is(page.locator(of("report")), "the report", (text) => /68\.50/.test(text) && /manager/.test(text) && /切换 11 月/.test(text));
		const file = world.path("report.txt");
		writeFileSync(file, await page.textContent(of("report")));
		const verified = await world.wattle("takeover", "verify", file);
		assert.ok(verified.out, report);
		await page.emulateMedia({ media: "print" });
		assert.equal(await page.locator("nav.side").isVisible(), false);
		assert.equal(await page.locator(of("report")).isVisible(), true);
		await close(page);
	});
});

describe("who may not", () => {
	it("sees neither the menu nor the page, and phones masked", async () => {
		const cashier = await make_person(world, "cashier", { role: "cashier", property: "p1" });
		const page = await open({ as: cashier.api });
		await page.goto("/");
		await page.locator("h1").waitFor();
		const menu = await page.locator("nav.side a").allTextContents();
		assert.ok(menu.some((text) => text.includes("用户")), menu.join());
		assert.ok(!menu.some((text) => /导入导出/.test(text)), menu.join());
		await page.goto("/sheets/p1");
		await page.locator(of("no-right")).waitFor();
		await page.goto("/spaces/p1");
		await in_tree(page, "A").waitFor();
		assert.equal(await page.locator(of("add-building")).count(), 0);
		await page.goto("/customers/nowhere");
		await page.getByText("没能取到数据").waitFor();
		await close(page, [404]);
	});
});

describe("every drawer", () => {
	for (const [theme, width, height, language] of [["light", 1440, 900, "zh-CN"], ["dark", 1280, 720, "en"]]) {
		it(`has no serious finding of axe (${theme}, ${width}×${height}, ${language})`, async () => {
			const page = await open({ theme, width, height, language });
			for (const [url, button] of [["/spaces/p1", "add-building"], ["/customers/p1", "add-customer"], ["/leases/p1", "add-lease"]]) {
				await page.goto(url);
				await page.click(of(button));
				await page.locator(".form-drawer").waitFor();
				await page.waitForTimeout(350);
				assert.deepEqual(await axe(page), [], button);
			}
			await close(page);
		});
	}
});
