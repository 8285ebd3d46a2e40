// docs/api/openapi.json in the eyes of two linters that are not ours.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { root, run, temp_dir } from "../lib/process.mjs";

const FILE = path.join(root, "docs/api/openapi.json");
const tool = (name) => path.join(root, "tests/node_modules", name);
const temp = temp_dir();
after(() => temp.remove());

const spectral = (file) => run(process.execPath, [tool("@stoplight/spectral-cli/dist/index.js"), "lint", "--fail-severity", "warn", "-r", path.join(import.meta.dirname, "lib/spectral.yaml"), file]);
const redocly = (file) => run(process.execPath, [tool("@redocly/cli/bin/cli.js"), "lint", file],
	{ cwd: temp.dir, env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" } });

// The description with a reference to nowhere and an operation that answers nothing.
function broken() {
	const file = path.join(temp.dir, "broken.json");
	const description = JSON.parse(readFileSync(FILE, "utf8"));
	description.paths["/api/v1/meters"].get.responses = { 200: { $ref: "#/components/responses/Nothing" } };
	writeFileSync(file, JSON.stringify(description));
	return file;
}

for (const [name, lint] of [["spectral", spectral], ["redocly", redocly]])
	test(`${name} has nothing to say against it`, async () => {
		const good = await lint(FILE);
		assert.equal(good.code, 0, good.out + good.err);
		assert.notEqual((await lint(broken())).code, 0, "a mistake is found");
	});
