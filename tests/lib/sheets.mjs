// Imports and exports of sheets as a client does them, and the sheets themselves. The XLSX are written and
// read by a library that shares no code with ours.
import { randomUUID } from "node:crypto";
import ExcelJS from "exceljs";
import { until } from "./process.mjs";

const PIECE = 1 << 20;

export class Sheets {
	constructor(api, property = "p1") {
		Object.assign(this, { api, base: `/api/v1/properties/${property}` });
	}

	call(method, path, options = {}) {
		return this.api.call(method, this.base + path, { ...options, headers: { "Idempotency-Key": randomUUID(), ...options.headers } });
	}

	async must(status, method, path, options) {
		const answer = await this.call(method, path, options);
		if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
		return answer.body;
	}

	// Sends it in pieces; the import as it is then.
	async send(sheet, bytes, more = {}) {
		const created = await this.must(201, "POST", "/imports", { json: { sheet, ...more } });
		const data = Buffer.from(bytes);
		let last;
		for (let at = 0; at === 0 || at < data.length; at += PIECE)
			last = await this.must(200, "PUT", `/imports/${created.id}/file?at=${at}&end=${at + PIECE >= data.length}`, { text: data.subarray(at, at + PIECE), type: "application/octet-stream" });
		return last;
	}

	show(id) {
		return this.must(200, "GET", `/imports/${id}`);
	}

	reaches(id, states, timeout_ms = 60000) {
		return until(`import ${id} ${states}`, async () => {
			const found = await this.show(id);
			return [].concat(states).includes(found.state) && found;
		}, { timeout_ms });
	}

	async check(sheet, bytes, more) {
		return this.reaches((await this.send(sheet, bytes, more)).id, "checked");
	}

	apply(checked, reason = "test") {
		return this.must(202, "POST", `/imports/${checked.id}/apply`, { json: { sha256: checked.sha256, reason } });
	}

	// To its end: the import, applied.
	async import(sheet, bytes, more) {
		const checked = await this.check(sheet, bytes, more);
		if (checked.mistakes) throw new Error(JSON.stringify(await this.mistakes(checked.id)));
		await this.apply(checked);
		return this.reaches(checked.id, ["applied", "failed"]);
	}

	// "row:column:fault:detail"
	async mistakes(id, query = "?limit=1000") {
		const { items } = await this.must(200, "GET", `/imports/${id}/mistakes${query}`);
		return items.map((m) => [m.row, m.column, m.fault, m.detail].join(":"));
	}

	async export(sheet, query = "") {
		const answer = await fetch(`${this.api.base}${this.base}/sheets/${sheet}${query}`, { headers: { Cookie: this.api.cookie } });
		const bytes = Buffer.from(await answer.arrayBuffer());
		if (answer.status !== 200) throw new Error(`export ${sheet}: ${answer.status} ${bytes}`);
		return bytes;
	}
}

export async function xlsx_of(rows) {
	const book = new ExcelJS.Workbook();
	book.addWorksheet("hidden", { state: "hidden" }).addRow(["not this one"]);
	book.addWorksheet("sheet").addRows(rows);
	return Buffer.from(await book.xlsx.writeBuffer());
}

// The first sheet as rows of values: numbers are numbers, dates are dates.
export async function rows_of(bytes) {
	const book = new ExcelJS.Workbook();
	await book.xlsx.load(bytes);
	const rows = [];
	book.worksheets[0].eachRow((row) => rows.push(row.values.slice(1)));
	return rows;
}
