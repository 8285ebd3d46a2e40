// The packages: what is in them, and dpkg's own way with them in a root of its own: install, upgrade, refused
// downgrade, removal, purge. dpkg runs the maintainer scripts here outside a chroot (DPKG_ROOT), which they
// support; a whole system with apt, services and browsers is tests/fresh-deb.
import assert from "node:assert/strict";
import { appendFileSync, chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { root, run, run_ok, temp_dir } from "../lib/process.mjs";

const NAMES = ["wattle-platform", "wattle-gateway", "wattle-web"];
let temp, arch;

before(async () => {
	temp = temp_dir();
	chmodSync(temp.dir, 0o755);
	arch = (await run_ok("dpkg", ["--print-architecture"])).out.trim();
	for (const version of ["1.0.0", "1.1.0"]) await make(version, version);
	mkdirSync(sys("var/lib/dpkg/info"), { recursive: true });
	for (const dir of ["var/lib/dpkg/updates", "etc"]) mkdirSync(sys(dir), { recursive: true });
	for (const file of ["status", "available"]) writeFileSync(sys("var/lib/dpkg", file), "");
});
after(() => temp.remove());

const make = (version, out) => run_ok(path.join(root, "tools/package"), ["--version", version, "--out", path.join(temp.dir, out), arch], { timeout: 200000 });
const deb = (name, version, out = version) => path.join(temp.dir, out, `${name}_${version}_${name === "wattle-web" ? "all" : arch}.deb`);
const sys = (...parts) => path.join(temp.dir, "root", ...parts);

// dpkg without the packages ours depend on.
const dpkg = (...args) => run("dpkg", [`--root=${sys()}`, "--force-script-chrootless", "--force-depends", "--force-confdef",
	"--force-confold", `--log=${path.join(temp.dir, "dpkg.log")}`, ...args]);

async function dpkg_ok(...args) {
	const result = await dpkg(...args);
	assert.equal(result.code, 0, result.out + result.err);
	return result.out + result.err;
}

const version_of = async (name) => (await run_ok("dpkg-query", [`--admindir=${sys("var/lib/dpkg")}`, "-W", "-f", "${db:Status-Status} ${Version}", name])).out;
const field = async (file, name) => (await run_ok("dpkg-deb", ["-f", file, name])).out.trim();

// Everything below the root except dpkg's own notes.
function tree(dir = "") {
	return readdirSync(sys(dir)).flatMap((name) => {
		const inside = path.join(dir, name);
		if (inside === "var/lib/dpkg") return [];
		return lstatSync(sys(inside)).isDirectory() ? [`${inside}/`, ...tree(inside)] : [inside];
	});
}

// Users of the root, as systemd-sysusers numbered them.
function owner_of(file) {
	const { uid, gid, mode } = statSync(sys(file));
	const name = (list, id) => readFileSync(sys("etc", list), "utf8").split("\n").map((l) => l.split(":")).find((l) => Number(l[2]) === id)?.[0] ?? (id ? String(id) : "root");
	return `${name("passwd", uid)}:${name("group", gid)} ${(mode & 0o7777).toString(8)}`;
}

async function listing(file) {
	const { out } = await run_ok("dpkg-deb", ["-c", file]);
	return out.trim().split("\n").map((line) => line.split(/\s+/)).filter(([mode]) => !mode.startsWith("d")).map(([mode, owner, , , , name]) => {
		assert.equal(owner, "root/root", name);
		return `${mode} ${name.slice(2)}`;
	});
}

test("each package holds what it says, and nothing else", async () => {
	const plain = "-rw-r--r--", program = "-rwxr-xr-x";
	const doc = (name, ...more) => ["changelog.gz", "copyright", ...more].map((file) => `${plain} usr/share/doc/${name}/${file}`);
	const platform = await listing(deb("wattle-platform", "1.0.0"));
	const units = readdirSync(path.join(root, "deploy/systemd")).filter((name) => !name.startsWith("wattle-gateway"));
	assert.deepEqual(platform.sort(), [
		...units.map((name) => `${plain} lib/systemd/system/${name}`),
		`${program} usr/bin/wattle`, `${program} usr/bin/wattled`, `${plain} usr/lib/wattle/wattle_broker.so`,
		`${plain} usr/lib/sysusers.d/wattle-platform.conf`, `${plain} usr/lib/tmpfiles.d/wattle-platform.conf`,
		...doc("wattle-platform", "install.md", "openapi.json", "postgresql.md", "settings.md", "standby.md", "upgrade.md"),
		`${plain} usr/share/man/man1/wattle.1.gz`, `${plain} usr/share/man/man8/wattled.8.gz`,
	].sort());
	assert.deepEqual((await listing(deb("wattle-gateway", "1.0.0"))).sort(), [
		`${plain} lib/systemd/system/wattle-gateway@.service`, `${program} usr/bin/wattle-gateway`,
		`${plain} usr/lib/sysusers.d/wattle-gateway.conf`, `${plain} usr/lib/tmpfiles.d/wattle-gateway.conf`,
		...doc("wattle-gateway", "gateway.md", "settings.md", "examples/80-can0.network", "examples/gateway.ini"),
		`${plain} usr/share/man/man8/wattle-gateway.8.gz`,
	].sort());
	const web = await listing(deb("wattle-web", "1.0.0"));
	const rest = web.filter((line) => !line.includes(" usr/share/wattle/console/"));
	assert.deepEqual(rest.sort(), [
		`${plain} etc/nginx/sites-available/wattle`, ...["connection", "headers", "http", "proxy", "server"].map((name) => `${plain} usr/share/wattle/nginx/${name}.conf`), ...doc("wattle-web"),
	].sort());
	assert.ok(web.includes(`${plain} usr/share/wattle/console/index.html`) && web.length > rest.length + 20);
	assert.ok(!web.some((line) => /\/\./.test(line)), "no hidden files");
});

test("control data: version, libraries that the programs are linked with, conffiles, checksums", async () => {
	for (const name of NAMES) {
		assert.equal(await field(deb(name, "1.0.0"), "Version"), "1.0.0");
		const scripts = path.join(temp.dir, "control", name);
		for (const dir of ["control", "unpacked"]) mkdirSync(path.join(temp.dir, dir), { recursive: true });
		await run_ok("dpkg-deb", ["-e", deb(name, "1.0.0"), scripts]);
		for (const script of readdirSync(scripts).filter((file) => /^(pre|post)/.test(file))) {
			const text = readFileSync(path.join(scripts, script), "utf8");
			assert.match(text, /^#!\/bin\/sh\n(#.*\n)*\n?set -e\n/, `${name} ${script}`);
			assert.doesNotMatch(text, /@[A-Z]+@/, `${name} ${script}`);
			await run_ok("dash", ["-n", path.join(scripts, script)]);
		}
		const out = path.join(temp.dir, "unpacked", name);
		await run_ok("dpkg-deb", ["-x", deb(name, "1.0.0"), out]);
		await run_ok("md5sum", ["--check", "--quiet", "--strict", path.join(scripts, "md5sums")], { cwd: out });
	}
	const depends = await field(deb("wattle-platform", "1.0.0"), "Depends");
	for (const library of ["libc6", "libsqlite3-0", "libmicrohttpd12", "libsodium23", "libssl3", "libmosquitto1"]) assert.match(depends, new RegExp(`\\b${library} \\(>= `));
	assert.match(depends, /mosquitto \(>= 2\.0\.11\)/);
	assert.doesNotMatch(await field(deb("wattle-gateway", "1.0.0"), "Depends"), /sqlite|microhttpd/);
	assert.equal(readFileSync(path.join(temp.dir, "control/wattle-web/conffiles"), "utf8"), "/etc/nginx/sites-available/wattle\n");
});

test("programs are built the hardened way and name no folder of the building machine", async () => {
	for (const [name, file] of [["wattle-platform", "usr/bin/wattled"], ["wattle-platform", "usr/bin/wattle"], ["wattle-gateway", "usr/bin/wattle-gateway"], ["wattle-platform", "usr/lib/wattle/wattle_broker.so"]]) {
		const binary = path.join(temp.dir, "unpacked", name, file);
		const { out } = await run_ok("readelf", ["-W", "-h", "-l", "-d", "--dyn-syms", binary]);
		assert.match(out, /Type: +DYN/, file); // position independent
		assert.match(out, /GNU_RELRO/, file);
		assert.match(out, /\bBIND_NOW|FLAGS_1.*NOW/, file);
		assert.match(out, /GNU_STACK.* RW /, file);
		assert.match(out, /__stack_chk_fail/, file);
		assert.match(out, /__\w+_chk@/, file);
		assert.doesNotMatch(out, /RPATH|RUNPATH|\.debug_/, file);
		assert.ok(!readFileSync(binary).includes(root), `${file} names ${root}`);
	}
});

test("the same commit gives the same bytes", async () => {
	await make("1.0.0", "again");
	for (const name of NAMES) assert.ok(readFileSync(deb(name, "1.0.0")).equals(readFileSync(deb(name, "1.0.0", "again"))), name);
});

test("installed: users, folders, enabled units; nothing runs and nothing is made up", async () => {
	const said = await dpkg_ok("-i", ...NAMES.map((name) => deb(name, "1.0.0")));
	assert.match(said, /`wattle init`/);
	const passwd = readFileSync(sys("etc/passwd"), "utf8");
	for (const user of ["wattle", "wattle-broker", "wattle-gateway"]) assert.match(passwd, new RegExp(`^${user}:.*:/usr/sbin/nologin$`, "m"));
	assert.match(readFileSync(sys("etc/group"), "utf8"), /^wattle-broker:.*:wattle$/m);
	assert.equal(owner_of("var/lib/wattle"), "wattle:wattle-broker 710");
	assert.equal(owner_of("var/lib/wattle-gateway"), "wattle-gateway:wattle-gateway 750");
	assert.equal(owner_of("etc/wattle-gateway"), "root:wattle-gateway 750");
	assert.deepEqual(readdirSync(sys("var/lib/wattle")), []);
	const wanted = readdirSync(sys("etc/systemd/system/multi-user.target.wants"));
	assert.deepEqual(wanted.sort(), ["wattle-broker.service", "wattle-replica.service", "wattled.service"]);
	assert.deepEqual(readdirSync(sys("etc/systemd/system/timers.target.wants")), ["wattle-backup.timer"]);
	assert.ok(!existsSync(sys("etc/nginx/sites-enabled")), "the operator enables the site");
});

// As root calls it: `wattle` becomes the owner of the folder.
const wattle = (...args) => run(sys("usr/bin/wattle"), ["--data", sys("var/lib/wattle"), ...args]);

test("an upgrade keeps data, edited settings and the operator's choice of units", async () => {
	const made = await wattle("init", "--name", "升级测试");
	assert.equal(made.code, 0, made.err);
	assert.equal(owner_of("var/lib/wattle/broker/clients"), "wattle:wattle-broker 640");
	writeFileSync(sys("etc/wattle-gateway/gw-7.ini"), "[gateway]\n");
	appendFileSync(sys("etc/nginx/sites-available/wattle"), "# ours\n");
	await run_ok("rm", [sys("etc/systemd/system/multi-user.target.wants/wattle-broker.service")]); // disabled
	const login = readFileSync(sys("var/lib/wattle/login.txt"), "utf8");
	// The new version brings another site too: whose is kept is dpkg's question, and the operator's wins.
	const newer = path.join(temp.dir, "newer");
	await run_ok("dpkg-deb", ["-R", deb("wattle-web", "1.1.0"), newer]);
	appendFileSync(path.join(newer, "etc/nginx/sites-available/wattle"), "# the package's\n");
	await run_ok("dpkg-deb", ["--root-owner-group", "-Zgzip", "-b", newer, deb("wattle-web", "1.1.0")]);
	await dpkg_ok("-i", ...NAMES.map((name) => deb(name, "1.1.0")));
	for (const name of NAMES) assert.equal(await version_of(name), "installed 1.1.0");
	assert.equal(readFileSync(sys("var/lib/wattle/login.txt"), "utf8"), login);
	assert.match((await wattle("gateway", "list")).err, /^$/);
	assert.match(readFileSync(sys("etc/nginx/sites-available/wattle"), "utf8"), /\n# ours\n$/);
	assert.match(readFileSync(sys("etc/nginx/sites-available/wattle.dpkg-dist"), "utf8"), /\n# the package's\n$/);
	assert.ok(existsSync(sys("etc/wattle-gateway/gw-7.ini")));
	assert.deepEqual(readdirSync(sys("etc/systemd/system/multi-user.target.wants")), ["wattle-replica.service", "wattled.service"]);
});

test("going back is possible as long as the store is not newer than the program", async () => {
	await dpkg_ok("-i", deb("wattle-platform", "1.0.0"));
	assert.equal(await version_of("wattle-platform"), "installed 1.0.0");
	await dpkg_ok("-i", deb("wattle-platform", "1.1.0"));
});

test("a downgrade below the store is refused, and nothing has changed", async () => {
	const store = sys("var/lib/wattle/store/wattle.db");
	await run_ok("sqlite3", [store, "INSERT INTO schema_migration VALUES(900)"]);
	const before_it = readFileSync(sys("usr/bin/wattled"));
	const { code, out, err } = await dpkg("-i", deb("wattle-platform", "1.0.0"));
	assert.notEqual(code, 0);
	assert.match(out + err, /has schema 900, this package knows \d+ at most/);
	assert.match(out + err, /upgrade\.md/);
	assert.equal(await version_of("wattle-platform"), "installed 1.1.0");
	assert.ok(readFileSync(sys("usr/bin/wattled")).equals(before_it));
	await run_ok("sqlite3", [store, "DELETE FROM schema_migration WHERE id=900"]);
});

test("removed: programs and the enabled site go, settings and data stay", async () => {
	mkdirSync(sys("etc/nginx/sites-enabled"), { recursive: true });
	symlinkSync("../sites-available/wattle", sys("etc/nginx/sites-enabled/wattle"));
	await dpkg_ok("-r", ...NAMES);
	assert.ok(!tree().some((name) => /^(usr|lib)\/.*[^/]$/.test(name)), tree().join("\n"));
	assert.deepEqual(readdirSync(sys("etc/nginx/sites-enabled")), [], "a site without its rules would keep nginx down");
	assert.ok(existsSync(sys("etc/nginx/sites-available/wattle")));
	assert.ok(existsSync(sys("var/lib/wattle/store/wattle.db")));
});

test("purged: what the packages made goes, what people entrusted to them stays and is named", async () => {
	const said = await dpkg_ok("-P", ...NAMES);
	assert.match(said, /\/var\/lib\/wattle is kept/);
	assert.match(said, /\/etc\/wattle-gateway is kept/);
	const left = tree().filter((name) => !/^etc\/(passwd|group|shadow|gshadow|subuid|subgid)?-?$|^etc\/\.pwd\.lock$|\/$/.test(name) && !name.startsWith("var/lib/wattle/"));
	assert.deepEqual(left, ["etc/wattle-gateway/gw-7.ini"]);
	assert.ok(!existsSync(sys("var/lib/wattle-gateway")), "an empty folder goes");
	assert.ok(existsSync(sys("var/lib/wattle/secret.key")));
});

test("installed and purged without use, nothing is left", async () => {
	await run_ok("rm", ["-rf", sys("var/lib/wattle"), sys("etc/wattle-gateway")]);
	await dpkg_ok("-i", ...NAMES.map((name) => deb(name, "1.0.0")));
	const said = await dpkg_ok("-P", ...NAMES);
	assert.doesNotMatch(said, /is kept/);
	assert.deepEqual(tree().filter((name) => name.includes("wattle")), []);
});
