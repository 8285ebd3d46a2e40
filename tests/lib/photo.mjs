// Photos of registers: the smallest pictures, one for each number.
import { randomUUID } from "node:crypto";
import { crc32, deflateSync } from "node:zlib";

function chunk(name, data) {
	const body = Buffer.concat([Buffer.from(name), data]), out = Buffer.alloc(body.length + 8);
	out.writeUInt32BE(data.length);
	body.copy(out, 4);
	out.writeUInt32BE(crc32(body), body.length + 4);
	return out;
}

// A grey PNG of one pixel whose brightness is `n`.
export function png(n) {
	const head = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
	return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), chunk("IDAT", deflateSync(Buffer.from([0, n]))), chunk("IEND", Buffer.alloc(0))]);
}

export const put_photo = (api, account_path, bytes) =>
	api.call("POST", `${account_path}/photos`, { text: bytes, type: "application/octet-stream", headers: { "Idempotency-Key": randomUUID() } });

// Its name.
export async function send_photo(api, account_path, n = 1) {
	const answer = await put_photo(api, account_path, png(n));
	if (answer.status !== 201) throw new Error(`photo: ${answer.status} ${JSON.stringify(answer.body)}`);
	return answer.body.name;
}
