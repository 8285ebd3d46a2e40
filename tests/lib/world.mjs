// The whole system in a temporary folder, on free ports: broker, wattled, hub, gateway, emulator.
//
//	const world = await World.start({ terminals: 2 });   adopted as meters 330100000001 …
//	world.api, world.emu (control), world.gateway, world.platform, world.broker (Daemon)
//	await world.stop();
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Api } from "./api.mjs";
import { Control } from "./control.mjs";
import { fresh_store, psql } from "./postgres.mjs";
import { Proxy } from "./proxy.mjs";
import { Daemon, bin, free_port, root, run_ok, temp_dir, until } from "./process.mjs";

export const meter_number = (k) => String(330100000000 + k);

function find(folder, name) {
	for (const entry of readdirSync(folder, { recursive: true })) if (path.basename(entry) === name) return path.join(folder, entry);
	throw new Error(`${name} is not in ${folder}: build it first`);
}

export class World {
	// parts: which programs run; proxy: the gateway reaches the broker through world.proxy; in_memory: what stands for
	// hardware (flash of the terminals, log of the bus) does not wait for this machine's disk.
	static async start({ terminals = 2, adopt = terminals, parts = ["platform", "gateway", "emu"], proxy = false, fast = false,
		settings = "", gateway_settings = "", wattled = "wattled", test_clocks = false, in_memory = false, dir } = {}) {
		const world = new this();
		world.temp = dir ? { dir, remove: () => {} } : temp_dir();
		Object.assign(world, { dir: world.temp.dir, terminals, daemons: [], options: { fast, wattled, test_clocks } });
		try {
			if (in_memory) world.put_hardware_in_memory();
			// A gateway that a test plays never asks for its terminals' time.
			if (!parts.includes("emu")) settings += "\n[platform]\nclock_wait_s = 0\n";
			await world.prepare({ settings, gateway_settings, proxy });
			await world.start_broker();
			if (parts.includes("platform")) await world.start_platform();
			if (parts.includes("gateway")) await world.start_gateway();
			if (parts.includes("emu")) await world.start_emulator();
			if (parts.includes("emu") && parts.includes("platform") && adopt) await world.adopt(adopt);
		} catch (error) {
			error.message += world.last_words();
			await world.stop({ quietly: true });
			throw error;
		}
		return world;
	}

	path(...parts) {
		return path.join(this.dir, ...parts);
	}

	get data() {
		return this.path("data");
	}

	put_hardware_in_memory() {
		const memory = (this.memory = mkdtempSync("/dev/shm/wattle-test-"));
		mkdirSync(path.join(memory, "terminals"));
		for (const name of ["terminals", "bus.log"]) symlinkSync(path.join(memory, name), this.path(name));
	}

	wattle(...args) {
		return run_ok(bin("wattle"), ["--data", this.data, ...args]);
	}

	// Looks into the main store, or changes it behind the platform's back, as another process would.
	async sql(text) {
		if (this.store) return psql(`UPDATE worker_lease SET commits=commits+1; ${text}`, this.store);
		return (await run_ok("sqlite3", ["-cmd", ".timeout 5000", path.join(this.data, "store/wattle.db"), text])).out.trim();
	}

	// Bytes in such a text, from hexadecimal.
	blob(hex) {
		return this.store ? `decode('${hex}','hex')` : `X'${hex}'`;
	}

	identity(name) {
		const base = name === "wattled" ? name : `gateways/${name}`;
		return { ca: path.join(this.data, "pki/ca.crt"), cert: path.join(this.data, "pki", base + ".crt"), key: path.join(this.data, "pki", base + ".key") };
	}

	async prepare({ settings, gateway_settings, proxy }) {
		for (const name of ["data", "gw-1", "terminals", "log"]) mkdirSync(this.path(name), { recursive: true });
		this.http_port = await free_port();
		this.mqtt_port = await free_port();
		this.store = await fresh_store();
		await this.wattle("init", "--http-port", String(this.http_port), "--mqtt-port", String(this.mqtt_port), ...(this.store ? ["--store", this.store] : []));
		const ini = path.join(this.data, "wattle.ini");
		const console_dir = path.join(root, "web/console/dist");
		let text = readFileSync(ini, "utf8");
		if (existsSync(console_dir)) text += `console_dir = ${console_dir}\n`;
		writeFileSync(ini, text + settings);
		await this.wattle("gateway", "add", "gw-1");
		this.gateway_port = this.mqtt_port;
		if (proxy) {
			this.proxy = await Proxy.open(this.mqtt_port);
			this.gateway_port = this.proxy.port;
		}
		this.write_gateway_ini("gw-1", gateway_settings);
	}

	write_gateway_ini(id, more = "") {
		const me = this.identity(id);
		mkdirSync(this.path(id), { recursive: true });
		writeFileSync(this.path(`${id}.ini`), [
			"[gateway]", `id = ${id}`, "property = p1", `data = ${this.path(id)}`,
			"[bus]", `uri = unix:${this.path("bus.sock")}`,
			"[broker]", "host = 127.0.0.1", `port = ${this.gateway_port}`, `ca = ${me.ca}`, `certificate = ${me.cert}`, `key = ${me.key}`,
			more, ""].join("\n"));
	}

	// test_clocks: <dir>/platform.clock and gateway.clock set the programs' clocks.
	clock(who) {
		return this.options.test_clocks ? ["--test-clock", this.path(who + ".clock")] : [];
	}

	daemon(name, file, args, env) {
		const daemon = new Daemon(name, file, args, { log: this.path("log", name + ".log"), env });
		this.daemons.push(daemon);
		return daemon;
	}

	async start_broker() {
		await this.wattle("broker");
		this.broker = this.daemon("broker", "/usr/sbin/mosquitto", ["-c", path.join(this.data, "broker/mosquitto.conf")]).start();
		await this.broker_ready();
	}

	broker_ready() {
		return until("broker", async () => {
			const { connect } = await import("node:net");
			if (!this.broker.running) throw new Error(`broker ended: ${this.broker.log}`);
			return new Promise((done) => {
				const socket = connect(this.mqtt_port, "127.0.0.1", () => done(socket.destroy())).on("error", () => done(null));
			}).then((result) => result !== null);
		});
	}

	async start_platform() {
		this.platform = this.daemon("wattled", bin(this.options.wattled), ["--config", path.join(this.data, "wattle.ini"), ...this.clock("platform")]).start();
		await this.platform_ready();
		this.api = new Api(this.http_port);
		const [, name, password] = readFileSync(path.join(this.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
		await this.api.login(name, password);
	}

	platform_ready() {
		return until("wattled", async () => {
			if (!this.platform.running) throw new Error(`wattled ended: ${this.platform.log.slice(-400)}`);
			return (await fetch(`http://127.0.0.1:${this.http_port}/healthz`)).status === 200;
		});
	}

	async start_gateway() {
		// The hub comes first: it is the bus.
		if (!this.hub) await this.start_hub();
		this.gateway = this.daemon("gw-1", bin("wattle-gateway"), [...this.clock("gateway"), this.path("gw-1.ini")]).start();
	}

	async start_hub() {
		this.hub = this.daemon("hub", bin("wattle-sim"), ["hub", "--socket", this.path("bus.sock"), "--control", this.path("hub.ctl"), "--log", this.path("bus.log")]).start();
		await until("hub", () => existsSync(this.path("bus.sock")));
		this.hub_control = await Control.open(this.path("hub.ctl"));
	}

	async start_emulator() {
		const firmware = path.join(root, "build/firmware");
		const elves = ["--loader", find(firmware, "loader.elf"), "--app", find(firmware, "terminal.elf")];
		const load = readdirSync(path.join(root, "data")).find((f) => /\.csv(\.gz)?$/.test(f));
		if (!existsSync(this.path("terminals.csv"))) {
			await run_ok(bin("wattle-sim"), ["provision", "--state", this.path("terminals"), "--terminals", String(this.terminals), ...elves, "--csv", this.path("terminals.csv")]);
			await this.wattle("terminal", "import", this.path("terminals.csv"));
		}
		this.chips = readFileSync(this.path("terminals.csv"), "utf8").trim().split("\n").map((line) => line.split(",")[0]).filter((c) => /^[0-9a-f]{24}$/.test(c));
		this.emulator = this.daemon("emu", bin("wattle-sim"), ["emu", "--hub", this.path("bus.sock"), "--terminals", String(this.terminals), "--first", "1",
			...elves, "--state", this.path("terminals"), "--load", path.join(root, "data", load), "--control", this.path("emu.ctl"), ...(this.options.fast ? ["--fast"] : [])]).start();
		this.emu = await Control.open(this.path("emu.ctl"));
	}

	// Adopts terminals 1..count as meters 330100000001 … and waits for their first values and their
	// clocks: without one they refuse commands.
	async adopt(count) {
		for (let k = 1; k <= count; k++) {
			await until(`terminal ${k} found`, async () => (await this.api.devices()).some((d) => d.chip === this.chips[k - 1]), { timeout_ms: 30000 });
			const answer = await this.api.adopt(this.chips[k - 1], meter_number(k));
			if (answer.status >= 300) throw new Error(`adopt ${k}: ${answer.status} ${JSON.stringify(answer.body)}`);
		}
		const watch = await this.api.events();
		const ready = (meter) => meter.live && meter.state?.clock_set;
		await until("live values and clocks", async () => (await this.api.meters()).filter(ready).length >= count, { timeout_ms: 60000, every_ms: 200 });
		watch.stop();
	}

	// Events that belong to a gateway and to none of its meters, newest first.
	async gateway_events(id, kind) {
		const { items } = await this.api.get(`/gateways/${id}/events?limit=500`);
		return kind ? items.filter((event) => event.kind === kind) : items;
	}

	last_words() {
		return this.daemons.map((d) => `\n--- ${d.name}${d.running ? "" : " (ended)"}\n${d.log.slice(-1200)}`).join("");
	}

	async stop({ quietly = false } = {}) {
		this.emu?.close();
		this.hub_control?.close();
		this.proxy?.close();
		const problems = [];
		for (const daemon of [...this.daemons].reverse()) {
			const end = await daemon.stop().catch((error) => problems.push(error.message));
			if (end && typeof end === "object" && end.code !== 0) problems.push(`${daemon.name}: exit ${end.code ?? end.signal} at SIGTERM: ${daemon.log.slice(-300)}`);
		}
		this.temp.remove();
		if (this.memory) rmSync(this.memory, { recursive: true, force: true });
		if (problems.length && !quietly) throw new Error(problems.join("; "));
	}
}
