// Staff, roles, approvals, keys and webhooks as a property has them after some weeks: for pictures.
import { createServer } from "node:http";
import { make } from "../../lib/estate.mjs";
import { until } from "../../lib/process.mjs";
import { make_person } from "../../lib/staff.mjs";

const STAFF = [
	["zhangwei", "张伟", { role: "group-admin", group: "1" }],
	["wangfang", "王芳", { role: "property-manager", property: "p1" }, { role: "finance", property: "p2" }],
	["liumin", "刘敏", { role: "cashier", property: "p1" }],
	["chenjie", "陈杰", { role: "electrician", property: "p1", expires_at: "2027-06-30T16:00:00Z" }],
	["auditor", "周岚", { role: "auditor", group: "1" }],
];

// Returns addresses of the pages that have numbers in them, and `end`.
export async function fill_people(world) {
	const p1 = (await world.api.call("GET", "/api/v1/properties/p1")).headers.get("etag");
	await world.api.expect(200, "PATCH", "/api/v1/properties/p1", { json: { name: "河西花园" }, headers: { "If-Match": p1 } });
	await make(world.api, "/api/v1/groups/1/properties", { slug: "p2", name: "河东新村" });
	const people = {};
	for (const [name, full_name, ...grants] of STAFF) {
		people[name] = await make_person(world, name, ...grants);
		const { headers } = await world.api.call("GET", `/api/v1/users/${people[name].user.id}`);
		await world.api.expect(200, "PATCH", `/api/v1/users/${people[name].user.id}`, { json: { full_name, phone: "13800000000" }, headers: { "If-Match": headers.get("etag") } });
	}
	await make(world.api, "/api/v1/users", { name: "sunli", full_name: "孙丽", group: "1" });
	const role = await make(world.api, "/api/v1/groups/1/roles", { name: "夜班收费员", permissions: ["property.read", "customer.read", "customer.write", "device.adopt"] });
	await make(world.api, `/api/v1/users/${people.liumin.user.id}/grants`, { role: role.role, property: "p2", reason: "夜班轮值" });
	const { approval } = await make(people.zhangwei.api, `/api/v1/users/${people.wangfang.user.id}/grants`, { role: "group-admin", group: "1", reason: "接替张伟负责东区" });
	await world.api.expect(201, "POST", "/api/v1/keys", { json: { name: "财务系统", reason: "对账", permissions: ["property.read", "customer.read", "sheet.export"], property: "p1", expires_at: new Date(Date.now() + 300 * 86400e3).toISOString() } });
	await world.api.expect(201, "POST", "/api/v1/keys", { json: { name: "大屏", reason: "展示", permissions: ["property.read"] } });

	const receiver = createServer((_request, response) => response.end());
	await new Promise((done) => receiver.listen(0, "127.0.0.1", done));
	const hooks = "/api/v1/properties/p1/webhooks";
	const { item } = await world.api.expect(201, "POST", hooks, { json: { name: "值班系统", url: `http://127.0.0.1:${receiver.address().port}/wattle`, kinds: ["alarm", "command.stage"] } });
	await world.api.expect(201, "POST", hooks, { json: { name: "工单", url: "https://tickets.example.com/wattle", kinds: ["device.found", "reading.missed"] } });
	const log = async () => (await world.api.get(`/properties/p1/webhooks/${item.id}/deliveries`)).items;
	for (let i = 0; i < 2; i++) await world.api.expect(202, "POST", `${hooks}/${item.id}/ping`);
	await until("delivered", async () => (await log()).every((delivery) => delivery.state === "delivered"));
	await world.api.expect(202, "POST", `${hooks}/${item.id}/deliveries/${(await log())[0].id}/replay`);
	return { user: `/users/${people.liumin.user.id}`, approval: `/approvals/${approval}`, webhook: `/webhooks/p1/${item.id}`, end: () => receiver.close() };
}
