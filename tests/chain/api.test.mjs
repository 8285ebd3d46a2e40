// The HTTP interface of a real wattled, with the gateway played by an independent MQTT client.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { after, before, test } from "node:test";
import { Api } from "../lib/api.mjs";
import { make } from "../lib/estate.mjs";
import { connect, end, hears, publish, subscribe } from "../lib/mqtt.mjs";
import { AT_ONCE_MS, sleep, until } from "../lib/process.mjs";
import { answer_mismatches, openapi } from "../lib/schema.mjs";
import { decode, message, readings, uplink, zigzag } from "../lib/wire.mjs";
import { World } from "../lib/world.mjs";

const chip = (k) => String(k).padStart(24, "a");
const secret = (k) => String(k).padStart(64, "0");
const METER = "330100000001", OTHER = "330100000002";
const boot = 0x1234567890abcdefn;
const now_s = () => Math.floor(Date.now() / 1000);
const topic = (name) => `wattle/1/p1/gw-1/${name}`;
const state = (online) => JSON.stringify({ online, boot: boot.toString(16), since: now_s(), version: "0.1.0", config: 0,
	spool: { queued: 0, oldest_s: 0, bytes: 0, damaged: 0, refused: 0 }, bus: { kind: "unix", up: true, load_permille: 1, errors: 0, terminals: 2 },
	clock: { offset_ms: 0, confirmed: true, steps: 0 }, last_stop: "clean", dropped: 0 });
const row = (meter, time_s, more = {}) => ({ meter, time_s, voltage_dv: 2301, current_ma: 4321, power_dw: 9876, pf_permille: 993,
	frequency_chz: 5001, energy_wh: 123456, state: 0b1000011, quality: 0, ...more });

let world, api, gateway, seq = 0n;

async function send_up(parts) {
	seq += 1n;
	await publish(gateway, topic("up"), uplink({ boot, seq, ...parts }));
}

// Event as the gateway sends it: kind 64 is "device found".
const found = (k) => [4, message([1, zigzag(now_s())], [3, 64], [4, k], [5, 1], [6, zigzag(k)], [7, Buffer.from(chip(k), "hex")])];

// A call whose answer must be one that openapi.json describes.
async function call(method, template, values = {}, options = {}, client = api) {
	let url = template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
	if (values.query) url += `?${values.query}`;
	const answer = await client.call(method, url, options);
	assert.deepEqual(answer_mismatches(method, template, answer.status, answer.headers.get("content-type"), answer.body), [], url);
	return answer;
}

const keyed = (key, json) => ({ json, headers: { "Idempotency-Key": key } });
const command = (json, key = randomUUID(), meter = METER) => call("POST", "/api/v1/meters/{meter}/commands", { meter }, keyed(key, json));

before(async () => {
	world = await World.start({ parts: ["platform"] });
	api = world.api;
	gateway = await connect(world.mqtt_port, world.identity("gw-1"), { id: "gw-1" });
	await subscribe(gateway, topic("down"));
	await subscribe(gateway, topic("ack"));
	await publish(gateway, topic("state"), state(true), { retain: true });
});

after(async () => {
	if (gateway) await end(gateway);
	await world?.stop();
});

test("without a session every operation but the open ones answers 401", async () => {
	const stranger = new Api(world.http_port);
	let closed = 0;
	for (const [template, methods] of Object.entries(openapi.paths))
		for (const [method, operation] of Object.entries(methods)) {
			if (operation.security?.length === 0) continue;
			const values = { meter: METER, command: "1", chip: chip(1) };
			const [type] = Object.keys(operation.requestBody?.content ?? {});
			const options = { headers: { "Idempotency-Key": randomUUID(), "X-Forwarded-For": "192.0.2.7" } };
			if (type) Object.assign(options, type === "application/json" ? { json: {} } : { text: "", type });
			const answer = await call(method.toUpperCase(), template, values, options, stranger);
			assert.equal(answer.status, 401, `${method} ${template}`);
			closed++;
		}
	assert.ok(closed >= 15, `${closed} operations were tried`);
});

test("a cookie that nobody gave out is no session", async () => {
	const stranger = new Api(world.http_port);
	for (const token of ["", "x", "A".repeat(43), "A".repeat(43) + "; x=y", "é"]) {
		stranger.cookie = `wattle_session=${encodeURI(token)}`;
		assert.equal((await stranger.call("GET", "/api/v1/session")).status, 401, token);
	}
});

test("what changes something needs the header that foreign pages cannot send", async () => {
	const answer = await fetch(`${api.base}/api/v1/session`, { method: "DELETE", headers: { Cookie: api.cookie } });
	assert.equal(answer.status, 403);
	assert.equal((await answer.json()).field, "X-Wattle-Request");
	assert.equal((await api.call("GET", "/api/v1/session")).status, 200);
});

test("paths, methods and types that are not there", async () => {
	assert.equal((await api.call("GET", "/api/v1/nothing")).status, 404);
	assert.equal((await api.call("GET", "/api/v1/meters/..%2f..%2fetc")).status, 404);
	const answer = await api.call("DELETE", "/api/v1/meters");
	assert.equal(answer.status, 405);
	assert.equal(answer.headers.get("allow"), "GET");
	assert.equal((await call("POST", "/api/v1/session", {}, { text: "{}", type: "text/plain" })).status, 415);
	assert.equal((await call("GET", "/api/v1/meters", { query: "limit=0" })).body.field, "limit");
	assert.equal((await call("GET", "/api/v1/meters", { query: "sort=colour" })).body.field, "sort");
	assert.equal((await api.call("GET", "/api/v1/openapi.json")).body.openapi, "3.1.0");
});

test("a bad body is answered 400 and names the field", async () => {
	const bodies = [
		["", "body"], ["[]", "body"], ["{}", "name"], ['{"name":"admin"}', "password"], ['{"name":["admin"],"password":"x"}', "name"],
		['{"name":"admin","password":1e309}', "password"], ['{"name":"admin","password":NaN}', "password"],
		['{"name":"admin","name":"admin","password":"x"}', "name"], [`{"name":"admin","password":${"9".repeat(60000)}}`, "password"],
		['{"name":"admin","password":"x","role":"administrator"}', "role"], ['{"name":"a\\u0000b","password":"x"}', "name"],
	];
	for (const [text, field] of bodies) {
		const answer = await call("POST", "/api/v1/session", {}, { text, type: "application/json" });
		assert.equal(answer.status, 400, text.slice(0, 60));
		assert.equal(answer.body.field, field, text.slice(0, 60));
		assert.ok(answer.body.title_zh);
	}
	const broken = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff]), Buffer.from('","password":"x"}')]);
	assert.equal((await call("POST", "/api/v1/session", {}, { text: broken, type: "application/json" })).body.field, "name");
	assert.equal((await call("POST", "/api/v1/session", {}, { text: `{"name":${"9".repeat(1e6)}}`, type: "application/json" })).status, 413);
});

test("wrong passwords are refused, and after five it is time to wait", async () => {
	const try_once = () => call("POST", "/api/v1/session", {}, { json: { name: "nobody", password: "wrong" } });
	for (let i = 0; i < 5; i++) assert.equal((await try_once()).status, 401);
	const answer = await try_once();
	assert.equal(answer.status, 429);
	assert.ok(Number(answer.headers.get("retry-after")) > 200);
});

test("a gateway shows up with its state", async () => {
	const [shown] = await until("gw-1 online", async () => {
		const list = (await call("GET", "/api/v1/gateways")).body.items;
		return list.some((g) => g.online) && list;
	});
	assert.equal(shown.id, "gw-1");
	assert.equal(shown.property, "p1");
	assert.equal(shown.state.bus.kind, "unix");
});

test("devices: found, imported, adopted once", async () => {
	await send_up({ more: [found(1), found(2)] });
	const devices = await until("devices", async () => {
		const list = (await call("GET", "/api/v1/devices", { query: "assigned=false" })).body.items;
		return list.length === 2 && list;
	});
	assert.deepEqual(devices.map((d) => [d.chip, d.property, d.gateway, d.key_known]).sort(), [[chip(1), "p1", "gw-1", false], [chip(2), "p1", "gw-1", false]]);

	const adopt = (k, json, key = randomUUID()) => call("POST", "/api/v1/devices/{chip}/adopt", { chip: chip(k) }, keyed(key, json));
	assert.equal((await adopt(1, { meter: METER, name: "一号" })).status, 409); // its key is not known

	const bad = await call("POST", "/api/v1/devices/import", {}, { text: `chip,key\n${chip(1)},${secret(1)}\n${chip(2)},short\n`, type: "text/csv" });
	assert.equal(bad.status, 400);
	assert.match(bad.body.detail, /line 3/);
	const good = await call("POST", "/api/v1/devices/import", {}, { text: `chip,key\n${chip(1)},${secret(1)}\n`, type: "text/csv" });
	assert.deepEqual(good.body, { imported: 1, known: 0 });

	const key = randomUUID();
	const first = await adopt(1, { meter: METER, name: "一号" }, key);
	assert.equal(first.status, 201);
	assert.deepEqual((await adopt(1, { meter: METER, name: "一号" }, key)).body, first.body);
	assert.equal((await adopt(1, { meter: METER, name: "二号" }, key)).status, 422);
	assert.equal((await adopt(1, { meter: METER, name: "一号" })).status, 409);

	assert.equal((await adopt(2, { meter: "123", name: "x" })).body.field, "meter");
	assert.equal((await adopt(2, { meter: OTHER, name: "x", label: "WATTLE2:x" })).body.field, "label");
	assert.equal((await adopt(2, { meter: OTHER, name: "x", label: `WATTLE1:${chip(1)}:${secret(1)}` })).body.field, "label");
	assert.equal((await adopt(2, { meter: METER, name: "x", label: `WATTLE1:${chip(2)}:${secret(2)}` })).status, 409);
	const label = `WATTLE1:${chip(2)}:${secret(2)}`, { id: space } = await make(world.api, "/api/v1/properties/p1/spaces", { kind: "building", parent: null, code: "A" });
	assert.equal((await adopt(2, { meter: OTHER, name: "二号", label, space: "999" })).body.field, "space");
	assert.equal((await adopt(2, { meter: OTHER, name: "二号", label, space, model: "wattle-0" })).status, 201);
	const settings = (await call("GET", "/api/v1/meters/{meter}/settings", { meter: OTHER })).body;
	assert.deepEqual([settings.space, settings.path, settings.model], [space, "A", "wattle-0"]);
	assert.equal((await adopt(9, { meter: "330100000009", name: "x" })).status, 404);
	assert.equal((await call("GET", "/api/v1/devices", { query: "assigned=true" })).body.items.length, 2);
});

test("meters come in pages, with the values of their newest reading", async () => {
	const at = now_s() - 30;
	await send_up({ tables: [readings([row(Number(METER), at - 60, { power_dw: 100, energy_wh: 123455 }), row(Number(METER), at)])] });
	const meter = await until("reading", async () => {
		const body = (await call("GET", "/api/v1/meters/{meter}", { meter: METER })).body;
		return body.live && body;
	});
	assert.equal(meter.name, "一号");
	assert.equal(meter.live.voltage_dv, 2301);
	assert.equal(meter.live.energy_wh, 123456);
	assert.equal(Date.parse(meter.live.at), at * 1000);
	assert.equal(meter.state.contact, "closed");
	assert.deepEqual([meter.online, meter.room_state], [true, "open"]); // by its reading plan: nobody watches
	const page = (await call("GET", "/api/v1/meters", { query: "limit=1" })).body;
	assert.equal(page.items.length, 1);
	for (const cursor of [page.next.slice(1), page.next + "A", METER, "!"])
		assert.equal((await call("GET", "/api/v1/meters", { query: `limit=1&cursor=${cursor}` })).body.field, "cursor", cursor);
	assert.equal((await call("GET", "/api/v1/meters", { query: `sort=-number&cursor=${page.next}` })).body.field, "cursor");
	assert.equal((await call("GET", "/api/v1/devices", { query: `cursor=${page.next}` })).body.field, "cursor");
	assert.deepEqual((await call("GET", "/api/v1/meters", { query: "sort=-number" })).body.items.map((m) => m.meter), [OTHER, METER]);
	const rest = (await call("GET", "/api/v1/meters", { query: `limit=1&cursor=${page.next}` })).body;
	assert.deepEqual([rest.items[0].meter, rest.items[0].live, rest.next], [OTHER, null, null]);
	assert.equal((await call("GET", "/api/v1/meters/{meter}", { meter: "999999999999" })).status, 404);
});

test("stored readings with the gap between them", async () => {
	const from = now_s() - 3600;
	await send_up({ tables: [readings([0, 60, 120, 1200, 1260].map((d, i) => row(Number(OTHER), from + d, { energy_wh: 1000 + i })))] });
	const span = `from=${new Date((from - 1) * 1000).toISOString()}&to=${new Date((from + 1261) * 1000).toISOString()}`;
	const body = await until("readings", async () => {
		const found = (await call("GET", "/api/v1/meters/{meter}/readings", { meter: OTHER, query: span })).body;
		return found.items?.length === 5 && found;
	});
	assert.deepEqual(body.items.map((i) => i.energy_wh), [1000, 1001, 1002, 1003, 1004]);
	const inside = body.gaps.find((g) => Date.parse(g.from) === (from + 120) * 1000);
	assert.equal(Date.parse(inside.to), (from + 1200) * 1000);
	for (const [query, field] of [["from=yesterday", "from"], ["points=1", "points"], ["from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from"],
		["from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from"]])
		assert.equal((await call("GET", "/api/v1/meters/{meter}/readings", { meter: METER, query })).body.field, field);
});

test("bad commands are refused, name the field, and leave nothing in the outbox", async () => {
	const before_count = (await api.metrics()).wattle_commands_total;
	const bad = [
		[{}, "kind"], [{ kind: "explode", reason: "x" }, "kind"], [{ kind: "trip" }, "reason"], [{ kind: "trip", reason: "" }, "reason"],
		[{ kind: "trip", reason: "x".repeat(81) }, "reason"], [{ kind: "trip", reason: "x", until: "2036-01-01T00:00:00Z" }, "until"],
		[{ kind: "keep-power", reason: "x", until: "2020-01-01T00:00:00Z" }, "until"], [{ kind: "keep-power", reason: "x", until: 5 }, "until"],
		[{ kind: "trip", reason: "x", meter: OTHER }, "meter"],
	];
	for (const [json, field] of bad) {
		const answer = await command(json);
		assert.deepEqual([answer.status, answer.body.field], [400, field], JSON.stringify(json));
	}
	assert.equal((await command({ kind: "trip", reason: "x" }, "short")).body.field, "Idempotency-Key");
	assert.equal((await command({ kind: "trip", reason: "x" }, randomUUID(), "999999999999")).status, 404);
	const without = await call("POST", "/api/v1/meters/{meter}/commands", { meter: METER }, { json: { kind: "trip", reason: "x" } });
	assert.equal(without.body.field, "Idempotency-Key");
	assert.equal((await api.metrics()).wattle_commands_total, before_count);
});

test("a command is made once however often it is asked for", async () => {
	const key = randomUUID(), order = { kind: "trip", reason: "检修" };
	const answers = await Promise.all(Array.from({ length: 20 }, () => command(order, key)));
	const made = answers.filter((a) => a.status === 202);
	assert.ok(made.length >= 1);
	assert.ok(answers.every((a) => a.status === 202 || (a.status === 409 && a.body.type === "/problems/in-flight")));
	assert.equal(new Set(made.map((a) => a.body.id)).size, 1);
	const again = await command(order, key);
	assert.deepEqual(again.body, made[0].body);
	assert.equal((await command({ ...order, reason: "另一" }, key)).status, 422);
	const list = (await call("GET", "/api/v1/meters/{meter}/commands", { meter: METER })).body.items;
	assert.equal(list.length, 1);
	assert.deepEqual([list[0].by, list[0].reason, list[0].kind], ["admin", "检修", "trip"]);
	const down = await hears(gateway, (m) => m.topic === topic("down") && decode(m.payload)[4]);
	assert.equal(String(decode(decode(down.payload)[4][0])[1][0]), again.body.id);
	assert.equal(down.retain, false);
	assert.equal((await call("GET", "/api/v1/meters/{meter}", { meter: METER })).body.commands_pending, 1);
});

test("the audit names who, what and why", async () => {
	const lines = (await call("GET", "/api/v1/audit")).body.items;
	const trip = lines.find((l) => l.action === "command.trip");
	assert.deepEqual([trip.who, trip.origin, trip.reason], ["admin", "127.0.0.1", "检修"]);
	const logins = (await call("GET", "/api/v1/audit", { query: "property=installation&limit=500" })).body.items;
	assert.ok(logins.some((l) => l.action === "session.open" && l.who === "unknown" && l.detail === "no such name"));
	assert.equal((await call("GET", "/api/v1/audit", { query: "property=none" })).status, 404);
});

test("live samples reach those pages that asked for the meter", async () => {
	const all = await api.events(), one = await api.events(`?meters=${OTHER}`), none = await api.events("?meters=");
	await hears(gateway, (m) => m.topic === topic("down") && decode(m.payload)[5]); // the watch lease
	const sample = readings([row(Number(METER), now_s(), { voltage_dv: 2222 }), row(Number(OTHER), now_s(), { voltage_dv: 2333 })]);
	await publish(gateway, topic("now"), message([1, zigzag(Date.now())], [2, sample]), { qos: 0 });
	const event = await all.wait("live event", (e) => e.event === "live");
	assert.deepEqual(event.data.items.map((i) => [i.meter, i.voltage_dv]), [[METER, 2222], [OTHER, 2333]]);
	assert.equal(event.data.items[0].state.contact, "closed");
	const limited = await one.wait("live event of one", (e) => e.event === "live");
	assert.deepEqual(limited.data.items.map((i) => i.meter), [OTHER]);
	await sleep(200);
	assert.equal(none.list.filter((e) => e.event === "live").length, 0);
	for (const stream of [all, one, none]) stream.stop();
});

test("a page that was away hears what it missed", async () => {
	const first = await api.events("?meters=");
	await command({ kind: "close", reason: "a" }, randomUUID(), OTHER);
	const seen = await first.wait("command event", (e) => e.event === "command" && e.data.meter === OTHER);
	first.stop();
	const { id } = (await command({ kind: "trip", reason: "b" }, randomUUID(), OTHER)).body;
	const resume = async (last) => {
		const answer = await fetch(`${api.base}/api/v1/events?meters=`, { headers: { Cookie: api.cookie, "Last-Event-ID": last }, signal: AbortSignal.timeout(3000) });
		let text = "";
		try {
			for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) if ((text += chunk).includes(`"id":"${id}"`) || text.includes("event: reset")) break;
		} catch {}
		return text;
	};
	assert.match(await resume(seen.id), new RegExp(`event: command\nid: .*\ndata: \\{"id":"${id}"`));
	assert.match(await resume("0-1"), /event: reset/);
});

test("figures are Prometheus text, for this machine or with a session", async () => {
	const text = (await api.call("GET", "/metrics")).body;
	for (const line of text.trim().split("\n")) assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[\d.e+]+)$/);
	assert.ok(text.split("\n").filter((l) => l && l[0] !== "#").length <= 500);
	assert.equal((await fetch(`${api.base}/metrics`)).status, 200);
	assert.equal((await fetch(`${api.base}/readyz`)).status, 200);
});

test("a session ends when it is closed and when its time is over", async () => {
	const login = async () => {
		const client = new Api(world.http_port);
		const [, name, password] = (await import("node:fs")).readFileSync(path.join(world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
		await client.login(name, password);
		return client;
	};
	const closing = await login(), ending = await login();
	const ended = async (stream, timeout_ms) => (await Promise.race([stream.done.then(() => true), sleep(timeout_ms)])) === true;
	const of_closing = await closing.events("?meters="), of_ending = await ending.events("?meters=");
	assert.equal((await closing.call("DELETE", "/api/v1/session")).status, 204);
	assert.equal((await closing.call("GET", "/api/v1/session")).status, 401);
	assert.ok(await ended(of_closing, AT_ONCE_MS), "the stream of a closed session ends with it");
	assert.equal((await ending.call("GET", "/api/v1/session")).status, 200);
	await world.sql("UPDATE session SET expires_s=1");
	await until("session over", async () => (await ending.call("GET", "/api/v1/session")).status === 401, { timeout_ms: 7000 });
	assert.ok(await ended(of_ending, 17000), "so does that of a session whose time is over");
});
