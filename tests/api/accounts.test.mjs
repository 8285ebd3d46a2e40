// Accounts over the wire: drafts, opening, statements, closing, other customers, other meters; who may what.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { P1, make, somebody } from "../lib/estate.mjs";
import { png, put_photo, send_photo } from "../lib/photo.mjs";
import { sleep } from "../lib/process.mjs";
import { Site, chip } from "./lib/site.mjs";
import { meter_number } from "../lib/world.mjs";

let site, api, anna, berta;
const A = (id, rest = "") => `${P1}/accounts/${id}${rest}`;
const [FIRST, SECOND] = [1, 3].map(meter_number); // the second one belongs to somebody

// 0.60 yuan a kWh, since ever, as the property's.
function price(world) {
	return world.sql(`INSERT INTO tariff VALUES(901, 1, 1, 'house', '一口价', 'electricity', 0, 0, 0, 1, 1);
		INSERT INTO tariff_version VALUES(901, 901, 1, 2, '{"rates":[{"price_uy":600000}]}', '', 0, 1, 1, 'test', 1);
		INSERT INTO property_tariff VALUES(1, 'electricity', 1767225601, 901, 'test');`);
}

// An act on an account from the version that is there now.
async function act(status, id, word, json, caller = api) {
	// No use ends in the second in which it began.
	if (["remove", "close", "change-customer", "swap"].includes(word)) await sleep(1100);
	const version = (await api.call("GET", A(id))).headers.get("etag");
	const answer = await caller.call("PUT", A(id, `/${word}`), { json, headers: { "If-Match": version, "Idempotency-Key": randomUUID() } });
	assert.equal(answer.status, status, `${word}: ${JSON.stringify(answer.body)}`);
	return answer.body;
}

// Read from the meter a moment later: more than it can have carried since, which somebody has seen.
const typed = async (account, meter, units, n) => ({ meter, units, photo: await send_photo(api, A(account), n), accepted: true });

before(async () => {
	site = await Site.start();
	api = site.api;
	await price(site.world);
	assert.equal((await api.adopt(chip(3), SECOND, "3 号")).status, 201);
	anna = await make(api, `${P1}/customers`, { name: "安娜" });
	berta = await make(api, `${P1}/customers`, { name: "贝塔" });
});
after(() => site?.stop());

let id;
test("a draft becomes open with a typed register, a reason, and an old balance", async () => {
	const draft = await make(api, `${P1}/accounts`, { customer: anna.id, note: "转角", limits: { overdraft_fen: 500 } });
	assert.deepEqual([draft.state, draft.customer.name, draft.kind, draft.money.balance_fen, draft.limits.overdraft_fen], ["draft", "安娜", "pay-per-use", 0, { value: 500, own: true }]);
	assert.deepEqual(draft.limits.alarm1_fen, { value: 5000, own: false });
	id = draft.id;
	const meters = [{ meter: SECOND, service: "electricity", units: 100000 }];
	assert.equal((await act(400, id, "open", { meters })).field, "reason");
	assert.equal((await act(409, id, "open", { meters: [{ meter: SECOND, service: "electricity" }] })).field, "register"); // it never sent one
	const { account } = await act(200, id, "open", { meters, opening_fen: 5000, reason: "旧卡余额" });
	assert.equal(account.state, "open");
	assert.equal(account.money.balance_fen, 5000);
	assert.deepEqual(account.meters.map((m) => [m.meter, m.until, m.opened]), [[SECOND, null, { units: 100000, source: "typed", photo: null }]]);
	assert.equal((await act(409, id, "open", { meters, reason: "again" })).type, "/problems/conflict");
});

test("a meter is bound once, and a missing one is like a foreign one", async () => {
	const other = await make(api, `${P1}/accounts`, { customer: berta.id });
	const open = (meter) => act(meter === SECOND ? 409 : 400, other.id, "open", { meters: [{ meter, service: "electricity", units: 1 }], reason: "x" });
	assert.match((await open(SECOND)).detail, /bound/);
	assert.equal((await open("999999999999")).field, "meters");
	await act(200, other.id, "drop", { reason: "nichts daraus" });
	assert.equal((await api.get(A(other.id).slice(7))).state, "closed");
});

test("what was taken over comes in with the opening, once", async () => {
	const draft = await make(api, `${P1}/accounts`, { customer: berta.id });
	const opened = await act(200, draft.id, "open", { meters: [{ meter: FIRST, service: "electricity", units: 123456 }], reason: "abgelesen" });
	assert.deepEqual([opened.taken_rows, opened.taken_fen, opened.account.money.balance_fen], [1, 1250, 1250]);
	await act(409, draft.id, "takeover", { reason: "again" });
	const left = await act(200, draft.id, "close", { meters: [await typed(draft.id, FIRST, 124456, 1)], payee: "6222", reason: "zieht aus" });
	assert.deepEqual([left.direction, left.left_fen, left.account.state, left.account.payable_fen], ["refund", 1190, "closed", 1190]);
	assert.match(left.refund, /^\d+$/);
});

test("a statement shows each posting with the balance after it, and a charge opens to its registers", async () => {
	await act(200, id, "suspend", { reason: "Umbau" });
	await act(200, id, "resume", { reason: "fertig" });
	const removed = await act(200, id, "remove", { meters: [await typed(id, SECOND, 150000, 2)], reason: "换表位" });
	assert.equal(removed.account.money.balance_fen, 5000 - 3000); // 50 kWh at 0.60
	const { items } = await api.get(A(id, "/statement").slice(7));
	assert.deepEqual(items.map((l) => [l.kind, l.amount_fen, l.balance_fen]), [["charge", -3000, 2000], ["opening", 5000, 5000]]);
	const up = await api.get(A(id, "/statement?sort=id&limit=1").slice(7));
	assert.deepEqual(up.items.map((l) => l.balance_fen), [5000]);
	const more = await api.get(A(id, `/statement?sort=id&limit=1&cursor=${encodeURIComponent(up.next)}`).slice(7));
	assert.deepEqual(more.items.map((l) => l.balance_fen), [2000]);
	const down = await api.get(A(id, "/statement?limit=1").slice(7));
	assert.deepEqual((await api.get(A(id, `/statement?limit=1&cursor=${encodeURIComponent(down.next)}`).slice(7))).items.map((l) => l.balance_fen), [5000]);
	const { items: charges } = await api.get(A(id, `/charges?from=${items[0].day}&to=${items[0].day}&posting=${items[0].id}`).slice(7));
	assert.deepEqual(charges.map((c) => [c.meter, c.line, c.tariff.code, c.from_units, c.to_units, c.units, c.price_uy, c.exact, c.amount_fen]), [[SECOND, 0, "house", 100000, 150000, 50000, 600000, 50000 * 600000, 3000]]);
	assert.equal((await api.call("GET", A(id, "/charges?from=2026-01-01&to=2026-12-31"))).status, 400);
});

test("another customer takes the meters over; who owes stays in closing; a debt needs two persons", async () => {
	await act(200, id, "meters", { meters: [{ meter: SECOND, service: "electricity", units: 150000 }], reason: "zurück" });
	const changed_to = await act(200, id, "change-customer", { customer: berta.id, code: "B-1", meters: [await typed(id, SECOND, 250000, 3)], reason: "Laden verkauft" });
	assert.deepEqual([changed_to.closed.direction, changed_to.closed.left_fen, changed_to.closed.account.state], ["pays", -4000, "closing"]);
	assert.deepEqual([changed_to.account.code, changed_to.account.state, changed_to.account.meters[0].opened.units], ["B-1", "open", 250000]);
	assert.equal((await act(409, id, "finish", { reason: "bezahlt?" })).type, "/problems/conflict");
	assert.equal((await act(409, id, "writeoff", { owed_fen: 1, reason: "x" })).field, "owed_fen");
	const asked = await act(202, id, "writeoff", { owed_fen: 4000, reason: "unbekannt verzogen" });
	assert.match(asked.approval, /^\d+$/);
	assert.equal((await api.get(A(id).slice(7))).state, "closing");
	// Berta's account is swapped to the other meter.
	const swapped = await act(200, changed_to.account.id, "swap", { old: await typed(changed_to.account.id, SECOND, 260000, 4), meter: FIRST, units: 124456, reason: "defekt" });
	assert.equal(swapped.account.money.balance_fen, -600);
	assert.deepEqual(swapped.account.meters.filter((m) => !m.until).map((m) => [m.meter, m.opened.units]), [[FIRST, 124456]]);
});

test("a photo is a picture by its bytes, of this account, and shown to who may read it", async () => {
	const path = A(id), photo = await put_photo(api, path, png(3)); // the one that ended the use at the change of customer
	assert.deepEqual([photo.status, photo.body.type, photo.body.bytes], [201, "image/png", png(3).length]);
	assert.equal(photo.body.name, createHash("sha256").update(png(3)).digest("hex"));
	const used = (await api.get(path.slice(7))).meters.filter((m) => m.closed?.photo === photo.body.name);
	assert.deepEqual(used.map((m) => [m.meter, m.closed.units]), [[SECOND, 250000]]);
	const shown = await fetch(`${api.base}${path}/photos/${photo.body.name}`, { headers: { Cookie: api.cookie } });
	assert.deepEqual([shown.status, shown.headers.get("content-type"), shown.headers.get("x-content-type-options")], [200, "image/png", "nosniff"]);
	assert.deepEqual(Buffer.from(await shown.arrayBuffer()), png(3));
	for (const bytes of [Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), Buffer.from("GIF89a\x01\0\x01\0"), png(3).subarray(0, 40), Buffer.concat([png(3), Buffer.from("<script>")]), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0xff, 0xff])]) {
		const { status, body } = await put_photo(api, path, bytes);
		assert.deepEqual([status, body.field], [400, "body"], bytes.toString("latin1").slice(0, 20));
	}
	const wide = Buffer.from(png(3));
	wide.writeUInt32BE(1 << 20, 16); // a million columns
	assert.match((await put_photo(api, path, wide)).body.detail, /pixels/);
	for (const name of ["../../wattle.db", "..%2f..%2fwattle.db", "%00", photo.body.name.toUpperCase(), `${photo.body.name}.png`])
		assert.ok([400, 404].includes((await api.call("GET", `${path}/photos/${name}`)).status), name);
	const other = await make(api, `${P1}/accounts`, { customer: anna.id });
	assert.equal((await api.call("GET", `${A(other.id)}/photos/${photo.body.name}`)).status, 404);
	assert.equal((await act(400, other.id, "open", { meters: [{ meter: SECOND, service: "electricity", units: 1, photo: photo.body.name }], reason: "x" })).field, "photo");
	await act(200, other.id, "drop", { reason: "test" });
	const foreign = await somebody(site.world, ["property.read"]);
	assert.equal((await foreign.call("GET", `${path}/photos/${photo.body.name}`)).status, 403);
	assert.equal((await put_photo(foreign, path, png(9))).status, 403);
	const reader = await somebody(site.world, ["property.read", "account.read"]);
	assert.equal((await reader.call("GET", `${path}/photos/${photo.body.name}`)).status, 200);
	assert.equal((await put_photo(reader, path, png(9))).status, 403);
});

test("bills and terms", async () => {
	const draft = await make(api, `${P1}/accounts`, { customer: anna.id, terms: { kind: "postpaid", bill_day: 5, due_days: 10 } });
	assert.deepEqual(draft.terms.map((t) => [t.from, t.kind, t.bill_day, t.due_days, t.fee_fen]), [[null, "postpaid", 5, 10, 0]]);
	assert.equal((await act(400, draft.id, "terms", { kind: "postpaid", bill_day: 5 })).field, "due_days");
	assert.equal((await act(200, draft.id, "terms", { kind: "monthly-fee", fee_fen: 30000 })).kind, "monthly-fee");
	assert.deepEqual((await api.get(A(draft.id, "/bills").slice(7))), { items: [], standing: { owed_fen: 0, unbilled_fen: 0, billed_fen: 0, overdue_fen: 0, due: null } });
	assert.deepEqual((await api.get("/properties/p1/account-bills?overdue=true")).items, []);
});

test("lists search and sort, and hold what may be seen", async () => {
	const list = async (query, caller = api) => (await caller.expect(200, "GET", `${P1}/accounts?${query}`)).items;
	assert.deepEqual((await list("state=closing")).map((a) => [a.id, a.available_fen]), [[id, -4000]]);
	assert.deepEqual((await list("q=B-1")).map((a) => [a.code, a.meter]), [["B-1", FIRST]]);
	assert.deepEqual(await list(`meter=${FIRST}&state=open`), await list("q=B-1"));
	const codes = (await list("sort=-code")).map((a) => a.code);
	assert.deepEqual(codes, [...codes].sort().reverse());
	const reader = await somebody(site.world, ["property.read"]);
	assert.equal((await reader.call("GET", `${P1}/accounts`)).status, 403);
	const clerk = await somebody(site.world, ["property.read", "account.read", "account.write"]);
	assert.equal((await list("", clerk)).length, (await list("")).length);
	assert.equal((await act(403, id, "finish", { reason: "x" }, clerk)).type, "/problems/forbidden");
});

test("a meter stands below another one, never below itself", async () => {
	const put = (meter, above) => api.call("PUT", `/api/v1/meters/${meter}/parent`, { json: { above } });
	assert.equal((await put(FIRST, SECOND)).body.parent, SECOND);
	assert.equal((await put(SECOND, FIRST)).status, 409);
	assert.equal((await put(FIRST, FIRST)).status, 409);
	const alone = await put(FIRST, null);
	assert.deepEqual([alone.body.parent, alone.body.history[0].parent], [null, null]);
	assert.deepEqual((await api.get(`/meters/${FIRST}/parent`)).parent, null);
});

test("the command line shows the same", async () => {
	const { world } = site;
	assert.match((await world.wattle("account", "list", "--state", "closing")).out, /closing +-40\.00 +安娜/);
	assert.match((await world.wattle("account", "show", "B-1")).out, /balance +-6\.00, available -6\.00/);
	assert.match((await world.wattle("account", "ledger", "B-1")).out, /charge +-6\.00 +-6\.00 +charge:/);
	const [good, bad] = [world.path("dial.png"), world.path("dial.txt")];
	writeFileSync(good, png(7));
	writeFileSync(bad, "124456");
	const close = (photo) => world.wattle("account", "close", "B-1", "--reason", "zieht aus", "--meter", FIRST, "--register", "124456", "--photo", photo);
	await assert.rejects(close(bad), /is no JPEG, PNG or WebP picture/);
	assert.match((await close(good)).out, /B-1: pays -6\.00, now closing/);
	const { items: [closed] } = await api.get(`/properties/p1/accounts?q=B-1`), { meters } = await api.get(A(closed.id).slice(7));
	assert.equal(meters.find((m) => m.meter === FIRST).closed.photo, createHash("sha256").update(png(7)).digest("hex"));
});
