// HTTP byte by byte, for requests that no honest client sends: text over a socket, HTTP/2 frames with literal
// headers, and an upstream that notes exactly what reaches it.
import net from "node:net";
import { once } from "node:events";

// Writes bytes, returns all that comes back until the end of the connection or of `wait_ms`; seen.closed: which of the two.
export async function exchange(socket, bytes, { wait_ms = 1500, done = () => false, seen = {} } = {}) {
	let text = "";
	socket.setEncoding("latin1");
	socket.on("data", (part) => (text += part));
	socket.on("error", () => {});
	const end = once(socket, "close").catch(() => {});
	socket.write(bytes);
	const limit = Date.now() + wait_ms;
	while (!socket.destroyed && Date.now() < limit && !done(text)) await Promise.race([end, new Promise((next) => setTimeout(next, 10))]);
	seen.closed = socket.destroyed;
	socket.destroy();
	return text;
}

export const statuses = (text) => [...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map((m) => Number(m[1]));

// An upstream that answers every request with an empty 200 and keeps them as they came.
export class Recorder {
	static async start() {
		const recorder = new Recorder();
		recorder.requests = [];
		recorder.stray = "";
		recorder.server = net.createServer((socket) => {
			let buffer = "";
			socket.setEncoding("latin1");
			socket.on("error", () => {});
			socket.on("data", (part) => {
				buffer += part;
				for (let end; (end = buffer.indexOf("\r\n\r\n")) >= 0; ) {
					const head = buffer.slice(0, end), length = Number(head.match(/^content-length: *(\d+)/im)?.[1] ?? 0);
					if (buffer.length < end + 4 + length) break;
					recorder.requests.push({ head, body: buffer.slice(end + 4, end + 4 + length) });
					buffer = buffer.slice(end + 4 + length);
					socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
				}
			});
			socket.on("close", () => (recorder.stray += buffer));
		});
		recorder.server.listen(0, "127.0.0.1");
		await once(recorder.server, "listening");
		recorder.port = recorder.server.address().port;
		return recorder;
	}

	take() {
		return this.requests.splice(0);
	}

	stop() {
		this.server.close();
	}
}

const literal = (text) => {
	const bytes = Buffer.from(text, "latin1");
	return Buffer.concat([Buffer.from(bytes.length < 127 ? [bytes.length] : [127, bytes.length - 127]), bytes]); // up to 254 bytes
};

export function frame(type, flags, stream, payload = Buffer.alloc(0)) {
	const head = Buffer.alloc(9);
	head.writeUIntBE(payload.length, 0, 3);
	head[3] = type;
	head[4] = flags;
	head.writeUInt32BE(stream, 5);
	return Buffer.concat([head, payload]);
}

const DATA = 0, HEADERS = 1, RST = 3, SETTINGS = 4, GOAWAY = 7, END_STREAM = 1, END_HEADERS = 4;
// The static table's names of :status, enough to read nginx's answers.
const STATUS_INDEX = { 8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500 };

// One HTTP/2 request with exactly these headers ([name, value] in order); returns {status, reset, gone}.
export async function http2_request(socket, headers, body) {
	const block = Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));
	socket.on("error", () => {});
	socket.write(Buffer.concat([
		Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(SETTINGS, 0, 0),
		frame(HEADERS, END_HEADERS | (body === undefined ? END_STREAM : 0), 1, block),
		...(body === undefined ? [] : [frame(DATA, END_STREAM, 1, Buffer.from(body))]),
	]));
	const result = {};
	let buffer = Buffer.alloc(0);
	socket.on("data", (part) => {
		buffer = Buffer.concat([buffer, part]);
		while (buffer.length >= 9 && buffer.length >= 9 + buffer.readUIntBE(0, 3)) {
			const size = buffer.readUIntBE(0, 3), type = buffer[3], payload = buffer.subarray(9, 9 + size);
			if (type === HEADERS) result.status ??= read_status(payload);
			if (type === RST) result.reset = payload.readUInt32BE(0);
			if (type === GOAWAY) result.gone = payload.readUInt32BE(4);
			buffer = buffer.subarray(9 + size);
		}
	});
	const limit = Date.now() + 1500;
	while (!socket.destroyed && Date.now() < limit && !Object.keys(result).length) await new Promise((next) => setTimeout(next, 10));
	socket.destroy();
	return result;
}

// nginx writes a status that has no index of its own as three plain digits.
function read_status(block) {
	return block[0] & 0x80 ? STATUS_INDEX[block[0] & 0x7f] : Number(block.subarray(2, 5).toString("latin1"));
}
