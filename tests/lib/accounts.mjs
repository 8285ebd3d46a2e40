// Accounts that are open, as if they had been since this second, by the sqlite3 program: what sells to them does
// not depend on how they are opened.
import path from "node:path";
import { run_ok } from "./process.mjs";

let number = 900000;

export async function open_account(world, { property = "p1", customer, code, meter = null, credit = "platform" }) {
	const id = ++number, now = Math.floor(Date.now() / 1000), text = (t) => `'${String(t).replaceAll("'", "''")}'`;
	const p = `(SELECT property_id FROM property WHERE slug=${text(property)})`;
	const sql = [`INSERT INTO account(property_id, account_id, code, customer_id, state, plan_code, note, created_s, opened_s, closed_s, version)
		VALUES(${p}, ${id}, ${text(code)}, ${customer}, 2, '', '', ${now}, ${now}, 0, 1)`];
	if (meter)
		sql.push(`INSERT INTO account_meter(property_id, meter, from_s, until_s, account_id, service, credit, open_units, open_source, close_units, close_source, photo)
			VALUES(${p}, ${meter}, ${now}, 9223372036854775807, ${id}, 'electricity', ${text(credit)}, 0, 'typed', 0, '', '')`);
	await run_ok("sqlite3", ["-cmd", ".timeout 5000", path.join(world.data, "store/wattle.db"), sql.join(";")]);
	return String(id);
}
