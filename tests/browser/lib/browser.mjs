// Headless Chromium on the console, with what every test here wants to know: errors of the page,
// violations of the content security policy, axe's findings, screenshots.
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { chromium } from "playwright-core";
import { Api } from "../../lib/api.mjs";
import { PATIENCE } from "../../lib/process.mjs";
import { openapi } from "../../lib/schema.mjs";

const ROOT = new URL("../../../", import.meta.url).pathname;
// The background switches keep Chromium from looking for hosts that a closed network does not have.
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync"];
const SCREEN_LIMIT = 300_000;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// hosts: names and where they are; trust: keys (SPKI hashes) of servers whose authority the browser does not know.
export async function open_browser({ hosts = {}, trust = [] } = {}) {
	const more = [];
	const rules = Object.entries(hosts).map(([name, address]) => `MAP ${name} ${address}`);
	if (rules.length) more.push(`--host-resolver-rules=${rules.join(",")}`);
	if (trust.length) more.push(`--ignore-certificate-errors-spki-list=${trust.join(",")}`);
	// The shell has the same pages for a third less of the processor. Pictures of the documentation are those of a whole
	// browser as people have it: its date fields are drawn in its own language, not in the page's.
	const executablePath = process.env.SCREENS ? "/usr/bin/chromium" : "/usr/bin/chromium-headless-shell";
	return chromium.launch({ executablePath, args: [...ARGS, ...more], env: { ...process.env, LANGUAGE: "zh_CN" } });
}

const OPERATIONS = Object.entries(openapi.paths).flatMap(([template, methods]) => Object.keys(methods)
	.map((method) => [method.toUpperCase(), new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`)]));

// Does the description have this operation? The console may use what everybody can, and nothing else.
export function is_declared(method, url) {
	const { pathname } = new URL(url);
	return !pathname.startsWith("/api/") || OPERATIONS.some(([of, path]) => of === method && path.test(pathname));
}

// A page, with a session of `login` and standing `at` a path; page.faults collects whatever should never happen on it.
export async function open_page(browser, base, { login, at = login && "/meters", width = 1440, height = 900, theme = "light", language = "zh-CN" } = {}) {
	const choices = [{ name: "wattle.theme", value: theme }, { name: "wattle.language", value: language }];
	const context = await browser.newContext({
		viewport: { width, height }, reducedMotion: "reduce", locale: "zh-CN", timezoneId: "Asia/Shanghai", baseURL: base,
		storageState: { cookies: [], origins: [{ origin: new URL(base).origin, localStorage: choices }] },
	});
	const page = await context.newPage();
	page.setDefaultTimeout(30_000 * PATIENCE);
	page.faults = [];
	page.on("pageerror", (error) => page.faults.push(`page error: ${error.message}`));
	page.on("console", (message) => {
		// "Am I signed in?" is asked before signing in, and the browser logs its 401.
		if (message.type() === "error" && !/status of 401/.test(message.text())) page.faults.push(message.text());
	});
	page.on("request", (request) => {
		if (!is_declared(request.method(), request.url())) page.faults.push(`not in the API: ${request.method()} ${request.url()}`);
	});
	await page.addInitScript(() => {
		document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
	});
	if (login) {
		const api = new Api(new URL(base).port);
		await api.login(login.name, login.password);
		const [name, value] = api.cookie.split("=");
		await context.addCookies([{ name, value, url: base }]);
	}
	if (at) await page.goto(at);
	return page;
}

// By the login page, as a person does it.
export async function sign_in(page, { name, password }) {
	await page.goto("/login?back=/meters");
	await page.fill("#login-name", name);
	await page.fill("#login-password", password);
	await page.click("[data-testid=login]");
	await page.waitForURL(({ pathname }) => pathname === "/meters"); // not while it still stands behind `back`
}

// Returns the serious and critical findings as text; `rules`: axe's options that say which, all of them without.
export async function axe(page, rules) {
	await page.evaluate(AXE); // through the debugger: the page's policy stays as it is
	const options = { resultTypes: ["violations"], ...rules };
	const { violations } = await page.evaluate((wanted) => globalThis.axe.run(document, wanted), options);
	return violations
		.filter((v) => v.impact === "serious" || v.impact === "critical")
		.flatMap((v) => v.nodes.map((n) => `${v.id} (${v.impact}): ${n.target.join(" ")} ${n.failureSummary?.split("\n")[1] ?? ""}`));
}

// Into build/screens; SCREENS=docs/screens renews the pictures of the documentation.
export async function screenshot(page, name) {
	const folder = path.resolve(ROOT, process.env.SCREENS ?? "build/screens");
	mkdirSync(folder, { recursive: true });
	const file = path.join(folder, `${name}.png`);
	await page.screenshot({ path: file, animations: "disabled" });
	const { size } = statSync(file);
	if (size > SCREEN_LIMIT) throw new Error(`${file}: ${size} bytes`);
	return size;
}

// The same page at both sizes of a desk, when the pictures of the documentation are renewed; else at one.
export async function pictures(page, name) {
	for (const [width, height] of [[1280, 720], [1440, 900]].slice(process.env.SCREENS ? 0 : 1)) {
		await page.setViewportSize({ width, height });
		await page.waitForTimeout(150);
		await screenshot(page, `${name}-${width}x${height}`);
	}
}

export const row = (page, meter) => page.locator(`[data-row="${meter}"]`);
export const field = (scope, name) => scope.locator(`[data-field="${name}"]`).first();

// Waits until the text of a value satisfies the test; returns it.
export async function value_is(locator, what, test, timeout_ms = 15_000) {
	const end = Date.now() + timeout_ms * PATIENCE;
	let text = "";
	while (Date.now() < end) {
		text = (await locator.textContent().catch(() => "")) ?? "";
		if (test(text.trim())) return text.trim();
		await new Promise((done) => setTimeout(done, 50));
	}
	throw new Error(`${what}: still "${text.trim()}" after ${timeout_ms * PATIENCE} ms`);
}

// "1,234.5 W" → 1234.5; for comparing only.
export const number = (text) => Number(text.replace("−", "-").replace(/[^-\d.]/g, ""));
