// The web side: what a read costs beside a bare libmicrohttpd, what slow clients do to others, what a
// broadcast to thousands of pages costs, and what an export of a large property needs.
import { spawn } from "node:child_process";
import { writeFileSync, readFileSync } from "node:fs";
import path from "node:path";
import { connect, end, publish } from "../tests/lib/mqtt.mjs";
import { bin, root, run_ok, sleep, until } from "../tests/lib/process.mjs";
import { hold_slowly } from "../tests/lib/slow.mjs";
import { make_person } from "../tests/lib/staff.mjs";
import { message, readings, zigzag } from "../tests/lib/wire.mjs";
import { World } from "../tests/lib/world.mjs";

const RUNS = 5, READ_SECONDS = 4, CONNECTIONS = 16;
const PAGES = 5000, PAGE_RUNS = 3, EVENTS_PER_S = 10, LISTEN_SECONDS = 8;
const SLOW = 500, SLOW_RUNS = 5;
const GATEWAYS = 200, METERS = 500; // 100,000 rows
const METER = 500000000000;

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const status_kb = (pid, name) => Number(readFileSync(`/proc/${pid}/status`, "utf8").match(new RegExp(`${name}:\\s+(\\d+)`))[1]);

// The reference program: {port, pid, stop()}.
async function bare(...args) {
	const child = spawn(bin("wattle-bench"), ["http-bare", ...args.map(String)], { stdio: ["pipe", "pipe", "inherit"] });
	const { port } = JSON.parse(await new Promise((done) => child.stdout.once("data", done)));
	return { port, pid: child.pid, stop: () => child.kill("SIGKILL") };
}

async function make_world() {
	const world = await World.start({ terminals: 0, parts: ["platform"], settings: `sse_clients = ${PAGES + 100}\nconnections = ${PAGES + 1000}\n` });
	await world.wattle("gateway", "add", "bench-0");
	await run_ok(bin("wattle-bench"), ["fill", "--store", path.join(world.data, "store"), "--gateways", "1", "--meters", "100"], { cwd: root });
	await until("meters known", () => world.api.meter(METER));
	world.gateway = await until("the broker's list", () => connect(world.mqtt_port, world.identity("bench-0"), { id: "bench-0" }));
	world.cashier = (await make_person(world, "cashier", { role: "cashier", property: "p1" })).api;
	await send_live(world, 0);
	await until("a value", async () => (await world.api.meter(METER)).live);
	return world;
}

function send_live(world, i) {
	const now_s = Math.floor(Date.now() / 1000);
	const table = readings([{ meter: METER, time_s: now_s, voltage_dv: 2000 + (i % 300), state: 3 }]);
	return publish(world.gateway, "wattle/1/p1/bench-0/now", message([1, zigzag(Date.now())], [2, table]), { qos: 0 });
}

// ---- reads ----

const read_args = (world) => ["--path", `/api/v1/meters/${METER}`, "--cookie", world.cashier.cookie];

async function read_run({ bench, cpu_of }, port, pid, ...args) {
	const cpu = cpu_of(pid);
	const seen = await bench("http-load", "--port", port, "--connections", CONNECTIONS, "--seconds", READ_SECONDS, ...args);
	return { ...seen, per_cpu_s: seen.requests / (cpu_of(pid) - cpu) };
}

async function measure_reads(world, tools) {
	const pid = world.platform.child.pid, own = [], floor = [];
	const { body } = await read_run(tools, world.http_port, pid, ...read_args(world));
	for (let i = 0; i < RUNS; i++) {
		const server = await bare("--body", body);
		floor.push((await read_run(tools, server.port, server.pid, ...read_args(world))).per_cpu_s);
		server.stop();
		own.push((await read_run(tools, world.http_port, pid, ...read_args(world))).per_cpu_s);
	}
	const k = (list) => list.map((n) => Math.round(n / 100) / 10).join(", "), share = median(own) / median(floor);
	tools.figure(`a meter's values with session check (${body} bytes of JSON), requests per CPU-second`, "≥ 60 % of a bare handler",
		`${Math.round(median(own) / 100) / 10} k = ${Math.round(100 * share)} % (${RUNS} runs: ${k(own)})`, share >= 0.6,
		`${Math.round(median(floor) / 100) / 10} k: libmicrohttpd with the same bytes from memory (${k(floor)})`);
}

// ---- slow clients ----

async function measure_slow(world, tools) {
	const read = () => tools.bench("http-load", "--port", world.http_port, "--connections", 4, "--pause-us", 4000, "--seconds", 5, ...read_args(world));
	const alone = [], beside = [];
	let count = 0;
	for (let i = 0; i < SLOW_RUNS; i++) {
		alone.push((await read()).p99_us);
		const slow = await hold_slowly(world.http_port, SLOW, world.cashier.cookie);
		const seen = await read();
		beside.push(seen.p99_us);
		count += seen.requests;
		await slow.stop();
	}
	const share = median(beside) / median(alone);
	tools.figure(`p99 of a read while ${SLOW} slow clients (heads, bodies, readers) hold connections`, "< 2 ×", `${share.toFixed(2)} × (${median(beside)} µs; ${SLOW_RUNS} runs: ${beside.join(", ")}; n = ${count})`,
		share < 2, `without them, in turns: ${median(alone)} µs (${alone.join(", ")})`);
}

// ---- pages ----

// So many pages; `during` runs when all of them listen.
async function listen(port, cookie, where, during) {
	const child = spawn(bin("wattle-bench"), ["http-listen", "--port", port, "--path", where, "--cookie", cookie, "--connections", PAGES, "--seconds", LISTEN_SECONDS].map(String));
	let out = "", bad = "";
	child.stdout.on("data", (text) => (out += text));
	const ended = new Promise((done) => child.once("close", done));
	await new Promise((done, fail) => {
		child.stderr.on("data", (text) => (String(text).startsWith("ready") ? done() : (bad += text)));
		child.once("close", () => fail(new Error(bad)));
	});
	await during();
	await ended;
	return JSON.parse(out);
}

// CPU microseconds of a server for each event that a page hears.
async function own_pages(world, tools) {
	const pid = world.platform.child.pid, rss = status_kb(pid, "VmRSS");
	let cpu = 0, each_kb = 0;
	const heard = await listen(world.http_port, world.cashier.cookie, "/api/v1/events", async () => {
		each_kb = (status_kb(pid, "VmRSS") - rss) / PAGES;
		cpu = tools.cpu_of(pid);
		for (let i = 0; i < EVENTS_PER_S * (LISTEN_SECONDS - 1); i++) {
			await send_live(world, i);
			await sleep(1000 / EVENTS_PER_S);
		}
		cpu = tools.cpu_of(pid) - cpu;
	});
	await until("pages are gone", async () => (await world.api.metrics()).wattle_sse_clients === 0, { timeout_ms: 60000 });
	return { us: (cpu / heard.events) * 1e6, size: Math.round(heard.bytes / heard.events), each_kb };
}

async function bare_pages(tools, size) {
	const server = await bare("--events-per-s", EVENTS_PER_S, "--event", size);
	let cpu = 0, events = 0;
	await listen(server.port, "none", "/events", async () => {
		cpu = tools.cpu_of(server.pid);
		await sleep((LISTEN_SECONDS - 1) * 1000);
		cpu = tools.cpu_of(server.pid) - cpu;
	}).then((heard) => (events = heard.events * (LISTEN_SECONDS - 1) / heard.seconds));
	server.stop();
	return (cpu / events) * 1e6;
}

async function measure_pages(world, tools) {
	const own = [], floor = [], us = (list) => list.map((n) => n.toFixed(1)).join(", ");
	for (let i = 0; i < PAGE_RUNS; i++) {
		own.push(await own_pages(world, tools));
		floor.push(await bare_pages(tools, own[0].size));
	}
	const spent = median(own.map((run) => run.us)), share = spent / median(floor);
	tools.figure(`a live event to ${PAGES} pages of somebody with rights to one property (${own[0].size} bytes, ${EVENTS_PER_S} a second), CPU for each page`, "≤ 1.5 × the bare library",
		`${spent.toFixed(1)} µs = ${share.toFixed(2)} × (${PAGE_RUNS} runs: ${us(own.map((run) => run.us))})`, share <= 1.5, `${median(floor).toFixed(1)} µs: libmicrohttpd that wakes its streams (${us(floor)})`);
	tools.figure(`memory of wattled for each of ${PAGES} pages`, "≤ 12 KB", `${own[0].each_kb.toFixed(1)} KB`, own[0].each_kb <= 12);
}

// ---- export ----

const rfc3339 = (unix_s) => new Date(unix_s * 1000).toISOString().replace(".000", "");

// Reads an answer to its end and drops it; the largest RSS of the server meanwhile.
async function drain(world, where) {
	const pid = world.platform.child.pid, before = status_kb(pid, "VmRSS");
	writeFileSync(`/proc/${pid}/clear_refs`, "5"); // the highest mark begins anew
	const start = performance.now();
	let bytes = 0, lines = 0;
	const answer = await fetch(`http://127.0.0.1:${world.http_port}${where}`, { headers: { Cookie: world.api.cookie } });
	if (answer.status !== 200) throw new Error(`${where}: ${answer.status} ${await answer.text()}`);
	for await (const part of answer.body) {
		bytes += part.length;
		for (const byte of part) lines += byte === 10;
	}
	return { mb: (status_kb(pid, "VmHWM") - before) / 1024, bytes, lines, seconds: (performance.now() - start) / 1000 };
}

async function measure_export(tools) {
	const world = await World.start({ terminals: 0, parts: ["platform"] });
	try {
		for (let g = 0; g < GATEWAYS; g++) await world.wattle("gateway", "add", `bench-${g}`);
		await run_ok(bin("wattle-bench"), ["fill", "--store", path.join(world.data, "store"), "--gateways", String(GATEWAYS), "--meters", String(METERS)], { cwd: root, timeout: 300000 });
		await until("meters known", () => world.api.meter(METER), { timeout_ms: 60000 });
		const first = Math.floor(Date.now() / 60000) * 60 - 86400;
		const { readings: count } = await tools.bench("load", "--pki", path.join(world.data, "pki"), "--port", world.mqtt_port, "--csv", path.join(root, "data/household-45d.csv"), "--gateways", 20,
			"--meters", 100, "--first", first, "--window", 4, "--batches", 50);
		for (const format of ["csv", "sqlite"]) {
			const seen = await drain(world, `/api/v1/properties/p1/readings?format=${format}&from=${rfc3339(first)}&to=${rfc3339(first + 3600)}`);
			if (format === "csv" && seen.lines < count) throw new Error(`only ${seen.lines} lines`);
			tools.figure(`memory of wattled while ${count} readings go out as ${format.toUpperCase()}`, "< 32 MB more", `${Math.max(0, seen.mb).toFixed(1)} MB more (${(seen.bytes / 1e6).toFixed(1)} MB in ${seen.seconds.toFixed(1)} s)`, seen.mb < 32);
		}
		for (const format of ["csv", "xlsx"]) {
			const seen = await drain(world, `/api/v1/properties/p1/sheets/meters?format=${format}`);
			if (format === "csv" && seen.lines < GATEWAYS * METERS) throw new Error(`only ${seen.lines} lines`);
			tools.figure(`memory of wattled while a sheet of ${GATEWAYS * METERS} meters goes out as ${format.toUpperCase()}`, "< 32 MB more", `${Math.max(0, seen.mb).toFixed(1)} MB more (${(seen.bytes / 1e6).toFixed(1)} MB in ${seen.seconds.toFixed(1)} s)`, seen.mb < 32);
		}
	} finally {
		await world.stop({ quietly: true });
	}
}

export async function measure_http(tools) {
	tools.say("the web side: reads, slow clients, pages, exports");
	const world = await make_world();
	try {
		await measure_reads(world, tools);
		await measure_slow(world, tools);
		await measure_pages(world, tools);
		await end(world.gateway);
	} catch (error) {
		error.message += world.last_words();
		throw error;
	} finally {
		await world.stop({ quietly: true });
	}
	await measure_export(tools);
}
