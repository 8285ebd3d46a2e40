// Prices as somebody writes them: hours dragged on the day, steps, what it would have cost whom, a change to come and
// its end, and water. On the readings of some days; the account of each of three rooms has them all.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { open_account } from "../lib/accounts.mjs";
import { P1, make } from "../lib/estate.mjs";
import { start_site } from "../lib/site-world.mjs";
import { axe, open_browser, open_page, pictures, value_is } from "./lib/browser.mjs";

const DAYS = 2;
const of = (id) => `[data-testid=${id}]`;
let world, api, browser, page, base;

const gone = () => page.locator(".form-drawer").waitFor({ state: "detached" });
const tariff_named = async (wanted) => (await api.get("/properties/p1/tariffs")).items.find(({ name }) => name === wanted);
const versions_of = async (name) => (await api.get(`/properties/p1/tariffs/${(await tariff_named(name)).id}/versions`)).items;

async function open(language = "zh-CN") {
	const opened = await open_page(browser, base, { language });
	const [name, value] = api.cookie.split("=");
	await opened.context().addCookies([{ name, value, url: base }]);
	return opened;
}

// An account of a room's meter since its first stored reading, with what it measured then.
async function account_of(meter, code) {
	const to = new Date(), from = new Date(to - (DAYS + 1) * 86400e3);
	const { items: [first] } = await api.get(`/meters/${meter}/readings?from=${from.toISOString()}&to=${to.toISOString()}`);
	const { id } = await make(api, `${P1}/customers`, { name: `用户 ${code}` });
	return open_account(world, { customer: id, code, meter, since_s: Date.parse(first.at) / 1000, open_units: first.energy_wh });
}

async function add_tariff(name, { water = false } = {}) {
	await page.goto("/tariffs/p1");
	await page.click(of("add-tariff"));
	await page.fill(of("tariff-name"), name);
	if (water) {
		await page.click(of("tariff-service"));
		await page.locator(".el-select-dropdown__item:visible", { hasText: "水" }).click();
	}
	await page.click(of("submit"));
	await page.waitForURL("**/new");
}

async function publish() {
	await page.click(of("publish"));
	await page.fill(of("reason"), "物价局 2026 年文件");
	await page.click(of("confirm"));
	await page.waitForURL(/\/tariffs\/p1\/\d+(\?|$)/);
}

before(async () => {
	world = await start_site({ meters: 12, days: DAYS, parts: ["platform"], terminals: 0, adopt: 0 });
	({ api } = world);
	base = `http://127.0.0.1:${world.http_port}`;
	const { rooms } = await api.get("/properties/p1/room-map");
	const homes = rooms.filter(({ place, meters }) => place && meters.length === 1).slice(0, 3);
	for (const [i, room] of homes.entries()) await account_of(room.meters[0].meter, `H-${i + 1}`);
	browser = await open_browser();
	page = await open();
});
after(async () => {
	await browser?.close();
	await world?.stop();
});

describe("prices", () => {
	it("by the hour are dragged on the day, or moved by keys", async () => {
		await add_tariff("居民分时");
		await page.fill("[data-price=rates-0]", "0.5");
		await page.click(of("by-hour"));
		for (const [index, price] of ["0.30", "0.55", "0.98"].entries()) await page.fill(`[data-price=rates-${index}]`, price);
		const edge = page.locator("[data-edge='1']"), bar = await page.locator(".day .bar").boundingBox();
		await edge.hover();
		await page.mouse.down();
		await page.mouse.move(bar.x + (bar.width * 6) / 24, bar.y + 20, { steps: 4 });
		await page.mouse.up();
		assert.equal(await page.inputValue("[data-slot='1']"), "06:00");
		await edge.focus();
		await page.keyboard.press("ArrowRight");
		await page.keyboard.press("PageUp");
		assert.equal(await page.inputValue("[data-slot='1']"), "07:15");
		assert.equal(await edge.getAttribute("aria-valuetext"), "07:15 平");
		await page.fill("[data-slot='3']", "23:00");
	});

	it("rise in steps, and a mistake is named where it stands", async () => {
		await page.click(of("by-steps"));
		await page.fill("[data-upto='0']", "viel");
		await page.fill("[data-step='1']", "0.05");
		await page.click(of("save-draft"));
		await page.getByText("请填写数字").waitFor();
		await page.fill("[data-upto='0']", "2880");
		await pictures(page, "tariff-editor");
		assert.deepEqual(await axe(page), []);
		await page.click(of("save-draft"));
		await page.waitForURL(/\/tariffs\/p1\/\d+\/\d+/);
		const [{ state, plan }] = await versions_of("居民分时");
		assert.equal(state, "draft");
		assert.deepEqual(plan.rates.map(({ name, price_uy }) => [name, price_uy]), [["谷", 300000], ["平", 550000], ["峰", 980000]]);
		assert.deepEqual(plan.calendar.tables[0].slots, [{ from: "00:00", rate: 1 }, { from: "07:15", rate: 2 }, { from: "18:00", rate: 3 }, { from: "23:00", rate: 2 }]);
		assert.deepEqual([plan.steps.thresholds, plan.steps.prices_uy], [[2880000], [0, 50000]]);
	});

	it("hold for the whole property once they are published, and nobody was asked twice", async () => {
		await page.fill(of("valid-from"), "2026-01-01T00:00");
		await publish();
		await page.locator(".form-drawer").getByText("全物业").click();
		await page.fill(of("assign-from"), "2026-01-01T00:00");
		await page.fill(of("assign-reason"), "开业");
		await page.click(of("submit"));
		await gone();
		await page.locator(of("holds-for")).getByText("全物业").waitFor();
		const { items } = await api.get("/properties/p1/tariff-uses");
		assert.deepEqual(items.map(({ tariff, from }) => [tariff, from]), [[(await tariff_named("居民分时")).id, "2025-12-31T16:00:00Z"]]);
	});

	it("that are to come begin with those of today, and are tried on what was stored", async () => {
		await page.click(of("new-version"));
		await value_is(page.locator("h3", { hasText: "相比" }), "what it is compared with", (text) => text.includes("2026-01-01"));
		assert.equal(await page.inputValue("[data-price=rates-2]"), "0.9800");
		await page.fill("[data-price=rates-0]", "0.1");
		await page.fill("[data-price=rates-2]", "1.96");
		await page.click(of("write-notice"));
		await page.waitForFunction((box) => /谷 0.3000 → 0.1000.*峰 0.9800 → 1.9600/s.test(document.querySelector(box).value), of("notice"));
		await page.click(of("try"));
		const result = page.locator(of("trial-result"));
		await result.waitFor();
		const rows = await result.locator("tbody tr[data-row]").evaluateAll((lines) => lines.map((line) => [...line.cells].map((cell) => cell.textContent.trim())));
		assert.equal(rows.length, 3, JSON.stringify(rows));
		const fen = (text) => Math.round(Number(text.replace(/[^-\d.−]/g, "").replace("−", "-")) * 100);
		for (const [, , used, now, tried, difference] of rows) {
			assert.ok(fen(used) > 0 && fen(now) > 0, `${used} kWh, ${now} yuan`);
			assert.ok(Math.abs(fen(tried) - fen(now) - fen(difference)) <= 1, `${now} ${tried} ${difference}`);
		}
		const more = rows.filter(([, , , , , difference]) => difference.startsWith("▲")).length, less = rows.filter(([, , , , , difference]) => difference.startsWith("▼")).length;
		const told = async (key) => Number(await result.locator(`[data-metric=${key}]`).textContent());
		assert.deepEqual([await told("more"), await told("less"), await told("same")], [more, less, 3 - more - less]);
		assert.ok(more + less > 0, "nobody pays more or less");
		await result.scrollIntoViewIfNeeded();
		await pictures(page, "tariff-trial");
		assert.deepEqual(await axe(page), []);
	});

	it("wait for their day, and can be taken back until then", async () => {
		await publish();
		await page.locator("[data-version]").first().getByText("待生效").waitFor();
		await pictures(page, "tariff-to-come");
		const [now, next] = await versions_of("居民分时");
		assert.deepEqual([now.plan.rates[2].price_uy, next.plan.rates[2].price_uy, next.state], [980000, 1960000, "published"]);
		await page.locator("[data-version]").first().click();
		await page.getByRole("button", { name: "撤回" }).click();
		await page.fill(of("reason"), "通知期不足");
		await page.click(of("confirm"));
		await page.locator("[data-version]").getByText("已撤回").waitFor();
		assert.deepEqual((await versions_of("居民分时")).map(({ state }) => state), ["published", "withdrawn"]);
	});

	it("of water have steps, sewage and the resource beside them, and a month's least", async () => {
		await add_tariff("居民用水", { water: true });
		await page.fill("[data-price=rates-0]", "2.90");
		await page.click(of("by-steps"));
		await page.fill("[data-upto='0']", "216");
		await page.fill("[data-step='1']", "0.97");
		for (const [index, price] of ["1.00", "0.20"].entries()) {
			await page.click(of("add-lines"));
			await page.fill(`[data-price=lines-${index}]`, price);
		}
		await page.getByLabel("每月保底消费").fill("5");
		await pictures(page, "tariff-water");
		assert.deepEqual(await axe(page), []);
		await publish();
		await page.locator(".form-drawer .el-drawer__close-btn").click();
		await gone();
		const [{ plan }] = await versions_of("居民用水");
		assert.deepEqual([plan.rates, plan.lines, plan.minimum_fen], [[{ price_uy: 2900000 }], [{ name: "污水处理费", price_uy: 1000000 }, { name: "水资源费", price_uy: 200000 }], 500]);
		assert.deepEqual(page.faults, []);
	});

	it("read the same in English", async () => {
		const english = await open("en");
		await english.goto("/tariffs/p1");
		await english.getByText("谷 0.3000 · 平 0.5500 · 峰 0.9800 yuan/kWh").waitFor();
		await english.getByRole("link", { name: "居民用水" }).click();
		await english.getByText("0–216 m³ +0.0000").waitFor();
		assert.deepEqual(english.faults, []);
	});
});
