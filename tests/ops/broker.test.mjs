// M1: who may speak at the broker, and how one is silenced. Real Mosquitto, our plugin, mqtt.js.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { authority, certificate as make } from "../lib/certificate.mjs";
import { connect, end, hears, publish, subscribe } from "../lib/mqtt.mjs";
import { run_ok, sleep, until } from "../lib/process.mjs";
import { World } from "../lib/world.mjs";

const NOT_AUTHORISED = 135;
let world, platform, a, b;

before(async () => {
	world = await World.start({ parts: [] });
	for (const id of ["gw-a", "gw-b", "gw-c"]) await world.wattle("gateway", "add", id);
	await run_ok("sqlite3", [path.join(world.data, "store/wattle.db"),
		"INSERT INTO property(property_id, group_id, slug, name, created_s) SELECT property_id + 1, group_id, 'p2', 'P2', created_s FROM property"]);
	await world.wattle("gateway", "add", "gw-p2", "--property", "p2");
	await sleep(1500); // the broker looks at its list each second
	platform = await connect(world.mqtt_port, world.identity("wattled"), { id: "wattled" });
	assert.ok((await subscribe(platform, "wattle/#")) < 128);
	a = await connect(world.mqtt_port, world.identity("gw-a"), { id: "gw-a" });
	b = await connect(world.mqtt_port, world.identity("gw-b"), { id: "gw-b" });
});

after(async () => {
	for (const client of [platform, a, b]) if (client) await end(client);
	await world?.stop();
});

const topic = (id, leaf, property = "p1") => `wattle/1/${property}/${id}/${leaf}`;

// A client's identity that `wattle` would not make.
async function certificate(name, { ca = path.join(world.data, "pki/ca"), ...more }) {
	return { ca: path.join(world.data, "pki/ca.crt"), ...(await make(world.path("odd"), name, { ca, ...more })) };
}

test("a gateway speaks on its own topics and hears its own", async () => {
	assert.ok((await subscribe(a, topic("gw-a", "down"))) < 128);
	assert.ok((await publish(a, topic("gw-a", "up"), "hello")) < 128);
	await hears(platform, (m) => m.topic === topic("gw-a", "up"));
	assert.ok((await publish(platform, topic("gw-a", "down"), "do")) < 128);
	const heard = await hears(a, (m) => m.topic === topic("gw-a", "down"));
	assert.equal(heard.payload.toString(), "do");
});

test("gateway B writes nothing of A's, of another property, or of the platform's", async () => {
	const foreign = [topic("gw-a", "up"), topic("gw-a", "state"), topic("gw-b", "up", "p2"), topic("gw-a", "down"), topic("gw-b", "ack"),
		topic("live", "330100000001"), "wattle/broker/refused", "elsewhere"];
	for (const name of foreign) assert.equal(await publish(b, name, "evil"), NOT_AUTHORISED, name);
	await sleep(300);
	assert.equal(platform.heard.filter((m) => m.payload.toString() === "evil").length, 0);
});

test("gateway B subscribes to nothing but its own ack and down", async () => {
	const filters = ["#", "+/+/down", "wattle/#", "wattle/1/+/+/down", "$SYS/#", topic("gw-a", "down"), topic("gw-b", "+"), "$share/x/" + topic("gw-a", "down")];
	for (const filter of filters) assert.ok((await subscribe(b, filter)) >= 128, filter);
	assert.ok((await publish(platform, topic("gw-a", "down"), "secret")) < 128);
	await sleep(300);
	assert.equal(b.heard.length, 0);
});

test("each refusal is told to the platform", async () => {
	await publish(b, topic("gw-a", "now"), "evil");
	const told = await hears(platform, (m) => m.topic === "wattle/broker/refused" && m.payload.includes("gw-a/now"));
	assert.equal(JSON.parse(told.payload).client, "gw-b");
});

// A connection that is refused, and what the platform is told about it: {client, reason, topic: the id asked for}.
async function refused_connection(identity, options) {
	const from = platform.heard.length;
	await assert.rejects(connect(world.mqtt_port, identity, options));
	const found = await until("told", () => platform.heard.slice(from).find((m) => m.topic === "wattle/broker/refused"), { timeout_ms: 5000 });
	const told = JSON.parse(found.payload);
	assert.equal(told.access, "connect");
	assert.ok(!("gw-a" in told) && Object.keys(told).length === 6, found.payload.toString());
	return told;
}

test("a refused connection is told under its certificate's name, whatever the client calls itself", async () => {
	await sleep(1100); // at most 20 are told a second
	const c = world.identity("gw-c");
	assert.deepEqual(await refused_connection(c, { id: "gw-a" }).then((t) => [t.client, t.reason, t.topic]), ["gw-c", 4, "gw-a"]);
	for (const username of ["gw-a", 'x","client":"gw-a', "é{}\\", "n".repeat(60000)]) {
		const told = await refused_connection(c, { id: "gw-a", username });
		assert.deepEqual([told.client, told.reason], ["gw-c", 4], username.slice(0, 40));
	}
	const odd = await refused_connection(c, { id: 'gw","client":"gw-a' + "x".repeat(5000) });
	assert.equal(odd.client, "gw-c");
	const twin = await refused_connection(await certificate("told-twin", { cn: "gw-c" }), { id: "gw-c" });
	assert.deepEqual([twin.client, twin.reason], ["gw-c", 3]);
	const unknown = await refused_connection(await certificate("told-unknown", { cn: 'x","client":"gw-a' }), { id: "gw-x" });
	assert.deepEqual([unknown.client, unknown.reason], ["x?,?client?:?gw-a", 2]);
	const endless = await refused_connection(await certificate("told-endless", { cn: "e".repeat(60) }), { id: "gw-x" });
	assert.deepEqual([endless.client, endless.reason], ["", 1]);
});

test("neither does a gateway of another property read, write or will anything here", async () => {
	const there = await connect(world.mqtt_port, world.identity("gw-p2"), { id: "gw-p2" });
	const near = ["gw-b", "gw-p2"].flatMap((id) => ["up", "now", "state", "ack", "down"].map((leaf) => topic(id, leaf)));
	try {
		assert.ok((await subscribe(there, topic("gw-p2", "down", "p2"))) < 128);
		assert.ok((await publish(there, topic("gw-p2", "up", "p2"), "mine")) < 128);
		await hears(platform, (m) => m.topic === topic("gw-p2", "up", "p2"));
		await sleep(1100);
		for (const name of near) assert.equal(await publish(there, name, "evil"), NOT_AUTHORISED, name);
		await sleep(1100);
		for (const name of [...near, "wattle/1/p1/+/down", topic("live", "330100000001"), topic("gw-b", "down", "p2")])
			assert.ok((await subscribe(there, name)) >= 128, name);
		for (const id of ["gw-b", "gw-p2"]) assert.ok((await publish(platform, topic(id, "down"), "secret")) < 128);
		await sleep(300);
		assert.equal(there.heard.length, 0);
	} finally {
		await end(there);
	}
	for (const filter of [topic("gw-b", "down", "p2"), topic("gw-p2", "down", "p2"), "wattle/1/p2/+/down", topic("live", "#", "p2")])
		assert.ok((await subscribe(b, filter)) >= 128, filter);
	assert.equal(platform.heard.filter((m) => m.payload.toString() === "evil").length, 0);
});

test("a batch cannot be retained, a state can", async () => {
	assert.equal(await publish(a, topic("gw-a", "up"), "x", { retain: true }), NOT_AUTHORISED);
	assert.ok((await publish(a, topic("gw-a", "state"), "{}", { retain: true })) < 128);
});

test("a command cannot be retained, not even by the platform", async () => {
	assert.equal(await publish(platform, topic("gw-a", "down"), "x", { retain: true }), NOT_AUTHORISED);
});

test("a last will on another's state is not sent, one's own is", async () => {
	for (const [owner, property] of [["gw-a", "p1"], ["gw-c", "p2"], ["gw-p2", "p2"], ["gw-c", "p1"]]) {
		const will = { topic: topic(owner, "state", property), payload: Buffer.from(`will of ${owner} in ${property}`), qos: 1, retain: true };
		const c = await connect(world.mqtt_port, world.identity("gw-c"), { id: "gw-c", will });
		c.stream.destroy(); // no DISCONNECT: the will is due
		await sleep(500);
	}
	const wills = platform.heard.map((m) => m.payload.toString()).filter((text) => text.startsWith("will"));
	assert.deepEqual(wills, ["will of gw-c in p1"]);
});

test("the client id must be the certificate's name", async () => {
	await assert.rejects(connect(world.mqtt_port, world.identity("gw-c"), { id: "gw-a" }));
	assert.equal(a.lost, false, "the real gw-a keeps its connection");
});

test("no certificate, no connection", async () => {
	await assert.rejects(connect(world.mqtt_port, { ca: world.identity("gw-a").ca }, { id: "gw-a" }));
});

test("an expired certificate of ours is refused", async () => {
	const old = await certificate("expired", { cn: "gw-c", to: "20210101000000Z" });
	await assert.rejects(connect(world.mqtt_port, old, { id: "gw-c" }));
});

test("a foreign authority's certificate is refused", async () => {
	const ca = await authority(world.path("foreign"));
	await assert.rejects(connect(world.mqtt_port, await certificate("foreign", { cn: "gw-c", ca }), { id: "gw-c" }));
});

test("a certificate of ours for an unknown name is refused", async () => {
	await assert.rejects(connect(world.mqtt_port, await certificate("gw-x", {}), { id: "gw-x" }));
});

test("a second certificate for a known name is refused: its serial is not in the list", async () => {
	await assert.rejects(connect(world.mqtt_port, await certificate("twin", { cn: "gw-c" }), { id: "gw-c" }));
});

test("a renewed certificate works beside the old one; --now drops the old one", async () => {
	for (const ending of ["crt", "key"])
		writeFileSync(world.path(`old.${ending}`), readFileSync(path.join(world.data, `pki/gateways/gw-c.${ending}`)), { mode: 0o600 });
	const old = { ca: world.identity("gw-c").ca, cert: world.path("old.crt"), key: world.path("old.key") };
	const once = async (identity) => end(await connect(world.mqtt_port, identity, { id: "gw-c" }));
	await world.wattle("gateway", "renew", "gw-c");
	await sleep(1500);
	await once(old);
	await once(world.identity("gw-c"));
	await world.wattle("gateway", "renew", "gw-c", "--now");
	await sleep(1500);
	await assert.rejects(once(old));
	await once(world.identity("gw-c"));
});

test("a broken list changes nothing and is logged", async () => {
	const list = path.join(world.data, "broker/clients");
	const good = readFileSync(list, "utf8");
	writeFileSync(list, good.replace("gateway gw-b", "gatewayy gw-b"));
	await until("log line", () => /clients:\d+: not a client/.test(world.broker.log));
	assert.equal(b.lost, false);
	writeFileSync(list, good);
	await sleep(1200);
});

test("`gateway revoke` cuts a connected gateway off within 10 s, others stay, and it does not come back", async () => {
	const started = Date.now();
	await world.wattle("gateway", "revoke", "gw-b");
	await until("gw-b cut off", () => b.lost, { timeout_ms: 10000 });
	assert.ok(Date.now() - started < 10000);
	assert.equal(a.lost, false);
	assert.equal(platform.lost, false);
	const told = await refused_connection(world.identity("gw-b"), { id: "gw-b" });
	assert.deepEqual([told.client, told.reason], ["gw-b", 2]);
	assert.ok((await publish(a, topic("gw-a", "up"), "still here")) < 128);
});

test("after a restart of the broker the revoked one stays out", async () => {
	await world.broker.restart();
	await world.broker_ready();
	await assert.rejects(connect(world.mqtt_port, world.identity("gw-b"), { id: "gw-b" }));
	await end(await connect(world.mqtt_port, world.identity("gw-a"), { id: "gw-a" }));
});
