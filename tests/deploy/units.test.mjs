// The units as they are installed: how much they leave open, that systemd accepts them, and that the programs
// need no system call which their filters refuse.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Api } from "../lib/api.mjs";
import { bin, root, run, sleep, temp_dir, until } from "../lib/process.mjs";
import { World, meter_number } from "../lib/world.mjs";

const folder = path.join(root, "deploy/systemd");
const services = readdirSync(folder).filter((name) => name.endsWith(".service"));
let temp;

before(() => (temp = temp_dir()));
after(() => temp.remove());

async function exposure(file) {
	const { code, out, err } = await run("systemd-analyze", ["security", "--no-pager", "--offline=true", file]);
	const found = out.match(/Overall exposure level for \S+: ([\d.]+)/);
	assert.ok(found, `systemd-analyze ${file}: ${code} ${err}`);
	return Number(found[1]);
}

for (const name of services) {
	test(`${name} leaves at most 2.0 open`, async () => {
		const figure = await exposure(path.join(folder, name));
		assert.ok(figure <= 2.0, `exposure ${figure}`);
	});
}

test("the figure is the unit's own: without its restrictions it is much worse", async () => {
	const bare = readFileSync(path.join(folder, "wattled.service"), "utf8").replace(/^(System|Restrict|Protect|Private|NoNew|Capability|User|Memory).*\n/gm, "");
	writeFileSync(path.join(temp.dir, "bare.service"), bare);
	assert.ok(await exposure(path.join(temp.dir, "bare.service")) > 6);
});

test("every relaxation has its reason in the lines above it", () => {
	const relaxed = /^(RestrictAddressFamilies|DeviceAllow|SupplementaryGroups|UMask=0027|ReadWritePaths|ReadOnlyPaths|LimitNOFILE)/;
	for (const name of services) {
		const lines = readFileSync(path.join(folder, name), "utf8").split("\n");
		lines.forEach((line, k) => {
			if (!relaxed.test(line)) return;
			const block = lines.slice(0, k).reverse();
			const before = block.findIndex((l) => l.startsWith("#"));
			assert.ok(before >= 0 && before <= 4 && !block.slice(0, before).includes(""), `${name}: ${line}`);
		});
	}
});

test("systemd finds nothing to say about them", async () => {
	// A root of its own, with the programs that they name and the system's own units.
	const fake = path.join(temp.dir, "root");
	for (const dir of ["usr/bin", "usr/sbin", "lib/systemd"]) mkdirSync(path.join(fake, dir), { recursive: true });
	cpSync("/lib/systemd/system", path.join(fake, "lib/systemd/system"), { recursive: true, verbatimSymlinks: true });
	for (const program of ["usr/bin/wattled", "usr/bin/wattle", "usr/bin/wattle-gateway", "usr/sbin/mosquitto"])
		writeFileSync(path.join(fake, program), "", { mode: 0o755 });
	for (const unit of readdirSync(folder)) writeFileSync(path.join(fake, "lib/systemd/system", unit), readFileSync(path.join(folder, unit)));
	for (const unit of readdirSync(folder)) {
		const { err } = await run("systemd-analyze", ["verify", "--man=no", `--root=${fake}`, unit.replace("@.", "@gw-7.")]);
		assert.deepEqual(err.split("\n").filter((line) => line.includes("wattle")), [], unit);
	}
});

// All names of `@groups`, as this systemd knows them.
function expand(words) {
	const names = new Set();
	const add = (word) => {
		if (!word.startsWith("@")) return names.add(word);
		const text = execFileSync("systemd-analyze", ["syscall-filter", "--no-pager", word], { encoding: "utf8" });
		for (const line of text.split("\n").slice(1)) {
			const name = line.trim();
			if (name && !name.startsWith("#")) add(name);
		}
	};
	words.forEach(add);
	return names;
}

function allowed_calls(unit) {
	const filters = [...readFileSync(path.join(folder, unit), "utf8").matchAll(/^SystemCallFilter=(~?)(.*)$/gm)];
	assert.ok(filters.length >= 2, unit);
	const names = expand(filters.filter(([, not]) => !not).flatMap(([, , words]) => words.split(" ")));
	for (const name of expand(filters.filter(([, not]) => not).flatMap(([, , words]) => words.split(" ")))) names.delete(name);
	return names;
}

// The same world as everywhere, each daemon under strace.
class TracedWorld extends World {
	daemon(name, file, args, env) {
		const traced = super.daemon(name, "/usr/bin/strace", ["-f", "-qq", "-o", this.path("log", `${name}.calls`), file, ...args], env);
		// strace would let go of its child and end by the signal; the child itself is told.
		traced.signal = (signal) => process.kill(Number(execFileSync("pgrep", ["-P", String(traced.child.pid)], { encoding: "utf8" })), signal);
		return traced;
	}

	calls(name) {
		// The first calls are strace's own child becoming the program.
		const text = readFileSync(this.path("log", `${name}.calls`), "utf8");
		return new Set([...text.slice(text.indexOf("execve(")).matchAll(/^\d+ +([a-z_0-9]+)\(/gm)].map((m) => m[1]));
	}
}

test("no program needs a system call that its unit refuses", async () => {
	const world = await TracedWorld.start({ terminals: 1, adopt: 1 });
	try {
		const { id } = await world.api.command(meter_number(1), "trip");
		await world.api.command_reaches(id, ["verified", "executed"]);
		await world.api.metrics();
		await new Api(world.http_port).login("nobody", "wrong").catch(() => {});
		await until("the broker reads its list again", async () => (await world.wattle("gateway", "add", "gw-2")).code === 0);
		await sleep(1500);
		const backup = await run("strace", ["-f", "-qq", "-o", world.path("log/backup.calls"), bin("wattle"), "--data", world.data, "backup", world.path("backup")]);
		assert.equal(backup.code, 0, backup.err);
		for (const daemon of world.daemons) await daemon.stop();
		for (const [name, unit] of [["wattled", "wattled.service"], ["broker", "wattle-broker.service"], ["gw-1", "wattle-gateway@.service"],
			["backup", "wattle-backup.service"]]) {
			const allowed = allowed_calls(unit), used = world.calls(name);
			assert.ok(used.has("read") && used.size > 20, `${name}: ${used.size} calls seen`);
			assert.ok(!allowed.has("mount") && !allowed.has("setuid"), unit);
			// SQLite gives its files to their owner when it runs as root, as it does here.
			assert.deepEqual([...used].filter((call) => !allowed.has(call) && call !== "fchown"), [], name);
		}
	} finally {
		await world.stop();
	}
});
