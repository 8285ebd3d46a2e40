// M2, T2 in the whole chain: whoever holds the platform's own certificate can replay, delay and
// redirect commands, but not forge them. The terminals are the real firmware.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { ack, down, KIND, parse_result, signed_command } from "../lib/forge.mjs";
import { connect, end, publish, subscribe } from "../lib/mqtt.mjs";
import { run_ok, sleep, until } from "../lib/process.mjs";
import { decode } from "../lib/wire.mjs";
import { meter_number, World } from "../lib/world.mjs";

const A = meter_number(1), B = meter_number(2);
const REFUSED = 1, OLD_COUNTER = 2, EXPIRED = 3;
let world, thief, epoch, recorded, keys, next_id = 900001;

before(async () => {
	world = await World.start({ terminals: 2 });
	keys = readFileSync(world.path("terminals.csv"), "utf8").trim().split("\n").map((l) => l.split(",")).filter(([c]) => world.chips.includes(c));
	for (const kind of ["trip", "close"]) {
		const { id } = await until(`${kind} accepted`, () => world.api.command(A, kind));
		assert.equal((await world.api.command_reaches(id, ["verified", "refused", "failed"], 30000)).stage, "verified");
		recorded ??= id;
	}
	const store = path.join(world.data, "store/wattle.db");
	const sql = async (text) => (await run_ok("sqlite3", [store, text])).out.trim();
	recorded = Buffer.from(await sql(`SELECT hex(body) FROM command WHERE command_id=${recorded}`), "hex");
	await world.platform.stop();
	epoch = BigInt("0x" + (await sql("SELECT value FROM store_info WHERE name='epoch'")));
	thief = await connect(world.mqtt_port, world.identity("wattled"), { id: "wattled" });
	// Acknowledges like the platform, or the gateway would wait for it after a few batches.
	thief.on("message", (topic, payload) => {
		const batch = decode(payload);
		publish(thief, "wattle/1/p1/gw-1/ack", ack(epoch, batch[1][0], batch[2][0]));
	});
	await subscribe(thief, "wattle/1/p1/gw-1/up");
});

after(async () => {
	if (thief) await end(thief);
	await world?.stop();
});

const state = (k) => world.emu.ask("state", { terminal: k });
const now_s = () => Math.floor(Date.now() / 1000);

// The gateway has one command in flight per meter and keeps trying until its expiry, so that is short.
async function inject(meter, body, expires_s = now_s() + 8) {
	const id = next_id++;
	assert.ok((await publish(thief, "wattle/1/p1/gw-1/down", down(epoch, { id, meter, body, expires_s, kind: body[6] }))) < 128);
	return id;
}

// What the gateway said since `from`: {id, stage, result}, from all batches heard.
const words = (from = 0) => thief.heard.slice(from).flatMap(({ payload }) => decode(payload)[5] ?? []).map(decode)
	.map((r) => ({ id: Number(r[1][0]), stage: Number(r[2][0]), result: r[3]?.[0]?.length ? parse_result(r[3][0]) : null }));

// Injects, and waits for the terminal's signed answer to this counter (the gateway puts it under
// the first command that had it).
async function answered(meter, body) {
	const from = thief.heard.length, counter = body.readUInt32LE(2);
	const id = await inject(meter, body);
	const result = await until(`answer to counter ${counter}`, () => words(from).find((w) => w.result?.counter === counter)?.result, { timeout_ms: 40000 });
	await until(`end of ${id}`, () => words(from).some((w) => w.id === id && (w.result || w.stage >= 4)), { timeout_ms: 40000 });
	return result;
}

// Runs `act`; the contact of terminal k must not move by it.
async function unmoved(k, act) {
	const before_act = await state(k);
	const result = await act();
	await sleep(300);
	const after_act = await state(k);
	assert.equal(after_act.counters.contact_moves, before_act.counters.contact_moves);
	assert.equal(after_act.contact_closed, before_act.contact_closed);
	return result;
}

test("M2: a recorded trip played again is refused for its counter", async () => {
	const result = await unmoved(1, () => answered(A, recorded));
	assert.equal(result.outcome, REFUSED);
	assert.equal(result.reason, OLD_COUNTER);
});

test("M2: a command past its expiry is refused by the terminal itself", async () => {
	const [chip, key] = keys[0];
	const body = signed_command({ chip, key, kind: KIND.trip, counter: 5000, issued_s: now_s() - 1000, expires_s: now_s() - 500 });
	const result = await unmoved(1, () => answered(A, body));
	assert.equal(result.outcome, REFUSED);
	assert.equal(result.reason, EXPIRED);
});

test("M2: a command that the gateway may not send any more is never sent", async () => {
	const [chip, key] = keys[0];
	const body = signed_command({ chip, key, kind: KIND.trip, counter: 5001, issued_s: now_s() - 100, expires_s: now_s() + 100 });
	await unmoved(1, async () => {
		const id = await inject(A, body, now_s() - 5);
		await until("expired at the gateway", () => words().some((w) => w.id === id && w.stage === 4), { timeout_ms: 40000 });
		assert.equal(words().some((w) => w.result?.counter === 5001), false);
	});
});

test("T2: A's command sent to B has no effect and no signed answer", async () => {
	const [chip, key] = keys[0];
	const body = signed_command({ chip, key, kind: KIND.trip, counter: 5002, issued_s: now_s(), expires_s: now_s() + 60 });
	await unmoved(2, async () => {
		const id = await inject(B, body);
		await until("no answer", () => words().some((w) => w.id === id && w.stage >= 5), { timeout_ms: 40000 });
		assert.equal(words().some((w) => w.result?.counter === 5002), false);
	});
});

test("T2: refusals have not used up the counter: an honest command still works", async () => {
	await end(thief);
	thief = null;
	world.platform.start();
	await world.platform_ready();
	const { id } = await until("trip accepted", () => world.api.command(A, "trip"));
	assert.equal((await world.api.command_reaches(id, ["verified", "refused", "failed", "expired"], 40000)).stage, "verified");
	assert.equal((await state(1)).contact_closed, false);
});

test("keep-power refuses a trip, release makes it possible again", async () => {
	const give = async (kind) => world.api.command_reaches((await world.api.command(B, kind)).id, ["verified", "refused", "failed", "expired"], 40000);
	assert.equal((await give("keep-power")).stage, "verified");
	const refused = await unmoved(2, () => give("trip"));
	assert.equal(refused.stage, "refused");
	assert.equal(refused.reason_code, 7);
	assert.equal((await give("release")).stage, "verified");
	assert.equal((await give("trip")).stage, "verified");
});
