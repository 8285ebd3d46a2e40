// A property as it looks after some months: buildings, tenants, leases, rules, sheets, a take-over. For pictures.
import { P1, changed, day, make, space } from "../../lib/estate.mjs";
import { Sheets } from "../../lib/sheets.mjs";
import { make_person } from "../../lib/staff.mjs";

const TENANTS = [
	["张三", "person", [-220, 12]], ["杭州百味茶餐厅有限公司", "company", [-150, 300]], ["李雅琴", "person", [-90, 25]], ["晨光文具店", "company", [-40, null]],
	["王建国", "person", [-400, 4]], ["云上咖啡", "company", [10, 700]], ["陈丽华", "person", [-30, 420]], ["恒信房产中介", "company", [-365, 210]],
];
const ROOMS = ["101 大堂", "102 茶餐厅", "103 便利店", "104 文具店", "105 咖啡", "106 药店", "107", "108 仓库"];
const NEXT_YEAR = new Date().getUTCFullYear() + 1;
const HOLIDAYS = [["01-01", "holiday", "元旦"], ["02-06", "holiday", "春节"], ["02-07", "holiday", "春节"], ["02-08", "holiday", "春节"], ["02-09", "holiday", "春节"],
	["02-14", "workday", "补班"], ["04-05", "holiday", "清明"], ["05-01", "holiday", "劳动节"], ["10-01", "holiday", "国庆"], ["10-02", "holiday", "国庆"], ["10-03", "holiday", "国庆"]];

async function buildings(api) {
	const rooms = [];
	for (const [code, name, floors] of [["A", "东塔", 6], ["B", "西塔", 4], ["S", "沿街商铺", 1]]) {
		const building = await space(api, "building", null, code, { name });
		for (let floor = 1; floor <= floors; floor++) {
			const at = await space(api, "floor", building.id, String(floor), { name: floor === 1 ? "商业" : "" });
			if (code !== "A" || floor > 2) continue;
			for (const room of ROOMS) {
				const [number, called = ""] = room.split(" ");
				rooms.push(await space(api, "room", at.id, `${floor}${number.slice(1)}`, { name: floor === 1 ? called : "", area_dm2: 4200 + 150 * rooms.length }));
			}
		}
	}
	return rooms;
}

async function tenants(api, rooms) {
	const made = [];
	for (const [i, [name, kind, [start, end]]] of TENANTS.entries()) {
		const phones = [{ number: `138${String(10020000 + 1379 * i)}`, label: kind === "company" ? "店长" : "本人", main: true }, { number: "0571-88886666", label: "座机" }].slice(0, 1 + i % 2);
		const customer = await make(api, `${P1}/customers`, { name, kind, phones, identity: `33010519${70 + i}1231002X`, note: i === 0 ? "每月 5 日前缴费，联系请打座机。" : "" });
		await make(api, `${P1}/leases`, { customer: customer.id, spaces: [rooms[i].id], start: day(start), ...(end === null ? {} : { end: day(end) }) });
		made.push(customer);
	}
	return made;
}

async function rules(api) {
	const days = HOLIDAYS.flatMap(([date, kind, name]) => [NEXT_YEAR - 1, NEXT_YEAR].map((year) => ({ date: `${year}-${date}`, kind, name })));
	const calendar = await make(api, "/api/v1/groups/1/calendars", { name: "法定节假日", days: [...days, { date: `${NEXT_YEAR - 1}-12-31`, kind: "plain", cut_free: true, name: "跨年" }],
		friendly: [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "18:00", to: "09:00" }, { days: ["sat", "sun", "holiday"], from: "00:00", to: "24:00" }] });
	await changed(api, "PATCH", "/api/v1/groups/1", { calendar: calendar.id });
	await changed(api, "PATCH", "/api/v1/groups/1/alarm-plans/default", { alarm1_fen: 10000 }, { version: '"v0"' });
	await changed(api, "PATCH", `${P1}/alarm-plans/shops`, { name: "商铺", alarm1_fen: 30000, alarm2_fen: 10000, overdraft_fen: 5000 }, { version: '"v0"' });
	await changed(api, "PATCH", P1, { alarm_plan: "shops", address: "杭州市文三路 100 号", phone: "0571-88886666" });
	await changed(api, "PATCH", `${P1}/templates/alarm-1/zh-CN/sms`, { body: "{property}提醒：{place} 余额 {balance} 元，请及时充值。电话 {phone}" }, { version: '"v0"' });
	await changed(api, "PATCH", "/api/v1/groups/1/privacy", { zh: "我们保存您的姓名、电话和用电数据，用于计费和通知……", en: "We keep your name, phone and consumption for billing and messages …" }, { version: '"v0"' });
}

async function sheets_and_takeover(world) {
	const sheets = new Sheets(world.api), rooms = "楼栋,楼层,房间,名称,面积(平方米)\n";
	await sheets.import("spaces", rooms + Array.from({ length: 24 }, (_, i) => `B,${1 + i % 4},${1 + i % 4}${String(1 + Math.floor(i / 4)).padStart(2, "0")},,36.50\n`).join(""), { name: "西塔房间.csv" });
	const bad = await sheets.check("spaces", `${rooms}B,5,501,,三十\n,5,502,,36.5\nB,5,503,"大\n厅",36.5\nB,5,501,,36.5\n`, { name: "西塔五层.csv" });
	const { api } = await make_person(world, "linqiang", { role: "property-manager", property: "p1" });
	const old = new Sheets(api);
	const checked = await old.check("takeover", "房间,旧系统户号,余额(元),购电次数,表底(度或吨)\nA/1/101,H0001,80.50,7,1234.567\nA/1/102,H0002,-12.00,3,88.000\nA/1/103,H0003,1204.50,21,30211.250\n",
		{ name: "旧系统余额.csv", rows: 3, balance_fen: 127300, register_milli: 31533817 });
	const { approval } = await old.apply(checked, "11 月末切换");
	const { approval: asked } = await world.api.get(`/approvals/${approval}`);
	await make(world.api, `/api/v1/approvals/${approval}/decision`, { verdict: "agree", hash: asked.hash }, 200);
	await old.reaches(checked.id, "applied");
	return { bad: bad.id, takeover: checked.id };
}

// Names of pictures and addresses of their pages.
export async function fill_organisation(world) {
	const rooms = await buildings(world.api);
	const [first] = await tenants(world.api, rooms);
	await rules(world.api);
	const { bad, takeover } = await sheets_and_takeover(world);
	return [["organisation", "/organisation"], ["spaces", `/spaces/p1?space=${rooms[0].parent}`], ["customers", "/customers/p1"], ["customer", `/customers/p1/${first.id}`],
		["leases", "/leases/p1"], ["settings", "/settings/p1"], ["calendars", "/organisation/1/calendars"], ["alarm-plans", "/settings/p1/alarm-plans"],
		["messages", "/settings/p1/messages"], ["retention", "/settings/p1/retention"], ["privacy", "/organisation/1/privacy"], ["sheets", "/sheets/p1"],
		["import", `/sheets/p1/${bad}`], ["takeovers", "/takeovers/p1"], ["takeover", `/takeovers/p1/${takeover}`]];
}
