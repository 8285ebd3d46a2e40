// Renews the pictures in docs/screens from the real chain: node tests/browser/screens.mjs [MINUTES [PAGE …]]
// The minutes let the curves grow. Not a test: the tests look at the same pages.
import { readFileSync } from "node:fs";
import path from "node:path";
import { sleep } from "../lib/process.mjs";
import { World, meter_number } from "../lib/world.mjs";
import { adopt_named } from "./lib/adopt.mjs";
import { open_browser, open_page, screenshot } from "./lib/browser.mjs";
import { fill_organisation } from "./lib/organisation.mjs";
import { fill_people } from "./lib/people.mjs";

const NAMES = ["1 号楼 101 室", "1 号楼 102 室", "1 号楼 201 室", "2 号楼 底商 茶餐厅", "2 号楼 302 室", "3 号楼 水泵房", "3 号楼 402 室"];
const SIZES = [[1440, 900, "light", "zh-CN"], [1440, 900, "dark", "zh-CN"], [1280, 720, "light", "en"], [390, 844, "light", "zh-CN"]];
const PAGES = [["login", "/login"], ["meters", "/meters"], ["meter", `/meters/${meter_number(2)}`], ["devices", "/devices"], ["gateways", "/gateways"]];
const LIVE_MS = 20_000;

process.env.SCREENS ??= "docs/screens";
const minutes = Number(process.argv[2] ?? 12);
const wanted = process.argv.slice(3); // names of pages; none: all
const world = await World.start({ terminals: 8, adopt: 0, settings: "[webhook]\nprivate = 1\n" });
const browser = await open_browser();
try {
	await adopt_named(world, NAMES);
	await sleep(minutes * 60_000);
	await world.api.command_reaches((await world.api.command(meter_number(5), "trip", { reason: "停电检修" })).id, "verified");
	await world.api.command_reaches((await world.api.command(meter_number(6), "keep-power", { reason: "重要负荷" })).id, "verified");
	const [, name, password] = readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
	const people = await fill_people(world);
	const office_pages = [...await fill_organisation(world), ["users", "/users"], ["user", people.user], ["roles", "/roles"], ["account", "/account"], ["approvals", "/approvals"], ["approval", people.approval],
		["audit", "/audit"], ["keys", "/keys"], ["webhooks", "/webhooks/p1"], ["webhook", people.webhook]];
	for (const [width, height, theme, language] of SIZES) {
		const page = await open_page(browser, `http://127.0.0.1:${world.http_port}`, { login: { name, password }, width, height, theme, language });
		for (const [name, url] of [...PAGES, ...office_pages]) {
			if (wanted.length && !wanted.includes(name)) continue;
			await page.goto(url);
			await sleep(name.startsWith("meter") ? LIVE_MS : 1500);
			if (name === "meter" && width === 1440 && theme === "light") {
				await page.click("[data-testid=do-trip]");
				await sleep(600);
				await screenshot(page, "trip-1440x900");
				await page.fill("[data-testid=reason]", "用电安全");
				await page.click("[data-testid=confirm]");
				await page.waitForSelector("[data-stage=verified]:has-text('用电安全')");
				await sleep(2500);
			}
			await screenshot(page, `${name}-${width}x${height}${theme === "dark" ? "-dark" : ""}`);
			if (name === "devices" && width === 1440 && theme === "light") {
				await page.click("[data-testid=adopt]");
				await sleep(600);
				await screenshot(page, "adopt-1440x900");
			}
		}
		await page.context().close();
	}
	people.end();
} finally {
	await browser.close();
	await world.stop({ quietly: true });
}
