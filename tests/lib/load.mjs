// Load and judgement for fault tests: commands one after the other, and the row comparison.
import { randomUUID } from "node:crypto";
import path from "node:path";
import { root, run, sleep, until } from "./process.mjs";

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

// Runs the comparison on the quiet files: {code, generated, spooled, stored, problems, first}.
export async function compare(world, { bus = true, gateway = "gw-1" } = {}) {
	const args = [path.join(root, "tests/chain/compare.py"), "--json", "--spool", world.path(gateway), "--store", path.join(world.data, "store")];
	if (bus) args.push("--bus", world.path("bus.log"));
	const { code, out, err } = await run("/usr/bin/python3", args);
	if (!out) throw new Error(`compare.py: ${err}`);
	return { code, ...JSON.parse(out) };
}

// Silences the bus, then waits until all that was spooled is stored; returns the last comparison,
// whether it came out well or not. `lost` are the problems that `tolerate` does not excuse.
export async function settle(world, { timeout_ms = 45000, tolerate = /^$/ } = {}) {
	await world.emulator.stop();
	const judge = async (options) => {
		const result = await compare(world, options);
		return { ...result, lost: result.first.filter((line) => !tolerate.test(line)) };
	};
	await until("all stored", async () => (await judge({ bus: false })).lost.length === 0, { timeout_ms, every_ms: 500 }).catch(() => {});
	await world.gateway.stop();
	return judge();
}
