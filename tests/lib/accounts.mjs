// Accounts that are open, as if they had been since this second in the store: what sells to them does
// not depend on how they are opened.
let number = 900000;

export async function open_account(world, { property = "p1", customer, code, meter = null, credit = "platform" }) {
	const id = ++number, now = Math.floor(Date.now() / 1000), text = (t) => `'${String(t).replaceAll("'", "''")}'`;
	const p = `(SELECT property_id FROM property WHERE slug=${text(property)})`;
	const sql = [`INSERT INTO account(property_id, account_id, code, customer_id, state, plan_code, note, created_s, opened_s, closed_s, version)
		VALUES(${p}, ${id}, ${text(code)}, ${customer}, 2, '', '', ${now}, ${now}, 0, 1)`,
		`INSERT INTO account_terms(property_id, account_id, from_s, kind, fee_fen, bill_day, due_days, overdue_trips, by_name) VALUES(${p}, ${id}, ${now}, 'pay-per-use', 0, 0, 0, 0, 'test')`];
	if (meter)
		sql.push(`INSERT INTO account_meter(property_id, meter, from_s, until_s, account_id, service, credit, open_units, open_source, close_units, close_source, photo)
			VALUES(${p}, ${meter}, ${now}, 9223372036854775807, ${id}, 'electricity', ${text(credit)}, 0, 'typed', 0, '', '')`,
			`INSERT INTO rating(property_id, meter, account_id, use_from_s, service, billed_s, billed_units, step_used, step_settled_s, accrued, posted_day, fault, fault_s, fault_units, version)
			VALUES(${p}, ${meter}, ${id}, ${now}, 1, ${now}, 0, 0, 0, 0, ${Math.floor((now + 28800) / 86400)}, 0, 0, 0, 1)`);
	await world.sql(sql.join(";"));
	return String(id);
}
