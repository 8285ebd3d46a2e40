// Checks answers against docs/api/openapi.json: the part of JSON Schema that our description uses.
import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./process.mjs";

export const openapi = JSON.parse(readFileSync(path.join(root, "docs/api/openapi.json"), "utf8"));

const type_of = (v) => (v === null ? "null" : Array.isArray(v) ? "array" : Number.isInteger(v) ? "integer" : typeof v);

// Every way in which `value` differs from `schema`, as texts.
export function mismatches(schema, value, at = "$") {
	if (schema.$ref) return mismatches(openapi.components.schemas[schema.$ref.split("/").pop()], value, at);
	if (schema.oneOf) return schema.oneOf.some((s) => !mismatches(s, value, at).length) ? [] : [`${at}: none of oneOf: ${JSON.stringify(value)}`];
	const types = [].concat(schema.type ?? []);
	if (types.length && !types.includes(type_of(value))) return [`${at}: ${type_of(value)}, not ${types}`];
	const found = [];
	if (schema.enum && !schema.enum.includes(value)) found.push(`${at}: ${value} is none of ${schema.enum}`);
	if (schema.pattern && typeof value === "string" && !new RegExp(schema.pattern).test(value)) found.push(`${at}: ${value} is not ${schema.pattern}`);
	if (schema.format === "date-time" && typeof value === "string" && !/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) found.push(`${at}: ${value} is no time`);
	if (Array.isArray(value) && schema.items) value.forEach((v, i) => found.push(...mismatches(schema.items, v, `${at}[${i}]`)));
	if (type_of(value) === "object" && schema.properties) {
		for (const name of schema.required ?? []) if (!(name in value)) found.push(`${at}: lacks ${name}`);
		for (const [name, v] of Object.entries(value)) {
			if (schema.properties[name]) found.push(...mismatches(schema.properties[name], v, `${at}.${name}`));
			else if (schema.additionalProperties === false) found.push(`${at}: ${name} is not described`);
		}
	}
	return found;
}

// Is this answer one that the description allows for the operation?
export function answer_mismatches(method, template, status, type, body) {
	let described = openapi.paths[template][method.toLowerCase()].responses[status];
	if (described?.$ref) described = openapi.components.responses[described.$ref.split("/").pop()];
	if (!described) return [`${method} ${template}: status ${status} is not described`];
	const content = described.content?.[type?.split(";")[0]];
	if (described.content && !content) return [`${method} ${template}: ${status} as ${type} is not described`];
	return content ? mismatches(content.schema, body) : [];
}
