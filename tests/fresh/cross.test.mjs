// The packages for other architectures, started: their programs under qemu's user emulation, with the libraries of that
// architecture (build/sysroot). A whole world of them: arm64 broker with arm64 plugin and platform, a gateway of each kind.
// WATTLE_PACKAGES is the folder of the packages; tests/cross makes them.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { root, run, run_ok, temp_dir, until } from "../lib/process.mjs";
import { World, meter_number } from "../lib/world.mjs";

const packages = process.env.WATTLE_PACKAGES;
const QEMU = { arm64: "qemu-aarch64-static", armhf: "qemu-arm-static" };
const MACHINE = { arm64: /ELF64[\s\S]*AArch64/, armhf: /ELF32[\s\S]*ARM/ };
const sysroot = (arch) => path.join(root, "build/sysroot", arch);
const emulated = (arch, file, args) => [`/usr/bin/${QEMU[arch]}`, ["-L", sysroot(arch), file, ...args]];
let temp;

const unpacked = (arch, ...parts) => path.join(temp.dir, arch, ...parts);

class CrossWorld extends World {
	wattle(...args) {
		return run_ok(...emulated("arm64", unpacked("arm64", "usr/bin/wattle"), ["--data", this.data, ...args]));
	}

	daemon(name, file, args, env) {
		const arch = name === "gw-1" ? CrossWorld.gateway : "arm64";
		const own = { broker: path.join(sysroot("arm64"), "usr/sbin/mosquitto"), wattled: unpacked("arm64", "usr/bin/wattled"), "gw-1": unpacked(arch, "usr/bin/wattle-gateway") }[name];
		return own ? super.daemon(name, ...emulated(arch, own, args), env) : super.daemon(name, file, args, env);
	}
}

before(async () => {
	assert.ok(packages && existsSync(packages), "WATTLE_PACKAGES: a folder with the packages");
	temp = temp_dir();
	for (const [name, arch] of [["wattle-platform", "arm64"], ["wattle-gateway", "arm64"], ["wattle-gateway", "armhf"]]) {
		const file = readdirSync(packages).find((entry) => entry.startsWith(`${name}_`) && entry.endsWith(`_${arch}.deb`));
		assert.ok(file, `${name} for ${arch}`);
		mkdirSync(unpacked(arch), { recursive: true });
		await run_ok("dpkg-deb", ["-x", path.join(packages, file), unpacked(arch)]);
	}
});

after(() => temp?.remove());

test("every program is of the architecture that its package says", async () => {
	for (const [arch, files] of Object.entries({ arm64: ["usr/bin/wattled", "usr/bin/wattle", "usr/bin/wattle-gateway", "usr/lib/wattle/wattle_broker.so"], armhf: ["usr/bin/wattle-gateway"] }))
		for (const file of files) assert.match((await run_ok("readelf", ["-h", unpacked(arch, file)])).out, MACHINE[arch], `${arch} ${file}`);
});

test("the libraries they name are the ones of that architecture's Debian", async () => {
	for (const file of readdirSync(packages).filter((name) => /_arm(64|hf)\.deb$/.test(name))) {
		const depends = (await run_ok("dpkg-deb", ["-f", path.join(packages, file), "Depends"])).out;
		assert.match(depends, /libc6 \(>= 2\.\d+\)/, file);
		assert.match(depends, /libmosquitto1/, file);
		const status = readFileSync(path.join(sysroot(file.match(/_(arm\w+)\.deb/)[1]), "var/lib/dpkg/status"), "utf8");
		for (const [, name] of depends.matchAll(/\b(lib[a-z0-9.+-]+) \(/g)) assert.match(status, new RegExp(`^Package: ${name.replaceAll("+", "\\+")}$`, "m"), name);
	}
});

for (const gateway of ["arm64", "armhf"])
	test(`arm64 broker and platform, ${gateway} gateway: a terminal is found, adopted, read and tripped`, async () => {
		CrossWorld.gateway = gateway;
		const world = await CrossWorld.start({ terminals: 1, adopt: 1 });
		try {
			for (const [name, arch] of [["broker", "arm64"], ["wattled", "arm64"], ["gw-1", gateway]]) {
				const daemon = world.daemons.find((d) => d.name === name);
				assert.ok(readFileSync(`/proc/${daemon.child.pid}/cmdline`, "utf8").startsWith(`/usr/bin/${QEMU[arch]}`), name);
			}
			const meter = await world.api.meter(meter_number(1));
			assert.ok(meter.live.voltage_dv > 2000, JSON.stringify(meter.live));
			const { id } = await world.api.command(meter_number(1), "trip");
			assert.equal((await world.api.command_reaches(id, ["verified", "failed", "expired"], 40000)).stage, "verified");
			await until("a stored reading", async () => (await world.api.metrics()).wattle_readings_total > 0, { timeout_ms: 90000, every_ms: 500 });
		} finally {
			await world.stop();
		}
	});

test("32-bit programs have 64-bit times and offsets", async () => {
	const { out } = await run("readelf", ["-W", "--dyn-syms", unpacked("armhf", "usr/bin/wattle-gateway")]);
	assert.match(out, /clock_gettime64|time64/);
	assert.match(out, /pread64|lseek64|open64/);
});
