// What is in a store's files, by the sqlite3 program: for comparing two of them.
import { readdirSync } from "node:fs";
import path from "node:path";
import { run_ok } from "./process.mjs";

export async function sql(file, text) {
	const { out } = await run_ok("sqlite3", ["-cmd", ".timeout 5000", file, text]);
	return out.trim() ? out.trim().split("\n") : [];
}

// {table: rows} of the main file.
export async function table_rows(store) {
	const main = path.join(store, "wattle.db");
	const tables = await sql(main, "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'");
	const counts = await sql(main, tables.map((t) => `SELECT '${t}', count(*) FROM "${t}"`).join(" UNION ALL "));
	return Object.fromEntries(counts.map((line) => line.split("|")).map(([table, n]) => [table, Number(n)]));
}

export const day_files = (store) => readdirSync(store).filter((name) => /^readings-.*\.db$/.test(name)).sort();

// {file: ["rowid|boot|seq|hash|body", …]}
export async function batches(store) {
	const found = {};
	for (const name of day_files(store))
		found[name] = await sql(path.join(store, name), "SELECT rowid, boot, seq, hash, hex(body) FROM batch ORDER BY rowid");
	return found;
}

export const batch_names = async (store) => new Set(Object.values(await batches(store)).flat().map((row) => row.split("|").slice(1, 3).join(":")));
