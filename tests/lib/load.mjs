// Load and judgement for fault tests: commands one after the other, and the row comparison.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { bin, root, run, run_ok, sleep, until } from "./process.mjs";

export const ENDED = ["verified", "refused", "failed", "expired"];

// A person who trips and closes one meter by turns and never gives up: an answer that did not
// come is asked for again with the same idempotency key.
export class Switcher {
	constructor(world, meter) {
		Object.assign(this, { world, meter, commands: [], going: true });
		this.done = this.work();
	}

	async work() {
		for (let k = 0; this.going; k++) {
			const command = await this.insist(k % 2 ? "close" : "trip");
			this.commands.push(command);
			command.last = await until(`end of command ${command.id}`, async () => {
				const now = await this.world.api.command_stage(command.id);
				return ENDED.includes(now.stage) && now;
			}, { timeout_ms: 60000, every_ms: 100 });
			await sleep(100);
		}
	}

	async insist(kind) {
		const key = randomUUID();
		return until(`${kind} accepted`, () => this.world.api.command(this.meter, kind, { key }), { timeout_ms: 40000, every_ms: 200 });
	}

	async stop() {
		this.going = false;
		await this.done;
		return this.commands;
	}
}

// Other gateways that send their meters' past as fast as asked: the load beside which things are killed.
// It repeats nothing: a broker that dies takes it with it, and after each kill it begins again with other days.
export class Crowd {
	static async start(world, { gateways = 4, meters = 50, rate = 8000 } = {}) {
		const crowd = new Crowd();
		Object.assign(crowd, { world, going: true, starts: 0 });
		crowd.args = ["load", "--pki", path.join(world.data, "pki"), "--port", world.mqtt_port, "--gateways", gateways, "--meters", meters, "--rate", rate, "--window", 64, "--seconds", 3600];
		for (let g = 0; g < gateways; g++) await world.wattle("gateway", "add", `bench-${g}`);
		await run_ok(bin("wattle-bench"), ["fill", "--store", path.join(world.data, "store"), "--gateways", String(gateways), "--meters", String(meters)], { cwd: root });
		await until("meters known", () => world.api.meter("500000000000"));
		crowd.done = crowd.work();
		return crowd;
	}

	async work() {
		while (this.going) {
			const first = Math.floor(Date.now() / 60000) * 60 - 400 * 86400 + this.starts++ * 4 * 86400;
			this.child = spawn(bin("wattle-bench"), [...this.args, "--first", first].map(String), { cwd: root, stdio: "ignore" });
			await once(this.child, "exit");
			if (this.going) await sleep(100);
		}
	}

	again() {
		this.child?.kill("SIGKILL");
	}

	// On a busy machine it takes a while to connect: who kills something waits until it is there again.
	async flows() {
		const stored = async () => (await this.world.api.metrics()).wattle_batches_total;
		const before = await stored();
		await until("load", async () => (await stored()) > before + 30, { timeout_ms: 30000 });
	}

	async stop() {
		this.going = false;
		this.again();
		await this.done;
	}
}

// Runs the comparison on the quiet files: {code, generated, wanted, spooled, stored,
// problems, first, others: batches of other gateways}.
// With a period each plan second is looked for as well, except in world.away. A gateway that has ended may
// keep what it spooled at its end.
export async function compare(world, { bus = true, gateway = "gw-1", period = 0, away = world.away ?? [], stopped = false } = {}) {
	const args = [path.join(root, "tests/chain/compare.py"), "--json", "--spool", world.path(gateway), "--store", path.join(world.data, "store"), "--gateway", gateway];
	if (bus) args.push("--bus", world.path("bus.log"));
	if (bus && period) args.push("--period", String(period), ...away.flatMap(([from, to]) => ["--away", `${from / 1000},${to / 1000}`]));
	if (stopped) args.push("--stopped");
	const { code, out, err } = await run("/usr/bin/python3", args);
	if (!out) throw new Error(`compare.py: ${err}`);
	return { code, ...JSON.parse(out) };
}

// Silences the bus, then waits until all that was spooled is stored; returns the last comparison,
// whether it came out well or not. `lost` are the problems that `tolerate` does not excuse.
export async function settle(world, { timeout_ms = 45000, tolerate = /^$/, period = 0 } = {}) {
	await world.emulator.stop();
	const judge = async (options) => {
		const result = await compare(world, options);
		return { ...result, lost: result.first.filter((line) => !tolerate.test(line)) };
	};
	const all_stored = await until("all stored", async () => (await judge({ bus: false })).lost.length === 0, { timeout_ms, every_ms: 500 }).catch(() => false);
	await world.gateway.stop();
	return judge({ period, stopped: all_stored });
}

// What the terminals answered on the bus: {"<address>:<counter>": Set of executed RESULT bodies},
// from the hub's log through a small ISO-TP reader. A repeated answer has the same bytes.
export function executed_results(world) {
	const joins = new Map(), found = new Map();
	for (const line of readFileSync(world.path("bus.log"), "utf8").split("\n")) {
		const [, id_hex, hex] = line.match(/ ([0-9A-F]{8})#([0-9A-F]+)$/) ?? [];
		const id = parseInt(id_hex, 16), data = Buffer.from(hex ?? "", "hex");
		if (!hex || ((id >> 20) & 0x3f) !== 1 || !((id >> 9) & 1)) continue;
		const pci = data[0] >> 4;
		let join = joins.get(id);
		if (pci === 0) join = { want: data[0] & 15, bytes: data.subarray(1) };
		else if (pci === 1) joins.set(id, (join = { want: ((data[0] & 15) << 8) | data[1], bytes: data.subarray(2) }));
		else if (pci === 2 && join) join.bytes = Buffer.concat([join.bytes, data.subarray(1)]);
		if (pci > 2 || !join || join.bytes.length < join.want) continue;
		joins.delete(id);
		const body = join.bytes.subarray(0, join.want - 4);
		if (body[0] !== 0x11 || body[6] === 6 || body[7] !== 0) continue; // a RESULT, not of a time command, executed
		const key = `${(id >> 10) & 0x3ff}:${body.readUInt32LE(2)}`;
		found.set(key, (found.get(key) ?? new Set()).add(body.toString("hex")));
	}
	return found;
}
