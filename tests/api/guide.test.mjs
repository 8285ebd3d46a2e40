// The API guide is what it says: its blocks, as they are in both languages, run as one session of a shell.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { free_port, root, run, until } from "../lib/process.mjs";
import { World } from "../lib/world.mjs";

let world, receiver, heard = "", port;

const page = (name) => readFileSync(path.join(root, "docs/api", name), "utf8");
const blocks = (text, kind) => [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, word]) => word === kind).map(([, , code]) => code);

before(async () => {
	world = await World.start({ terminals: 2, settings: "[webhook]\nprivate = 1\n" });
	// As a site that runs already: it has the time and a reading.
	await until("readings", async () => (await world.api.meters()).every((m) => m.state?.clock_set && m.last_reading_at), { timeout_ms: 30000 });
	port = await free_port();
});
after(async () => {
	receiver?.kill();
	await world?.stop();
});

// A folder with the receiver of the guide at work.
function begin(name, text) {
	const folder = world.path(name);
	mkdirSync(folder);
	writeFileSync(path.join(folder, "receiver.py"), blocks(text, "python")[0]);
	receiver = spawn("python3", ["receiver.py", String(port)], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
	receiver.stdout.on("data", (part) => (heard += part));
	return folder;
}

// Only where it runs and who hears is another than on the reader's desk.
function session(text) {
	let script = "set -euo pipefail\n";
	for (const [i, code] of blocks(text, "sh").entries()) script += `${code}\necho; echo "=== end of block ${i + 1}"\n`;
	for (const [was, is] of [["BASE=http://127.0.0.1:8080", `BASE=http://127.0.0.1:${world.http_port}`], ["LOGIN=build/demo/login.txt", `LOGIN=${path.join(world.data, "login.txt")}`],
		["RECEIVER=https://receiver.invalid/wattle", `RECEIVER=http://127.0.0.1:${port}/`]]) {
		assert.equal(script.split(`\n${was}\n`).length, 2, was);
		script = script.replace(was, is);
	}
	return script;
}

test("both languages have the same code, and link to each other", () => {
	const en = page("guide.md"), zh = page("guide.zh-CN.md");
	for (const kind of ["sh", "python"]) assert.deepEqual(blocks(zh, kind), blocks(en, kind));
	assert.ok(blocks(en, "sh").length >= 10 && blocks(en, "python").length === 1);
	assert.equal((zh.match(/^#/gm) ?? []).length, (en.match(/^#/gm) ?? []).length);
	for (const text of [en, zh]) for (const [, target] of text.matchAll(/\]\(([^)#]+)\)/g)) assert.doesNotThrow(() => readFileSync(path.join(root, "docs/api", target)), target);
});

test("the session runs as it stands, and each block shows what the page says", { timeout: 120_000 }, async () => {
	const text = page("guide.md"), folder = begin("guide", text);
	const { code, out, err } = await run("bash", ["-c", session(text)], { cwd: folder, timeout: 100_000 });
	assert.deepEqual([code, err], [0, ""], out.slice(-1500));
	const [login, list, stream, command, missed, readings, edit, errors, hook, away] = out.split(/=== end of block \d+\n/);
	assert.match(login, /"name":"admin"/);
	for (const meter of ["330100000001", "330100000002"]) assert.ok(list.includes(meter), list);
	assert.match(stream, /^event: live$[^]*^id: \S+$[^]*^data: \{"items":\[\{"meter":"330100000001"/m);
	assert.deepEqual(command.split("\n").filter(Boolean), ["trip", "verified", "close", "verified"]);
	for (const kind of ["trip", "close"]) assert.match(missed, new RegExp(`^event: command$\\nid: \\S+\\ndata: .*"kind":"${kind}".*"stage":"verified"`, "m"));
	assert.match(readings, /^\[.*\]$/m);
	assert.match(readings, /^at_s?,|^at,|meter,/m);
	assert.ok(readings.trim().split("\n").length >= 3, readings);
	assert.match(edit, /"name":"guide"[^]*\/problems\/other-version[^]*412\n304\n/);
	assert.match(errors, /"type":"\/problems\/bad-field"[^]*"field":"reason"[^]*"type":"\/problems\/not-found"/);
	assert.match(hook, /"state":"delivered"/);
	assert.equal(away.trim().split("\n").length, 1, away); // the key as it ended; deletions say nothing
	assert.match(away, /"state":"ended"/);
	assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith("guide-")), []);
	assert.equal((await world.api.get("/properties/p1/webhooks")).items.length, 0);
	assert.match(heard, /^\d+ ping \{"kind":"ping","property":"p1"/m);
});

test("its receiver takes nothing that is not signed, is signed by another or is old", async () => {
	writeFileSync(path.join(world.path("guide"), "guide-secret.txt"), "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n");
	const send = async (headers) => (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body: '{"kind":"ping"}' })).status;
	assert.equal(await send({}), 401);
	assert.equal(await send({ "Wattle-Signature": `t=${Math.floor(Date.now() / 1000)},v1=${"0".repeat(64)}` }), 401);
	// The example of docs/protocol/webhook.md: right, and long ago.
	assert.equal(await send({ "Wattle-Signature": "t=1795690000,v1=2485f141a711f212eacd44c269a4f2e9ea88ea8a92d3c996430facd00cc47190" }), Math.abs(Date.now() / 1000 - 1795690000) < 300 ? 200 : 401);
});
