// What people and integrators may hear at the broker, and what the platform says of the broker.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { connect, subscribe } from "../lib/mqtt.mjs";
import { until } from "../lib/process.mjs";
import { meter_number, World } from "../lib/world.mjs";

const A = meter_number(1);
let world, stream;

before(async () => {
	world = await World.start({ terminals: 1 });
	stream = await world.api.events(); // somebody watches, so live values flow
});

after(async () => {
	stream?.stop();
	await world?.stop();
});

// A certificate of the installation with the rights of a viewer in place of a gateway's.
async function viewer(id) {
	await world.wattle("gateway", "add", id);
	const list = world.path("data/broker/clients");
	writeFileSync(list, readFileSync(list, "utf8").replace(`gateway ${id} `, `viewer ${id} `));
	return until("viewer let in", () => connect(world.mqtt_port, world.identity(id), { id }).catch(() => null), { timeout_ms: 15000 });
}

test("live topic: JSON, QoS 0, not retained, and a viewer may read it", async () => {
	const clients = (await world.api.metrics()).wattle_broker_clients;
	const client = await viewer("viewer-1"), heard = [];
	client.on("message", (topic, payload, packet) => heard.push({ topic, payload, qos: packet.qos, retain: packet.retain }));
	try {
		assert.ok((await subscribe(client, "wattle/1/p1/live/#")) < 128);
		await until("three live messages", () => heard.length >= 3, { timeout_ms: 15000 });
		for (const { topic, payload, qos, retain } of heard) {
			const value = JSON.parse(payload.toString());
			assert.equal(topic, `wattle/1/p1/live/${A}`);
			assert.equal(value.meter, A);
			assert.ok(Math.abs(Date.parse(value.at) - Date.now()) < 15000, value.at);
			for (const name of ["voltage_dv", "current_ma", "power_dw", "pf_permille", "frequency_chz", "energy_wh", "quality"])
				assert.ok(Number.isInteger(value[name]), name);
			assert.equal(value.contact_closed, true);
			assert.equal(qos, 0);
			assert.equal(retain, false);
		}
		// Nothing of it is kept: a new subscription begins with a fresh sample, never an old one.
		heard.length = 0;
		await subscribe(client, "wattle/1/p1/live/#");
		await until("a live message", () => heard.length >= 1, { timeout_ms: 15000 });
		assert.ok(heard.every((m) => !m.retain));
		await until("the broker counts the viewer", async () => (await world.api.metrics()).wattle_broker_clients > clients, { timeout_ms: 30000 });
	} finally {
		client.end(true);
	}
});

test("queue, drops and clients of the broker are in /metrics and move", async () => {
	const before = await world.api.metrics();
	for (const name of ["wattle_broker_queue", "wattle_broker_drops_total", "wattle_broker_clients"]) assert.ok(name in before, name);
	assert.equal(before.wattle_mqtt_connected, 1);
	assert.ok(before.wattle_broker_queue > 0, "retained state and $SYS values are held");
	await until("the viewer is gone from the count", async () => (await world.api.metrics()).wattle_broker_clients < before.wattle_broker_clients, { timeout_ms: 30000 });
});
