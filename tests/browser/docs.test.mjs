// /docs: the description of the API to read and try, from our own server and under our own policy.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { root } from "../lib/process.mjs";
import { openapi } from "../lib/schema.mjs";
import { World } from "../lib/world.mjs";
import { open_browser, open_page } from "./lib/browser.mjs";

let world, browser, page;

before(async () => {
	world = await World.start({ parts: ["platform"] });
	browser = await open_browser();
	const [, name, password] = readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
	page = await open_page(browser, `http://127.0.0.1:${world.http_port}`, { login: { name, password } });
});
after(async () => {
	await browser?.close();
	await world?.stop();
});

test("every subject is shown, and nothing comes from elsewhere", async () => {
	const asked = [];
	page.on("request", (request) => asked.push(request.url()));
	await page.goto("/docs");
	await page.locator(".opblock-tag").first().waitFor();
	assert.deepEqual((await page.locator(".opblock-tag").evaluateAll((tags) => tags.map((t) => t.dataset.tag))).sort(), openapi.tags.map((t) => t.name).sort());
	assert.deepEqual(asked.filter((url) => !url.startsWith(`http://127.0.0.1:${world.http_port}/`) && !url.startsWith("data:")), []);
	assert.deepEqual(page.faults, []);
});

test("the guide is a click away, in both languages", async () => {
	const links = await page.locator(".info .description a").evaluateAll((found) => found.map((a) => a.getAttribute("href")));
	assert.deepEqual(links, ["/docs/guide.txt", "/docs/guide.zh-CN.txt"]);
	for (const [link, name] of [["/docs/guide.txt", "guide.md"], ["/docs/guide.zh-CN.txt", "guide.zh-CN.md"]]) {
		const answer = await fetch(`http://127.0.0.1:${world.http_port}${link}`);
		assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8");
		assert.equal(await answer.text(), readFileSync(path.join(root, "docs/api", name), "utf8"));
	}
});

test("an operation can be tried", async () => {
	const operation = page.locator("#operations-session-session_show");
	await page.locator("#operations-tag-session").click();
	await operation.locator(".opblock-summary-control").click();
	await operation.locator(".try-out__btn").click();
	await operation.locator(".execute").click();
	await operation.locator(".live-responses-table .response-col_status", { hasText: "200" }).waitFor();
	assert.match(await operation.locator(".live-responses-table").textContent(), /"name":\s*"admin"/);
	assert.deepEqual(page.faults, []);
});
