// What a person sees: the values of the emulated sensors, a trip with all its stages, silence, the
// waiting terminal. The only way from the sensor to these pages is the whole chain.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { open_account } from "../lib/accounts.mjs";
import { P1, make } from "../lib/estate.mjs";
import { PATIENCE } from "../lib/process.mjs";
import { World, meter_number } from "../lib/world.mjs";
import { adopt_named } from "./lib/adopt.mjs";
import { axe, field, number, open_browser, open_page, row, screenshot, value_is } from "./lib/browser.mjs";

const METER = meter_number(1);
const OTHER = meter_number(2);
const SPARE = meter_number(3);

let world, browser, login, base;

function read_login() {
	const [, name, password] = readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
	return { name, password };
}

const open = (options = {}) => open_page(browser, base, { login, ...options });

async function close(page) {
	const { faults } = page;
	await page.context().close();
	assert.deepEqual(faults, [], "the page reported errors");
}

async function do_command(page, kind, reason) {
	await page.click(`[data-testid=do-${kind}]`);
	await page.fill("[data-testid=reason]", reason);
	await page.click("[data-testid=confirm]");
}

before(async () => {
	world = await World.start({ terminals: 4, adopt: 0 });
	await adopt_named(world, ["1 号楼 101 室", "1 号楼 102 室"]);
	base = `http://127.0.0.1:${world.http_port}`;
	login = read_login();
	browser = await open_browser();
});
after(async () => {
	await browser?.close();
	await world?.stop();
});

describe("the first page", () => {
	it("needs at most 200 kB of packed JavaScript, and no chart", async () => {
		const page = await open();
		await row(page, METER).waitFor();
		await page.goto("/meters");
		await row(page, METER).waitFor();
		const scripts = await page.evaluate(() => performance.getEntriesByType("resource")
			.filter((entry) => /\.js$/.test(new URL(entry.name).pathname)).map((entry) => [entry.name, entry.encodedBodySize]));
		const total = scripts.reduce((sum, [, size]) => sum + size, 0);
		assert.ok(total > 50_000 && total <= 200_000, `${total} bytes: ${JSON.stringify(scripts)}`);
		assert.ok(!scripts.some(([name]) => name.includes("TimeChart")));
		await close(page);
	});
});

describe("signing in", () => {
	it("refuses a wrong password and says so", async () => {
		const page = await open({ login: null });
		await page.goto("/meters");
		await page.waitForURL("**/login?back=/meters");
		await page.fill("#login-name", login.name);
		await page.fill("#login-password", login.password + "x");
		await page.click("[data-testid=login]");
		await page.waitForSelector("[role=alert]");
		assert.match(await page.textContent("[role=alert]"), /用户名或密码不对/);
		await close(page);
	});
	it("returns to the page that was asked for, and signs out again", async () => {
		const page = await open({ login: null });
		await page.goto("/gateways");
		await page.fill("#login-name", login.name);
		await page.fill("#login-password", login.password);
		await page.click("[data-testid=login]");
		await page.waitForURL("**/gateways");
		await page.click("[data-testid=user]");
		await page.click("text=退出登录");
		await page.waitForURL("**/login");
		await page.goto("/meters");
		await page.waitForURL("**/login?back=/meters");
		await close(page);
	});
});

describe("the meter list", () => {
	it("shows a changed sensor register", async () => {
		const page = await open();
		const voltage = field(row(page, METER), "voltage");
		await value_is(voltage, "a voltage", (text) => number(text) > 150);
		await world.emu.ask("register", { terminal: 1, reg: "voltage", value: 2_567_000 });
		await value_is(voltage, "the changed voltage", (text) => text === "256.7", 8000);
		await world.emu.ask("register", { terminal: 1, reg: "voltage", value: null });
		await value_is(voltage, "the voltage of the data", (text) => text !== "256.7", 8000);
		await close(page);
	});
	it("goes on after a flipped bit on the sensor's wire, and the bad frame is counted", async () => {
		const page = await open();
		const before = await bad_frames(1);
		await world.emu.ask("uart-flip", { terminal: 1, bit: 5 });
		await world.emu.ask("register", { terminal: 1, reg: "voltage", value: 2_579_000 });
		await value_is(field(row(page, METER), "voltage"), "the changed voltage", (text) => text === "257.9", 8000);
		await world.emu.ask("register", { terminal: 1, reg: "voltage", value: null });
		assert.ok((await bad_frames(1)) > before, "a bad frame was counted");
		await close(page);
	});
	it("asks the stream only for rows in sight and finds by name and number", async () => {
		const page = await open();
		await row(page, OTHER).waitFor();
		await page.fill(".search input", METER.slice(-3));
		await row(page, OTHER).waitFor({ state: "detached" });
		assert.equal(await page.locator("[data-row]").count(), 1);
		await page.fill(".search input", "nothing like this");
		await page.waitForSelector("text=没有符合条件的表计");
		await close(page);
	});
});

async function bad_frames(terminal) {
	const state = await world.emu.ask("state", { terminal });
	const found = JSON.stringify(state).match(/"bad_frames":(\d+)/);
	assert.ok(found, "the terminal counts bad frames");
	return Number(found[1]);
}

describe("the meter page", () => {
	it("trips: every stage in order, verified, and the current falls to zero; then closes", async () => {
		const page = await open();
		await row(page, METER).getByRole("link").first().click();
		await value_is(field(page, "voltage"), "a voltage", (text) => number(text) > 150);
		await do_command(page, "trip", "检修 · browser test");
		await page.waitForSelector("[data-stage=verified]:has-text('检修 · browser test')");
		const steps = await page.locator("[data-stage=verified] [data-step].done").evaluateAll((items) => items.map((item) => item.dataset.step));
		assert.deepEqual(steps.slice(0, 5), ["queued", "sent", "received", "executed", "verified"]);
		await value_is(field(page, "current"), "no current", (text) => number(text) === 0, 5000);
		await value_is(field(page, "power"), "no power", (text) => number(text) === 0, 5000);
		await page.waitForSelector("text=强制分闸");
		await screenshot(page, "meter-tripped-1440x900");

		await do_command(page, "close", "检修结束 · browser test");
		await page.waitForSelector("[data-stage=verified]:has-text('检修结束')");
		await page.waitForSelector("text=强制分闸", { state: "detached" });
		// What the terminal itself kept of it comes over the bus, the broker and the store.
		const moved = page.locator("li", { hasText: "继电器动作" });
		await moved.nth(1).waitFor();
		for (const line of await moved.allTextContents()) assert.match(line, /命令/);
		await close(page);
	});
	it("shows why a trip is refused while power is kept, and releases", async () => {
		const page = await open({ at: `/meters/${OTHER}` });
		await do_command(page, "keep-power", "保电 test");
		await page.waitForSelector("[data-stage=verified]:has-text('保电 test')");
		await page.locator("[data-testid=do-trip]:not([disabled])").waitFor();
		await do_command(page, "trip", "应被拒绝");
		await page.waitForSelector("[data-stage=refused]");
		await page.waitForSelector("[data-step=refused] >> text=保电生效中");
		await page.locator("[data-testid=do-release]:not([disabled])").waitFor();
		await do_command(page, "release", "结束");
		await page.waitForSelector("[data-stage=verified]:has-text('结束')");
		await close(page);
	});
	it("trips and closes by keys alone", async () => {
		const page = await open();
		await row(page, METER).waitFor();
		await page.keyboard.press("/");
		await page.keyboard.type(METER);
		await row(page, OTHER).waitFor({ state: "detached" });
		await row(page, METER).getByRole("link").focus();
		await page.keyboard.press("Enter");
		for (const kind of ["trip", "close"]) {
			await page.locator(`[data-testid=do-${kind}]:not([disabled])`).focus();
			await page.keyboard.press("Enter");
			await page.waitForFunction(() => document.activeElement?.matches("[data-testid=reason]"));
			await page.keyboard.type(`by keys: ${kind}`);
			await page.keyboard.press("Enter");
			await page.waitForSelector(`[data-stage=verified]:has-text("by keys: ${kind}")`);
		}
		await close(page);
	});
	it("needs a reason before anything is sent", async () => {
		const page = await open({ at: `/meters/${METER}` });
		await page.click("[data-testid=do-trip]");
		await page.click("[data-testid=confirm]");
		await page.waitForSelector("text=请填写原因");
		assert.equal((await world.api.meter(METER)).commands_pending, 0);
		await page.keyboard.press("Escape");
		await close(page);
	});
	it("draws the stored readings", async () => {
		const page = await open({ at: `/meters/${METER}` });
		await page.waitForSelector("canvas");
		await value_is(page.locator("[data-field=readings]"), "stored readings", (text) => number(text) >= 1, 90_000);
		await close(page);
	});
});

describe("devices", () => {
	it("lets a terminal wait and adopts it with the key of the imported list", async () => {
		const page = await open({ at: "/devices" });
		const card = page.locator(`[data-chip="${world.chips[2]}"]`);
		await card.waitFor();
		await card.locator("[data-testid=adopt]").click();
		await page.fill("[data-testid=adopt-meter]", SPARE);
		await page.fill("[data-testid=adopt-name]", "3 号楼 402 室");
		await page.click("[data-testid=adopt-do]");
		await page.waitForURL(`**/meters/${SPARE}`);
		await value_is(field(page, "voltage"), "a voltage of the new meter", (text) => number(text) > 150, 20_000);
		await close(page);
	});
	it("refuses the label of another terminal before it is sent", async () => {
		const page = await open({ at: "/devices" });
		await page.locator(`[data-chip="${world.chips[3]}"] [data-testid=adopt]`).click();
		await page.fill("[data-testid=adopt-name]", "x");
		await page.getByRole("button", { name: "标签二维码" }).click();
		await page.fill("[data-testid=adopt-label]", `WATTLE1:${world.chips[0]}:${"0".repeat(64)}`);
		await page.click("[data-testid=adopt-do]");
		await page.waitForSelector("text=这是另一个终端的标签");
		await close(page);
	});
});

describe("every page", () => {
	const PAGES = [
		["/meters", "[data-row]"],
		[`/meters/${METER}`, "canvas"],
		["/devices", "[data-chip]"],
		["/gateways", "[data-gateway]"],
	];
	for (const [theme, width, height] of [["light", 1440, 900], ["dark", 1440, 900], ["light", 390, 844]]) {
		it(`asks before an act without a serious finding of axe (${theme}, ${width}×${height})`, async () => {
			const page = await open({ theme, width, height, at: `/meters/${METER}` });
			await page.click("[data-testid=do-trip]");
			await page.waitForTimeout(500);
			assert.deepEqual(await axe(page), []);
			await close(page);
		});
	}
	it("speaks both languages and remembers the choice", async () => {
		const page = await open();
		await page.waitForSelector("h1:has-text('表计')");
		await page.click("[data-testid=language]");
		await page.waitForSelector("h1:has-text('Meters')");
		assert.equal(await page.getAttribute("html", "lang"), "en");
		for (const [url, ready] of PAGES) {
			await page.goto(url);
			await page.locator(ready).first().waitFor();
			assert.equal(await page.getAttribute("html", "lang"), "en", url);
		}
		await close(page);
	});
});

describe("a meter that keeps its credit", () => {
	it("shows both sides of its purse, and who decides about its supply and why", async () => {
		const customer = (await make(world.api, `${P1}/customers`, { name: "钱在表里", phones: [{ number: "13812341234", main: true }] })).id;
		const account = await open_account(world, { customer, code: "P-1", meter: OTHER, credit: "meter" });
		await make(world.api, `${P1}/orders`, { account, amount_fen: 5000, channel: "transfer", voucher: "V1" });
		const page = await open({ at: `/accounts/p1/${account}` });
		await page.locator("[data-testid=purse]", { hasText: "50.00" }).waitFor();
		await page.locator("[data-testid=purse-pending]").waitFor({ state: "detached" });
		await page.locator("[data-testid=charging] [data-by=platform]").waitFor();
		await page.locator("[data-testid=charging-why]", { hasText: "停电前须预告" }).waitFor();
		assert.deepEqual(await axe(page), []);
		await screenshot(page, "account-purse-1440x900");
		await close(page);
	});
	it("says beside the rest what could not be read, and reads it again", async () => {
		const [account] = (await world.api.get("/properties/p1/accounts?q=P-1")).items;
		const busy = (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ type: "/problems/busy", title: "The platform is busy; try again", title_zh: "平台繁忙，请重试", status: 503, detail: "" }) });
		for (const [at, part, text, after] of [[`/accounts/p1/${account.id}`, "**/charging", "表端计费的情况没能读到", "[data-testid=charging]"], ["/supply/p1", "**/supply-rules", "不知道自动拉闸现在是否停着", "[data-testid=incident]:not([disabled])"]]) {
			const page = await open({ at: "/account" });
			await page.route(part, busy);
			await page.goto(at);
			await page.getByText(text).waitFor();
			assert.equal(await page.locator(after).count(), 0, "nothing stands there as if it were known");
			assert.deepEqual(await axe(page), []);
			await page.unroute(part);
			await page.getByTestId("small-problem").getByRole("button").click();
			await page.locator(after).waitFor();
			page.faults = page.faults.filter((fault) => !/status of 503/.test(fault));
			await close(page);
		}
	});
});

describe("silence", () => {
	it("is seen within five seconds when the terminals fall silent, with the time since when", async () => {
		const page = await open();
		await page.waitForSelector(`[data-row="${METER}"] [data-freshness=live]`);
		await page.waitForTimeout(2000);
		const silent_since = Date.now();
		await world.emulator.kill();
		await page.waitForSelector(`[data-row="${METER}"] [data-freshness=stale]`);
		const took_ms = Date.now() - silent_since;
		assert.ok(took_ms <= 5000 * PATIENCE, `stale after ${took_ms} ms`);
		assert.match(await row(page, METER).textContent(), /停更.*自 \d\d:\d\d:\d\d 起/);
		await close(page);
	});
	it("of the server is told on the page", async () => {
		const page = await open();
		await row(page, METER).waitFor();
		await world.platform.stop();
		await page.waitForSelector("[role=alert]:has-text('与服务器断开')");
		await page.context().close();
	});
});
