// MQTT clients with a certificate of the installation (or a bad one), independent of our own code.
import mqtt from "mqtt";
import { readFileSync } from "node:fs";
import { until } from "./process.mjs";

// identity: {ca, cert, key} paths. Rejects when the broker does not let it in.
export function connect(port, identity, { id, timeout_ms = 4000, ...options } = {}) {
	const read = (path) => (path ? readFileSync(path) : undefined);
	const client = mqtt.connect({
		protocol: "mqtts", host: "127.0.0.1", port, clientId: id, protocolVersion: 5, reconnectPeriod: 0, connectTimeout: timeout_ms,
		ca: read(identity.ca), cert: read(identity.cert), key: read(identity.key), rejectUnauthorized: true, ...options,
	});
	client.heard = [];
	client.lost = false;
	client.on("message", (topic, payload, packet) => client.heard.push({ topic, payload, retain: packet.retain }));
	client.on("close", () => (client.lost = true));
	return new Promise((done, failed) => {
		const fail = (error) => {
			client.end(true);
			failed(error);
		};
		client.once("connect", () => {
			client.off("error", fail);
			client.on("error", () => {}); // seen as `lost`
			done(client);
		});
		client.once("error", fail);
		client.once("close", () => fail(new Error("connection closed")));
	});
}

// The reason code of each topic: 0..2 granted, 128 and above refused.
export function subscribe(client, topic) {
	return new Promise((done) => {
		client.subscribe(topic, { qos: 1 }, (error, granted, packet) => done(packet?.granted?.[0] ?? (error ? 128 : granted[0].qos)));
	});
}

// The reason code of the PUBACK: 0 or 16 taken, 135 not authorised.
export function publish(client, topic, payload, options = {}) {
	return new Promise((done) => {
		client.publish(topic, payload, { qos: 1, ...options }, (error, packet) => done(error ? error.code ?? 128 : packet?.reasonCode ?? 0));
	});
}

export const end = (client) => new Promise((done) => client.end(true, {}, done));

export const hears = (client, match, timeout_ms = 5000) =>
	until("message", () => client.heard.find(match), { timeout_ms, every_ms: 20 });
