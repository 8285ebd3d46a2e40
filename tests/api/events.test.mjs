// What live pages hear: of a property, of the meters in sight, of one's own rooms; what they missed; and nothing
// more from the moment a right goes.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { FakeGateway, reading } from "../lib/fake-gateway.mjs";
import { changed, essence, estate, make } from "../lib/estate.mjs";
import { AT_ONCE, sleep, until } from "../lib/process.mjs";
import { make_person } from "../lib/staff.mjs";
import { message, readings, zigzag } from "../lib/wire.mjs";
import { World, meter_number } from "../lib/world.mjs";

const [A, B, C] = [1, 2, 3].map(meter_number); // in 301, in 302, nowhere
let world, gateway, site;

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0 });
	gateway = await FakeGateway.open(world);
	site = await estate(world.api);
	const chips = [1, 2, 3].map((k) => "d" + String(k).padStart(23, "0"));
	await world.api.expect(200, "POST", "/api/v1/devices/import", { text: chips.map((chip, k) => `${chip},${String(k + 1).padStart(64, "0")}\n`).join(""), type: "text/csv" });
	for (const [k, meter] of [A, B, C].entries()) {
		await gateway.found(chips[k]);
		assert.equal((await world.api.adopt(chips[k], meter, meter)).status, 201);
	}
	await changed(world.api, "PATCH", `/api/v1/meters/${A}/settings`, { space: site.r301.id });
	await changed(world.api, "PATCH", `/api/v1/meters/${B}/settings`, { space: site.r302.id });
	const group = await make(world.api, "/api/v1/groups", { name: "other" });
	await make(world.api, `/api/v1/groups/${group.id}/properties`, { slug: "p2", name: "p2" });
});

after(async () => {
	gateway?.client.end(true);
	await world?.stop();
});

// Live values of all three, as the gateway sends them.
function live(voltage_dv) {
	const now_s = Math.floor(Date.now() / 1000), rows = [A, B, C].map((meter) => reading(Number(meter), now_s, { voltage_dv }));
	return gateway.publish("now", message([1, zigzag(Date.now())], [2, readings(rows)]), { qos: 0 });
}

const heard = (stream, kind) => stream.list.filter((e) => e.event === kind);
const live_meters = (stream, voltage_dv) => heard(stream, "live").flatMap((e) => e.data.items).filter((i) => i.voltage_dv === voltage_dv).map((i) => i.meter);
const commands = (stream) => heard(stream, "command").map((e) => e.data.meter);
const hears_live = (stream, voltage_dv) => until(`live ${voltage_dv}`, () => live_meters(stream, voltage_dv).length > 0, { every_ms: 10 });
const manager = (name, ...grants) => make_person(world, name, ...grants.map((g) => ({ role: "property-manager", property: "p1", ...g })));

// A stream that begins behind an event, as a page that was away asks for it: its text, until `enough` is in it.
async function resume(client, last, query, enough) {
	const abort = AbortSignal.timeout(3000);
	const answer = await fetch(`${client.base}/api/v1/events${query}`, { headers: { Cookie: client.cookie, "Last-Event-ID": last }, signal: abort });
	let text = "";
	try {
		for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) if ((text += chunk).includes(enough)) break;
	} catch {}
	return text;
}

test("a page of a property hears it, and one of another property nothing of it", async () => {
	const one = await world.api.events("?property=p1"), two = await world.api.events("?property=p2");
	await world.api.command(A, "close");
	await live(2311);
	await hears_live(one, 2311);
	await one.wait("command", (e) => e.event === "command" && e.data.meter === A);
	await sleep(200);
	assert.deepEqual(live_meters(one, 2311), [A, B, C]);
	assert.deepEqual(two.list, []);
	for (const stream of [one, two]) stream.stop();
});

test("rows that scroll: the next stream is open before the last one ends, and no event falls between", async () => {
	let stream = await world.api.events(`?meters=${A}`);
	const all = [stream], ids = [];
	for (const meters of [`${A},${B}`, B, `${B},${C}`, ""]) {
		ids.push((await world.api.command(C, "close")).id);
		const next = await world.api.events(`?meters=${meters}`);
		ids.push((await world.api.command(C, "close")).id);
		await next.wait("command", (e) => e.event === "command" && e.data.id === ids.at(-1));
		await stream.wait("command", (e) => e.event === "command" && e.data.id === ids.at(-1));
		stream.stop();
		all.push((stream = next));
	}
	const seen = new Set(all.flatMap((s) => heard(s, "command").map((e) => e.data.id)));
	assert.deepEqual(ids.filter((id) => !seen.has(id)), []);
	const few = await world.api.events(`?meters=${B}`);
	await live(2312);
	await hears_live(few, 2312);
	assert.deepEqual(live_meters(few, 2312), [B]);
	assert.deepEqual(live_meters(stream, 2312), []);
	for (const s of [stream, few]) s.stop();
	const many = Array.from({ length: 201 }, (_, k) => meter_number(k + 1)).join(",");
	assert.equal((await world.api.call("GET", `/api/v1/events?meters=${many}`)).body.field, "meters");
});

test("a person of some rooms hears of these only, however he asks", async () => {
	const { api } = await manager("floor", { space: site.r301.id });
	const streams = [await api.events(), await api.events("?property=p1"), await api.events(`?meters=${A},${B},${C}`)];
	for (const meter of [C, B, A]) await world.api.command(meter, "close");
	await live(2313);
	for (const stream of streams) {
		await hears_live(stream, 2313);
		await stream.wait("command", (e) => e.event === "command" && e.data.meter === A);
	}
	await sleep(200);
	for (const stream of streams) {
		assert.deepEqual(live_meters(stream, 2313), [A]);
		assert.deepEqual([...new Set(commands(stream))], [A]);
		assert.deepEqual([...new Set(stream.list.map((e) => e.event))].sort(), ["command", "live"]); // no device, no gateway
		stream.stop();
	}
});

test("a property of others is answered like one that is not", async () => {
	const { api } = await manager("stranger", {});
	const foreign = await api.call("GET", "/api/v1/events?property=p2"), missing = await api.call("GET", "/api/v1/events?property=none");
	assert.deepEqual([foreign.status, essence(foreign)], [404, essence(missing)]);
	const deaf = await api.events(`?meters=330100000099,${A}`); // a number that is not says nothing about itself
	await live(2314);
	await hears_live(deaf, 2314);
	assert.deepEqual(live_meters(deaf, 2314), [A]);
	deaf.stop();
});

test("who comes back hears what he missed and may hear, or that it is not kept", async () => {
	const whole = await manager("whole", {}), room = await manager("room", { space: site.r302.id });
	const stream = await whole.api.events("?meters=");
	const first = await world.api.command(A, "close");
	const { id: last } = await stream.wait("command", (e) => e.event === "command" && e.data.id === first.id);
	stream.stop();
	const a = await world.api.command(A, "trip"), b = await world.api.command(B, "trip");
	const seen = await resume(whole.api, last, "?meters=", `"id":"${b.id}"`);
	assert.ok(seen.indexOf(`"id":"${a.id}"`) > 0 && seen.indexOf(`"id":"${a.id}"`) < seen.indexOf(`"id":"${b.id}"`), seen);
	const own = await resume(room.api, last, "", `"id":"${b.id}"`);
	assert.ok(own.includes(`"id":"${b.id}"`) && !own.includes(A), own);
	for (const strange of ["0-1", "x", "ffffffffffff-3"]) assert.match(await resume(room.api, strange, "", "event: reset"), /event: reset\nid: \S+\ndata: \{\}\n\n/);
	await world.platform.stop();
	await world.start_platform();
	await until("again", async () => (await world.api.call("GET", "/api/v1/session")).status === 200);
	await whole.api.login("whole", "violet-hammer-42-lake");
	assert.match(await resume(whole.api, last, "", "event: reset"), /event: reset/);
});

test("a right that goes ends a stream or narrows it at once", async () => {
	const clerk = await manager("clerk", {}, { space: site.r301.id });
	const stream = await clerk.api.events();
	await live(2315);
	await hears_live(stream, 2315);
	assert.deepEqual(live_meters(stream, 2315), [A, B, C]);
	const take = (k) => world.api.expect(204, "DELETE", `/api/v1/users/${clerk.user.id}/grants/${clerk.grants[k].id}?reason=left`, { headers: { "If-Match": '"v1"' } });
	await take(0);
	await sleep(50);
	await live(2316);
	await world.api.command(B, "close");
	await hears_live(stream, 2316);
	await world.api.command(A, "close");
	await stream.wait("command", (e) => e.event === "command" && e.data.meter === A);
	assert.deepEqual(live_meters(stream, 2316), [A]);
	assert.ok(!commands(stream).includes(B));
	let ended = false;
	stream.done.then(() => (ended = true));
	await take(1);
	await until("it ends", () => ended, { ...AT_ONCE, every_ms: 10 });
	assert.equal((await clerk.api.call("GET", "/api/v1/events")).status, 403);
});

test("a meter that moves is heard where it hangs", async () => {
	const [one, two] = [await manager("one", { space: site.r301.id }), await manager("two", { space: site.r302.id })];
	const [in_301, in_302] = [await one.api.events(), await two.api.events()];
	await changed(world.api, "PATCH", `/api/v1/meters/${C}/settings`, { space: site.r302.id });
	await until("moved", async () => {
		await live(2317);
		return live_meters(in_302, 2317).includes(C);
	}, { every_ms: 100 });
	assert.ok(!live_meters(in_301, 2317).includes(C));
	for (const stream of [in_301, in_302]) stream.stop();
});
