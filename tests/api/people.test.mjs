// People and rights on a real wattled: logins, second factor, invitations, roles, approvals, audit.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Api } from "../lib/api.mjs";
import { AT_ONCE, sleep, until } from "../lib/process.mjs";
import { answer_mismatches } from "../lib/schema.mjs";
import { totp } from "../lib/totp.mjs";
import { World } from "../lib/world.mjs";

let world, admin;
const planted = []; // secrets that must be nowhere in clear
const PASSWORD = "violet-hammer-42-lake";

// A call whose answer must be one that openapi.json describes.
async function call(client, method, template, { values = {}, query = "", json, version, key } = {}) {
	const url = template.replace(/\{(\w+)\}/g, (_, name) => values[name]) + query;
	const headers = { "Idempotency-Key": key ?? randomUUID() };
	if (version !== undefined) headers["If-Match"] = `"v${version}"`;
	const answer = await client.call(method, url, { json, headers });
	assert.deepEqual(answer_mismatches(method, template, answer.status, answer.headers.get("content-type"), answer.body), [], `${method} ${url}`);
	return answer;
}

async function must(status, client, method, template, options) {
	const answer = await call(client, method, template, options);
	assert.equal(answer.status, status, `${method} ${template}: ${JSON.stringify(answer.body)}`);
	return answer.body;
}

const word = (answer) => answer.body.type?.replace("/problems/", "");

async function make_user(name, grants = [], client = admin, group) {
	const user = await must(201, client, "POST", "/api/v1/users", { json: { name, lang: "en", ...(group !== undefined && { group }) } });
	for (const grant of grants) await must(201, client, "POST", "/api/v1/users/{user}/grants", { values: { user: user.id }, json: { reason: "test", ...grant } });
	const link = await must(201, client, "POST", "/api/v1/users/{user}/invitation", { values: { user: user.id }, json: {} });
	planted.push(link.token);
	await must(204, new Api(world.http_port), "POST", "/api/v1/invitations/use", { json: { token: link.token, password: PASSWORD } });
	return user;
}

async function login(name, password = PASSWORD) {
	const client = new Api(world.http_port);
	await client.login(name, password);
	return client;
}

const audit = async (query) => (await must(200, admin, "GET", "/api/v1/audit", { query: "?" + query })).items;

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0 });
	admin = world.api;
	planted.push(PASSWORD, readFileSync(path.join(world.data, "login.txt"), "utf8").match(/password: (.*)/)[1]);
});

after(() => world?.stop());

test("who am I: grants and permissions", async () => {
	const me = await must(200, admin, "GET", "/api/v1/session");
	assert.equal(me.name, "admin");
	assert.deepEqual(me.grants.map((g) => [g.role, g.group, g.property, g.space]), [["administrator", null, null, null]]);
	assert.ok(me.permissions.includes("system.manage"));
	const words = (await must(200, admin, "GET", "/api/v1/permissions")).items;
	assert.deepEqual(words.map((w) => w.word).sort(), [...me.permissions].sort());
	assert.ok(words.every((w) => w.zh && w.en));
	const roles = (await must(200, admin, "GET", "/api/v1/groups/{group}/roles", { values: { group: 1 } })).items;
	assert.deepEqual(roles.map((r) => r.role), ["group-admin", "property-manager", "cashier", "electrician", "finance", "auditor"]);
	assert.equal(roles.find((r) => r.role === "cashier").name_zh, "收费员");
});

test("a new person comes by invitation, which is used once", async () => {
	const user = await must(201, admin, "POST", "/api/v1/users", { json: { name: "zhang", full_name: "张三 <b>", group: "1" } });
	assert.equal(user.password_set, false);
	const link = await must(201, admin, "POST", "/api/v1/users/{user}/invitation", { values: { user: user.id }, json: { hours: 2 } });
	planted.push(link.token);
	const anybody = new Api(world.http_port);
	assert.equal((await must(200, anybody, "POST", "/api/v1/invitations/look", { json: { token: link.token } })).full_name, "张三 <b>");
	assert.equal((await call(anybody, "POST", "/api/v1/invitations/use", { json: { token: link.token, password: "1234567890" } })).body.field, "password");
	await must(204, anybody, "POST", "/api/v1/invitations/use", { json: { token: link.token, password: PASSWORD } });
	await must(404, anybody, "POST", "/api/v1/invitations/use", { json: { token: link.token, password: PASSWORD + "x" } });
	await must(404, anybody, "POST", "/api/v1/invitations/look", { json: { token: link.token } });
	const zhang = await login("zhang");
	assert.deepEqual((await must(200, zhang, "GET", "/api/v1/session")).permissions, []);
	assert.equal((await zhang.call("GET", "/api/v1/meters")).status, 403);
});

test("a password from somebody else must be changed before anything else", async () => {
	const { out } = await world.wattle("user", "add", "li", "--group", "1", "--role", "cashier");
	const given = out.match(/password: (\S+)/)[1];
	planted.push(given, "amber-river-77-cloud");
	const li = await login("li", given);
	assert.equal((await must(200, li, "GET", "/api/v1/session")).password_change_needed, true);
	assert.equal(word(await li.call("GET", "/api/v1/meters")), "password-change-needed");
	assert.equal((await call(li, "POST", "/api/v1/session/password", { json: { old: given, new: given } })).body.field, "new");
	assert.equal((await call(li, "POST", "/api/v1/session/password", { json: { old: given, new: "password12345" } })).body.field, "new");
	assert.equal((await call(li, "POST", "/api/v1/session/password", { json: { old: "wrong", new: "amber-river-77-cloud" } })).body.field, "old");
	const other = await login("li", given);
	await must(204, li, "POST", "/api/v1/session/password", { json: { old: given, new: "amber-river-77-cloud" } });
	assert.equal((await li.call("GET", "/api/v1/meters")).status, 200);
	await until("the other session ends", async () => (await other.call("GET", "/api/v1/session")).status === 401);
});

test("sessions are listed and ended", async () => {
	await make_user("wang", [{ role: "cashier", property: "p1" }]);
	const here = await login("wang"), there = await login("wang");
	const items = (await must(200, here, "GET", "/api/v1/sessions")).items;
	assert.equal(items.length, 2);
	assert.deepEqual(items.map((s) => s.current), [true, false]);
	assert.ok(items.every((s) => s.origin === "127.0.0.1" && s.user_agent && s.seen_at));
	await must(204, here, "DELETE", "/api/v1/sessions/{session}", { values: { session: items[1].id } });
	assert.equal((await there.call("GET", "/api/v1/session")).status, 401);
	// Others' sessions: without the right they are not there.
	const mine = (await must(200, admin, "GET", "/api/v1/sessions")).items[0].id;
	const hidden = await call(here, "DELETE", "/api/v1/sessions/{session}", { values: { session: mine } });
	const missing = await call(here, "DELETE", "/api/v1/sessions/{session}", { values: { session: 999999 } });
	assert.equal(hidden.status, 404);
	assert.deepEqual(hidden.body, missing.body);
	const wang = (await must(200, admin, "GET", "/api/v1/users", { query: "?q=wang" })).items[0];
	const hers = (await must(200, admin, "GET", "/api/v1/users/{user}/sessions", { values: { user: wang.id } })).items[0].id;
	const unsaid = await call(admin, "DELETE", "/api/v1/sessions/{session}", { values: { session: hers } });
	assert.deepEqual([unsaid.status, unsaid.body.field], [400, "reason"]);
	await must(400, admin, "DELETE", "/api/v1/users/{user}/sessions", { values: { user: wang.id } });
	await must(204, admin, "DELETE", "/api/v1/users/{user}/sessions", { query: "?reason=left", values: { user: wang.id } });
	assert.equal((await here.call("GET", "/api/v1/session")).status, 401);
	assert.equal((await audit("property=installation&action=session.end&who=admin"))[0].reason, "left");
});

test("second factor: enrolment, codes once, recovery, lock after wrong ones", async () => {
	const user = await make_user("zhao", [{ role: "cashier", property: "p1" }]);
	const zhao = await login("zhao");
	const { secret, url } = await must(200, zhao, "POST", "/api/v1/session/totp");
	planted.push(secret);
	assert.match(url, new RegExp(`^otpauth://totp/Wattle:zhao\\?secret=${secret}&issuer=Wattle&`));
	const first = totp(secret);
	const { recovery_codes } = await must(200, zhao, "POST", "/api/v1/session/totp/confirm", { json: { code: first } });
	planted.push(...recovery_codes, recovery_codes[0].replaceAll("-", ""));
	assert.equal(recovery_codes.length, 10);
	const anybody = new Api(world.http_port);
	const attempt = (code) => call(anybody, "POST", "/api/v1/session", { json: { name: "zhao", password: PASSWORD, ...(code && { code }) } });
	assert.equal(word(await attempt()), "code-needed");
	assert.equal(word(await attempt(first)), "code-wrong"); // it confirmed the secret: spent
	assert.equal((await attempt(recovery_codes[3].toLowerCase())).status, 200);
	assert.equal(word(await attempt(recovery_codes[3])), "code-wrong");
	// A code of the next step is good once (clocks may be 30 s apart).
	const next = totp(secret, Date.now() + 30000);
	assert.equal((await attempt(next)).status, 200);
	assert.equal(word(await attempt(next)), "code-wrong");
	for (let i = 0; i < 4; i++) await attempt("000000");
	const locked = await attempt(recovery_codes[5]);
	assert.equal(locked.status, 429);
	assert.ok(Number(locked.headers.get("retry-after")) > 1000);
	// A lost one is removed by whoever manages the person.
	await must(204, admin, "DELETE", "/api/v1/users/{user}/totp", { query: "?reason=left", values: { user: user.id } });
	assert.equal((await attempt()).status, 200);
});

test("a role may want a second factor: until then nothing else works", async () => {
	await make_user("qian", [{ role: "finance", property: "p1" }]);
	const qian = await login("qian");
	assert.equal((await qian.call("GET", "/api/v1/meters")).status, 200);
	await must(200, admin, "PATCH", "/api/v1/groups/{group}/roles/{role}", { values: { group: 1, role: "finance" }, version: 1, json: { totp_required: true } });
	assert.equal(word(await qian.call("GET", "/api/v1/meters")), "second-factor-needed");
	const { secret } = await must(200, qian, "POST", "/api/v1/session/totp");
	planted.push(secret);
	await must(200, qian, "POST", "/api/v1/session/totp/confirm", { json: { code: totp(secret) } });
	assert.equal((await qian.call("GET", "/api/v1/meters")).status, 200);
	await must(200, admin, "PATCH", "/api/v1/groups/{group}/roles/{role}", { values: { group: 1, role: "finance" }, version: 1, json: { totp_required: false } });
});

test("roles of the group: made, edited with their version, deleted when nobody holds them", async () => {
	const at = { group: 1 };
	const made = await must(201, admin, "POST", "/api/v1/groups/{group}/roles", { values: at, json: { name: "夜班 😀", permissions: ["property.read", "meter.command"] } });
	assert.match(made.role, /^1\d\d$/);
	assert.equal((await call(admin, "POST", "/api/v1/groups/{group}/roles", { values: at, json: { name: "x", permissions: ["meter.explode"] } })).body.field, "permissions");
	const values = { group: 1, role: made.role };
	await must(428, admin, "PATCH", "/api/v1/groups/{group}/roles/{role}", { values, json: { name: "night" } });
	await must(412, admin, "PATCH", "/api/v1/groups/{group}/roles/{role}", { values, version: 9, json: { name: "night" } });
	const edited = await must(200, admin, "PATCH", "/api/v1/groups/{group}/roles/{role}", { values, version: 1, json: { name: "night" } });
	assert.equal(edited.role.version, 2);
	await make_user("sun", [{ role: made.role, property: "p1" }]);
	await must(409, admin, "DELETE", "/api/v1/groups/{group}/roles/{role}", { values, version: 2 });
	await must(409, admin, "PATCH", "/api/v1/groups/{group}/roles/{role}", { values: { group: 1, role: "cashier" }, version: 1, json: { name: "x" } });
});

test("a right that is taken away ends at once, also on an open stream (domain.md §18 case 21)", async () => {
	const user = await make_user("zhou", [{ role: "electrician", property: "p1" }]);
	const zhou = await login("zhou");
	assert.equal((await zhou.call("GET", "/api/v1/meters")).status, 200);
	const stream = await zhou.events();
	let ended = false;
	stream.done.then(() => { ended = true; });
	await sleep(1200);
	assert.equal(ended, false);
	const grant = (await must(200, admin, "GET", "/api/v1/users/{user}", { values: { user: user.id } })).grants[0];
	await must(400, admin, "DELETE", "/api/v1/users/{user}/grants/{grant}", { values: { user: user.id, grant: grant.id } });
	const over = { role: "finance", property: "p1", reason: "x", expires_at: "2020-01-01T00:00:00Z" };
	assert.equal((await must(400, admin, "POST", "/api/v1/users/{user}/grants", { values: { user: user.id }, json: over })).field, "expires_at");
	await must(204, admin, "DELETE", "/api/v1/users/{user}/grants/{grant}", { query: "?reason=left", values: { user: user.id, grant: grant.id } });
	assert.equal((await zhou.call("GET", "/api/v1/meters")).status, 403);
	await until("the stream ends", () => ended, { ...AT_ONCE, every_ms: 10 });
	assert.equal((await must(200, zhou, "GET", "/api/v1/session")).permissions.length, 0);
});

test("an open stream is told when rights change, and only then", async () => {
	const user = await make_user("hua", [{ role: "electrician", property: "p1" }]);
	const hua = await login("hua");
	const stream = await hua.events();
	await sleep(1500);
	assert.deepEqual(stream.list.filter((e) => e.event === "access"), []);
	await must(201, admin, "POST", "/api/v1/users/{user}/grants", { values: { user: user.id }, json: { role: "cashier", property: "p1", reason: "both" } });
	await until("told", () => stream.list.some((e) => e.event === "access"), { ...AT_ONCE, every_ms: 10 });
	stream.stop();
});

test("the CLI takes a right away within a second, and disables a person", async () => {
	await make_user("wu", [{ role: "electrician", property: "p1" }]);
	const wu = await login("wu");
	assert.equal((await wu.call("GET", "/api/v1/meters")).status, 200);
	const { out } = await world.wattle("user", "list");
	await world.wattle("user", "revoke", "wu", out.match(/wu .*\n\s+grant (\d+)/)[1], "--reason", "moved");
	await until("403", async () => (await wu.call("GET", "/api/v1/meters")).status === 403, { ...AT_ONCE });
	await world.wattle("user", "disable", "wu", "--reason", "left");
	await until("401", async () => (await wu.call("GET", "/api/v1/meters")).status === 401, { ...AT_ONCE });
	await assert.rejects(world.wattle("user", "disable", "admin", "--reason", "left"), /administrator must remain/);
});

test("without the right: 403 or 404, and an audit line (A4)", async () => {
	await make_user("zheng", [{ role: "cashier", property: "p1" }]);
	const zheng = await login("zheng");
	for (const [method, template, options] of [
		["POST", "/api/v1/users", { json: { name: "nobody" } }],
		["POST", "/api/v1/groups/{group}/roles", { values: { group: 1 }, json: { name: "r", permissions: ["property.read"] } }],
		["GET", "/api/v1/audit", { query: "?property=p1" }],
		["POST", "/api/v1/users/{user}/grants", { values: { user: 1 }, json: { role: "administrator", reason: "me" } }],
	]) {
		const answer = await call(zheng, method, template, { ...options });
		assert.ok(answer.status === 403, `${method} ${template}: ${answer.status}`);
	}
	// A header that claims another organisation changes nothing.
	const forged = await zheng.call("GET", "/api/v1/audit?property=p1", { headers: { "X-Group": "1", "X-Organisation": "1", "X-Forwarded-User": "admin", "X-User-Id": "1" } });
	assert.equal(forged.status, 403);
	const ended = new Api(world.http_port);
	ended.cookie = "wattle_session=" + "A".repeat(43);
	assert.equal((await ended.call("GET", "/api/v1/users")).status, 401);
	await until("refusals in the audit", async () => {
		const lines = [...await audit("property=installation&result=refused&who=zheng"), ...await audit("group=1&result=refused&who=zheng"), ...await audit("property=p1&result=refused&who=zheng")];
		return lines.length >= 5;
	});
});

test("a foreign user is like one that does not exist, byte for byte, and it is noted (A3)", async () => {
	await world.sql("INSERT INTO property_group(group_id, name, created_s) VALUES(77,'other',1)");
	await world.wattle("user", "add", "boss2", "--group", "77", "--role", "group-admin");
	const { out: given } = await world.wattle("user", "password", "boss2");
	const boss = await login("boss2", given.match(/password: (\S+)/)[1]);
	await must(204, boss, "POST", "/api/v1/session/password", { json: { old: given.match(/password: (\S+)/)[1], new: PASSWORD } });
	const victim = (await must(200, admin, "GET", "/api/v1/users", { query: "?q=zheng" })).items[0];
	assert.deepEqual((await must(200, boss, "GET", "/api/v1/users")).items.map((u) => u.name), ["boss2"]);
	for (const [method, template, options] of [
		["GET", "/api/v1/users/{user}", {}],
		["PATCH", "/api/v1/users/{user}", { json: { disabled: true, reason: "left" }, version: 1 }],
		["DELETE", "/api/v1/users/{user}/sessions", { query: "?reason=left" }],
		["GET", "/api/v1/users/{user}/sessions", {}],
		["POST", "/api/v1/users/{user}/invitation", { json: {} }],
		["POST", "/api/v1/users/{user}/grants", { json: { role: "cashier", group: "77", reason: "x" } }],
	]) {
		const foreign = await call(boss, method, template, { ...options, values: { user: victim.id } });
		const missing = await call(boss, method, template, { ...options, values: { user: 999999 } });
		assert.equal(foreign.status, 404, `${method} ${template}: ${JSON.stringify(foreign.body)}`);
		assert.deepEqual(foreign.body, missing.body);
	}
	await until("noted", async () => (await audit("property=installation&result=refused&who=boss2")).length >= 6);
	// A filter has nothing to refuse: the list is as empty as with a name that nobody has, and the try is noted.
	for (const path of ["/api/v1/meters", "/api/v1/overview", "/api/v1/approvals"]) {
		const [foreign, missing] = await Promise.all(["p1", "p99"].map((name) => boss.call("GET", `${path}?property=${name}`)));
		assert.deepEqual([foreign.status, foreign.body], [200, missing.body], path);
	}
	await until("filters noted", async () => (await audit("property=p1&result=refused&who=boss2")).filter((line) => line.object === "property p1").length === 3);
});

test("power over a group waits for a second person, who decides exactly what he saw", async () => {
	await make_user("first", [{ role: "group-admin", group: "1" }], admin, "1");
	const first = await login("first");
	// boss of the group, made by the administrator: he is a second person for `first`
	const { out } = await world.wattle("user", "add", "second", "--group", "1", "--role", "group-admin");
	const given = out.match(/password: (\S+)/)[1];
	const second = await login("second", given);
	await must(204, second, "POST", "/api/v1/session/password", { json: { old: given, new: PASSWORD } });
	const user = await must(201, first, "POST", "/api/v1/users", { json: { name: "chen" } });
	const asked = await must(201, first, "POST", "/api/v1/users/{user}/grants", { values: { user: user.id }, json: { role: "group-admin", group: "1", reason: "she leads the east" } });
	assert.equal(asked.grant, null);
	const approval = asked.approval;
	assert.equal((await call(first, "GET", "/api/v1/approvals", { query: "?mine=true" })).body.items.length, 0);
	const item = (await must(200, second, "GET", "/api/v1/approvals", { query: "?mine=true&state=waiting" })).items[0];
	assert.equal(item.id, approval);
	assert.equal(item.reason, "she leads the east");
	const whole = await must(200, second, "GET", "/api/v1/approvals/{approval}", { values: { approval } });
	assert.ok(whole.act.permissions.includes("user.write"));
	// What its numbers are called, for the one who decides.
	const { items: [group] } = await must(200, admin, "GET", "/api/v1/groups");
	assert.equal(item.object_name, "chen");
	assert.deepEqual(whole.names, { user: "chen", role: "group-admin", group: group.name, property: null, space: null, customer: null, import: null });
	const decide = (client, json) => call(client, "POST", "/api/v1/approvals/{approval}/decision", { values: { approval }, json });
	assert.equal((await decide(first, { verdict: "agree", hash: item.hash })).status, 403);
	assert.equal((await decide(second, { verdict: "agree", hash: "0".repeat(64) })).status, 409);
	assert.equal((await decide(second, { verdict: "reject", hash: item.hash })).body.field, "reason");
	const zheng = await login("zheng");
	assert.equal((await call(zheng, "GET", "/api/v1/approvals/{approval}", { values: { approval } })).status, 404);
	const done = await decide(second, { verdict: "agree", hash: item.hash });
	assert.equal(done.body.state, "done", JSON.stringify(done.body));
	assert.equal((await decide(second, { verdict: "agree", hash: item.hash })).status, 409);
	assert.equal((await must(200, admin, "GET", "/api/v1/users/{user}", { values: { user: user.id } })).grants[0].role, "group-admin");
});

test("the audit is searched, has before and after, and proves itself", async () => {
	const lines = await audit("group=1&action=role.&q=night");
	assert.equal(lines[0].action, "role.edit");
	assert.equal(lines[0].before.name, "夜班 😀");
	assert.equal(lines[0].after.name, "night");
	assert.equal((await audit("group=1&object=" + encodeURIComponent(lines[0].object))).length, 2);
	assert.equal((await audit("group=1&from=2100-01-01T00:00:00Z")).length, 0);
	// by pages, each line once
	const seen = [];
	for (let cursor = ""; cursor !== null;) {
		const page = await must(200, admin, "GET", "/api/v1/audit", { query: `?property=installation&limit=3${cursor && "&cursor=" + cursor}` });
		seen.push(...page.items.map((l) => l.id));
		cursor = page.next;
	}
	assert.deepEqual(seen, [...new Set(seen)]);
	assert.deepEqual(seen.map(Number), [...seen.map(Number)].sort((a, b) => b - a));
	const chain = (query) => must(200, admin, "GET", "/api/v1/audit/chain", { query });
	const proof = await world.wattle("audit", "verify");
	const [, count, hash] = proof.out.match(/group 1: (\d+) lines, last hash ([0-9a-f]{64})/);
	assert.deepEqual(await chain("?group=1"), { lines: Number(count), last_hash: hash, bad_line: null });
	assert.match(proof.out, /installation: \d+ lines, last hash [0-9a-f]{64}/);
	assert.match(proof.out, /group 1: \d+ lines/);
	const line = await world.sql("SELECT audit_id FROM audit WHERE property_id=0 AND group_id=1 AND after LIKE '%night%' LIMIT 1");
	await world.sql(`UPDATE audit SET after=replace(after,'night','light') WHERE property_id=0 AND group_id=1 AND audit_id=${line}`);
	await assert.rejects(world.wattle("audit", "verify"), new RegExp(`group 1: line ${line} is not as it was written`));
	assert.equal((await chain("?group=1")).bad_line, line);
	assert.equal((await chain("?property=p1")).bad_line, null);
	await world.sql(`UPDATE audit SET after=replace(after,'light','night') WHERE property_id=0 AND group_id=1 AND audit_id=${line}`);
	await world.wattle("audit", "verify");
});

test("the audit is exported as a sheet, formulas harmless, and the export is a line itself", async () => {
	const csv = await admin.call("GET", "/api/v1/audit/export?group=1&lang=keys&action=role.");
	assert.equal(csv.status, 200);
	assert.deepEqual(answer_mismatches("GET", "/api/v1/audit/export", 200, csv.headers.get("content-type"), csv.body), []);
	const lines = csv.body.replace(/^\uFEFF/, "").trim().split("\r\n");
	assert.equal(lines[0], "id,at,who,origin,action,object,result,reason,detail,before,after");
	assert.ok(lines.length > 3 && lines.slice(1).every((line) => /,role\./.test(line)));
	assert.ok(lines.some((line) => line.includes('""name"":""night""')));
	const xlsx = await fetch(admin.base + "/api/v1/audit/export?property=installation&format=xlsx", { headers: { Cookie: admin.cookie } });
	assert.equal(Buffer.from(await xlsx.arrayBuffer()).subarray(0, 2).toString(), "PK");
	assert.equal((await audit("group=1&action=audit.export"))[0].who, "admin");
	const zheng = await login("zheng");
	assert.equal((await call(zheng, "GET", "/api/v1/audit/export", { query: "?property=p1" })).status, 403);
});

test("logins are limited by name and address", async () => {
	const anybody = new Api(world.http_port);
	await make_user("gao");
	const attempt = (password) => call(anybody, "POST", "/api/v1/session", { json: { name: "gao", password } });
	for (let i = 0; i < 5; i++) assert.equal((await attempt("wrong")).status, 401);
	const stopped = await attempt(PASSWORD);
	assert.equal(stopped.status, 429);
	assert.ok(Number(stopped.headers.get("retry-after")) > 0);
});

test("secrets are not in the log nor in the store", async () => {
	await world.platform.stop?.();
	const files = [path.join(world.data, "store"), path.join(world.dir, "log")].flatMap((folder) =>
		readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)));
	assert.ok(files.length >= 3 && planted.length > 20);
	for (const file of files) {
		const bytes = readFileSync(file);
		for (const secret of planted) assert.equal(bytes.indexOf(secret), -1, `${secret.slice(0, 4)}… is in ${file}`);
	}
});
