// What people and integrators may hear at the broker, and what the platform says of the broker.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { connect, end, publish, subscribe } from "../lib/mqtt.mjs";
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

// A certificate of the installation with other rights than a gateway's.
async function client_with_role(role, id) {
	await world.wattle("gateway", "add", id);
	const list = world.path("data/broker/clients");
	writeFileSync(list, readFileSync(list, "utf8").replace(`gateway ${id} p1`, role === "platform" ? `platform ${id} -` : `${role} ${id} p1`));
	return until(`${role} let in`, () => connect(world.mqtt_port, world.identity(id), { id }).catch(() => null), { timeout_ms: 15000 });
}

test("live topic: JSON, QoS 0, not retained, and a viewer may read it", async () => {
	const clients = (await world.api.metrics()).wattle_broker_clients;
	const client = await client_with_role("viewer", "viewer-1"), heard = [];
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

test("what waits in the broker, and what it dropped, is in /metrics", async () => {
	// A broker whose queues are short, so that a test can fill one.
	const conf = world.path("data/broker/mosquitto.conf");
	writeFileSync(conf, readFileSync(conf, "utf8").replace("max_queued_messages 20000", "max_queued_messages 30").replace("sys_interval 5", "sys_interval 1"));
	await world.broker.restart();
	await world.broker_ready();
	const shown = (what, holds) => until(what, async () => {
		const m = await world.api.metrics();
		const seen = { queue: m.wattle_broker_queue, drops: m.wattle_broker_drops_total, clients: m.wattle_broker_clients, connected: m.wattle_mqtt_connected };
		if (!holds(seen)) throw new Error(JSON.stringify(seen));
		return m;
	}, { timeout_ms: 30000, every_ms: 200 });
	// Retained states and the broker's own figures are no queue.
	await shown("nothing waits", (m) => m.connected === 1 && m.clients >= 2 && m.queue === 0 && m.drops === 0);
	const sender = await client_with_role("platform", "sender-1");
	const clean = { clean: false, properties: { sessionExpiryInterval: 600 } };
	await world.wattle("gateway", "add", "gw-9");
	const sleeper = await until("gw-9 let in", () => connect(world.mqtt_port, world.identity("gw-9"), { id: "gw-9", ...clean }).catch(() => null), { timeout_ms: 15000 });
	assert.ok((await subscribe(sleeper, "wattle/1/p1/gw-9/down")) < 128);
	const { wattle_broker_clients: clients } = await shown("both are counted", (m) => m.clients >= 4);
	await new Promise((done) => sleeper.end(false, {}, done));
	await shown("one is gone", (m) => m.clients === clients - 1);
	for (let i = 0; i < 20; i++) assert.ok((await publish(sender, "wattle/1/p1/gw-9/down", `message ${i}`)) < 128);
	// The platform's own watch leases for gw-9, one in 5 s, come on top.
	await shown("20 wait", (m) => m.queue >= 20 && m.queue < 25 && m.drops === 0);
	for (let i = 0; i < 20; i++) await publish(sender, "wattle/1/p1/gw-9/down", `more ${i}`);
	await shown("30 wait, 10 were dropped", (m) => m.queue === 30 && m.drops >= 10 && m.drops < 20);
	const back = await connect(world.mqtt_port, world.identity("gw-9"), { id: "gw-9", ...clean });
	await until("30 arrive", () => back.heard.length >= 30);
	await shown("nothing waits again", (m) => m.queue === 0 && m.drops >= 10);
	await end(back);
	await end(sender);
});
