// Sheets by the command, without a wattled and beside one, and a take-over to its signed report.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { bin, root, run } from "../lib/process.mjs";
import { answer_mismatches } from "../lib/schema.mjs";
import { Sheets, rows_of, xlsx_of } from "../lib/sheets.mjs";
import { make_person } from "../lib/staff.mjs";
import { World } from "../lib/world.mjs";

let world;
const wattle = (...args) => run(bin("wattle"), ["--data", world.data, ...args]);
const file = (name, content) => {
	writeFileSync(world.path(name), content);
	return world.path(name);
};
const left = () => (existsSync(path.join(world.data, "store/sheets")) ? readdirSync(path.join(world.data, "store/sheets")) : []);

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0, settings: "[sheets]\nalone_rows = 3\n" });
});
after(() => world?.stop());

async function everything(name) {
	const rooms = file(`${name}.csv`, `楼栋,楼层,房间,名称\n${name},1,101,=1+1\n${name},1,102,\n${name},1,103,\n${name},1,104,\n`);
	const dry = await wattle("import", "spaces", rooms, "--dry-run");
	assert.deepEqual([dry.code, dry.out], [0, "可以导入 may be imported: 4 rows, 4 added 新增, 0 changed 修改, 0 same 不变\n"], dry.err);
	const done = await wattle("import", "spaces", rooms, "--rows", "4");
	assert.deepEqual([done.code, done.out], [0, "已导入 imported: 4 rows, 4 added 新增, 0 changed 修改, 0 same 不变\n"], done.err);
	const again = await wattle("import", "spaces", rooms);
	assert.match(again.out, /0 added 新增, 0 changed 修改, 4 same/);
	const wrong = await wattle("import", "spaces", file("wrong.csv", "building,floor,room\n,1,1\nA,,2\n"));
	assert.equal(wrong.code, 1);
	assert.match(wrong.err, /^A2: 必须填写 \/ must be given$/m);
	assert.match(wrong.err, /^B3: 必须填写 \/ must be given$/m);
	assert.match(wrong.err, /2 mistakes; nothing was imported/);
	assert.equal((await wattle("import", "spaces", rooms, "--rows", "5")).code, 1);
	assert.equal((await wattle("import", "nothing", rooms)).code, 2);
	assert.equal((await wattle("import", "spaces", "/no/such/file")).code, 1);
	assert.deepEqual(left(), []);

	const csv = (await wattle("export", "spaces", "--lang", "keys", "--raw")).out;
	assert.match(csv, new RegExp(`^building,floor,room,name,area_m2,sort\r\n`));
	assert.match(csv, new RegExp(`^${name},1,101,'=1\\+1,,\r$`, "m"));
	const xlsx = world.path(`${name}.xlsx`);
	assert.equal((await wattle("export", "spaces", xlsx, "--lang", "en")).code, 0);
	const rows = await rows_of(readFileSync(xlsx));
	assert.deepEqual(rows[0], ["Building", "Floor", "Room", "Name", "Area (m2)", "Order"]);
	assert.match((await wattle("import", "spaces", xlsx)).out, new RegExp(`imported: ${rows.length - 1} rows, 0 added 新增, 0 changed`));
	assert.equal((await wattle("export", "spaces", "--template")).out, "\ufeff楼栋,楼层,房间,名称,面积(平方米),排序\r\n");
}

test("beside a running wattled", () => everything("P"));

test("a running wattled shows what was imported, and an archive of others", async () => {
	const sheets = new Sheets(world.api);
	const { items } = await sheets.must(200, "GET", "/imports");
	assert.ok(items.some((i) => i.state === "applied" && i.by.startsWith("cli:") && i.name === "P.csv"));
	assert.match((await wattle("audit", "list", "--property", "p1")).out, /sheet\.applied/);
});

test("a take-over: totals, a second person, a signed report that any change breaks", async () => {
	const sheets = new Sheets(world.api), manager = await make_person(world, "manager", { role: "property-manager", property: "p1" });
	const old = await xlsx_of([["房间", "旧系统户号", "余额(元)", "购电次数", "表底(度或吨)"], ["P/1/101", "H1", 100.5, 3, 1234.567], ["P/1/102", "H2", -20, null, null]]);
	const sent = file("old.xlsx", old);
	assert.match((await wattle("import", "takeover", sent)).err, /control total: rows: 2 ≠ \?/);
	assert.match((await wattle("import", "takeover", sent, "--rows", "2", "--balance", "80.51", "--register", "1234.567")).err, /balance: 80\.50 ≠ 80\.51/);
	assert.match((await wattle("import", "takeover", sent, "--rows", "2", "--balance", "80.50", "--register", "1,234.567")).err, /--reason is wanted/);
	const asked = await wattle("import", "takeover", sent, "--rows", "2", "--balance", "80.50", "--register", "1234.567", "--reason", "切换");
	assert.equal(asked.code, 0, asked.err);
	const [, id, approval] = asked.out.match(/import (\d+) waits for approval (\d+)/);
	const { approval: seen } = await manager.api.get(`/approvals/${approval}`);
	await manager.api.expect(200, "POST", `/api/v1/approvals/${approval}/decision`, { json: { verdict: "agree", hash: seen.hash }, headers: { "Idempotency-Key": "takeover-1" } });
	const applied = await sheets.reaches(id, ["applied", "failed"]);
	assert.deepEqual([applied.state, applied.agreed_by], ["applied", "manager"]);

	for (const part of ["", "/{takeover}", "/{takeover}/rows", "/{takeover}/report"]) {
		const answer = await sheets.call("GET", "/takeovers" + part.replace("{takeover}", id));
		assert.deepEqual(answer_mismatches("GET", "/api/v1/properties/{property}/takeovers" + part, answer.status, answer.headers.get("content-type"), answer.body), []);
	}
	const takeover = await sheets.must(200, "GET", `/takeovers/${id}`);
	assert.deepEqual([takeover.rows, takeover.balance_fen, takeover.register_milli, takeover.staged, takeover.agreed_by], [2, 8050, 1234567, 2, "manager"]);
	const { items } = await sheets.must(200, "GET", `/takeovers/${id}/rows`);
	assert.deepEqual(items.map((r) => [r.row, r.old_account, r.balance_fen, r.register_milli, r.state]), [[2, "H1", 10050, 1234567, "staged"], [3, "H2", -2000, null, "staged"]]);
	const report = (await sheets.call("GET", `/takeovers/${id}/report`)).body;
	assert.equal(report, (await wattle("takeover", "report", id)).out);
	assert.match(report, /余额合计 Sum of balances: 80\.50 元 yuan\n/);
	const good = await wattle("takeover", "verify", file("report.txt", report));
	assert.equal(good.code, 0, good.err);
	assert.match((await wattle("takeover", "verify", file("report2.txt", report.replace("80.50", "90.50")))).err, /was changed/);
	assert.match((await wattle("takeover", "verify", file("report3.txt", report.replace('"balance_fen":8050', '"balance_fen":9050')))).err, /was changed/);
	// The report names the bytes of the rows' own sheet.
	const { createHash } = await import("node:crypto");
	const bytes = Buffer.from(await (await fetch(`${world.api.base}${sheets.base}/takeovers/${id}/rows/file?lang=keys&raw=true`, { headers: { Cookie: world.api.cookie } })).arrayBuffer());
	assert.equal(createHash("sha256").update(bytes).digest("hex"), takeover.rows_sha256);
	assert.match((await wattle("takeover", "list")).out, /2 staged/);
	assert.match((await wattle("takeover", "void", id, "--reason", "wrong list")).out, /^2 rows are void/);
	assert.equal((await sheets.must(200, "GET", `/takeovers/${id}`)).void, 2);
	assert.match((await wattle("takeover", "verify", world.path("report.txt"))).out, /good/);
});

test("without a wattled", async () => {
	await world.platform.stop();
	await everything("Q");
	await world.platform.start();
	await world.platform_ready();
});

test("the columns that people read about are the ones of the program", async () => {
	const { out } = await wattle("export", "--columns");
	assert.ok(readFileSync(path.join(root, "docs/ops/sheets.md"), "utf8").includes(out.trim()), "build/host/bin/wattle export --columns goes to the end of docs/ops/sheets.md");
});
