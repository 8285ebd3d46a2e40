// Webhooks against a receiver that checks the signature, fails at first, and counts.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";
import { bin, run, until } from "../lib/process.mjs";
import { World, meter_number } from "../lib/world.mjs";

const HOOKS = "/api/v1/properties/p1/webhooks";
let world, receiver, heard = [], answers = [];

before(async () => {
	world = await World.start({ terminals: 1, settings: "[webhook]\nprivate = 1\n" });
	receiver = createServer((request, response) => {
		let body = "";
		request.on("data", (part) => (body += part));
		request.on("end", () => {
			heard.push({ headers: request.headers, body });
			response.writeHead(answers.shift() ?? 200, { Location: "http://127.0.0.1:1/" });
			response.end("ignored");
		});
	});
	await new Promise((done) => receiver.listen(0, "127.0.0.1", done));
});
after(async () => {
	receiver?.close();
	await world?.stop();
});

const url = () => `http://127.0.0.1:${receiver.address().port}/hook?site=1`;
const make = (kinds, more = {}) => world.api.expect(201, "POST", HOOKS, { json: { name: "crm", url: url(), kinds, ...more } });

function signed(secret, { headers, body }) {
	const [, t, v1] = headers["wattle-signature"].match(/^t=(\d+),v1=([0-9a-f]{64})$/);
	const key = Buffer.from(secret.slice("whsec_".length), "base64url");
	assert.ok(Math.abs(Date.now() / 1000 - Number(t)) < 60);
	return createHmac("sha256", key).update(`${t}.${body}`).digest("hex") === v1;
}

test("stages of a command arrive signed and in order", async () => {
	heard = [];
	const { secret, item } = await make(["command.stage"]);
	const { id } = await world.api.command(meter_number(1), "trip");
	await world.api.command_reaches(id, "verified");
	await until("last stage heard", () => heard.some((h) => { const { data } = JSON.parse(h.body); return data.id === id && data.stage === "verified"; }), { timeout_ms: 20000 });
	assert.ok(heard.every((h) => signed(secret, h)));
	assert.ok(!signed("whsec_" + "A".repeat(43), heard[0]));
	assert.deepEqual(heard.map((h) => h.headers["wattle-event"]).filter((kind) => kind !== "command.stage"), []);
	const numbers = heard.map((h) => Number(h.headers["wattle-delivery"]));
	assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
	const order = ["queued", "sent", "received", "executed", "verified"];
	const stages = heard.filter((h) => JSON.parse(h.body).data.id === id).map((h) => order.indexOf(JSON.parse(h.body).data.stage));
	assert.deepEqual(stages, [...stages].sort((a, b) => a - b));
	// What was heard is noted a moment later.
	await until("the log", async () => (await world.api.get(`/properties/p1/webhooks/${item.id}/deliveries`)).items.every((d) => d.state === "delivered" && d.status === 200));
	const etag = (await world.api.call("GET", `${HOOKS}/${item.id}`)).headers.get("etag");
	const kinds = ["reading.missed", "alarm", "command.stage", "device.found", "account.changed", "order.stage"]; // all that the page of the format names
	const edited = await world.api.call("PATCH", `${HOOKS}/${item.id}`, { json: { kinds }, headers: { "If-Match": etag } });
	assert.deepEqual([edited.body.item.kinds, (await world.api.get(`/properties/p1/webhooks/${item.id}`)).kinds], [kinds, kinds]);
	await world.api.expect(204, "DELETE", `${HOOKS}/${item.id}?reason=moved`, { headers: { "If-Match": edited.headers.get("etag") } });
});

test("a failed try is tried again, a redirect is not followed, a replay is a new delivery", async () => {
	heard = [];
	answers = [500, 302];
	const { item } = await make(["alarm"]);
	const { id } = await world.api.expect(202, "POST", `${HOOKS}/${item.id}/ping`);
	const find = async () => (await world.api.get(`/properties/p1/webhooks/${item.id}/deliveries`)).items.find((d) => d.id === id);
	await until("first failure", async () => (await find()).status === 500, { timeout_ms: 8000 });
	assert.equal((await world.api.call("POST", `${HOOKS}/${item.id}/deliveries/${id}/replay`)).status, 409);
	const done = await until("delivered", async () => { const d = await find(); return d.state === "delivered" && d; }, { timeout_ms: 60000, every_ms: 500 });
	assert.equal(done.tries, 3);
	assert.equal(new Set(heard.map((h) => h.headers["wattle-delivery"])).size, 1);
	const again = await world.api.expect(202, "POST", `${HOOKS}/${item.id}/deliveries/${id}/replay`);
	await until("replayed", () => heard.some((h) => h.headers["wattle-delivery"] === again.id), { timeout_ms: 8000 });
});

test("over SSH: which there are, how deliveries went, one more, a ping", async () => {
	heard = [];
	const { item, secret } = await make(["alarm", "device.found"], { name: "=ssh" });
	const wattle = (...args) => run(bin("wattle"), ["--data", world.data, "webhook", ...args]);
	const line = (await wattle("list")).out.split("\n").find((text) => text.startsWith(`${item.id} `));
	assert.match(line, /^\d+ +on +=ssh {2}http:.* of admin {2}alarm device\.found$/);
	assert.ok(!line.includes(secret));
	const ping = (await wattle("ping", item.id)).out.match(/^delivery (\d+)\n$/)[1];
	await until("pinged", () => heard.some((h) => h.headers["wattle-delivery"] === ping), { timeout_ms: 8000 });
	const delivered = await until("in the log", async () => (await wattle("log", item.id)).out.match(/^\d+ .*delivered .*$/m), { timeout_ms: 8000 });
	assert.match(delivered[0], new RegExp(`^${ping} +20.*Z +delivered +ping +1 tries {2}status 200$`));
	const again = (await wattle("replay", item.id, ping)).out.match(/^delivery (\d+)\n$/)[1];
	await until("replayed", () => heard.some((h) => h.headers["wattle-delivery"] === again), { timeout_ms: 8000 });
	assert.match((await wattle("log", item.id, "--lines", "1")).out, new RegExp(`^${again} .* replay of ${ping}\n$`));
	for (const args of [["log", "999"], ["ping", "999"], ["replay", item.id, "999"]]) assert.equal((await wattle(...args)).code, 1, args.join());
	for (const args of [[], ["log"], ["replay", item.id], ["delete", item.id]]) assert.equal((await wattle(...args)).code, 2, args.join());
});

test("what is wrong is named; the secret is nowhere in store or log", async () => {
	for (const [json, field] of [[{ url: "https://user:pw@host/" }, "url"], [{ url: "ftp://host/path" }, "url"], [{ kinds: [] }, "kinds"], [{ kinds: ["order"] }, "kinds"], [{ name: "" }, "name"]]) {
		const answer = await world.api.call("POST", HOOKS, { json: { name: "x", url: url(), kinds: ["alarm"], ...json } });
		assert.equal(answer.status, 400, JSON.stringify(json));
		assert.match(answer.body.field, new RegExp("^" + field));
	}
	const { secret } = await make(["alarm"]);
	for (const file of readdirSync(path.join(world.data, "store"))) {
		const bytes = readFileSync(path.join(world.data, "store", file));
		assert.ok(!bytes.includes(secret) && !bytes.includes(Buffer.from(secret.slice(6), "base64url")), file);
	}
	assert.ok(!world.platform.log.includes(secret));
});

test("by default nothing inside a private network is spoken to", async () => {
	const other = await World.start({ parts: ["platform"], terminals: 0 });
	try {
		heard = [];
		for (const address of [url(), url().replace("http:", "https:"), "https://localhost:1/", "https://[::1]:1/"]) {
			const { item } = await other.api.expect(201, "POST", HOOKS, { json: { name: "x", url: address, kinds: ["alarm"] } });
			await other.api.expect(202, "POST", `${HOOKS}/${item.id}/ping`);
			const first = await until("tried", async () => {
				const [delivery] = (await other.api.get(`/properties/p1/webhooks/${item.id}/deliveries`)).items;
				return delivery.error && delivery;
			}, { timeout_ms: 10000 });
			assert.equal(first.status, null);
			assert.match(first.error, address.startsWith("https") ? /private network/ : /[Pp]rotocol/, first.error);
		}
		assert.equal(heard.length, 0);
	} finally {
		await other.stop();
	}
});
