// Checks answers against docs/api/openapi.json, by a JSON Schema validator that is not ours.
import { readFileSync } from "node:fs";
import path from "node:path";
import Ajv from "ajv/dist/2020.js";
import { root } from "./process.mjs";

export const openapi = JSON.parse(readFileSync(path.join(root, "docs/api/openapi.json"), "utf8"));

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
const is_day = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);
ajv.addFormat("date", is_day);
ajv.addFormat("date-time", (text) => /T\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) && is_day(text.split("T")[0]));
ajv.addSchema(openapi, "openapi");
const compiled = new Map();

// `pointer`: of a schema in the description, "#/components/schemas/Meter". Every difference, as a text.
export function mismatches(pointer, value) {
	if (!compiled.has(pointer)) compiled.set(pointer, ajv.compile({ $ref: `openapi${pointer}` }));
	const check = compiled.get(pointer);
	return check(value) ? [] : check.errors.map((e) => `$${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
}

// Does a schema of the description (any part of it) allow the value?
export function allows(schema, value) {
	if (!compiled.has(schema)) compiled.set(schema, ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components'))));
	return compiled.get(schema)(value);
}

const step = (name) => name.replaceAll("~", "~0").replaceAll("/", "~1");

// Is this answer one that the description allows for the operation?
export function answer_mismatches(method, template, status, type, body) {
	let at = `#/paths/${step(template)}/${method.toLowerCase()}/responses/${status}`;
	let described = openapi.paths[template][method.toLowerCase()].responses[status];
	if (described?.$ref) {
		at = described.$ref;
		described = openapi.components.responses[at.split("/").pop()];
	}
	if (!described) return [`${method} ${template}: status ${status} is not described`];
	const media = type?.split(";")[0];
	if (!described.content) return body === "" ? [] : [`${method} ${template}: ${status} has a body`];
	if (!described.content[media]) return [`${method} ${template}: ${status} as ${type} is not described`];
	return mismatches(encodeURI(`${at}/content/${step(media)}/schema`), body);
}
