// An account as a clerk meets it: made, opened with what he read from the meter, looked at, swapped, closed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { Site, chip } from "../api/lib/site.mjs";
import { P1, make } from "../lib/estate.mjs";
import { sleep } from "../lib/process.mjs";
import { meter_number } from "../lib/world.mjs";
import { axe, open_browser, open_page, screenshot } from "./lib/browser.mjs";

const id = (name) => `[data-testid=${name}]`;
const [FIRST, SECOND] = [3, 4].map(meter_number);
let site, browser, page;

before(async () => {
	site = await Site.start();
	const { world, api } = site;
	for (const k of [3, 4]) assert.equal((await api.adopt(chip(k), meter_number(k), `${k} 号`)).status, 201);
	await make(api, `${P1}/customers`, { name: "李四" });
	await world.sql(`INSERT INTO tariff VALUES(901, 1, 1, 'house', '一口价', 'electricity', 0, 0, 0, 1, 1);
		INSERT INTO tariff_version VALUES(901, 901, 1, 2, '{"rates":[{"price_uy":600000}]}', '', 0, 1, 1, 'test', 1);
		INSERT INTO property_tariff VALUES(1, 'electricity', 1767225601, 901, 'test');`);
	const [, name, password] = readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
	browser = await open_browser();
	page = await open_page(browser, `http://127.0.0.1:${world.http_port}`, { login: { name, password } });
});
after(async () => {
	await browser?.close();
	await site?.stop();
});

const send = () => page.locator(".el-drawer:visible button[type=submit], .el-drawer:visible .el-button--primary").last().click();
const has_state = (text) => page.locator(id("account-state"), { hasText: text }).first().waitFor();

describe("an account", () => {
	it("is made and opened with a register that somebody read", async () => {
		await page.goto("/accounts/p1");
		await page.click(id("add-account"));
		await page.click(id("lease-customer"));
		await page.locator(".el-select-dropdown__item:visible", { hasText: "李四" }).first().click();
		await page.fill(id("account-code"), "H-302");
		await send();
		await has_state("预开户");
		await page.click(id("open-account"));
		await page.fill(id("open-meter"), FIRST);
		await page.fill(id("register"), "1000.5");
		await page.fill(id("opening"), "50");
		await send(); // without a reason
		await page.getByText("say why", { exact: false }).or(page.locator(".el-drawer:visible .el-alert, .el-drawer:visible [role=alert]")).first().waitFor();
		await page.fill(id("open-reason"), "旧卡余额");
		await send();
		await has_state("正常");
		assert.match(await page.textContent(id("sum-balance")), /50\.00/);
		assert.match(await page.textContent(id("account-meter")), new RegExp(`${FIRST}.*1,?000\\.500.*人工`, "s"));
		assert.deepEqual(await axe(page), []);
	});

	it("goes on with another meter", async () => {
		await sleep(1100); // a use does not end in the second in which it began
		await page.click(id("swap"));
		await page.locator(id("register")).first().fill("1010.5");
		await page.fill(id("photo"), "302.jpg");
		await page.locator(".el-drawer:visible .el-checkbox").click();
		await page.fill(id("swap-meter"), SECOND);
		await page.locator(id("register")).nth(1).fill("0");
		await page.fill(id("swap-reason"), "表坏");
		await send();
		await page.locator(id("account-meter"), { hasText: SECOND }).waitFor();
		await page.locator(id("sum-balance"), { hasText: "44.00" }).waitFor(); // 10 kWh at 0.60
		await page.click(id("open-charge"));
		await page.locator(id("charges"), { hasText: "一口价" }).waitFor();
		await screenshot(page, "account");
		assert.match(await page.textContent(id("charges")), /10\.000 × 0\.6000 = 6\.000000 → 6\.00/);
	});

	it("is closed, and what is left is to be paid out", async () => {
		await sleep(1100);
		await page.click(id("close-account"));
		await page.locator(id("register")).first().fill("5");
		await page.fill(id("photo"), "303.jpg");
		await page.locator(".el-drawer:visible .el-checkbox").click();
		await page.fill(id("payee"), "李四 6222 0000");
		await page.fill(id("end-reason"), "搬走");
		await screenshot(page, "account-close");
		await send();
		await has_state("已销户");
		assert.match(await page.textContent(id("sum-payable")), /41\.00/);
		await page.goto("/accounts/p1");
		await page.locator("tr", { hasText: "H-302" }).first().waitFor();
		await screenshot(page, "accounts");
		assert.deepEqual(await axe(page), []);
	});
});
