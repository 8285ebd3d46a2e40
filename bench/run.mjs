// The figures of docs/quality.md. Each stands beside its goal and, where the goal is a ratio, beside
// the reference program that ran in the same minutes on the same machine.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { connect, end, publish } from "../tests/lib/mqtt.mjs";
import { Daemon, bin, free_port, root, run_ok, sleep, temp_dir, until } from "../tests/lib/process.mjs";
import { message, readings, zigzag } from "../tests/lib/wire.mjs";
import { World, meter_number } from "../tests/lib/world.mjs";
import { measure_console } from "./console.mjs";
import { measure_http } from "./http.mjs";
import { measure_replica } from "./replica.mjs";
import { measure_start } from "./start.mjs";
import { measure_world } from "./world.mjs";

// Many gateways, so that the minutes of a long load run stay in the past.
const GATEWAYS = 200, METERS = 100, MINUTES = 300, TERMINALS = 8;
const WINDOW = 4; // batches of a gateway on the way; all together fit the broker's queue, which these gateways rely on
const SAMPLES = 120, COMMANDS = 128, WORKERS = 4;
const CSV = path.join(root, "data/household-45d.csv");
const parts = process.argv.slice(2);
const wanted = (part) => !parts.length || parts.includes(part);
const rows = [];
let short = 0;

function figure(what, goal, result, met, reference = "—") {
	rows.push(`| ${what} | ${goal} | ${result}${met ? "" : " **(short)**"} | ${reference} |`);
	if (!met) short++;
	console.log(`${met ? "   " : "!! "}${what}: ${result} (goal ${goal}; reference ${reference})`);
}

const say = (text) => console.log(`-- ${text}`);
const percentile = (list, p) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor((list.length * p) / 100))];
const median = (list) => percentile(list, 50);
const ms = (value) => `${Math.round(value)} ms`;
const spread = (list) => `p50 ${ms(percentile(list, 50))}, p99 ${ms(percentile(list, 99))}`;

async function bench(...args) {
	const { out } = await run_ok(bin("wattle-bench"), args.map(String), { timeout: 400000, cwd: root });
	return JSON.parse(out);
}

// CPU seconds, user and system, of a process so far.
function cpu_of(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
	return (Number(fields[11]) + Number(fields[12])) / 100;
}

const status_kb = (pid, name) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(new RegExp(`${name}:\\s+(\\d+)`))[1]);

// ---- the store alone ----

async function measure_ingest() {
	say("batches into the store, in one process");
	const runs = [];
	for (let i = 0; i < 5; i++) {
		const temp = temp_dir();
		runs.push(await bench("ingest", "--dir", temp.dir, "--gateways", 100, "--meters", METERS, "--minutes", 300));
		temp.remove();
	}
	const cpu = median(runs.map((r) => r.cpu_s_per_million)), floor = median(runs.map((r) => r.floor_cpu_s_per_million));
	figure(`one-minute batches of 100 meters: decode, checks, latest, durable append (3 M readings, ${runs[0].bytes_per_reading} B each)`, "≤ 0.25 CPU-s per million",
		`${cpu.toFixed(3)} (5 runs: ${runs.map((r) => r.cpu_s_per_million.toFixed(3)).join(", ")})`, cpu <= 0.25, `${floor.toFixed(3)}: the same bytes into one bare SQLite table`);
}

// ---- money ----

async function measure_recharge() {
	say("recharges through the writer, in one process");
	const runs = [];
	for (let i = 0; i < 3; i++) {
		const temp = temp_dir();
		runs.push(await bench("recharge", "--dir", temp.dir, "--accounts", 1000, "--count", 30000));
		temp.remove();
	}
	const per_s = median(runs.map((r) => r.per_s)), cpu = median(runs.map((r) => r.cpu_us)), per_commit = median(runs.map((r) => r.per_commit));
	figure("durable recharges (order, stages, posting with receipt, supply, message, audit), 256 waiting", "≥ 3,000/s", `${Math.round(per_s)}/s (3 runs: ${runs.map((r) => r.per_s).join(", ")})`, per_s >= 3000);
	figure("CPU of a recharge", "≤ 200 µs", `${cpu.toFixed(0)} µs`, cpu <= 200);
	figure("recharges per commit", "≥ 20", per_commit.toFixed(1), per_commit >= 20);
}

async function measure_bill() {
	say("a night of many accounts, and the flat statement");
	const runs = [];
	for (let i = 0; i < 3; i++) {
		const temp = temp_dir();
		runs.push(await bench("bill", "--dir", temp.dir, "--accounts", Number(process.env.ACCOUNTS ?? 200000)));
		temp.remove();
	}
	const ratios = runs.map((r) => r.cpu_s / r.flat_cpu_s), us = median(runs.map((r) => (r.cpu_s / r.accounts) * 1e6));
	figure(`a night of ${runs[0].accounts} accounts: time of use and steps, a ledger line each`, "≤ 7 × the flat statement",
		`${median(ratios).toFixed(1)} × (3 runs: ${ratios.map((r) => r.toFixed(1)).join(", ")}), ${us.toFixed(1)} µs an account`, median(ratios) <= 7,
		`${median(runs.map((r) => (r.flat_cpu_s / r.accounts) * 1e6)).toFixed(2)} µs: one INSERT … SELECT, one UPDATE`);
	figure("its memory at the highest", "≤ 64 MiB", `${(Math.max(...runs.map((r) => r.rss_kb)) / 1024).toFixed(1)} MiB`, Math.max(...runs.map((r) => r.rss_kb)) <= 65536);
	figure("the same night again", "charges nothing", `${((runs[0].again_cpu_s / runs[0].accounts) * 1e6).toFixed(1)} µs an account`, true);
}

// ---- the same recharges on SQLite and on PostgreSQL, which syncs as in use ----

// CPU seconds of a server and of all its sessions that have ended.
function cpu_with_children(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
	return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

async function start_postgres() {
	const child = spawn(path.join(root, "tests/postgres"), ["sh", "-c", "echo $WATTLE_TEST_STORE; exec cat"],
		{ env: { ...process.env, WATTLE_TEST_STORE_SAFE: "1" }, stdio: ["pipe", "pipe", "inherit"] });
	const url = await new Promise((done) => child.stdout.once("data", (line) => done(String(line).trim())));
	const pid = Number(readFileSync(path.join(url.match(/host=(.*)$/)[1], "data/postmaster.pid"), "utf8").split("\n")[0]);
	return { url, pid, stop: () => child.stdin.end() };
}

async function measure_store() {
	say("the same recharges on SQLite and on PostgreSQL");
	const server = await start_postgres();
	try {
		for (const waiting of [1, 256]) {
			const count = waiting === 1 ? 500 : 2000, load = ["--accounts", 500, "--count", count, "--waiting", waiting];
			const lite = temp_dir(), full = temp_dir(), schema = `bench_${waiting}`;
			const on_sqlite = await bench("recharge", "--dir", lite.dir, ...load);
			await run_ok("psql", ["-Xqc", `CREATE SCHEMA ${schema}`, server.url]);
			const before = cpu_with_children(server.pid);
			const on_postgres = await bench("recharge", "--dir", full.dir, "--url", `${server.url}&options=-csearch_path%3D${schema}`, ...load);
			await sleep(500); // its sessions end
			const server_us = ((cpu_with_children(server.pid) - before) / count) * 1e6;
			lite.remove();
			full.remove();
			figure(`recharges on PostgreSQL, ${waiting} waiting`, "shown", `${on_postgres.per_s}/s; ${on_postgres.cpu_us.toFixed(0)} µs CPU each, and ${server_us.toFixed(0)} µs of the server (filling included)`, true,
				`SQLite: ${on_sqlite.per_s}/s, ${on_sqlite.cpu_us.toFixed(0)} µs`);
		}
	} finally {
		server.stop();
	}
}

// ---- the emulator ----

async function measure_terminals() {
	say("100 emulated terminals on one bus");
	const elf = (name) => path.join(root, "build/firmware/bin", name);
	const { out } = await run_ok("taskset", ["-c", "0", bin("wattle-sim"), "bench", "--load", CSV, "--loader", elf("loader.elf"), "--app", elf("terminal.elf"),
		"--terminals", "100", "--seconds", "20"], { timeout: 300000 });
	const factor = Number(out.match(/real-time factor ([\d.]+)/)[1]);
	figure("100 emulated terminals, one bus, one core: real-time factor", "≥ 1", `${factor} (${out.split("\n")[0].match(/CPU share[^,]*/)[0]})`, factor >= 1);
}

// ---- the chain ----

// A second broker with nothing of ours in it: the same TLS, no rights, no platform behind it.
async function plain_broker(world) {
	const port = await free_port(), pki = path.join(world.data, "pki");
	const conf = world.path("plain.conf");
	writeFileSync(conf, [`listener ${port} 127.0.0.1`, "allow_anonymous true", "require_certificate true", `cafile ${pki}/ca.crt`, `certfile ${pki}/broker.crt`,
		`keyfile ${pki}/broker.key`, "max_queued_messages 100000", "max_inflight_messages 1000", "set_tcp_nodelay true", "user root", ""].join("\n"));
	world.daemon("plain broker", "/usr/sbin/mosquitto", ["-c", conf]).start();
	await sleep(500);
	return { port, pki };
}

async function make_world() {
	say(`the whole chain with ${TERMINALS} terminals, and ${GATEWAYS} gateways of ${METERS} meters`);
	const world = await World.start({ terminals: TERMINALS, in_memory: true, settings: "[platform]\ntrip_limit_count = 0\n" });
	for (let g = 0; g < GATEWAYS; g++) await world.wattle("gateway", "add", `bench-${g}`);
	await run_ok(bin("wattle-bench"), ["fill", "--store", path.join(world.data, "store"), "--gateways", String(GATEWAYS), "--meters", String(METERS)], { cwd: root });
	await until("meters known", () => world.api.meter("500000000000"));
	world.plain = await plain_broker(world);
	for (const stand_in of [world.emulator, world.hub]) prefer(stand_in.child.pid);
	return world;
}

// Terminals and the bus are hardware that waits for none of our cores; the load, on other machines, takes
// none of them from the platform. What is measured stays at the priority that it has.
function prefer(pid) {
	for (const thread of readdirSync(`/proc/${pid}/task`)) os.setPriority(Number(thread), -10);
}
const LATER = ["nice", "-n", "10"];

const bare_trip = (rtt) => `bare MQTT round trip p50 ${(rtt.p50_us / 1000).toFixed(1)} ms, p99 ${(rtt.p99_us / 1000).toFixed(1)} ms`;
const rtt = (world) => bench("rtt", "--pki", world.plain.pki, "--port", world.plain.port, "--gateway", "gw-1", "--count", 300);

// Runs `job(i)` count times by some workers at once; returns what the jobs gave.
async function in_parallel(count, job) {
	const found = [];
	let next = 0;
	await Promise.all(Array.from({ length: WORKERS }, async (_, worker) => {
		while (next < count) found.push(await job(next++, worker));
	}));
	return found;
}

async function measure_latency(world) {
	say("sensor register → event in the browser's connection");
	const bare = bare_trip(await rtt(world));
	const stream = await world.api.events();
	await sleep(3000);
	const delays = await in_parallel(SAMPLES, async (i, worker) => {
		const frequency_chz = 4900 + i, meter = meter_number(worker + 1); // fits any voltage and power
		await sleep(Math.random() * 1000);
		const start = Date.now();
		await world.emu.ask("register", { terminal: worker + 1, reg: "frequency", value: frequency_chz });
		const event = await stream.wait(`frequency ${frequency_chz}`, (e) => e.event === "live" && e.at >= start &&
			e.data.items.some((item) => item.meter === meter && item.frequency_chz === frequency_chz), 10000);
		return event.at - start;
	});
	for (let k = 1; k <= WORKERS; k++) await world.emu.ask("register", { terminal: k, reg: "frequency", value: null });
	figure("sensor register change → event in the browser connection (sensor period 1 s)", "p99 < 2 s", `${spread(delays)} (n = ${delays.length})`, percentile(delays, 99) < 2000, bare);
	stream.stop();
	await measure_share(world, bare);
}

// The platform's share with the broker's counted in: a gateway's live message until the page has it.
async function measure_share(world, bare) {
	const number = 500000000000, stream = await world.api.events(`?meters=${number}`);
	const gateway = await connect(world.mqtt_port, world.identity("bench-0"), { id: "bench-0" });
	const shares = [];
	for (let i = 0; i < 300; i++) {
		const now_s = Math.floor(Date.now() / 1000);
		const table = readings([{ meter: number, time_s: now_s, voltage_dv: 2000 + i, state: 3 }]);
		const heard = stream.list.length, start = performance.now();
		await publish(gateway, "wattle/1/p1/bench-0/now", message([1, zigzag(Date.now())], [2, table]), { qos: 0 });
		while (stream.list.length === heard && performance.now() - start < 2000) await new Promise(setImmediate);
		shares.push(performance.now() - start);
		await sleep(10);
	}
	stream.stop();
	await end(gateway);
	figure("of it the platform's share, broker included: live message → event", "< 100 ms", `p50 ${percentile(shares, 50).toFixed(1)} ms, p99 ${percentile(shares, 99).toFixed(1)} ms (n = ${shares.length})`,
		percentile(shares, 99) < 100, bare);
}

// Times from the call to the event on the page's stream.
async function follow_command(world, stream, meter, kind, start) {
	const { id } = await world.api.command(meter, kind, { reason: "bench" });
	const reached = (stage) => stream.wait(`${kind} ${stage}`, (e) => e.event === "command" && e.data.id === id && e.data.stages.some((s) => s.stage === stage), 30000);
	const executed = (await reached("executed")).at - start;
	return { executed, verified: reached("verified").then((event) => event.at - start) };
}

// One command at a time, each on the next meter: it is executed before the next one is given, while
// its read-back may still be on its way.
async function run_commands(world, stream, count) {
	const times = [], tripped = [];
	for (let i = 0; i < count; i++) {
		const k = i % TERMINALS;
		await times[i - TERMINALS]?.verified;
		await sleep(100 + Math.random() * 150);
		tripped[k] = !tripped[k];
		times.push(await follow_command(world, stream, meter_number(k + 1), tripped[k] ? "trip" : "release", Date.now()));
	}
	return { executed: times.map((t) => t.executed), verified: await Promise.all(times.map((t) => t.verified)) };
}

async function command_figures(world, when) {
	const stream = await world.api.events("?meters=");
	const before = await rtt(world);
	const { executed, verified } = await run_commands(world, stream, COMMANDS);
	stream.stop();
	const reference = before.p99_us / 1000, goal = 3 * reference + 50;
	const beside = bare_trip(before);
	figure(`API call → executed, ${when}`, `p99 ≤ 3 round trips + 50 ms = ${ms(goal)}`, `${spread(executed)} (n = ${executed.length})`, percentile(executed, 99) <= goal, beside);
	figure(`API call → verified, ${when}`, `one sensor period more = ${ms(goal + 1000)}`, spread(verified), percentile(verified, 99) <= goal + 1000, "the same");
}

// Each load run takes its own days of the past, so that readings are new and not late.
let days_ago = 40;
function load_args(world, port, ...more) {
	const first = Math.floor(Date.now() / 60000) * 60 - days_ago * 86400;
	days_ago -= 6;
	return ["load", "--pki", world.plain.pki, "--port", port, "--csv", CSV, "--gateways", GATEWAYS, "--meters", METERS, "--first", first, "--window", WINDOW, ...more];
}

async function reference_ingest(world) {
	const sink = spawn(bin("wattle-bench"), ["sink", "--pki", world.plain.pki, "--port", world.plain.port, "--messages", GATEWAYS * MINUTES].map(String));
	let out = "";
	sink.stdout.on("data", (text) => (out += text));
	const ended = new Promise((done) => sink.once("close", () => done(out)));
	await new Promise((done) => sink.stderr.once("data", done));
	const sent = await bench(...load_args(world, world.plain.port, "--batches", MINUTES, "--puback", 1));
	const { seconds } = JSON.parse(await ended);
	return sent.readings / seconds;
}

async function measure_broker(world) {
	say("one-minute batches through the broker to the durable commit");
	const reference = await reference_ingest(world);
	const cpu = cpu_of(world.platform.child.pid);
	const runs = [];
	for (let i = 0; i < 3; i++) runs.push(await bench(...load_args(world, world.mqtt_port, "--batches", MINUTES)));
	const rate = median(runs.map((r) => r.readings_per_s));
	const spent = (cpu_of(world.platform.child.pid) - cpu) / runs.reduce((sum, r) => sum + r.readings, 0) * 1e6;
	figure(`readings through the broker, TLS, ${GATEWAYS} gateways, sent → acknowledged after the durable commit`, "≥ 450 k/s",
		`${Math.round(rate / 1000)} k/s (median of 3 runs: ${runs.map((r) => Math.round(r.readings_per_s / 1000)).join(", ")}; wattled ${spent.toFixed(2)} CPU-s per million with MQTT and TLS)`,
		rate >= 450000, `${Math.round(reference / 1000)} k/s: the same batches to a subscriber that does nothing`);
	return rate;
}

const readings_total = async (world) => (await world.api.metrics()).wattle_readings_total;

async function measure_loaded(world, rate) {
	say("commands while ingest runs at half of its maximum");
	const half = spawn(LATER[0], [...LATER.slice(1), bin("wattle-bench"), ...load_args(world, world.mqtt_port, "--rate", Math.round(rate / 2), "--seconds", 120)].map(String),
		{ cwd: root, stdio: ["ignore", "ignore", "inherit"] });
	const ended = new Promise((done) => half.once("close", done));
	await sleep(3000);
	const before = await readings_total(world), start = performance.now();
	await command_figures(world, `ingest at half of its maximum (${Math.round(rate / 2000)} k/s wanted)`);
	const seen = ((await readings_total(world)) - before) / (performance.now() - start);
	if (half.exitCode !== null) throw new Error("the load ended before the commands did");
	figure("readings stored meanwhile", `${Math.round(rate / 2000)} k/s`, `${Math.round(seen)} k/s`, seen >= 0.95 * rate / 2000);
	half.kill();
	await ended;
}

function measure_gateway(world) {
	const kb = status_kb(world.gateway.child.pid, "VmHWM");
	figure(`gateway's memory at its highest, ${TERMINALS} terminals`, "≤ 16 MB RSS", `${(kb / 1024).toFixed(1)} MB`, kb <= 16 * 1024);
}

async function measure_chain() {
	if (!["latency", "commands", "broker"].some(wanted)) return;
	const world = await make_world();
	try {
		if (wanted("latency")) await measure_latency(world);
		if (wanted("commands")) await command_figures(world, "otherwise idle");
		const rate = wanted("broker") ? await measure_broker(world) : 450000;
		if (wanted("commands")) await measure_loaded(world, rate);
		measure_gateway(world);
	} catch (error) {
		error.message += world.last_words();
		throw error;
	} finally {
		await world.stop({ quietly: true });
	}
}

async function write_table(load_before) {
	const { out: commit } = await run_ok("git", ["describe", "--always", "--dirty"], { cwd: root });
	const cpu = readFileSync("/proc/cpuinfo", "utf8").match(/model name\s*: (.*)/)?.[1] ?? os.arch();
	mkdirSync(path.join(root, "build"), { recursive: true });
	writeFileSync(path.join(root, "build/bench.md"), [
		`\`make bench${parts.length ? ` ONLY="${parts.join(" ")}"` : ""}\`, commit ${commit.trim()}, ${new Date().toISOString().slice(0, 16)}Z, ${os.cpus().length} cores (${cpu}), ` +
		`load of the machine before the run ${load_before.toFixed(2)}, after it ${os.loadavg()[0].toFixed(2)}.`, "",
		"| figure | goal | result | reference of the same run |", "| --- | --- | --- | --- |", ...rows, ""].join("\n"));
}

const load_before = os.loadavg()[0];
if (wanted("ingest")) await measure_ingest();
if (wanted("recharge")) await measure_recharge();
if (wanted("world")) await measure_world({ say, figure });
if (wanted("bill")) await measure_bill();
if (wanted("store")) await measure_store();
if (wanted("terminals")) await measure_terminals();
await measure_chain();
if (wanted("replica")) await measure_replica({ say, figure, bench, cpu_of });
if (wanted("http")) await measure_http({ say, figure, bench, cpu_of });
if (wanted("console")) await measure_console({ say, figure, cpu_of });
if (wanted("start")) await measure_start({ say, figure, cpu_of, status_kb });
await write_table(load_before);
console.log(`${rows.length} figures, ${short} short of their goal; build/bench.md`);
process.exit(0);
