// A gateway is revoked from the console by two people: the broker cuts it off, nothing of it is taken.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { FakeGateway } from "../lib/fake-gateway.mjs";
import { connect } from "../lib/mqtt.mjs";
import { until } from "../lib/process.mjs";
import { make_person } from "../lib/staff.mjs";
import { World } from "../lib/world.mjs";

let world;
const clients = () => readFileSync(path.join(world.data, "broker/clients"), "utf8");
const post = (client, url, json) => client.call("POST", "/api/v1" + url, { json, headers: { "Idempotency-Key": randomUUID() } });

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0 });
	await world.wattle("gateway", "add", "gw-2");
});

after(() => world?.stop());

test("the second person's word cuts it off, and nobody else", async () => {
	const gateway = await FakeGateway.open(world);
	const other = await until("the broker knows gw-2", () => FakeGateway.open(world, "gw-2").catch(() => null));
	const first = (await make_person(world, "first", { role: "property-manager", property: "p1" })).api;
	const second = (await make_person(world, "second", { role: "property-manager", property: "p1" })).api;
	const electrician = (await make_person(world, "emil", { role: "electrician", property: "p1" })).api;
	assert.equal((await post(electrician, "/gateways/gw-1/revoke", { reason: "x" })).status, 403);
	assert.equal((await post(first, "/gateways/gw-9/revoke", { reason: "x" })).status, 404);
	assert.equal((await post(first, "/gateways/gw-1/revoke", {})).body.field, "reason");
	const asked = await post(first, "/gateways/gw-1/revoke", { reason: "stolen" });
	assert.equal(asked.status, 202);
	assert.ok(asked.body.approval);
	assert.equal((await post(first, "/gateways/gw-1/revoke", { reason: "stolen" })).status, 409);
	assert.match(clients(), /^gateway gw-1 /m);
	const { approval } = await second.get(`/approvals/${asked.body.approval}`);
	const done = await post(second, `/approvals/${approval.id}/decision`, { verdict: "agree", hash: approval.hash });
	assert.equal(done.body.state, "done", JSON.stringify(done.body));
	await until("off the list", () => !/^gateway gw-1 /m.test(clients()));
	await until("cut off", () => gateway.client.lost, { timeout_ms: 10000 });
	assert.equal(other.client.lost, false);
	assert.match(clients(), /^gateway gw-2 /m);
	await assert.rejects(connect(world.mqtt_port, world.identity("gw-1"), { id: "gw-1" }));
	assert.equal((await post(first, "/gateways/gw-1/revoke", { reason: "again" })).status, 409);
	await new Promise((end) => other.client.end(true, {}, end));
});

test("a list that was not written before a crash is written at the next start", async () => {
	const list = path.join(world.data, "broker/clients");
	writeFileSync(list, clients() + "gateway gw-1 p1 abcdef\n");
	await world.platform.stop();
	await world.start_platform();
	await until("off the list", () => !/^gateway gw-1 /m.test(clients()));
});
