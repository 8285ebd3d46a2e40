// The largest sheets that are taken, on a real wattled: a million rows come in piece by piece within bounded memory;
// one bad row, a row that became wrong since the check, or kill -9 in the middle: all rows or none. For the nightly run
// (tests/nightly); prints a line of figures for each sheet. Fewer rows: WATTLE_MILLION=50000.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import ExcelJS from "exceljs";
import { sleep } from "../lib/process.mjs";
import { Sheets } from "../lib/sheets.mjs";
import { sql } from "../lib/store.mjs";
import { World } from "../lib/world.mjs";

const ROWS = Number(process.env.WATTLE_MILLION ?? 1_000_000), XLSX_ROWS = ROWS / 5;
const LONG = 1_800_000, APPLYING = "4";
// What wattled may hold more than before, at its highest. The apply fills the page cache of the writer (64 MiB), and
// each space is in the directory, of which there are two while it is replaced.
const MOST_MB = { check: 64, keys: 128, spaces: 192 };

let world, sheets, base_mb;

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0, settings: "[sheets]\nalone_rows = 1048575\n" });
	sheets = new Sheets(world.api);
	base_mb = status_mb("VmRSS");
});
after(() => world?.stop());

const proc = (name) => `/proc/${world.platform.child.pid}/${name}`;
const status_mb = (field) => Math.round(Number(readFileSync(proc("status"), "utf8").match(new RegExp(`${field}:\\s+(\\d+)`))[1]) / 1024);
const forget_peak = () => writeFileSync(proc("clear_refs"), "5");
const database = () => path.join(world.data, "store/wattle.db");
const count = async (what) => Number((await sql(database(), `SELECT count(*) FROM ${what}`))[0]);
const keys_of = (prefix) => count(`terminal WHERE chip >= '${prefix}' AND chip < '${prefix}g'`);

const chip = (prefix, k) => prefix + String(k).padStart(24 - prefix.length, "0");
const key_row = (prefix, k) => [chip(prefix, k), String(k + 1).padStart(64, "0")];
const keys_csv = (prefix, rows) => Buffer.concat([Buffer.from("chip,key\n"), ...blocks(rows, (k) => key_row(prefix, k).join() + "\n")]);

// Text of many rows without one string that holds them all.
function blocks(rows, row) {
	const made = [];
	for (let k = 0; k < rows; k += 10000) made.push(Buffer.from(Array.from({ length: Math.min(10000, rows - k) }, (_, i) => row(k + i)).join("")));
	return made;
}

async function xlsx(rows, header, row) {
	const file = world.path("sheet.xlsx"), book = new ExcelJS.stream.xlsx.WorkbookWriter({ filename: file });
	const sheet = book.addWorksheet("sheet");
	sheet.addRow(header).commit();
	for (let k = 0; k < rows; k++) sheet.addRow(row(k)).commit();
	await book.commit();
	return readFileSync(file);
}

async function timed(act) {
	const start = process.hrtime.bigint();
	return [await act(), Number(process.hrtime.bigint() - start) / 1e9];
}

// Sent and checked: the import, with its figures.
async function check(kind, bytes, rows) {
	forget_peak();
	const before_mb = status_mb("VmHWM");
	const [sent, send_s] = await timed(() => sheets.send(kind, bytes, { rows }));
	const [checked, check_s] = await timed(() => sheets.reaches(sent.id, ["checked", "failed"], LONG));
	assert.equal(checked.state, "checked", checked.fault);
	const more_mb = status_mb("VmHWM") - before_mb;
	console.log(`# ${rows} ${kind}, ${(bytes.length / 2 ** 20).toFixed(0)} MB: sent ${send_s.toFixed(1)} s, checked ${check_s.toFixed(1)} s, ${more_mb} MB more`);
	assert.ok(more_mb <= MOST_MB.check, `${more_mb} MB more in the check`);
	return checked;
}

async function apply(checked, most_mb) {
	forget_peak();
	const [done, s] = await timed(async () => {
		await sheets.apply(checked);
		return sheets.reaches(checked.id, ["applied", "failed"], LONG);
	});
	const more_mb = status_mb("VmHWM") - base_mb;
	console.log(`#   ${done.state} ${s.toFixed(1)} s, ${more_mb} MB above the start`);
	assert.ok(more_mb <= most_mb, `${more_mb} MB above the start in the apply`);
	return done;
}

// Killed while the rows go in: nothing of them is there; the next start does it again, whole.
async function apply_killed(checked, after_ms, there) {
	await sheets.apply(checked);
	await sleep(after_ms * (ROWS / 1_000_000));
	await world.platform.kill();
	assert.equal((await sql(database(), `SELECT state FROM sheet_job WHERE job_id=${checked.id}`))[0], APPLYING, "the kill came in the middle");
	assert.equal(await there(), 0);
	const [done, s] = await timed(async () => {
		world.platform.start();
		await world.platform_ready();
		return sheets.reaches(checked.id, ["applied", "failed"], LONG);
	});
	console.log(`#   kill -9 after ${((after_ms * ROWS) / 1e9).toFixed(1)} s: 0 rows; start and apply ${s.toFixed(1)} s, ${status_mb("VmHWM")} MB in all`);
	assert.deepEqual([done.state, done.added], ["applied", checked.rows]);
}

test(`${ROWS} terminal keys: a bad row at the end, one that became wrong, a kill`, { timeout: LONG }, async () => {
	const bytes = keys_csv("b", ROWS - 1), last = (text) => Buffer.concat([bytes, Buffer.from(text)]);
	const bad = await check("terminals", last(`${chip("b", ROWS - 1)},short\n`), ROWS);
	assert.deepEqual([bad.rows, bad.mistakes], [ROWS, 1]);
	assert.match((await sheets.mistakes(bad.id))[0], new RegExp(`^${ROWS + 1}:B:`));
	assert.equal((await sheets.call("POST", `/imports/${bad.id}/apply`, { json: { sha256: bad.sha256, reason: "x" } })).status, 409);
	await sheets.must(204, "DELETE", `/imports/${bad.id}`);

	// Between check and apply the last chip becomes another property's.
	const stale = await check("terminals", last(key_row("b", ROWS - 1).join() + "\n"), ROWS);
	assert.deepEqual([stale.mistakes, stale.added], [0, ROWS]);
	await world.api.expect(201, "POST", "/api/v1/groups/1/properties", { json: { slug: "p2", name: "p2" }, headers: { "Idempotency-Key": randomUUID() } });
	await new Sheets(world.api, "p2").import("terminals", "chip,key\n" + key_row("b", ROWS - 1).join() + "\n");
	const failed = await apply(stale, MOST_MB.keys);
	assert.deepEqual([failed.state, failed.fault.row], ["failed", ROWS + 1]);
	assert.equal(await keys_of("b"), 1);

	const good = await check("terminals", keys_csv("c", ROWS), ROWS);
	assert.deepEqual([good.mistakes, good.added], [0, ROWS]);
	await apply_killed(good, 2000, () => keys_of("c"));
	assert.equal(await keys_of("c"), ROWS);
	assert.equal(await keys_of("b"), 1);
});

test(`${XLSX_ROWS} terminal keys as a workbook`, { timeout: LONG }, async () => {
	const checked = await check("terminals", await xlsx(XLSX_ROWS, ["chip", "key"], (k) => key_row("d", k)), XLSX_ROWS);
	assert.deepEqual([checked.mistakes, checked.added], [0, XLSX_ROWS]);
	assert.equal((await apply(checked, MOST_MB.keys)).state, "applied");
	assert.equal(await keys_of("d"), XLSX_ROWS);
});

test(`${ROWS} rooms, an audit line each`, { timeout: LONG }, async () => {
	const room = (k) => [`B${Math.floor(k / 10000)}`, Math.floor(k / 100) % 100, `R${k % 100}`];
	const rows = (n) => blocks(n, (k) => room(k).join() + "\n"), header = Buffer.from("building,floor,room\n");
	const bad = await check("spaces", Buffer.concat([header, ...rows(ROWS - 1), Buffer.from("B0,,R1\n")]), ROWS);
	assert.deepEqual([bad.rows, bad.mistakes], [ROWS, 1]);
	assert.match((await sheets.mistakes(bad.id))[0], new RegExp(`^${ROWS + 1}:B:required`));
	await sheets.must(204, "DELETE", `/imports/${bad.id}`);
	const checked = await check("spaces", Buffer.concat([header, ...rows(ROWS)]), ROWS);
	assert.deepEqual([checked.mistakes, checked.added], [0, ROWS]);
	await apply_killed(checked, 5000, () => count("space"));
	assert.equal(await count("space WHERE kind=3"), ROWS);
	const peak_mb = status_mb("VmHWM");
	assert.ok(peak_mb <= MOST_MB.spaces, `${peak_mb} MB in all`);
	const [csv, s] = await timed(() => sheets.export("spaces", "?lang=keys&raw=true"));
	console.log(`#   exported ${(csv.length / 2 ** 20).toFixed(0)} MB in ${s.toFixed(1)} s, ${status_mb("VmHWM") - peak_mb} MB more`);
	assert.ok(status_mb("VmHWM") - peak_mb <= 32);
});

test(`${XLSX_ROWS} rooms as a workbook`, { timeout: LONG }, async () => {
	const checked = await check("spaces", await xlsx(XLSX_ROWS, ["building", "floor", "room", "name"], (k) => ["X", Math.floor(k / 1000), k % 1000, `房间 ${k}`]), XLSX_ROWS);
	assert.deepEqual([checked.mistakes, checked.added], [0, XLSX_ROWS]);
	assert.equal((await apply(checked, MOST_MB.spaces)).state, "applied");
	assert.equal(await count("space WHERE kind=3"), ROWS + XLSX_ROWS);
});
