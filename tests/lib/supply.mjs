// What takes weeks of use and many trips to come about, written into the store as the platform would:
// the evidence of a cut, an opening that waits for people, a message, an alarm.

let drawn = 0;

export async function supply_rows(world, { property, meter, customer, account, mark = "test" }) {
	const number = 900_000 + ++drawn, now_s = Math.floor(Date.now() / 1000) - 60;
	const p = `(SELECT property_id FROM property WHERE slug='${property}')`;
	await world.sql(`BEGIN;
		INSERT INTO supply_act(property_id, act_id, account_id, meter, want, reason, at_ms, state, reading_units, reading_s, version_id,
			available_fen, alarm1_fen, alarm2_fen, overdraft_fen, close_fen, grace_s, announced_s, command_id, outcome, outcome_ms)
			VALUES(${p}, ${number}, ${account}, ${meter}, 3, 'balance', ${now_s}000, 5, 1234, ${now_s}, 0, -12, 5000, 1000, 0, 0, 0, 0, 0, 3, ${now_s}000);
		INSERT INTO supply_held(property_id, held_id, meter, path, batch_id, position, user_id, key_id, by_name, by_origin, reason, made_ms, state,
			ended_ms, command_id, approval_id, ended_why) VALUES(${p}, ${number}, ${meter}, 3, 0, 0, 0, 0, '${mark}', 'test', '${mark}', ${now_s}000, 1, 0, 0, 0, '');
		INSERT INTO message(property_id, message_id, episode, kind, lang, channel, account_id, customer_id, phone, body, field_values, cause, state,
			created_ms, next_ms, sent_ms, tries, provider, provider_id, error, resend_of, by_name)
			VALUES(${p}, ${number}, 'cut:${number}', 'cut', 'zh-CN', 'sms', ${account}, ${customer}, '13812341234', '${mark}', '{}', 'command 1', 1,
			${now_s}000, ${now_s}000, 0, 0, '', '', '', 0, '');
		INSERT INTO alarm(property_id, alarm_id, kind, level, gateway_id, meter, chip, detail, value, count, started_s, last_s, ended_s, seen_s, seen_by, note)
			VALUES(${p}, ${number}, 4, 2, 0, ${meter}, '', 0, 0, 1, ${now_s}, ${now_s}, 0, 0, '', '${mark}');
		COMMIT;`);
	return { held: String(number), message: String(number), alarm: String(number) };
}
