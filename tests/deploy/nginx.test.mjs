// Debian's nginx with our settings before a real wattled: what it lets through, adds, refuses and limits, and the
// built console in a browser behind it. What is malformed on purpose is in smuggling.test.mjs.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import path from "node:path";
import { after, before, test } from "node:test";
import zlib from "node:zlib";
import { field, open_browser, open_page, row, sign_in as sign_in_on, value_is } from "../browser/lib/browser.mjs";
import { NAME, Nginx, certificates } from "../lib/nginx.mjs";
import { root, run, sleep, until } from "../lib/process.mjs";
import { World, meter_number } from "../lib/world.mjs";

let world, nginx, login, slow;

before(async () => {
	world = await World.start({ terminals: 1, adopt: 1 });
	nginx = await Nginx.start(world.path("nginx"), { wattled: world.http_port, certs: await certificates(world.path("tls")) });
	const [, name, password] = (await run("cat", [path.join(world.data, "login.txt")])).out.match(/name: (.*)\npassword: (.*)\n/);
	login = { name, password };
	// These take their time while other tests run.
	slow = Promise.all([open_for_s("GET / HTTP/1.1\r\n"), open_for_s(`GET / HTTP/1.1\r\nHost: ${NAME}\r\n`, "X-A: b\r\n"),
		open_for_s(`POST /api/v1/session HTTP/1.1\r\nHost: ${NAME}\r\nContent-Length: 100\r\n\r\n{`)]);
});

after(async () => {
	await nginx?.stop();
	await world?.stop();
});

// How many seconds a connection lives that begins a request and then sends nothing, or a little each second.
async function open_for_s(bytes, drip) {
	const socket = await nginx.socket(), started = Date.now();
	socket.on("error", () => {}).resume();
	socket.write(bytes);
	const timer = drip && setInterval(() => socket.writable && socket.write(drip), 1000);
	await new Promise((done) => socket.on("close", done));
	clearInterval(timer);
	return (Date.now() - started) / 1000;
}

// One request over HTTP/1.1; `from` is the client's address.
function ask(method, target, { headers = {}, body, from = "127.0.0.1", port = nginx.https, ca = nginx.certs.ca } = {}) {
	return new Promise((done, fail) => {
		const options = { host: "127.0.0.1", port, localAddress: from, servername: NAME, ca, method, path: target, headers: { Host: `${NAME}:${port}`, ...headers }, agent: false };
		const request = (port === nginx.http ? http : https).request(options, (answer) => {
			const parts = [];
			answer.on("data", (part) => parts.push(part));
			answer.on("end", () => done({ status: answer.statusCode, headers: answer.headers, raw: answer.rawHeaders, body: Buffer.concat(parts) }));
		});
		request.on("error", fail);
		request.end(body);
	});
}

const api = (method, target, { headers, json, ...more } = {}) => ask(method, `/api/v1${target}`, {
	headers: { "X-Wattle-Request": "1", ...(json ? { "Content-Type": "application/json" } : {}), ...headers }, body: json && JSON.stringify(json), ...more,
});

async function sign_in(more = {}) {
	const { status, headers, body } = await api("POST", "/session", { json: login, ...more });
	assert.equal(status, 200, body.toString());
	assert.match(headers["set-cookie"][0], /; Secure\b/);
	return headers["set-cookie"][0].split(";")[0];
}

test("TLS 1.3 and HTTP/2, and nothing older, for our name only", async () => {
	const socket = await nginx.socket({ alpn: ["h2", "http/1.1"] });
	assert.equal(socket.getProtocol(), "TLSv1.3");
	assert.equal(socket.alpnProtocol, "h2");
	socket.destroy();
	await assert.rejects(nginx.socket({ maxVersion: "TLSv1.2" }), /protocol version/);
	await assert.rejects(nginx.socket({ servername: "other.example" }), /unrecognized name|alert/);
	await assert.rejects(nginx.socket({ servername: "", checkServerIdentity: () => undefined }), /unrecognized name|alert/);
	assert.doesNotMatch(nginx.check.err, /\[warn\]/);
});

test("plain HTTP answers with the way to HTTPS, whatever Host it was told, and with the authority's questions", async () => {
	const { status, headers } = await ask("GET", "/meters?x=1", { port: nginx.http, headers: { Host: "evil.example" } });
	assert.equal(status, 301);
	assert.equal(headers.location, `https://${NAME}/meters?x=1`);
	writeFileSync(path.join(nginx.dir, "acme/.well-known/acme-challenge/token"), "proof");
	assert.equal((await ask("GET", "/.well-known/acme-challenge/token", { port: nginx.http })).body.toString(), "proof");
});

test("every answer has each safety header once, and the same policy as wattled's own", async () => {
	const direct = await fetch(`http://127.0.0.1:${world.http_port}/api/v1/session`);
	const expected = Object.fromEntries(["content-security-policy", "x-content-type-options", "referrer-policy", "cross-origin-opener-policy",
		"cross-origin-resource-policy", "permissions-policy"].map((name) => [name, direct.headers.get(name)]));
	assert.doesNotMatch(expected["content-security-policy"], /unsafe/);
	const asset = readdirSync(path.join(root, "web/console/dist/assets")).find((name) => name.endsWith(".js"));
	const answers = {
		page: [200, await ask("GET", "/")], script: [200, await ask("GET", `/assets/${asset}`)], missing: [404, await ask("GET", "/assets/none.js")], api: [401, await api("GET", "/meters")],
		"unknown operation": [404, await api("GET", "/nothing")], health: [200, await ask("GET", "/healthz")], ready: [200, await ask("GET", "/readyz")], figures: [404, await ask("GET", "/metrics")],
		"too large": [413, await api("POST", "/session", { body: Buffer.alloc(2 << 20) })], malformed: [400, await ask("GET", "/", { headers: { Host: "a b" } })],
	};
	for (const [what, [status, answer]] of Object.entries(answers)) {
		assert.equal(answer.status, status, what);
		if (what === "malformed") continue; // refused before it belongs to our site
		const names = answer.raw.filter((_, k) => k % 2 === 0).map((name) => name.toLowerCase());
		for (const [name, value] of Object.entries({ ...expected, "strict-transport-security": "max-age=63072000" })) {
			assert.equal(answer.headers[name], value, `${what}: ${name}`);
			assert.equal(names.filter((n) => n === name).length, 1, `${what}: ${name}`);
		}
		assert.equal(names.filter((n) => n === "cache-control").length, 1, what);
		assert.doesNotMatch(JSON.stringify(answer.headers), /x-accel|nginx\/\d|microhttpd/i, what);
	}
	assert.equal(answers["too large"][1].headers["content-type"], "application/problem+json");
	assert.equal(JSON.parse(answers["too large"][1].body).type, "/problems/too-large");
});

test("the console's files: hashed ones for ever, the page never, packed when wanted, hidden ones not at all", async () => {
	const asset = `/assets/${readdirSync(path.join(root, "web/console/dist/assets")).find((name) => name.endsWith(".js"))}`;
	const plain = await ask("GET", asset), packed = await ask("GET", asset, { headers: { "Accept-Encoding": "gzip" } });
	assert.equal(plain.headers["cache-control"], "public, max-age=31536000, immutable");
	assert.equal(packed.headers["content-encoding"], "gzip");
	assert.ok(zlib.gunzipSync(packed.body).equals(plain.body));
	assert.match(plain.headers["content-type"], /javascript/);
	for (const page of ["/", "/meters", "/meters/330100000001", "/index.html"]) {
		const answer = await ask("GET", page);
		assert.match(answer.body.toString(), /<div id="app">/, page);
		assert.equal(answer.headers["cache-control"], "no-cache", page);
	}
	const missing = await ask("GET", "/assets/gone-12345678.js");
	assert.equal(missing.status, 404);
	assert.equal(missing.headers["cache-control"], "no-store");
	for (const target of ["/.vite/manifest.json", "/.htaccess", "/%2e%2e/nginx.conf", "/assets/..%2f..%2fpackage.json", "/metrics", "/api/../metrics", "//metrics"])
		assert.ok([400, 404].includes((await ask("GET", target)).status), target);
});

test("the API through it, signed in, over HTTP/1.1 and HTTP/2", async () => {
	const cookie = await sign_in();
	const { status, body } = await api("GET", "/meters?limit=5", { headers: { Cookie: cookie } });
	assert.equal(status, 200);
	assert.equal(JSON.parse(body).items[0].meter, meter_number(1));
	const session = http2.connect(nginx.origin, { ca: nginx.certs.ca, servername: NAME, lookup: (_, options, done) => (options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4)) });
	const stream = session.request({ ":path": "/api/v1/meters", cookie });
	const text = await new Promise((done, fail) => {
		let all = "";
		stream.setEncoding("utf8").on("data", (part) => (all += part)).on("end", () => done(all)).on("error", fail);
	});
	session.close();
	assert.equal(JSON.parse(text).items.length, 1);
});

test("curl, as an integrator has it", async () => {
	const { code, out, err } = await run("curl", ["-sS", "--http2", "--tlsv1.3", "--cacert", nginx.certs.ca_file, "--resolve", `${NAME}:${nginx.https}:127.0.0.1`, "-w", "\n%{http_version} %{http_code}", `${nginx.origin}/api/v1/openapi.json`]);
	assert.equal(code, 0, err);
	assert.match(out, /\n2 200$/);
	assert.match(out, /"openapi"/);
});

test("wattled hears the client's true address, not what the client says of it", async () => {
	await api("POST", "/session", { json: { name: "nobody", password: "wrong" }, from: "127.0.0.7", headers: { "X-Forwarded-For": "6.6.6.6", Forwarded: "for=6.6.6.6", "X-Real-IP": "6.6.6.6" } });
	const cookie = await sign_in({ from: "127.0.0.8", headers: { "X-Forwarded-For": "6.6.6.6, 127.0.0.1" } });
	const { body } = await api("GET", "/audit?property=installation&limit=20", { headers: { Cookie: cookie } });
	const origins = JSON.parse(body).items.map((line) => line.origin);
	assert.ok(origins.includes("127.0.0.8"), origins.join());
	assert.ok(!origins.includes("6.6.6.6"), origins.join());
	// Nobody is `local` through the proxy: figures stay with the machine.
	assert.equal((await ask("GET", "/metrics", { headers: { Cookie: cookie } })).status, 404);
	assert.equal((await fetch(`http://127.0.0.1:${world.http_port}/metrics`)).status, 200);
});

test("live events leave at once, unbuffered", async () => {
	const cookie = await sign_in();
	const direct = await world.api.events();
	const seen = [];
	let started;
	const request = https.request({ host: "127.0.0.1", port: nginx.https, servername: NAME, ca: nginx.certs.ca, path: "/api/v1/events", headers: { Host: NAME, Cookie: cookie }, agent: false }, (answer) => {
		started = answer;
		answer.setEncoding("utf8").on("data", (text) => {
			for (const [, id] of text.matchAll(/^id: (\S+)$/gm)) seen.push({ id, at: Date.now() });
		}).on("error", () => {});
	}).on("error", () => {});
	request.end();
	const both = () => direct.list.filter((event) => event.id && seen.some((s) => s.id === event.id));
	await until("six events on both ways", () => both().length >= 6, { timeout_ms: 20000 });
	request.destroy();
	direct.stop();
	assert.equal(started.headers["content-type"], "text/event-stream");
	assert.equal(started.headers["x-accel-buffering"], undefined);
	// Each small event by itself: none waited for the next to fill a buffer. Half a second is for a busy machine.
	for (const event of both()) assert.ok(seen.find((s) => s.id === event.id).at - event.at < 500, event.id);
});

test("whatever is downloaded or followed as it is made, nginx is told not to hold", async () => {
	const { paths } = await world.api.get("/openapi.json");
	const known = { property: "p1", sheet: "spaces" };
	let checked = 0;
	for (const [target, operations] of Object.entries(paths)) {
		const kinds = Object.keys(operations.get?.responses["200"]?.content ?? {});
		const url = target.replace(/\{(\w+)\}/g, (whole, name) => known[name] ?? whole);
		if (!kinds.some((kind) => /csv|event-stream|sqlite/.test(kind)) || url.includes("{")) continue;
		const abort = new AbortController();
		const answer = await fetch(`http://127.0.0.1:${world.http_port}${url}`, { headers: { Cookie: world.api.cookie }, signal: abort.signal });
		assert.equal(answer.status, 200, `${url}: ${answer.status}`);
		assert.equal(answer.headers.get("x-accel-buffering"), "no", url);
		abort.abort();
		checked++;
	}
	assert.ok(checked >= 3, `${checked} such operations`);
});

// [method, path with a number in each place, bytes]: what the description allows more of than any other body.
const large_bodies = readdirSync(path.join(root, "docs/api/src")).flatMap((name) =>
	Object.entries(JSON.parse(readFileSync(path.join(root, "docs/api/src", name))).paths ?? {}).flatMap(([template, methods]) =>
		Object.entries(methods).filter(([, o]) => o["x-body-max"] > 1 << 19).map(([method, o]) =>
			[method.toUpperCase(), template.replace("{property}", "p1").replace(/\{\w+\}/g, "1"), o["x-body-max"]])));

test("pieces of sheets, photos and bills of providers pass in the size that the API takes, and nothing larger", async () => {
	const cookie = await sign_in();
	const send = (method, target, bytes) => ask(method, target, { headers: { Cookie: cookie, "X-Wattle-Request": "1", "Content-Type": "application/octet-stream" }, body: Buffer.alloc(bytes) });
	for (const [method, target, bytes] of large_bodies) {
		// There is no import or account 1, or the type is another: wattled says so.
		const good = await send(method, target, bytes), more = await send(method, target, bytes + (2 << 20));
		assert.ok(good.status >= 400 && good.status < 500 && good.status !== 413, `${method} ${target}: ${good.status} ${good.body}`);
		assert.equal(more.status, 413, `${method} ${target}`);
	}
	assert.ok(large_bodies.length >= 3, `${large_bodies}`);
	assert.equal((await send("PUT", "/api/v1/properties/p1/imports/1/other", 2 << 20)).status, 413);
});

// nginx sends a body to its end before it listens: an answer that came earlier would be lost, and end as "busy".
test("what is refused with a large body on its way is told why", async () => {
	const cookie = await sign_in(), octets = "application/octet-stream", json = "application/json";
	const customers = "/api/v1/properties/p1/customers", piece = "/api/v1/properties/p1/imports/1/file?at=0";
	for (const [status, method, target, type, bytes, headers] of [[401, "PUT", piece, octets, 4 << 20, {}], [413, "POST", customers, json, 1000000, { Cookie: cookie }],
		[415, "POST", customers, octets, 500000, { Cookie: cookie }], [404, "POST", "/api/v1/none", json, 1000000, { Cookie: cookie }]])
		for (let again = 0; again < 5; again++) {
			const answer = await ask(method, target, { headers: { "X-Wattle-Request": "1", "Content-Type": type, ...headers }, body: Buffer.alloc(bytes, " ") });
			assert.equal(answer.status, status, `${method} ${target} ${answer.body}`);
		}
});

test("too many tries at a password are refused before wattled has to compute, asking who one is never is", async () => {
	const from = "127.0.0.21";
	const tries = await Promise.all(Array.from({ length: 40 }, (_, k) => api("POST", "/session", { json: { name: `guess${k}`, password: "x" }, from })));
	const refused = tries.filter(({ status, body }) => status === 429 && JSON.parse(body).detail === "too many requests from this address");
	assert.ok(refused.length >= 15 && refused.length <= 20, `${refused.length} refused`);
	for (const { headers, body } of refused) {
		assert.equal(headers["content-type"], "application/problem+json");
		assert.equal(headers["retry-after"], "5");
		assert.equal(JSON.parse(body).status, 429);
	}
	for (let k = 0; k < 40; k++) assert.equal((await api("GET", "/session", { from })).status, 401);
	assert.equal((await api("POST", "/session", { json: login, from: "127.0.0.22" })).status, 200, "others do not notice");
});

test("a flood of requests meets 429, and the next address is served", async () => {
	const from = "127.0.0.31";
	const session = http2.connect(nginx.origin, { ca: nginx.certs.ca, servername: NAME, localAddress: from, lookup: (_, options, done) => (options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4)) });
	const once = () => new Promise((done, fail) => session.request({ ":path": "/healthz" }).on("response", (headers) => done(headers[":status"])).on("error", fail).resume());
	const codes = [];
	for (let k = 0; k < 8; k++) codes.push(...await Promise.all(Array.from({ length: 50 }, once)));
	session.close();
	assert.ok(codes.filter((code) => code === 200).length >= 200);
	assert.ok(codes.filter((code) => code === 429).length >= 50, `${codes.filter((code) => code === 429).length} of ${codes.length}`);
	assert.equal((await ask("GET", "/healthz", { from: "127.0.0.32" })).status, 200);
});

test("slow senders are cut off: a head in 10 s, a body that stops in 15 s", async () => {
	const [head, dripped, body] = await slow;
	assert.ok(head > 8 && head < 14, `${head}`);
	assert.ok(dripped > 8 && dripped < 14, `dripping does not buy time: ${dripped}`);
	assert.ok(body > 13 && body < 20, `${body}`);
});

test("the console in a browser: signed in, live values, no violation of the policy", async () => {
	const browser = await open_browser({ hosts: { [NAME]: "127.0.0.1" }, trust: [nginx.certs.spki] });
	try {
		const page = await open_page(browser, nginx.origin);
		await sign_in_on(page, login);
		const power = field(row(page, meter_number(1)), "power");
		await value_is(power, "power", (text) => /\d/.test(text));
		const protocol = await page.evaluate(() => performance.getEntriesByType("navigation")[0].nextHopProtocol);
		assert.equal(protocol, "h2");
		for (const target of ["/docs", "/devices", "/gateways", `/meters/${meter_number(1)}`]) {
			await page.goto(target);
			await page.waitForLoadState("load");
			await sleep(700);
		}
		assert.deepEqual(page.faults, []);
		// The check sees what it should: a script in the page is refused and counted.
		await page.evaluate(() => document.head.appendChild(Object.assign(document.createElement("script"), { textContent: "globalThis.evil = 1" })));
		await until("the refusal", () => page.faults.some((text) => /policy: script-src/.test(text)));
		assert.equal(await page.evaluate(() => globalThis.evil), undefined);
	} finally {
		await browser.close();
	}
});

test("what is silent for long is cut off; readings as a file, which is made first, are not", async () => {
	const lazy = http.createServer((request, response) => setTimeout(() => response.end("here"), 2500));
	await new Promise((done) => lazy.listen(0, "127.0.0.1", done));
	const hasty = await Nginx.start(world.path("hasty"), { wattled: lazy.address().port, certs: nginx.certs, edit: [["server", "proxy_read_timeout 75s", "proxy_read_timeout 1s"]] });
	try {
		const get = (target) => ask("GET", `/api/v1/properties/p1/${target}`, { port: hasty.https });
		const [file, other] = await Promise.all([get("readings?format=sqlite"), get("meters?q=13800138000&reason=secret")]);
		assert.deepEqual([file.status, file.body.toString()], [200, "here"]);
		assert.equal(other.status, 503);
		// The log has the path, and not what was asked for.
		const log = await until("the log", () => { const text = readFileSync(path.join(hasty.dir, "log/wattle.access.log"), "utf8"); return text.split("\n").length >= 3 && text; });
		assert.match(log, /"GET \/api\/v1\/properties\/p1\/meters HTTP\/1\.1" 503/);
		assert.doesNotMatch(log, /13800138000|secret|sqlite/);
	} finally {
		await hasty.stop();
		lazy.close();
	}
});

test("while wattled is away, pages load and the API says so", async () => {
	await world.platform.stop();
	const answer = await api("GET", "/meters");
	assert.equal(answer.status, 503);
	assert.equal(answer.headers["retry-after"], "5");
	assert.equal(JSON.parse(answer.body).type, "/problems/busy");
	assert.match((await ask("GET", "/")).body.toString(), /<div id="app">/);
	world.platform.start();
	await world.platform_ready();
	assert.equal((await ask("GET", "/healthz")).status, 200);
});
