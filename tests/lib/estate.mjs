// Objects of the organisation over the API, and callers with rights of their own.
import { randomUUID } from "node:crypto";
import { Api } from "./api.mjs";

export const P1 = "/api/v1/properties/p1";

export function make(api, path, json, status = 201) {
	return api.expect(status, "POST", path, { json, headers: { "Idempotency-Key": randomUUID() } });
}

export const try_make = (api, path, json) => api.call("POST", path, { json, headers: { "Idempotency-Key": randomUUID() } });

// PATCH, PUT, DELETE from the version that is there now, or from a given one.
export async function change(api, method, path, json, { version, read = path } = {}) {
	if (version === undefined) version = (await api.call("GET", read)).headers.get("etag");
	return api.call(method, path, { json, headers: { "If-Match": version ?? '"v0"' } });
}

export async function changed(api, method, path, json, options) {
	const answer = await change(api, method, path, json, options);
	if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
	return answer.body;
}

export const space = (api, kind, parent, code, more = {}) => make(api, `${P1}/spaces`, { kind, parent, code, ...more });

// Building A: floor 3 with 301 and 302, floor 4 with 401; building B: floor 1 with 101.
export async function estate(api) {
	const e = {};
	e.a = await space(api, "building", null, "A");
	e.a3 = await space(api, "floor", e.a.id, "3");
	e.r301 = await space(api, "room", e.a3.id, "301");
	e.r302 = await space(api, "room", e.a3.id, "302");
	e.a4 = await space(api, "floor", e.a.id, "4");
	e.r401 = await space(api, "room", e.a4.id, "401");
	e.b = await space(api, "building", null, "B");
	e.b1 = await space(api, "floor", e.b.id, "1");
	e.r101 = await space(api, "room", e.b1.id, "101");
	return e;
}

// Somebody with exactly these permissions, at a property or a space of it: by an API key.
export async function somebody(world, permissions, where = { property: "p1" }) {
	const { key } = await world.api.expect(201, "POST", "/api/v1/keys", { json: { name: "somebody", reason: "test", permissions, ...where } });
	const api = new Api(world.http_port);
	const call = api.call.bind(api);
	api.call = (method, path, options = {}) => call(method, path, { ...options, headers: { Authorization: `Bearer ${key}`, ...options.headers } });
	return api;
}

// A civil day in China, some days from today.
export const day = (from_today) => new Date(Date.now() + 8 * 3600e3 + from_today * 86400e3).toISOString().slice(0, 10);

// What of an answer may differ by nothing when an object is foreign or missing.
export const essence = ({ status, body, headers }) => JSON.stringify([status, body, headers.get("content-type"), headers.get("etag")]);
