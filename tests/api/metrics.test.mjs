// /metrics stays small however large the installation is: figures of the whole, none per meter or gateway.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { make } from "../lib/estate.mjs";
import { bin, root, run_ok, until } from "../lib/process.mjs";
import { World } from "../lib/world.mjs";

const SERIES_MAX = 500, GATEWAYS = 20, METERS = 50;
let world;

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0 });
});
after(() => world?.stop());

const text = () => world.api.expect(200, "GET", "/metrics");
const series = (page) => page.split("\n").filter((line) => line && !line.startsWith("#"));

test("2 properties, 20 gateways and 1,000 meters are no more series than none", async () => {
	const alone = series(await text());
	await make(world.api, "/api/v1/groups/1/properties", { slug: "p2", name: "Second" });
	for (let g = 0; g < GATEWAYS; g++) await world.wattle("gateway", "add", `bench-${g}`, "--property", g % 2 ? "p1" : "p2");
	await run_ok(bin("wattle-bench"), ["fill", "--store", path.join(world.data, "store"), "--gateways", String(GATEWAYS), "--meters", String(METERS)], { cwd: root });
	await until("the meters are known", async () => (await world.api.get("/meters?limit=200&property=p2")).items.length === 200, { timeout_ms: 20000 });
	const many = series(await text());
	assert.ok(many.length > 50 && many.length <= SERIES_MAX, `${many.length} series`);
	assert.deepEqual(many.map((line) => line.replace(/ .*/, "")), alone.map((line) => line.replace(/ .*/, "")));
});

test("each series is one value of a name that is declared once", async () => {
	const page = await text(), names = new Set();
	for (const line of series(page)) {
		const [, name, labels = "", value] = line.match(/^([a-z_]+)(\{[a-z]+="[^"\n]*"(?:,[a-z]+="[^"\n]*")*\})? (-?[\d.]+)$/) ?? assert.fail(line);
		assert.ok(Number.isFinite(Number(value)));
		assert.ok(!names.has(name + labels), line);
		names.add(name + labels);
		for (const word of ["HELP", "TYPE"]) assert.equal(page.split(`# ${word} ${name} `).length, 2, `${word} of ${name}`);
	}
	assert.equal(page.match(/^# TYPE .* (counter|gauge)$/gm).length, page.match(/^# TYPE /gm).length);
});
