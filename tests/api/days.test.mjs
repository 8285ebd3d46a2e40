// Four people at work, through the public interface only, on the whole system with real terminals: a head-office user,
// an electrician, a cashier and a finance clerk. What each does from the first login to the last, and what
// each may not do. The tests are one day: each goes on where the one before it ended.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Api } from "../lib/api.mjs";
import { day } from "../lib/estate.mjs";
import { AT_ONCE, until } from "../lib/process.mjs";
import { answer_mismatches, openapi } from "../lib/schema.mjs";
import { Sheets } from "../lib/sheets.mjs";
import { totp } from "../lib/totp.mjs";
import { World } from "../lib/world.mjs";

const P1 = "/properties/p1", M1 = "330100000001", M2 = "330100000002";
const OWN = { head: "amber-river-77-cloud", others: "violet-hammer-42-lake" };

let world, labels;
let head, manager, electrician, cashier, finance; // Person
const rooms = {}, made = {};

// Somebody at a screen of his own. Each answer must be one that the description has.
class Person {
	constructor(name) {
		Object.assign(this, { name, api: new Api(world.http_port) });
	}

	async call(method, path, json, headers = {}) {
		const url = "/api/v1" + path, answer = await this.api.call(method, url, { json, headers: { "Idempotency-Key": randomUUID(), ...headers } });
		const template = template_of(method, url.split("?")[0]);
		assert.deepEqual(answer_mismatches(method, template, answer.status, answer.headers.get("content-type"), answer.body), [], `${method} ${url}`);
		return answer;
	}

	// It is answered with this status; the body.
	async does(status, method, path, json, headers) {
		const answer = await this.call(method, path, json, headers);
		assert.equal(answer.status, status, `${this.name}: ${method} ${path}: ${JSON.stringify(answer.body)}`);
		return answer.body;
	}

	reads(path) {
		return this.does(200, "GET", path);
	}

	// A change from the version that is there now.
	async edits(method, path, json, { version = undefined, read = path, status = 200 } = {}) {
		const etag = version ?? (await this.call("GET", read)).headers.get("etag");
		return this.does(status, method, path, json, { "If-Match": etag });
	}

	async may_not(method, path, json, status = 403) {
		return this.does(status, method, path, json, { "If-Match": '"v1"' });
	}

	// The word of the problem that stands in the way.
	async stopped_by(word, method, path, json) {
		const answer = await this.call(method, path, json);
		assert.equal(answer.body.type, "/problems/" + word, `${this.name}: ${method} ${path}: ${answer.status}`);
		return answer.body;
	}

	login(password, code) {
		return this.call("POST", "/session", { name: this.name, password, ...(code && { code }) }).then((answer) => {
			if (answer.status === 200) this.api.cookie = answer.headers.get("set-cookie").split(";")[0];
			return answer;
		});
	}

	// Only his word of mouth and the invitation's link.
	async accepts(token, full_name) {
		assert.equal((await this.does(200, "POST", "/invitations/look", { token })).full_name, full_name);
		await this.does(204, "POST", "/invitations/use", { token, password: OWN.others });
		assert.equal((await this.login(OWN.others)).status, 200);
	}

	// A second factor, from the secret to the codes for a lost telephone.
	async enrols() {
		await this.stopped_by("second-factor-needed", "GET", "/meters");
		const { secret } = await this.does(200, "POST", "/session/totp");
		const { recovery_codes } = await this.does(200, "POST", "/session/totp/confirm", { code: totp(secret) });
		Object.assign(this, { secret, recovery_codes });
		await this.reads("/meters");
	}

	command_reaches(id, stage) {
		return until(`command ${id} ${stage}`, async () => {
			const command = await this.reads(`/commands/${id}`);
			if (command.stage !== stage) throw new Error(JSON.stringify(command));
			return command;
		}, { timeout_ms: 20000 });
	}

	async permissions() {
		return (await this.reads("/session")).permissions;
	}
}

const templates = Object.keys(openapi.paths).map((template) => [template, new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`)]);

function template_of(method, path) {
	const [fits] = templates.filter(([template, shape]) => shape.test(path) && method.toLowerCase() in openapi.paths[template])
		.sort(([a], [b]) => a.split("{").length - b.split("{").length);
	assert.ok(fits, `${method} ${path} is in no description`);
	return fits[0];
}

// The one who may sees the act, and says yes to exactly that.
async function agrees(person, approval) {
	const { approval: seen } = await person.reads(`/approvals/${approval}`);
	return person.does(200, "POST", `/approvals/${approval}/decision`, { verdict: "agree", hash: seen.hash });
}

async function invites(name, full_name, ...grants) {
	const user = await head.does(201, "POST", "/users", { name, full_name, lang: "zh-CN" });
	for (const grant of grants) await head.does(201, "POST", `/users/${user.id}/grants`, { reason: "Neueinstellung", ...grant });
	const { token } = await head.does(201, "POST", `/users/${user.id}/invitation`, { hours: 12 });
	const person = new Person(name);
	await person.accepts(token, full_name);
	return Object.assign(person, { user });
}

before(async () => {
	world = await World.start({ terminals: 2, adopt: 0 });
	labels = readFileSync(world.path("terminals.csv"), "utf8").trim().split("\n").map((line) => line.split(",")).filter(([chip]) => /^[0-9a-f]{24}$/.test(chip))
		.map(([chip, key]) => ({ chip, label: `WATTLE1:${chip}:${key}` }));
	await world.api.expect(200, "PATCH", "/api/v1/groups/1/roles/group-admin", { json: { totp_required: true }, headers: { "If-Match": '"v1"' } });
});
after(() => world?.stop());

test("head office, morning: a first password is changed, a second factor is enrolled, nothing else works before", async () => {
	const { out } = await world.wattle("user", "add", "zhao", "--group", "1", "--role", "group-admin");
	const given = out.match(/password: (\S+)/)[1];
	head = new Person("zhao");
	assert.equal((await head.login(given + "x")).status, 401);
	assert.equal((await head.login(given)).status, 200);
	await head.stopped_by("password-change-needed", "GET", "/meters");
	assert.equal((await head.call("POST", "/session/password", { old: given, new: "1234567890" })).body.field, "new");
	await head.does(204, "POST", "/session/password", { old: given, new: OWN.head });
	await head.enrols();
	// Tomorrow's login: the password alone is not enough, a code counts once, the old password is nobody's.
	const again = new Person("zhao");
	assert.equal((await again.login(OWN.head)).body.type, "/problems/code-needed");
	assert.equal((await again.login(given)).status, 401);
	const code = totp(head.secret, Date.now() + 30000);
	assert.equal((await again.login(OWN.head, code)).status, 200);
	assert.equal((await new Person("zhao").login(OWN.head, code)).body.type, "/problems/code-wrong");
	assert.equal((await head.reads("/sessions")).items.length, 2);
	await again.does(204, "DELETE", "/session");
	assert.equal((await again.call("GET", "/meters")).status, 401);
});

test("head office: a property's places come in as a sheet, rehearsed until it has no mistake", async () => {
	const sheets = new Sheets(head.api);
	const wrong = await sheets.check("spaces", "building,floor,room,name\nA,3,301,Laden\nA,,302,Lager\n", { rows: 2 });
	assert.deepEqual(await sheets.mistakes(wrong.id), ["3:B:required:"]);
	assert.equal((await head.reads(`${P1}/spaces`)).items.length, 0);
	await sheets.must(204, "DELETE", `/imports/${wrong.id}`);
	assert.equal((await sheets.import("spaces", "building,floor,room,name\nA,3,301,Laden\nA,3,302,Lager\n", { rows: 2 })).state, "applied");
	for (const item of (await head.reads(`${P1}/spaces`)).items) rooms[item.path] = item.id;
	assert.deepEqual(Object.keys(rooms).sort(), ["A", "A/3", "A/3/301", "A/3/302"]);
});

test("head office: staff of one property by invitation; more than one has nobody gives", async () => {
	await head.edits("PATCH", "/groups/1/roles/finance", { totp_required: true });
	manager = await invites("lin", "林经理", { role: "property-manager", property: "p1" });
	electrician = await invites("wang", "王师傅", { role: "electrician", property: "p1" });
	cashier = await invites("chen", "陈 <收费>", { role: "cashier", property: "p1" });
	finance = await invites("he", "何会计", { role: "finance", property: "p1" });
	await head.may_not("POST", "/groups", { name: "noch eine" });
	await head.may_not("POST", `/users/${electrician.user.id}/grants`, { role: "administrator", reason: "Gefallen" });
	const me = await head.reads("/session");
	await head.may_not("POST", `/users/${me.user}/grants`, { role: "cashier", property: "p1", reason: "für mich" });
	await head.does(201, "POST", "/groups/1/properties", { slug: "p2", name: "Zweites Haus" });
	assert.deepEqual((await head.reads("/properties")).items.map((p) => p.slug), ["p1", "p2"]);
	assert.deepEqual((await electrician.reads("/properties")).items.map((p) => p.slug), ["p1"]);
});

test("electrician: a terminal that shows up on the bus becomes the meter of a room", async () => {
	assert.deepEqual((await electrician.permissions()).sort(), ["alarm.write", "device.adopt", "meter.command", "meter.write", "property.read"]);
	const waiting = await until("two terminals", async () => {
		const { items } = await electrician.reads("/devices?assigned=false");
		return items.length === 2 && items;
	}, { timeout_ms: 30000 });
	assert.deepEqual(waiting.map((d) => d.chip).sort(), labels.map((l) => l.chip).sort());
	electrician.stream = await electrician.api.events();
	const adopt = (k, json) => electrician.call("POST", `/devices/${labels[k].chip}/adopt`, json);
	assert.equal((await adopt(0, { meter: M1, name: "301", label: labels[1].label })).body.field, "label");
	assert.equal((await adopt(0, { meter: "30100000001", name: "301", label: labels[0].label })).body.field, "meter");
	assert.equal((await adopt(0, { meter: M1, name: "301", label: labels[0].label })).status, 201);
	assert.equal((await adopt(1, { meter: M1, name: "302", label: labels[1].label })).status, 409);
	assert.equal((await adopt(1, { meter: M2, name: "302", label: labels[1].label })).status, 201);
	assert.equal((await electrician.reads("/devices?assigned=false")).items.length, 0);
	await electrician.edits("PATCH", `/meters/${M1}/settings`, { space: rooms["A/3/301"], period_s: 60 });
	await electrician.edits("PATCH", `/meters/${M2}/settings`, { space: rooms["A/3/302"] });
	const [place] = (await electrician.reads(`/meters/${M1}/places`)).items;
	assert.deepEqual([place.path, place.by], ["A/3/301", "wang"]);
	// It shows a voltage and has the time, without which it takes no order: the work is done.
	for (const meter of [M1, M2])
		await electrician.stream.wait(`${meter} at work`, (e) => e.event === "live" && e.data.items.some((v) => v.meter === meter && v.voltage_dv > 2000 && v.state.clock_set), 30000);
});

test("electrician: supply is cut for work with a reason, and comes back", async () => {
	const order = (json, key = randomUUID()) => electrician.call("POST", `/meters/${M1}/commands`, json, { "Idempotency-Key": key });
	assert.equal((await order({ kind: "trip" })).body.field, "reason");
	const key = randomUUID(), words = { kind: "trip", reason: "Klemmen nachziehen" };
	const first = await order(words, key), again = await order(words, key);
	assert.equal(first.status, 202);
	assert.equal(again.body.id, first.body.id);
	assert.equal((await order({ ...words, reason: "anders" }, key)).status, 422);
	const done = await electrician.command_reaches(first.body.id, "verified");
	assert.deepEqual([done.by, done.reason], ["wang", "Klemmen nachziehen"]);
	await electrician.stream.wait("the page heard it", (e) => e.event === "command" && e.data.id === first.body.id && e.data.stage === "verified");
	await until("contact open", async () => (await electrician.reads(`/meters/${M1}`)).state.contact === "open");
	await electrician.command_reaches((await order({ kind: "close", reason: "fertig" })).body.id, "verified");
	await until("contact closed", async () => (await electrician.reads(`/meters/${M1}`)).state.contact === "closed");
	assert.deepEqual((await electrician.reads(`/meters/${M1}/commands`)).items.filter((c) => c.by === "wang").map((c) => c.kind), ["close", "trip"]);
	made.trip = first.body.id;
});

test("electrician: people, money, many at once, gateways and other houses are not his", async () => {
	for (const [method, path, json] of [
		["GET", `${P1}/customers`], ["GET", `${P1}/leases`], ["POST", `${P1}/customers`, { name: "x" }], ["GET", "/users"], ["GET", "/audit?property=p1"], ["GET", "/keys"],
		["POST", `${P1}/command-batches`, { kind: "trip", reason: "alle", all: true }], ["POST", "/gateways/gw-1/revoke", { reason: "x" }], ["GET", `${P1}/webhooks`],
		["POST", `${P1}/spaces`, { kind: "building", code: "B" }], ["POST", `${P1}/imports`, { sheet: "meters" }], ["GET", `${P1}/sheets/meters`], ["PATCH", P1, { name: "meins" }],
	]) await electrician.may_not(method, path, json);
	for (const path of ["/properties/p2", "/properties/p2/spaces", "/meters/330200000001", "/properties/nowhere"]) await electrician.may_not("GET", path, undefined, 404);
	await until("refusals in the audit", async () => (await head.reads("/audit?property=p1&who=wang&result=refused")).items.length >= 8);
});

test("cashier: a tenant moves in; numbers are masked; two at one counter do not overwrite each other", async () => {
	assert.deepEqual((await cashier.permissions()).sort(), ["account.read", "customer.read", "customer.write", "property.read", "vend.refund", "vend.sell"]);
	const tenant = await cashier.does(201, "POST", `${P1}/customers`, { name: "张三", identity: "11010519491231002X", phones: [{ number: "138 1234 4321", label: "本人", main: true }] });
	assert.deepEqual([tenant.phones[0].number, tenant.identity], ["138****4321", "110*************2X"]);
	assert.deepEqual((await cashier.reads(`${P1}/customers?q=4321`)).items.map((c) => c.name), ["张三"]);
	const where = `${P1}/customers/${tenant.id}`;
	await cashier.may_not("POST", `${where}/reveal`, { reason: "Rückruf" });
	const old = (await cashier.call("GET", where)).headers.get("etag");
	await manager.edits("PATCH", where, { note: "zahlt bar" });
	await cashier.edits("PATCH", where, { note: "zahlt mit Karte" }, { version: old, status: 412 });
	await cashier.edits("PATCH", where, { note: "zahlt bar und mit Karte" });
	const lease = await cashier.does(201, "POST", `${P1}/leases`, { customer: tenant.id, spaces: [rooms["A/3/301"]], start: day(0), end: day(20) });
	assert.equal(lease.state, "running");
	assert.equal((await cashier.call("POST", `${P1}/leases`, { customer: tenant.id, spaces: [rooms["A/3"]], start: day(5) })).body.field, "spaces");
	// She tells the tenant what his meter shows.
	const [meter] = (await cashier.reads(`/meters?space=${rooms["A/3/301"]}`)).items;
	assert.equal(meter.meter, M1);
	assert.ok((await cashier.reads(`/meters/${M1}`)).live.energy_wh >= 0);
	Object.assign(made, { tenant: tenant.id, lease: lease.id });
});

test("cashier: the end of a lease is remembered in time, and ticked off", async () => {
	const [reminder] = (await cashier.reads(`${P1}/reminders`)).items;
	assert.deepEqual([reminder.lease.id, reminder.end, reminder.customer.name], [made.lease, day(20), "张三"]);
	await cashier.does(200, "PUT", `${P1}/reminders/${reminder.id}/done`);
	assert.equal((await cashier.reads(`${P1}/reminders`)).items.length, 0);
	assert.equal((await cashier.reads(`${P1}/reminders?all=true`)).items[0].done_by, "chen");
});

test("cashier: switching, sheets, colleagues and the audit are not hers", async () => {
	for (const [method, path, json] of [
		["POST", `/meters/${M1}/commands`, { kind: "trip", reason: "zahlt nicht" }], ["PATCH", `/meters/${M1}/settings`, { name: "x" }], ["GET", "/devices"],
		["POST", `${P1}/imports`, { sheet: "customers" }], ["GET", `${P1}/sheets/customers`], ["POST", `${P1}/customers/${made.tenant}/export`, { reason: "x" }],
		["PUT", `${P1}/customers/${made.tenant}/erasure`, { reason: "x" }], ["GET", "/users"], ["GET", "/audit?property=p1"], ["PATCH", `${P1}/alarm-plans/default`, { alarm1_fen: 1 }],
	]) await cashier.may_not(method, path, json);
	assert.equal((await cashier.reads(`/meters/${M1}`)).state.contact, "closed");
});

test("manager: one order to several meters, followed to each result", async () => {
	for (const kind of ["trip", "close"]) {
		const { batch } = await manager.does(202, "POST", `${P1}/command-batches`, { kind, reason: "Arbeiten am Trafo", meters: [M2, M1] });
		const items = await until(`both ${kind}`, async () => {
			const list = (await manager.reads(`${P1}/command-batches/${batch.id}/items`)).items;
			return list.length === 2 && list.every((i) => i.stage === "verified") && list;
		}, { timeout_ms: 30000 });
		assert.deepEqual(items.map((i) => i.meter), [M1, M2]);
	}
});

test("manager and head office: what cannot be undone waits for a second person, who sees exactly what it is", async () => {
	const gone = await manager.does(201, "POST", `${P1}/customers`, { name: "Frau Früher", phones: [{ number: "13900000000", main: true }] });
	const where = `${P1}/customers/${gone.id}`;
	const { approval: id } = await manager.edits("PUT", `${where}/erasure`, { reason: "Antrag vom 3." }, { read: where, status: 202 });
	for (const person of [electrician, cashier]) await person.may_not("GET", `/approvals/${id}`, undefined, 404);
	const { approval } = await head.reads(`/approvals/${id}`);
	assert.deepEqual([approval.object, approval.reason, approval.by, approval.decidable], [`customer ${gone.id}`, "Antrag vom 3.", "lin", true]);
	const decide = (person, hash) => person.call("POST", `/approvals/${id}/decision`, { verdict: "agree", hash });
	assert.equal((await decide(manager, approval.hash)).status, 403);
	assert.equal((await decide(electrician, approval.hash)).status, 404);
	assert.equal((await decide(head, "0".repeat(64))).status, 409);
	assert.equal((await manager.reads(where)).name, "Frau Früher");
	assert.equal((await decide(head, approval.hash)).body.state, "done");
	assert.deepEqual((await manager.reads(where)).phones, []);
});

test("manager and head office: the old system's balances come in, against its own totals", async () => {
	const sheets = new Sheets(manager.api), bytes = `meter,old_account,balance,register\n${M1},H1,12.50,100.001\n${M2},H2,-3.00,7.5\n`;
	const wrong = await sheets.check("takeover", bytes, { rows: 2, balance_fen: 951, register_milli: 107501 });
	assert.match((await sheets.mistakes(wrong.id))[0], /control-total:balance/);
	await sheets.must(204, "DELETE", `/imports/${wrong.id}`);
	const checked = await sheets.check("takeover", bytes, { rows: 2, balance_fen: 950, register_milli: 107501 });
	assert.equal(checked.mistakes, 0);
	const waiting = await sheets.apply(checked, "Stichtag");
	assert.equal((await manager.call("POST", `/approvals/${waiting.approval}/decision`, { verdict: "agree", hash: "0".repeat(64) })).status, 403);
	await agrees(head, waiting.approval);
	assert.equal((await sheets.reaches(checked.id, ["applied", "failed"])).state, "applied");
	made.takeover = checked.id;
});

test("finance: reads with a second factor, reconciles the take-over and takes the day's audit along", async () => {
	await finance.enrols();
	assert.deepEqual((await finance.permissions()).sort(), ["account.read", "audit.read", "customer.read", "ledger.read", "ledger.write", "property.read", "sheet.export"]);
	const [takeover] = (await finance.reads(`${P1}/takeovers`)).items;
	assert.deepEqual([takeover.id, takeover.rows, takeover.balance_fen, takeover.register_milli, takeover.asked_by, takeover.agreed_by], [made.takeover, 2, 950, 107501, "lin", "zhao"]);
	const rows = (await finance.reads(`${P1}/takeovers/${takeover.id}/rows`)).items;
	assert.equal(rows.reduce((sum, row) => sum + row.balance_fen, 0), takeover.balance_fen);
	const report = await finance.reads(`${P1}/takeovers/${takeover.id}/report`);
	assert.match(report, /9\.50/);
	assert.ok(report.includes(takeover.rows_sha256));
	const csv = (await finance.call("GET", `${P1}/sheets/customers?lang=keys&raw=true`)).body;
	assert.ok(csv.includes("138****4321") && !csv.includes("13812344321"), csv);
	const audit = (await finance.call("GET", "/audit/export?property=p1&lang=keys")).body;
	for (const line of [/,wang,[^\n]*Klemmen nachziehen/, /,chen,[^\n]*lease\.create/, /,lin,[^\n]*Arbeiten am Trafo/, /,zhao,[^\n]*approval\.agree/]) assert.match(audit, line);
	assert.ok(!audit.includes("13812344321") && !audit.includes("11010519491231002X"));
	const [own] = (await finance.reads("/audit?property=p1&action=audit.export")).items;
	assert.equal(own.who, "he");
	// A lost telephone: one of the codes on paper, once.
	const elsewhere = new Person("he");
	assert.equal((await elsewhere.login(OWN.others, finance.recovery_codes[0])).status, 200);
	assert.equal((await new Person("he").login(OWN.others, finance.recovery_codes[0])).status, 401);
});

test("finance: looks and changes nothing", async () => {
	for (const [method, path, json] of [
		["POST", `/meters/${M1}/commands`, { kind: "trip", reason: "x" }], ["POST", `${P1}/customers`, { name: "x" }], ["PATCH", `${P1}/customers/${made.tenant}`, { name: "x" }],
		["POST", `${P1}/customers/${made.tenant}/reveal`, { reason: "x" }], ["PUT", `${P1}/leases/${made.lease}/end`, { reason: "x" }], ["POST", `${P1}/imports`, { sheet: "takeover" }],
		["POST", `${P1}/takeovers/${made.takeover}/void`, { reason: "x" }], ["GET", "/users"], ["GET", "/audit?group=1"], ["PATCH", `/meters/${M1}/settings`, { name: "x" }],
	]) await finance.may_not(method, path, json);
	await finance.may_not("GET", "/audit?property=p2", undefined, 404);
});

test("head office, evening: rights end at once, on open pages too, and the day is in the audit", async () => {
	let ended = false;
	electrician.stream.done.then(() => (ended = true));
	assert.equal(ended, false);
	const { grants } = await head.reads(`/users/${electrician.user.id}`);
	await head.does(204, "DELETE", `/users/${electrician.user.id}/grants/${grants[0].id}?reason=left`);
	await until("his page ends", () => ended, { ...AT_ONCE, every_ms: 10 });
	await electrician.may_not("GET", "/meters");
	await electrician.may_not("POST", `/meters/${M1}/commands`, { kind: "trip", reason: "zum Abschied" }, 404);
	await head.edits("PATCH", `/users/${cashier.user.id}`, { disabled: true, reason: "Urlaub" });
	await cashier.may_not("GET", `${P1}/customers`, undefined, 401);
	assert.equal((await new Person("chen").login(OWN.others)).status, 401);
	await head.does(204, "DELETE", `/users/${finance.user.id}/sessions?reason=lost`);
	await finance.may_not("GET", "/audit?property=p1", undefined, 401);
	const done = (await head.reads("/audit?property=p1&limit=200")).items.filter((l) => l.result === "done");
	for (const [who, action] of [["wang", "device.adopt"], ["wang", "command.trip"], ["chen", "customer.create"], ["chen", "lease.create"], ["lin", "approval.ask"], ["zhao", "approval.agree"], ["zhao", "grant.remove"], ["he", "sheet.export"]])
		assert.ok(done.some((l) => l.who === who && l.action.startsWith(action)), `${who} ${action}`);
	assert.match((await world.wattle("audit", "verify")).out, /p1: \d+ lines/);
});
