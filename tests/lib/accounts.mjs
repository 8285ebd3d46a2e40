// Accounts that are open, as if they had been since this second (or `since_s`) in the store: what sells to them
// does not depend on how they are opened.
import { rating_state } from "./rating.mjs";

let number = 900000;

export async function open_account(world, { property = "p1", customer, code, meter = null, credit = "platform", since_s, open_units = 0 }) {
	const id = ++number, now = since_s ?? Math.floor(Date.now() / 1000), text = (t) => `'${String(t).replaceAll("'", "''")}'`;
	const p = `(SELECT property_id FROM property WHERE slug=${text(property)})`;
	const sql = [`INSERT INTO account(property_id, account_id, code, customer_id, state, plan_code, note, created_s, opened_s, closed_s, version)
		VALUES(${p}, ${id}, ${text(code)}, ${customer}, 2, '', '', ${now}, ${now}, 0, 1)`,
		`INSERT INTO account_terms(property_id, account_id, from_s, kind, fee_fen, bill_day, due_days, overdue_trips, by_name) VALUES(${p}, ${id}, ${now}, 'pay-per-use', 0, 0, 0, 0, 'test')`];
	if (meter)
		sql.push(`INSERT INTO account_meter(property_id, meter, from_s, until_s, account_id, service, credit, open_units, open_source, close_units, close_source, photo)
			VALUES(${p}, ${meter}, ${now}, 9223372036854775807, ${id}, 'electricity', ${text(credit)}, ${open_units}, 'typed', 0, '', '')`,
			`INSERT INTO rating(property_id, meter, account_id, use_from_s, service, fault, fault_s, fault_units, credit, version, state)
			VALUES(${p}, ${meter}, ${id}, ${now}, 1, 0, 0, 0, ${credit === "meter" ? 2 : 1}, 1, ${world.blob(rating_state({ billed_s: now, billed_units: open_units, posted_day: Math.floor((now + 28800) / 86400) }))})`);
	await world.sql(sql.join(";"));
	return String(id);
}
