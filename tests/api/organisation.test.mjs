// Groups, properties, spaces, customers, leases, calendars, plans and templates over the wire.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { P1, change, changed, day, essence, estate, make, somebody, space, try_make } from "../lib/estate.mjs";
import { until } from "../lib/process.mjs";
import { World } from "../lib/world.mjs";

let world, api, e;
before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0 });
	api = world.api;
	e = await estate(api);
});
after(() => world.stop());

const customer = (name, more = {}) => make(api, `${P1}/customers`, { name, ...more });
const lease = (customer_id, space_id, start, end, more = {}) =>
	try_make(api, `${P1}/leases`, { customer: customer_id, spaces: [space_id], start: day(start), ...(end === null ? {} : { end: day(end) }), ...more });

function refused(answer, status, field) {
	assert.equal(answer.status, status, JSON.stringify(answer.body));
	assert.equal(answer.body.field, field, JSON.stringify(answer.body));
}

test("edits need the version that was read", async () => {
	const path = `${P1}/spaces/${e.r401.id}`;
	assert.equal((await api.call("PATCH", path, { json: { name: "x" } })).status, 428);
	assert.equal((await change(api, "PATCH", path, { name: "x" }, { version: '"v99"' })).status, 412);
	const read = await api.call("GET", path);
	const etag = read.headers.get("etag"), again = { headers: { "If-None-Match": etag } };
	assert.match(etag, new RegExp(`^"v${read.body.version}[.][0-9a-f]{16}"$`));
	assert.deepEqual(await api.call("GET", path, again).then(({ status, body, headers }) => [status, body, headers.get("etag")]), [304, "", etag]);
	const first = await change(api, "PATCH", path, { name: "Lager" });
	assert.equal(first.status, 200);
	assert.equal((await api.call("GET", path)).headers.get("etag"), first.headers.get("etag"));
	assert.equal((await api.call("GET", path, again)).status, 200);
	assert.equal((await change(api, "PATCH", path, { name: "Büro" }, { version: read.headers.get("etag") })).status, 412);
	assert.equal((await api.get(path.slice(7))).name, "Lager");
});

test("the tree is kept whole", async () => {
	assert.equal(e.r301.path, "A/3/301");
	refused(await try_make(api, `${P1}/spaces`, { kind: "room", parent: e.a.id, code: "1" }), 400, "parent");
	refused(await try_make(api, `${P1}/spaces`, { kind: "room", parent: e.a3.id, code: "301" }), 409, "code");
	refused(await try_make(api, `${P1}/spaces`, { kind: "floor", parent: "999999", code: "x" }), 400, "parent");
	assert.equal((await change(api, "DELETE", `${P1}/spaces/${e.a.id}`)).status, 409);
	const empty = await space(api, "floor", e.a.id, "9");
	assert.equal((await change(api, "DELETE", `${P1}/spaces/${empty.id}`)).status, 204);
	assert.equal((await api.call("GET", `${P1}/spaces/${empty.id}`)).status, 404);
});

test("lists page, sort, filter and search", async () => {
	const codes = async (query) => (await api.get(`/properties/p1/spaces?${query}`)).items.map((s) => s.path).join(" ");
	assert.equal(await codes("kind=room&sort=code"), "B/1/101 A/3/301 A/3/302 A/4/401");
	assert.equal(await codes(`below=${e.a3.id}&sort=-code`), "A/3/302 A/3/301 A/3");
	assert.equal(await codes(`parent=${e.a.id}&sort=code`), "A/3 A/4");
	assert.equal(await codes("q=30&sort=code"), "A/3/301 A/3/302");
	assert.equal(await codes("q=%25"), "");
	let next = "", pages = [];
	do {
		const page = await api.get(`/properties/p1/spaces?kind=room&sort=name&limit=2${next && `&cursor=${next}`}`);
		pages.push(page.items.length);
		next = page.next;
	} while (next);
	assert.deepEqual(pages, [2, 2]);
	refused(await api.call("GET", `${P1}/spaces?sort=age`), 400, "sort");
	refused(await api.call("GET", `${P1}/spaces?below=x`), 400, "below");
	refused(await api.call("GET", `${P1}/spaces?cursor=AAAA`), 400, "cursor");
});

test("groups and properties are made, edited and archived", async () => {
	const group = await make(api, "/api/v1/groups", { name: "Zweite Gruppe" });
	const path = `/api/v1/groups/${group.id}`;
	const property = await make(api, `${path}/properties`, { slug: "p9", name: "Neun", phone: "0571-8888 6666" });
	assert.equal(property.phone, "057188886666");
	refused(await try_make(api, `${path}/properties`, { slug: "p9", name: "x" }), 409, "slug");
	assert.equal((await change(api, "PATCH", path, { archived: true })).status, 409);
	await changed(api, "PATCH", "/api/v1/properties/p9", { archived: true, address: "=A1" });
	refused(await try_make(api, "/api/v1/properties/p9/spaces", { kind: "building", code: "A" }), 409, undefined);
	assert.equal((await api.get("/properties")).items.some((p) => p.slug === "p9"), false);
	assert.equal((await api.get("/properties?archived=true")).items.find((p) => p.slug === "p9").address, "=A1");
	assert.deepEqual((await api.get("/properties?archived=true&sort=-slug&q=P")).items.map((p) => p.slug), ["p9", "p1"]);
	assert.deepEqual((await api.get("/properties?archived=true&q=neu")).items.map((p) => p.slug), ["p9"]);
	const first = await api.get("/properties?archived=true&limit=1");
	assert.deepEqual((await api.get(`/properties?archived=true&limit=1&cursor=${first.next}`)).items.map((p) => p.slug), ["p9"]);
	await changed(api, "PATCH", path, { archived: true });
	assert.equal((await api.get(`/groups/${group.id}`)).archived, true);
	assert.equal((await api.get(`/properties?group=${group.id}`)).items.length, 0);
});

test("hostile texts come back as they went in", async () => {
	const names = ["=HYPERLINK(\"http://x\",\"y\")", "<script>alert(1)</script>&amp;", "@SUM(1+1)*cmd|' /C calc'!A0", "‮\u200Fevil\u2066txt.exe",
		"'; DROP TABLE customer; --", "😀".repeat(60), "%s%n%d", "{balance}", "NULL", "a\\u0000b", "Ａ　ｂ", "e\u0301".repeat(30)];
	for (const name of names) {
		const made = await customer(name, { note: name + "\n\t" + name });
		assert.equal(made.name, name);
		const read = await api.get(`/properties/p1/customers/${made.id}`);
		assert.equal(read.name, name);
		assert.equal(read.note, name + "\n\t" + name);
		assert.ok((await api.get(`/properties/p1/customers?q=${encodeURIComponent(name.slice(0, 8))}`)).items.some((c) => c.name === name), name);
	}
});

test("texts that are none are refused by field and limit", async () => {
	for (const bad of ["\u0000", "a\u0001", "a\nb", "\u007f", "\u0085", "\u009b31m"])
		refused(await try_make(api, `${P1}/customers`, { name: bad }), 400, "name");
	for (const [json, field, limit] of [
		[{ name: "😀".repeat(61) }, "name", "60"], [{ name: "😀".repeat(10000) }, "name", "60"], [{ name: "" }, "name", "1"],
		[{ name: "x", code: "😀".repeat(33) }, "code", "32"], [{ name: "x", note: "😀".repeat(2001) }, "note", "2000"],
		[{ name: "x", phones: [{ number: "1".repeat(40), main: true }] }, "phones[0].number", "32"], [{ name: "x", identity: "<b>" }, "identity", ""],
	]) {
		const answer = await try_make(api, `${P1}/customers`, json);
		refused(answer, 400, field);
		assert.match(answer.body.detail, new RegExp(limit), JSON.stringify(answer.body));
	}
	// GBK bytes are no JSON text.
	const gbk = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xd6, 0xd0, 0xb9, 0xfa]), Buffer.from('"}')]);
	const answer = await fetch(`${api.base}${P1}/customers`, { method: "POST", body: gbk,
		headers: { Cookie: api.cookie, "X-Wattle-Request": "1", "Content-Type": "application/json", "Idempotency-Key": "gbk-gbk-gbk" } });
	assert.equal(answer.status, 400);
	assert.equal((await answer.json()).field, "name");
	assert.equal((await api.call("GET", `${P1}/customers?q=%D6%D0`)).status, 400);
});

test("numbers are masked, and revealed for an audit line", async () => {
	const made = await customer("王五", { identity: "11010519491231002X", phones: [{ number: "138 1234 1234", label: "本人", main: true }, { number: "0571-88886666" }] });
	assert.deepEqual(made.phones.map((p) => p.number), ["138****1234", "0571****6666"]);
	assert.equal(made.identity, "110*************2X");
	const path = `${P1}/customers/${made.id}`;
	refused(await api.call("POST", `${path}/reveal`, { json: {} }), 400, "reason");
	const whole = await api.expect(200, "POST", `${path}/reveal`, { json: { reason: "Rückruf" } });
	assert.deepEqual(whole.phones.map((p) => p.number), ["13812341234", "057188886666"]);
	assert.equal(whole.identity, "11010519491231002X");
	const lines = (await api.get("/audit?property=p1")).items.filter((l) => l.action === "customer.reveal" && l.object === `customer ${made.id}`);
	assert.equal(lines.length, 1);
	assert.equal(lines[0].reason, "Rückruf");
	// Who edits with masked numbers in hand keeps them by id.
	const edited = await changed(api, "PATCH", path, { phones: [{ id: made.phones[0].id, label: "neu", main: true }] });
	assert.deepEqual(edited.phones.map((p) => [p.number, p.label]), [["138****1234", "neu"]]);
	assert.equal((await api.expect(200, "POST", `${path}/reveal`, { json: { reason: "x" } })).phones[0].number, "13812341234");
	for (const [json, field] of [
		[{ phones: [{ number: "138****1234", main: true }] }, "phones"], [{ phones: [{ number: "12345" }] }, "phones"],
		[{ phones: [{ id: "77", main: true }] }, "phones"],
	]) refused(await change(api, "PATCH", path, json), 400, field);
	const reader = await somebody(world, ["customer.read"]);
	assert.equal((await reader.call("POST", `${path}/reveal`, { json: { reason: "x" } })).status, 403);
	assert.deepEqual((await reader.expect(200, "GET", `${P1}/customers?q=1234`)).items.map((c) => c.id), [made.id]);
	assert.deepEqual((await reader.expect(200, "GET", `${P1}/customers?q=41234`)).items, []);
});

test("a room is leased once at a time", async () => {
	const anna = await customer("Anna"), berta = await customer("Berta");
	const first = await lease(anna.id, e.r301.id, 0, 10);
	assert.equal(first.status, 201);
	assert.equal(first.body.state, "running");
	assert.deepEqual([first.body.spaces, first.body.more_spaces], [[{ id: e.r301.id, path: "A/3/301" }], 0]);
	refused(await lease(berta.id, e.r301.id, 10, 20), 409, "spaces");
	refused(await lease(berta.id, e.a3.id, 5, null), 409, "spaces");
	refused(await lease(berta.id, e.a.id, 5, null), 409, "spaces");
	assert.equal((await lease(berta.id, e.r301.id, 11, null)).status, 201);
	refused(await lease(berta.id, "999999", 0, null), 400, "spaces");
	refused(await lease("999999", e.r302.id, 0, null), 400, "customer");
	refused(await lease(anna.id, e.r302.id, 5, 4), 400, "end");
	refused(await change(api, "PATCH", `${P1}/leases/${first.body.id}`, { start: day(1) }), 409, "start");
	const over = await changed(api, "PUT", `${P1}/leases/${first.body.id}/end`, { reason: "Umzug" }, { read: `${P1}/leases/${first.body.id}` });
	assert.equal(over.state, "ended");
	assert.equal(over.end, day(0));
	assert.deepEqual((await api.get("/properties/p1/leases?state=planned")).items.map((l) => l.customer.name), ["Berta"]);
	assert.deepEqual((await api.get(`/properties/p1/leases?space=${e.a.id}&sort=-start`)).items.map((l) => l.customer.name), ["Berta", "Anna"]);
});

test("a floor's staff sees its floor", async () => {
	const carla = await customer("Carla", { phones: [{ number: "13900004321", main: true }] }), dora = await customer("Dora");
	await lease(carla.id, e.r302.id, 0, null);
	const of_dora = (await lease(dora.id, e.r101.id, 0, null)).body;
	const staff = await somebody(world, ["property.read", "space.write", "customer.read", "customer.write"], { property: "p1", space: e.a3.id });
	const paths = (await staff.expect(200, "GET", `${P1}/spaces?sort=code`)).items.map((s) => s.path);
	assert.deepEqual(paths, ["A/3", "A/3/301", "A/3/302"]);
	const names = (await staff.expect(200, "GET", `${P1}/customers`)).items.map((c) => c.name);
	assert.ok(names.includes("Carla") && !names.includes("Dora"));
	assert.equal((await staff.expect(200, "GET", `${P1}/leases?state=running`)).items.length, 1);
	assert.equal((await staff.call("GET", `${P1}/customers/${carla.id}`)).status, 200);
	// Dora is to them as somebody who does not exist.
	const missing = essence(await staff.call("GET", `${P1}/customers/999999`));
	assert.equal(essence(await staff.call("GET", `${P1}/customers/${dora.id}`)), missing);
	const edit = (id) => staff.call("PATCH", `${P1}/customers/${id}`, { json: { name: "x" }, headers: { "If-Match": '"v1"' } });
	assert.equal(essence(await edit(dora.id)), essence(await edit("999999")));
	const end = (id) => staff.call("PUT", `${P1}/leases/${id}/end`, { json: { reason: "x" }, headers: { "If-Match": '"v1"' } });
	assert.equal(essence(await end(of_dora.id)), essence(await end("999999")));
	const take = (customer_id, space_id) => try_make(staff, `${P1}/leases`, { customer: customer_id, spaces: [space_id], start: day(50) });
	assert.equal(essence(await take(dora.id, e.r302.id)), essence(await take("999999", e.r302.id)));
	assert.equal(essence(await take(carla.id, e.r101.id)), essence(await take(carla.id, "999999")));
	for (const list of ["customers", "leases"])
		assert.equal(essence(await staff.call("GET", `${P1}/${list}?space=${e.b.id}`)), essence(await staff.call("GET", `${P1}/${list}?space=999999`)));
	const move = (parent) => change(staff, "PATCH", `${P1}/spaces/${e.r302.id}`, { parent }, { version: '"v1"' });
	assert.equal(essence(await move(e.b1.id)), essence(await move("999999")));
	assert.equal((await try_make(staff, `${P1}/spaces`, { kind: "room", parent: e.a3.id, code: "399" })).status, 201);
	assert.equal((await try_make(staff, `${P1}/spaces`, { kind: "building", code: "C" })).status, 403);
	// What was not theirs left a line.
	const lines = (await api.get("/audit?property=p1&limit=200")).items.filter((l) => l.object === `customer ${dora.id}` && /not visible/.test(l.detail));
	assert.ok(lines.length >= 2, JSON.stringify(lines));
});

test("of a lease over two buildings its own rooms are shown to the staff of one, and how many more there are", async () => {
	const emil = await customer("Emil");
	const r402 = await space(api, "room", e.a4.id, "402"), r102 = await space(api, "room", e.b1.id, "102");
	const both = await make(api, `${P1}/leases`, { customer: emil.id, spaces: [r402.id, r102.id], start: day(0), end: day(3) });
	assert.deepEqual([both.spaces.map((s) => s.path).sort(), both.more_spaces], [["A/4/402", "B/1/102"], 0]);
	const staff = await somebody(world, ["property.read", "customer.read", "customer.write"], { property: "p1", space: e.a.id });
	const seen = [await staff.expect(200, "GET", `${P1}/leases/${both.id}`)];
	seen.push((await staff.expect(200, "GET", `${P1}/leases?q=Emil`)).items[0], (await staff.expect(200, "GET", `${P1}/reminders?ends_to=${day(3)}`)).items[0]);
	for (const lease of seen) assert.deepEqual([lease.spaces, lease.more_spaces], [[{ id: r402.id, path: "A/4/402" }], 1]);
	// Nor does a filter tell that he is in the other building, too.
	const found = async (query) => (await staff.expect(200, "GET", `${P1}/${query}`)).items.length;
	assert.deepEqual([await found(`leases?space=${e.b.id}`), await found(`customers?space=${e.b.id}`), await found(`leases?space=${e.a4.id}`), await found(`customers?space=${e.a4.id}`)], [0, 0, 1, 1]);
	assert.equal((await change(staff, "PUT", `${P1}/leases/${both.id}/end`, { reason: "x" }, { read: `${P1}/leases/${both.id}` })).status, 403);
});

test("another property's objects are as missing ones", async () => {
	const group = (await api.get("/properties/p1")).group;
	await make(api, `/api/v1/groups/${group}/properties`, { slug: "p2", name: "Zwei" });
	const there = await make(api, "/api/v1/properties/p2/spaces", { kind: "building", code: "Z" });
	const who = await make(api, "/api/v1/properties/p2/customers", { name: "Fremde" });
	const calendar = await make(api, "/api/v1/properties/p2/calendars", { name: "ihrer" });
	const of = (await make(api, "/api/v1/properties/p2/leases", { customer: who.id, spaces: [there.id], start: day(0) })).id;
	const here = await somebody(world, ["property.read", "property.write", "space.write", "customer.read", "customer.write", "plan.write", "customer.reveal", "person.export", "person.erase"]);
	const match = { headers: { "If-Match": '"v1"' } };
	for (const caller of [api, here]) {
		const same = async (call, foreign, missing = "999999") => assert.equal(essence(await call(caller, foreign)), essence(await call(caller, missing)), String(call));
		// in paths
		for (const part of ["spaces", "customers", "leases", "calendars"]) {
			const id = { spaces: there.id, customers: who.id, leases: of, calendars: calendar.id }[part];
			await same((c, x) => c.call("GET", `${P1}/${part}/${x}`), id);
			await same((c, x) => c.call("PATCH", `${P1}/${part}/${x}`, { json: {}, ...match }), id);
		}
		await same((c, x) => c.call("DELETE", `${P1}/spaces/${x}`, match), there.id);
		await same((c, x) => c.call("DELETE", `${P1}/calendars/${x}`, match), calendar.id);
		await same((c, x) => c.call("PUT", `${P1}/leases/${x}/end`, { json: { reason: "x" }, ...match }), of);
		await same((c, x) => c.call("POST", `${P1}/customers/${x}/reveal`, { json: { reason: "x" } }), who.id);
		await same((c, x) => c.call("POST", `${P1}/customers/${x}/export`, { json: { reason: "x" } }), who.id);
		await same((c, x) => c.call("PUT", `${P1}/customers/${x}/erasure`, { json: { reason: "x" }, ...match }), who.id);
		// in bodies
		await same((c, x) => try_make(c, `${P1}/spaces`, { kind: "floor", parent: x, code: "foreign" }), there.id);
		await same((c, x) => try_make(c, `${P1}/leases`, { customer: x, spaces: [e.r401.id], start: day(0) }), who.id);
		await same((c, x) => change(c, "PATCH", P1, { calendar: x }), calendar.id);
		// in filters
		for (const query of [`spaces?below=`, `spaces?parent=`, `customers?space=`, `leases?space=`])
			await same((c, x) => c.call("GET", `${P1}/${query}${x}`), there.id);
		await same((c, x) => c.call("GET", `${P1}/leases?customer=${x}`), who.id);
	}
	// A property that he does not see, at every depth.
	for (const [method, rest, options] of [
		["GET", ""], ["PATCH", "", { json: {}, ...match }], ["GET", "/spaces"], ["GET", `/spaces/${there.id}`], ["GET", "/customers"], ["GET", `/customers/${who.id}`],
		["POST", "/spaces", { json: { kind: "building", code: "Q" }, headers: { "Idempotency-Key": "abcdefgh1" } }], ["GET", "/leases"], ["GET", "/reminders"],
		["GET", "/calendars"], ["GET", "/calendar"], ["GET", "/alarm-plans"], ["GET", "/alarm-plans/default"], ["GET", "/templates"], ["GET", "/retention"],
		["POST", `/customers/${who.id}/reveal`, { json: { reason: "x" } }], ["PUT", `/customers/${who.id}/erasure`, { json: { reason: "x" }, ...match }],
	]) {
		const foreign = await here.call(method, `/api/v1/properties/p2${rest}`, options);
		assert.equal(foreign.status, 404, method + rest);
		assert.equal(essence(foreign), essence(await here.call(method, `/api/v1/properties/nowhere${rest}`, options)), method + rest);
	}
});

// A meter as the adoption of a terminal leaves it, written beside the running platform.
async function put_meter(number) {
	const now = Math.floor(Date.now() / 1000) - 7200;
	await world.sql(
		`INSERT INTO meter(property_id, meter, name, meter_use, chip, gateway_id, period_s, created_s) VALUES(1,${number},'','prepaid','${number}aaaaaaaaaaaa',1,0,${now});
		INSERT INTO meter_place(property_id, meter, from_s, space_id, meter_use, by_name) VALUES(1,${number},${now},0,'prepaid','platform')`);
	return until("meter in the directory", async () => (await api.call("GET", `/api/v1/meters/${number}/settings`)).status === 200);
}

test("a meter's place has a history", async () => {
	const where = "/api/v1/meters/330100000077/settings", since = new Date(Date.now() - 3600e3).toISOString().slice(0, 19) + "Z";
	await put_meter(330100000077);
	const moved = await changed(api, "PATCH", where, { space: e.r101.id, since, name: "Zähler 101", period_s: 900 });
	assert.deepEqual([moved.path, moved.name, moved.period_s, moved.use], ["B/1/101", "Zähler 101", 900, "prepaid"]);
	refused(await change(api, "PATCH", where, { space: null, since: "2020-01-01T00:00:00Z" }), 400, "since");
	refused(await change(api, "PATCH", where, { space: "999999" }), 400, "space");
	refused(await change(api, "PATCH", where, { period_s: 7 }), 400, "period_s");
	refused(await change(api, "PATCH", where, { use: "stolen" }), 400, "use");
	await changed(api, "PATCH", where, { use: "common" });
	const meters = async (query) => (await api.get(`/meters?${query}`)).items.map((m) => `${m.meter} ${m.space}`);
	for (const query of [`space=${e.b.id}`, `space=${e.r101.id}&property=p1`, "q=0077", "q=hler", "sort=-name"])
		assert.deepEqual(await meters(query), [`330100000077 ${e.r101.id}`], query);
	for (const query of [`space=${e.a.id}`, "space=999999", "property=nowhere", "q=nobody"]) assert.deepEqual(await meters(query), [], query);
	const places = (await api.get("/meters/330100000077/places")).items;
	assert.deepEqual(places.map((p) => [p.path, p.use, p.by]), [["B/1/101", "common", "admin"], ["B/1/101", "prepaid", "admin"], [null, "prepaid", "platform"]]);
	assert.equal(places[1].from, since);
	assert.equal((await change(api, "DELETE", `${P1}/spaces/${e.r101.id}`)).status, 409);
	// On another floor it is a meter that does not exist; in its room it may be edited, but not taken out of it.
	const there = await somebody(world, ["property.read", "meter.write"], { property: "p1", space: e.a3.id });
	for (const part of ["settings", "places"])
		assert.equal(essence(await there.call("GET", `/api/v1/meters/330100000077/${part}`)), essence(await there.call("GET", `/api/v1/meters/330100000099/${part}`)));
	const here = await somebody(world, ["property.read", "meter.write"], { property: "p1", space: e.b.id });
	assert.equal((await change(here, "PATCH", where, { name: "x" })).status, 200);
	refused(await change(here, "PATCH", where, { space: null }), 403, "space");
	assert.equal(essence(await change(here, "PATCH", where, { space: e.r301.id })), essence(await change(here, "PATCH", where, { space: "999999" })));
});

test("calendars say when a cut may be made", async () => {
	const friendly = [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "18:00", to: "09:00" }, { days: ["sat", "sun", "holiday"], from: "00:00", to: "24:00" }];
	const days = [{ date: "2026-10-10", kind: "workday", name: "调休" }, { date: "2026-10-01", kind: "holiday", name: "国庆", cut_free: true }];
	const made = await make(api, `${P1}/calendars`, { name: "Kalender", friendly, days });
	assert.deepEqual(made.friendly, friendly);
	assert.deepEqual(made.days.map((d) => d.date), ["2026-10-01", "2026-10-10"]);
	await changed(api, "PATCH", P1, { calendar: made.id });
	const at = (t) => api.get(`/properties/p1/calendar?at=${t}`);
	const night = await at("2026-11-24T12:00:00Z"); // Tuesday 20:00
	assert.deepEqual([night.friendly, night.cut_from, night.source], [true, "2026-11-25T01:00:00Z", "property"]);
	assert.equal((await at("2026-11-24T04:00:00Z")).friendly, false);
	assert.deepEqual([(await at("2026-10-01T04:00:00Z")).cut_free, (await at("2026-10-10T04:00:00Z")).friendly], [true, false]);
	const path = `${P1}/calendars/${made.id}`;
	assert.equal((await change(api, "DELETE", path)).status, 409);
	refused(await change(api, "PATCH", path, { days: [days[0], days[0]] }), 400, "days");
	refused(await change(api, "PATCH", path, { friendly: [{ days: ["mon"], from: "09:00", to: "09:00" }] }), 400, "friendly");
	refused(await change(api, "PATCH", path, { friendly: [{ days: ["mon"], from: "24:00", to: "09:00" }] }), 400, "friendly[0].from");
	const renamed = await changed(api, "PATCH", path, { name: "neu" });
	assert.deepEqual([renamed.friendly.length, renamed.days.length], [2, 2]);
	await changed(api, "PATCH", P1, { calendar: null });
	assert.equal((await change(api, "DELETE", path)).status, 204);
	assert.equal((await at("2026-11-24T12:00:00Z")).calendar, null);
});

test("plans and templates are inherited", async () => {
	const group = (await api.get("/properties/p1")).group;
	const plan = `${P1}/alarm-plans/default`, of_group = `/api/v1/groups/${group}/alarm-plans/default`;
	assert.deepEqual((await api.get("/properties/p1/alarm-plans/default")).alarm1_fen, { value: 5000, source: "builtin" });
	await changed(api, "PATCH", of_group, { alarm1_fen: 8000, alarm2_trips: true });
	const own = await changed(api, "PATCH", plan, { alarm2_fen: 3000 });
	assert.deepEqual([own.alarm1_fen, own.alarm2_fen, own.hoarding_fen, own.alarm2_trips].map((v) => `${v.value} ${v.source}`),
		["8000 group", "3000 property", "0 builtin", "true group"]);
	refused(await change(api, "PATCH", of_group, { alarm1_fen: 2999 }), 400, "alarm2_fen");
	assert.equal((await changed(api, "PATCH", plan, { alarm2_fen: null })).alarm2_fen.source, "builtin");
	assert.equal((await change(api, "DELETE", plan)).status, 204);
	assert.equal((await api.call("GET", `${P1}/alarm-plans/shops`)).status, 404);
	await changed(api, "PATCH", `${P1}/alarm-plans/shops`, { name: "Läden" }, { version: '"v0"' });
	assert.deepEqual((await api.get("/properties/p1/alarm-plans")).items.map((p) => p.code), ["default", "shops"]);

	const template = `${P1}/templates/cut/zh-CN/sms`;
	assert.equal((await api.get("/properties/p1/templates/cut/zh-CN/sms")).source, "builtin");
	const text = "{place} 已停电 {{=1+1}} <b>";
	const made = await changed(api, "PATCH", template, { body: text });
	assert.deepEqual([made.body, made.source, made.preview, made.sms_parts], [text, "property", "A 座 3 层 301 已停电 {=1+1} <b>", 1]);
	refused(await change(api, "PATCH", template, { body: "{order}" }), 400, "body");
	refused(await api.call("POST", `${template}/preview`, { json: { body: "{" } }), 400, "body");
	assert.equal((await api.expect(200, "POST", `${template}/preview`, { json: { body: "{balance}" } })).preview, "86.40");
	assert.equal((await api.call("GET", `${P1}/templates/cut/zh-CN/pigeon`)).status, 404);
	assert.equal((await api.get("/properties/p1/templates?limit=500")).items.length, 19 * 2 * 3);
});

test("every change has its line with before and after", async () => {
	const made = await customer("张三", { note: "x" });
	await changed(api, "PATCH", `${P1}/customers/${made.id}`, { name: "张四", lang: "en" });
	const line = (await api.get("/audit?property=p1")).items.find((l) => l.action === "customer.edit" && l.object === `customer ${made.id}`);
	assert.deepEqual([line.before, line.after], [{ name: "张**", lang: "zh-CN" }, { name: "张**", lang: "en" }]);
});
