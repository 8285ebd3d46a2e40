// Values of the description's schemas for fast-check: good ones, and such that break one rule.
import fc from "fast-check";
import { allows, openapi } from "../../lib/schema.mjs";

export function resolve(schema) {
	while (schema.$ref) {
		const { $ref, ...more } = schema;
		schema = { ...openapi.components.schemas[$ref.split("/").pop()], ...more };
	}
	return schema;
}

const is_control = /[\u0000-\u001f\u007f-\u009f]/;
const PLAIN = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$", LINES = "^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]*$";

// What people and attackers type: other scripts, right to left, emoji, formulas, HTML, quotes.
const HOSTILE = ["=1+1", "<script>alert(1)</script>", "‮abc", "\u{1F600}\u{1F468}‍\u{1F469}", "'; DROP TABLE users;--", "一号楼 101", "%00", "é", "{{7*7}}", "@SUM(A1)", "-2+3"];

function text(schema) {
	const min = schema.minLength ?? 0, max = Math.min(schema.maxLength ?? 40, min + 200);
	const free = fc.string({ unit: "binary", minLength: min, maxLength: max, size: "max" }).filter((s) => !is_control.test(s));
	const words = HOSTILE.filter((s) => [...s].length >= min && [...s].length <= max);
	return words.length ? fc.oneof(free, fc.constantFrom(...words)) : free;
}

// Any time, and more often one of the next year.
const now_s = Math.floor(Date.now() / 1000);
const seconds = fc.oneof(fc.integer({ min: 0, max: 4102444800 }), fc.integer({ min: now_s + 60, max: now_s + 31536000 }));

function string(schema) {
	if (schema.format === "date-time") return seconds.map((s) => new Date(s * 1000).toISOString().replace(".000", ""));
	if (schema.format === "date") return seconds.map((s) => new Date(s * 1000).toISOString().slice(0, 10));
	if (schema.pattern && ![PLAIN, LINES].includes(schema.pattern)) return fc.stringMatching(new RegExp(schema.pattern, "u"));
	return text(schema);
}

function object(schema, ids) {
	const parts = Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, part]) => [name, good(part, ids, name)]));
	const required = schema.required ?? [];
	// Half of them without whatever may be left out: options rarely go together.
	return fc.oneof(fc.record(parts, { requiredKeys: required }), fc.record(Object.fromEntries(required.map((name) => [name, parts[name]]))));
}

// `ids`: {word: [values]} of objects that exist; members with such a name get one now and then.
export function good(schema, ids = {}, name = "") {
	schema = resolve(schema);
	if (schema.oneOf) return fc.oneof(...schema.oneOf.map((s) => good(s, ids, name)));
	if (schema.enum) return fc.constantFrom(...schema.enum);
	if (schema.const !== undefined) return fc.constant(schema.const);
	const [type, ...others] = [].concat(schema.type);
	if (others.length) return fc.oneof(...[type, ...others].map((t) => good({ ...schema, type: t }, ids, name)));
	if (type === "null") return fc.constant(null);
	if (type === "boolean") return fc.boolean();
	if (type === "integer") return fc.integer({ min: Math.max(schema.minimum, -(2 ** 31)), max: Math.min(schema.maximum, 2 ** 31 - 1) });
	if (type === "array") return fc.array(good(schema.items, ids, name), { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 3, 3) });
	if (type === "object") return object(schema, ids);
	const known = (ids[name.replace(/_id$|s$/, "")] ?? []).filter((v) => typeof v === "string");
	return known.length ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: string(schema) }) : string(schema);
}

// ---- what no schema of ours allows ----

const other_type = (types) => fc.constantFrom(...[["string", "x"], ["integer", 7], ["boolean", true], ["array", [[]]], ["object", { a: { b: 1 } }], ["null", null], ["number", 1.5]]
	.filter(([t]) => !types.includes(t)).map(([, v]) => v));

// Values that break this schema by one rule.
function broken_value(whole) {
	const schema = resolve(whole);
	const options = schema.oneOf ? schema.oneOf.map(resolve) : [schema];
	const types = options.flatMap((s) => [].concat(s.type ?? []));
	const ways = [other_type(types)];
	for (const part of options) {
		if (part.maxLength) ways.push(fc.constant("长".repeat(part.maxLength + 1)), fc.constant("a\u0000b"), fc.constant("a\u0007b"));
		if (part.minLength) ways.push(fc.constant(""));
		if (part.enum) ways.push(fc.constant("no such word"), fc.constant(""));
		if (part.format) ways.push(fc.constant("yesterday"), fc.constant("2026-02-30T00:00:00Z"));
		if (part.pattern && ![PLAIN, LINES].includes(part.pattern)) ways.push(fc.constant(" "), fc.constant("../../etc/passwd"), fc.constant("é"));
		if (part.maximum !== undefined) ways.push(fc.constant(part.maximum + 1), fc.constant(9007199254740991), fc.constant(1e300));
		if (part.minimum !== undefined) ways.push(fc.constant(part.minimum - 1));
		if (part.maxItems) ways.push(good(part.items).map((v) => Array(part.maxItems + 1).fill(v)));
	}
	return fc.oneof(...ways).filter((value) => !allows(whole, value));
}

// Bodies in which exactly one thing is wrong.
export function broken_body(schema, ids) {
	schema = resolve(schema);
	const names = Object.keys(schema.properties);
	const ways = [good(schema, ids).map((body) => ({ ...body, no_such_member: 1 })), fc.constantFrom(null, [], "text", 7)];
	for (const name of schema.required ?? []) ways.push(good(schema, ids).map(({ [name]: _, ...body }) => body));
	for (const name of names) ways.push(fc.tuple(good(schema, ids), broken_value(schema.properties[name])).map(([body, bad]) => ({ ...body, [name]: bad })));
	return fc.oneof(...ways);
}

// Not JSON, or not UTF-8, or deeper than anybody needs.
export const broken_text = fc.oneof(fc.constantFrom("", "{", "{}}", "NaN", "{\"a\":1e999}", "[".repeat(5000), "{\"a\":".repeat(3000), "\"\\ud800\"", "{\"a\":1,\"a\":2}"),
	fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)));

// A parameter that its schema refuses, as text.
export function broken_parameter(schema) {
	schema = resolve(schema);
	if (schema.type === "integer") return fc.constantFrom("", "x", "1.5", "-0", "007", String(schema.maximum + 1), String(schema.minimum - 1), "1e3", "99999999999999999999");
	if (schema.type === "boolean") return fc.constantFrom("", "1", "TRUE", "null");
	if (schema.type === "array") return fc.constantFrom(",", "x,", "1,,2");
	if (schema.enum) return fc.constantFrom("no-such-word", "");
	if (schema.format) return fc.constantFrom("yesterday", "", "2026-13-01");
	if (schema.pattern && ![PLAIN, LINES].includes(schema.pattern)) return fc.constantFrom(" ", "../..", "é");
	return fc.constant("长".repeat((schema.maxLength ?? 1000) + 1));
}
