// Kill -9 of the database in the middle of transactions under load (B1): what was acknowledged is there, what was asked again
// until it was is there once, the chain of the audit holds, and nobody repairs anything by hand.
//
//	WATTLE_STORE_KILLS=100 for the nightly run
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { kill_server, on_postgres, start_server } from "../lib/postgres.mjs";
import { sleep, until } from "../lib/process.mjs";
import { World } from "../lib/world.mjs";

const KILLS = Number(process.env.WATTLE_STORE_KILLS ?? 4);
const WRITERS = 6;
const CUSTOMERS = "/api/v1/properties/p1/customers";

let world;
before(async () => {
	assert.ok(on_postgres, "tests/postgres starts this test");
	world = await World.start({ parts: ["platform"], terminals: 0 });
});
after(() => world?.stop());

// One act after the other, each asked again with its key until it is answered.
class Writer {
	constructor(k) {
		Object.assign(this, { k, done: [], again: 0, ends: false, abandoned: false });
		this.work = this.run();
	}

	async run() {
		while (!this.ends) {
			const name = `Kunde ${this.k}-${this.done.length}`;
			await this.act(name);
			this.done.push(name);
		}
	}

	async act(name) {
		const headers = { "Idempotency-Key": randomUUID() };
		while (!this.abandoned) {
			const answer = await world.api.call("POST", CUSTOMERS, { json: { name }, headers }).catch(() => ({ status: 0 }));
			if (answer.status === 201) return;
			assert.ok([0, 503].includes(answer.status), `${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
			this.again++;
			await sleep(50);
		}
	}

	async stop() {
		this.ends = true;
		await this.work;
	}
}

test(`${KILLS} x kill -9 of PostgreSQL under load`, async (t) => {
	const writers = Array.from({ length: WRITERS }, (_, k) => new Writer(k));
	t.after(() => writers.forEach((writer) => (writer.abandoned = writer.ends = true)));
	const acknowledged = () => writers.reduce((sum, writer) => sum + writer.done.length, 0);
	for (let k = 0; k < KILLS; k++) {
		const before = acknowledged();
		await until("work goes on", () => acknowledged() > before + 20, { timeout_ms: 60000 });
		await sleep(Math.random() * 300);
		await kill_server();
		await sleep(k % 4 === 3 ? 9000 : Math.random() * 1000); // now and then for longer than a group waits
		await start_server();
	}
	const before = acknowledged();
	await until("work goes on", () => acknowledged() > before + 20, { timeout_ms: 60000 });
	for (const writer of writers) await writer.stop();
	const wanted = writers.flatMap((writer) => writer.done).sort();
	const rows = (await world.sql("SELECT name FROM customer ORDER BY name")).split("\n");
	assert.deepEqual(rows, wanted);
	const metrics = (await world.api.call("GET", "/metrics")).body;
	const run_again = Number(metrics.match(/^wattle_groups_run_again_total (\d+)$/m)[1]);
	assert.ok(run_again, "no group was in the way of a kill");
	assert.ok(writers.some((writer) => writer.again), "nobody was sent away while there was no database");
	await world.wattle("audit", "verify");
	assert.equal(Number(await world.sql("SELECT count(*) FROM audit WHERE action='customer.create' AND property_id=1")), wanted.length);
	assert.ok(world.platform.running);
	t.diagnostic(`${wanted.length} acts, ${writers.reduce((sum, w) => sum + w.again, 0)} asked again, ${run_again} groups run again`);
});
