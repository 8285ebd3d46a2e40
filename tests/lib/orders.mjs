// Orders that wait for a provider's word, as a provider's adapter makes them: there is no provider over HTTP yet.
let given = 0;

export const CHANNELS = { wechat: 3, alipay: 4 };
const EXPIRED = 6;

export const order_number = (id) => `W${String(id).padStart(12, "0")}`;

// `state` expired: its deadline is over and the platform has said so.
export async function waiting_order(world, { account, amount_fen, channel = "wechat", id = 7_000_000 + ++given, expired = false }) {
	const now = Date.now(), state = expired ? EXPIRED : 1;
	await world.sql(`INSERT INTO recharge_order(property_id, order_id, account_id, channel, state, amount_fen, arrears_fen, debt_fen, fee_fen, credit_fen, meter,
			restores, shift_id, voucher, created_ms, expires_ms, paid_ms, delivered_ms, group_no, receipt_no, reversal_id, by_user_id, by_name, version)
			VALUES(1, ${id}, ${account}, ${CHANNELS[channel]}, ${state}, ${amount_fen}, 0, 0, 0, 0, 0, 0, 0, '', ${now - 60000}, ${now + 600000}, 0, 0, 0, 0, 0, 0, 'tenant', 1);
		INSERT INTO order_stage VALUES(1, ${id}, 1, ${state}, ${now - 60000}, 'tenant', '')`);
	return { id: String(id), number: order_number(id), account, amount_fen };
}
