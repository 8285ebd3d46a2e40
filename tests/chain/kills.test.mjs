// Kill -9 of broker, gateway and platform at random moments under load: every spooled reading is
// stored once, no command executes twice, nobody has to repair anything by hand.
//
//	WATTLE_KILLS=50 for the nightly run, WATTLE_SEED to repeat one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { executed_results, settle, Switcher } from "../lib/load.mjs";
import { sleep } from "../lib/process.mjs";
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

async function kill_and_start(world, name, random) {
	await sleep(200 + random(1300));
	await world[name].kill();
	await sleep(random(600));
	world[name].start();
	if (name === "platform") await world.platform_ready();
	if (name === "broker") await world.broker_ready();
}

for (const name of ["broker", "gateway", "platform"]) {
	test(`${KILLS} x kill -9 of the ${name} (seed ${seed})`, async () => {
		const world = await World.start({ terminals: 3, settings: EVERY_SECOND });
		try {
			const random = random_from(seed), person = new Switcher(world, meter_number(1));
			for (let k = 0; k < KILLS; k++) await kill_and_start(world, name, random);
			const commands = await person.stop();
			const moves = (await world.emu.ask("state", { terminal: 1 })).counters.contact_moves;
			const result = await settle(world);
			assert.deepEqual(result.lost, []);
			assert.ok(result.stored >= KILLS, `only ${result.stored} readings`);
			check_commands(world, commands, moves);
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
		for (let k = 0; k < 10; k++) await kill_and_start(world, "platform", random);
		const { first } = await settle(world, { timeout_ms: 8000 });
		assert.ok(first.some((line) => line.startsWith("spooled, not stored")), "the planted fault was not found");
	} finally {
		await world.stop({ quietly: true });
	}
});
