// Clients that hold connections and hardly move: heads and bodies that come byte by byte, answers that are hardly read.
import net from "node:net";
import { sleep } from "./process.mjs";

const DRIP_MS = 2000, TURNS = 40;
const HEAD = "GET /api/v1/session HTTP/1.1\r\nHost: x\r\nX-Slow: " + "a".repeat(2000);
const BODY = "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nX-Wattle-Request: 1\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n";

class Slow {
	constructor(port, kind, cookie) {
		Object.assign(this, { port, kind, cookie, heard: "", at: 0, ended: false });
		this.open();
	}

	open() {
		this.ended = false;
		this.socket = net.connect(this.port, "127.0.0.1");
		this.socket.on("error", () => {});
		this.socket.on("close", () => (this.ended = true));
		if (this.kind === "reader") {
			// The whole description again and again, and nobody takes it.
			this.socket.write(`GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\nCookie: ${this.cookie}\r\n\r\n`.repeat(20));
			this.socket.pause();
		} else {
			this.socket.on("data", (part) => (this.heard += part));
			this.text = this.kind === "head" ? HEAD : BODY + "x".repeat(2000);
			this.at = this.kind === "head" ? 20 : BODY.length;
			this.socket.write(this.text.slice(0, this.at));
		}
	}

	drip() {
		if (this.ended && this.again) this.open();
		else if (this.kind === "reader") this.socket.read(1);
		else if (!this.ended) this.socket.write(this.text[this.at++] ?? "a");
	}
}

// `count` of them, a third of each kind; those that are sent away come back. {clients, open(), stop()}
export async function hold_slowly(port, count, cookie = "", { again = true } = {}) {
	const clients = Array.from({ length: count }, (_, i) => Object.assign(new Slow(port, ["head", "body", "reader"][i % 3], cookie), { again }));
	let turn = 0; // each in its turn: real ones do not move together
	const timer = setInterval(() => {
		for (let i = turn++ % TURNS; i < clients.length; i += TURNS) clients[i].drip();
	}, DRIP_MS / TURNS);
	await sleep(1000);
	return {
		clients,
		open: () => clients.filter((client) => !client.ended).length,
		async stop() {
			clearInterval(timer);
			for (const client of clients) Object.assign(client, { again: false }).socket.destroy();
			await sleep(300);
		},
	};
}
