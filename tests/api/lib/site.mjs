// A platform with a little of everything, made through its own interface, for tests that walk over all
// operations. The gateway is played by an MQTT client.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Api } from "../../lib/api.mjs";
import { open_account } from "../../lib/accounts.mjs";
import { P1, changed, day, estate, make } from "../../lib/estate.mjs";
import { connect, end, publish } from "../../lib/mqtt.mjs";
import { send_photo } from "../../lib/photo.mjs";
import { until } from "../../lib/process.mjs";
import { supply_rows } from "../../lib/supply.mjs";
import { message, readings, uplink, zigzag } from "../../lib/wire.mjs";
import { World, meter_number } from "../../lib/world.mjs";

const BOOT = 0x1234567890abcdefn;
const now_s = () => Math.floor(Date.now() / 1000);
const row = (meter, time_s) => ({ meter: Number(meter), time_s, voltage_dv: 2301, current_ma: 4321, power_dw: 9876, pf_permille: 993,
	frequency_chz: 5001, energy_wh: 123456, state: 0b1000011, quality: 0 });
const gateway_state = () => JSON.stringify({ online: true, boot: BOOT.toString(16), since: now_s(), version: "0.1.0", config: 0,
	spool: { queued: 0, oldest_s: 0, bytes: 0, damaged: 0, refused: 0 }, bus: { kind: "unix", up: true, load_permille: 1, errors: 0, terminals: 2 },
	clock: { offset_ms: 0, confirmed: true, steps: 0 }, last_stop: "clean", dropped: 0 });

export const chip = (k) => String(k).padStart(24, "a");
export const secret = (k) => String(k).padStart(64, "0");

export class Site {
	static async start({ settings = "" } = {}) {
		const site = new Site();
		site.world = await World.start({ parts: ["platform"], settings });
		site.api = site.world.api;
		try {
			await site.furnish();
		} catch (error) {
			await site.stop();
			throw error;
		}
		return site;
	}

	// Two meters with a reading and a command, two terminals that wait.
	async furnish() {
		const { world, api } = this;
		this.chips = [1, 2, 3, 4].map(chip);
		this.meters = [meter_number(1), meter_number(2)];
		this.gateway = await connect(world.mqtt_port, world.identity("gw-1"), { id: "gw-1" });
		await publish(this.gateway, "wattle/1/p1/gw-1/state", gateway_state(), { retain: true });
		await this.send_up(1n, { more: [1, 2, 3, 4].map((k) => this.found(k)) });
		await until("devices", async () => (await api.devices()).length === 4);
		await api.expect(200, "POST", "/api/v1/devices/import", { text: [1, 2, 3, 4].map((k) => `${chip(k)},${secret(k)}\n`).join(""), type: "text/csv" });
		for (const k of [1, 2]) {
			const answer = await api.adopt(chip(k), meter_number(k), `${k} 号`);
			if (answer.status !== 201) throw new Error(`adopt: ${answer.status} ${JSON.stringify(answer.body)}`);
		}
		await this.send_up(2n, { tables: [readings([row(meter_number(1), now_s() - 60)])] });
		await until("reading", async () => (await api.meter(meter_number(1))).live);
		await api.command(meter_number(1), "trip");
		await make(api, `${P1}/command-batches`, { kind: "close", reason: "test", meters: [meter_number(2)] }, 202);
		await api.expect(201, "POST", `${P1}/webhooks`, { json: { name: "crm", url: "https://example.org/hook", kinds: ["alarm"] } });
		await api.expect(201, "POST", "/api/v1/keys", { json: { name: "reader", reason: "test", permissions: ["property.read"], property: "p1" } });
		await this.people_a_property();
		await this.take_over();
		await this.ask_a_second_person();
	}

	// An account of an old system, asked for by the command and agreed to by the administrator.
	async take_over() {
		const { api, world } = this, file = world.path("takeover.csv");
		writeFileSync(file, `meter,old_account,balance,register\n${meter_number(1)},H1,12.50,100.001\n`);
		const { out } = await world.wattle("import", "takeover", file, "--rows", "1", "--balance", "12.50", "--register", "100.001", "--reason", "test");
		const [, id, approval] = out.match(/import (\d+) waits for approval (\d+)/);
		const { approval: seen } = await api.get(`/approvals/${approval}`);
		await make(api, `/api/v1/approvals/${approval}/decision`, { verdict: "agree", hash: seen.hash }, 200);
		await until("take-over", async () => (await api.get(`/properties/p1/imports/${id}`)).state === "applied");
	}

	// A grant that waits for somebody else.
	async ask_a_second_person() {
		await this.world.wattle("user", "add", "second", "--group", "1", "--role", "group-admin");
		const { id } = await make(this.api, "/api/v1/users", { name: "third", group: "1" });
		const { approval } = await make(this.api, `/api/v1/users/${id}/grants`, { role: "group-admin", group: "1", reason: "test" });
		if (!approval) throw new Error("a group admin was made without a second person");
	}

	// A building with a tenant, calendars, a privacy text.
	async people_a_property() {
		const { api } = this, e = await estate(api);
		const customer = await make(api, `${P1}/customers`, { name: "张三", phones: [{ number: "13812341234", main: true }] });
		await make(api, `${P1}/leases`, { customer: customer.id, spaces: [e.r301.id], start: day(-1) });
		const account = await open_account(this.world, { customer: customer.id, code: "A-301", meter: meter_number(2) });
		await this.sell(account);
		await supply_rows(this.world, { property: "p1", meter: meter_number(2), customer: customer.id, account });
		await make(api, `${P1}/calendars`, { name: "own" });
		await this.price();
		await make(api, "/api/v1/groups/1/calendars", { name: "of the group" });
		await changed(api, "PATCH", "/api/v1/groups/1/privacy", { zh: "隐私", en: "privacy" }, { version: '"v0"' });
	}

	// A till, purchases, and a line of a bank statement that belongs to nobody.
	async sell(account) {
		const { api } = this;
		this.account = account;
		await make(api, `${P1}/shifts`, { opening_fen: 10000 });
		this.photo = await send_photo(api, `${P1}/accounts/${account}`);
		const gift = { kind: "money", source: "school", period: "month", amount: 500, from: "2026-01-01T00:00:00Z", reason: "test" };
		await make(api, `${P1}/accounts/${account}/allowances`, gift);
		await make(api, `${P1}/allowances/give`, { ...gift, all: true }, 202);
		await make(api, `${P1}/orders`, { account, amount_fen: 20000, channel: "cash" });
		await make(api, `${P1}/refunds`, { account, amount_fen: 300, channel: "cash", reason: "test" });
		await make(api, `${P1}/debts`, { account, kind: "rent", amount_fen: 500, reason: "test" });
		const line = { number: "T1", amount_fen: 5000, paid_at: `${day(-1)}T04:00:00Z` };
		await make(api, `${P1}/bills`, { channel: "transfer", day: day(-1), lines: [line] });
	}

	// A price that holds and one to come, and a tariff that follows it.
	async price() {
		const { api } = this;
		const tariff = await make(api, `${P1}/tariffs`, { code: "flat", name: "居民", service: "electricity" });
		await make(api, `${P1}/tariffs`, { code: "shops", name: "商铺", service: "electricity", base: tariff.id, base_delta_uy: 50000 });
		const url = `${P1}/tariffs/${tariff.id}/versions`;
		const version = await make(api, url, { plan: { rates: [{ price_uy: 610000 }] }, valid_from: "2026-01-01T00:00:00Z" });
		await changed(api, "PUT", `${url}/${version.id}/publication`, { reason: "test" }, { version: '"v1"' });
		await make(api, url, { plan: { rates: [{ price_uy: 650000 }] }, valid_from: "2037-01-01T00:00:00Z" });
		await make(api, `${P1}/tariff-uses`, { tariff: tariff.id, from: "2026-01-01T00:00:00Z", reason: "test" });
		const of_group = await make(api, "/api/v1/groups/1/tariffs", { code: "head", name: "集团", service: "electricity" });
		await make(api, `/api/v1/groups/1/tariffs/${of_group.id}/versions`, { plan: { rates: [{ price_uy: 600000 }] }, valid_from: "2037-01-01T00:00:00Z" });
	}

	found(k) {
		return [4, message([1, zigzag(now_s())], [3, 64], [4, k], [5, 1], [6, zigzag(k)], [7, Buffer.from(chip(k), "hex")])];
	}

	send_up(seq, parts) {
		return publish(this.gateway, "wattle/1/p1/gw-1/up", uplink({ boot: BOOT, seq, ...parts }));
	}

	// A stream without end is read up to its first bytes.
	async call(method, url, options) {
		if (!url.startsWith("/api/v1/events")) return this.api.call(method, url, options);
		const abort = new AbortController();
		const answer = await fetch(this.api.base + url, { headers: { Cookie: this.api.cookie }, signal: abort.signal });
		const raw = answer.status === 200 ? new TextDecoder().decode((await answer.body.getReader().read()).value) : await answer.text();
		abort.abort();
		return { status: answer.status, headers: answer.headers, body: answer.status === 200 ? raw : JSON.parse(raw) };
	}

	login_words() {
		const [, name, password] = readFileSync(path.join(this.world.data, "login.txt"), "utf8").match(/name: (.*)\npassword: (.*)\n/);
		return [name, password];
	}

	async login() {
		const client = new Api(this.world.http_port);
		await client.login(...this.login_words());
		return client;
	}

	// Operations under test may end the session they are called with.
	async ensure_login() {
		if ((await this.api.call("GET", "/api/v1/session")).status !== 200) this.api = await this.login();
	}

	async stop() {
		if (this.gateway) await end(this.gateway);
		await this.world?.stop();
	}
}
