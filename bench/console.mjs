// The pages as people have them: a first paint, a list of 10,000 live meters under the scroll wheel, a map of 10,000 rooms,
// curves of a month, and the first page of a group of 30 properties with 100,000 meters. Headless Chromium on the machine
// that also runs the server and plays the gateways.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { open_browser, open_page } from "../tests/browser/lib/browser.mjs";
import { connect, end, publish } from "../tests/lib/mqtt.mjs";
import { bin, root, run_ok, sleep, until } from "../tests/lib/process.mjs";
import { rating_state } from "../tests/lib/rating.mjs";
import { message, readings, zigzag } from "../tests/lib/wire.mjs";
import { World } from "../tests/lib/world.mjs";

const RUNS = 5;
const GATEWAYS = 100, METERS = 100, FIRST_METER = 500000000000;
const SCROLL_STEPS = 120, SCROLL_PX = 1800, STEP_MS = 60;
const ROOMS = 10000, SITE = 100000, PROPERTIES = 30;

const sorted = (list) => [...list].sort((a, b) => a - b);
const median = (list) => sorted(list)[Math.floor(list.length / 2)];
const worst = (list) => Math.max(...list);
const ms = (value) => `${Math.round(value)} ms`;
const runs_text = (list) => `${list.length} runs: ${list.map(Math.round).join(", ")}`;

// A page of somebody who is signed in, in a browser that has nothing of it yet.
async function sign_in(browser, world) {
	const base = `http://127.0.0.1:${world.http_port}`, page = await open_page(browser, base), [name, value] = world.api.cookie.split("=");
	await page.context().addCookies([{ name, value, url: base }]);
	return page;
}

// What the main thread of a page has computed so far, ms: another measure than the clock where others compute beside it.
async function count_cpu(page) {
	const session = await page.context().newCDPSession(page);
	await session.send("Performance.setTimeDomain", { timeDomain: "threadTicks" });
	await session.send("Performance.enable");
	return async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value * 1000;
}

async function close(page) {
	const { faults } = page;
	await page.context().close();
	if (faults.length) throw new Error(`the page reported errors: ${faults.join("; ")}`);
}

async function site(meters, properties) {
	const world = await World.start({ parts: [], terminals: 0, adopt: 0 });
	await run_ok(bin("wattle-sim"), ["site", "--data", world.data, "--meters", String(meters), "--properties", String(properties), "--period", "900"], { cwd: root, timeout: 1800_000 });
	return world;
}

// ---- the first page ----

async function measure_first({ figure }, browser, world) {
	const paints = [], shown = [], sizes = [], cpus = [];
	for (let i = 0; i < RUNS; i++) {
		const page = await sign_in(browser, world), cpu = await count_cpu(page);
		await page.goto("/meters");
		await page.locator("[data-row]").first().waitFor();
		const seen = await page.evaluate(() => ({
			paint: performance.getEntriesByName("first-contentful-paint")[0].startTime, shown: performance.now(),
			bytes: performance.getEntriesByType("resource").filter((entry) => /\.js$/.test(new URL(entry.name).pathname)).reduce((sum, entry) => sum + entry.encodedBodySize, 0),
		}));
		cpus.push(await cpu());
		paints.push(seen.paint);
		shown.push(seen.shown);
		sizes.push(seen.bytes);
		await close(page);
	}
	figure("packed JavaScript until a list stands", "≤ 200 kB", `${(sizes[0] / 1000).toFixed(1)} kB`, worst(sizes) <= 200_000);
	figure("first contentful paint, nothing kept by the browser", "≤ 1.0 s", `${ms(median(paints))} (${runs_text(paints)}); rows of ${GATEWAYS * METERS} meters after ${ms(median(shown))}, ${ms(median(cpus))} of CPU`, median(paints) <= 1000);
}

// ---- the live list ----

// Every gateway tells the values of all its meters each second, as while somebody looks.
async function play_gateways(world) {
	const gateways = [];
	for (let g = 0; g < GATEWAYS; g++) gateways.push(await until("the broker's list", () => connect(world.mqtt_port, world.identity(`bench-${g}`), { id: `bench-${g}` })));
	let g = 0, told = 0;
	const timer = setInterval(() => {
		const now_ms = Date.now(), first = FIRST_METER + g * METERS;
		const rows = Array.from({ length: METERS }, (_, i) => ({ meter: first + i, time_s: Math.floor(now_ms / 1000), voltage_dv: 2250 + ((i + told) % 100), current_ma: 4000 + (told % 500),
			power_dw: 9000 + ((told * 7) % 3000), pf_permille: 990, frequency_chz: 5000, energy_wh: 1_000_000 + told, state: 3 }));
		void publish(gateways[g], `wattle/1/p1/bench-${g}/now`, message([1, zigzag(now_ms)], [2, readings(rows)]), { qos: 0 });
		told++;
		g = (g + 1) % GATEWAYS;
	}, 1000 / GATEWAYS);
	return { end: () => (clearInterval(timer), Promise.all(gateways.map(end))) };
}

// Tasks of the page's main thread in a trace: {wall, cpu} in ms, those that computed longest first. The clock of a task also
// counts what others computed meanwhile.
function tasks_of(trace) {
	const { traceEvents } = JSON.parse(trace);
	const mains = traceEvents.filter((event) => event.name === "thread_name" && event.args.name === "CrRendererMain");
	const busy = mains.map(({ pid, tid }) => traceEvents.filter((event) => event.pid === pid && event.tid === tid && event.name.endsWith("RunTask") && event.dur));
	const tasks = busy.sort((a, b) => b.length - a.length)[0];
	if (!tasks?.length) throw new Error("no task in the trace");
	return tasks.map((task) => ({ wall: task.dur / 1000, cpu: (task.tdur ?? task.dur) / 1000 })).sort((a, b) => b.cpu - a.cpu);
}

async function measure_list({ figure }, browser, world) {
	const gateways = await play_gateways(world), page = await sign_in(browser, world), streams = new Map();
	try {
		page.on("request", (request) => request.url().includes("/api/v1/events") && streams.set(request, new URL(request.url()).searchParams.get("meters")));
		for (const over of ["requestfinished", "requestfailed"]) page.on(over, (request) => streams.delete(request));
		await page.goto("/meters");
		await until("all meters are there", async () => (await page.locator("main").textContent()).includes(`/ ${(GATEWAYS * METERS).toLocaleString("en")}`), { timeout_ms: 60000 });
		await page.locator("[data-freshness=live]").first().waitFor();
		await sleep(3000);
		const box = await page.locator(".scroller").boundingBox();
		await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
		let rows = 0;
		await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"] });
		for (let i = 0; i < SCROLL_STEPS; i++) {
			await page.mouse.wheel(0, SCROLL_PX);
			await sleep(STEP_MS);
			rows = Math.max(rows, await page.locator("[data-row]").count());
		}
		await sleep(3000);
		const tasks = tasks_of(await browser.stopTracing()), long = tasks.filter((task) => task.cpu > 50);
		const shown = await page.locator("[data-row]").evaluateAll((list) => list.map((row) => row.dataset.row).sort());
		const asked = [...streams.values()];
		figure(`longest task of the main thread while ${GATEWAYS * METERS} live meters scroll`, "≤ 50 ms",
			`${ms(tasks[0].cpu)} of CPU (${long.length} above 50 ms of ${tasks.length} tasks; by the clock ${ms(worst(tasks.map((task) => task.wall)))})`, long.length === 0);
		figure("rows in the document meanwhile", "≤ 60", String(rows), rows > 0 && rows <= 60);
		figure("streams of the page, and meters that it asks for", "1, those in sight", `${asked.length}, ${asked[0]?.split(",").length ?? 0} of ${shown.length} rows`, asked.length === 1 && asked[0] === shown.join(","));
		await close(page);
	} finally {
		await gateways.end();
	}
}

async function measure_live({ say, figure }, browser) {
	say(`${GATEWAYS} gateways of ${METERS} meters`);
	const world = await World.start({ terminals: 0, parts: ["platform"] });
	try {
		for (let g = 0; g < GATEWAYS; g++) await world.wattle("gateway", "add", `bench-${g}`);
		await run_ok(bin("wattle-bench"), ["fill", "--store", path.join(world.data, "store"), "--gateways", String(GATEWAYS), "--meters", String(METERS)], { cwd: root });
		await until("meters known", () => world.api.meter(String(FIRST_METER)));
		await measure_first({ figure }, browser, world);
		await measure_list({ figure }, browser, world);
	} finally {
		await world.stop({ quietly: true });
	}
}

// ---- the map of rooms ----

async function measure_map({ say, figure }, browser) {
	say(`a map of ${ROOMS} rooms`);
	const world = await site(ROOMS + 700, 1);
	try {
		await world.start_platform();
		const served = [], shown = [], cpus = [];
		let rooms = 0, bytes = 0;
		for (let i = 0; i < RUNS; i++) {
			const start = performance.now(), answer = await fetch(`${world.api.base}/api/v1/properties/p1/room-map`, { headers: { Cookie: world.api.cookie } }), text = await answer.text();
			served.push(performance.now() - start);
			bytes = text.length;
			rooms = JSON.parse(text).rooms.length;
			const page = await sign_in(browser, world), cpu = await count_cpu(page);
			await page.goto("/rooms/p1");
			await page.locator("[data-at]").first().waitFor();
			shown.push(await page.evaluate(() => performance.now()));
			cpus.push(await cpu());
			await close(page);
		}
		figure(`map of ${rooms} rooms: from its address to its first rooms on the page, nothing kept by the browser`, "< 1.5 s",
			`${ms(median(shown))} (${runs_text(shown)}), ${ms(median(cpus))} of CPU; of it the server's answer ${ms(median(served))}, ${(bytes / 1e6).toFixed(1)} MB`, rooms >= ROOMS && median(shown) < 1500);
	} finally {
		await world.stop({ quietly: true });
	}
}

// ---- curves of a full month ----

const DRAWN = [["7 天", 500], ["30 天", 1200], ["一年", 300]]; // buttons, and how long until their line stands, ms
const RANGES = { "24h": 1, "7d": 7, "30d": 30, "1y": 365 };

// As the page asks (480 points), and the most that anybody can ask for (2,000): ms, points, readings, least and greatest power.
async function ask_curve(world, cpu_of, meter, range, points) {
	const cpu = cpu_of(world.platform.child.pid), to = Date.now(), from = to - RANGES[range] * 86_400_000, start = performance.now();
	const url = `${world.api.base}/api/v1/meters/${meter}/${range === "1y" ? "curve" : "readings"}?from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}&points=${points}`;
	const answer = await fetch(url, { headers: { Cookie: world.api.cookie } }), text = await answer.text(), took = performance.now() - start, computed = (cpu_of(world.platform.child.pid) - cpu) * 1000;
	if (answer.status !== 200) throw new Error(`${range}: ${answer.status} ${text}`);
	const { items, readings = items.reduce((sum, item) => sum + item.readings, 0) } = JSON.parse(text);
	return { took, cpu: computed, count: items.length, readings, bytes: text.length, low: Math.min(...items.map((item) => item.power_min_dw)), high: Math.max(...items.map((item) => item.power_max_dw)) };
}

// From the click to the frame in which the line stands, by the page's own clock.
const draw_curve = (page, label) => page.evaluate(async (text) => {
	const foot = () => document.querySelector("[data-field=readings]")?.textContent, before = foot(), start = performance.now();
	[...document.querySelectorAll("button")].find((button) => button.textContent.trim() === text).click();
	while (foot() === before) await new Promise(requestAnimationFrame);
	await new Promise(requestAnimationFrame);
	return performance.now() - start;
}, label);

export async function measure_curves({ say, figure, cpu_of }, browser) {
	say("curves of 30 days of readings, one a minute");
	const world = await World.start({ parts: [], terminals: 0, adopt: 0 });
	try {
		await run_ok(bin("wattle-sim"), ["site", "--data", world.data, "--meters", "100", "--days", "31", "--period", "60"], { cwd: root, timeout: 600_000 });
		await world.start_platform();
		const meters = Array.from({ length: RUNS }, (_, i) => String(330200000003 + 7 * i));
		for (const [range, goal_ms] of [["24h", 100], ["7d", 300], ["30d", 1000], ["1y", 100]]) {
			const runs = [];
			for (const meter of meters) runs.push({ few: await ask_curve(world, cpu_of, meter, range, 480), many: await ask_curve(world, cpu_of, meter, range, 2000) });
			const same = runs.every(({ few, many }) => few.low === many.low && few.high === many.high), [{ few, many }] = runs, took = runs.map((run) => run.few.took);
			figure(`curve of ${range}, ${few.readings} readings: the server`, `≤ ${goal_ms} ms`, `${ms(median(took))} (${runs_text(took)}), ${ms(median(runs.map((run) => run.few.cpu)))} of CPU, ${few.count} points, ${(few.bytes / 1000).toFixed(0)} kB; ${many.count} points at most: ${ms(median(runs.map((run) => run.many.took)))}`,
				median(took) <= goal_ms && many.count <= 2000);
			figure(`least and greatest power of ${range}, whatever the number of points`, "the same", same ? "the same" : "others", same);
		}
		const drawn = {};
		for (const meter of meters) {
			const page = await sign_in(browser, world);
			await page.goto(`/meters/${meter}`);
			await page.locator("[data-field=readings]").waitFor();
			for (const [label] of DRAWN) (drawn[label] ??= []).push(await draw_curve(page, label));
			await close(page);
		}
		for (const [label, goal_ms] of DRAWN) {
			const runs = drawn[label];
			figure(`curve of ${label} on the page, from the click to the frame with its line`, `≤ ${goal_ms} ms`, `${ms(median(runs))} (${runs_text(runs)})`, median(runs) <= goal_ms);
		}
	} finally {
		await world.stop({ quietly: true });
	}
}

// ---- the first page of a large group ----

// What the ledger says of a balance without entries (platform/store/ledger.c).
function balance_proof(property_id, subject, fen) {
	const numbers = Buffer.alloc(48);
	[property_id, 1, subject, fen, 0, 0].forEach((number, i) => numbers.writeBigInt64BE(BigInt(number), i * 8));
	return createHash("sha256").update(numbers).digest("hex").slice(0, 16);
}

async function put_money(world) {
	const accounts = (await world.sql("SELECT property_id, account_id FROM account")).split("\n").map((line) => line.split("|").map(Number)), file = path.join(world.dir, "balances.sql");
	writeFileSync(file, `BEGIN; ${accounts.map(([property_id, subject]) => {
		const fen = subject * 7919 % 50000 - 2000;
		return `INSERT INTO ledger_balance(property_id, account, subject, balance_fen, entry_count, group_no, proof) VALUES(${property_id}, 1, ${subject}, ${fen}, 0, 0, X'${balance_proof(property_id, subject, fen)}');`;
	}).join("\n")} COMMIT;`);
	await world.sql(`.read ${file}`);
}

// An account for each meter that is let, one in twenty short of money.
async function open_accounts(world) {
	const now_s = Math.floor(Date.now() / 1000), day = Math.floor((now_s + 28800) / 86400), let_to = "FROM meter m WHERE m.meter_use IN ('prepaid','postpaid')";
	const state = rating_state({ billed_s: now_s, posted_day: day });
	await world.sql(`BEGIN;
		INSERT INTO account(property_id, account_id, code, customer_id, state, plan_code, note, created_s, opened_s, closed_s, version)
			SELECT m.property_id, m.meter - 330000000000, 'A' || m.meter, (SELECT min(c.customer_id) FROM customer c WHERE c.property_id=m.property_id), 2, '', '', ${now_s}, ${now_s}, 0, 1 ${let_to};
		INSERT INTO account_terms(property_id, account_id, from_s, kind, fee_fen, bill_day, due_days, overdue_trips, by_name)
			SELECT property_id, account_id, ${now_s}, 'pay-per-use', 0, 0, 0, 0, 'bench' FROM account;
		INSERT INTO account_meter(property_id, meter, from_s, until_s, account_id, service, credit, open_units, open_source, close_units, close_source, photo)
			SELECT property_id, account_id + 330000000000, ${now_s}, 9223372036854775807, account_id, 'electricity', 'platform', 0, 'typed', 0, '', '' FROM account;
		INSERT INTO rating(property_id, meter, account_id, use_from_s, service, fault, fault_s, fault_units, credit, version, state)
			SELECT property_id, account_id + 330000000000, account_id, ${now_s}, 1, 0, 0, 0, 1, 1, ${world.blob(state)} FROM account;
		INSERT INTO supply_account(property_id, account_id, state, told, reminded, cut_at_s, announced_s, not_before_s, episode, waits, cut_told, changed_s, again_s)
			SELECT property_id, account_id, CASE WHEN account_id % 20=0 THEN 1 + account_id / 20 % 4 ELSE 0 END, 0, 0, 0, 0, 0, 0, 0, 0, ${now_s}, 9223372036854775807 FROM account;
		COMMIT`);
	await put_money(world);
}

async function measure_overview({ say, figure, cpu_of }, browser) {
	say(`the first page of ${PROPERTIES} properties with ${SITE} meters`);
	const world = await site(SITE, PROPERTIES);
	try {
		await open_accounts(world);
		await world.start_platform();
		await sleep(5000);
		const ask = async () => {
			const start = performance.now(), cpu = cpu_of(world.platform.child.pid);
			const answer = await fetch(`${world.api.base}/api/v1/overview`, { headers: { Cookie: world.api.cookie } }), text = await answer.text();
			return { took: performance.now() - start, cpu: (cpu_of(world.platform.child.pid) - cpu) * 1000, bytes: text.length, items: JSON.parse(text).items };
		};
		const fresh = [], kept = [], shown = [], cpus = [];
		for (let i = 0; i < RUNS; i++) {
			fresh.push(await ask());
			kept.push(await ask());
			const page = await sign_in(browser, world), cpu = await count_cpu(page);
			await page.goto("/overview");
			await page.locator(".cards").waitFor();
			shown.push(await page.evaluate(() => performance.now()));
			cpus.push(await cpu());
			await close(page);
			await sleep(16000); // what is kept is read anew
		}
		const [{ items, bytes }] = fresh, states = items.map((item) => item.balances).reduce((sum, of) => sum + of.good + of.alarm_1 + of.alarm_2 + of.overdraft + of.grace + of.cut, 0);
		if (items.length !== PROPERTIES || states < 0.9 * SITE) throw new Error(`${items.length} properties, ${states} accounts`);
		figure(`overview of ${PROPERTIES} properties, ${SITE} meters and ${states} accounts: the server, read anew`, "≤ 500 ms", `${ms(median(fresh.map((run) => run.took)))} (${runs_text(fresh.map((run) => run.took))}), ${ms(median(fresh.map((run) => run.cpu)))} of CPU, ${(bytes / 1000).toFixed(0)} kB`,
			median(fresh.map((run) => run.took)) <= 500);
		figure("the same within 15 s, for whoever asks", "≤ 50 ms", `${ms(median(kept.map((run) => run.took)))} (${runs_text(kept.map((run) => run.took))})`, median(kept.map((run) => run.took)) <= 50);
		figure("from its address to all cards on the page, nothing kept by the browser", "≤ 1.5 s", `${ms(median(shown))} (${runs_text(shown)}), ${ms(median(cpus))} of CPU`, median(shown) <= 1500);
	} finally {
		await world.stop({ quietly: true });
	}
}

export async function measure_console(tools) {
	const browser = await open_browser();
	try {
		for (const measure of [measure_live, measure_map, measure_curves, measure_overview]) await measure(tools, browser);
	} finally {
		await browser.close();
	}
}
