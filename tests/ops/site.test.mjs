// `wattle-sim site`: a store full of a property that might be, opened by the real wattled.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { Api } from "../lib/api.mjs";
import { bin, root, run, temp_dir, until } from "../lib/process.mjs";
import { batches, day_files, sql } from "../lib/store.mjs";
import { World } from "../lib/world.mjs";

const PASSWORD = "violet-hammer-42-lake";
const site = (data, ...args) => run(bin("wattle-sim"), ["site", "--data", data, "--password", PASSWORD, ...args], { cwd: root });
const figures = ({ out }) => Object.fromEntries(out.trim().split("\n").map((line) => line.split(" ")).map(([name, value]) => [name, /^\d+$/.test(value) ? Number(value) : value]));
let world, made, temp;

before(async () => {
	temp = temp_dir();
	world = await World.start({ parts: [], terminals: 0, adopt: 0 });
	const result = await site(world.data, "--meters", "250", "--days", "2", "--properties", "2", "--seed", "7");
	assert.equal(result.code, 0, result.err);
	made = figures(result);
	await world.start_platform();
}, { timeout: 60_000 });

after(async () => {
	await world?.stop();
	temp?.remove();
});

async function all(api, url) {
	const items = [];
	for (let cursor = ""; ; ) {
		const page = await api.get(`${url}${url.includes("?") ? "&" : "?"}limit=200${cursor}`);
		items.push(...page.items);
		if (!page.next) return items;
		cursor = `&cursor=${encodeURIComponent(page.next)}`;
	}
}

const both = async (kind) => (await Promise.all(["p1", "p2"].map((p) => all(world.api, `/properties/${p}/${kind}`)))).flat();
const sum = (list, of) => list.reduce((n, item) => n + of(item), 0);
const database = () => path.join(world.data, "store/wattle.db");
const login = async (name) => {
	const api = new Api(world.http_port);
	await api.login(name, PASSWORD);
	return api;
};

test("what it says it made is what the API shows", async () => {
	assert.deepEqual([made.properties, made.meters, made.gateways], [2, 250, 4]);
	const meters = await all(world.api, "/meters");
	assert.equal(meters.length, 250);
	assert.ok(meters.every((m) => m.live && m.live.energy_wh > 0), "each has its newest values");
	const now = Date.now();
	assert.ok(meters.filter((m) => now - Date.parse(m.last_reading_at) < 15 * 60e3).length > 200, "and they are of just now");
	const spaces = await both("spaces");
	assert.equal(spaces.filter((s) => s.kind === "room").length, made.rooms);
	assert.ok(spaces.some((s) => s.name === "1号楼") && spaces.some((s) => /层$/.test(s.name)) && spaces.some((s) => /室$/.test(s.name)));
	assert.equal((await both("customers")).length, made.customers);
	const leases = await both("leases");
	assert.equal(leases.length, made.leases);
	const states = new Set(leases.map((lease) => lease.state));
	for (const state of ["running", "ended", "planned", "cancelled"]) assert.ok(states.has(state), state);
	const soon = new Date(Date.now() + 30 * 86400e3).toISOString().slice(0, 10);
	assert.ok(leases.some((lease) => lease.state === "running" && lease.end && lease.end < soon), "some end soon");
	assert.ok((await both("customers")).some((c) => c.phones.length === 2) && (await both("customers")).some((c) => c.kind === "company"));
	assert.ok((await world.api.get("/properties/p1/alarm-plans")).items.some((plan) => plan.code === "shop"));
	assert.ok((await world.api.get("/groups/1/calendars")).items.length === 1);
});

test("every reading, with gaps and marks; energy never goes back", async () => {
	let readings = 0;
	const marks = new Set(), last = new Map();
	for (const property of ["p1", "p2"]) {
		const query = new URLSearchParams({ from: made.from, to: made.until, raw: "true", lang: "keys", columns: "time_s,meter,gap_from_s,energy_wh,quality" });
		const answer = await fetch(`${world.api.base}/api/v1/properties/${property}/readings?${query}`, { headers: { Cookie: world.api.cookie } });
		for (const line of (await answer.text()).trim().split("\r\n").slice(1)) {
			const [, meter, gap, energy_wh, quality] = line.split(",");
			if (quality) marks.add(quality);
			if (gap) continue;
			readings++;
			assert.ok(Number(energy_wh) >= (last.get(meter) ?? 0), line);
			last.set(meter, Number(energy_wh));
		}
	}
	assert.equal(readings, made.readings);
	assert.equal(last.size, 250);
	for (const mark of ["gap", "segment", "clock_unsure"]) assert.ok([...marks].some((m) => m.split(" ").includes(mark)), `${mark} of ${[...marks]}`);
});

test("commands ended in every way; events and the audit are whole", async () => {
	const stages = Object.fromEntries((await sql(database(), "SELECT stage, count(*) FROM command GROUP BY stage")).map((line) => line.split("|").map(Number)));
	assert.deepEqual(Object.keys(stages).map(Number), [4, 5, 6, 7], "verified, refused, failed, expired, and none open");
	assert.equal(Object.values(stages).reduce((a, b) => a + b), made.commands);
	const [meter] = await sql(database(), "SELECT meter FROM command WHERE stage=4 AND kind=1 LIMIT 1");
	const { items } = await world.api.get(`/meters/${meter}/commands`);
	assert.ok(items.some((c) => c.kind === "trip" && c.stage === "verified" && c.by === "electrician-p1" || c.by === "electrician-p2"), JSON.stringify(items[0]));
	assert.equal(Number((await sql(database(), "SELECT count(*) FROM event"))[0]), made.events);
	const { out } = await world.wattle("audit", "verify");
	assert.doesNotMatch(out, /not as it was written/);
	assert.equal((await world.api.metrics()).wattle_store_damaged_total, 0);
});

test("staff of every role come in and see what is theirs", async () => {
	assert.equal(made.users, 1 + 2 * 6);
	for (const name of ["head-office", "manager-p1", "cashier-p1", "electrician-p2", "finance-p2", "auditor-p1"]) assert.equal((await all(await login(name), "/meters")).length, name === "head-office" ? 250 : 125, name);
	const few = await all(await login("building-p1"), "/meters");
	assert.ok(few.length > 0 && few.length < 125 && few.every((m) => m.name.startsWith("1号楼")));
});

test("the start has nothing to do over again", async () => {
	assert.deepEqual((await sql(database(), "SELECT count(*) FROM day_file WHERE applied=0")), ["0"]);
	assert.equal((await sql(database(), "SELECT count(*) FROM day_file"))[0], String(day_files(path.join(world.data, "store")).length));
});

// Everything but secrets, their marks, and what `wattle init` drew.
const TABLES = {
	property: "property_id, slug, name, address, phone", space: "*", meter: "*", meter_place: "*", customer: "customer_id, property_id, code, kind, name, lang, created_s", customer_phone: "*", lease: "*", lease_space: "*",
	terminal: "property_id, chip, key_version, counter, gateway_id, address, firmware, boot, first_seen_s, last_seen_s", gateway: "property_id, gateway_id, name, label, created_s, config_version",
	calendar: "*", calendar_day: "*", calendar_window: "*", alarm_plan: "*", user_grant: "user_id, role_id, group_id, property_id, space_id", users: "user_id, name, full_name, phone, lang, group_id",
	command: "*", command_stage: "*", event: "*", latest: "*", day_file: "file, applied",
};

async function content(data) {
	const store = path.join(data, "store"), found = {};
	for (const [table, columns] of Object.entries(TABLES)) found[table] = await sql(path.join(store, "wattle.db"), `SELECT ${columns} FROM "${table}"`);
	for (const rows of Object.values(found)) rows.sort();
	for (const file of day_files(store)) found[file] = await sql(path.join(store, file), "SELECT property_id, gateway_id, boot, seq, t_min, t_max, stored_ms, hex(body) FROM batch ORDER BY rowid");
	return found;
}

async function make(name, ...args) {
	const data = path.join(temp.dir, name);
	assert.equal((await run(bin("wattle"), ["--data", data, "init"])).code, 0);
	const result = await site(data, "--until", "2026-03-02T10:00:00Z", ...args);
	assert.equal(result.code, 0, result.err);
	return { data, figures: figures(result), content: await content(data) };
}

test("the same seed, the same site; another seed, another", async () => {
	const args = ["--meters", "60", "--days", "1", "--period", "300"];
	const [one, same, other] = [await make("one", ...args, "--seed", "3"), await make("same", ...args, "--seed", "3"), await make("other", ...args, "--seed", "4")];
	assert.deepEqual(same.figures, one.figures);
	for (const [table, rows] of Object.entries(one.content)) assert.deepEqual(same.content[table], rows, table);
	assert.ok(one.content.command.length > 0 && one.content["readings-20260301.db"].length > 100);
	assert.notDeepEqual(other.content.customer, one.content.customer);
	assert.notDeepEqual(other.content["readings-20260301.db"], one.content["readings-20260301.db"]);
	assert.ok((await batches(path.join(one.data, "store")))["readings-20260302.db"].length > 0);
});

test("what it cannot fill is refused by name", async () => {
	const says = async (match, data, ...args) => {
		const { code, err } = await site(data, ...args);
		assert.notEqual(code, 0);
		assert.match(err, match);
	};
	await says(/a wattled runs/, world.data, "--meters", "10");
	await says(/has meters already/, path.join(temp.dir, "one"), "--meters", "10");
	await says(/wattle\.ini/, path.join(temp.dir, "none"), "--meters", "10");
	await says(/--meters: 1 to 500000/, world.data, "--meters", "0");
	await says(/--period: whole minutes/, world.data, "--meters", "1", "--period", "61");
	await says(/--until/, world.data, "--meters", "1", "--until", "today");
	await says(/usage:/, world.data, "--meters", "1", "--properties", "2");
	await says(/nothing\.csv/, path.join(temp.dir, "one"), "--meters", "1", "--load", "nothing.csv");
});
