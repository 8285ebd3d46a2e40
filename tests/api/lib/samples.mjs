// One object of each kind that a path can name, in several places, for tests about who sees what.
// Names of what is foreign to somebody carry a mark, so that a leak shows in any answer.
import { writeFileSync } from "node:fs";
import { Api } from "../../lib/api.mjs";
import { day, make } from "../../lib/estate.mjs";
import { FakeGateway } from "../../lib/fake-gateway.mjs";
import { open_account } from "../../lib/accounts.mjs";
import { send_photo } from "../../lib/photo.mjs";
import { until } from "../../lib/process.mjs";
import { supply_rows } from "../../lib/supply.mjs";
import { PASSWORD, make_person_of } from "../../lib/staff.mjs";

const hex = (text, size) => Buffer.from(text).toString("hex").padEnd(size, "a").slice(0, size);
const gift = (reason) => ({ kind: "money", source: "other", period: "once", amount: 500, from: "2037-01-01T00:00:00Z", reason });

// A person with a password from the command line, which he changed: nobody's creature in an approval.
export async function clerk(world, name, ...options) {
	const { out } = await world.wattle("user", "add", name, ...options);
	const given = out.match(/password: (\S+)/)[1], api = new Api(world.http_port);
	await api.login(name, given);
	await api.expect(204, "POST", "/api/v1/session/password", { json: { old: given, new: PASSWORD } });
	return api;
}

export class Samples {
	constructor(world, number) {
		Object.assign(this, { world, api: world.api, number });
	}

	// Whatever belongs to a property as a whole. `mark` is in every name.
	async property({ group, slug, mark }) {
		const { api, world } = this, base = `/api/v1/properties/${slug}`;
		const s = { group, property: slug, gateway: `gw-${slug}`, mark };
		await world.wattle("gateway", "add", s.gateway, "--property", slug);
		this.gateway = await until(`the broker knows ${s.gateway}`, () => FakeGateway.open(world, s.gateway, slug).catch(() => null));
		s.import = (await make(api, `${base}/imports`, { sheet: "spaces", name: `${mark}.csv` })).id;
		s.calendar = (await make(api, `${base}/calendars`, { name: `${mark} calendar` })).id;
		s.tariff = (await make(api, `${base}/tariffs`, { code: mark, name: `${mark} tariff`, service: "electricity" })).id;
		s.tariff_version = (await make(api, `${base}/tariffs/${s.tariff}/versions`, { plan: { rates: [{ name: mark, price_uy: 1 }] }, valid_from: "2037-01-01T00:00:00Z", notice: mark })).id;
		s.key = (await api.expect(201, "POST", "/api/v1/keys", { json: { name: `${mark} key`, reason: mark, permissions: ["property.read"], property: slug } })).item.id;
		s.webhook = (await api.expect(201, "POST", `${base}/webhooks`, { json: { name: `${mark} hook`, url: `https://example.org/${mark}`, kinds: ["alarm"] } })).item.id;
		s.delivery = (await api.expect(202, "POST", `${base}/webhooks/${s.webhook}/ping`)).id;
		Object.assign(s, await this.staff(s), await this.place(s, "1"));
		Object.assign(s, await this.finance(s));
		s.roster = (await make(api, `${base}/allowances/give`, { ...gift(mark), accounts: [s.account] }, 202)).roster.id;
		s.takeover = await this.take_over(s);
		s.approval = await this.asked(s);
		return s;
	}

	// Somebody of the property, with a session of his own.
	async staff({ group, property, mark }) {
		const { user, grants } = await make_person_of(this.world, group, `${mark}-staff`, { role: "cashier", property });
		const { items } = await this.api.get(`/users/${user.id}/sessions`);
		const role = await make(this.api, `/api/v1/groups/${group}/roles`, { name: `${mark} role`, permissions: ["property.read"] });
		return { user: user.id, grant: grants[0].id, session: items[0].id, role: role.role };
	}

	// A till that is open, and a bank statement with a line that belongs to nobody.
	async finance({ property, mark }) {
		const { api } = this, base = `/api/v1/properties/${property}`;
		const shift = (await make(api, `${base}/shifts`, { opening_fen: 0 })).id;
		const line = { number: `${mark}-T1`, amount_fen: 5000, paid_at: `${day(-1)}T04:00:00Z`, payer: mark };
		const bill = (await make(api, `${base}/bills`, { channel: "transfer", day: day(-1), lines: [line] })).id;
		const [suspense] = (await api.get(`/properties/${property}/suspense`)).items;
		const [difference] = (await api.get(`/properties/${property}/differences`)).items;
		return { shift, bill, suspense: suspense.id, difference: difference.id };
	}

	// A building with all that stands in it. A chip that waits and batches belong to the whole property.
	async place({ property, mark }, part) {
		const { api, world } = this, base = `/api/v1/properties/${property}`, s = { property, mark };
		const building = await make(api, `${base}/spaces`, { kind: "building", code: `${mark}-${part}`, name: mark });
		const floor = await make(api, `${base}/spaces`, { kind: "floor", parent: building.id, code: "1", name: mark });
		const room = await make(api, `${base}/spaces`, { kind: "room", parent: floor.id, code: "101", name: mark });
		const other = await make(api, `${base}/spaces`, { kind: "room", parent: floor.id, code: "102", name: mark });
		Object.assign(s, { building: building.id, floor: floor.id, space: room.id, free: other.id });
		s.meter = String(330000000000 + this.number * 1000 + Number(part));
		const chip = (k) => hex(`${part}${k}${property}`, 24);
		s.chip = chip(2);
		for (const c of [chip(1), chip(2)]) await this.gateway.found(c);
		const keys = [chip(1), chip(2)].map((c) => `${c},${"0".repeat(64)}\n`).join("");
		await api.expect(200, "POST", `/api/v1/devices/import?property=${property}`, { text: keys, type: "text/csv" });
		const adopted = await api.adopt(chip(1), s.meter, `${mark} meter`);
		if (adopted.status !== 201) throw new Error(`adopt: ${adopted.status} ${JSON.stringify(adopted.body)}`);
		const settings = `/api/v1/meters/${s.meter}/settings`;
		const etag = (await api.call("GET", settings)).headers.get("etag");
		await api.expect(200, "PATCH", settings, { json: { space: room.id }, headers: { "If-Match": etag } });
		s.customer = (await make(api, `${base}/customers`, { name: `${mark} tenant`, phones: [{ number: "13812341234", main: true }] })).id;
		s.lease = (await make(api, `${base}/leases`, { customer: s.customer, spaces: [room.id], start: day(2), end: day(5), note: mark })).id;
		// Its end is near: it is reminded of at once.
		s.reminder = (await api.get(`/properties/${property}/reminders`)).items.find((r) => r.lease.id === s.lease).id;
		s.account = await open_account(world, { property, customer: s.customer, code: `${mark}-${part}`, meter: s.meter });
		s.photo = await send_photo(api, `${base}/accounts/${s.account}`, this.number * 10 + Number(part));
		s.order = (await make(api, `${base}/orders`, { account: s.account, amount_fen: 10000, channel: "transfer", voucher: mark })).id;
		s.refund = (await make(api, `${base}/refunds`, { account: s.account, amount_fen: 100, channel: "transfer", payee: mark, reason: mark })).item.id;
		s.debt = (await make(api, `${base}/debts`, { account: s.account, kind: "rent", amount_fen: 100, reason: mark })).id;
		s.allowance = (await make(api, `${base}/accounts/${s.account}/allowances`, gift(mark))).id;
		Object.assign(s, await supply_rows(world, s));
		s.command = (await api.command(s.meter, "close", { reason: mark })).id;
		s.batch = (await make(api, `${base}/command-batches`, { kind: "close", reason: mark, meters: [s.meter] }, 202)).batch.id;
		return s;
	}

	async take_over({ property, mark, meter }) {
		const { api, world } = this, file = world.path(`${property}.csv`);
		writeFileSync(file, `meter,old_account,balance,register,note\n${meter},${mark},12.50,100.001,${mark}\n`);
		const { out } = await world.wattle("import", "takeover", file, "--property", property, "--rows", "1", "--balance", "12.50", "--register", "100.001", "--reason", mark);
		const [, id, approval] = out.match(/import (\d+) waits for approval (\d+)/);
		const { approval: seen } = await api.get(`/approvals/${approval}`);
		await make(api, `/api/v1/approvals/${approval}/decision`, { verdict: "agree", hash: seen.hash }, 200);
		await until("take-over", async () => (await api.get(`/properties/${property}/imports/${id}`)).state === "applied");
		return id;
	}

	// What waits for a second person: to erase somebody who never leased.
	async asked({ property, mark }) {
		const api = await clerk(this.world, `${mark}-asks`, "--property", property, "--role", "property-manager");
		const who = await make(api, `/api/v1/properties/${property}/customers`, { name: `${mark} leaves` });
		const asked = await api.expect(202, "PUT", `/api/v1/properties/${property}/customers/${who.id}/erasure`, { json: { reason: mark }, headers: { "If-Match": '"v1"' } });
		return asked.approval;
	}

	// What belongs to a group and to none of its properties.
	async group({ group, mark }) {
		const { api } = this;
		const { user, grants } = await make_person_of(this.world, group, `${mark}-head`, { role: "auditor", group });
		const [session] = (await api.get(`/users/${user.id}/sessions`)).items;
		const tariffs = `/api/v1/groups/${group}/tariffs`, tariff = await make(api, tariffs, { code: "of-the-group", name: "of the group", service: "electricity" });
		const version = await make(api, `${tariffs}/${tariff.id}/versions`, { plan: { rates: [{ name: "all", price_uy: 1 }] }, valid_from: "2037-01-01T00:00:00Z" });
		return { group, user: user.id, grant: grants[0].id, session: session.id,
			role: (await make(api, `/api/v1/groups/${group}/roles`, { name: "of the group", permissions: ["property.read"] })).role,
			group_calendar: (await make(api, `/api/v1/groups/${group}/calendars`, { name: "of the group" })).id,
			group_tariff: tariff.id, group_tariff_version: version.id };
	}
}
