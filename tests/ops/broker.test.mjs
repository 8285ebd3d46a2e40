// M1: who may speak at the broker, and how one is silenced. Real Mosquitto, our plugin, mqtt.js.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { connect, end, hears, publish, subscribe } from "../lib/mqtt.mjs";
import { run_ok, sleep, until } from "../lib/process.mjs";
import { World } from "../lib/world.mjs";

const NOT_AUTHORISED = 135;
let world, platform, a, b;

before(async () => {
	world = await World.start({ parts: [] });
	for (const id of ["gw-a", "gw-b", "gw-c"]) await world.wattle("gateway", "add", id);
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

// Signs with the installation's own authority what `wattle` would not sign.
async function certificate(name, { cn = name, ca = path.join(world.data, "pki/ca"), from = "20200101000000Z", to = "20400101000000Z" }) {
	const dir = world.path("odd");
	await run_ok("mkdir", ["-p", dir]);
	const file = (ending) => path.join(dir, name + ending);
	await run_ok("openssl", ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file(".key"), "-out", file(".csr"), "-subj", `/CN=${cn}`]);
	writeFileSync(file(".conf"), `[ca]\ndefault_ca=c\n[c]\nnew_certs_dir=${dir}\ndatabase=${file(".db")}\nserial=${file(".srl")}\npolicy=p\ndefault_md=sha256\n[p]\ncommonName=supplied\n`);
	writeFileSync(file(".db"), "");
	writeFileSync(file(".srl"), "77\n");
	await run_ok("openssl", ["ca", "-batch", "-config", file(".conf"), "-cert", ca + ".crt", "-keyfile", ca + ".key", "-in", file(".csr"), "-out", file(".crt"), "-notext", "-startdate", from, "-enddate", to]);
	return { ca: path.join(world.data, "pki/ca.crt"), cert: file(".crt"), key: file(".key") };
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

test("a batch cannot be retained, a state can", async () => {
	assert.equal(await publish(a, topic("gw-a", "up"), "x", { retain: true }), NOT_AUTHORISED);
	assert.ok((await publish(a, topic("gw-a", "state"), "{}", { retain: true })) < 128);
});

test("a command cannot be retained, not even by the platform", async () => {
	assert.equal(await publish(platform, topic("gw-a", "down"), "x", { retain: true }), NOT_AUTHORISED);
});

test("a last will on another's state is not sent, one's own is", async () => {
	for (const owner of ["gw-a", "gw-c"]) {
		const will = { topic: topic(owner, "state"), payload: Buffer.from(`will of ${owner}`), qos: 1, retain: true };
		const c = await connect(world.mqtt_port, world.identity("gw-c"), { id: "gw-c", will });
		c.stream.destroy(); // no DISCONNECT: the will is due
		await sleep(500);
	}
	const wills = platform.heard.map((m) => m.payload.toString()).filter((text) => text.startsWith("will"));
	assert.deepEqual(wills, ["will of gw-c"]);
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
	const ca = world.path("foreign");
	await run_ok("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", ca + ".key", "-out", ca + ".crt", "-days", "100", "-subj", "/CN=Wattle"]);
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
	await assert.rejects(connect(world.mqtt_port, world.identity("gw-b"), { id: "gw-b" }));
	assert.ok((await publish(a, topic("gw-a", "up"), "still here")) < 128);
});

test("after a restart of the broker the revoked one stays out", async () => {
	await world.broker.restart();
	await world.broker_ready();
	await assert.rejects(connect(world.mqtt_port, world.identity("gw-b"), { id: "gw-b" }));
	await end(await connect(world.mqtt_port, world.identity("gw-a"), { id: "gw-a" }));
});
