// An account as a manager meets it: opened in steps with what he read from the meter, given limits of its own, its meter
// swapped, closed, and what was left paid out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { Site, chip } from "../api/lib/site.mjs";
import { P1, make } from "../lib/estate.mjs";
import { png } from "../lib/photo.mjs";
import { sleep } from "../lib/process.mjs";
import { meter_number } from "../lib/world.mjs";
import { axe, open_browser, open_page, pictures } from "./lib/browser.mjs";

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
const photo = (page, i, buffer) => page.locator(id("photo")).nth(i).setInputFiles({ name: "../../302.jpg", mimeType: "image/jpeg", buffer });
// The display of a meter as a camera would have it: larger than what is sent.
async function dial(page, meter, figures) {
	const data = await page.evaluate(([number, text]) => {
		const canvas = Object.assign(document.createElement("canvas"), { width: 2400, height: 1800 }), draw = canvas.getContext("2d");
		const box = (colour, ...at) => ((draw.fillStyle = colour), draw.fillRect(...at));
		box("#6b6f6a", 0, 0, 2400, 1800);
		box("#e9e6dc", 300, 200, 1800, 1400);
		box("#b9c7a4", 480, 420, 1440, 520);
		draw.fillStyle = "#20281c";
		draw.font = "bold 300px monospace";
		draw.fillText(text.padStart(7), 520, 790);
		draw.font = "130px monospace";
		draw.fillText(`No. ${number}`, 480, 1250);
		return canvas.toDataURL("image/png");
	}, [meter, figures]);
	return Buffer.from(data.split(",")[1], "base64");
}
// Of each picture: did the browser get it?
async function loaded(images) {
	await images.first().waitFor();
	return images.evaluateAll((all) => Promise.all(all.map((image) => image.decode().then(() => image.naturalWidth > 0))));
}
const next = () => page.click(id("wizard-next"));
const has_state = (text) => page.locator(id("account-state"), { hasText: text }).first().waitFor();

async function pick(scope, box, text) {
	await page.locator(`${scope} ${id(box)}:visible`).first().click();
	await page.locator(".el-select-dropdown__item:visible", { hasText: text }).first().click();
}

describe("an account", () => {
	it("is opened in four steps, with a register that somebody read", async () => {
		await page.goto("/accounts/p1");
		await page.click(id("add-account"));
		await next(); // without a customer
		await page.locator(".note.bad").first().waitFor();
		await pick("form", "lease-customer", "李四");
		await page.fill(id("account-code"), "H-302");
		await next();
		await page.locator(id("account-kind")).waitFor();
		await pictures(page, "account-open-terms");
		await next();
		await pick("form", "meter-pick", FIRST);
		await page.fill(id("register"), "1000.5");
		await next();
		await page.locator(id("open-check"), { hasText: "1,000.500" }).waitFor();
		await page.fill(id("opening"), "50");
		await pictures(page, "account-open-check");
		assert.deepEqual(await axe(page), []);
		await next(); // without a reason: the draft is made, its opening refused
		await page.getByText("H-302").first().waitFor();
		await page.fill(id("open-reason"), "旧卡余额");
		await next();
		await has_state("正常");
		assert.match(await page.textContent(id("sum-balance")), /50\.00/);
		assert.match(await page.textContent(id("account-meter")), new RegExp(`${FIRST}.*1,?000\\.500.*人工`, "s"));
		assert.deepEqual(await axe(page), []);
	});

	it("gets a limit of its own, for a reason, and another kind from tomorrow", async () => {
		await page.click(id("edit-account"));
		await page.fill(id("alarm1_fen"), "80");
		await send(); // without a reason
		await page.locator(".el-drawer:visible [role=alert]").first().waitFor();
		await page.fill(id("edit-reason"), "用户要求早提醒");
		await pictures(page, "account-limits");
		await send();
		await page.locator("[data-limit=alarm1_fen]", { hasText: "80.00" }).waitFor();
		await page.click(id("change-kind"));
		await page.fill(id("terms-reason"), "合并计费");
		await pick(".el-drawer", "account-kind", "合并");
		await send();
		await page.locator(id("terms"), { hasText: "未开始" }).waitFor();
	});

	it("goes on with another meter", async () => {
		await sleep(1100); // a use does not end in the second in which it began
		await page.click(id("swap"));
		await page.locator(`${id("register")}:visible`).fill("1010.5");
		await photo(page, 0, Buffer.from("%PDF-1.4 no picture"));
		await page.getByText("不是可识别的图片").waitFor();
		await photo(page, 0, await dial(page, FIRST, "1010.5"));
		await page.locator(id("photo-preview")).waitFor();
		await page.locator(".el-drawer:visible .el-checkbox").click();
		await send();
		await pick(".el-drawer", "meter-pick", SECOND);
		await page.locator(`${id("register")}:visible`).fill("0");
		await photo(page, 1, await dial(page, SECOND, "0.0"));
		await page.locator(`${id("photo-preview")}:visible`).waitFor();
		await pictures(page, "account-swap-photo");
		await send();
		await page.locator(id("swap-check"), { hasText: "10.000" }).waitFor();
		await page.fill(id("swap-reason"), "表坏");
		await pictures(page, "account-swap");
		await send();
		await page.locator(id("account-meter"), { hasText: SECOND }).waitFor();
		await page.locator(id("sum-balance"), { hasText: "44.00" }).waitFor(); // 10 kWh at 0.60
		assert.deepEqual(await loaded(page.locator(`${id("account-meter")} ${id("photo-link")} img`)), [true, true]); // of both meters
		await page.click(id("open-charge"));
		await page.locator(id("charges"), { hasText: "一口价" }).waitFor();
		await pictures(page, "tenant-account");
		assert.match(await page.textContent(id("charges")), /1,000\.500 → 1,010\.500.*10\.000 × 0\.6000 = 6\.000000.*6\.00/s);
		assert.deepEqual(await axe(page), []);
	});

	it("is closed, and what is left is paid out to whom it is owed", async () => {
		await sleep(1100);
		await page.click(id("close-account"));
		await page.locator(id("register")).first().fill("5");
		await photo(page, 0, png(90));
		await page.locator(id("photo-preview")).waitFor();
		await page.locator(".el-drawer:visible .el-checkbox").click();
		await page.fill(id("payee"), "李四 6222 0000");
		await page.fill(id("end-reason"), "搬走");
		await pictures(page, "account-close");
		await send();
		await has_state("已销户");
		assert.match(await page.textContent(id("sum-payable")), /41\.00/);
		await page.locator(id("open-charge")).first().click();
		assert.deepEqual(await loaded(page.locator(`${id("charges")} ${id("photo-link")} img`)), [true]); // of the register that ends the line
		await pictures(page, "account-closed");
		await page.getByRole("button", { name: "退费", exact: true }).click();
		await page.locator("tr", { hasText: "李四 6222 0000" }).waitFor();
		await page.click(id("pay"));
		await page.fill(id("pay-voucher"), "HD20261127");
		await send();
		await page.locator("[data-state=paid]").waitFor();
		await pictures(page, "account-paid-out");
		await page.locator(id("sum-payable")).waitFor({ state: "detached" });
		await page.goto("/accounts/p1");
		await page.locator("tr", { hasText: "H-302" }).first().waitFor();
		await pictures(page, "accounts");
		assert.deepEqual(await axe(page), []);
	});
});
