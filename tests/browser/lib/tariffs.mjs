// Prices, and an order to a meter, for the pages about them.
import { P1, changed, make } from "../../lib/estate.mjs";
import { meter_number } from "../../lib/world.mjs";

// A price that holds, a draft of the next one by hours and steps, and an order to a meter.
export async function fill_tariffs({ api }) {
	const tariff = await make(api, `${P1}/tariffs`, { code: "home", name: "居民", service: "electricity" }), url = `${P1}/tariffs/${tariff.id}/versions`;
	const now = await make(api, url, { plan: { rates: [{ price_uy: 533000 }] }, valid_from: "2026-01-01T00:00:00Z" });
	await changed(api, "PUT", `${url}/${now.id}/publication`, { reason: "测试" }, { version: '"v1"' });
	const hours = { tables: [{ slots: [{ from: "08:00", rate: 2 }, { from: "22:00", rate: 1 }] }], zones: [{ month: 1, day: 1, table: 1 }] };
	const plan = { rates: [{ name: "谷", price_uy: 300000 }, { name: "峰", price_uy: 900000 }], calendar: hours, holidays: [{ month: 10, day: 1, table: 1 }],
		steps: { thresholds: [2880000], prices_uy: [0, 50000], settle: [{ month: 1, day: 1 }] } };
	const draft = await make(api, url, { plan, valid_from: "2037-01-01T00:00:00Z" });
	const { batch } = await make(api, `${P1}/command-batches`, { kind: "close", reason: "测试", meters: [meter_number(1)] }, 202);
	return { tariffs: "/tariffs/p1", "tariff-of": `/tariffs/p1/${tariff.id}`, "tariff-draft": `/tariffs/p1/${tariff.id}/new`, "tariff-version": `/tariffs/p1/${tariff.id}/${draft.id}`,
		"room-map": "/rooms/p1", control: "/control/p1", batch: `/control/p1/${batch.id}` };
}
