// RFC 6238, written here from the RFC and not from the platform's source: another pair of eyes.
import { createHmac } from "node:crypto";

export function base32_decode(text) {
	let bits = 0, have = 0;
	const out = [];
	for (const letter of text) {
		bits = (bits << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter);
		have += 5;
		if (have >= 8) out.push((bits >> (have -= 8)) & 255);
	}
	return Buffer.from(out);
}

export function totp(secret, at_ms = Date.now()) {
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(Math.floor(at_ms / 30000)));
	const mac = createHmac("sha1", base32_decode(secret)).update(counter).digest();
	const at = mac[19] & 15;
	return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}
