// The simulated world (docs/design/world.md): faults for a CPU-minute, CPU of a seed, and a property of 100 meters over a year.
import { spawn } from "node:child_process";
import { bin, root } from "../tests/lib/process.mjs";

const SEEDS = 300, METERS = 100, DAYS = 365;

// Runs it to its end; CPU seconds are the shell's word of its children.
async function world(...args) {
	const child = spawn("bash", ["-c", '"$@"; times', "world", bin("wattle-world"), "--quiet", ...args.map(String)], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
	let out = "";
	child.stdout.on("data", (data) => (out += data));
	await new Promise((done) => child.on("close", done));
	const lines = out.trim().split("\n"), used = [...lines.at(-1).matchAll(/(\d+)m([\d.]+)s/g)];
	if (used.length !== 2) throw new Error(out.slice(-500));
	return {
		cpu_s: used.reduce((sum, [, m, s]) => sum + m * 60 + Number(s), 0),
		faults: Number(out.match(/^ *(\d+) faults$/m)[1]),
		broken: lines.filter((line) => line.startsWith("not ok")).length,
		virtual_s: [...out.matchAll(/^ok seed \d+: (\d+) s/gm)].reduce((sum, [, s]) => sum + Number(s), 0),
	};
}

export async function measure_world({ say, figure }) {
	for (const profile of ["storm", "swarm"]) {
		say(`${SEEDS} seeds of the simulated world, ${profile}`);
		const many = await world("--profile", profile, "--seed", 1, "--seeds", SEEDS, "--coverage");
		const per_minute = (many.faults / many.cpu_s) * 60, goal = profile === "storm";
		figure(`faults injected by the simulated world for each CPU-minute, ${profile}`, goal ? "≥ 1 million" : "—",
			`${(per_minute / 1e6).toFixed(2)} million (${many.faults} in ${many.cpu_s.toFixed(1)} CPU-s, ${many.virtual_s} s of virtual time)`, !goal || per_minute >= 1e6);
		figure(`CPU of a seed, ${profile}`, "≤ 0.4 s", `${(many.cpu_s / SEEDS).toFixed(3)} s`, many.cpu_s / SEEDS <= 0.4);
		figure(`promises broken, ${profile}`, "0", String(many.broken), many.broken === 0);
	}
	say(`${METERS} meters over ${DAYS} days`);
	const year = await world("--seed", 0, "--days", DAYS, "--meters", METERS, "--coverage");
	figure(`a year of a property of ${METERS} meters, read four times a day, with its audit`, "≤ 60 CPU-s", `${year.cpu_s.toFixed(1)} s, ${year.faults} faults`, year.cpu_s <= 60);
	figure("promises broken in it", "0", String(year.broken), year.broken === 0);
}
