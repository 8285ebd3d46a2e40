// API keys over the wire: shown once, enough without cookie or page header, ended at once.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Api } from "../lib/api.mjs";
import { AT_ONCE, until } from "../lib/process.mjs";
import { World } from "../lib/world.mjs";

let world;
before(async () => (world = await World.start({ parts: ["platform"], terminals: 0 })));
after(() => world.stop());

const with_key = (key) => ({ headers: { Authorization: `Bearer ${key}` } });
const make = (json) => world.api.expect(201, "POST", "/api/v1/keys", { json: { name: "robot", reason: "test", permissions: ["property.read"], ...json } });

function stranger() {
	return new Api(world.http_port);
}

test("a key reads what it may, and nothing else", async () => {
	const { key, item } = await make({ property: "p1" });
	assert.match(key, /^wattle_[\w-]{43}$/);
	assert.equal(item.state, "live");
	assert.ok(!JSON.stringify(item).includes(key.slice(13)));
	const api = stranger();
	assert.equal((await api.call("GET", "/api/v1/meters", with_key(key))).status, 200);
	assert.equal((await api.call("GET", "/api/v1/keys", with_key(key))).status, 403);
	assert.equal((await api.call("GET", "/api/v1/audit", with_key(key))).status, 403);
	assert.equal((await api.call("GET", "/api/v1/meters", with_key(key.slice(0, 20) + (key[20] === "A" ? "B" : "A") + key.slice(21)))).status, 401);
	// A cookie beside a bad key gives no rights.
	assert.equal((await world.api.call("GET", "/api/v1/meters", with_key("wattle_nonsense"))).status, 401);
});

test("bad wishes are named", async () => {
	for (const [json, field] of [
		[{ permissions: ["meter.explode"] }, "permissions"], [{ property: "nowhere" }, "property"], [{ space: "7" }, "property"],
		[{ property: "p1", space: "999" }, "space"], [{ expires_at: "2020-01-01T00:00:00Z" }, "expires_at"], [{ name: "" }, "name"],
	]) {
		const answer = await world.api.call("POST", "/api/v1/keys", { json: { name: "robot", reason: "test", permissions: ["property.read"], ...json } });
		assert.equal(answer.status, 400, JSON.stringify(json));
		assert.match(answer.body.field, new RegExp("^" + field), JSON.stringify(answer.body));
	}
});

test("an ended key is refused at once, also on an open stream", async () => {
	const { key, item } = await make({ property: "p1" });
	const abort = new AbortController();
	const stream = await fetch(`http://127.0.0.1:${world.http_port}/api/v1/events`, { ...with_key(key), signal: abort.signal });
	assert.equal(stream.status, 200);
	let over = false;
	(async () => { for await (const _ of stream.body); over = true; })().catch(() => {});
	const shown = await world.api.call("GET", `/api/v1/keys/${item.id}`);
	const etag = shown.headers.get("etag");
	assert.equal((await world.api.call("DELETE", `/api/v1/keys/${item.id}?reason=lost`)).status, 428);
	assert.equal((await world.api.call("DELETE", `/api/v1/keys/${item.id}?reason=lost`, { headers: { "If-Match": '"v9"' } })).status, 412);
	const ended = await world.api.expect(200, "DELETE", `/api/v1/keys/${item.id}?reason=lost`, { headers: { "If-Match": etag } });
	assert.equal(ended.state, "ended");
	assert.equal((await stranger().call("GET", "/api/v1/meters", with_key(key))).status, 401);
	await until("the stream ends", () => over, { ...AT_ONCE, every_ms: 10 });
	abort.abort();
});

test("the last use is noted, and the key itself is nowhere in the store or the log", async () => {
	const { key, item } = await make({ property: "p1" });
	await stranger().call("GET", "/api/v1/meters", with_key(key));
	await until("use noted", async () => (await world.api.get(`/keys/${item.id}`)).used_at !== null);
	const secret = key.slice(20);
	for (const file of readdirSync(path.join(world.data, "store")))
		assert.ok(!readFileSync(path.join(world.data, "store", file)).includes(secret), file);
	assert.ok(!world.platform.log.includes(secret));
	const items = (await world.api.get("/keys?limit=1")).items;
	assert.equal(items.length, 1);
});
