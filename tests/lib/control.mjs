// Control sockets of the simulator: one JSON object a line in, one out.
import net from "node:net";
import { once } from "node:events";
import { until } from "./process.mjs";

export class Control {
	static async open(path) {
		const control = new Control();
		control.socket = await until(`control socket ${path}`, async () => {
			const socket = net.createConnection(path);
			await once(socket, "connect");
			return socket;
		});
		control.waiting = [];
		let rest = "";
		control.socket.setEncoding("utf8");
		control.socket.on("data", (text) => {
			const lines = (rest + text).split("\n");
			rest = lines.pop();
			for (const line of lines) control.waiting.shift()?.done(line);
		});
		const lost = () => control.waiting.splice(0).forEach((w) => w.failed(new Error("control socket closed")));
		control.socket.on("close", lost).on("error", lost);
		return control;
	}

	// Sends {op, …} and returns the answer; an answer with `error` is thrown.
	async ask(op, fields = {}) {
		const line = await new Promise((done, failed) => {
			this.waiting.push({ done, failed });
			this.socket.write(JSON.stringify({ op, ...fields }) + "\n");
		});
		const answer = JSON.parse(line);
		if (answer.error) throw new Error(`${op}: ${answer.error}`);
		return answer;
	}

	close() {
		this.socket.destroy();
	}
}
