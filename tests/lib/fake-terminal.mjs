// Terminals behind a gateway that we play: what comes `down` for them is opened, obeyed and answered, signed, as
// docs/protocol/command.md says; or left, lost or refused, as a test wants it. Made from the specification alone.
import { createHmac } from "node:crypto";
import { reading } from "./fake-gateway.mjs";
import { until } from "./process.mjs";
import { decode, message, zigzag } from "./wire.mjs";

export const KINDS = { 1: "trip", 2: "allow-close", 3: "close", 4: "keep-power", 5: "release", 6: "time", 8: "recharge", 9: "purse-void" };
const RECEIVED = 1, ANSWERED = 2, READ_BACK = 3, NO_ANSWER = 5, REFUSED = 6;
const EXECUTED = 0, COUNTER = 2, REPEATED = 16, MISSING = 17, DIFFERS = 18, OFFLINE = 4;
export const KEEP_POWER = 7, HOARDING = 20;
const CLOSED = 1, WANT_CLOSED = 2, FORCED = 4, KEPT = 8, ALLOWED = 16, CLOCK_SET = 64;

const unzigzag = (n) => Number((n >> 1n) ^ -(n & 1n));

// A command as a terminal reads it.
function open(fields) {
	const [id, meter, body] = [Number(fields[1][0]), String(fields[2][0]), fields[3][0]];
	const args = body.subarray(16, 16 + body[15]), kind = KINDS[body[6]];
	const command = { id, meter, body, kind, counter: body.readUInt32LE(2), args };
	if (kind === "recharge") Object.assign(command, { count: args.readUInt32LE(0), amount_fen: Number(args.readBigInt64LE(4)), total_fen: Number(args.readBigInt64LE(12)) });
	if (kind === "purse-void") command.count = args.readUInt32LE(0);
	return command;
}

export class FakeTerminals {
	constructor(gateway) {
		Object.assign(this, { gateway, of: new Map() });
		gateway.client.on("message", (topic, payload) => {
			if (!topic.endsWith("/down")) return;
			for (const bytes of decode(payload)[4] ?? []) {
				const command = open(decode(bytes));
				this.of.get(command.meter)?.hear(command);
			}
		});
	}

	add(meter, chip, key) {
		const terminal = new FakeTerminal(this.gateway, meter, chip, key);
		this.of.set(meter, terminal);
		return terminal;
	}
}

class FakeTerminal {
	constructor(gateway, meter, chip, key) {
		Object.assign(this, { gateway, meter, chip, key, heard: [], taken: [], done: [], obeys: false, work: Promise.resolve(), energy_wh: 0 });
		Object.assign(this, { counter: 0, closed: true, forced: false, kept: false, allowed: false, count: 0, total_fen: 0, balance_fen: 0 });
	}

	hear(command) {
		if (this.heard.some((c) => c.id === command.id)) return; // repeated until it is received
		this.heard.push(command);
		if (this.obeys) this.soon(command);
	}

	// From now on it does what it is told at once, and what it was told before.
	obeys_from_now() {
		this.obeys = true;
		for (const command of this.heard) if (!this.done.includes(command.id)) this.soon(command);
	}

	// One after the other. A test that waits for what follows says what did not.
	soon(command) {
		this.work = this.work.then(() => this.obey(command)).catch((error) => console.error(`${this.meter}: ${error.message}`));
	}

	// The command that comes next, of this kind.
	next(kind) {
		return until(`${kind} to ${this.meter}`, () => {
			const command = this.heard.find((c) => c.kind === kind && !this.taken.includes(c.id));
			if (command) this.taken.push(command.id);
			return command;
		}, { every_ms: 30 });
	}

	// Everything of this kind that ever came.
	all(...kinds) {
		return this.heard.filter((c) => kinds.includes(c.kind));
	}

	get state() {
		return (this.closed ? CLOSED | WANT_CLOSED : 0) | (this.forced ? FORCED : 0) | (this.kept ? KEPT : 0) | (this.allowed ? ALLOWED : 0) | CLOCK_SET;
	}

	/* ---- what a terminal does ---- */

	// The outcome and its reason; money and contact move.
	execute(command) {
		if (command.counter <= this.counter) return [1, COUNTER];
		if (command.kind === "trip" && this.kept) return [1, KEEP_POWER];
		if (command.kind === "recharge") {
			if (command.count <= this.count) return [1, REPEATED];
			if (command.count > this.count + 1) return [1, MISSING];
			if (command.total_fen !== this.total_fen + command.amount_fen) return [1, DIFFERS];
			Object.assign(this, { count: command.count, total_fen: command.total_fen, balance_fen: this.balance_fen + command.amount_fen });
		}
		if (command.kind === "purse-void") Object.assign(this, { count: command.count, total_fen: this.total_fen - this.balance_fen, balance_fen: 0 });
		this.counter = command.counter;
		if (command.kind === "trip") Object.assign(this, { closed: false, forced: true });
		if (["close", "keep-power", "release"].includes(command.kind)) Object.assign(this, { closed: true, forced: false, kept: command.kind === "keep-power" });
		if (command.kind === "allow-close") Object.assign(this, { forced: false, allowed: true });
		return [EXECUTED, 0];
	}

	sign(command, outcome, reason) {
		const body = Buffer.alloc(34);
		body[0] = 0x11;
		body[1] = 1;
		body.writeUInt32LE(command.counter, 2);
		body[6] = command.body[6];
		body[7] = outcome;
		body[8] = reason;
		body[9] = this.state & 63;
		body.writeUInt32LE(this.count, 10);
		body.writeBigInt64LE(BigInt(this.total_fen), 14);
		body.writeBigInt64LE(BigInt(this.balance_fen), 22);
		body.writeUInt32LE(Math.floor(Date.now() / 1000), 30);
		const mac = createHmac("sha256", Buffer.from(this.key, "hex")).update(Buffer.concat([Buffer.from([2]), Buffer.from(this.chip, "hex"), body.subarray(1)])).digest();
		return Buffer.concat([body, mac.subarray(0, 8)]);
	}

	/* ---- what its gateway tells ---- */

	async tell(...results) {
		const more = results.map((fields) => [5, message(...fields, [4, zigzag(Date.now())])]);
		await this.gateway.until_acked(await this.gateway.send([], { more }));
	}

	received(command) {
		return this.tell([[1, command.id], [2, RECEIVED]]);
	}

	no_answer(command) {
		return this.tell([[1, command.id], [2, NO_ANSWER]]);
	}

	offline(command) {
		return this.tell([[1, command.id], [2, REFUSED], [5, OFFLINE]]);
	}

	// The signed answer of what was executed, which may be told late.
	answered(command, [outcome, reason] = this.execute(command)) {
		this.done.push(command.id);
		return this.tell([[1, command.id], [2, ANSWERED], [3, this.sign(command, outcome, reason)]]);
	}

	refuses(command, reason) {
		return this.answered(command, [1, reason]);
	}

	read_back(command) {
		return this.tell([[1, command.id], [2, READ_BACK], [6, zigzag(this.closed ? 4350 : 0)], [7, this.state], [8, zigzag(this.energy_wh)], [9, zigzag(0)]]);
	}

	async obey(command) {
		await this.received(command);
		await this.answered(command);
		await this.read_back(command);
	}

	// A register as a row of a batch.
	at(time_s, energy_wh) {
		this.energy_wh = energy_wh;
		return reading(Number(this.meter), time_s, { energy_wh, state: this.state });
	}
}
