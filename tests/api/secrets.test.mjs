// Every kind of secret of an installation is made, used, misused in all the places where a client may put it by
// mistake, and then looked for: in each answer, in the log at its most talkative, and in every file of the data
// folder, as text and as bytes.
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import net from "node:net";
import { once } from "node:events";
import path from "node:path";
import { after, before, test } from "node:test";
import { Api } from "../lib/api.mjs";
import { P1, make } from "../lib/estate.mjs";
import { run, bin } from "../lib/process.mjs";
import { exchange } from "../lib/raw-http.mjs";
import { Sheets } from "../lib/sheets.mjs";
import { base32_decode, totp } from "../lib/totp.mjs";
import { World } from "../lib/world.mjs";

// name → {text, at: the files where it is meant to be}
const secrets = new Map();
const answers = []; // {what, text}
let world;

const keep = (name, text, ...at) => secrets.set(name, { text: String(text), at: at.map((file) => path.join(world.data, file)) });

// As text, and as what the text stands for.
function forms({ text }) {
	const found = [Buffer.from(text)];
	if (/^[0-9a-f]{64}$/.test(text)) found.push(Buffer.from(text, "hex"), Buffer.from(text.toUpperCase()));
	if (/^[A-Z2-7]{32,}$/.test(text)) found.push(base32_decode(text));
	for (const [, tail] of text.matchAll(/([A-Za-z0-9_-]{43})$/g)) found.push(Buffer.from(tail), Buffer.from(tail, "base64url"));
	return found.filter((bytes) => bytes.length >= 8);
}

// A client that remembers every answer, with its headers.
class Listening extends Api {
	async call(method, where, options) {
		const answer = await super.call(method, where, options);
		answers.push({ what: `${method} ${where.slice(0, 80)}`, text: JSON.stringify([...answer.headers]) + JSON.stringify(answer.body) });
		return answer;
	}
}

async function raw(bytes) {
	const socket = net.connect(world.http_port, "127.0.0.1");
	await once(socket, "connect");
	answers.push({ what: bytes.slice(0, 60), text: await exchange(socket, Buffer.from(bytes, "latin1"), { wait_ms: 1000, done: (text) => text.includes("}") }) });
}

const forget_answers = (job) => { // of the one call that is meant to tell the secret
	const before_count = answers.length;
	return job().then((result) => (answers.splice(before_count), result));
};

const PASSWORD = "quiet-otter-" + randomBytes(6).toString("hex"), OTHER = "loud-heron-" + randomBytes(6).toString("hex"), TERMINAL_KEY = randomBytes(32).toString("hex");
const CHIP = "c0ffee".padEnd(24, "0"), SHEET_CHIP = "c0ffee".padEnd(24, "1"), SHEET_KEY = randomBytes(32).toString("hex");

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0, settings: "[webhook]\nprivate = 1\n[platform]\nlog_level = debug\n" });
	const api = new Listening(world.http_port);
	api.cookie = world.api.cookie;
	world.api = api;
});
after(() => world?.stop());

test("secrets of every kind are made", async () => {
	const { api } = world;
	keep("first password", readFileSync(path.join(world.data, "login.txt"), "utf8").match(/password: (.*)/)[1], "login.txt");
	keep("administrator's session", api.cookie.split("=")[1]);
	keep("key outside the store", readFileSync(path.join(world.data, "secret.key"), "utf8").match(/[0-9a-f]{64}/)[0], "secret.key");
	keep("gateway's certificate key", readFileSync(path.join(world.data, "pki/gateways/gw-1.key"), "utf8").split("\n")[1], "pki/gateways/gw-1.key");

	const user = await make(api, "/api/v1/users", { name: "zhou", lang: "en", group: "1" });
	const { token } = await forget_answers(() => make(api, `/api/v1/users/${user.id}/invitation`, {}));
	keep("invitation", token);
	keep("chosen password", PASSWORD);
	const zhou = new Listening(world.http_port);
	await zhou.expect(204, "POST", "/api/v1/invitations/use", { json: { token, password: PASSWORD } });
	await forget_answers(() => zhou.login("zhou", PASSWORD));
	keep("person's session", zhou.cookie.split("=")[1]);
	const { secret } = await forget_answers(() => zhou.expect(200, "POST", "/api/v1/session/totp", {}));
	keep("second factor", secret);
	const { recovery_codes } = await forget_answers(() => zhou.expect(200, "POST", "/api/v1/session/totp/confirm", { json: { code: totp(secret) } }));
	recovery_codes.forEach((code, i) => keep(`recovery code ${i}`, code));
	world.zhou = zhou;

	const { key } = await forget_answers(() => api.expect(201, "POST", "/api/v1/keys", { json: { name: "sweep", reason: "test", permissions: ["property.read"], property: "p1" } }));
	keep("API key", key);
	const hook = await forget_answers(() => api.expect(201, "POST", `${P1}/webhooks`, { json: { name: "sweep", url: "http://127.0.0.1:9/hook", kinds: ["device.found"] } }));
	keep("webhook secret", hook.secret);

	const file = world.path("labels.csv");
	writeFileSync(file, `chip,key,label\n${CHIP},${TERMINAL_KEY},A1\n`);
	await world.wattle("terminal", "import", file);
	keep("terminal's key", TERMINAL_KEY);
	const sheets = new Sheets(api);
	await sheets.import("terminals", `chip,key\n${SHEET_CHIP},${SHEET_KEY}\n`);
	keep("terminal's key of a sheet", SHEET_KEY);
	assert.ok(secrets.size >= 20);
});

test("each is put where it does not belong, and the answers keep it to themselves", async () => {
	const { api } = world;
	for (const { text } of secrets.values()) {
		const word = encodeURIComponent(text);
		for (const call of [
			["GET", `/api/v1/meters?q=${word}`], ["GET", `/api/v1/meters/${word}`], ["GET", `/api/v1/session?token=${word}`], ["GET", `/${word}`],
			["POST", "/api/v1/session", { json: { name: text, password: OTHER + "?" } }],
			["POST", "/api/v1/session", { json: { name: "nobody-" + text.slice(0, 4), password: text, extra: text } }],
			["POST", "/api/v1/session", { text: `{"name":"zhou","password":"${text}`, type: "application/json" }],
			["POST", "/api/v1/session", { json: { name: "zhou", password: [text] } }],
			["POST", "/api/v1/invitations/look", { json: { token: text + "x" } }],
			["POST", "/api/v1/session/password", { json: { old: text, password: text } }],
			["PUT", `${P1}/imports/999/file?at=0`, { text, type: "application/octet-stream" }],
			["GET", "/api/v1/meters", { headers: { Authorization: `Bearer ${text}x` } }],
			["GET", "/api/v1/meters", { headers: { Authorization: text } }],
			["GET", "/api/v1/meters", { headers: { Cookie: `wattle_session=${text}x` } }],
			["POST", `${P1}/spaces`, { json: { kind: "building", parent: null, code: "S" }, headers: { "Idempotency-Key": text + " " } }],
		]) {
			const answer = await new Listening(world.http_port).call(call[0], call[1], call[2] ?? {});
			assert.ok(answer.status >= 400 || call[1].startsWith("/" + word.slice(0, 4)) || answer.status === 200, `${call[0]} ${call[1]}: ${answer.status}`);
		}
		// A refusal names the member or parameter that is too much: he hears what he said, and nobody else does.
		await new Api(world.http_port).expect(400, "POST", "/api/v1/session", { json: { [text]: 1 } });
		await new Api(world.http_port).expect(401, "GET", `/api/v1/meters?${word}=1`);
		await raw(`GET /api/v1/session HTTP/1.1\r\nHost: x\r\nX-Odd: ${text}\r\n ${text}\r\n\r\n`);
		await raw(`GET /api/v1/session?${text} ${text} HTTP/1.1\r\nHost: x\r\n\r\n`);
		await raw(`POST /api/v1/session HTTP/1.1\r\nHost: x\r\nX-Wattle-Request: 1\r\nContent-Type: ${text}\r\nContent-Length: 2\r\n\r\n{}`);
	}
	// A sheet with mistakes in the very row of a key.
	const bad = await new Sheets(api).check("terminals", `chip,key\n${CHIP.slice(2)},${TERMINAL_KEY}\n${SHEET_CHIP},${SHEET_KEY}00\nx,${SHEET_KEY.slice(0, 63)}g\n`);
	assert.ok(bad.mistakes >= 3);
	answers.push({ what: "mistakes", text: JSON.stringify(await new Sheets(api).mistakes(bad.id)) });
	const cli = await run(bin("wattle"), ["--data", world.data, "terminal", "import", world.path("labels.csv"), "--property", "none"]);
	answers.push({ what: "terminal import", text: cli.out + cli.err });
});

test("lists and pages of everything tell none of them", async () => {
	const { api } = world;
	for (const where of ["/users", "/keys", "/properties/p1/webhooks", "/audit?limit=500", "/audit?property=p1&limit=500", "/audit?group=1&limit=500", "/sessions", "/devices", "/gateways", "/events", "/approvals", "/properties/p1/imports", "/session", "/roles",
		"/properties/p1/sheets/terminals?lang=keys", "/properties/p1/sheets/users?lang=keys", "/audit/export?property=p1", "/audit/export?group=1"]) {
		const answer = await (where === "/events" ? { status: 404 } : api.call("GET", "/api/v1" + where));
		assert.ok(answer.status < 500, where);
	}
	for (const where of ["/metrics", "/readyz", "/healthz"]) await api.call("GET", where);
	for (const args of [["status"], ["doctor"], ["gateway", "list"], ["terminal", "list"], ["user", "list"], ["session", "list"], ["audit", "list"], ["key", "list"], ["export", "terminals"], ["export", "users"]]) {
		const { out, err } = await run(bin("wattle"), ["--data", world.data, ...args]);
		answers.push({ what: `wattle ${args.join(" ")}`, text: out + err });
	}
});

test("no answer holds a secret", () => {
	assert.ok(answers.length > 400, `${answers.length} answers`);
	for (const [name, secret] of secrets)
		for (const form of forms(secret))
			for (const { what, text } of answers) assert.ok(!text.includes(form.toString("latin1")), `${name} is in the answer of ${what}: ${text.slice(0, 300)}`);
});

test("no file holds one, but those that are made to", async () => {
	await world.platform.stop(); // everything is written
	const files = readdirSync(world.dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
		.filter((file) => file !== world.path("labels.csv"));
	assert.ok(files.some((file) => file.endsWith("wattle.db")) && files.some((file) => file.endsWith("wattled.log")) && files.length > 10);
	let meant = 0;
	for (const file of files) {
		const bytes = readFileSync(file);
		for (const [name, secret] of secrets)
			for (const form of forms(secret)) {
				if (!bytes.includes(form)) continue;
				assert.ok(secret.at.includes(file), `${name} is in ${file}`);
				meant++;
			}
	}
	assert.ok(meant >= 3, "the search finds what is there"); // login.txt, secret.key, the gateway's key
	world.platform.start();
	await world.platform_ready();
});
