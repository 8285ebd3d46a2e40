// Real processes under test: started, watched, killed; and the small waits that tests are made of.
import { spawn, execFile } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

export const root = path.resolve(import.meta.dirname, "../..");
export const bin = (name) => path.join(root, "build/host/bin", name);
// What is to happen at once, and not only when wattled asks the store anew: after 5 s (SESSION_CACHE_MS).
export const AT_ONCE_MS = 4000;
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// How much longer than its limit a wait may last on a machine that has more to do; a wait that ends well costs nothing.
export const PATIENCE = 3;

// Such a wait, without that patience.
export const AT_ONCE = { timeout_ms: AT_ONCE_MS, patience: 1 };

// Repeats `check` until it returns something true; an exception counts as "not yet".
export async function until(what, check, { timeout_ms = 15000, every_ms = 50, patience = PATIENCE } = {}) {
	const limit_ms = timeout_ms * patience, end = Date.now() + limit_ms;
	let last;
	for (;;) {
		try {
			last = await check();
			if (last) return last;
		} catch (error) {
			last = error;
		}
		if (Date.now() > end) throw new Error(`${what}: not within ${limit_ms} ms (last: ${last?.message ?? JSON.stringify(last)})`);
		await sleep(every_ms);
	}
}

const handed_out = new Set();
const [FIRST_PORT, LAST_PORT] = (process.env.WATTLE_PORTS ?? "20000-31999").split("-").map(Number);

// A port nobody listens on; below the range from which the kernel takes its own. It may take a while until it is used,
// or be let go for a moment: tests/run gives programs that run at once ports of their own (WATTLE_PORTS).
export async function free_port() {
	for (;;) {
		const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT + 1 - FIRST_PORT));
		if (handed_out.has(port)) continue;
		const free = await new Promise((done) => {
			const server = net.createServer().once("error", () => done(false));
			server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
		});
		if (!free) continue;
		handed_out.add(port);
		return port;
	}
}

export function temp_dir() {
	const dir = mkdtempSync(path.join(os.tmpdir(), "wattle-test-"));
	return { dir, remove: () => process.env.WATTLE_KEEP || rmSync(dir, { recursive: true, force: true }) };
}

// Runs to the end; never throws for an exit code: {code, out, err}.
export async function run(file, args, options = {}) {
	try {
		const { stdout, stderr } = await promisify(execFile)(file, args, { timeout: 60000, maxBuffer: 1 << 26, ...options });
		return { code: 0, out: stdout, err: stderr };
	} catch (error) {
		if (typeof error.code === "string") throw error; // not started at all
		return { code: error.code ?? error.signal, out: error.stdout, err: error.stderr };
	}
}

export async function run_ok(file, args, options) {
	const result = await run(file, args, options);
	if (result.code !== 0) throw new Error(`${path.basename(file)} ${args.join(" ")}: exit ${result.code}: ${result.err}`);
	return result;
}

const alive = new Set();
process.on("exit", () => alive.forEach((child) => child.kill("SIGKILL")));

// A daemon: `new Daemon("gateway", file, args, {log})`, start(), stop(), kill(), restart().
export class Daemon {
	constructor(name, file, args, { log, env = {} }) {
		Object.assign(this, { name, file, args, log_path: log, env });
	}

	start() {
		if (!existsSync(this.file)) throw new Error(`${this.file} is not built`);
		const fd = openSync(this.log_path, "a");
		this.child = spawn(this.file, this.args, { stdio: ["ignore", fd, fd], env: { ...process.env, ...this.env } });
		closeSync(fd);
		alive.add(this.child);
		const child = this.child;
		this.ended = once(child, "exit").then(([code, signal]) => {
			alive.delete(child);
			return { code, signal };
		});
		return this;
	}

	get running() {
		return Boolean(this.child && this.child.exitCode === null && this.child.signalCode === null);
	}

	get log() {
		return existsSync(this.log_path) ? readFileSync(this.log_path, "utf8") : "";
	}

	signal(name) {
		return this.child.kill(name);
	}

	// The friendly end: SIGTERM, and it must be gone in time with exit code 0.
	async stop({ timeout_ms = 8000 } = {}) {
		if (!this.running) return null;
		this.signal("SIGTERM");
		let timer; // cleared, or it would keep the test program alive for all of its time
		const end = await Promise.race([this.ended, new Promise((done) => (timer = setTimeout(done, timeout_ms)))]);
		clearTimeout(timer);
		if (end) return end;
		await this.kill();
		throw new Error(`${this.name} did not end within ${timeout_ms} ms of SIGTERM`);
	}

	async kill() {
		if (!this.running) return;
		this.signal("SIGKILL");
		await this.ended;
	}

	async restart() {
		await this.stop();
		this.start();
	}
}
