// The PostgreSQL server of tests/postgres, when a test runs under it; without it stores are files of SQLite.
import { readFileSync } from "node:fs";
import path from "node:path";
import { root, run, run_ok, until } from "./process.mjs";

const server = process.env.WATTLE_TEST_STORE;
const folder = process.env.WATTLE_TEST_STORE_DIR;
let count = 0;

export const on_postgres = Boolean(server);

// Rows as lines, columns divided by "|".
export async function psql(text, url = server) {
	return (await run_ok("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1", url, "-c", text])).out.trim();
}

// The URL of an empty schema; undefined on SQLite.
export async function fresh_store() {
	if (!on_postgres) return undefined;
	const name = `world_${process.pid}_${++count}`;
	await psql(`CREATE SCHEMA ${name}`);
	return `${server}&options=-csearch_path%3D${name}`;
}

// Kill -9 of all its processes at once; and its next start.
export async function kill_server() {
	const main = Number(readFileSync(path.join(folder, "data/postmaster.pid"), "utf8").split("\n")[0]);
	const { out } = await run("pgrep", ["-P", String(main)]);
	for (const pid of [main, ...out.split("\n").filter(Boolean).map(Number)]) {
		try {
			process.kill(pid, "SIGKILL");
		} catch (error) {
			if (error.code !== "ESRCH") throw error; // one that ended by itself
		}
	}
}

export function start_server() {
	// One that was forked in the very moment of the kill may hold its memory for a moment more.
	return until("the server", () => run_ok(path.join(root, "tests/postgres"), ["--start", folder]), { timeout_ms: 60000 });
}
