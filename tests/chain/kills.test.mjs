// Kill -9 of broker, gateway and platform at random moments under load: every spooled reading is
// stored once, no command executes twice, nobody has to repair anything by hand.
//
//	WATTLE_KILLS=50 for the nightly run, WATTLE_SEED to repeat one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, Crowd, executed_results, settle, Switcher } from "../lib/load.mjs";
import { sleep, until } from "../lib/process.mjs";
import { meter_number, World } from "../lib/world.mjs";

const KILLS = Number(process.env.WATTLE_KILLS ?? 10);
const seed = Number(process.env.WATTLE_SEED ?? Date.now() % 1000000);
const EVERY_SECOND = "[platform]\nreading_period_s = 1\ncommand_expiry_s = 20\n";

// Small and repeatable: the moments of a failed run can be had again.
function random_from(start) {
	let state = start >>> 0 || 1;
	return (below) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
}

async function kill_and_start(world, name, k, random, crowd) {
	await crowd?.flows();
	// A gateway must live for some seconds between, or no plan second is left to look for.
	await sleep((name === "gateway" && k % 3 === 2 ? 4500 : 200) + random(1300));
	const from = Date.now();
	await world[name].kill();
	// Once it stays away for seconds, so that a plan second is missing on a fast machine too.
	await sleep(name === "gateway" && k === 1 ? 3500 : random(600));
	const said = world[name].log.length;
	world[name].start();
	if (name === "gateway") {
		await until("it hears the bus", () => world.gateway.log.slice(said).includes("bus.sock is open"));
		// Who is dead makes no readings, and then a whole second must begin with a set from each terminal.
		(world.away ??= []).push([from - 100, Date.now() + 2300]);
	}
	if (name === "platform") await world.platform_ready();
	if (name === "broker") await world.broker_ready();
	if (name !== "gateway") crowd?.again();
}

for (const name of ["broker", "gateway", "platform"]) {
	test(`${KILLS} x kill -9 of the ${name} under load (seed ${seed})`, async (t) => {
		const world = await World.start({ terminals: 3, settings: EVERY_SECOND });
		try {
			const crowd = await Crowd.start(world);
			const random = random_from(seed), person = new Switcher(world, meter_number(1));
			for (let k = 0; k < KILLS; k++) await kill_and_start(world, name, k, random, crowd);
			const commands = await person.stop();
			const moves = (await world.emu.ask("state", { terminal: 1 })).counters.contact_moves;
			await crowd.stop();
			const result = await settle(world, { period: 1 });
			assert.deepEqual(result.lost, []);
			assert.ok(result.stored >= KILLS, `only ${result.stored} readings`);
			assert.ok(result.wanted >= 6, `the plan wanted only ${result.wanted} readings`);
			// The seconds without a gateway are missing: who does not excuse them must find them.
			if (name === "gateway") assert.ok((await compare(world, { period: 1, away: [] })).first.some((line) => line.startsWith("on the bus, not spooled")));
			assert.ok(result.others > 200, `only ${result.others} batches beside`);
			t.diagnostic(`${result.generated} value sets on the bus, ${result.wanted} plan seconds, ${result.spooled} spooled, ${result.stored} stored, ${commands.length} commands; ${result.others} batches of others`);
			check_commands(world, commands, moves);
			assert.deepEqual(await world.gateway_events("gw-1", "spool-replaced"), [], "a folder that was never touched");
		} finally {
			await world.stop({ quietly: true });
		}
	});
}

// Each counter has one answer, however often it was repeated; and as trips and closings alternate,
// each execution moved the contact once.
function check_commands(world, commands, moves) {
	const executed = executed_results(world), verified = commands.filter((c) => c.last.stage === "verified").length;
	assert.ok(verified > 0, "no command was verified at all");
	assert.deepEqual([...executed.values()].filter((answers) => answers.size !== 1), [], "a command was executed twice");
	assert.ok(executed.size >= verified && executed.size <= commands.length, `${commands.length} given, ${executed.size} executed, ${verified} verified`);
	assert.equal(moves, executed.size, "the contact moved other than by commands");
	assert.equal(new Set(commands.map((c) => c.id)).size, commands.length, "one command was given twice");
}

test("a platform that acknowledges before it commits is found out", async () => {
	const world = await World.start({ terminals: 3, settings: EVERY_SECOND + "group_ms = 1000\ngroup_batches = 1024\n", wattled: "wattled-planted" });
	try {
		const random = random_from(seed);
		for (let k = 0; k < 10; k++) await kill_and_start(world, "platform", k, random);
		const { first } = await settle(world, { timeout_ms: 8000 });
		assert.ok(first.some((line) => line.startsWith("spooled, not stored")), "the planted fault was not found");
	} finally {
		await world.stop({ quietly: true });
	}
});
