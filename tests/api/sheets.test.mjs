// Sheets in and out of a real wattled: pieces, the dry run, mistakes by row and column, all or nothing under
// kill -9, a second person, rights that go away, and what a spreadsheet program reads.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { sleep, until } from "../lib/process.mjs";
import { answer_mismatches } from "../lib/schema.mjs";
import { Sheets, rows_of, xlsx_of } from "../lib/sheets.mjs";
import { make_person } from "../lib/staff.mjs";
import { sql } from "../lib/store.mjs";
import { World } from "../lib/world.mjs";

// More in the nightly run; an export of fewer may all lie in the sockets' buffers before anything can break it off.
const ROWS = Number(process.env.WATTLE_SHEET_ROWS ?? 60000);
const CUT_ROWS = ROWS / 3;
const KILLS = Number(process.env.WATTLE_SHEET_KILLS ?? 3);
const ROOMS = "楼栋,楼层,房间,名称,面积(平方米)";

let world, sheets, manager, bulk;

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0, settings: "[sheets]\nalone_rows = 1000\nupload_mb = 200\n" });
	sheets = new Sheets(world.api);
	// Who made an account is no second person for it: the manager asks, the administrator agrees.
	manager = await make_person(world, "manager", { role: "property-manager", property: "p1" });
	bulk = new Sheets(manager.api);
});
after(() => world?.stop());

const chip = (k) => "b" + String(k).padStart(23, "0");
const key_rows = (from, count) => Array.from({ length: count }, (_, i) => `${chip(from + i)},${String(from + i).padStart(64, "0")}\n`).join("");
const rss_kb = () => Number(readFileSync(`/proc/${world.platform.child.pid}/status`, "utf8").match(/VmHWM:\s+(\d+)/)[1]);
const database = () => path.join(world.data, "store/wattle.db");
const count = async (like) => Number((await sql(database(), `SELECT count(*) FROM terminal WHERE chip LIKE '${like}%'`))[0]);

async function agree(client, id) {
	const { approval } = await client.get(`/approvals/${id}`);
	return client.expect(200, "POST", `/api/v1/approvals/${id}/decision`, { json: { verdict: "agree", hash: approval.hash }, headers: { "Idempotency-Key": randomUUID() } });
}

test("kinds and their columns; an empty sheet to fill in has them", async () => {
	const { items } = (await world.api.call("GET", "/api/v1/sheets")).body;
	assert.deepEqual(answer_mismatches("GET", "/api/v1/sheets", 200, "application/json", { items }), []);
	assert.deepEqual(items.map((k) => k.sheet).sort(), ["accounts", "alarm-plans", "calendars", "customers", "leases", "meters", "spaces", "templates", "terminals", "users"].concat(items.some((k) => k.sheet === "takeover") ? ["takeover"] : []).sort());
	for (const kind of items.filter((k) => k.sheet !== "takeover")) {
		for (const [lang, of] of [["zh-CN", "zh"], ["en", "en"], ["keys", "key"]]) {
			const titles = kind.columns.map((c) => c[of]);
			const [first] = await rows_of(await sheets.export(kind.sheet, `?format=xlsx&template=true&lang=${lang}`));
			assert.deepEqual(first, titles);
			assert.deepEqual((await sheets.export(kind.sheet, `?raw=true&template=true&lang=${lang}`)).toString().trim(), titles.map((t) => (/,/.test(t) ? `"${t}"` : t)).join(","));
		}
	}
	assert.equal((await sheets.call("GET", "/sheets/nothing")).status, 404);
});

test("a dry run names every mistake by row and column, in both languages, and as a file", async () => {
	const bytes = `${ROOMS}\r\nA,1,101,大堂,12.5\r\n,1,102,x,1\r\nA,,103,x,1\r\nA,1,104,"x\ny",abc\r\nA,1,101,again,1\r\nA,1,105,x,1,more\r\n`;
	const checked = await sheets.check("spaces", bytes, { name: "../../../../etc/passwd" });
	assert.equal(checked.name, "../../../../etc/passwd");
	assert.equal(checked.rows, 6);
	assert.equal(checked.mistakes, 6);
	assert.deepEqual(await sheets.mistakes(checked.id), ["3:A:required:", "4:B:required:", "5:D:control:", "5:E:not-number:", "6::twice:2", "7:F:no-header-cell:"]);
	assert.deepEqual(await sheets.mistakes(checked.id, "?limit=2"), ["3:A:required:", "4:B:required:"]);
	const page = await sheets.must(200, "GET", `/imports/${checked.id}/mistakes?limit=2`);
	assert.deepEqual(answer_mismatches("GET", "/api/v1/properties/{property}/imports/{import}/mistakes", 200, "application/json", page), []);
	assert.equal((await sheets.mistakes(checked.id, `?limit=2&cursor=${encodeURIComponent(page.next)}`))[0], "5:D:control:");
	assert.match(page.items[0].text, /must be given/);
	assert.equal(page.items[0].text_zh, "必须填写");
	const refused = await sheets.call("POST", `/imports/${checked.id}/apply`, { json: { sha256: checked.sha256 } });
	assert.deepEqual([refused.status, refused.body.detail], [409, "it has mistakes"]);

	const csv = await (await fetch(`${world.api.base}${sheets.base}/imports/${checked.id}/mistakes/file?lang=en`, { headers: { Cookie: world.api.cookie } })).text();
	assert.equal(csv.split("\r\n")[0], "Row,Column,Problem,Detail"); // fetch takes the byte order mark away
	assert.match(csv, /\r\n6,,"is in this sheet twice, first in row",2\r\n/);
	const xlsx = await fetch(`${world.api.base}${sheets.base}/imports/${checked.id}/mistakes/file?format=xlsx`, { headers: { Cookie: world.api.cookie } });
	assert.deepEqual((await rows_of(Buffer.from(await xlsx.arrayBuffer())))[1], [3, "A", "必须填写"]);
	await sheets.must(204, "DELETE", `/imports/${checked.id}`);
	assert.deepEqual(await sheets.mistakes(checked.id), []);
	assert.equal((await sql(database(), "SELECT count(*) FROM space"))[0], "0");
});

test("no file leaves its folder, and none is left behind", async () => {
	const names = ["../x", "/etc/passwd", "..\\..\\x", "a\u202Eb", "CON", "%2e%2e%2f"];
	for (const name of names) {
		const sent = await sheets.send("spaces", "building\nZ\n", { name });
		await sheets.reaches(sent.id, "checked");
		await sheets.must(204, "DELETE", `/imports/${sent.id}`);
	}
	const folder = path.join(world.data, "store/sheets");
	await until("files gone", () => readdirSync(folder).length === 0);
	assert.ok(!existsSync(path.join(world.data, "x")) && !existsSync(path.join(world.data, "store/x")));
});

test("pieces: in order, again, with a hole, too large, after the end", async () => {
	const created = await sheets.must(201, "POST", "/imports", { json: { sheet: "spaces", rows: 2 } });
	const put = (query, text) => sheets.call("PUT", `/imports/${created.id}/file?${query}`, { text: Buffer.from(text), type: "application/octet-stream" });
	assert.equal((await put("at=5", "x")).body.detail, "the next piece begins at 0");
	assert.equal((await put("at=0", "building\n")).body.bytes, 9);
	assert.equal((await put("at=0", "building\n")).body.bytes, 9);
	assert.equal((await put(`at=${200 << 20}`, "x")).status, 413);
	// The connection ends while this client still sends: it may not hear the answer.
	assert.equal(await put("at=9", Buffer.alloc((4 << 20) + 1)).then((answer) => answer.status, () => 413), 413);
	assert.equal((await put("at=9&end=true", "P\n")).body.state, "uploaded");
	assert.equal((await put("at=9&end=true", "P\n")).status, 409);
	const checked = await sheets.reaches(created.id, "checked");
	assert.deepEqual(await sheets.mistakes(checked.id), ["0::control-total:rows: 1 ≠ 2"]);
	assert.deepEqual(checked.totals, [{ name: "rows", wanted: 2, found: 1 }]);
	await sheets.must(204, "DELETE", `/imports/${created.id}`);
	assert.equal((await sheets.call("POST", "/imports", { json: { sheet: "nothing" } })).body.field, "sheet");
});

test("a spreadsheet made elsewhere comes in; what goes out is numbers, dates and text", async () => {
	await sheets.import("spaces", await xlsx_of([["building", "floor", "room", "name", "area_m2"], ["A", 3, 301, { richText: [{ text: "=1" }, { text: "+1" }] }, { formula: "10+2.5", result: 12.5 }], ["A", 3, "0302", "'x", null]]));
	await sheets.import("customers", "\ufeff用户编号,姓名或单位,电话1\r\nC1,=HYPERLINK(\"http://x\"),13800138000\r\nC2,\"🏠\u202E<b>\",\"'+86 13900139000\"\r\n");
	const lease = await sheets.import("leases", await xlsx_of([["租约编号", "用户编号", "房间", "开始日期", "结束日期"], ["L1", "C1", "A/3/301", new Date(Date.UTC(2026, 0, 1)), new Date(Date.UTC(2027, 11, 31))]]));
	assert.equal(lease.added, 1);
	const spaces = await rows_of(await sheets.export("spaces", "?format=xlsx&lang=keys"));
	const room = spaces.find((row) => row[2] === "301");
	assert.deepEqual(room.slice(0, 5), ["A", "3", "301", "'=1+1", 12.5]);
	assert.ok(spaces.some((row) => row[2] === "0302" && row[3] === "'x"));
	const leases = await rows_of(await sheets.export("leases", "?format=xlsx&lang=keys"));
	assert.ok(leases[1][3] instanceof Date && leases[1][3].toISOString().startsWith("2026-01-01"));
	const csv = (await sheets.export("customers", "?lang=keys")).toString();
	assert.ok(csv.startsWith("\ufeffcode,kind,name,"));
	assert.ok(csv.includes(`"'=HYPERLINK(""http://x"")"`));
	const gb = new TextDecoder("gb18030").decode(await sheets.export("customers", "?encoding=gb18030"));
	assert.ok(gb.startsWith("用户编号,") && gb.includes("🏠\u202E<b>"));
	for (const form of ["?format=xlsx", "?lang=en", "?encoding=gb18030", "?raw=true&lang=keys"])
		for (const kind of ["spaces", "customers", "leases"]) {
			const again = await sheets.check(kind, await sheets.export(kind, form));
			assert.deepEqual([again.mistakes, again.added, again.changed], [0, 0, 0], `${kind} ${form}`);
			await sheets.must(204, "DELETE", `/imports/${again.id}`);
		}
});

test("whoever applies a sheet stands for it, with the reason that they gave", async () => {
	const checked = await sheets.check("spaces", "building\nQ\n");
	assert.equal(checked.by, "admin");
	await bulk.apply(checked, "Neubau Q");
	const applied = await sheets.reaches(checked.id, "applied");
	assert.deepEqual([applied.by, applied.reason, applied.added], ["manager", "Neubau Q", 1]);
});

test("hostile files are refused and named", async () => {
	const { default: archive } = { default: await xlsx_of([["building"], ["A"]]) };
	const cases = [
		[Buffer.from("\xD0\xCF\x11\xE0old", "latin1"), "old-excel"], [Buffer.from("\xFF\xFEa\0", "latin1"), "utf16"], [Buffer.alloc(5000), "unknown-content"],
		[Buffer.alloc(0), "empty"], [archive.subarray(0, archive.length / 2), "zip"], [Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(1000, 0x41)]), "zip"],
		[Buffer.from("building\n\"A\n"), "quote-open"], [Buffer.from("building" + ",x".repeat(200) + "\n"), "too-many-columns"], [Buffer.from("building\n\xC4\xFF\n", "latin1"), "encoding"],
	];
	for (const [bytes, fault] of cases) {
		const checked = await sheets.check("spaces", bytes);
		assert.equal((await sheets.mistakes(checked.id))[0].split(":")[2], fault);
		await sheets.must(204, "DELETE", `/imports/${checked.id}`);
	}
});

test(`${ROWS} rows: bounded memory, a second person for exactly these rows, twice is once`, async () => {
	const before_kb = rss_kb(), bytes = "chip,key\n" + key_rows(1, ROWS);
	const checked = await bulk.check("terminals", bytes, { rows: ROWS });
	assert.deepEqual([checked.mistakes, checked.rows, checked.added], [0, ROWS, ROWS]);
	assert.equal(await count("b"), 0);
	assert.match((await bulk.call("POST", `/imports/${checked.id}/apply`, { json: { sha256: checked.sha256 } })).body.field, /reason/);
	assert.equal((await bulk.call("POST", `/imports/${checked.id}/apply`, { json: { sha256: "0".repeat(64), reason: "x" } })).body.field, "sha256");
	const waiting = await bulk.apply(checked);
	assert.equal(waiting.state, "checked");
	assert.ok(waiting.approval);
	await sleep(300);
	assert.equal(await count("b"), 0);
	await agree(world.api, waiting.approval);
	const applied = await bulk.reaches(checked.id, ["applied", "failed"]);
	assert.deepEqual([applied.state, applied.added, applied.agreed_by], ["applied", ROWS, "admin"]);
	assert.equal(await count("b"), ROWS);
	assert.ok(!readFileSync(database()).includes(String(1).padStart(64, "0")), "no key in clear");
	const again = await bulk.check("terminals", bytes);
	assert.deepEqual([again.added, again.changed, again.same], [0, 0, ROWS]);
	await bulk.must(204, "DELETE", `/imports/${again.id}`);
	assert.ok(rss_kb() - before_kb < 64 * 1024, `${rss_kb() - before_kb} KB more`);
});

test("an export streams within 32 MB, and breaks off when the right goes", async () => {
	const clerk = await make_person(world, "clerk", { role: "property-manager", property: "p1" });
	const mine = new Sheets(clerk.api);
	const before_kb = rss_kb();
	const csv = (await mine.export("terminals", "?lang=keys&raw=true")).toString();
	assert.equal(csv.trim().split("\r\n").length, ROWS + 1);
	assert.ok(!csv.includes(String(1).padStart(64, "0")));
	assert.equal((await rows_of(await mine.export("terminals", "?format=xlsx"))).length, ROWS + 1);
	assert.ok(rss_kb() - before_kb < 32 * 1024, `${rss_kb() - before_kb} KB more`);

	// 6 MB: more than the sockets on the way can hold for a client that does not read.
	await sheets.import("customers", "code,name,note\n" + Array.from({ length: 1000 }, (_, k) => `N${k},x,${"记".repeat(2000)}\n`).join(""));
	const answer = await fetch(`${clerk.api.base}${mine.base}/sheets/customers?lang=keys`, { headers: { Cookie: clerk.api.cookie } });
	const reader = answer.body.getReader();
	await reader.read();
	await world.api.expect(204, "DELETE", `/api/v1/users/${clerk.user.id}/grants/${clerk.grants[0].id}?reason=left`, { headers: { "If-Match": '"v1"' } });
	await assert.rejects(async () => {
		for (;;) if ((await reader.read()).done) return;
	});
	assert.equal((await mine.call("GET", "/sheets/terminals")).status, 404);
	assert.equal((await mine.call("GET", "/imports")).status, 404);
});

test("who may not edit may not import, and sees no import", async () => {
	const { api } = await make_person(world, "cashier", { role: "cashier", property: "p1" });
	const mine = new Sheets(api);
	assert.equal((await mine.call("POST", "/imports", { json: { sheet: "spaces" } })).status, 403);
	assert.equal((await mine.call("GET", "/imports")).status, 403);
	assert.equal((await new Sheets(world.api, "other").call("GET", "/imports")).status, 404);
});

test(`kill -9 while ${CUT_ROWS} rows are applied: all or none, and all in the end`, { timeout: 240_000 }, async () => {
	let cut = 0;
	for (let round = 0; round < KILLS; round++) {
		const from = 1_000_000 * (round + 1);
		const checked = await bulk.check("terminals", "chip,key\n" + key_rows(from, CUT_ROWS));
		const like = "b" + String(from).padStart(23, "0").slice(0, 17);
		const waiting = await bulk.apply(checked);
		await agree(world.api, waiting.approval);
		await sleep(20 + 60 * round);
		await world.platform.kill();
		const there = await count(like);
		assert.ok(there === 0 || there === CUT_ROWS, `${there} of ${CUT_ROWS}`);
		cut += there === 0;
		world.platform.start();
		await world.platform_ready();
		const applied = await bulk.reaches(checked.id, ["applied", "failed"]);
		assert.equal(applied.state, "applied");
		assert.equal(await count(like), CUT_ROWS);
	}
	assert.ok(cut > 0, "no kill came in time to cut one");
});
