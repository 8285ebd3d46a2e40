// The installation of install.test.mjs booted with systemd: the units behind their real walls, restart at an upgrade, the
// operator's choices kept, a downgrade refused, removal and purge. WATTLE_LATER is the version in /srv/packages/second.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { root as tree, run, sleep, until } from "../lib/process.mjs";

const ROOT = process.env.WATTLE_ROOT, LATER = process.env.WATTLE_LATER;
const in_root = (...parts) => path.join(ROOT, ...parts);
let machine, leader, cgroup, ports;

before(async () => {
	ports = JSON.parse(readFileSync(in_root("srv/ports.json"), "utf8"));
	machine = spawn(path.join(tree, "tests/fresh/boot"), [ROOT], { stdio: "ignore" });
	leader = await until("systemd as process 1", async () => {
		const children = readFileSync(`/proc/${machine.pid}/task/${machine.pid}/children`, "utf8").trim();
		return children && readFileSync(`/proc/${children}/comm`, "utf8").trim() === "systemd" && children;
	});
	cgroup = readFileSync(`/proc/${machine.pid}/cgroup`, "utf8").match(/^0::(.*)$/m)[1];
	await until("the system is up", async () => /^(running|degraded)$/m.test((await inside("systemctl", "is-system-running")).out), { timeout_ms: 60000, every_ms: 300 });
});

after(async () => {
	if (!leader) return;
	const end = new Promise((done) => machine.once("exit", done));
	process.kill(Number(leader), "SIGKILL");
	await end;
	await sleep(300);
	const { out } = await run("findmnt", ["-n", "-t", "cgroup2", "-o", "TARGET"]);
	const remove = (dir) => {
		for (const entry of readdirSync(dir, { withFileTypes: true })) if (entry.isDirectory()) remove(path.join(dir, entry.name));
		rmdirSync(dir);
	};
	if (cgroup.includes("wattle-fresh")) remove(path.join(out.trim().split("\n")[0], cgroup));
});

const inside = (...words) => run("nsenter", ["-t", leader, "-m", "-p", "-C", "-i", "-u", "-n", "-r", "-w", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
	"DEBIAN_FRONTEND=noninteractive", ...words], { timeout: 180000 });

async function inside_ok(...words) {
	const result = await inside(...words);
	assert.equal(result.code, 0, `${words.join(" ")}: ${result.out}${result.err}`);
	return result.out;
}

const state_of = async (unit) => (await inside("systemctl", "show", "-p", "ActiveState", "--value", unit)).out.trim();
const pid_of = async (unit) => Number((await inside_ok("systemctl", "show", "-p", "MainPID", "--value", unit)).trim());
const journal = async (unit) => (await inside("journalctl", "-u", unit, "-n", "40", "--no-pager")).out;
const doctor = async () => [...(await inside("wattle", "doctor")).out.matchAll(/^bad {3}([a-z-]+):/gm)].map((m) => m[1]).filter((word) => word !== "backup-same-disk");
// From this machine into the booted one's network.
const curl = async (...args) => (await run("nsenter", ["-t", leader, "-n", "curl", "-sk", "-o", "/dev/null", "-w", "%{http_code} %{http_version}", ...args])).out;

async function active(unit) {
	await until(unit, async () => (await state_of(unit)) === "active", { timeout_ms: 20000, every_ms: 200 }).catch(async (error) => {
		throw new Error(`${error.message}\n${await journal(unit)}`);
	});
}

test("after a boot broker, platform, nginx and the backup timer run by themselves", async () => {
	for (const unit of ["wattle-broker.service", "wattled.service", "nginx.service", "wattle-backup.timer"]) await active(unit);
	await until("ready", async () => (await curl(`http://127.0.0.1:${ports.http}/readyz`)) === "200 1.1");
	assert.equal(await curl("--resolve", `wattle.test:${ports.https}:127.0.0.1`, `https://wattle.test:${ports.https}/readyz`), "200 2");
	const failed = (await inside_ok("systemctl", "--failed", "--plain", "--no-legend")).split("\n").filter((line) => /wattle/.test(line));
	assert.deepEqual(failed, []);
});

test("the walls stand: no rights, no new ones, filtered calls, nothing to write beside the data", async () => {
	for (const unit of ["wattle-broker.service", "wattled.service"]) {
		const status = await inside_ok("cat", `/proc/${await pid_of(unit)}/status`);
		assert.match(status, /^CapBnd:\t0+$/m, unit);
		assert.match(status, /^NoNewPrivs:\t1$/m, unit);
		assert.match(status, /^Seccomp:\t2$/m, unit);
	}
	const mounts = await inside_ok("cat", `/proc/${await pid_of("wattled.service")}/mountinfo`);
	const options = (place) => mounts.split("\n").map((line) => line.split(" ")).filter((words) => words[4] === place).at(-1)?.[5] ?? "";
	assert.match(options("/"), /^ro/);
	assert.match(options("/var/lib/wattle"), /^rw/);
});

test("a gateway instance runs behind its own, and the platform hears of it", async () => {
	await inside_ok("systemctl", "enable", "--now", "wattle-gateway@gw-1");
	await active("wattle-gateway@gw-1.service");
	await until("the gateway at the platform", async () => /^gw-1 +online/m.test((await inside("wattle", "gateway", "list")).out), { timeout_ms: 20000, every_ms: 300 });
	assert.deepEqual(await doctor(), []);
});

test("the backup unit makes one and checks it", async () => {
	const newest = () => readdirSync(in_root("srv/backup")).filter((name) => /^\d/.test(name)).sort().at(-1);
	const before_it = newest();
	const { code } = await inside("systemctl", "start", "wattle-backup.service");
	assert.equal(code, 0, await journal("wattle-backup.service"));
	assert.notEqual(newest(), before_it); // of one day the newest is kept
});

test("an upgrade restarts what runs, leaves alone what does not, and keeps everything", async () => {
	await inside_ok("systemctl", "disable", "--now", "wattle-backup.timer");
	const units = ["wattled.service", "wattle-broker.service", "wattle-gateway@gw-1.service"];
	const before_it = await Promise.all(units.map(pid_of));
	const login = await inside_ok("cat", "/var/lib/wattle/login.txt"), site = readFileSync(in_root("etc/nginx/sites-available/wattle"), "utf8");
	const gateways = await inside_ok("wattle", "gateway", "list");
	await inside_ok("sh", "-c", "apt-get install -qy /srv/packages/second/*.deb");
	assert.match(await inside_ok("dpkg-query", "-W", "-f", "${Version}\n", "wattle-platform"), new RegExp(LATER.replaceAll(".", "\\.").replaceAll("+", "\\+")));
	for (const unit of units) await active(unit);
	const now = await Promise.all(units.map(pid_of));
	units.forEach((unit, k) => assert.ok(now[k] && now[k] !== before_it[k], `${unit} was not restarted`));
	assert.notEqual(await state_of("wattle-backup.timer"), "active");
	assert.match((await inside("systemctl", "is-enabled", "wattle-backup.timer")).out, /^disabled/);
	assert.equal(await inside_ok("cat", "/var/lib/wattle/login.txt"), login);
	assert.equal(readFileSync(in_root("etc/nginx/sites-available/wattle"), "utf8"), site);
	assert.equal((await inside_ok("wattle", "gateway", "list")).split("\n").length, gateways.split("\n").length);
	await until("ready again", async () => (await curl("--resolve", `wattle.test:${ports.https}:127.0.0.1`, `https://wattle.test:${ports.https}/readyz`)) === "200 2");
});

test("a downgrade below the store is refused and stops nothing", async () => {
	const store = in_root("var/lib/wattle/store/wattle.db");
	const before_it = await pid_of("wattled.service");
	assert.equal((await run("sqlite3", [store, "INSERT INTO schema_migration VALUES(900)"])).code, 0);
	const { code, out, err } = await inside("sh", "-c", "apt-get install -qy --allow-downgrades /srv/packages/first/wattle-platform*.deb");
	assert.notEqual(code, 0);
	assert.match(out + err, /has schema 900, this package knows \d+ at most/);
	assert.equal((await run("sqlite3", [store, "DELETE FROM schema_migration WHERE id=900"])).code, 0);
	assert.match(await inside_ok("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", "wattle-platform"), /^installed .*later$/);
	assert.equal(await pid_of("wattled.service"), before_it);
	assert.equal(await state_of("wattled.service"), "active");
});

test("removed: services end, nginx goes on without the site", async () => {
	await inside_ok("apt-get", "remove", "-qy", "wattle-platform", "wattle-gateway", "wattle-web");
	for (const unit of ["wattled.service", "wattle-broker.service", "wattle-gateway@gw-1.service"]) assert.notEqual(await state_of(unit), "active", unit);
	assert.ok(!existsSync(in_root("etc/nginx/sites-enabled/wattle")));
	await inside_ok("nginx", "-t");
	await active("nginx.service");
	await until("the site is gone", async () => (await curl("--resolve", `wattle.test:${ports.https}:127.0.0.1`, `https://wattle.test:${ports.https}/`)).startsWith("000"));
});

test("purged: only what people entrusted to it is left", async () => {
	const { out, err } = await inside("apt-get", "purge", "-qy", "wattle-platform", "wattle-gateway", "wattle-web");
	assert.match(out + err, /\/var\/lib\/wattle is kept/);
	const { out: found } = await run("find", [ROOT, "-xdev", "-name", "*wattle*", "-not", "-path", `${ROOT}/srv/*`, "-not", "-path", `${ROOT}/var/lib/wattle*`, "-not", "-path", `${ROOT}/etc/wattle-gateway*`]);
	const left = found.trim().split("\n").filter((name) => name && !/\/var\/log\/nginx\/|\/etc\/ssl\/wattle$|\/var\/cache\/|\/run\/wattle-bus$/.test(name));
	assert.deepEqual(left, []);
	for (const kept of ["secret.key", "store/wattle.db", "pki/ca.key"]) assert.ok(existsSync(in_root("var/lib/wattle", kept)), kept);
});

test("installed again over what was kept, it goes on", async () => {
	await inside_ok("sh", "-c", "apt-get install -qy /srv/packages/second/wattle-platform*.deb");
	await active("wattled.service");
	await until("ready", async () => (await curl(`http://127.0.0.1:${ports.http}/readyz`)) === "200 1.1");
});
