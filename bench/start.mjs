// What a start with 100,000 meters costs until the first page is served, whatever the reading plan and however many days are stored.
import { setTimeout as sleep } from "node:timers/promises";
import { bin, root, run_ok } from "../tests/lib/process.mjs";
import { World } from "../tests/lib/world.mjs";

const METERS = 100000, PAGE = "/api/v1/meters?limit=50&sort=name";
const CPU_S = 1, RSS_MB = 64;
const SITES = [
	["a reading each minute, one day", "--days", "1", "--period", "60"],
	["each quarter of an hour, 7 days", "--days", "7", "--period", "900"],
	["each hour, 30 days", "--days", "30", "--period", "3600"],
];

// CPU seconds and the highest memory of wattled when it has served a page to somebody who was logged in before.
async function first_page(world, { cpu_of, status_kb }) {
	await world.platform.stop();
	world.platform.start();
	for (;;) {
		const answer = await fetch(world.api.base + PAGE, { headers: { Cookie: world.api.cookie } }).catch(() => null);
		if (answer?.status === 200) {
			const { pid } = world.platform.child, cpu = cpu_of(pid), mb = status_kb(pid, "VmHWM") / 1024;
			if ((await answer.json()).items.length !== 50) throw new Error("not a page");
			return { cpu, mb };
		}
		if (answer && answer.status !== 503) throw new Error(`${answer.status} ${await answer.text()}`);
		if (!world.platform.running) throw new Error(world.platform.log.slice(-500));
		await sleep(10);
	}
}

export async function measure_start({ say, figure, cpu_of, status_kb }) {
	for (const [what, ...args] of SITES) {
		say(`a start with ${METERS} meters: ${what}`);
		const world = await World.start({ parts: [], terminals: 0, adopt: 0 });
		try {
			const { out } = await run_ok(bin("wattle-sim"), ["site", "--data", world.data, "--meters", String(METERS), "--properties", "10", ...args], { cwd: root, timeout: 1800_000 });
			await world.start_platform();
			const runs = [];
			for (let i = 0; i < 3; i++) runs.push(await first_page(world, { cpu_of, status_kb }));
			const cpu = Math.max(...runs.map((r) => r.cpu)), mb = Math.max(...runs.map((r) => r.mb)), readings = Number(out.match(/^readings (\d+)/m)[1]);
			figure(`start with 100,000 meters (${what}: ${(readings / 1e6).toFixed(0)} M readings) until the first page is served`, `≤ ${CPU_S} CPU-s`,
				`${cpu.toFixed(2)} (the worst of 3)`, cpu <= CPU_S);
			figure(`its highest memory until then (${what})`, `≤ ${RSS_MB} MiB RSS`, `${mb.toFixed(1)} MiB`, mb <= RSS_MB);
		} finally {
			await world.stop({ quietly: true });
		}
	}
}
