// Who plays the broker: a certificate that is not the broker's, not any more, or not for this host, is
// refused by gateway and platform, and a person can read why in both logs, in doctor, and afterwards in the
// gateway's health.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import { authority, certificate } from "../lib/certificate.mjs";
import { bin, run, sleep, until } from "../lib/process.mjs";
import { World } from "../lib/world.mjs";

const SERVER = ["extendedKeyUsage=serverAuth"], HERE = "subjectAltName=IP:127.0.0.1,DNS:localhost";
let world, good;

before(async () => {
	world = await World.start({ parts: ["platform", "gateway"] });
	good = readFileSync(world.path("data/broker/mosquitto.conf"), "utf8");
	await connected();
});

after(() => world?.stop());

const gateway_state = async () => (await world.api.get("/gateways")).items[0];

async function connected() {
	await until("platform connected", async () => (await world.api.call("GET", "/readyz")).status === 200, { timeout_ms: 30000 });
	await until("gateway connected", async () => (await gateway_state()).online, { timeout_ms: 60000 });
}

// The broker as it would be with this certificate.
async function broker_with({ cert, key }) {
	const ours = ["gateway", "platform"].map((who) => ({ who, from: world[who].log.length }));
	writeFileSync(world.path("data/broker/mosquitto.conf"), good.replace(/^certfile .*$/m, `certfile ${cert}`).replace(/^keyfile .*$/m, `keyfile ${key}`));
	await world.broker.restart();
	await world.broker_ready();
	return Object.fromEntries(ours.map(({ who, from }) => [who, () => world[who].log.slice(from)]));
}

const cases = {
	"a gateway's certificate": [/is no broker's \(a gateway's\?\)/, () => world.identity("gw-1")],
	"an expired certificate of the broker": [/certificate has expired/, (dir, ca) => certificate(dir, "expired", { ca, to: "20210101000000Z", extensions: [...SERVER, HERE] })],
	"a broker's certificate for another host": [/certificate is for another host/, (dir, ca) => certificate(dir, "elsewhere", { ca, extensions: [...SERVER, "subjectAltName=DNS:broker.example.org"] })],
	"a certificate of another authority": [/of a foreign authority/, async (dir) => certificate(dir, "foreign", { ca: await authority(world.path("foreign")), extensions: [...SERVER, HERE] })],
};

for (const [what, [reason, make]] of Object.entries(cases)) {
	test(`${what} at the broker's place: no connection, and a reason`, async () => {
		const said = await broker_with(await make(world.path("odd"), path.join(world.data, "pki/ca")));
		await until("the platform's reason", () => said.platform().match(new RegExp(`warn.*broker 127.0.0.1:.*${reason.source}`)), { timeout_ms: 40000 });
		await until("the gateway's reason", () => said.gateway().match(new RegExp(`warn.*link: no connection.*${reason.source}`)), { timeout_ms: 40000 });
		assert.doesNotMatch(said.gateway() + said.platform(), /connected/);
		assert.equal((await world.api.call("GET", "/readyz")).status, 503);
		const doctor = await run(bin("wattle"), ["--data", world.data, "doctor"]);
		assert.equal(doctor.code, 1);
		assert.match(doctor.out, new RegExp(`^bad +broker-not-ours: .*${reason.source}`, "m"));

		writeFileSync(world.path("data/broker/mosquitto.conf"), good);
		await world.broker.restart();
		await connected();
		// Or that nobody was there, while the good one started.
		assert.match((await gateway_state()).state.link.last_reason, new RegExp(`${reason.source}|refused or reset`));
	});
}

// CPU milliseconds that a process has used.
function cpu_ms(daemon) {
	const fields = readFileSync(`/proc/${daemon.child.pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
	return (Number(fields[11]) + Number(fields[12])) * 10;
}

// Both say `words` within the time and use little of a core meanwhile.
async function say_calmly(words, seconds) {
	const began = ["gateway", "platform"].map((who) => ({ who, from: world[who].log.length, cpu: cpu_ms(world[who]) }));
	for (const { who, from } of began) await until(`${who}: ${words}`, () => words.test(world[who].log.slice(from)) || Promise.reject(new Error(world[who].log.slice(from))), { timeout_ms: 40000, every_ms: 200 });
	await sleep(seconds * 1000);
	for (const { who, cpu } of began) assert.ok(cpu_ms(world[who]) - cpu < seconds * 300, `${who}: ${cpu_ms(world[who]) - cpu} ms of CPU time`);
}

// What is at the broker's place: {name: [what it does with a connection, what is to be said]}.
const rude = {
	"hangs up at once": [(socket) => socket.destroy(), /closed the connection|reset/],
	"hangs up for writing and waits": [(socket) => socket.end(), /closed the connection|reset/],
	"hangs up after our first word": [(socket) => socket.once("data", () => socket.end()), /closed the connection|reset/],
	"breaks the connection after our first word": [(socket) => socket.once("data", () => socket.resetAndDestroy()), /closed the connection|reset/],
	"speaks no TLS": [(socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"), /TLS: wrong version number/],
};

test("nobody at the broker's port, or somebody who hangs up: named at once, and no circle meanwhile", async (t) => {
	await world.broker.stop();
	await world.gateway.restart(); // so that it does not wait long between two attempts
	await say_calmly(/[Cc]onnection refused/, 3);
	for (const [name, [act, words]] of Object.entries(rude))
		await t.test(name, async () => {
			const sockets = [];
			const server = net.createServer({ allowHalfOpen: true }, (socket) => sockets.push(socket.on("error", () => {})) && act(socket)).listen(world.mqtt_port, "127.0.0.1");
			try {
				for (const who of ["gateway", "platform"]) await world[who].restart(); // the platform repeats no line
				await say_calmly(words, 1);
			} finally {
				for (const socket of sockets) socket.destroy();
				await new Promise((done) => server.close(done));
			}
		});
	world.broker.start();
	await world.broker_ready();
	await connected();
});
