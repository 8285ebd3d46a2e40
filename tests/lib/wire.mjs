// Protobuf by hand, for messages that no honest encoder would make, and a second reader of ours.
// A field is [number, value]: bigint or number = varint, Buffer or string = bytes, {f64} = fixed64.
export function varint(value) {
	const out = [];
	let v = BigInt.asUintN(64, BigInt(value));
	do {
		out.push(Number(v & 127n) | (v > 127n ? 128 : 0));
		v >>= 7n;
	} while (v);
	return Buffer.from(out);
}

export const zigzag = (value) => (BigInt(value) << 1n) ^ (BigInt(value) >> 63n);

export function field(number, value) {
	if (value !== null && typeof value === "object" && "f64" in value) {
		const eight = Buffer.alloc(8);
		eight.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value.f64)));
		return Buffer.concat([varint((number << 3) | 1), eight]);
	}
	if (typeof value === "number" || typeof value === "bigint") return Buffer.concat([varint(number << 3), varint(value)]);
	const bytes = Buffer.from(value);
	return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

export const message = (...fields) => Buffer.concat(fields.map(([number, value]) => field(number, value)));
export const packed = (values) => Buffer.concat(values.map(varint));
export const differences = (values) => packed(values.map((v, i) => zigzag(BigInt(v) - (i ? BigInt(values[i - 1]) : 0n))));

const columns = { time_s: 4, voltage_dv: 5, current_ma: 6, power_dw: 7, pf_permille: 8, frequency_chz: 9, energy_wh: 10 };

// rows: [{meter, time_s, voltage_dv, …, state, quality}], sorted by (meter, time).
export function readings(rows) {
	const runs = [];
	for (const row of rows) {
		if (runs.length && runs.at(-1).meter === row.meter) runs.at(-1).n++;
		else runs.push({ meter: row.meter, n: 1 });
	}
	const fields = [[1, rows.length], [2, differences(runs.map((r) => r.meter))], [3, packed(runs.map((r) => r.n))]];
	for (const [name, number] of Object.entries(columns)) fields.push([number, differences(rows.map((r) => r[name] ?? 0))]);
	fields.push([11, packed(rows.map((r) => r.state ?? 0))], [12, packed(rows.map((r) => r.quality ?? 0))]);
	return message(...fields);
}

export const uplink = ({ boot, seq, tables = [], more = [] }) =>
	message([1, { f64: boot }], [2, seq], ...tables.map((t) => [3, t]), ...more);

// {number: [value, …]}: varints as bigint, fixed64 as bigint, bytes as Buffer.
export function decode(bytes) {
	const out = {};
	let at = 0;
	const number = () => {
		let value = 0n;
		for (let shift = 0n; ; shift += 7n) {
			if (at >= bytes.length) throw new Error("cut short");
			const b = bytes[at++];
			value |= BigInt(b & 127) << shift;
			if (b < 128) return value;
		}
	};
	while (at < bytes.length) {
		const tag = Number(number());
		let value;
		if ((tag & 7) === 0) value = number();
		else if ((tag & 7) === 1) (value = bytes.readBigUInt64LE(at)), (at += 8);
		else if ((tag & 7) === 2) {
			const n = Number(number());
			value = bytes.subarray(at, at + n);
			at += n;
		} else throw new Error(`wire type ${tag & 7}`);
		(out[tag >> 3] ??= []).push(value);
	}
	return out;
}

// Ack as {epoch, done: [{boot, first, last}], refused: [{boot, seq, reason}]}.
export function decode_ack(bytes) {
	const m = decode(bytes);
	const part = (b, ...names) => {
		const d = decode(b);
		return Object.fromEntries(names.map((name, i) => [name, d[i + 1]?.[0] ?? 0n]));
	};
	return {
		epoch: m[1]?.[0] ?? 0n,
		done: (m[3] ?? []).map((b) => part(b, "boot", "first", "last")),
		refused: (m[4] ?? []).map((b) => part(b, "boot", "seq", "reason")),
	};
}
