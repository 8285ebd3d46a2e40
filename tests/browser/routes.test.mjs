// Every page of the console, as its routes name them, filled and empty: no serious finding of axe in either theme,
// nothing wider than a phone, and words where there is nothing to show. A route that is not here fails the test.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { make } from "../lib/estate.mjs";
import { PATIENCE, root } from "../lib/process.mjs";
import { World, meter_number } from "../lib/world.mjs";
import { axe, open_browser, open_page, screenshot } from "./lib/browser.mjs";
import { fill_money } from "./lib/money.mjs";
import { fill_organisation } from "./lib/organisation.mjs";
import { fill_people } from "./lib/people.mjs";
import { fill_tariffs } from "./lib/tariffs.mjs";

const SOURCES = path.join(root, "web/console/src");
// Of an empty property, and what stands there in place of rows.
const EMPTY = ["overview", "tasks", "alarms", "spaces", "customers", "leases", "sheets", "takeovers", "webhooks", "settings/calendars", "tariffs", "rooms", "control", "events"];
let world, browser, pages, people;

// The names that the router knows. Those of `propertyRoutes` and of a group's settings are made from others.
function route_names() {
	const files = readdirSync(path.join(SOURCES, "features"), { recursive: true }).filter((file) => file.endsWith("module.ts")).map((file) => path.join("features", file));
	const names = new Set();
	for (const file of ["router.ts", ...files]) {
		const text = readFileSync(path.join(SOURCES, file), "utf8");
		for (const [, name] of text.matchAll(/\bname: '([\w-]+)'/g)) names.add(name);
		for (const [, list] of text.matchAll(/\(\[([^\]]+)\] as const\)\.map\(\(page\)/g)) for (const [, page] of list.matchAll(/'([\w-]+)'/g)) names.add(`group-${page}`);
	}
	names.delete("home"); // leads to the first page of the menu
	return [...names].sort();
}

async function open({ signed_in = true, ...options } = {}) {
	const base = `http://127.0.0.1:${world.http_port}`, page = await open_page(browser, base, options);
	const [name, value] = world.api.cookie.split("=");
	if (signed_in) await page.context().addCookies([{ name, value, url: base }]);
	return page;
}

async function close(page) {
	const { faults } = page;
	await page.context().close();
	assert.deepEqual(faults, [], "the page reported errors");
}

// Another page in the frame that stays, as for somebody who goes on by the menu.
async function shown(page, url) {
	if (page.url() === "about:blank") {
		await page.goto("/account");
		await page.locator("h1").first().waitFor();
	}
	await page.evaluate((to) => {
		document.title = "";
		history.pushState(null, "", to);
		dispatchEvent(new PopStateEvent("popstate"));
	}, url);
	await page.waitForFunction(() => document.title && new Promise(requestAnimationFrame).then(() => true));
}

// All there is to load is there, and nothing moves any more.
async function settled(page, url) {
	await shown(page, url);
	await page.locator("h1").first().waitFor();
	await page.waitForFunction(() => !document.querySelector("main [role=status]:has(.bar)"));
	await page.waitForTimeout(150);
}

const too_wide = (page) => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);

before(async () => {
	world = await World.start({ terminals: 2, adopt: 1, settings: "[webhook]\nprivate = 1\n" });
	browser = await open_browser();
	people = await fill_people(world);
	pages = Object.fromEntries([...await fill_organisation(world), ["users", "/users"], ["user", people.user], ["roles", "/roles"], ["account", "/account"],
		["approvals", "/approvals"], ["approval", people.approval], ["audit", "/audit"], ["keys", "/keys"], ["webhooks", "/webhooks/p1"], ["webhook", people.webhook],
		["overview", "/overview"], ["overview-of", "/overview/p1"], ["tasks", "/tasks/p1"], ["alarms", "/alarms/p1"], ["meters", "/meters"], ["meter", `/meters/${meter_number(1)}`], ["devices", "/devices"], ["gateways", "/gateways"], ["events", "/events/p1"], ["missing", "/nowhere"]]);
	// As the router calls them, where the pictures of the documentation have another name.
	pages = { ...pages, ...await fill_money(world), ...await fill_tariffs(world), sheet: pages.import, calendars: "/settings/p1/calendars" };
	delete pages.import;
	delete pages.privacy;
	for (const page of ["calendars", "alarm-plans", "messages", "privacy"]) pages[`group-${page}`] = `/organisation/1/${page}`;
	await make(world.api, "/api/v1/groups/1/properties", { slug: "bare", name: "空物业" });
});
after(async () => {
	people?.end();
	await browser?.close();
	await world?.stop();
});

// The light pages are looked at all; in the dark, on a phone and without a server each run takes a part of them, and
// the nightly one (WATTLE_ALL_PAGES) all.
const all_pages = () => Object.entries(pages);
const each = (n, k) => () => all_pages().filter((_, i) => process.env.WATTLE_ALL_PAGES || i % n === k);

// Two at a time: a page mostly waits.
describe("all pages", { concurrency: 2 }, () => {
	it("are known to this test", () => {
		assert.deepEqual([...Object.keys(pages), "login", "invite"].sort(), route_names());
	});
	// The dark theme is other colours of the same page, a phone another shape of it.
	for (const [theme, width, height, part, rules] of [["light", 1440, 900, all_pages], ["dark", 1440, 900, each(2, 0), { runOnly: ["color-contrast"] }],
		["light", 390, 844, each(2, 1), { rules: { "color-contrast": { enabled: false } } }]]) {
		it(`have no serious finding of axe and fit (${theme}, ${width}×${height})`, async () => {
			const page = await open({ theme, width, height }), found = [];
			page.on("response", (answer) => answer.status() >= 400 && found.push(`${answer.status()} ${answer.url()}`));
			const look = async (name, url) => {
				await settled(page, url);
				for (const finding of await axe(page, rules)) found.push(`${name}: ${finding}`);
				if (await too_wide(page)) found.push(`${name}: wider than the screen`);
				if (width < 1000) await screenshot(page, `all-${name.replaceAll("/", "-")}-${width}x${height}`);
			};
			for (const [name, url] of part()) await look(name, url);
			for (const list of EMPTY) {
				await look(`empty ${list}`, list.replace(/^(\w+)/, "/$1/bare"));
				assert.equal(await page.locator("[data-row]").count(), 0, list);
			}
			assert.deepEqual(found, []);
			await close(page);
			const stranger = await open({ theme, width, height, signed_in: false });
			for (const [name, url] of [["login", "/login"], ["invite", "/invite#nothing"]]) {
				await stranger.goto(url);
				await stranger.waitForTimeout(600);
				for (const finding of await axe(stranger)) found.push(`${name}: ${finding}`);
				if (await too_wide(stranger)) found.push(`${name}: wider than the screen`);
				if (width < 1000) await screenshot(stranger, `all-${name}-${width}x${height}`);
			}
			await stranger.context().close();
			assert.deepEqual(found, []);
		});
	}
	it("say what went wrong where the server does not answer, and offer another try", async () => {
		const page = await open(), silent = [];
		for (const [name, url] of each(3, 1)()) {
			if (["missing", "account"].includes(name)) continue; // ask nothing, or what the frame asked
			// The page itself comes; what it asks for does not.
			await page.route((to) => /^\/api\/v1\/(?!session$|events|places)/.test(to.pathname), (route) => route.fulfill({ status: 503, contentType: "application/problem+json",
				body: JSON.stringify({ type: "/problems/busy", title: "The platform is busy; try again", title_zh: "平台繁忙，请重试", status: 503, detail: "" }) }));
			await shown(page, url);
			const said = page.getByText("平台繁忙，请重试").first();
			await said.waitFor({ timeout: 8000 * PATIENCE }).catch(() => silent.push(name));
			await page.unrouteAll({ behavior: "ignoreErrors" });
		}
		await page.context().close();
		assert.deepEqual(silent, []);
	});
});
