// Readings of a period taken away as CSV and as an SQLite file: row by row what was sent, for whom, and what ends it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { connect as dial } from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { FakeGateway, reading } from "../lib/fake-gateway.mjs";
import { P1, changed, essence, estate, somebody } from "../lib/estate.mjs";
import { sleep, until } from "../lib/process.mjs";
import { make_person } from "../lib/staff.mjs";
import { sql } from "../lib/store.mjs";
import { World, meter_number } from "../lib/world.mjs";

const METERS = 4, PERIODS = Number(process.env.WATTLE_EXPORT_PERIODS ?? 25000), BATCH = 6000;
const NAMES = ['=HYPERLINK("http://x")', "一号表, \"甲\"", "'+1", "\u202E<b>🏠"];
const QUALITY = { segment: 4, clock_unsure: 256, edge: 512 };
const COLUMNS = "time_s,time_local,meter,name,space,gap_from_s,energy_wh,power_dw,voltage_dv,current_ma,pf_permille,frequency_chz,state,quality".split(",");
const now_s = Math.floor(Date.now() / 60000) * 60;
const first_s = now_s - (PERIODS + 30) * 60;
const iso = (s) => new Date(s * 1000).toISOString();
const local = (s) => iso(s + 8 * 3600).slice(0, 19) + "+08:00";
const chip = (k) => "c" + String(k).padStart(23, "0");

let world, gateway, site, stored; // stored: "meter time" → what the store took first

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0, settings: "exports = 4\nexport_s = 10\n" });
	gateway = await FakeGateway.open(world);
	site = await estate(world.api);
	await world.api.expect(200, "POST", "/api/v1/devices/import", { text: NAMES.map((_, k) => `${chip(k + 1)},${String(k + 1).padStart(64, "0")}\n`).join(""), type: "text/csv" });
	for (let k = 1; k <= METERS; k++) {
		await gateway.found(chip(k));
		assert.equal((await world.api.adopt(chip(k), meter_number(k), NAMES[k - 1])).status, 201);
	}
	for (const [k, room] of [[1, site.r301], [2, site.r302]]) await changed(world.api, "PATCH", `/api/v1/meters/${meter_number(k)}/settings`, { space: room.id });
	await send_all();
}, { timeout: 120_000 });

after(async () => {
	gateway?.client.end(true);
	await world?.stop();
});

// Minute by minute, meter 2 without half an hour, with marks here and there; then a repeat, a conflict and something late.
async function send_all() {
	stored = new Map();
	let rows = [];
	const names = [];
	const flush = async () => {
		for (const row of rows) if (!stored.has(`${row.meter} ${row.time_s}`)) stored.set(`${row.meter} ${row.time_s}`, row);
		names.push(await gateway.send(rows.sort((a, b) => a.meter - b.meter || a.time_s - b.time_s)));
		rows = [];
	};
	for (let p = 0; p < PERIODS; p++) {
		if (p === 700) continue; // comes last
		for (let k = 1; k <= METERS; k++) {
			if (k === 2 && p > 100 && p < 131) continue;
			rows.push(reading(Number(meter_number(k)), first_s + p * 60, { energy_wh: 9007199254740993 % 1e12 + p * k, power_dw: p % 7 ? 10000 : -5, state: p % 2 ? 67 : 65,
				quality: p === 200 ? QUALITY.segment : p === 201 ? QUALITY.clock_unsure | QUALITY.edge : 0 }));
		}
		if (rows.length + METERS > BATCH) await flush();
	}
	if (rows.length) await flush();
	await gateway.until_acked(names.at(-1), 60000);
	rows = [reading(Number(meter_number(1)), first_s + 60, { energy_wh: 1 })]; // another value for the same second: the first counts
	await flush();
	rows = [1, 2, 3, 4].map((k) => reading(Number(meter_number(k)), first_s + 700 * 60, { energy_wh: 5 }));
	await flush();
	await gateway.until_acked(names.at(-1), 60000);
}

const words = (bits, list) => list.filter(([bit]) => bits & bit).map(([, word]) => word).join(" ");
const state_words = (state) => words(state, [[1, "contact_closed"], [2, "want_closed"], [64, "clock_set"]]);
const quality_words = (quality) => words(quality, [[4, "segment"], [256, "clock_unsure"], [512, "edge"]]);
const place = (k) => ["A/3/301", "A/3/302", "", ""][k - 1];

// What an export must hold, as rows of texts.
function expected(from, to, meters = [1, 2, 3, 4]) {
	const lines = [], last = new Map();
	const rows = [...stored.values()].filter((r) => r.time_s >= from && r.time_s < to && meters.some((k) => r.meter === Number(meter_number(k))));
	for (const r of rows.sort((a, b) => a.time_s - b.time_s || a.meter - b.meter)) {
		const k = r.meter - Number(meter_number(0)), head = [r.time_s, local(r.time_s), r.meter, NAMES[k - 1], place(k)].map(String);
		if (last.has(k) && r.time_s - last.get(k) > 150) lines.push([...head, String(last.get(k)), "", "", "", "", "", "", "", "gap"]);
		last.set(k, r.time_s);
		lines.push([...head, "", ...[r.energy_wh, r.power_dw, r.voltage_dv, r.current_ma, r.pf_permille, r.frequency_chz].map(String), state_words(r.state), quality_words(r.quality)]);
	}
	for (const k of meters) {
		const end = Math.min(to, Math.floor(Date.now() / 1000));
		if (last.has(k) && end - last.get(k) > 150) lines.push([String(end), local(end), meter_number(k), NAMES[k - 1], place(k), String(last.get(k)), "", "", "", "", "", "", "", "gap"]);
	}
	return lines;
}

// RFC 4180, and the guard against formulas taken off.
function parse(text) {
	const rows = [[]];
	for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
		rows.at(-1).push((quoted?.replaceAll('""', '"') ?? plain).replace(/^'(?='*[=+\-@＝＋－＠\t\r\n])/u, "").replace(/^\t/, ""));
		if (end === "\r\n") rows.push([]);
	}
	return rows.filter((row) => row.length > 1);
}

const url = (query, property = "p1") => `/api/v1/properties/${property}/readings?${new URLSearchParams(query)}`;
async function take(query, client = world.api) {
	const answer = await fetch(client.base + url(query), { headers: { Cookie: client.cookie } });
	const bytes = Buffer.from(await answer.arrayBuffer());
	assert.equal(answer.status, 200, bytes.toString().slice(0, 300));
	return { bytes, type: answer.headers.get("content-type"), name: answer.headers.get("content-disposition") };
}
const csv = async (query, client) => parse((await take({ lang: "keys", raw: "true", ...query }, client)).bytes.toString());
const span = (from, to) => ({ from: iso(from), to: iso(to) });
const whole = { from: iso(first_s - 3600), to: iso(now_s) };
const rss_kb = (word) => Number(readFileSync(`/proc/${world.platform.child.pid}/status`, "utf8").match(new RegExp(`${word}:\\s+(\\d+)`))[1]);

test("every reading of a day once, in order, with marks, gaps and both times", async () => {
	const [from, to] = [first_s, first_s + 800 * 60];
	const [header, ...lines] = await csv(span(from, to));
	assert.deepEqual(header, COLUMNS);
	assert.deepEqual(lines, expected(from, to));
	assert.equal(lines.filter((line) => line.at(-1) === "gap").length, 1);
	assert.ok(lines.some((line) => line.at(-1) === "clock_unsure edge"));
	const history = await world.api.get(`/meters/${meter_number(2)}/readings?from=${iso(from)}&to=${iso(to)}`);
	assert.equal(history.readings, lines.filter((line) => line[2] === meter_number(2) && line.at(-1) !== "gap").length);
	assert.deepEqual(history.gaps.map((gap) => Date.parse(gap.from) / 1000), lines.filter((line) => line[2] === meter_number(2) && line.at(-1) === "gap").map((line) => Number(line[5])));
});

test("the CSV for people has their language, units in its headers, and no formula", async () => {
	const { bytes, type, name } = await take(span(first_s, first_s + 300));
	const text = bytes.toString();
	assert.deepEqual([type, name], ["text/csv; charset=utf-8", 'attachment; filename="p1-readings.csv"']);
	assert.ok(text.startsWith("\ufeff时间（UTC 秒）,当地时间,表号,"));
	assert.match(text.split("\r\n")[0], /电能示数（Wh）/);
	assert.ok(text.includes(`"'=HYPERLINK(""http://x"")"`) && text.includes(`"\t${meter_number(1)}"`));
	assert.match((await take({ ...span(first_s, first_s + 300), lang: "en" })).bytes.toString().split("\r\n")[0], /energy register \(Wh\)/);
	const gb = await take({ ...span(first_s, first_s + 300), encoding: "gb18030" });
	assert.ok(new TextDecoder("gb18030").decode(gb.bytes).includes("一号表"));
});

test("the SQLite file has the same rows and columns", async () => {
	const file = world.path("readings.sqlite");
	for (const query of [span(first_s, first_s + 800 * 60), { ...span(first_s, first_s + 9000), columns: "energy_wh,meter,time_s" }]) {
		const [header, ...lines] = await csv(query);
		const { bytes, type, name } = await take({ ...query, format: "sqlite" });
		assert.deepEqual([type, name], ["application/vnd.sqlite3", 'attachment; filename="p1-readings.sqlite"']);
		writeFileSync(file, bytes);
		assert.deepEqual(await sql(file, "PRAGMA integrity_check"), ["ok"]);
		assert.deepEqual(await sql(file, "SELECT name FROM pragma_table_info('reading')"), header);
		const text = await sql(file, `SELECT json_array(${header.join(",")}) FROM reading ORDER BY rowid`);
		assert.deepEqual(text.map((line) => JSON.parse(line).map((cell) => String(cell ?? ""))), lines);
		assert.equal((await sql(file, "SELECT value FROM about WHERE name='lines'"))[0], String(lines.length));
		assert.deepEqual(await sql(file, "SELECT DISTINCT typeof(energy_wh) FROM reading WHERE energy_wh IS NOT NULL"), ["integer"]);
	}
	await until("no file is left", () => readdirSync(path.join(world.data, "store/sheets")).length === 0);
});

test("a space, some meters, some columns", async () => {
	const [from, to] = [first_s, first_s + 7200], at = span(from, to);
	assert.deepEqual((await csv({ ...at, space: site.a3.id })).slice(1), expected(from, to, [1, 2]));
	assert.deepEqual((await csv({ ...at, meters: [meter_number(4), meter_number(2), meter_number(4)] })).slice(1), expected(from, to, [2, 4]));
	const few = await csv({ ...at, columns: "quality,energy_wh" });
	assert.deepEqual(few[0], ["energy_wh", "quality"]);
	assert.equal(few.length - 1, expected(from, to).filter((line) => line.at(-1) !== "gap").length); // gaps need their column
	assert.deepEqual((await csv({ ...span(first_s - 9e6, first_s - 8e6) })).slice(1), []);
	for (const [query, field, detail] of [[{ meters: "330100000099" }, "meters", /330100000099/], [{ space: "99" }, "space", /no such space/], [{ from: iso(to), to: iso(from) }, "from", /before/],
		[{ columns: "price" }, "columns", /./], [{ format: "xlsx" }, "format", /./], [{ meters: "1" }, "meters", /./]]) {
		const answer = await world.api.call("GET", url({ ...at, ...query }));
		assert.equal(answer.status, 400, JSON.stringify(answer.body));
		assert.equal(answer.body.field, field);
		assert.match(answer.body.detail, detail);
	}
});

test("a person of some rooms takes these, and of others he learns nothing", async () => {
	const mine = (await make_person(world, "floor", { role: "property-manager", property: "p1", space: site.r301.id })).api;
	const [from, to] = [first_s, first_s + 1800], at = span(from, to);
	assert.deepEqual((await csv(at, mine)).slice(1), expected(from, to, [1]));
	const other = await mine.call("GET", url({ ...at, meters: meter_number(2) })), missing = await mine.call("GET", url({ ...at, meters: "330100000099" }));
	assert.equal(essence(other).replaceAll(meter_number(2), "N"), essence(missing).replaceAll("330100000099", "N"));
	const room = await mine.call("GET", url({ ...at, space: site.r302.id })), nothing = await mine.call("GET", url({ ...at, space: "99" }));
	assert.deepEqual([room.status, essence(room)], [400, essence(nothing)]);
	const cashier = (await make_person(world, "kim", { role: "cashier", property: "p1" })).api;
	assert.equal((await cashier.call("GET", url(at))).status, 403);
	const reader = await somebody(world, ["property.read"]);
	assert.equal((await reader.call("GET", url(at))).status, 403);
});

test("of a property of others, the same as of one that is not", async () => {
	const { id } = await world.api.expect(201, "POST", "/api/v1/groups", { json: { name: "other" }, headers: { "Idempotency-Key": randomUUID() } });
	await world.api.expect(201, "POST", `/api/v1/groups/${id}/properties`, { json: { slug: "p2", name: "p2" }, headers: { "Idempotency-Key": randomUUID() } });
	const stranger = (await make_person(world, "stranger", { role: "property-manager", property: "p1" })).api;
	for (const query of [{}, { format: "sqlite" }, { meters: meter_number(1) }]) {
		const foreign = await stranger.call("GET", url(query, "p2"));
		assert.equal(foreign.status, 404);
		assert.equal(essence(foreign), essence(await stranger.call("GET", url(query, "nothing"))));
	}
	assert.deepEqual((await world.api.call("GET", url({ meters: meter_number(1) }, "p2"))).body.field, "meters");
});

test(`${METERS * PERIODS} rows stream within 32 MB, in both formats`, { timeout: 120_000 }, async () => {
	await take(span(first_s, first_s + 600));
	writeFileSync(`/proc/${world.platform.child.pid}/clear_refs`, "5"); // the highest begins anew
	const before_kb = rss_kb("VmRSS");
	const lines = (await csv(whole)).slice(1);
	assert.equal(lines.filter((line) => line.at(-1) !== "gap").length, stored.size);
	const file = world.path("all.sqlite");
	writeFileSync(file, (await take({ ...whole, format: "sqlite" })).bytes);
	assert.equal((await sql(file, "SELECT count(*) FROM reading WHERE gap_from_s IS NULL"))[0], String(stored.size));
	assert.ok(rss_kb("VmHWM") - before_kb < 32 * 1024, `${rss_kb("VmHWM") - before_kb} KB more`);
});

test("it is in the audit, with what was taken", async () => {
	const { items } = await world.api.get("/audit?property=p1&action=readings.export&limit=5");
	assert.ok(items.length > 0);
	assert.match(items.find((line) => /sqlite/.test(line.detail)).detail, /^sqlite, 20.*Z to 20.*Z, 4 meters$/);
});

// A client that has read its first bytes and stops.
async function stalled(client, query = whole) {
	const answer = await fetch(client.base + url({ lang: "keys", ...query }), { headers: { Cookie: client.cookie } });
	const reader = answer.body?.getReader();
	if (answer.status === 200) await reader.read();
	return { status: answer.status, retry: answer.headers.get("retry-after"), rest: async () => {
		for (;;) if ((await reader.read()).done) return;
	}, leave: () => reader.cancel() };
}

test("a right that is taken away breaks it off", async () => {
	const clerk = await make_person(world, "clerk", { role: "property-manager", property: "p1" });
	const export_ = await stalled(clerk.api);
	await world.api.expect(204, "DELETE", `/api/v1/users/${clerk.user.id}/grants/${clerk.grants[0].id}?reason=left`, { headers: { "If-Match": '"v1"' } });
	await assert.rejects(export_.rest());
	assert.equal((await clerk.api.call("GET", url({}))).status, 404);
});

test("a right that narrows to other rooms breaks it off too", async () => {
	const clerk = await make_person(world, "narrow", { role: "property-manager", property: "p1" }, { role: "property-manager", property: "p1", space: site.r301.id });
	const all = await stalled(clerk.api), own = await stalled(clerk.api, { ...whole, meters: meter_number(1) });
	await world.api.expect(204, "DELETE", `/api/v1/users/${clerk.user.id}/grants/${clerk.grants[0].id}?reason=left`, { headers: { "If-Match": '"v1"' } });
	await assert.rejects(all.rest());
	await own.rest();
});

test("half of the places for one person, the others for others; who leaves makes room", async () => {
	const [one, two] = [await make_person(world, "one", { role: "property-manager", property: "p1" }), await make_person(world, "two", { role: "property-manager", property: "p1" })];
	const open = [await stalled(one.api), await stalled(one.api)], third = await stalled(one.api);
	assert.deepEqual([third.status, third.retry], [503, "10"]);
	open.push(await stalled(two.api), await stalled(two.api));
	assert.deepEqual(open.map((export_) => export_.status), [200, 200, 200, 200]);
	assert.equal((await stalled(world.api)).status, 503);
	assert.equal((await world.api.call("GET", "/api/v1/meters?limit=1")).status, 200); // pages go on
	for (const export_ of open) await export_.leave();
	await until("room", async () => (await stalled(world.api, span(first_s, first_s + 60))).status === 200);
});

test("who does not take it is cut off at the limit", async () => {
	const socket = dial(world.http_port, "127.0.0.1"), begun = Date.now();
	socket.write(`GET ${url({ lang: "keys", ...whole })} HTTP/1.1\r\nHost: x\r\nCookie: ${world.api.cookie}\r\n\r\n`);
	await new Promise((done) => socket.once("data", done));
	socket.pause();
	await sleep(11_500);
	let tail = Buffer.alloc(0);
	socket.on("data", (data) => (tail = Buffer.concat([tail, data]).subarray(-16)));
	await new Promise((done) => socket.on("error", done).on("close", done).resume());
	assert.ok(Date.now() - begun < 20_000);
	assert.ok(!tail.toString().endsWith("0\r\n\r\n"), "it looked whole");
});

test("the command writes the same files", async () => {
	const at = ["--property", "p1", "--from", iso(first_s), "--to", iso(first_s + 9000)], file = world.path("cli.csv"), base = world.path("cli.sqlite");
	await world.wattle("export", "readings", file, ...at, "--lang", "keys", "--raw");
	assert.deepEqual(parse(readFileSync(file, "utf8")).slice(1), expected(first_s, first_s + 9000));
	await world.wattle("export", "readings", base, ...at, "--space", "A/3", "--columns", "time_s,meter,energy_wh");
	const rows = await sql(base, "SELECT time_s, meter, energy_wh FROM reading ORDER BY rowid");
	assert.deepEqual(rows, expected(first_s, first_s + 9000, [1, 2]).filter((l) => l.at(-1) !== "gap").map((l) => [l[0], l[2], l[6]].join("|")));
	await assert.rejects(world.wattle("export", "readings", base, ...at), /exists/);
	await assert.rejects(world.wattle("export", "readings", world.path("x.csv"), "--property", "p1", "--meters", "330100000099"), /not all/);
	await assert.rejects(world.wattle("export", "readings", world.path("x.csv"), "--property", "p1", "--columns", "price"), /no column price/);
	await assert.rejects(world.wattle("export", "readings", world.path("x.csv"), "--property", "p1", "--space", "Z"), /no such space/);
	await assert.rejects(world.wattle("export", "readings", world.path("x.csv"), "--property", "p1", "--from", "yesterday"), /is wanted/);
});
