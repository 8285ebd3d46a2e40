// Devices as an installer and an operator meet them, on a gateway that we play: found, adopted into a room, what a meter is,
// what happened; and what every page shares: search by keys, paper, what is remembered.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { changed, estate } from "../lib/estate.mjs";
import { FakeGateway } from "../lib/fake-gateway.mjs";
import { until } from "../lib/process.mjs";
import { World, meter_number } from "../lib/world.mjs";
import { axe, open_browser, open_page, pictures, screenshot } from "./lib/browser.mjs";

const id = (name) => `[data-testid=${name}]`;
const chip = (k) => String(k).padStart(24, "a"), key = (k) => String(k).repeat(64);
const METER = meter_number(1);
let world, browser, gateway;

async function open(options) {
	const base = `http://127.0.0.1:${world.http_port}`, page = await open_page(browser, base, options), [name, value] = world.api.cookie.split("=");
	await page.context().addCookies([{ name, value, url: base }]);
	return page;
}

async function close(page, but = /^$/) {
	const faults = page.faults.filter((fault) => !but.test(fault));
	await page.context().close();
	assert.deepEqual(faults, [], "the page reported errors");
}

// Chooses in a list of Element Plus, by what stands there.
async function choose(page, field, text) {
	await page.locator(field).click();
	await page.locator(".el-select-dropdown__item:visible", { hasText: text }).click();
}

const settings = () => world.api.get(`/meters/${METER}/settings`);

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0 });
	gateway = await FakeGateway.open(world);
	for (const k of [1, 2]) await gateway.found(chip(k));
	await estate(world.api);
	browser = await open_browser();
});
after(async () => {
	await browser?.close();
	await world?.stop();
});

describe("devices", () => {
	it("are adopted into a room, with the key of a list, in one go", async () => {
		const page = await open();
		await page.goto("/devices");
		await page.locator("input[type=file]").setInputFiles({ name: "keys.csv", mimeType: "text/csv", buffer: Buffer.from(`chip,key\n${chip(1)},${key(1)}\n`) });
		const card = page.locator(`[data-chip="${chip(1)}"]`);
		await card.getByText("密钥已导入").waitFor();
		assert.equal(await page.locator(`[data-chip="${chip(2)}"]`).getByText("缺少密钥").count(), 1);
		await card.locator(id("adopt")).click();
		await page.fill(id("adopt-meter"), METER);
		await page.fill(id("adopt-name"), "3 层 301");
		await page.getByLabel("所在房间").click();
		await page.fill(id("space-search"), "301");
		await page.locator("[data-space='A/3/301']").click();
		await choose(page, id("adopt-use"), "后付费");
		await pictures(page, "devices-adopt");
		await page.click(id("adopt-do"));
		await page.waitForURL(`**/meters/${METER}`);
		const made = await settings();
		assert.deepEqual([made.name, made.path, made.use, made.model], ["3 层 301", "A/3/301", "postpaid", "wattle-1"]);
		await close(page);
	});
	it("say what a meter is; a change says what it does, and one that came too late is not written over another", async () => {
		const page = await open({ width: 1280, height: 720 });
		await page.goto("/devices");
		await page.getByRole("button", { name: "已接入" }).click();
		await page.locator(`[data-settings="${METER}"]`).click();
		await page.fill(id("meter-name"), "301 室");
		await choose(page, id("meter-model"), "wattle-0");
		await page.getByText("余额只在平台").waitFor();
		assert.deepEqual(await axe(page), []);
		await screenshot(page, "devices-settings-1280x720");
		await changed(world.api, "PATCH", `/api/v1/meters/${METER}/settings`, { name: "别人改的" });
		await page.click(id("submit"));
		await page.locator(id("conflict")).getByRole("button").click();
		await until("read anew", async () => (await page.inputValue(id("meter-name"))) === "别人改的");
		await page.fill(id("meter-name"), "301 室");
		await choose(page, id("meter-model"), "wattle-0");
		await page.click(id("submit"));
		await page.getByText("表计设置已保存").waitFor();
		const now = await settings();
		assert.deepEqual([now.name, now.model, now.use, now.path], ["301 室", "wattle-0", "postpaid", "A/3/301"]);
		await page.goto("/devices"); // the part that was looked at last
		await page.locator(`[data-row="${chip(1)}"]`).waitFor();
		await close(page, /status of 412/);
	});
	it("and what they report stand in the events; a gateway shows queue, clock and bus, and that it went", async () => {
		const page = await open();
		await page.goto("/events/p1");
		const line = page.locator("[data-row]", { hasText: chip(2) });
		await line.getByText("发现新终端").waitFor();
		assert.match(await line.textContent(), /总线地址 1，固件 1\.0/);
		await pictures(page, "events");
		await line.locator(id("event-gateway")).click();
		await page.waitForURL("**/gateways#gw-1");
		const card = page.locator("[data-gateway=gw-1]");
		for (const text of ["在线", "待确认批次", "总线错误", "与平台相差", "版本 0.1.0"]) await card.getByText(text).first().waitFor();
		await gateway.publish("state", JSON.stringify({ online: false }), { retain: true });
		await page.locator("[data-gateway=gw-1][data-online=false]").waitFor();
		await close(page);
	});
});

describe("every page", () => {
	it("is searched by keys: what is typed at once is heard, arrows choose, Enter opens, Escape gives the focus back", async () => {
		const page = await open();
		await page.goto("/meters");
		const box = page.locator(".search input");
		await box.focus();
		// The field has the focus while the box still comes in.
		await page.evaluate(() => addEventListener("focusin", ({ target }) => target.matches("[data-testid=search-everywhere]") && (globalThis.early ??= !!document.querySelector(".dialog-fade-enter-active"))));
		for (let i = 0; i < 2; i++) {
			await page.keyboard.press("Control+k");
			await page.waitForFunction(() => document.activeElement?.matches("[data-testid=search-everywhere]"));
			await page.keyboard.type("30");
			await page.locator(".search-dialog [role=option]").first().waitFor();
			assert.equal(await page.inputValue(id("search-everywhere")), "30");
			if (i) break;
			await page.keyboard.press("Escape");
			await page.waitForFunction(() => document.activeElement?.closest(".search"));
			await page.locator(".search-dialog").waitFor({ state: "detached" });
		}
		assert.equal(await page.evaluate(() => globalThis.early), true);
		// Asked for again while it goes away: it comes back, empty, and hears what is typed.
		await page.evaluate(() => {
			const field = document.querySelector("[data-testid=search-everywhere]");
			field.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", code: "Escape", bubbles: true }));
			const again = () => (document.querySelector(".dialog-fade-leave-active") ? dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true })) : requestAnimationFrame(again));
			again();
		});
		await page.waitForFunction(() => document.activeElement?.matches("[data-testid=search-everywhere]") && document.activeElement.value === "");
		await page.waitForTimeout(400); // what was going away would be gone by now
		await page.keyboard.type("30");
		await page.locator(".search-dialog [role=option]").nth(1).waitFor();
		assert.equal(await page.inputValue(id("search-everywhere")), "30");
		const second = await page.locator(".search-dialog [role=option]").nth(1).getAttribute("data-hit");
		await page.keyboard.press("ArrowDown");
		await page.locator(`[data-hit="${second}"][aria-selected=true]`).waitFor();
		await page.keyboard.press("Enter");
		await page.waitForURL((url) => url.pathname !== "/meters");
		await close(page, /status of 404/); // there is no order of this number
	});
	it("is light on paper, without menu, bar and buttons", async () => {
		const page = await open({ theme: "dark" });
		await page.goto("/customers/p1");
		await page.locator("h1").waitFor();
		await page.emulateMedia({ media: "print" });
		const paper = await page.evaluate(() => ({ text: getComputedStyle(document.body).color, ground: getComputedStyle(document.body).backgroundColor,
			shown: ["nav.side", "header.bar", "main .el-button"].filter((part) => document.querySelector(part)?.checkVisibility()) }));
		assert.deepEqual(paper.shown, []);
		assert.equal(paper.ground, "rgb(255, 255, 255)");
		const [r, g, b] = paper.text.match(/\d+/g).map(Number);
		assert.ok(r + g + b < 200, paper.text);
		await close(page);
	});
	it("keeps one stream, and asks it for the rows in sight", async () => {
		const page = await open(), streams = new Set();
		page.on("request", (request) => request.url().includes("/api/v1/events?") && streams.add(request));
		for (const over of ["requestfinished", "requestfailed"]) page.on(over, (request) => streams.delete(request));
		const asked = () => [...streams].map((request) => new URL(request.url()).searchParams.get("meters"));
		await page.goto("/meters");
		await page.locator(`[data-row="${METER}"]`).waitFor();
		await until("the row's", () => asked().join() === METER);
		await page.fill(".search input", "nothing like this");
		await until("none", () => asked().length === 1 && asked()[0] === "");
		await page.click("nav.side a[href='/gateways']");
		await page.locator("[data-gateway]").first().waitFor();
		assert.equal(asked().length, 1);
		await close(page);
	});
});
