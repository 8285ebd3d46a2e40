// A fresh installation from the packages, as install.md tells it, and people at work on it: curl, a browser, and a
// TypeScript client that a foreign generator made from the served description. WATTLE_ROOT is a Debian root with the
// packages installed (tests/fresh-deb); the units' own commands are started, each as its user. The bus outside
// is the emulator's.
import assert from "node:assert/strict";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { field, open_browser, open_page, row, sign_in, value_is } from "../browser/lib/browser.mjs";
import { NAME, certificates, edit_site } from "../lib/nginx.mjs";
import { Daemon, bin, free_port, root as tree, run, run_ok, temp_dir, until } from "../lib/process.mjs";
import { Unit } from "../lib/unit.mjs";

const ROOT = process.env.WATTLE_ROOT;
const METER = "330100000001";
const in_root = (...parts) => path.join(ROOT, ...parts);
const chroot = (...words) => run("chroot", [ROOT, ...words], { env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" }, timeout: 120000 });
const daemons = [];
let temp, ports, certs, login, chips, curl_jar;

async function chroot_ok(...words) {
	const result = await chroot(...words);
	assert.equal(result.code, 0, `${words.join(" ")}: ${result.err}${result.out}`);
	return result.out;
}

const id_of = async (user) => Number(await chroot_ok("id", "-u", user));

before(async () => {
	assert.ok(ROOT && existsSync(in_root("usr/bin/wattled")), "WATTLE_ROOT: a root with the packages");
	temp = temp_dir();
	mkdirSync(path.join(temp.dir, "log"));
	ports = { http: await free_port(), mqtt: await free_port(), https: await free_port(), redirect: await free_port() };
	certs = await certificates(path.join(temp.dir, "pki"));
	curl_jar = path.join(temp.dir, "jar");
});

after(async () => {
	for (const daemon of daemons.reverse()) await daemon.stop().catch(() => daemon.kill());
	temp?.remove();
});

const log_of = (name) => path.join(temp.dir, "log", `${name}.log`);

async function start_unit(name) {
	const daemon = await new Unit(ROOT, name).start(log_of(name));
	daemons.push(daemon);
	return daemon;
}

async function curl(method, target, json) {
	const more = json === undefined ? [] : ["-H", "Content-Type: application/json", "-d", JSON.stringify(json)];
	const { code, out, err } = await run("curl", ["-sS", "--cacert", certs.ca_file, "--resolve", `${NAME}:${ports.https}:127.0.0.1`, "-b", curl_jar, "-c", curl_jar, "-X", method,
		"-H", "X-Wattle-Request: 1", "-H", `Idempotency-Key: fresh-${Date.now()}-${Math.random()}`, ...more, "-w", "\n%{http_code}", `https://${NAME}:${ports.https}/api/v1${target}`]);
	assert.equal(code, 0, err);
	const end = out.lastIndexOf("\n"), text = out.slice(0, end);
	return { status: Number(out.slice(end + 1)), body: text ? JSON.parse(text) : null };
}

test("wattle init makes the installation, owned by its user though root called it", async () => {
	await chroot_ok("wattle", "init", "--name", "全新安装", "--http-port", String(ports.http), "--mqtt-port", String(ports.mqtt));
	const [, name, password] = readFileSync(in_root("var/lib/wattle/login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
	login = { name, password };
	const uid = await id_of("wattle");
	for (const file of readdirSync(in_root("var/lib/wattle"), { recursive: true })) assert.equal(statSync(in_root("var/lib/wattle", file)).uid, uid, file);
});

test("the broker and the platform start by their units' commands, each as its user", async () => {
	const broker = await start_unit("wattle-broker.service");
	const platform = await start_unit("wattled.service");
	await until("wattled", async () => {
		assert.ok(broker.running && platform.running, broker.log + platform.log);
		return (await fetch(`http://127.0.0.1:${ports.http}/readyz`)).status === 200;
	});
	for (const [daemon, user] of [[broker, "wattle-broker"], [platform, "wattle"]]) {
		const status = readFileSync(`/proc/${daemon.child.pid}/status`, "utf8");
		assert.equal(Number(status.match(/^Uid:\t(\d+)/m)[1]), await id_of(user));
		assert.match(status, /^CapEff:\t0+$/m);
	}
	await until("platform at the broker", () => /broker .*: connected/.test(platform.log));
});

test("the broker's user reads its own files and nothing else of the installation", async () => {
	const may = async (file) => (await chroot("setpriv", "--reuid=wattle-broker", "--regid=wattle-broker", "--init-groups", "cat", `/var/lib/wattle/${file}`)).code === 0;
	for (const file of ["broker/mosquitto.conf", "broker/clients", "pki/broker.key", "pki/broker.crt", "pki/ca.crt"]) assert.ok(await may(file), file);
	for (const file of ["secret.key", "store/wattle.db", "pki/ca.key", "pki/wattled.key", "login.txt", "wattle.ini"]) assert.ok(!(await may(file)), file);
});

test("nginx takes the edited site beside Debian's own settings", async () => {
	mkdirSync(in_root("etc/ssl/wattle"), { recursive: true });
	for (const file of ["fullchain.pem", "privkey.pem"]) cpSync(path.join(certs.dir, file), in_root("etc/ssl/wattle", file));
	const site = in_root("etc/nginx/sites-available/wattle");
	writeFileSync(site, edit_site(readFileSync(site, "utf8"), { https: ports.https, http: ports.redirect, wattled: ports.http, pki: "/etc/ssl/wattle" }));
	rmSync(in_root("etc/nginx/sites-enabled/default"), { force: true });
	symlinkSync("../sites-available/wattle", in_root("etc/nginx/sites-enabled/wattle"));
	const { code, err } = await chroot("nginx", "-t");
	assert.equal(code, 0, err);
	assert.doesNotMatch(err, /\[warn\]/);
	daemons.push(new Daemon("nginx", "/usr/sbin/chroot", [ROOT, "/usr/sbin/nginx", "-g", "daemon off;"], { log: log_of("nginx") }).start());
	await until("nginx", async () => (await curl("GET", "/openapi.json")).status === 200);
});

test("a gateway, its certificate and its settings from the example, and terminals on its bus", async () => {
	const files = (await chroot_ok("wattle", "gateway", "add", "gw-1", "--label", "一号楼")).trim().split("\n");
	const uid = await id_of("wattle-gateway");
	for (const file of files) {
		const to = in_root("etc/wattle-gateway", path.basename(file));
		cpSync(in_root(file), to);
		chownSync(to, uid, uid);
		chmodSync(to, file.endsWith(".key") ? 0o600 : 0o644);
	}
	const bus = in_root("run/wattle-bus");
	mkdirSync(bus);
	const example = readFileSync(in_root("usr/share/doc/wattle-gateway/examples/gateway.ini"), "utf8");
	writeFileSync(in_root("etc/wattle-gateway/gw-1.ini"), example.replaceAll("gw-7", "gw-1").replace("socketcan:can0", "unix:/run/wattle-bus/bus.sock")
		.replace("broker.example.cn", "127.0.0.1").replace("port = 8883", `port = ${ports.mqtt}`));
	await chroot_ok("wattle-gateway", "--check", "/etc/wattle-gateway/gw-1.ini");

	const firmware = path.join(tree, "build/firmware"), elf = (name) => path.join(firmware, readdirSync(firmware, { recursive: true }).find((file) => path.basename(file) === name));
	const load = path.join(tree, "data", readdirSync(path.join(tree, "data")).find((file) => /\.csv(\.gz)?$/.test(file)));
	const elves = ["--loader", elf("loader.elf"), "--app", elf("terminal.elf")], state = path.join(temp.dir, "terminals");
	mkdirSync(state);
	await run_ok(bin("wattle-sim"), ["provision", "--state", state, "--terminals", "2", ...elves, "--csv", in_root("srv/terminals.csv")]);
	chmodSync(in_root("srv/terminals.csv"), 0o644);
	chips = readFileSync(in_root("srv/terminals.csv"), "utf8").split("\n").map((line) => line.split(",")[0]).filter((chip) => /^[0-9a-f]{24}$/.test(chip));
	await chroot_ok("wattle", "terminal", "import", "/srv/terminals.csv");
	daemons.push(new Daemon("hub", bin("wattle-sim"), ["hub", "--socket", `${bus}/bus.sock`, "--control", path.join(temp.dir, "hub.ctl")], { log: log_of("hub") }).start());
	await until("the bus", () => existsSync(`${bus}/bus.sock`));
	chmodSync(`${bus}/bus.sock`, 0o666);
	daemons.push(new Daemon("emu", bin("wattle-sim"), ["emu", "--hub", `${bus}/bus.sock`, "--terminals", "2", "--first", "1", ...elves, "--state", state, "--load", load,
		"--control", path.join(temp.dir, "emu.ctl")], { log: log_of("emu") }).start());
	const gateway = await start_unit("wattle-gateway@gw-1.service");
	await until("the gateway's spool", () => existsSync(in_root("var/lib/wattle-gateway/gw-1")) && /connected/.test(gateway.log), { timeout_ms: 30000 });
});

test("curl: log in, find the terminals, adopt one", async () => {
	assert.equal((await curl("POST", "/session", login)).status, 200);
	await until("the terminals", async () => (await curl("GET", "/devices?assigned=false")).body.items.length === 2, { timeout_ms: 30000 });
	const { status, body } = await curl("POST", `/devices/${chips[0]}/adopt`, { meter: METER, name: "101 室" });
	assert.ok(status < 300, JSON.stringify(body));
});

test("browser: log in, live values, a trip that is verified, no violation of the policy", async () => {
	const browser = await open_browser({ hosts: { [NAME]: "127.0.0.1" }, trust: [certs.spki] });
	try {
		const page = await open_page(browser, `https://${NAME}:${ports.https}`);
		await sign_in(page, login);
		await value_is(field(row(page, METER), "power"), "power", (text) => /\d/.test(text), 40000);
		await page.goto(`/meters/${METER}`);
		await page.click("[data-testid=do-trip]");
		await page.fill("[data-testid=reason]", "装机验收");
		await page.click("[data-testid=confirm]");
		await page.waitForSelector("[data-stage=verified]:has-text('装机验收')", { timeout: 30000 });
		assert.deepEqual(page.faults, []);
	} finally {
		await browser.close();
	}
});

test("a TypeScript client, generated from the served description, compiles strictly and works", async () => {
	const dir = path.join(tree, "tests/node_modules/.cache/fresh-client"); // below node_modules, so that its imports are found
	mkdirSync(dir, { recursive: true });
	writeFileSync(path.join(dir, "openapi.json"), JSON.stringify((await curl("GET", "/openapi.json")).body));
	const node = path.join(tree, "tools/node"), tool = (name) => path.join(tree, "tests/node_modules/.bin", name);
	await run_ok(node, [tool("openapi-typescript"), path.join(dir, "openapi.json"), "-o", path.join(dir, "api.ts")]);
	cpSync(path.join(tree, "tests/fresh/client.ts"), path.join(dir, "client.ts"));
	writeFileSync(path.join(dir, "package.json"), '{"type":"module"}');
	const compiled = await run(node, [tool("tsc"), "--strict", "--noUncheckedIndexedAccess", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext",
		"--typeRoots", path.join(tree, "tests/node_modules/@types"), "--types", "node", "--skipLibCheck", "--outDir", path.join(dir, "out"), path.join(dir, "client.ts")]);
	assert.equal(compiled.code, 0, compiled.out);
	const { code, out, err } = await run(node, ["node", "--require", path.join(tree, "tests/fresh/resolve.cjs"), path.join(dir, "out/client.js"), `https://${NAME}:${ports.https}`, login.name, login.password, METER],
		{ env: { ...process.env, NODE_EXTRA_CA_CERTS: certs.ca_file, WATTLE_HOST: NAME } });
	assert.equal(code, 0, err + out);
	assert.match(out, new RegExp(`^${METER} .* \\d+ Wh, last command trip: (executed|verified)$`, "m"));
});

test("a backup by its unit's commands, and doctor has nothing to say", async () => {
	const folder = in_root("srv/backup"), uid = await id_of("wattle");
	mkdirSync(folder);
	chownSync(folder, uid, uid);
	const ini = in_root("var/lib/wattle/wattle.ini");
	writeFileSync(ini, readFileSync(ini, "utf8") + "\n[backup]\ndir = /srv/backup\n");
	const { code, err, out } = await new Unit(ROOT, "wattle-backup.service").once();
	assert.equal(code, 0, `${err}${out}`);
	const doctor = await chroot("wattle", "doctor");
	const said = [...doctor.out.matchAll(/^bad {3}([a-z-]+):/gm)].map((m) => m[1]);
	assert.deepEqual(said.filter((word) => word !== "backup-same-disk"), [], doctor.out); // this root has but one disk
});

test("everything stops in order when it is told to", async () => {
	for (const daemon of daemons.splice(0).reverse()) {
		const end = await daemon.stop();
		if (daemon.name.endsWith(".service")) assert.deepEqual(end, { code: 0, signal: null }, `${daemon.name}: ${daemon.log.slice(-500)}`);
	}
	writeFileSync(in_root("srv/ports.json"), JSON.stringify({ ...ports, login }));
});
