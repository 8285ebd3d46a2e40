// A systemd unit of a root that is not running: what it starts, as whom; started without systemd.
import { readFileSync } from "node:fs";
import path from "node:path";
import { Daemon, run, run_ok } from "./process.mjs";

export class Unit {
	constructor(root, name) {
		const [, prefix, instance] = name.match(/^([^@]+?)(?:@(.+))?\.service$/);
		const file = instance === undefined ? name : `${prefix}@.service`;
		const text = readFileSync(path.join(root, "lib/systemd/system", file), "utf8").replaceAll("%i", instance ?? "");
		Object.assign(this, { root, name, lines: [...text.matchAll(/^([A-Za-z]+)=(.*)$/gm)].map(([, key, value]) => [key, value]) });
	}

	all(key) {
		return this.lines.filter(([name]) => name === key).map(([, value]) => value);
	}

	get(key) {
		return this.all(key).at(-1);
	}

	// The command of the unit as its user, in the root: what systemd would run, without its walls.
	command(exec = this.get("ExecStart")) {
		const words = exec.split(" ");
		return ["chroot", this.root, "/usr/bin/setpriv", `--reuid=${this.get("User")}`, `--regid=${this.get("Group")}`, "--init-groups", "--no-new-privs",
			"--bounding-set=-all", "/bin/sh", "-c", `umask ${this.get("UMask") ?? "0022"}; exec "$@"`, "sh", ...words];
	}

	async prepare() {
		const state = this.get("StateDirectory");
		if (state)
			await run_ok("chroot", [this.root, "install", "-d", "-o", this.get("User"), "-g", this.get("Group"), "-m", this.get("StateDirectoryMode") ?? "0755", `/var/lib/${state}`]);
	}

	async start(log) {
		await this.prepare();
		const [file, ...args] = this.command();
		return new Daemon(this.name, `/usr/sbin/${file}`, args, { log, env: { LANG: "C.UTF-8" } }).start();
	}

	// A oneshot: all its commands, one after the other, until one fails.
	async once() {
		await this.prepare();
		for (const exec of this.all("ExecStart")) {
			const [file, ...args] = this.command(exec);
			const result = await run(file, args, { timeout: 120000 });
			if (result.code !== 0) return result;
		}
		return { code: 0 };
	}
}
