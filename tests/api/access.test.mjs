// Who sees what, over every operation of docs/api/openapi.json: an object that is foreign is answered like one that
// is missing, byte for byte, wherever its name goes: path, parameter or body. One's own is never missing.
// The operations are read from the description: a new one is covered as it is written, and a new kind of
// object fails the first test until it has a sample.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { day, make } from "../lib/estate.mjs";
import { openapi } from "../lib/schema.mjs";
import { until } from "../lib/process.mjs";
import { make_person } from "../lib/staff.mjs";
import { World } from "../lib/world.mjs";
import { Samples } from "./lib/samples.mjs";
import { resolve } from "./lib/values.mjs";

// What a name in a path, parameter or body stands for. Words are the same for everybody.
const WORDS = { plan: "default", kind: "cut", lang: "en", channel: "sms", sheet: "spaces" };
const MISSING = { property: "no-such-one", gateway: "no-such-one", meter: "999999999999", chip: "f".repeat(24), photo: "f".repeat(64) };
const OTHER_NAMES = { base: "tariff", only: "property", accounts: "account", parent: "floor", below: "space", spaces: "free", meters: "meter", above: "meter", owner: "user",
	"tariff_uses_assign.spaces": "space" };
// Names that an object is to have: that they are taken is said everywhere (docs/design/access.md).
const NEW_NAMES = ["property_create.slug", "device_adopt.meter"];
// Parts of an object that its id alone does not name.
// Said to whoever sees a meter behind it: he may select his own meters by it.
const IN_SIGHT = ["command_batch_create.gateway"];
// Meters in the parts of acts on accounts: accounts.test.mjs.
// Good only beside a part that is one's own, too: accounts.test.mjs.
const BESIDE_PARTS = ["account_swap.meter"];
const PARTS = ["customer_create.id", "customer_edit.id",
	...["open", "add", "remove", "close", "change", "move", "swap"].map((act) => `account_${act}.meter`)];

let world, operations, callers, places;

const missing = (type) => MISSING[type] ?? "999999999";
const ref_of = (schema) => [schema, ...(schema.oneOf ?? [])].map((s) => s.$ref?.split("/").pop()).find(Boolean);
const is_name_of_object = (name, schema) => ["Id", "Slug", "MeterNumber", "ChipId"].includes(ref_of(schema)) || name === "role";

// {operation, path: [types], query: {name: type}, body: {name: type}, ...} of each operation.
function read_operations() {
	const list = [];
	for (const [template, methods] of Object.entries(openapi.paths))
		for (const [method, o] of Object.entries(methods)) {
			const parameters = (at) => o.parameters.filter((p) => p.in === at);
			const media = o.requestBody && Object.keys(o.requestBody.content)[0];
			const schema = media === "application/json" ? resolve(o.requestBody.content[media].schema) : null;
			list.push({ ...o, template, method: method.toUpperCase(), media, schema,
				path: parameters("path").map((p) => p.name), query: refs_of(o, parameters("query").map((p) => [p.name, p.schema])),
				body: refs_of(o, Object.entries(schema?.properties ?? {})),
				versioned: o.parameters.some((p) => p.$ref?.endsWith("/IfMatch")) });
		}
	return list;
}

// Members that name objects, with what they name; lists of them too.
function refs_of(operation, members) {
	const refs = {};
	for (const [name, schema] of members) {
		const inner = schema.items ?? schema;
		const id = `${operation.operationId}.${name}`;
		if (is_name_of_object(name, inner) && !NEW_NAMES.includes(id)) refs[name] = OTHER_NAMES[id] ?? OTHER_NAMES[name] ?? name;
	}
	return refs;
}

// ---- one call ----

const VALUES = { url: "https://example.org/hook", rows_sha256: "0".repeat(64), sha256: "0".repeat(64), hash: "0".repeat(64),
	key: "0".repeat(64), name: "name", code: "c", slug: "slug", permissions: ["property.read"] };
let drawn = 1; // of new names, numbers and days: nothing is made twice

// The smallest good value of a schema: required members only, names of objects from `own`.
function smallest(schema, own, name = "") {
	schema = resolve(schema.oneOf ? schema.oneOf[0] : schema);
	if (name === "role") return "cashier";
	if (schema.type === "object") return Object.fromEntries((schema.required ?? []).concat(schema.required?.includes("start") ? "end" : []).map((key) => [key, smallest(schema.properties[key], own, key)]));
	if (schema.type === "array" && !VALUES[name]) return Array(schema.minItems ?? 0).fill(smallest(schema.items, own, name));
	const type = OTHER_NAMES[name] ?? name;
	if (name === "meter") return String(700000000000 + ++drawn); // a new one
	if (own[type] && /^\d+$/.test(own[type])) return own[type];
	if (name === "start" || name === "end") return day(100 + drawn);
	if (schema.format === "date") return day(0);
	if (name === "kind" && schema.enum.includes("room")) return "room";
	if (name in VALUES) return ["name", "code", "slug"].includes(name) ? `${VALUES[name]}-${++drawn}` : VALUES[name];
	if (schema.enum) return schema.enum[0];
	if (schema.format === "date-time") return new Date(Date.UTC(2037, 0, 1) + ++drawn * 1000).toISOString();
	if (schema.type === "integer") return Math.max(schema.minimum ?? 0, 1);
	if (schema.type === "boolean") return true;
	return "reason".padEnd(schema.minLength ?? 0, "x");
}

function body_of(operation, own, more = {}) {
	if (operation.schema) return { json: { ...smallest(operation.schema, own), ...more } };
	return operation.media ? { text: "", type: operation.media } : {};
}

const url_of = (operation, values, query) => {
	const required = operation.parameters.filter((p) => p.in === "query" && p.required && !(p.name in query)).map((p) => [p.name, smallest(p.schema, {}, p.name === "at" ? "" : p.name)]);
	const text = [...required, ...Object.entries(query)].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
	return operation.template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[name])) + (text && "?" + text);
};

// What an answer may not differ in: all of it but its date. Of a stream, its head.
const NEVER_THE_SAME = ["date", "connection", "keep-alive", "content-length"];
async function call(caller, operation, values, { query = {}, body = {}, headers = {} } = {}) {
	const { method } = operation, abort = new AbortController();
	const send = { "Idempotency-Key": `sweep-${operation.operationId}`.slice(0, 64), ...caller.headers, ...headers };
	if (method !== "GET") send["X-Wattle-Request"] = "1";
	if (operation.versioned && !send["If-Match"]) send["If-Match"] = '"v999999"';
	if (operation.media) send["Content-Type"] = operation.media;
	const answer = await fetch(caller.base + url_of(operation, values, query), { method, headers: send, redirect: "manual",
		body: body.json ? JSON.stringify(body.json) : body.text, signal: AbortSignal.any([abort.signal, AbortSignal.timeout(15000)]) });
	const is_stream = answer.headers.get("content-type") === "text/event-stream";
	const bytes = is_stream ? "" : await answer.text();
	abort.abort();
	return { status: answer.status, etag: answer.headers.get("etag"), bytes,
		whole: JSON.stringify([answer.status, [...answer.headers].filter(([name]) => !NEVER_THE_SAME.includes(name)).sort(), bytes]) };
}

// Several at a time: the platform may answer them in any order.
async function each(list, fn, at_once = 4) {
	const rest = [...list];
	await Promise.all(Array.from({ length: at_once }, async () => {
		for (let item; (item = rest.shift()); ) await fn(item);
	}));
}

const ADMIN = () => ({ base: world.api.base, headers: { Cookie: world.api.cookie } });

// ---- who calls, and what is whose ----

const ALL = () => openapi.components.schemas.PermissionWord.enum.filter((word) => word !== "system.manage");

async function person(name, ...grants) {
	const { api } = await make_person(world, name, ...grants);
	return { name, base: api.base, headers: { Cookie: api.cookie } };
}

async function key(name, permissions, where) {
	const { key } = await world.api.expect(201, "POST", "/api/v1/keys", { json: { name, reason: "test", permissions, ...where } });
	return { name, base: world.api.base, headers: { Authorization: `Bearer ${key}` } };
}

before(async () => {
	operations = read_operations();
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0, settings: "[platform]\napproval_batch_count = 20\n" });
	const { api } = world;
	const head = await person("head", { role: "group-admin", group: "1" });
	const second = await make(api, "/api/v1/groups", { name: "zyx-group" });
	for (const [group, slug] of [["1", "zyx-two"], [second.id, "zyx-three"]]) await make(api, `/api/v1/groups/${group}/properties`, { slug, name: slug });
	const made = [];
	for (const [group, property, mark] of [["1", "p1", "own"], ["1", "zyx-two", "zyx-two"], [second.id, "zyx-three", "zyx-three"]]) {
		const samples = new Samples(world, made.length + 1);
		made.push([samples, await samples.property({ group, slug: property, mark })]);
	}
	const [[of_p1, p1], [, p2], [of_p3, p3]] = made;
	const b = await of_p1.place({ property: "p1", mark: "xyz-b" }, "2");
	const above = await of_p1.group({ group: "1", mark: "xyz-group" });
	const far = await of_p3.group({ group: second.id, mark: "zyx-far" });
	await Promise.all(made.map(([samples]) => samples.gateway.client.endAsync(true)));

	const everything = (await make(api, "/api/v1/groups/1/roles", { name: "everything", permissions: ALL() })).role;
	const at_p1 = await person("whole", { role: everything, property: "p1" });
	const at_a = await person("house", { role: everything, property: "p1", space: p1.building });
	const in_a = { group: "1", property: "p1", space: p1.space, floor: p1.floor, free: p1.free, meter: p1.meter, command: p1.command, customer: p1.customer, lease: p1.lease, account: p1.account, allowance: p1.allowance, reminder: p1.reminder };
	const ordered = { kind: "close", reason: "mine", meters: [p1.meter] };
	const mine = await call(at_a, operations.find((o) => o.operationId === "command_batch_create"), { property: "p1" }, { body: { json: ordered } });
	const reader = await key("reader", ["property.read"], { property: "p1" });
	const robot = await key("robot", ALL(), { property: "p1", space: p1.building });
	// What a group has for all its properties is theirs, and calendars are seen by everybody in them.
	const of_group = ({ group_calendar, group_tariff, group_tariff_version }) => ({ group_calendar, group_tariff, group_tariff_version });
	for (const s of [p1, p2, b]) Object.assign(s, of_group(above), { role: above.role });
	const shared = { calendar: p1.calendar, tariff: p1.tariff, tariff_version: p1.tariff_version, ...of_group(above) };
	Object.assign(p3, of_group(far));
	Object.assign(in_a, shared);
	places = { p1, p2, p3, b: { ...p1, ...b } };
	// foreign: [what the place is, its samples, marks that may be in no answer]
	callers = [
		{ ...at_p1, own: p1, sees: p1, foreign: { "another property": p2, "another group": p3, "the whole group": { ...p1, ...above } }, marks: /zyx-|xyz-group/ },
		{ ...head, own: { ...p1, ...above, user: p1.user, grant: p1.grant, session: p1.session, group: "1" }, sees: p1, foreign: { "another group": p3, "another group's own": { ...p3, ...far } }, marks: /zyx-three|zyx-far|zyx-group/ },
		{ ...at_a, own: { ...in_a, batch: JSON.parse(mine.bytes).batch.id }, sees: in_a, foreign: { "another building": { ...p1, ...b }, "another group": p3 }, marks: /zyx-|xyz-/ },
		{ ...reader, own: { ...in_a, gateway: p1.gateway, batch: p1.batch }, sees: null, foreign: { "another property": p2, "another group": p3 }, marks: /zyx-|xyz-group/ },
		{ ...robot, own: in_a, sees: in_a, foreign: { "another building": { ...p1, ...b }, "another property": p2 }, marks: /zyx-|xyz-/ },
	];
});
after(() => world?.stop());

// Calendars and tariffs of groups and of properties are two kinds under one name.
const TWO_KINDS = ["calendar", "tariff", "tariff_version"];
const value_of = (operation, chain, type) => chain[TWO_KINDS.includes(type) && operation.template.startsWith("/api/v1/groups/") ? `group_${type}` : type];

const of_operation = (operation, chain) => ({ ...chain, ...Object.fromEntries(TWO_KINDS.map((type) => [type, value_of(operation, chain, type)])) });

const object_types = (operation) => operation.path.filter((name) => !(name in WORDS));

test("every name of an object has a sample, in each place", () => {
	for (const operation of operations) {
		const types = [...object_types(operation), ...Object.values(operation.query), ...Object.values(operation.body)];
		for (const type of types) for (const [place, chain] of Object.entries(places)) assert.ok(value_of(operation, chain, type), `${operation.operationId}: ${place} has no ${type}`);
		for (const [name, schema] of Object.entries(operation.schema?.properties ?? {})) {
			const parts = Object.entries(resolve(schema.items ?? schema).properties ?? {}).filter(([part, s]) => is_name_of_object(part, s)).map(([part]) => part);
			for (const part of parts) assert.ok(PARTS.includes(`${operation.operationId}.${part}`), `${operation.operationId}.${name}: ${part} names an object`);
		}
	}
	assert.ok(operations.length > 100);
});

test("of what is above one's own, the room map holds the way down to it alone", async () => {
	const show = operations.find((o) => o.operationId === "room_map_show"), { p1 } = places;
	const of_room = await person("lodger", { role: "cashier", property: "p1", space: p1.space });
	const of_floor = await person("storey", { role: "cashier", property: "p1", space: p1.floor });
	for (const [caller, rooms] of [[of_room, [p1.space]], [of_floor, [p1.space, p1.free]]]) {
		const map = JSON.parse((await call(caller, show, { property: "p1" })).bytes);
		assert.deepEqual([map.places.map((s) => s.id), map.rooms.map((s) => s.id)], [[p1.building, p1.floor], rooms], caller.name);
	}
});

// What a stream gives within a second behind an event.
async function resumed(caller, last) {
	const answer = await fetch(caller.base + "/api/v1/events", { headers: { ...caller.headers, "Last-Event-ID": last }, signal: AbortSignal.timeout(1000) });
	let text = "";
	try {
		for await (const part of answer.body.pipeThrough(new TextDecoderStream())) text += part;
	} catch {
		// its second is over
	}
	return text;
}

test("a stream that goes on where it was tells nothing foreign of the time between", async () => {
	const stream = await world.api.events("?meters=");
	const give = async (place, reason) => (await world.api.command(place.meter, "trip", { reason })).id;
	const first = await give(places.p1, "before");
	const { id } = await stream.wait("first command", (e) => e.event === "command" && e.data.id === first);
	stream.stop();
	for (const place of [places.p2, places.p3, places.b]) await give(place, place.mark);
	const last = await give(places.p1, "behind");
	const [all, ...heard] = await Promise.all([ADMIN(), ...callers].map((caller) => resumed(caller, id)));
	for (const place of [places.p2, places.p3, places.b]) assert.ok(all.includes(`"reason":"${place.mark}"`), place.mark);
	for (const [i, text] of heard.entries()) {
		assert.ok(text.includes(`"id":"${last}"`), callers[i].name);
		assert.ok(!callers[i].marks.test(text), callers[i].name);
	}
});

// Names of another property's things, as its neighbour may put them: [method, path, body, line].
const reaches_for = ({ p1, p2 }) => [
	["POST", "/leases", { customer: p2.customer, spaces: [p1.free], start: day(300) }, `customer ${p2.customer}`],
	["POST", "/leases", { customer: p1.customer, spaces: [p2.space], start: day(300) }, `space ${p2.space}`],
	["POST", "/spaces", { kind: "room", code: "reach", parent: p2.floor }, `space ${p2.floor}`],
	["POST", "/command-batches", { kind: "close", reason: "reach", meters: [p1.meter, p2.meter] }, `meter ${p2.meter}`],
	["POST", "/accounts", { customer: p2.customer, code: "reach" }, `customer ${p2.customer}`],
	["POST", "/orders", { account: p2.account, amount_fen: 100, channel: "cash" }, `account ${p2.account}`],
	["GET", `/leases?customer=${p2.customer}`, null, `customer ${p2.customer}`],
	["GET", `/customers?space=${p2.space}`, null, `space ${p2.space}`],
	["GET", `/orders?account=${p2.account}`, null, `account ${p2.account}`],
	["GET", `/customers/${p2.customer}`, null, `customer ${p2.customer}`],
	["GET", `/leases/${p2.lease}`, null, `lease ${p2.lease}`],
];

// What is there of this object's refused lines, newest first.
const lines_of = async (property, object) => (await world.api.expect(200, "GET", `/api/v1/audit?property=${property}&result=refused&limit=500`)).items.filter((line) => line.object === object);

test("a name of another property's leaves a line there, wherever it is put; one of nobody's leaves none (A3)", async () => {
	const [{ base, headers }] = callers, { p1 } = places;
	const api = { call: (method, path, { json } = {}) => fetch(base + path, { method, body: json && JSON.stringify(json),
		headers: { ...headers, "X-Wattle-Request": "1", "Idempotency-Key": randomUUID(), "Content-Type": "application/json" } }) };
	for (const [method, path, json, object] of reaches_for(places)) {
		const before = (await lines_of("zyx-two", object)).length;
		const answer = await api.call(method, `/api/v1/properties/p1${path}`, { json });
		assert.ok(answer.status < 500 && (method === "GET" || answer.status >= 400), `${method} ${path}: ${answer.status}`);
		await until(`${method} ${path}: ${object}`, async () => (await lines_of("zyx-two", object)).length > before);
		assert.equal((await lines_of("zyx-two", object))[0].who, "whole");
	}
	const all = async () => (await Promise.all(["p1", "zyx-two", "zyx-three"].map((property) => world.api.expect(200, "GET", `/api/v1/audit?property=${property}&result=refused&limit=500`)))).reduce((sum, { items }) => sum + items.length, 0);
	const first = await all();
	for (const [method, path, json] of reaches_for({ p1, p2: Object.fromEntries(Object.keys(p1).map((type) => [type, missing(type)])) }))
		if (!path.startsWith("/command-batches")) await api.call(method, `/api/v1/properties/p1${path}`, { json });
	for (const path of [`/orders?account=${p1.account}&state=closed`, `/leases?customer=${p1.customer}`]) await api.call("GET", `/api/v1/properties/p1${path}`);
	// What was looked for in vain shows behind what is found next.
	await api.call("GET", `/api/v1/properties/p1/leases?customer=${places.p2.customer}`);
	await until("the last one", async () => (await all()) > first);
	assert.equal(await all(), first + 1);
});

// All ways to put foreign objects into a path, with the same path where they are missing.
function* foreign_paths(operation, own_chain, foreign_chain) {
	const own = of_operation(operation, own_chain), foreign = of_operation(operation, foreign_chain);
	const types = object_types(operation);
	for (let mask = 1; mask < 1 << types.length; mask++) {
		const strange = types.filter((_, i) => mask & (1 << i));
		const known = types.filter((_, i) => !(mask & (1 << i)));
		if (strange.some((type) => foreign[type] === own[type]) || known.some((type) => !own[type])) continue;
		const base = { ...WORDS, ...Object.fromEntries(known.map((type) => [type, own[type]])) };
		yield { foreign: { ...base, ...Object.fromEntries(strange.map((type) => [type, foreign[type]])) },
			missing: { ...base, ...Object.fromEntries(strange.map((type) => [type, missing(type)])) } };
	}
}

// The version that a foreign object really has: only its owner could know it.
const versions = new Map();
async function version_of(operation, values) {
	const show = operations.find((o) => o.template === operation.template && o.method === "GET");
	if (!show) return null;
	const url = url_of(show, values, {});
	if (!versions.has(url)) versions.set(url, (await call(ADMIN(), show, values)).etag);
	return versions.get(url);
}

test("the owner's answers wait under the keys that strangers will send", async () => {
	const seen = {};
	for (const operation of operations.filter((o) => o.method === "POST" && object_types(o).length)) {
		const answer = await call(ADMIN(), operation, { ...WORDS, ...of_operation(operation, places.p2) }, { body: body_of(operation, places.p2) });
		seen[answer.status] = (seen[answer.status] ?? 0) + 1;
	}
	assert.ok((seen[200] ?? 0) + (seen[201] ?? 0) + (seen[202] ?? 0) >= 15, JSON.stringify(seen));
});

// Every way to put what is foreign into a path, against the same with nothing there: {what, foreign, missing}.
async function compare_paths(caller, chain, note, of = operations) {
	await each(of.filter((o) => o["x-permission"] !== "public"), async (operation) => {
		for (const paths of foreign_paths(operation, caller.own, chain)) {
			const version = await version_of(operation, paths.foreign);
			const headers = !version ? {} : operation.method === "GET" ? { "If-None-Match": version } : operation.versioned ? { "If-Match": version } : {};
			const parts = { body: body_of(operation, chain), headers };
			note({ what: `${caller.name}: ${operation.method} ${url_of(operation, paths.foreign, {})}`, foreign: await call(caller, operation, paths.foreign, parts), missing: await call(caller, operation, paths.missing, parts) });
		}
	});
}

// An answer may say which name was asked for.
const without = (answer, name) => (name.length > 6 ? answer.whole.replaceAll(name, "…") : answer.whole);

const brief = (answer) => `${answer.status} ${answer.bytes.slice(0, 200)}`;

test("who sees both can tell them apart: the comparison is no formality", async () => {
	let told = 0;
	const note = ({ foreign, missing }) => (told += foreign.whole !== missing.whole);
	await compare_paths({ ...ADMIN(), name: "admin", own: {} }, places.p2, note, operations.filter((o) => o.method === "GET"));
	assert.ok(told > 40, `${told}`);
});

test("a foreign object in a path is a missing one, for everybody, in every operation", async () => {
	const differ = [];
	let compared = 0;
	for (const caller of callers)
		for (const [where, chain] of Object.entries(caller.foreign))
			await compare_paths(caller, chain, ({ what, foreign, missing }) => {
				compared++;
				if (foreign.whole !== missing.whole || ![403, 404].includes(foreign.status)) differ.push(`${where}, ${what}: ${brief(foreign)} / ${brief(missing)}`);
			});
	assert.deepEqual(differ, []);
	assert.ok(compared > 1000, `${compared} compared`);
});

// The same operation with one reference more: alone, beside each other one, and beside all of them, which are one's own.
function with_reference(operation, own, name, value) {
	const refs = name in operation.query ? operation.query : operation.body;
	const others = Object.entries(refs).filter(([n, type]) => n !== name && own[type]);
	const listed = (member) => name in operation.body && operation.schema.properties[member].type === "array";
	const put = (member, v) => (listed(member) ? [v] : v);
	return [[], ...others.map((other) => [other]), ...(others.length > 1 ? [others] : [])].map((beside) => {
		const more = { ...Object.fromEntries(beside.map(([n, type]) => [n, put(n, own[type])])), [name]: put(name, value) };
		return name in operation.query ? { query: more, body: body_of(operation, own) } : { body: body_of(operation, own, more) };
	});
}

test("nor is it told apart in a parameter or a body", async () => {
	const differ = [], good = {};
	let compared = 0, pair = 0;
	for (const caller of callers.filter((c) => c.sees))
		for (const operation of operations) {
			const own = of_operation(operation, caller.own), values = { ...WORDS, ...own };
			if (object_types(operation).some((type) => !values[type])) continue;
			// The object whose version an act names: its own path, or what stands above an act's word.
			const show = [operation.template, operation.template.replace(/\/[a-z-]+$/, "")].map((t) => operations.find((o) => o.template === t && o.method === "GET")).find(Boolean);
			// All ways to send it; the bodies of both are the same but for this name.
			const send = async (name, value, first) => {
				const answers = [];
				drawn = first;
				for (const parts of with_reference(operation, own, name, value)) {
					const headers = { "Idempotency-Key": randomUUID() };
					if (operation.versioned) headers["If-Match"] = (await call(caller, show, values)).etag ?? '"v0"';
					answers.push(await call(caller, operation, values, { ...parts, headers }));
				}
				return answers;
			};
			for (const [name, type] of Object.entries({ ...operation.query, ...operation.body })) {
				const id = `${operation.operationId}.${name}`;
				if (own[type]) (good[id] ??= []).push(...await send(name, own[type], (pair += 20)));
				for (const chain of Object.values(caller.foreign)) {
					const foreign = of_operation(operation, chain)[type];
					if (!foreign || foreign === own[type] || (IN_SIGHT.includes(id) && chain.property === own.property)) continue;
					const a = await send(name, foreign, (pair += 20)), b = await send(name, missing(type), pair);
					compared += a.length;
					for (const i of a.keys())
						if (without(a[i], foreign) !== without(b[i], missing(type))) differ.push(`${caller.name}: ${operation.method} ${operation.template} ${name}=${foreign} (${i}): ${brief(a[i])} / ${brief(b[i])}`);
				}
			}
		}
	assert.deepEqual(differ, []);
	// With one's own it works for somebody (or it is there already): or the comparison would see one mistake twice.
	assert.deepEqual(Object.entries(good).filter(([id, answers]) => !BESIDE_PARTS.includes(id) && answers.every((a) => a.status >= 400 && a.status !== 409)).map(([id, answers]) => `${id}: ${answers.map(brief)}`), []);
	assert.ok(compared > 200, `${compared} compared`);
});

test("no list and no page of one's own holds what is foreign", async () => {
	let read = 0;
	for (const caller of callers)
		for (const operation of operations.filter((o) => o.method === "GET")) {
			const values = { ...WORDS, ...of_operation(operation, caller.own) };
			if (object_types(operation).some((type) => !values[type])) continue;
			const answer = await call(caller, operation, values);
			assert.ok(!caller.marks.test(answer.bytes), `${caller.name}: ${operation.operationId}: ${answer.bytes.match(new RegExp(`.{0,80}(${caller.marks.source}).{0,80}`))?.[0]}`);
			read += answer.status === 200;
		}
	assert.ok(read > 100, `${read} read`);
});

test("an answer that is kept for repeats is for who got it, as long as he may", async () => {
	const path = "/api/v1/properties/p1/customers", same = { json: { name: "einmalig" }, headers: { "Idempotency-Key": "kept-answer-1" } };
	const { api, user, grants } = await make_person(world, "leaver", { role: "cashier", property: "p1" });
	const { api: other } = await make_person(world, "stayer", { role: "cashier", property: "p1" });
	const made = await api.expect(201, "POST", path, same);
	assert.equal((await api.expect(201, "POST", path, same)).id, made.id);
	assert.notEqual((await other.expect(201, "POST", path, same)).id, made.id);
	await world.api.expect(204, "DELETE", `/api/v1/users/${user.id}/grants/${grants[0].id}?reason=left`);
	const kept = await api.call("POST", path, same), fresh = await api.call("POST", path, { ...same, headers: { "Idempotency-Key": "never-sent-2" } });
	assert.deepEqual([kept.status, kept.body], [404, fresh.body]);
});

test("without a session everything is closed, whatever is there", async () => {
	const nobody = { base: world.api.base, headers: { "X-Forwarded-For": "192.0.2.7" } };
	await each(operations.filter((o) => o["x-permission"] !== "public"), async (operation) => {
		const answers = [];
		for (const chain of [places.p1, places.p3, {}]) {
			const of = of_operation(operation, chain), values = { ...WORDS, ...Object.fromEntries(object_types(operation).map((type) => [type, of[type] ?? missing(type)])) };
			answers.push(await call(nobody, operation, values, { body: body_of(operation, chain) }));
		}
		assert.equal(answers[0].status, 401, operation.operationId);
		assert.deepEqual(answers.map((a) => a.whole), Array(3).fill(answers[0].whole), operation.operationId);
	});
});

// What takes away comes last, and a person's grant behind his sessions: without it he is out of sight.
const danger = ({ method, template }) => ["GET", "PATCH", "POST", "PUT", "DELETE"].indexOf(method) * 100 + template.length / 100;

test("what is one's own is there", async () => {
	const missed = [];
	for (const caller of callers.filter((c) => c.sees))
		for (const operation of [...operations].sort((a, b) => danger(a) - danger(b))) {
			const values = { ...WORDS, ...of_operation(operation, caller.own) };
			if (!object_types(operation).length || object_types(operation).some((type) => !values[type])) continue;
			const answer = await call(caller, operation, values, { body: body_of(operation, caller.own), headers: { "Idempotency-Key": randomUUID() } });
			// Gone is what an operation before this one took away: then it is gone for everybody.
			const gone = answer.status === 404 && (await call(ADMIN(), operation, values, { body: body_of(operation, caller.own), headers: { "Idempotency-Key": randomUUID() } })).status === 404;
			if (answer.status === 401 || (answer.status === 404 && !gone) || answer.status >= 500) missed.push(`${caller.name}: ${operation.method} ${url_of(operation, values, {})}: ${brief(answer)}`);
		}
	assert.deepEqual(missed, []);
});
