// Commands as the platform signs them, made here from docs/protocol/command.md, for tests that
// replay, delay and forge.
import { createHmac } from "node:crypto";
import { message, zigzag } from "./wire.mjs";

export const KIND = { trip: 1, "allow-close": 2, close: 3, "keep-power": 4, release: 5 };

export function signed_command({ chip, key, kind, counter, issued_s, expires_s, key_version = 1, delay_s = 0 }) {
	const args = Buffer.alloc(kind === KIND["keep-power"] ? 6 : 2);
	args.writeUInt16LE(delay_s);
	const head = Buffer.alloc(16);
	head[0] = 0x10;
	head[1] = key_version;
	head.writeUInt32LE(counter, 2);
	head[6] = kind;
	head.writeUInt32LE(issued_s, 7);
	head.writeUInt32LE(expires_s, 11);
	head[15] = args.length;
	const body = Buffer.concat([head, args]);
	const mac = createHmac("sha256", Buffer.from(key, "hex")).update(Buffer.concat([Buffer.from([1]), Buffer.from(chip, "hex"), body.subarray(1)])).digest();
	return Buffer.concat([body, mac.subarray(0, 8)]);
}

// A `down` message with one command in it.
export const down = (epoch, { id, meter, body, expires_s, kind }) =>
	message([1, { f64: epoch }], [2, zigzag(Date.now())], [4, message([1, id], [2, BigInt(meter)], [3, body], [4, zigzag(expires_s)], [5, kind])]);

// The signed RESULT body: {counter, kind, outcome, reason}.
export const parse_result = (body) => ({ counter: body.readUInt32LE(2), kind: body[6], outcome: body[7], reason: body[8] });

export const ack = (epoch, boot, seq) => message([1, { f64: epoch }], [2, zigzag(Date.now())], [3, message([1, { f64: boot }], [2, seq], [3, seq])]);
