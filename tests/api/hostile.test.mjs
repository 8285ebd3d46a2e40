// Hostile HTTP against a real wattled, byte by byte: bodies and heads without end, requests that two programs might
// read differently, thousands of connections, clients that hardly move, and paths that try to leave their folder. A
// client that means well asks all the while.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, readdirSync, statSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import JSZip from "jszip";
import { Daemon, bin, sleep, until } from "../lib/process.mjs";
import { exchange } from "../lib/raw-http.mjs";
import { Sheets, xlsx_of } from "../lib/sheets.mjs";
import { hold_slowly } from "../lib/slow.mjs";
import { World } from "../lib/world.mjs";

const GIB = 2 ** 30, MB = 2 ** 20;
const CLOSES_MS = 6000; // at once, even on a busy machine; the server's own patience is 10 s
let world, sheets;

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0 });
	sheets = new Sheets(world.api);
});
after(() => world?.stop());

const kb = (name) => Number(readFileSync(`/proc/${world.platform.child.pid}/status`, "utf8").match(new RegExp(`${name}:\\s+(\\d+)`))[1]);
const metric = async (name) => (await world.api.metrics())[name];

async function connect(from) {
	const socket = net.connect({ port: world.http_port, host: "127.0.0.1", localAddress: from });
	socket.on("error", () => {});
	await once(socket, "connect");
	return socket;
}

const statuses = (text) => [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map((m) => Number(m[1]));

async function send(bytes, { done, wait_ms = done ? CLOSES_MS : 1500 } = {}) {
	const socket = await connect();
	const seen = {}, answer = await exchange(socket, Buffer.from(bytes, "latin1"), { wait_ms, done, seen });
	return { answer, statuses: statuses(answer), closed: seen.closed };
}

const NEIGHBOUR_MS = 15_000; // hundreds of clients begin at once on a machine that does more than this

// Somebody who asks every few ms, each time on a connection of his own: how long it took, at worst and at all.
class Neighbour {
	constructor() {
		this.times = [];
		this.loop = this.run();
	}

	ask() {
		return new Promise((done, fail) => {
			const start = performance.now();
			http.get({ port: world.http_port, host: "127.0.0.1", path: "/api/v1/session", agent: false, headers: { Cookie: world.api.cookie }, timeout: NEIGHBOUR_MS }, (answer) => {
				answer.resume();
				answer.on("end", () => (answer.statusCode === 200 ? done(performance.now() - start) : fail(new Error(`neighbour: ${answer.statusCode}`))));
			}).on("error", fail).on("timeout", () => fail(new Error(`neighbour waits ${NEIGHBOUR_MS} ms`)));
		});
	}

	async run() {
		while (!this.ended) {
			this.times.push(await this.ask());
			await sleep(10);
		}
	}

	// Attackers and neighbour share this program and the machine, so only the worst twentieth may be slow; bench/http.mjs
	// measures how slow.
	async stop(least = 1) {
		this.ended = true;
		await this.loop;
		assert.ok(this.times.length >= least, `asked only ${this.times.length} times`);
		const slow = [...this.times].sort((a, b) => a - b)[Math.floor(this.times.length * 0.95)];
		assert.ok(slow < 1500, `waits ${Math.round(slow)} ms`);
	}
}

// `job` runs while the neighbour asks; wattled's memory may not grow by more than `most_mb` meanwhile.
async function beside_neighbour(most_mb, job, least) {
	const neighbour = new Neighbour(), before_kb = kb("VmRSS");
	let high_kb = 0;
	const watch = setInterval(() => (high_kb = Math.max(high_kb, kb("VmRSS"))), 20);
	try {
		await Promise.race([job(), neighbour.loop]);
	} finally {
		clearInterval(watch);
	}
	await neighbour.stop(least);
	high_kb = Math.max(high_kb, kb("VmRSS"));
	assert.ok(high_kb - before_kb < most_mb * 1024, `${Math.round((high_kb - before_kb) / 1024)} MB more`);
}

// Writes `piece` for as long as the server takes it, up to `most` bytes; returns the answer and how much went.
async function pump(head, piece, most) {
	const socket = await connect();
	let answer = "", sent = 0;
	socket.setEncoding("latin1").on("data", (part) => (answer += part));
	socket.write(head);
	while (sent < most && !socket.destroyed && socket.writable) {
		if (!socket.write(piece)) await Promise.race([once(socket, "drain"), once(socket, "close"), sleep(3000)]).catch(() => {});
		sent += piece.length;
	}
	await Promise.race([once(socket, "close"), sleep(200)]).catch(() => {});
	socket.destroy();
	return { answer, statuses: statuses(answer), sent };
}

// ---- without end ----

const big = Buffer.alloc(65536, "x");
const head_of = (line, headers) => `${line} HTTP/1.1\r\nHost: x\r\nX-Wattle-Request: 1\r\n${headers.map((h) => h + "\r\n").join("")}\r\n`;

for (const [name, line, type, status] of [
	["a login", "POST /api/v1/session", "application/json", 413], ["a piece of a sheet", "PUT /api/v1/properties/p1/imports/1/file?at=0", "application/octet-stream", 413],
	["a photo", "POST /api/v1/properties/p1/accounts/1/photos", "application/octet-stream", 413],
	["a page", "GET /", "text/plain", 413], ["a path that is not", "POST /api/v1/none", "application/json", 404],
])
	test(`1 GB for ${name} is refused before it comes`, () => beside_neighbour(8, async () => {
		for (const more of [[], ["Expect: 100-continue"]]) {
			const head = head_of(line, [`Content-Type: ${type}`, `Content-Length: ${GIB}`, ...more]);
			const { answer, statuses: got, closed } = await send(head, { wait_ms: CLOSES_MS });
			assert.deepEqual(got, [status], answer);
			assert.ok(closed, "the connection stays open");
			assert.match(answer, /connection: close/i);
		}
		const { sent } = await pump(head_of(line, [`Content-Type: ${type}`, `Content-Length: ${GIB}`]), big, GIB);
		assert.ok(sent < 64 * MB, `took ${sent} bytes`);
	}));

test("4 MB from nobody is not taken, and does not keep others from sending", () => beside_neighbour(8, async () => {
	const head = head_of("PUT /api/v1/properties/p1/imports/1/file?at=0", ["Content-Type: application/octet-stream", `Content-Length: ${4 * MB}`]);
	for (const cookie of ["", `Cookie: wattle_session=${"A".repeat(43)}\r\n`]) {
		const { statuses: got } = await send(head.replace("Host: x\r\n", `Host: x\r\n${cookie}`));
		assert.deepEqual(got, [401]);
	}
	const holders = [];
	for (let i = 0; i < 20; i++) {
		const socket = await connect();
		socket.write(head.replace("Host: x\r\n", `Host: x\r\nCookie: ${world.api.cookie}\r\n`) + "x");
		holders.push(socket);
	}
	await sleep(200);
	assert.equal((await sheets.must(201, "POST", "/imports", { json: { sheet: "spaces" } })).state, "receiving");
	holders.forEach((socket) => socket.destroy());
}));

for (const [name, head, piece] of [
	["chunks", head_of("POST /api/v1/session", ["Content-Type: application/json", "Transfer-Encoding: chunked"]), Buffer.from("10000\r\n" + "x".repeat(65536) + "\r\n")],
	["a chunk's extension", head_of("POST /api/v1/session", ["Content-Type: application/json", "Transfer-Encoding: chunked"]) + "5;a=", big],
	["a chunk's size", head_of("POST /api/v1/session", ["Content-Type: application/json", "Transfer-Encoding: chunked"]), Buffer.alloc(65536, "0")],
	["trailers", head_of("POST /api/v1/session", ["Content-Type: application/json", "Transfer-Encoding: chunked"]) + "0\r\n", Buffer.from("X-Trailer: a\r\n".repeat(4000))],
	["a header", "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", big],
	["a header's name", "GET / HTTP/1.1\r\nHost: x\r\n", big],
	["headers", "GET / HTTP/1.1\r\nHost: x\r\n", Buffer.from("X-Again: a\r\n".repeat(5000))],
	["a target", "GET /", big],
	["a method", "", big],
	["a cookie", "GET /api/v1/session HTTP/1.1\r\nHost: x\r\nCookie: wattle_session=", big],
	["empty lines", "", Buffer.from("\r\n".repeat(32768))],
	["a folded line", "GET / HTTP/1.1\r\nHost: x\r\nX-Fold: a\r\n", Buffer.from(" fold\r\n".repeat(9000))],
])
	test(`${name} without end`, () => beside_neighbour(8, async () => {
		const { answer, statuses: got, sent } = await pump(head, piece, 256 * MB);
		assert.ok(sent < 64 * MB, `took ${sent} bytes`);
		assert.ok(got.length <= 2 && got.every((status) => status >= 400 && status < 506), answer.slice(0, 300));
	}));

// Whatever its size, a head is answered.
test("heads around the limit", async () => {
	for (let size = 4000; size < 9000; size += 250) {
		const { statuses: [status], answer } = await send(`GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${"a".repeat(size)}\r\nConnection: close\r\n\r\n`);
		assert.ok(status === 200 || status === 431, `${size}: ${answer}`);
	}
	for (let count = 20; count < 200; count += 20) {
		const { statuses: [status], answer } = await send(`GET /healthz HTTP/1.1\r\nHost: x\r\n${"X: aaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(count)}Connection: close\r\n\r\n`);
		assert.ok(status === 200 || status === 431, `${count}: ${answer}`);
	}
});

// ---- requests that two programs might read differently ----

const HIDDEN = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
const post = (headers, body, line = "POST /api/v1/session HTTP/1.1") =>
	`${line}\r\nHost: x\r\nX-Wattle-Request: 1\r\nContent-Type: application/json\r\n${headers.map((h) => h + "\r\n").join("")}\r\n${body}`;
const chunked = (text) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

const smuggled = {
	"two lengths that differ": post(["Content-Length: 2", `Content-Length: ${2 + HIDDEN.length}`], "{}" + HIDDEN),
	"two lengths that agree": post(["Content-Length: 2", "Content-Length: 2"], "{}" + HIDDEN),
	"a list of lengths": post(["Content-Length: 2, 2"], "{}" + HIDDEN),
	"a length with a sign": post(["Content-Length: +2"], "{}" + HIDDEN),
	"a negative length": post(["Content-Length: -1"], "{}" + HIDDEN),
	"a length in hexadecimal": post(["Content-Length: 0x2"], "{}" + HIDDEN),
	"a length beyond 64 bits": post(["Content-Length: 18446744073709551618"], "{}" + HIDDEN),
	"an empty length": post(["Content-Length:"], "{}" + HIDDEN),
	"a length of two words": post(["Content-Length: 2 2"], "{}" + HIDDEN),
	"a length with a NUL": post(["Content-Length: 2\x000"], "{}" + HIDDEN),
	"length and chunks": post([`Content-Length: ${HIDDEN.length}`, "Transfer-Encoding: chunked"], chunked("{}") + HIDDEN),
	"chunks and length": post(["Transfer-Encoding: chunked", "Content-Length: 2"], chunked("{}") + HIDDEN),
	"identity and length": post(["Transfer-Encoding: identity", "Content-Length: 2"], "{}" + HIDDEN),
	"chunks": post(["Transfer-Encoding: chunked"], chunked("{}") + HIDDEN),
	"chunks in capitals": post(["TRANSFER-ENCODING: CHUNKED"], chunked("{}") + HIDDEN),
	"chunks under another name": post(["Transfer-Encoding: xchunked"], chunked("{}") + HIDDEN),
	"chunks and something else": post(["Transfer-Encoding: chunked, identity"], chunked("{}") + HIDDEN),
	"two Transfer-Encodings": post(["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], chunked("{}") + HIDDEN),
	"chunks in HTTP/1.0": post(["Transfer-Encoding: chunked"], chunked("{}") + HIDDEN, "POST /api/v1/session HTTP/1.0"),
	"a blank before the colon of chunks": post(["Transfer-Encoding : chunked"], chunked("{}") + HIDDEN),
	"a tab before the colon of a length": post(["Content-Length\t: 99", "Content-Length: 2"], "{}" + HIDDEN),
	"a blank before a name": post([" Content-Length: 2"], "{}" + HIDDEN),
	"a folded line": post(["X-First: a", " Transfer-Encoding: chunked", "Content-Length: 2"], "{}" + HIDDEN),
	"a line folded by a tab": post(["X-First: a", "\tb", "Content-Length: 2"], "{}" + HIDDEN),
	"a folded value of chunks": post(["Transfer-Encoding:", " chunked", "Content-Length: 2"], "{}" + HIDDEN),
	"a folded value of a length": post(["Content-Length:", " 2"], "{}" + HIDDEN),
	"a fold at the end": post(["Content-Length: 2", "X-Last: a", " b"], "{}" + HIDDEN),
	"a folded first line": `POST /api/v1/session HTTP/1.1\r\n X: y\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}${HIDDEN}`,
	"a NUL in a value": post(["X-First: a\0b", "Content-Length: 2"], "{}" + HIDDEN),
	"a NUL in the last value": post(["Content-Length: 2", "X-Last: a\0b"], "{}" + HIDDEN),
	"a NUL in a name": post(["X-Fi\0rst: a", "Content-Length: 2"], "{}" + HIDDEN),
	"a bare CR in a value": post(["X-First: a\rContent-Length: 99", "Content-Length: 2"], "{}" + HIDDEN),
	"a bare CR in a name": post(["X-\rFirst: a", "Content-Length: 2"], "{}" + HIDDEN),
	"a bare LF between headers": post(["X-First: a\nX-Second: b", "Content-Length: 2"], "{}" + HIDDEN),
	"a bare LF before a length": post(["X-First: a\nContent-Length: 99", "Content-Length: 2"], "{}" + HIDDEN),
	"bare LFs": post(["Content-Length: 2"], "{}").replace(/\r\n/g, "\n") + HIDDEN,
	"a line without a colon": post(["Content-Length 2"], "{}" + HIDDEN),
	"an empty name": post([": 2", "Content-Length: 2"], "{}" + HIDDEN),
	"a GET with a body": `GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
	"a GET with chunks": `GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(HIDDEN)}`,
	"no Host": `GET /healthz HTTP/1.1\r\n\r\n${HIDDEN}`,
	"two Hosts": `GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n${HIDDEN}`,
	"a version that does not exist": `GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n${HIDDEN}`,
	"a target with a blank": `GET /heal thz HTTP/1.1\r\nHost: x\r\n\r\n${HIDDEN}`,
	"a method of other letters": `P\xd6ST /healthz HTTP/1.1\r\nHost: x\r\n\r\n${HIDDEN}`,
	"a NUL in a target": `GET /healthz\0/x HTTP/1.1\r\nHost: x\r\n\r\n${HIDDEN}`,
	"a control character in a target": `GET /heal\x01thz HTTP/1.1\r\nHost: x\r\n\r\n${HIDDEN}`,
	"lower case method": `get /healthz HTTP/1.1\r\nHost: x\r\n\r\n${HIDDEN}`,
	"a tunnel": `CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n${HIDDEN}`,
	"TRACE": `TRACE /healthz HTTP/1.1\r\nHost: x\r\n\r\n${HIDDEN}`,
};

for (const [name, bytes] of Object.entries(smuggled))
	test(`nothing hides behind ${name}`, async () => {
		const { answer, statuses: got, closed } = await send(bytes, { wait_ms: CLOSES_MS });
		assert.ok(got.every((status) => status >= 400 && status < 506), answer);
		assert.ok(closed, "the connection stays open");
	});

test("what is honest is taken: two requests in one piece, in order", async () => {
	const two = post(["Content-Length: 2"], "{}") + HIDDEN;
	assert.deepEqual((await send(two, { done: (text) => statuses(text).length === 2 })).statuses, [400, 200]);
	const blanks = `GET /healthz HTTP/1.1\r\nHost:x\r\nX-Blanks: \t a b \t \r\nX-Empty:\r\nX-Umlaut: \xe4\xc3\xa4\r\n\r\n`;
	assert.deepEqual((await send(blanks, { done: (text) => statuses(text).length === 1 })).statuses, [200]);
	const late = `\r\n${HIDDEN}`;
	assert.deepEqual((await send(late, { done: (text) => statuses(text).length === 1 })).statuses, [200]);
});

// ---- thousands of connections ----

async function open_many(count, from) {
	const sockets = [];
	while (sockets.length < count)
		sockets.push(...await Promise.all(Array.from({ length: Math.min(250, count - sockets.length) }, () => connect(from))));
	return sockets;
}

test("10,000 connections: others are served, memory is bounded", async () => {
	const gone = async () => await metric("wattle_http_evicted_total") + await metric("wattle_http_timeouts_total");
	let sockets;
	await beside_neighbour(80, async () => {
		const before_gone = await gone();
		sockets = await open_many(10000);
		assert.ok(await metric("wattle_http_connections") <= 4000);
		assert.ok(await gone() - before_gone >= 5900);
		assert.ok(await metric("wattle_http_evicted_total") > 0);
	}, 5);
	sockets.forEach((socket) => socket.destroy());
	await until("they are gone", async () => await metric("wattle_http_connections") < 50);
});

test("one address has its share, and is told when it wants more", async () => {
	const sockets = await open_many(500, "127.0.0.2"), refused = await metric("wattle_http_refused_total");
	const answer = await exchange(await connect("127.0.0.2"), HIDDEN, { wait_ms: CLOSES_MS });
	assert.deepEqual(statuses(answer), [429]);
	const [head, body] = answer.split("\r\n\r\n");
	assert.match(head, /^Content-Type: application\/problem\+json$/m);
	assert.match(head, /^Retry-After: \d+$/m);
	assert.equal(JSON.parse(body).type, "/problems/too-many");
	assert.ok(JSON.parse(body).title_zh);
	assert.equal(await metric("wattle_http_refused_total"), refused + 1);
	for (const from of [undefined, "127.0.0.3"])
		assert.deepEqual(statuses(await exchange(await connect(from), HIDDEN, { wait_ms: CLOSES_MS, done: (text) => text.includes("ok\n") })), [200]);
	sockets.forEach((socket) => socket.destroy());
	await until("its place is free", async () => statuses(await exchange(await connect("127.0.0.2"), HIDDEN, { wait_ms: CLOSES_MS, done: (text) => text.includes("ok\n") }))[0] === 200);
});

test("the system's limit of open files is used, and obeyed", async () => {
	await world.platform.stop();
	const wattled = world.platform;
	world.platform = new Daemon("wattled", "/usr/bin/prlimit", ["--nofile=256:3000", bin("wattled"), "--config", path.join(world.data, "wattle.ini")], { log: world.path("log", "few-files.log") });
	world.daemons.push(world.platform);
	world.platform.start();
	await world.platform_ready();
	assert.match(world.platform.log, /http: 1976 connections at most: the system allows 3000 open files/);
	const sockets = await open_many(3500);
	await new Neighbour().stop(1);
	assert.ok(await metric("wattle_http_connections") <= 1976);
	sockets.forEach((socket) => socket.destroy());
	await world.platform.stop();
	world.platform = wattled.start();
	await world.platform_ready();
});

// ---- clients that hardly move ----

test("500 slow heads, bodies and readers: others are served, and they are sent away", async () => {
	const timeouts = await metric("wattle_http_timeouts_total"), slow = await hold_slowly(world.http_port, 500, world.api.cookie, { again: false });
	const heads = slow.clients.filter((client) => client.kind === "head");
	try {
		await beside_neighbour(48, () => until("slow heads are told", () => heads.every((client) => client.ended), { timeout_ms: 20000 }), 50);
		for (const client of heads) assert.deepEqual(statuses(client.heard), [408]);
		assert.ok(await metric("wattle_http_timeouts_total") >= timeouts + heads.length);
	} finally {
		await slow.stop();
	}
});

// ---- paths ----

const files_of = (dir) => readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)).sort();
const outside = () => files_of(world.dir).filter((name) => !name.includes("/store/") && !name.includes("/log/")).map((name) => `${name} ${statSync(name).size}`);

const crooked = ["..", "../../evil", "..%2f..%2fevil", "%2e%2e/%2e%2e/evil", "..\\..\\evil", "/etc/evil", "%2fetc%2fevil", "1%00", "1/../../evil", "1;/../evil", "~root", "C:evil", "1".repeat(10000), "%c0%ae%c0%ae/evil"];

test("a piece of a sheet goes nowhere but into its import", async () => {
	const before_files = outside(), import_id = (await sheets.must(201, "POST", "/imports", { json: { sheet: "spaces" } })).id;
	for (const name of crooked) {
		const target = `/api/v1/properties/p1/imports/${name}/file?at=0&end=false`;
		const head = head_of(`PUT ${target}`, ["Content-Type: application/octet-stream", "Content-Length: 4", `Cookie: ${world.api.cookie}`]);
		const { statuses: [status], answer } = await send(head + "evil", { done: (text) => text.includes("}") });
		assert.ok(status === 404 || status === 414, `${name.slice(0, 40)}: ${answer}`);
	}
	for (const [at, status] of [[-1, 400], [2 ** 41, 400], ["../1", 400], [4096, 409]])
		assert.equal((await sheets.call("PUT", `/imports/${import_id}/file?at=${at}`, { text: "x", type: "application/octet-stream" })).status, status, String(at));
	assert.deepEqual(outside(), before_files);
});

test("the name that a sheet had elsewhere is only shown", async () => {
	const before_files = outside();
	for (const name of ["../../../etc/passwd", "/etc/passwd", "a\u0000b", "..\\..\\evil.csv", "<b>.csv", "=1+1.csv"]) {
		const answer = await sheets.call("POST", "/imports", { json: { sheet: "spaces", name } });
		if (name.includes("\0")) {
			assert.equal(answer.status, 400);
			assert.equal(answer.body.field, "name");
			continue;
		}
		assert.equal(answer.status, 201, JSON.stringify(answer.body));
		assert.equal((await sheets.show(answer.body.id)).name, name);
		await sheets.must(204, "DELETE", `/imports/${answer.body.id}`);
	}
	const long = await sheets.call("POST", "/imports", { json: { sheet: "spaces", name: "n".repeat(10000) } });
	assert.deepEqual([long.status, long.body.field], [400, "name"]);
	assert.equal((await sheets.call("POST", "/imports", { json: { sheet: "../spaces" } })).status, 400);
	assert.deepEqual(outside(), before_files);
});

// An XLSX is an archive, and names in archives lie.
test("an archive whose entries point elsewhere is refused, and nothing is unpacked", async () => {
	const before_files = outside(), zip = await JSZip.loadAsync(await xlsx_of([["楼栋", "楼层", "房间"], ["Z", "1", "101"]]));
	for (const name of ["../../../evil.txt", "/tmp/wattle-evil.txt", "xl/../../evil.txt", "..\\evil.txt", "n".repeat(10000)]) zip.file(name, "evil", { createFolders: false });
	const checked = await sheets.check("spaces", await zip.generateAsync({ type: "nodebuffer" }));
	assert.deepEqual(await sheets.mistakes(checked.id), ["0::zip-path:"]);
	await sheets.must(204, "DELETE", `/imports/${checked.id}`);
	assert.deepEqual(outside(), before_files);
	assert.ok(!files_of(world.dir).some((name) => name.includes("evil")));
});

test("the console's folder has no way out", async () => {
	for (const name of [...crooked, "assets/../../../etc/passwd", "index.html%00.png", "assets//../..//etc/passwd", ".git/config", "%2e%2e%5c%2e%2e%5cetc"]) {
		const { answer, statuses: [status] } = await send(`GET /${name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
		assert.ok(status === 404 || status === 414 || status === 400 || (status === 200 && /<div id="app"/.test(answer)), `${name.slice(0, 40)}: ${answer.slice(0, 200)}`);
		assert.doesNotMatch(answer, /root:.*:0:0/);
	}
});

// All of it left no trace: it is the same process, and it says nothing of errors.
test("it still runs as if nothing had been", async () => {
	assert.ok(world.platform.running);
	assert.doesNotMatch(world.platform.log, /<3>|assert|Sanitizer/);
	await new Neighbour().stop(1);
	assert.ok(kb("VmRSS") < 96 * 1024, `${kb("VmRSS")} KB`);
});
