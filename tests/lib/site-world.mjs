// A world whose property looks as it does after some days, beside the terminals of the bus: rooms, tenants and meters
// with readings, whose gateways are away.
import { World } from "./world.mjs";
import { bin, root, run_ok } from "./process.mjs";

// meters, days: of the site; the rest as of World.start.
export function start_site({ meters, days = 1, ...options }) {
	class Site extends World {
		async prepare(how) {
			await super.prepare(how);
			await run_ok(bin("wattle-sim"), ["site", "--data", this.data, "--meters", String(meters), "--days", String(days)], { cwd: root });
		}
	}
	return Site.start(options);
}
