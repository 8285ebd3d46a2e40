// Cases 13 to 16 of the trade, T3 and T4: who is cut, who is not, and what a payment does to a trip on its way. The terminals
// answer when a test says so, with the signature and the state that a real one has.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { P1, changed, make } from "../../lib/estate.mjs";
import { KEEP_POWER } from "../../lib/fake-terminal.mjs";
import { until } from "../../lib/process.mjs";
import { clerk } from "./samples.mjs";
import { A, flat, now_s } from "./cases-bed.mjs";

const DEAR = 7_000_000; // 7.00 yuan a kWh, so that a minute's use is money
const PAID = 100; // before; at 0 a supply without overdraft is cut
const OWES = -600; // after 1 kWh
const GUARDED = 5;
const RECALLED = 70; // of a command: taken back

// "HH:MM" in China.
const clock = (at_s) => new Date((at_s + 8 * 3600) * 1000).toISOString().slice(11, 16);

export function supply_cases(bed) {
	const of = {}; // meters by what becomes of them
	let friendly_end_s;

	const supply = (meter) => bed.api.get(`/meters/${meter}/supply`);
	const acts = async (meter) => (await bed.api.get(`/meters/${meter}/supply/acts`)).items;
	const events = async (meter) => (await bed.api.get(`/meters/${meter}/events`)).items.map((e) => e.kind);
	const stage = async (command) => (await bed.api.get(`/commands/${command.id}`)).stage;
	const reaches = (command, stages) => bed.api.command_reaches(command.id, stages, 20000);
	const kinds_told = async (account) => (await bed.told(account)).map(([kind]) => kind);

	// One whose account owes 6.00 yuan as soon as its register is billed.
	function debtor(options) {
		return bed.tenant([[flat(DEAR), 1]], { since_s: now_s() - 60, paid_fen: PAID, plan: "at-once", ...options });
	}

	async function plan(code, values) {
		await changed(bed.api, "PATCH", `${P1}/alarm-plans/${code}`, { name: code, cut_notice_s: 0, ...values }, { version: '"v0"' });
	}

	// Friendly hours from an hour ago to a full minute that is near, and not so near that it is over before they matter.
	async function friendly_hours() {
		friendly_end_s = Math.ceil((now_s() + 30) / 60) * 60;
		const window = { days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"], from: clock(friendly_end_s - 3600), to: clock(friendly_end_s).replace(/^00:00$/, "24:00") };
		const { id } = await make(bed.api, `${P1}/calendars`, { name: "friendly", friendly: [window], days: [] });
		await changed(bed.api, "PATCH", P1, { calendar: id });
	}

	// Their registers leave with the others'; see cases.test.mjs.
	async function prepare() {
		await plan("at-once", { friendly_hours: false });
		await plan("friendly", { friendly_hours: true });
		for (const name of ["kept", "queued", "sent", "received", "executed"]) of[name] = await debtor();
		of.friendly = await debtor({ plan: "friendly" });
		of.overdraft = await debtor({ limits: { overdraft_fen: 500, allow_close_fen: 400 } });
		of.guarded = [];
		for (let k = 0; k < GUARDED; k++) of.guarded.push(await bed.adopted());
		// Kept from before it owes; and one that has an order in the way of its trip.
		of.kept.terminal.obeys = true;
		of.keep = await bed.api.command(of.kept.meter, "keep-power");
		await reaches(of.keep, "verified");
		await bed.api.command(of.queued.meter, "close");
		of.in_the_way = await of.queued.terminal.next("close");
		await of.queued.terminal.received(of.in_the_way);
		await friendly_hours();
		const at_s = now_s();
		return ["kept", "queued", "sent", "received", "executed", "friendly", "overdraft"].map((name) => [of[name].meter, [at_s, 1000]]);
	}

	// The trip is there; then money is. At the end the contact is closed, nobody was told of a cut, and the platform wants nothing more.
	async function pays(name) {
		const order = await bed.pay(of[name].account, 1000);
		assert.deepEqual([order.arrears_fen, order.credit_fen, order.state], [600, 400, "delivered"]);
		assert.equal((await bed.money(of[name].account)).available_fen, 400);
	}

	async function is_supplied(name) {
		const { meter, account, terminal } = of[name];
		await until(`${meter} wants nothing`, async () => {
			const seen = await supply(meter);
			return seen.want === null && seen.command === null && seen.opened === false;
		});
		assert.deepEqual([terminal.closed, terminal.forced], [true, false]);
		assert.deepEqual((await kinds_told(account)).filter((kind) => ["cut", "will-be-cut"].includes(kind)), []);
	}

	function tests() {
		test("case 14: a payment overtakes a trip that is queued: it never leaves", async () => {
			const { meter, terminal } = of.queued;
			const trip = await until("a trip is queued", async () => (await bed.api.get(`/meters/${meter}/commands`)).items.find((c) => c.kind === "trip"));
			assert.equal(trip.stage, "queued");
			await pays("queued");
			assert.equal((await reaches(trip, "expired")).reason_code, RECALLED);
			await terminal.answered(of.in_the_way);
			await terminal.read_back(of.in_the_way);
			await is_supplied("queued"); // that close is the last word, too
			assert.deepEqual(terminal.all("trip"), []);
		});

		test("case 14: a payment overtakes a trip that is sent: it is taken back, and a close follows that the last word is", async () => {
			const { terminal } = of.sent, trip = await terminal.next("trip");
			await pays("sent");
			assert.equal((await reaches(trip, "expired")).reason_code, RECALLED);
			const close = await terminal.next("close");
			assert.ok(close.counter > trip.counter);
			await terminal.answered(trip); // it had left already, and is obeyed all the same
			assert.equal(terminal.closed, false);
			await terminal.obey(close);
			await is_supplied("sent");
			assert.equal(await stage(trip), "executed");
		});

		test("case 14: a payment overtakes a trip that its gateway has: the close comes behind it", async () => {
			const { terminal } = of.received, trip = await terminal.next("trip");
			await terminal.received(trip);
			await reaches(trip, "received");
			await pays("received");
			await terminal.answered(trip);
			await terminal.read_back(trip);
			await terminal.obey(await terminal.next("close"));
			await is_supplied("received");
		});

		test("case 14: a payment overtakes a trip that is executed, and not verified yet", async () => {
			const { meter, terminal } = of.executed, trip = await terminal.next("trip");
			await terminal.received(trip);
			await terminal.answered(trip);
			await reaches(trip, "executed");
			await pays("executed");
			await terminal.read_back(trip);
			await terminal.obey(await terminal.next("close"));
			await is_supplied("executed");
			const [undone, cut] = await acts(meter);
			assert.deepEqual([cut.kind, cut.reason, cut.available_fen, cut.reading, cut.tariff_version !== null], ["open", "balance", OWES, 1000, true]);
			assert.deepEqual([undone.kind, undone.available_fen], ["close", 400]);
		});

		test("case 16: an overdraft, then recharges up to the allow-close limit restore nothing and say so; above it supply comes back", async () => {
			const { meter, account, terminal } = of.overdraft;
			terminal.obeys_from_now();
			await until("cut", async () => (await supply(meter)).opened);
			await until("told", async () => (await kinds_told(account)).includes("cut"));
			assert.equal((await bed.quote(account, 900)).restores, false);
			await bed.pay(account, 900); // 3.00
			assert.equal((await bed.quote(account, 100)).restores, false);
			const order = await bed.pay(account, 100); // 4.00: at the limit is not above it
			assert.equal((await bed.money(account)).available_fen, 400);
			assert.deepEqual(await supply(meter).then((s) => [s.balance_state, s.opened, s.want]), ["cut", true, null]);
			assert.deepEqual(terminal.all("close"), []);
			const said = (await bed.told(account)).filter(([kind]) => kind === "recharged").map(([, text]) => text);
			assert.equal(said.length, 3);
			for (const text of said.slice(1)) assert.match(text, /暂不恢复供电/);
			assert.ok(said[2].includes(order.number));
			assert.equal((await bed.quote(account, 100)).restores, true);
			await bed.pay(account, 100); // 5.00
			await until("closed", () => terminal.closed && terminal.all("close").length === 1);
			await until("restored", async () => (await kinds_told(account)).at(-1) === "restored");
			const texts = (await bed.told(account)).filter(([kind]) => kind === "recharged");
			assert.doesNotMatch(texts.at(-1)[1], /暂不恢复供电/);
		});

		test("case 13, T4: kept in arrears: nothing trips it, over a restart and a dearer price; released, the trip follows with its evidence", async () => {
			const { meter, account, terminal } = of.kept;
			assert.equal((await bed.money(account)).available_fen, OWES);
			assert.ok((await events(meter)).includes("cut-spared"));
			// A person's trip is refused while it is kept; the terminal says so.
			const { id } = await bed.api.command(meter, "trip");
			assert.deepEqual((({ stage: s, reason_code }) => [s, reason_code])(await bed.api.command_reaches(id, "refused")), ["refused", KEEP_POWER]);
			await bed.world.sql(`INSERT INTO tariff_version SELECT version_id + 5, tariff_id, ${now_s()}, state, '{"rates":[{"price_uy":12000000}]}', '', 0, 1, 1, 'test', 1
				FROM tariff_version WHERE tariff_id=(SELECT tariff_id FROM meter_tariff WHERE meter=${meter})`);
			await bed.world.platform.restart();
			await bed.world.platform_ready();
			const [, name, password] = readFileSync(path.join(bed.world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
			await bed.api.login(name, password);
			const next = [[meter, [now_s(), 1500]]];
			await bed.send(next);
			await bed.billed(next);
			assert.ok((await bed.money(account)).available_fen < OWES);
			assert.deepEqual([terminal.closed, (await supply(meter)).state], [true, "keep-power"]);
			assert.equal(terminal.all("trip").length, 1);
			await bed.api.command(meter, "release");
			await until("cut", async () => (await supply(meter)).opened);
			const trip = terminal.all("trip").at(-1), [evidence] = await acts(meter);
			assert.ok(trip.counter > terminal.all("release").at(-1).counter);
			assert.deepEqual([evidence.kind, evidence.reason, evidence.reading, evidence.command], ["open", "balance", 1500, String(trip.id)]);
			await until("told", async () => (await kinds_told(account)).includes("cut"));
		});

		test("T4: a meter whose last reading is days old reaches zero on paper, and is not opened", async () => {
			const stale = await bed.tenant([[flat(600000), 1]], { paid_fen: 1000, plan: "at-once" });
			await make(bed.finance, `${P1}/adjustments`, { account: stale.account, amount_fen: -1500, reason: "test" });
			assert.equal((await bed.money(stale.account)).available_fen, -500);
			await until("somebody is told", async () => (await events(stale.meter)).includes("cut-waits"));
			const seen = await supply(stale.meter);
			assert.deepEqual([seen.waits, seen.want, seen.opened], [true, null, false]);
			assert.deepEqual(stale.terminal.heard.map((c) => c.kind), []);
		});

		test("case 15: friendly hours end, and the cut follows, not before", async () => {
			const { meter, account, terminal } = of.friendly;
			terminal.obeys_from_now();
			await until("the end of the hours", () => now_s() >= friendly_end_s, { timeout_ms: 95000 });
			await until("cut", async () => (await supply(meter)).opened, { timeout_ms: 20000 });
			const [trip] = terminal.all("trip"), [evidence] = await acts(meter);
			assert.ok(trip.body.readUInt32LE(7) >= friendly_end_s, "signed within friendly hours");
			assert.equal(Date.parse(evidence.announced_at) / 1000, friendly_end_s);
			await until("told", async () => (await kinds_told(account)).at(-1) === "cut");
			assert.deepEqual(await kinds_told(account), ["alarm-2", "recharged", "will-be-cut", "cut"]);
		});

		test("T3: trips above the limit of the property wait for a second, different person; closing and keep-power do not", async () => {
			const meters = of.guarded.map((m) => m.meter), [kept] = of.guarded;
			for (const { terminal } of of.guarded) terminal.obeys = true;
			await reaches(await bed.api.command(kept.meter, "keep-power"), "verified");
			const tripped = Number(await bed.world.sql("SELECT count(DISTINCT meter) FROM command WHERE kind=1"));
			await changed(bed.api, "PATCH", `${P1}/supply-rules`, { guard_count: tripped + 2, guard_percent: 100 }, { version: '"v0"' });
			const lin = await clerk(bed.world, "lin", "--property", "p1", "--role", "property-manager");
			const wu = await clerk(bed.world, "wu", "--property", "p1", "--role", "property-manager");
			await make(lin, `${P1}/command-batches`, { kind: "trip", reason: "mistake", meters }, 202);
			const held = await until("held", async () => {
				const { items } = await bed.api.get("/properties/p1/held-openings?state=waiting");
				return items.length >= GUARDED - 2 && items;
			});
			const open = () => of.guarded.filter((m) => !m.terminal.closed).length;
			await until("answers", () => of.guarded.reduce((n, m) => n + m.terminal.all("trip").length, 0) === 2);
			assert.equal(held.length, GUARDED - 2);
			assert.equal(kept.terminal.closed, true);
			const let_through = async (who) => who.call("POST", `${P1}/held-openings/release`, { json: { reason: "checked" }, headers: { "Idempotency-Key": randomUUID() } });
			const asked = await let_through(lin);
			assert.equal(asked.status, 202, JSON.stringify(asked.body));
			const decide = async (who) => who.call("POST", `/api/v1/approvals/${asked.body.approval}/decision`, { json: { verdict: "agree", hash: (await bed.api.get(`/approvals/${asked.body.approval}`)).approval.hash }, headers: { "Idempotency-Key": randomUUID() } });
			assert.equal((await decide(lin)).status, 403);
			const closed = await bed.api.command(meters.at(-1), "close");
			await reaches(closed, "verified");
			assert.equal((await decide(wu)).body.state, "done");
			await until("released", async () => (await bed.api.get("/properties/p1/held-openings?state=waiting")).items.length === 0);
			await until("all but the kept one are open", () => open() === GUARDED - 1);
			assert.equal(kept.terminal.closed, true);
		});
	}

	return { prepare, tests };
}
