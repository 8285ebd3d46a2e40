// Adopts the first terminals under names that people would give, and waits until they speak.
import { until } from "../../lib/process.mjs";
import { meter_number } from "../../lib/world.mjs";

export async function adopt_named(world, names) {
	for (const [i, name] of names.entries()) {
		const chip = world.chips[i];
		await until(`terminal ${chip} found`, async () => (await world.api.devices()).some((d) => d.chip === chip), { timeout_ms: 30_000 });
		const answer = await world.api.adopt(chip, meter_number(i + 1), name);
		if (answer.status >= 300) throw new Error(`adopt ${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
	}
	const stream = await world.api.events();
	await until("live values with a set clock", async () => (await world.api.meters()).filter((m) => m.state?.clock_set).length >= names.length, { timeout_ms: 40_000, every_ms: 200 });
	stream.stop();
}
