// One order to many meters on a real wattled; the gateway is an independent client that answers nothing.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { FakeGateway } from "../lib/fake-gateway.mjs";
import { until } from "../lib/process.mjs";
import { answer_mismatches } from "../lib/schema.mjs";
import { make_person } from "../lib/staff.mjs";
import { World } from "../lib/world.mjs";

const METERS = 60;
const chip = (k) => String(k).padStart(24, "a");
const meter = (k) => String(330100000000 + k);
const all = Array.from({ length: METERS }, (_, i) => meter(i + 1));
const BATCHES = "/api/v1/properties/{property}/command-batches";

let world, admin, gateway;

async function call(client, method, template, { values = {}, query = "", json } = {}) {
	const url = template.replace(/\{(\w+)\}/g, (_, name) => ({ property: "p1", ...values })[name]) + query;
	const answer = await client.call(method, url, { json, headers: { "Idempotency-Key": randomUUID() } });
	assert.deepEqual(answer_mismatches(method, template, answer.status, answer.headers.get("content-type"), answer.body), [], `${method} ${url}`);
	return answer;
}

const order = (client, json) => call(client, "POST", BATCHES, { json: { reason: "arrears", ...json } });
const show = async (id) => (await call(admin, "GET", BATCHES + "/{batch}", { values: { batch: id } })).body;
const commands = async () => (await Promise.all(all.map((m) => admin.get(`/meters/${m}/commands`)))).flatMap((page) => page.items);
const down = () => gateway.client.heard.filter((m) => m.topic.endsWith("/down")).length;

before(async () => {
	// Trips at most 5 (a fifth less: 4) per gateway in two seconds, so that slices can be told apart.
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0, settings: "[platform]\ntrip_limit_count = 5\ntrip_limit_window_s = 2\napproval_batch_count = 20\napproval_batch_percent = 100\n" });
	admin = world.api;
	gateway = await FakeGateway.open(world);
	const keys = all.map((_, i) => `${chip(i + 1)},${String(i + 1).padStart(64, "0")}`).join("\n");
	await admin.expect(200, "POST", "/api/v1/devices/import", { text: keys, type: "text/csv", headers: { "Idempotency-Key": randomUUID() } });
	for (let k = 1; k <= METERS; k++) await gateway.found(chip(k));
	for (let k = 1; k <= METERS; k++) assert.ok((await admin.adopt(chip(k), meter(k))).status < 300);
});

after(async () => {
	if (gateway) await new Promise((done) => gateway.client.end(true, {}, done));
	await world?.stop();
});

test("one id that is no meter here, and nothing is done", async () => {
	const { api } = await make_person(world, "anna", { role: "property-manager", property: "p1" });
	const before = down();
	for (const foreign of ["999999999999", "330200000001"]) {
		const answer = await order(api, { kind: "trip", meters: [meter(1), foreign, meter(2)] });
		assert.equal(answer.status, 404);
		assert.equal(answer.body.field, "meters[1]");
	}
	assert.equal((await order(api, { kind: "trip", meters: [meter(1), meter(1)] })).body.field, "meters");
	assert.equal((await order(api, { kind: "trip" })).body.field, "meters");
	assert.equal((await order(api, { kind: "trip", meters: [meter(1)], all: true })).body.field, "meters");
	assert.equal((await order(api, { kind: "trip", meters: [meter(1)], until: "2040-01-01T00:00:00Z" })).body.field, "until");
	assert.equal((await call(api, "GET", BATCHES)).body.items.length, 0);
	assert.equal((await commands()).length, 0);
	assert.equal(down(), before);
});

test("without the right nothing leaves (A4): cashier, electrician, ended session, forged header", async () => {
	const cashier = (await make_person(world, "carl", { role: "cashier", property: "p1" })).api;
	const electrician = (await make_person(world, "emil", { role: "electrician", property: "p1" })).api;
	const before = down();
	const trip = (client, headers = {}) => client.call("POST", `/api/v1/meters/${meter(1)}/commands`, { json: { kind: "trip", reason: "x" }, headers: { "Idempotency-Key": randomUUID(), ...headers } });
	assert.equal((await trip(cashier)).status, 403);
	assert.equal((await trip(cashier, { "X-Organisation": "1", "X-Group": "1", "X-Property": "p1" })).status, 403);
	assert.equal((await order(cashier, { kind: "trip", meters: [meter(1)] })).status, 403);
	assert.equal((await order(electrician, { kind: "trip", meters: [meter(1)] })).status, 403);
	electrician.cookie = "wattle_session=" + "B".repeat(43);
	assert.equal((await trip(electrician)).status, 401);
	assert.equal((await commands()).length, 0);
	assert.equal(down(), before);
	await until("lines", async () => (await admin.get("/audit?property=p1&result=refused&who=carl")).items.length >= 3);
});

test("a small batch: each meter has its command, result and stage", async () => {
	const { api } = await make_person(world, "bert", { role: "property-manager", property: "p1" });
	const before = down();
	const answer = await order(api, { kind: "close", meters: [meter(3), meter(1)] });
	assert.equal(answer.status, 202);
	assert.equal(answer.body.approval, null);
	const { id } = answer.body.batch;
	await until("given", async () => (await show(id)).batch.state === "done");
	const items = (await call(api, "GET", BATCHES + "/{batch}/items", { values: { batch: id } })).body.items;
	assert.deepEqual(items.map((i) => i.meter), [meter(1), meter(3)]);
	assert.ok(items.every((i) => i.command && ["queued", "sent"].includes(i.stage)));
	assert.equal((await admin.get(`/commands/${items[0].command}`)).by, "bert");
	await until("sent down", () => down() >= before + 2);
	assert.equal((await call(api, "GET", BATCHES + "/{batch}", { values: { batch: 999999 } })).status, 404);
});

test("more than one person may give waits for a second, with its exact list", async () => {
	const { api } = await make_person(world, "dora", { role: "property-manager", property: "p1" });
	const second = (await make_person(world, "fred", { role: "property-manager", property: "p1" })).api;
	const before = (await commands()).length;
	const asked = await order(api, { kind: "allow-close", all: true });
	assert.equal(asked.body.batch, null);
	assert.equal(asked.body.count, METERS);
	assert.equal((await order(api, { kind: "allow-close", all: true })).status, 409);
	const values = { approval: asked.body.approval };
	const { approval, act } = (await call(second, "GET", "/api/v1/approvals/{approval}", { values })).body;
	assert.deepEqual(act.meters, all);
	assert.equal(approval.decidable, true);
	assert.deepEqual([approval.object, approval.object_zh], [`allow-close of ${METERS} meters`, `允许合闸：${METERS} 块表`]);
	assert.deepEqual(approval.about, { kind: "meters", id: null, command: "allow-close", count: METERS, amount_fen: null });
	const decide = (client, json) => call(client, "POST", "/api/v1/approvals/{approval}/decision", { values, json });
	assert.equal((await decide(api, { verdict: "agree", hash: approval.hash })).status, 403);
	assert.equal((await commands()).length, before);
	const done = await decide(second, { verdict: "agree", hash: approval.hash });
	assert.equal(done.body.state, "done");
	const id = done.body.result.match(/command batch (\d+)/)[1];
	await until("given", async () => (await show(id)).batch.state === "done", { timeout_ms: 20000 });
	assert.equal((await commands()).length, before + METERS);
	assert.equal((await show(id)).batch.by, "dora");
});

test("a task is taken by one, and given to others by who may edit the property", async () => {
	const [cashier, other] = [await make_person(world, "tom", { role: "cashier", property: "p1" }), await make_person(world, "tim", { role: "cashier", property: "p1" })];
	const OWNERS = "/api/v1/properties/p1/task-owners", task = { kind: "suspense", object: "17" };
	const take = async (client, owner, more = {}) => (await client.call("PUT", OWNERS, { json: { ...task, owner, ...more } })).status;
	const owners = async () => (await admin.get(OWNERS.slice(7))).items.map((o) => [o.kind, o.object, o.owner, o.name]);
	assert.equal(await take(cashier.api, cashier.user.id), 204);
	assert.deepEqual(await owners(), [["suspense", "17", cashier.user.id, "tom"]]);
	assert.equal(await take(other.api, other.user.id), 409); // it is his
	assert.equal(await take(other.api, null), 409);
	assert.equal(await take(cashier.api, other.user.id), 403);
	assert.equal(await take(admin, other.user.id), 204);
	assert.deepEqual(await owners(), [["suspense", "17", other.user.id, "tim"]]);
	assert.equal(await take(admin, "999999"), 400);
	assert.equal(await take(admin, null, { kind: "idea" }), 400);
	assert.equal(await take(other.api, null), 204);
	assert.deepEqual(await owners(), []);
});

test("a right that is taken away stops what is not given yet (domain.md §18 case 21)", async () => {
	const gina = await make_person(world, "gina", { role: "property-manager", property: "p1" });
	const { batch } = (await order(gina.api, { kind: "trip", meters: all.slice(40, 60) })).body;
	const state = async () => (await show(batch.id)).batch;
	await until("the first slice", async () => (await state()).given >= 4, { every_ms: 20 });
	assert.ok((await state()).given <= 8, "slices keep below what the gateway passes on");
	await call(admin, "DELETE", "/api/v1/users/{user}/grants/{grant}", { query: "?reason=left", values: { user: gina.user.id, grant: gina.grants[0].id } });
	const { given } = await state();
	const stopped = await until("stopped", async () => (await state()).state === "stopped" && state());
	assert.equal(stopped.stopped_why, "the right was taken away");
	assert.equal(stopped.given, given);
	assert.ok(given < 20);
	assert.equal((await admin.get("/audit?property=p1&action=command-batch.stop")).items[0].who, "platform");
});

test("who gave the order stops the rest of it", async () => {
	const { api } = await make_person(world, "hans", { role: "property-manager", property: "p1" });
	const { batch } = (await order(api, { kind: "trip", meters: all.slice(0, 15) })).body;
	assert.equal((await call(api, "DELETE", BATCHES + "/{batch}", { values: { batch: batch.id } })).status, 204);
	assert.equal((await call(api, "DELETE", BATCHES + "/{batch}", { values: { batch: batch.id } })).status, 409);
	assert.equal((await show(batch.id)).batch.stopped_why, "by hans");
});
