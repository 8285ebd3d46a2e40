// A client of the platform's HTTP interface that shares no code with it.
import { randomUUID } from "node:crypto";
import { PATIENCE, until } from "./process.mjs";

export class Api {
	constructor(port) {
		this.base = `http://127.0.0.1:${port}`;
		this.cookie = "";
	}

	// Returns {status, body, headers}; body is JSON when the server says so.
	async call(method, path, { json, text, type, headers = {} } = {}) {
		const send = { Cookie: this.cookie, ...headers };
		if (method !== "GET") send["X-Wattle-Request"] = "1";
		if (json !== undefined) send["Content-Type"] = "application/json";
		if (text !== undefined) send["Content-Type"] = type ?? "text/plain";
		const answer = await fetch(this.base + path, {
			method, headers: send, body: json !== undefined ? JSON.stringify(json) : text, signal: AbortSignal.timeout(15000 * PATIENCE),
		});
		const raw = await answer.text();
		const is_json = /[/+]json/.test(answer.headers.get("content-type") ?? "");
		return { status: answer.status, headers: answer.headers, body: is_json && raw ? JSON.parse(raw) : raw };
	}

	async expect(status, method, path, options) {
		const answer = await this.call(method, path, options);
		if (answer.status !== status)
			throw new Error(`${method} ${path}: ${answer.status}, expected ${status}: ${JSON.stringify(answer.body)}`);
		return answer.body;
	}

	get(path) {
		return this.expect(200, "GET", "/api/v1" + path);
	}

	async login(name, password) {
		const answer = await this.call("POST", "/api/v1/session", { json: { name, password } });
		if (answer.status !== 200) throw new Error(`login: ${answer.status} ${JSON.stringify(answer.body)}`);
		this.cookie = answer.headers.get("set-cookie").split(";")[0];
		return answer.body;
	}

	async meters() {
		return (await this.get("/meters?limit=200")).items;
	}

	async meter(number) {
		return this.get(`/meters/${number}`);
	}

	async devices() {
		return (await this.get("/devices?assigned=false")).items;
	}

	adopt(chip, meter, name = meter, more = {}) {
		return this.call("POST", `/api/v1/devices/${chip}/adopt`, {
			json: { meter, name, ...more }, headers: { "Idempotency-Key": randomUUID() },
		});
	}

	async command(meter, kind, { key = randomUUID(), reason = "test", ...more } = {}) {
		return this.expect(202, "POST", `/api/v1/meters/${meter}/commands`, {
			json: { kind, reason, ...more }, headers: { "Idempotency-Key": key },
		});
	}

	command_stage(id) {
		return this.get(`/commands/${id}`);
	}

	// Waits for one of the stages; returns the command.
	command_reaches(id, stages, timeout_ms = 15000) {
		return until(`command ${id} ${stages}`, async () => {
			const command = await this.command_stage(id);
			this.last_command = command;
			return [].concat(stages).includes(command.stage) && command;
		}, { timeout_ms });
	}

	async metrics() {
		const text = await this.expect(200, "GET", "/metrics");
		const found = {};
		for (const [, name, value] of text.matchAll(/^([a-z_]+(?:\{[^}]*\})?) ([-\d.e+]+)$/gim)) found[name] = Number(value);
		return found;
	}

	// Server-sent events as {event, id, data, at}; `stop()` ends the stream.
	async events(query = "") {
		const abort = new AbortController();
		const answer = await fetch(`${this.base}/api/v1/events${query}`, { headers: { Cookie: this.cookie }, signal: abort.signal });
		if (answer.status !== 200) throw new Error(`events: ${answer.status}`);
		const stream = { list: [], stop: () => abort.abort() };
		stream.done = read_events(answer.body, stream.list).catch(() => {});
		stream.wait = (what, match, timeout_ms) => until(what, () => stream.list.find(match), { timeout_ms, every_ms: 10 });
		return stream;
	}
}

async function read_events(body, list) {
	let rest = "";
	for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
		const blocks = (rest + chunk).split("\n\n");
		rest = blocks.pop();
		for (const block of blocks) {
			const event = { event: "message", data: "", at: Date.now() };
			for (const line of block.split("\n")) {
				const [, field, value] = line.match(/^(\w+): ?(.*)$/) ?? [];
				if (field === "data") event.data += value;
				else if (field) event[field] = value;
			}
			if (event.data) event.data = JSON.parse(event.data);
			if (event.data || event.id) list.push(event);
		}
	}
}
