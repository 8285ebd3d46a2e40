// A gateway that says what we want: honest bytes by another encoder, and dishonest ones.
import { connect, publish, subscribe } from "./mqtt.mjs";
import { until } from "./process.mjs";
import { decode_ack, message, readings, uplink, zigzag } from "./wire.mjs";

export class FakeGateway {
	static async open(world, id = "gw-1", property = "p1") {
		const gateway = new FakeGateway();
		Object.assign(gateway, { world, id, property, boot: 0xB007n + BigInt(Date.now()), seq: 0, acks: [] });
		gateway.client = await connect(world.mqtt_port, world.identity(id), { id });
		gateway.client.on("message", (topic, payload) => topic.endsWith("/ack") && gateway.acks.push(decode_ack(payload)));
		for (const leaf of ["ack", "down"]) await subscribe(gateway.client, gateway.topic(leaf));
		await gateway.publish("state", JSON.stringify({ online: true, boot: gateway.boot.toString(16).padStart(16, "0"), since: 1, version: "0.1.0", config: 0,
			spool: { queued: 0, oldest_s: 0, bytes: 0, damaged: 0, refused: 0 }, bus: { kind: "unix", up: true, load_permille: 0, errors: 0, terminals: 1 },
			clock: { offset_ms: 0, confirmed: true, steps: 0 }, last_stop: "clean", dropped: 0 }), { retain: true });
		return gateway;
	}

	topic(leaf) {
		return `wattle/1/${this.property}/${this.id}/${leaf}`;
	}

	publish(leaf, payload, options) {
		return publish(this.client, this.topic(leaf), payload, options);
	}

	// A batch with the next seq; `rows` as in wire.readings. Returns its name.
	async send(rows, { boot = this.boot, seq = ++this.seq, more = [] } = {}) {
		await this.publish("up", uplink({ boot, seq, tables: rows.length ? [readings(rows)] : [], more }));
		return { boot, seq: BigInt(seq) };
	}

	acked({ boot, seq }) {
		return this.acks.some((ack) => ack.done.some((d) => d.boot === boot && d.first <= seq && seq <= d.last));
	}

	refusal({ boot, seq }) {
		return this.acks.flatMap((ack) => ack.refused).find((r) => r.boot === boot && r.seq === seq);
	}

	until_acked(name, timeout_ms = 5000) {
		return until(`ack of ${name.seq}`, () => this.acked(name), { timeout_ms, every_ms: 20 });
	}

	until_refused(name, timeout_ms = 5000) {
		return until(`refusal of ${name.seq}`, () => this.refusal(name), { timeout_ms, every_ms: 20 });
	}

	// The event by which a gateway reports a terminal that claimed an address.
	async found(chip) {
		const now_s = Math.floor(Date.now() / 1000);
		const event = message([1, zigzag(now_s)], [3, 64], [5, 1], [6, zigzag(1)], [7, Buffer.from(chip, "hex")], [8, 1]);
		await this.until_acked(await this.send([], { more: [[4, event]] }));
	}
}

export const reading = (meter, time_s, more = {}) => ({ meter, time_s, voltage_dv: 2301, current_ma: 4350, power_dw: 10000, pf_permille: 999,
	frequency_chz: 5000, energy_wh: time_s % 1000000, state: 3, quality: 0, ...more });
