// People, rights and integration as a person meets them: invitation, roles, approvals, audit, keys,
// webhooks, against the real server; each journey by the pages alone.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { make } from "../lib/estate.mjs";
import { AT_ONCE_MS, run, until } from "../lib/process.mjs";
import { PASSWORD, make_person } from "../lib/staff.mjs";
import { totp } from "../lib/totp.mjs";
import { World } from "../lib/world.mjs";
import { axe, is_declared, open_browser, open_page, sign_in, value_is } from "./lib/browser.mjs";

const NEW_PASSWORD = "amber-river-77-cloud";

let world, browser, base, admin, receiver;
const heard = [];

const open = (login, options = {}) => open_page(browser, base, { login, ...options });
const as = (name) => ({ name, password: PASSWORD });
const id = (name) => `[data-testid=${name}]`;

// `but`: what the journey itself brings about, as a refusal that it looks at.
async function close(page, but = /^$/) {
	const faults = page.faults.filter((fault) => !but.test(fault));
	await page.context().close();
	assert.deepEqual(faults, [], "the page reported errors");
}

async function pick(page, field, text) {
	await page.click(field);
	await page.locator(".el-select-dropdown__item:visible", { hasText: text }).first().click();
}

const user_id = async (name) => (await world.api.get(`/users?q=${name}`)).items.find((user) => user.name === name).id;

before(async () => {
	receiver = createServer((request, response) => {
		let body = "";
		request.on("data", (part) => (body += part));
		request.on("end", () => {
			heard.push({ headers: request.headers, body });
			response.end();
		});
	});
	await new Promise((done) => receiver.listen(0, "127.0.0.1", done));
	world = await World.start({ parts: ["platform"], settings: "[webhook]\nprivate = 1\n" });
	base = `http://127.0.0.1:${world.http_port}`;
	const [, name, password] = readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
	admin = { name, password };
	await make(world.api, "/api/v1/groups/1/properties", { slug: "p2", name: "河东新村" });
	await make_person(world, "boss", { role: "group-admin", group: "1" });
	await make_person(world, "second", { role: "group-admin", group: "1" });
	browser = await open_browser();
});
after(async () => {
	await browser?.close();
	receiver?.close();
	await world?.stop();
});

describe("a new cashier", () => {
	let link;
	it("is created, gets a role at one property, and a link that is shown once", async () => {
		const page = await open(admin);
		await page.click("nav >> text=操作员");
		await page.click(id("add-user"));
		await page.click(id("submit"));
		await page.waitForSelector("text=请填写这一项");
		await page.fill(id("user-name"), "boss");
		await page.click(id("submit"));
		await page.waitForSelector("[role=alert]"); // taken
		await page.fill(id("user-name"), "liu");
		await page.fill(id("user-full-name"), "刘敏");
		await page.click(id("submit"));
		await page.waitForSelector("h1:has-text('刘敏')");
		await page.waitForSelector("text=待设密码");
		await page.click(id("add-grant"));
		await pick(page, `${id("grant-role")}`, "收费员");
		await page.waitForSelector("text=不能拉合闸"); // what the role means, in words
		await page.waitForSelector(`.el-drawer ${id("property-field")} >> text=/./`);
		await pick(page, `.el-drawer ${id("property-field")}`, "p1");
		await page.fill(id("grant-reason"), "新来的收费员");
		await page.click(id("submit"));
		await page.waitForSelector("[data-grant]:has-text('收费员')");
		await page.click(id("invite"));
		await page.click(id("make-link"));
		link = (await page.textContent(id("secret"))).trim();
		assert.match(link, new RegExp(`^${base}/invite#[\\w-]{43}$`));
		await page.keyboard.press("Escape");
		await close(page, /status of 409/);
	});
	it("sets her own password, and sees her property and no other", async () => {
		const page = await open(null);
		await page.goto(link);
		await page.waitForSelector("h1:has-text('刘敏，您好')");
		assert.deepEqual(await axe(page), []);
		await page.fill(id("new-password"), "1234567890");
		await page.fill(id("again-password"), "1234567890x");
		await page.click(id("set-password"));
		await page.waitForSelector("text=两次输入的不一样");
		await page.fill(id("again-password"), "1234567890");
		await page.click(id("set-password"));
		await page.waitForSelector(".note.bad"); // too common, and it stands at its field
		await page.fill(id("new-password"), PASSWORD);
		await page.fill(id("again-password"), PASSWORD);
		await page.click(id("set-password"));
		await page.waitForURL("**/overview");
		const menu = await page.locator("nav.side a.item").evaluateAll((items) => items.map((item) => item.getAttribute("href")));
		assert.ok(menu.includes("/account") && menu.includes("/meters"), menu.join());
		for (const hidden of ["/users", "/roles", "/audit", "/keys", "/webhooks", "/devices"]) assert.ok(!menu.includes(hidden), hidden);
		assert.deepEqual(await page.evaluate(async () => (await (await fetch("/api/v1/properties")).json()).items.map((p) => p.slug)), ["p1"]);
		await page.goto("/users");
		await page.waitForSelector(id("no-right"));
		await page.goto("/account");
		await page.waitForSelector("[data-grant]:has-text('收费员')");
		await close(page, /status of 400/);
	});
	it("finds the link spent", async () => {
		const page = await open(null);
		await page.goto(link);
		await page.waitForSelector("text=链接已失效");
		await close(page, /status of 404/);
	});
});

describe("a role of our own", () => {
	it("is copied from a built-in one, grown, given, and felt by its holder on her open page", async () => {
		const hers = await open(as("liu"), { at: "/meters" });
		const page = await open(admin, { at: "/roles" });
		await page.click(`[data-role=cashier] ${id("copy-role")}`);
		await page.fill(id("role-name"), "夜班收费员");
		await page.check("[data-permission='device.adopt']");
		await page.click(id("submit"));
		await page.waitForSelector(".el-drawer", { state: "hidden" });
		await page.waitForSelector("[data-role]:has-text('夜班收费员') >> text=接入终端");
		await page.goto(`/users/${await user_id("liu")}`);
		await page.click(id("add-grant"));
		await pick(page, id("grant-role"), "夜班收费员");
		await page.waitForSelector(`.el-drawer ${id("property-field")} >> text=/./`);
		await page.fill(id("grant-reason"), "夜班");
		await page.click(id("submit"));
		await page.waitForSelector("[data-grant]:has-text('夜班收费员')");
		await hers.waitForSelector("nav.side a[href='/devices']", { timeout: AT_ONCE_MS });

		// Taken away: the menu loses it, and when nothing is left the open page goes.
		const take = async (name) => {
			await page.locator("[data-grant]", { hasText: name }).locator(id("take")).click();
			await page.click(id("confirm"));
			await page.waitForSelector("text=请填写原因");
			await page.fill(id("reason"), "调岗");
			await page.click(id("confirm"));
			await page.locator("[data-grant]", { hasText: name }).waitFor({ state: "detached" });
		};
		await take("夜班收费员");
		await hers.waitForSelector("nav.side a[href='/devices']", { state: "detached", timeout: AT_ONCE_MS });
		await hers.waitForSelector(id("no-right"), { state: "detached" });
		await take("收费员");
		await hers.waitForSelector(id("no-right"), { timeout: AT_ONCE_MS });
		await hers.goto("/"); // whoever has no right at all still has an account
		await hers.waitForURL("**/account");
		await close(page);
		await close(hers, /status of 403/);
	});
	it("says so when somebody else changed the person meanwhile", async () => {
		const liu = await user_id("liu");
		const page = await open(admin, { at: `/users/${liu}` });
		await page.click(id("edit-user"));
		await page.fill(id("user-full-name"), "刘敏敏");
		await world.api.expect(200, "PATCH", `/api/v1/users/${liu}`, {
			json: { phone: "13800000001" }, headers: { "If-Match": (await world.api.call("GET", `/api/v1/users/${liu}`)).headers.get("etag") },
		});
		await page.click(id("submit"));
		await page.waitForSelector(`${id("conflict")} >> text=刚刚被别人改过`);
		await page.click(`${id("conflict")} button`);
		await page.waitForSelector(id("conflict"), { state: "detached" });
		await page.fill(id("user-full-name"), "刘敏敏");
		await page.click(id("submit"));
		await page.waitForSelector("h1:has-text('刘敏敏')");
		await close(page, /status of 412/);
	});
});

describe("a dangerous act", () => {
	it("waits for a second person, who sees all of it; then it runs", async () => {
		const liu = await user_id("liu");
		const first = await open(as("boss"), { at: `/users/${liu}` });
		await first.click(id("add-grant"));
		await pick(first, id("grant-role"), "集团管理员");
		await first.click(".el-drawer >> text=整个集团");
		await first.click(id("submit"));
		await first.waitForSelector("text=请填写这一项"); // no act without a reason
		await first.fill(id("grant-reason"), "负责东区");
		await first.click(id("submit"));
		await first.waitForSelector("text=已提交审批，尚未执行");
		await first.click(id("approval-link"));
		await first.waitForSelector("text=这是您自己提交的");
		assert.equal(await first.locator(id("agree")).count(), 0);

		const second = await open(as("second"));
		await value_is(second.locator("nav.side a[href='/approvals'] .waiting"), "one waits", (text) => text === "1");
		await second.click("nav.side a[href='/approvals']");
		await second.click("[data-row] >> text=授予管理权限");
		await second.waitForSelector(`${id("act")} >> text=管理操作员和授权`);
		assert.match(await second.textContent("main"), /负责东区[^]*boss/);
		const act = await second.textContent(id("act"));
		assert.match(act, /集团管理员/);
		assert.match(act, new RegExp((await world.api.get("/groups")).items[0].name));
		await second.click(id("agree"));
		await second.click(id("confirm"));
		await second.waitForSelector("[data-state=done]");
		await first.waitForSelector("[data-state=done]");
		assert.equal((await world.api.get(`/users/${liu}`)).grants[0].role, "group-admin");
		await close(first);
		await close(second);
	});
	it("is found in the audit: who, why, before and after, and the chain is whole", async () => {
		const page = await open(admin, { at: "/audit" });
		await page.click("[role=search] >> text=集团");
		await page.fill(id("audit-who"), "second");
		await page.click("[data-row] >> text=同意审批");
		await page.waitForSelector(".el-drawer >> text=second");
		await page.waitForSelector(".el-drawer__title:has-text('同意审批')");
		await page.keyboard.press("Escape");
		await page.fill(id("audit-who"), "boss");
		await page.click("[data-row] >> text=授予角色");
		await page.waitForSelector(`.el-drawer ${id("changes")} >> text=group-admin`);
		await page.waitForSelector(".el-drawer >> text=负责东区");
		await page.keyboard.press("Escape");
		await page.click(id("check-chain"));
		await page.waitForSelector(`${id("chain")} >> text=全部与写入时一致`);
		const [sheet] = await Promise.all([page.waitForEvent("download"), page.click(id("export-csv"))]);
		const text = readFileSync(await sheet.path(), "utf8");
		assert.match(text, /boss.*负责东区/);
		assert.ok(!text.includes(",second,"), "the sheet holds what the filters find");
		await close(page);
	});
});

describe("integration", () => {
	it("a key is made, shown once, works with curl, and ends", async () => {
		const page = await open(admin, { at: "/keys" });
		await page.waitForSelector("text=还没有密钥");
		await page.click(id("add-key"));
		await page.fill(id("key-name"), "财务系统");
		await page.fill(id("key-reason"), "对账");
		await page.click(id("submit"));
		const key = (await page.textContent(id("secret"))).trim();
		const curl = () => run("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", `Authorization: Bearer ${key}`, `${base}/api/v1/meters`]);
		assert.equal((await curl()).out, "200");
		await page.keyboard.press("Escape");
		await page.waitForSelector(".el-drawer", { state: "hidden" });
		assert.ok(!(await page.content()).includes(key), "not shown again");
		await page.click(id("end-key"));
		await page.click("button:has-text('可能已泄露')");
		await page.click(id("confirm"));
		await page.waitForSelector("[data-row] >> text=已停用");
		assert.equal((await curl()).out, "401");
		await close(page);
	});
	it("a webhook is made and tested; its log shows the delivery, which is sent again", async () => {
		const page = await open(admin, { at: "/webhooks/p1" });
		await page.click(id("add-webhook"));
		await page.fill(id("webhook-name"), "值班系统");
		await page.fill(id("webhook-url"), "ftp://somewhere");
		await page.click(id("submit"));
		await page.waitForSelector(".note.bad");
		await page.fill(id("webhook-url"), `http://127.0.0.1:${receiver.address().port}/hook`);
		await page.click(id("submit"));
		await page.waitForSelector(id("secret"));
		assert.match(await page.textContent(id("secret")), /^whsec_[\w-]{43}$/);
		await page.keyboard.press("Escape");
		await page.click("[data-row] >> text=值班系统");
		await page.click(id("ping"));
		await page.waitForSelector("[data-row] [data-state=delivered]");
		assert.equal(JSON.parse(heard[0].body).kind, "ping");
		await page.click(id("replay"));
		await page.waitForSelector("text=/重发自 \\d+/");
		await until("heard again", () => heard.length === 2);
		await page.waitForFunction(() => document.querySelectorAll("[data-state=delivered]").length === 2);
		assert.notEqual(heard[0].headers["wattle-delivery"], heard[1].headers["wattle-delivery"]);
		await close(page, /status of 400/);
	});
});

describe("my own account", () => {
	it("changes the password, which ends the other session, and enrols a second factor", async () => {
		await make_person(world, "own", { role: "cashier", property: "p1" });
		const other = await open(as("own"));
		const page = await open(as("own"));
		await page.click(id("user"));
		await page.click(id("account"));
		await page.fill(id("old-password"), PASSWORD);
		await page.fill(id("new-password"), NEW_PASSWORD);
		await page.fill(id("again-password"), NEW_PASSWORD);
		await page.click(id("change-password"));
		await page.waitForSelector("text=密码已修改");
		await other.waitForURL("**/login?back=**");
		await close(other);

		await page.click(id("totp-start"));
		const secret = (await page.textContent(id("totp-secret"))).trim();
		await page.fill(id("totp-code"), totp(secret));
		await page.click(id("totp-do"));
		assert.equal((await page.textContent(id("secret"))).trim().split("\n").length, 10);
		await page.click(id("user"));
		await page.click("text=退出登录");
		await page.waitForURL("**/login");
		await page.fill("#login-name", "own");
		await page.fill("#login-password", NEW_PASSWORD);
		await page.click(id("login"));
		await page.fill("#login-code", totp(secret, Date.now() + 30_000)); // the step before was spent
		await page.click(id("login"));
		await page.waitForURL("**/overview");
		await close(page);
	});
	it("leads to the password first, when somebody else gave it", async () => {
		const { out } = await world.wattle("user", "add", "given", "--group", "1", "--role", "cashier");
		const password = out.match(/password: (\S+)/)[1];
		const page = await open(null);
		await page.goto("/login");
		await page.fill("#login-name", "given");
		await page.fill("#login-password", password);
		await page.click(id("login"));
		await page.waitForURL("**/account");
		await page.waitForSelector(`${id("must")} >> text=请先设置自己的密码`);
		assert.deepEqual(await page.locator("nav.side a.item").evaluateAll((items) => items.map((item) => item.getAttribute("href"))), ["/account"]);
		await page.fill(id("old-password"), password);
		await page.fill(id("new-password"), NEW_PASSWORD);
		await page.fill(id("again-password"), NEW_PASSWORD);
		await page.click(id("change-password"));
		await page.waitForSelector("nav.side a[href='/meters']");
		await close(page);
	});
});

describe("every page of people and integration", () => {
	it("is reached by keys alone: a person is opened and her roles are there", async () => {
		const page = await open(admin, { at: "/users" });
		await page.focus(`${id("search")}`);
		await page.keyboard.type("second");
		await page.locator("[data-row]").nth(1).waitFor({ state: "detached" });
		await page.locator("[data-row] a").focus();
		await page.keyboard.press("Enter");
		await page.waitForSelector("[data-grant]");
		await page.locator(id("disable")).focus();
		await page.keyboard.press("Enter");
		await page.waitForFunction(() => document.activeElement?.matches("[data-testid=reason]"));
		await page.keyboard.press("Escape");
		await page.waitForSelector(".el-dialog", { state: "hidden" });
		await close(page);
	});
	for (const theme of ["light", "dark"])
		it(`has drawers without a serious finding of axe (${theme})`, async () => {
			const { items: [hook] } = await world.api.get("/properties/p1/webhooks");
			const page = await open(admin, { theme });
			for (const [url, button] of [
				["/users", "add-user"], [`/users/${await user_id("second")}`, "add-grant"], ["/roles", "add-role"],
				["/keys", "add-key"], ["/webhooks/p1", "add-webhook"], [`/webhooks/p1/${hook.id}`, "edit-webhook"],
			]) {
				await page.goto(url);
				await page.click(id(button));
				await page.waitForSelector(".el-drawer");
				await page.waitForTimeout(300);
				assert.deepEqual(await axe(page, theme === "dark" && { runOnly: ["color-contrast"] }), [], `${url}: ${button}`);
			}
			await close(page);
		});
	it("calls only what the API declares", () => {
		assert.equal(is_declared("GET", `${base}/api/v1/users?limit=50`), true);
		assert.equal(is_declared("DELETE", `${base}/api/v1/users/17/grants/4`), true);
		assert.equal(is_declared("PUT", `${base}/api/v1/users/17`), false);
		assert.equal(is_declared("GET", `${base}/api/v1/secrets`), false);
	});
});
