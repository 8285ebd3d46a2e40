// Requests that two programs might read differently. Behind the real nginx settings stands an upstream that
// notes every byte: whatever the client writes, wattled must see whole requests in one spelling, or nothing.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Nginx, NAME, certificates } from "../lib/nginx.mjs";
import { sleep, temp_dir } from "../lib/process.mjs";
import { Recorder, exchange, http2_request, statuses } from "../lib/raw-http.mjs";

let temp, recorder, nginx;

before(async () => {
	temp = temp_dir();
	recorder = await Recorder.start();
	nginx = await Nginx.start(path.join(temp.dir, "nginx"), { wattled: recorder.port, certs: await certificates(path.join(temp.dir, "pki")) });
});

after(async () => {
	await nginx?.stop();
	recorder?.stop();
	temp.remove();
});

const HIDDEN = "GET /api/v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
const post = (headers, body, line = "POST /api/v1/probe HTTP/1.1") => `${line}\r\nHost: ${NAME}\r\n${headers.map((h) => h + "\r\n").join("")}\r\n${body}`;
const length = (text) => `Content-Length: ${text.length}`;
const chunked = (text) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

// One spelling: RFC 9112's own, one length, no chunks, no folded or bare line ends.
function assert_canonical({ head, body }) {
	const lines = head.split("\r\n");
	assert.match(lines[0], /^(GET|POST) \/\S* HTTP\/1\.1$/);
	for (const line of lines.slice(1)) assert.match(line, /^[A-Za-z0-9-]+: ?[^\r\n\0]*$/, JSON.stringify(line));
	const count = (name) => lines.filter((line) => line.toLowerCase().startsWith(`${name}:`)).length;
	assert.equal(count("transfer-encoding"), 0, head);
	assert.ok(count("content-length") <= 1, head);
	assert.equal(count("host"), 1, head);
	assert.equal(Number(head.match(/^content-length: (\d+)$/im)?.[1] ?? 0), body.length);
}

async function send(bytes, done) {
	recorder.take();
	const answer = await exchange(await nginx.socket(), bytes, { done: done ?? ((text) => /^HTTP/m.test(text)), wait_ms: 6000 });
	await sleep(30); // what would still come
	return { answer, statuses: statuses(answer), seen: recorder.take() };
}

test("an honest request goes through, in one piece with its length", async () => {
	const { statuses: [status], seen } = await send(post([length("abc"), "Content-Type: text/plain"], "abc"));
	assert.equal(status, 200);
	assert.equal(seen.length, 1);
	assert_canonical(seen[0]);
	assert.equal(seen[0].body, "abc");
});

const refused = {
	"two lengths that differ": post(["Content-Length: 3", `Content-Length: ${3 + HIDDEN.length}`], "abc" + HIDDEN),
	"two lengths that agree": post(["Content-Length: 3", "Content-Length: 3"], "abc"),
	"a list of lengths": post(["Content-Length: 3, 3"], "abc"),
	"a length with a sign": post(["Content-Length: +3"], "abc"),
	"a negative length": post(["Content-Length: -1"], "abc"),
	"a length in hexadecimal": post(["Content-Length: 0x3"], "abc"),
	"a length beyond 64 bits": post(["Content-Length: 18446744073709551619"], "abc"),
	"length and chunks": post([length(HIDDEN), "Transfer-Encoding: chunked"], chunked("abc") + HIDDEN),
	"chunks and length": post(["Transfer-Encoding: chunked", length(HIDDEN)], chunked("abc") + HIDDEN),
	"chunks under another name": post(["Transfer-Encoding: xchunked"], chunked("abc") + HIDDEN),
	"chunks and something else": post(["Transfer-Encoding: chunked, identity"], chunked("abc") + HIDDEN),
	"two Transfer-Encodings": post(["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], chunked("abc") + HIDDEN),
	"a blank before the colon": post(["Transfer-Encoding : chunked"], chunked("abc") + HIDDEN),
	"a folded line": post(["X-First: a", " Transfer-Encoding: chunked", length(HIDDEN)], HIDDEN),
	"a line folded by a tab": post(["X-First: a", "\tb", length("abc")], "abc"),
	"a folded value": post(["Transfer-Encoding:", " chunked", length(HIDDEN)], HIDDEN),
	"a NUL in a value": post(["X-First: a\0b"], ""),
	"a NUL in a name": post(["X-Fi\0rst: a"], ""),
	"a bare CR in a name": post(["X-\rFirst: a"], ""),
	"a chunk size that is no number": post(["Transfer-Encoding: chunked"], `g\r\nabc\r\n0\r\n\r\n${HIDDEN}`),
	"a chunk size beyond 64 bits": post(["Transfer-Encoding: chunked"], `10000000000000003\r\nabc\r\n0\r\n\r\n${HIDDEN}`),
	"a negative chunk": post(["Transfer-Encoding: chunked"], `-3\r\nabc\r\n0\r\n\r\n${HIDDEN}`),
	"a chunk longer than it says": post(["Transfer-Encoding: chunked"], `3\r\nabcdef\r\n0\r\n\r\n${HIDDEN}`),
	"chunks in HTTP/1.0": post(["Transfer-Encoding: chunked"], chunked("abc") + HIDDEN, "POST /api/v1/probe HTTP/1.0"),
	"no Host": "GET /api/v1/probe HTTP/1.1\r\n\r\n",
	"two Hosts": `GET /api/v1/probe HTTP/1.1\r\nHost: ${NAME}\r\nHost: other\r\n\r\n`,
	"a Host with a path": "GET /api/v1/probe HTTP/1.1\r\nHost: wattle.test/x\r\n\r\n",
	"a foreign Host": "GET /api/v1/probe HTTP/1.1\r\nHost: other.example\r\n\r\n",
	"a foreign absolute target": "GET http://other.example/api/v1/probe HTTP/1.1\r\nHost: wattle.test\r\n\r\n",
	"a version that does not exist": `GET /api/v1/probe HTTP/2.0\r\nHost: ${NAME}\r\n\r\n`,
	"a target with a blank": `GET /api/v1/pro be HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`,
	"a target with a control character": `GET /api/v1/pro\x01be HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`,
	"a target above the root": `GET /api/../../etc/passwd HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`,
	"a tunnel": `CONNECT ${NAME}:443 HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`,
	"TRACE": `TRACE /api/v1/probe HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`,
	"headers beyond the limit": post([`X-Long: ${"a".repeat(9000)}`], ""),
	"a target beyond the limit": `GET /api/v1/${"a".repeat(9000)} HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`,
	"lower case method": `get /api/v1/probe HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`,
};

for (const [name, bytes] of Object.entries(refused))
	test(`refused: ${name}`, async () => {
		const { answer, statuses: got, seen } = await send(bytes);
		assert.deepEqual(seen, [], answer);
		assert.ok(got.length === 1 && got[0] >= 400 && got[0] < 506, JSON.stringify(answer.slice(0, 200)));
	});

// nginx takes these, as the RFC allows, and writes them anew: upstream there is one request, the body whole in it.
const rewritten = {
	"chunks": [post(["Transfer-Encoding: chunked"], chunked(HIDDEN)), HIDDEN],
	"chunks in capitals": [post(["TRANSFER-ENCODING: CHUNKED"], chunked(HIDDEN)), HIDDEN],
	"a chunk extension": [post(["Transfer-Encoding: chunked"], `3;a=b\r\nabc\r\n0\r\n\r\n`), "abc"],
	"a trailer": [post(["Transfer-Encoding: chunked"], `3\r\nabc\r\n0\r\nContent-Length: 99\r\n\r\n`), "abc"],
	"bare line feeds": [post([length(HIDDEN), "X-First: a"], HIDDEN).replace(/\r\n/g, "\n").replace(HIDDEN.replace(/\r\n/g, "\n"), HIDDEN), HIDDEN],
	"bare line feeds in chunks": [post(["Transfer-Encoding: chunked"], `3\nabc\n0\n\n`), "abc"],
	"an empty line before the request": [`\r\n${post([length("abc")], "abc")}`, "abc"],
	"an absolute target": [post([length("abc")], "abc", `POST http://${NAME}/api/v1/probe HTTP/1.1`), "abc"],
	"HTTP/1.0": [post([length("abc")], "abc", "POST /api/v1/probe HTTP/1.0"), "abc"],
	"names of other proxies": [post([length("abc"), "X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6", "X_Forwarded_For: 6.6.6.6", "X-Forwarded-Proto: http"], "abc"), "abc"],
	"hop by hop": [post([length("abc"), "Connection: close, X-Forwarded-For, Cookie", "TE: trailers", "Upgrade: h2c", "Expect: 100-continue"], "abc"), "abc"],
};

for (const [name, [bytes, body]] of Object.entries(rewritten))
	test(`one spelling: ${name}`, async () => {
		const { answer, seen } = await send(bytes, (text) => /^HTTP\/1\.1 [2-5]/m.test(text));
		assert.equal(seen.length, 1, JSON.stringify(answer));
		assert_canonical(seen[0]);
		assert.equal(seen[0].body, body);
		assert.match(seen[0].head, /^X-Forwarded-For: 127\.0\.0\.1$/m);
		assert.match(seen[0].head, /^X-Forwarded-Proto: https$/m);
		assert.match(seen[0].head, new RegExp(`^Host: ${NAME}$`, "m"));
		assert.doesNotMatch(seen[0].head, /6\.6\.6\.6|^(te|upgrade|expect|trailer|forwarded|x-real-ip|connection):/im);
	});

// Of what has no end nothing is kept and nothing goes on. nginx may read a while and drop it, so that its answer
// arrives.
const endless = {
	"a body of 1 GB": [post([`Content-Length: ${2 ** 30}`], ""), "x".repeat(65536)],
	"chunks": [post(["Transfer-Encoding: chunked"], ""), "10000\r\n" + "x".repeat(65536) + "\r\n"],
	"a chunk's extension": [post(["Transfer-Encoding: chunked"], "5;a="), "x".repeat(65536)],
	"a header": [`GET / HTTP/1.1\r\nHost: ${NAME}\r\nX-Long: `, "x".repeat(65536)],
	"headers": [`GET / HTTP/1.1\r\nHost: ${NAME}\r\n`, "X-Again: a\r\n".repeat(5000)],
};

function nginx_kb() {
	const pid = nginx.daemon.child.pid, workers = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
	return workers.reduce((sum, worker) => sum + Number(readFileSync(`/proc/${worker}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]), 0);
}

for (const [name, [head, piece]] of Object.entries(endless))
	test(`kept nowhere: ${name} without end`, async () => {
		recorder.take();
		const before_kb = nginx_kb(), socket = await nginx.socket();
		let answer = "", sent = 0;
		socket.on("error", () => {}).setEncoding("latin1").on("data", (part) => (answer += part));
		socket.write(head);
		while (sent < 2 ** 27 && !socket.destroyed && socket.writable) {
			if (!socket.write(piece)) await Promise.race([once(socket, "drain"), once(socket, "close"), sleep(16000)]).catch(() => {});
			sent += piece.length;
		}
		socket.destroy();
		assert.ok(nginx_kb() - before_kb < 8192, `${nginx_kb() - before_kb} KB more`);
		assert.ok(statuses(answer).every((status) => status >= 400 && status < 506), answer);
		assert.deepEqual(recorder.take(), []);
	});

test("pipelined requests stay two, in order", async () => {
	const two = post([length("1")], "1") + post([length("2")], "2");
	const { seen } = await send(two, (text) => statuses(text).length === 2);
	assert.deepEqual(seen.map((request) => request.body), ["1", "2"]);
	seen.forEach(assert_canonical);
});

const start = (more = [], method = "POST") => [[":method", method], [":scheme", "https"], [":authority", NAME], [":path", "/api/v1/probe"], ...more];

async function send2(headers, body) {
	recorder.take();
	const result = await http2_request(await nginx.socket({ alpn: ["h2"] }), headers, body);
	await sleep(30);
	return { result, seen: recorder.take() };
}

test("HTTP/2: an honest request", async () => {
	const { result, seen } = await send2(start([["content-length", "3"]]), "abc");
	assert.equal(result.status, 200);
	assert_canonical(seen[0]);
	assert.equal(seen[0].body, "abc");
});

const refused2 = {
	"a length above the body's": [start([["content-length", "99"]]), "abc"],
	"a length below the body's": [start([["content-length", "1"]]), "a" + HIDDEN],
	"two lengths": [start([["content-length", "3"], ["content-length", "5"]]), "abc"],
	"a line end in a value": [start([["x-first", "a\r\nContent-Length: 0\r\n\r\n" + HIDDEN]]), "abc"],
	"a line end in a name": [start([["x-first: a\r\nx-second", "b"]]), "abc"],
	"a NUL in a value": [start([["x-first", "a\0b"]]), "abc"],
	"a colon in a name": [start([["transfer-encoding: chunked\r\nx", "a"]]), "abc"],
	"a name in capitals": [start([["Transfer-Encoding", "chunked"]]), "abc"],
	"two paths": [start([[":path", "/api/v1/other"]]), "abc"],
	"two methods": [start([[":method", "GET"]]), "abc"],
	"a method with a line": [[[":method", "POST /api/v1/smuggled HTTP/1.1\r\nX: "], ...start().slice(1)], "abc"],
	"a path that is none": [[[":method", "GET"], [":scheme", "https"], [":authority", NAME], [":path", "api"]]],
	"a path with a line end": [[[":method", "GET"], [":scheme", "https"], [":authority", NAME], [":path", "/api/v1/x HTTP/1.1\r\nHost: y\r\n\r\nGET /api/v1/smuggled"]]],
	"no path": [[[":method", "GET"], [":scheme", "https"], [":authority", NAME]]],
	"an unknown pseudo header": [start([[":extra", "1"]]), "abc"],
	"a Host beside another authority": [start([["host", "other.example"]]), "abc"],
	"a foreign authority": [[[":method", "GET"], [":scheme", "https"], [":authority", "other.example"], [":path", "/api/v1/probe"]]],
};

for (const [name, [headers, body]] of Object.entries(refused2))
	test(`HTTP/2 refused: ${name}`, async () => {
		const { result, seen } = await send2(headers, body);
		assert.deepEqual(seen, [], JSON.stringify(result));
		assert.ok(result.reset !== undefined || result.gone > 0 || result.status >= 400, JSON.stringify(result));
	});

// Headers that HTTP/2 does not have: whatever nginx does with them, they end there.
for (const [name, value] of [["transfer-encoding", "chunked"], ["connection", "close"], ["upgrade", "h2c"], ["te", "gzip"], ["keep-alive", "1"], ["proxy-connection", "close"]])
	test(`HTTP/2 keeps to itself: ${name}`, async () => {
		const { seen } = await send2(start([[name, value], ["content-length", "3"]]), "abc");
		assert.ok(seen.length <= 1);
		for (const request of seen) {
			assert_canonical(request);
			assert.equal(request.body, "abc");
			assert.doesNotMatch(request.head, new RegExp(`^${name}: ${value}`, "im"));
		}
	});

test("nothing unfinished ever reached the upstream", () => assert.equal(recorder.stray, ""));
