// A meter's cursor as the store keeps it (docs/design/money.md, "What is stored"): its numbers, without rests and
// without charges that are not posted.

function number(value) {
	let n = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) < 0n ? -1n : 0n));
	const bytes = [];
	for (; n >= 0x80n; n >>= 7n) bytes.push(Number(n & 0x7fn) | 0x80);
	bytes.push(Number(n));
	return bytes;
}

// One more charge makes up what is accrued: free of units, of the day before nothing is posted.
function open_charge(exact, at_s) {
	if (!BigInt(exact)) return [];
	return [0, 0x24, ...number(1), ...number(0), ...number(at_s), ...number(0), ...number(0), ...number(0), ...number(exact), ...number(0)];
}

// Hexadecimal. `accrued` in 1/1000 micro-yuan.
export function rating_state({ billed_s, billed_units = 0, accrued = 0, posted_day = 0 }) {
	const numbers = [billed_s, billed_units, 0, 0, accrued, posted_day, 0, 0].flatMap(number);
	const charge = open_charge(accrued, BigInt(billed_s) - BigInt(posted_day) * 86400n);
	return Buffer.from([1, ...numbers, ...charge]).toString("hex");
}
