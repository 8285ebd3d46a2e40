// Personal data over the wire: retention, export, erasure, privacy text, and the daily work.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { open_account } from "../lib/accounts.mjs";
import { Api } from "../lib/api.mjs";
import { P1, change, changed, day, estate, make, somebody } from "../lib/estate.mjs";
import { send_photo } from "../lib/photo.mjs";
import { until } from "../lib/process.mjs";
import { make_person } from "../lib/staff.mjs";
import { World } from "../lib/world.mjs";

let world, api, e;
before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0 });
	api = world.api;
	e = await estate(api);
});
after(() => world.stop());

const person = (name) => make(api, `${P1}/customers`, { name, note: `${name} mag Tee`, identity: "11010519491231002X", phones: [{ number: "13812341234", main: true }] });
const sql = (text) => world.sql(text);

test("a privacy text is public, long, and in two languages", async () => {
	const group = (await api.get("/properties/p1")).group, where = `/api/v1/groups/${group}/privacy`;
	const stranger = new Api(world.http_port);
	const none = await stranger.call("GET", where);
	assert.equal(none.status, 200);
	assert.match(none.headers.get("etag"), /^"v0[.]/);
	assert.deepEqual(none.body, { zh: "", en: "", updated_at: null, version: 0 });
	assert.deepEqual(none.body, (await stranger.call("GET", "/api/v1/groups/999/privacy")).body);
	const zh = "😀".repeat(10000);
	await changed(api, "PATCH", where, { zh, en: "We keep:\n\t<phones>" });
	const read = await stranger.call("GET", where);
	assert.equal(read.status, 200);
	assert.equal(read.body.zh, zh);
	assert.equal(read.body.en, "We keep:\n\t<phones>");
	const long = await change(api, "PATCH", where, { en: "x".repeat(20001) });
	assert.deepEqual([long.status, long.body.field], [400, "en"]);
	assert.match(long.body.detail, /20000/);
	assert.equal((await stranger.call("PATCH", where, { json: { en: "" }, headers: { "If-Match": '"v1"' } })).status, 401);
});

test("a person gets everything as one document", async () => {
	const anna = await person("=cmd|'/c calc'!A0");
	await make(api, `${P1}/leases`, { customer: anna.id, spaces: [e.r301.id], start: day(-3), note: "mit Balkon" });
	const account = await open_account(world, { customer: anna.id, code: "H1" });
	await changed(api, "PATCH", `${P1}/accounts/${account}`, { note: "zahlt bar" });
	const order = await make(api, `${P1}/orders`, { account, channel: "transfer", amount_fen: 1250, voucher: "V1" });
	const photo = await send_photo(api, `${P1}/accounts/${account}`);
	const answer = await api.call("POST", `${P1}/customers/${anna.id}/export`, { json: { reason: "Auskunft" } });
	assert.equal(answer.status, 200);
	assert.match(answer.headers.get("content-disposition"), /attachment; filename="person-\d+\.json"/);
	assert.equal(answer.body.customer.name, "=cmd|'/c calc'!A0");
	assert.equal(answer.body.customer.identity, "11010519491231002X");
	assert.equal(answer.body.customer.phones[0].number, "13812341234");
	assert.deepEqual(answer.body.leases.map((l) => [l.state, l.spaces[0], l.note]), [["running", "A/3/301", "mit Balkon"]]);
	assert.deepEqual(answer.body.accounts.map((a) => [a.code, a.state, a.note, a.balance_fen, a.orders.map((o) => [o.number, o.channel, o.amount_fen, o.voucher])]),
		[["H1", "open", "zahlt bar", 1250, [[order.number, "transfer", 1250, "V1"]]]]);
	assert.deepEqual(answer.body.accounts[0].photos.map((p) => [p.name, p.type]), [[photo, "image/png"]]);
	assert.deepEqual(answer.body.acts.map((a) => a.action), ["customer.create", "person.export"]);
	assert.equal((await api.call("POST", `${P1}/customers/${anna.id}/export`, { json: { reason: "" } })).status, 400);
	const reader = await somebody(world, ["customer.read"]);
	assert.equal((await reader.call("POST", `${P1}/customers/${anna.id}/export`, { json: { reason: "x" } })).status, 403);
});

test("erasing waits for a second person", async () => {
	const berta = await person("Berta");
	// Who was made by the one that asks is no second person, so a third makes both.
	const { api: first } = await make_person(world, "erste", { role: "property-manager", property: "p1" });
	const { api: second } = await make_person(world, "zweite", { role: "property-manager", property: "p1" });
	const where = `${P1}/customers/${berta.id}`, account = `${P1}/accounts/${await open_account(world, { customer: berta.id, code: "H2" })}`;
	const photo = `${account}/photos/${await send_photo(api, account)}`;
	assert.equal((await api.call("GET", photo)).status, 200);
	const asked = await change(first, "PUT", `${where}/erasure`, { reason: "Wunsch" }, { read: where });
	assert.equal(asked.status, 202);
	assert.match(asked.body.approval, /^\d+$/);
	assert.equal((await api.get(where.slice(7))).name, "Berta");
	assert.equal((await change(first, "PUT", `${where}/erasure`, { reason: "Wunsch" }, { read: where })).status, 409);
	assert.equal((await change(api, "PUT", `${where}/erasure`, { reason: "Wunsch" }, { version: '"v7"' })).status, 412);
	const { approval, names } = await second.get(`/approvals/${asked.body.approval}`);
	const { name: property } = await api.get("/properties/p1");
	assert.deepEqual([approval.object_name, names.customer, names.property], ["Berta", "Berta", property]);
	// Who audits and may not see customers gets no name.
	const clerk = await somebody(world, ["audit.read"]);
	const unnamed = await clerk.get(`/approvals/${asked.body.approval}`);
	assert.deepEqual([unnamed.approval.object_name, unnamed.names.customer, unnamed.names.property], [null, null, property]);
	const decide = (client) => client.call("POST", `/api/v1/approvals/${approval.id}/decision`,
		{ json: { verdict: "agree", hash: approval.hash }, headers: { "Idempotency-Key": randomUUID() } });
	assert.equal((await decide(first)).status, 403);
	assert.equal((await decide(second)).status, 200);
	const gone = await api.get(where.slice(7));
	assert.deepEqual([gone.name, gone.phones, gone.identity, gone.note, gone.archived], ["(已删除)", [], null, "", true]);
	assert.equal(await sql("SELECT count(*) FROM audit WHERE before LIKE '%Berta%' OR after LIKE '%Berta%' OR detail LIKE '%Berta%'"), "0");
	assert.equal((await api.call("GET", photo)).status, 404);
	const carla = await person("Carla");
	await make(api, `${P1}/leases`, { customer: carla.id, spaces: [e.r302.id], start: day(3) });
	assert.equal((await change(api, "PUT", `${P1}/customers/${carla.id}/erasure`, { reason: "x" }, { version: '"v1"' })).status, 409);
});

test("what was erased is in no file of the store", async () => {
	const words = ["Wunibald Xylander", "XYL-4711-CODE", "mag Quittengelee", "13987650123"];
	// As an edit: the answer of what makes something is kept for a day, for repeats.
	const made = await make(api, `${P1}/customers`, { name: "x" }), where = `${P1}/customers/${made.id}`;
	await changed(api, "PATCH", where, { name: words[0], code: words[1], note: words[2], phones: [{ number: words[3], main: true }] });
	const { api: first } = await make_person(world, "dritte", { role: "property-manager", property: "p1" });
	const asked = await change(first, "PUT", `${where}/erasure`, { reason: "Wunsch" }, { read: where });
	const { approval } = await api.get(`/approvals/${asked.body.approval}`);
	const bytes = () => readdirSync(path.join(world.data, "store")).map((name) => readFileSync(path.join(world.data, "store", name), "latin1")).join();
	assert.ok(words.every((word) => bytes().includes(word)));
	await make(api, `/api/v1/approvals/${approval.id}/decision`, { verdict: "agree", hash: approval.hash }, 200);
	await world.platform.stop(); // which writes the log into the file
	assert.deepEqual(words.filter((word) => bytes().includes(word)), []);
	await world.start_platform();
	api = world.api;
});

test("who may not see numbers cannot guess them one after the other", async () => {
	const { api: cashier } = await make_person(world, "kasse", { role: "cashier", property: "p1" });
	const ask = (client, i) => client.call("GET", `${P1}/customers?q=1381234${String(i).padStart(4, "0")}`);
	let i = 0;
	while (i < 100 && (await ask(cashier, i)).status === 200) i++;
	assert.equal(i, 60);
	const stopped = await ask(cashier, i);
	assert.deepEqual([stopped.status, stopped.body.type], [429, "/problems/too-many"]);
	assert.ok(Number(stopped.headers.get("retry-after")) > 3000);
	// The ends that are shown anyway, names, and those who may reveal are not counted.
	assert.equal((await cashier.call("GET", `${P1}/customers?q=1234`)).status, 200);
	for (let k = 0; k < 70; k++) assert.equal((await ask(api, k)).status, 200);
});

test("what is due goes at midnight, and the list says so", async () => {
	const dora = await person("Dora");
	const emma = await person("Emma");
	await make(api, `${P1}/leases`, { customer: emma.id, spaces: [e.r401.id], start: day(-3), end: day(20) });
	await changed(api, "PATCH", `${P1}/retention`, { identity: 1, phone: 1 }, { version: '"v0"' });
	const bad = await change(api, "PATCH", `${P1}/retention`, { event: 3 });
	assert.deepEqual([bad.status, bad.body.field], [400, "event"]);
	assert.deepEqual((await api.get("/properties/p1/retention")).identity, { days: 1, source: "property" });
	await until("reminder", async () => (await api.get("/properties/p1/reminders")).items.length === 1);
	const [reminder] = (await api.get("/properties/p1/reminders")).items;
	assert.deepEqual([reminder.customer.name, reminder.end, reminder.spaces[0].path], ["Emma", day(20), "A/4/401"]);
	// By the last day, and those of some days only.
	await make(api, `${P1}/leases`, { customer: emma.id, spaces: [e.r101.id], start: day(-3), end: day(9) });
	const ends = async (query) => (await api.get(`/properties/p1/reminders${query}`)).items.map((r) => r.end);
	await until("another reminder", async () => (await ends("")).length === 2);
	assert.deepEqual(await ends(""), [day(9), day(20)]);
	assert.deepEqual(await ends("?sort=-end"), [day(20), day(9)]);
	assert.deepEqual(await ends("?sort=id"), [day(20), day(9)]);
	assert.deepEqual([await ends(`?ends_from=${day(20)}`), await ends(`?ends_to=${day(19)}`), await ends(`?ends_from=${day(10)}&ends_to=${day(19)}`)], [[day(20)], [day(9)], []]);
	const { items: [first], next } = await api.get("/properties/p1/reminders?sort=-end&limit=1");
	assert.deepEqual([first.end, await ends(`?sort=-end&limit=1&cursor=${encodeURIComponent(next)}`)], [day(20), [day(9)]]);
	for (const r of (await api.get(`/properties/p1/reminders?ends_to=${day(9)}`)).items) await api.expect(200, "PUT", `${P1}/reminders/${r.id}/done`);
	const done = await api.call("PUT", `${P1}/reminders/${reminder.id}/done`);
	assert.equal(done.status, 200);
	assert.equal((await api.call("PUT", `${P1}/reminders/${reminder.id}/done`)).status, 409);
	assert.equal((await api.get("/properties/p1/reminders")).items.length, 0);
	assert.equal((await api.get("/properties/p1/reminders?all=true")).items.length, 2);

	// As if the last midnight that it worked at were two days ago. A store that is new waits a day.
	await until("the first day's work", async () => (await sql("SELECT count(*) FROM daily_work WHERE work IN ('reminders', 'retention')")) === "2");
	await world.platform.stop();
	await sql("UPDATE daily_work SET day=day-2; UPDATE customer SET created_s=created_s-200000");
	await world.start_platform();
	api = world.api;
	await until("removed", async () => (await api.get(`/properties/p1/customers/${dora.id}`)).identity === null);
	assert.deepEqual((await api.get(`/properties/p1/customers/${dora.id}`)).phones, []);
	assert.equal((await api.get(`/properties/p1/customers/${emma.id}`)).phones.length, 1);
	const [run] = (await api.get("/properties/p1/retention/runs")).items;
	assert.ok(run.identity >= 1 && run.phone >= 1);
	assert.ok((await api.get("/audit?property=p1&limit=200")).items.some((l) => l.action === "retention.remove" && /identity \d/.test(l.detail)));
});
