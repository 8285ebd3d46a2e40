// Every operation of docs/api/openapi.json with good and bad input: never a 5xx, always a status and a
// body that the description has. What is made here makes more of the next operations succeed.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { answer_mismatches, mismatches, openapi } from "../lib/schema.mjs";
import { Site } from "./lib/site.mjs";
import { broken_body, broken_parameter, broken_text, good, resolve } from "./lib/values.mjs";

const TIME_MS = 40_000; // of good input, and the same of bad
const GOOD_RUNS = 30, BAD_RUNS = 8; // of each operation; of each way to be wrong
let site, operations;
const ids = {}; // {word in a path: values}
const refused = {}; // {operationId: what it last said to a plain read}
const outcome = {}; // {operationId: {good: statuses, bad: statuses}}

function* all_operations() {
	for (const [template, methods] of Object.entries(openapi.paths))
		for (const [method, operation] of Object.entries(methods)) yield { template, method: method.toUpperCase(), ...operation };
}

// Those that make things first, those that take them away last; in between, those nearer to the root.
const order = ({ method, template }) => ["POST", "GET", "PUT", "PATCH", "DELETE"].indexOf(method) * 100 + template.length / 100;

const schema_of = (operation, media = "application/json") => operation.requestBody?.content[media]?.schema;
const queries = (operation) => operation.parameters.filter((p) => p.in === "query");

before(async () => {
	site = await Site.start();
	operations = [...all_operations()].sort((a, b) => order(a) - order(b));
	Object.assign(ids, { meter: site.meters, chip: site.chips, gateway: ["gw-1"], property: ["p1"], group: ["1"], plan: ["default"], account: [site.account], photo: [site.photo] });
});
after(() => site?.stop());

// One call; the answer must be one that is described.
async function call(operation, { path = {}, query = [], json, raw, headers = {} }) {
	const { method, template } = operation;
	let url = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(path[name]));
	if (query.length) url += "?" + query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
	// Public operations count attempts by address: each call comes from another one.
	const send = { "Idempotency-Key": randomUUID(), "X-Forwarded-For": `192.0.2.${1 + Math.floor(Math.random() * 250)}`, ...headers };
	if (operation.parameters.some((p) => p.$ref?.endsWith("/IfMatch")) && !("If-Match" in headers)) send["If-Match"] = `"v${1 + Math.floor(Math.random() * 3)}"`;
	const options = { headers: send };
	const media = operation.requestBody && Object.keys(operation.requestBody.content)[0];
	if (json !== undefined) options.json = json;
	else if (media) Object.assign(options, { text: raw ?? "", type: media });
	let answer = await site.call(method, url, options);
	if (answer.body?.type === "/problems/login-needed") {
		// Some operations end sessions, perhaps the one that calls.
		await site.ensure_login();
		answer = await site.call(method, url, options);
		assert.notEqual(answer.body?.type, "/problems/login-needed", url);
	}
	const type = answer.headers.get("content-type");
	assert.ok(answer.status < 500, `${method} ${url}: ${answer.status} ${JSON.stringify(answer.body)} after ${JSON.stringify(json ?? raw ?? null)}`);
	assert.deepEqual(answer_mismatches(method, template, answer.status, type, answer.body), [], `${method} ${url}: ${answer.status} ${JSON.stringify(answer.body)?.slice(0, 500)}`);
	return answer;
}

const path_values = (operation) => fc.record(Object.fromEntries(operation.parameters.filter((p) => p.in === "path").map((p) => {
	const random = good(p.schema);
	const known = ids[p.name] ?? [];
	return [p.name, known.length ? fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: random }) : random];
})));

const query_values = (operation) => fc.tuple(...queries(operation).map((p) => {
	const value = good(p.schema, ids, p.name).map((v) => [[p.name, Array.isArray(v) ? v.join(",") : String(v)]]);
	// A cursor comes from a page; a made up one is bad input.
	return p.required ? value : p.name === "cursor" ? fc.constant([]) : fc.oneof(value, fc.constant([]));
})).map((lists) => lists.flat());

const raw_values = fc.oneof(fc.constant(""), fc.constant("chip,key\n"), fc.string({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b)));

const good_call = (operation) => fc.record({
	path: path_values(operation), query: query_values(operation),
	...(schema_of(operation) ? { json: good(schema_of(operation), ids) } : operation.requestBody ? { raw: raw_values } : {}),
});

// Ways to be wrong: each gives the parts of a call, of which one breaks one rule.
function bad_calls(operation) {
	const ways = [good_call(operation).map((c) => ({ ...c, query: [...c.query, ["no_such_parameter", "1"]] }))];
	for (const p of queries(operation)) ways.push(fc.tuple(good_call(operation), broken_parameter(p.schema)).map(([c, bad]) => ({ ...c, query: [...c.query.filter(([name]) => name !== p.name), [p.name, bad]] })));
	if (schema_of(operation)) {
		ways.push(fc.tuple(good_call(operation), broken_body(schema_of(operation), ids)).map(([c, json]) => ({ ...c, json })));
		ways.push(fc.tuple(good_call(operation), broken_text).map(([{ json, ...c }, raw]) => ({ ...c, raw })));
	}
	if (operation.parameters.some((p) => p.$ref?.endsWith("/IdempotencyKey"))) ways.push(good_call(operation).map((c) => ({ ...c, headers: { "Idempotency-Key": "short" } })));
	if (operation.parameters.some((p) => p.$ref?.endsWith("/IfMatch"))) ways.push(good_call(operation).map((c) => ({ ...c, headers: { "If-Match": "v1" } })));
	return ways;
}

// {command} of a path is the `id` of a Command, {lease} what /leases answers when there is /leases/{lease}.
function words_of(operation, answer) {
	const answered = operation.responses[answer.status].content?.["application/json"]?.schema.$ref;
	const below = Object.keys(openapi.paths).map((p) => p.startsWith(operation.template + "/{") && p.slice(operation.template.length).match(/^\/\{(\w+)\}/)?.[1]);
	return [answered?.split("/").pop().replace(/List$/, "").replace(/(?<=.)[A-Z]/g, "_$&").toLowerCase(), ...below].filter(Boolean);
}

// One property and one group: with more, an object would seldom meet the one it is in.
const room_for = (word) => (["group", "property"].includes(word) ? 1 : 50);

// New objects are known to the operations that follow.
function learn(operation, answer) {
	for (const word of new Set(words_of(operation, answer)))
		for (const item of answer.body?.items ?? [answer.body]) {
			const value = item?.id ?? item?.item?.id ?? item?.slug ?? item?.[word] ?? item?.name;
			if (typeof value === "string" && !(ids[word] ??= []).includes(value) && ids[word].length < room_for(word)) ids[word].push(value);
		}
}

// The ways to fill in a path with what is known; what nothing is known of takes its enum, or one value that is good.
function known_paths(operation) {
	return operation.parameters.filter((p) => p.in === "path").reduce((paths, { name, schema }) => {
		const values = ids[name] ?? resolve(schema).enum ?? fc.sample(good(schema), { numRuns: 1, seed: 1 });
		return paths.flatMap((path) => values.map((value) => ({ ...path, [name]: value })));
	}, [{}]);
}

// What only reads must find what the site was furnished with, before anything changes it: no filter, and the objects that
// the lists before it named. Returns whether it did.
async function read_plainly(operation) {
	const query = queries(operation).filter((p) => p.required).map((p) => [p.name, String(fc.sample(good(p.schema, ids, p.name), { numRuns: 1, seed: 1 })[0])]);
	for (const path of known_paths(operation)) {
		const answer = await call(operation, { path, query });
		refused[operation.operationId] = answer.body;
		if (answer.status >= 400) continue;
		learn(operation, answer);
		return true;
	}
	return false;
}

function note(operation, kind, status) {
	const seen = ((outcome[operation.operationId] ??= {})[kind] ??= {});
	seen[status] = (seen[status] ?? 0) + 1;
}

// `runs` calls with values of `arbitrary`, or as many as its share of the time allows, but two.
async function each(arbitrary, runs, share_ms, fn) {
	const end = Date.now() + share_ms;
	let done = 0;
	const in_time = async (value) => {
		if (done++ < 2 || Date.now() < end) await fn(value);
	};
	const result = await fc.check(fc.asyncProperty(arbitrary, in_time), { numRuns: runs, endOnFailure: true });
	if (result.failed) throw new Error(`${result.errorInstance?.message}\nwith ${JSON.stringify(result.counterexample)}, seed ${result.seed}`);
}

test("a wrong answer would be noticed", () => {
	assert.ok(answer_mismatches("GET", "/api/v1/meters", 418, "application/json", {}).length);
	assert.ok(answer_mismatches("GET", "/api/v1/meters", 200, "text/plain", "").length);
	assert.ok(answer_mismatches("GET", "/api/v1/meters", 200, "application/json", { items: [] }).length);
	assert.ok(answer_mismatches("GET", "/api/v1/meters", 200, "application/json", { items: [{ meter: 1 }], next: null }).length);
	assert.deepEqual(answer_mismatches("GET", "/api/v1/meters", 200, "application/json", { items: [], next: null }), []);
	assert.ok(mismatches("#/components/schemas/Id", "0").length);
});

test("what only reads finds what there is", async () => {
	let left = operations.filter((o) => o.method === "GET"), before;
	// A list may stand elsewhere than what it names: as long as some succeed, the others may do so after them.
	do {
		before = left;
		left = [];
		for (const operation of before) if (!(await read_plainly(operation))) left.push(operation);
	} while (left.length && left.length < before.length);
	assert.deepEqual(left.map((o) => [o.operationId, refused[o.operationId]]), [], "operations that only read and do not succeed");
});

test("good input: every operation answers as described", async () => {
	const share_ms = TIME_MS / operations.length;
	for (const operation of operations)
		await each(good_call(operation), GOOD_RUNS, share_ms, async (parts) => {
			const answer = await call(operation, parts);
			note(operation, "good", answer.status);
			if (answer.status < 300) learn(operation, answer);
		});
	assert.deepEqual(operations.filter((o) => !outcome[o.operationId]?.good).map((o) => o.operationId), [], "operations that were not tried");
});

test("bad input: every operation refuses it as described, and names the field", async () => {
	const share_ms = TIME_MS / operations.length;
	let tried = 0;
	for (const operation of operations) {
		const ways = bad_calls(operation);
		for (const way of ways) {
			await each(way, BAD_RUNS, share_ms / ways.length, async (parts) => {
				const answer = await call(operation, parts);
				note(operation, "bad", answer.status);
				assert.ok(answer.status >= 400, `${operation.operationId} took ${JSON.stringify(parts)}: ${answer.status}`);
				if (answer.status === 400) assert.ok(answer.body.field, JSON.stringify(answer.body));
				tried++;
			});
		}
	}
	assert.ok(tried >= operations.length * 3, `${tried} calls`);
	assert.deepEqual(operations.filter((o) => !outcome[o.operationId].bad).map((o) => o.operationId), [], "operations that were not tried");
});

test("values that the generators make are good by the description's own schemas", () => {
	for (const operation of operations) {
		const schema = schema_of(operation);
		if (schema?.$ref) fc.assert(fc.property(good(schema), (value) => assert.deepEqual(mismatches(schema.$ref, value), [])), { numRuns: 20 });
		if (schema?.$ref) fc.assert(fc.property(broken_body(schema, {}), (value) => assert.ok(mismatches(schema.$ref, value).length, JSON.stringify(value))), { numRuns: 20 });
		for (const p of queries(operation)) assert.ok(resolve(p.schema).type, `${operation.operationId} ${p.name}`);
	}
});
