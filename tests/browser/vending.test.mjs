// A cashier's day in the console: the till opens, an account is found by its room, asked, sold to, the receipt is
// there to be printed; a mistake is reversed; credit goes back; money without an owner finds one; the till closes.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { open_account } from "../lib/accounts.mjs";
import { P1, day, estate, make } from "../lib/estate.mjs";
import { World } from "../lib/world.mjs";
import { axe, open_browser, open_page, pictures, value_is } from "./lib/browser.mjs";

let world, api, browser, base, page;

const of = (id) => `[data-testid=${id}]`;
const gone = () => page.locator(".form-drawer").waitFor({ state: "detached" });

async function open(language) {
	const opened = await open_page(browser, base, { language });
	const [name, value] = api.cookie.split("=");
	await opened.context().addCookies([{ name, value, url: base }]);
	return opened;
}

async function pick(code) {
	await page.click(`.el-drawer:visible ${of("account-pick")}`);
	await page.locator(".el-select-dropdown__item:visible", { hasText: code }).click();
}

async function tenant(name, room) {
	const { id } = await make(api, `${P1}/customers`, { name, phones: [{ number: "13812341234", main: true }] });
	await make(api, `${P1}/leases`, { customer: id, spaces: [room.id], start: day(0) });
	return id;
}

before(async () => {
	world = await World.start({ parts: ["platform"], terminals: 0, adopt: 0 });
	({ api } = world);
	base = `http://127.0.0.1:${world.http_port}`;
	const e = await estate(api);
	await open_account(world, { customer: await tenant("张三", e.r301), code: "A-301" });
	await open_account(world, { customer: await tenant("李四", e.r302), code: "A-302" });
	const lines = [{ number: "B-1", amount_fen: 8800, paid_at: `${day(-1)}T04:00:00Z`, payer: "无名氏" }];
	await make(api, `${P1}/bills`, { channel: "transfer", day: day(-1), lines });
	browser = await open_browser();
	page = await open("zh-CN");
});
after(async () => {
	await browser?.close();
	await world?.stop();
});

describe("a cashier's day", () => {
	it("begins with a till", async () => {
		await page.goto("/vending");
		await page.click(of("shift-act"));
		await page.fill(of("opening"), "100");
		await page.click(of("submit"));
		await gone();
		await value_is(page.locator(of("till")), "cash by the books", (now) => now === "100.00");
		await page.getByRole("heading", { name: "最近收款" }).waitFor();
	});

	it("finds an account by its room, sells, and prints the receipt, by twelve keys and no hand on the mouse", async () => {
		let keys = 0;
		const press = async (text) => {
			for (const key of text === "Enter" ? [text] : text) {
				await page.keyboard.press(key);
				keys++;
			}
		};
		await page.evaluate(() => (window.print = () => (window.printed = (window.printed ?? 0) + 1)));
		await page.keyboard.press("/"); // as after each customer
		await press("301");
		await press("Enter");
		await page.locator(`${of("amount")}:focus`).waitFor();
		await press("123.45");
		await page.locator(of("quote")).getByText("充值后余额").waitFor();
		assert.deepEqual(await axe(page), []);
		await pictures(page, "vending");
		await press("Enter");
		await value_is(page.locator(of("receipt-total")), "total of the receipt", (now) => now === "123.45");
		assert.ok(keys <= 12, `${keys} keys from the search to the receipt`);
		await page.locator(`${of("print-receipt")}:focus`).waitFor();
		await page.keyboard.press("Enter");
		assert.equal(await page.evaluate(() => window.printed), 1);
		await page.getByText("壹佰贰拾叁元肆角伍分").waitFor();
		await pictures(page, "receipt");
		await value_is(page.locator(of("till")), "cash by the books", (now) => now === "223.45");
	});

	it("prints on a slip of 210 × 140 mm or on a roll of 80 mm, one sheet, and nothing else of the page", async () => {
		for (const [paper, box] of [["210 × 140", "594.95996 396.95999"], ["80 毫米卷纸", "227.03999"]]) {
			await page.getByRole("button", { name: paper }).click();
			const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
			const sheets = pdf.match(/\/MediaBox \[0 0 [\d. ]+\]/g);
			assert.equal(sheets.length, 1, paper);
			assert.ok(sheets[0].includes(box), sheets[0]);
		}
		await page.emulateMedia({ media: "print" });
		assert.equal(await page.locator(of("desk-search")).isVisible(), false);
		assert.equal(await page.locator(of("receipt")).isVisible(), true);
		await page.emulateMedia({ media: "screen" });
	});

	it("is told what cannot be taken, before it is", async () => {
		await page.click(of("next-customer"));
		await page.keyboard.press("Enter"); // the same words are still there
		await page.fill(of("amount"), "20000");
		await page.locator(of("refused")).waitFor();
		assert.equal(await page.locator(of("sell-now")).isDisabled(), true);
	});

	it("reverses a mistake from the list of purchases", async () => {
		await page.goto("/orders");
		await page.getByRole("link", { name: "W0" }).first().click();
		await page.click(of("reverse"));
		await page.fill(of("reason"), "多打了一个零");
		await pictures(page, "reversal");
		await page.click(of("confirm"));
		await page.getByText("已冲正").first().waitFor();
		await pictures(page, "order");
	});

	it("settles money without an owner, with a reason", async () => {
		await page.goto("/suspense");
		await page.getByText("没有这个单号").waitFor();
		assert.deepEqual(await axe(page), []);
		await pictures(page, "suspense");
		await page.click(of("settle"));
		await pick("A-302");
		await page.fill(of("suspense-reason"), "用户来电确认");
		await page.click(of("submit"));
		await gone();
		await page.getByText("没有挂账").waitFor();
	});

	it("gives credit back and pays it out of the till", async () => {
		await page.goto("/refunds");
		await page.click(of("new-refund"));
		await pick("A-302");
		await page.fill(of("refund-amount"), "8");
		await page.fill(of("refund-reason"), "搬走");
		await page.click(of("submit"));
		await gone();
		await page.click(of("pay"));
		await page.click(of("submit"));
		await gone();
		await page.locator("[data-state=paid]").first().waitFor();
		await page.waitForFunction(() => !document.querySelector(".el-message"));
		assert.deepEqual(await axe(page), []);
		await pictures(page, "refunds");
	});

	it("ends with what was counted", async () => {
		await page.goto("/vending");
		await value_is(page.locator(of("till")), "cash by the books", (now) => now === "92.00");
		await page.click(of("shift-act"));
		await page.fill(of("counted"), "91.50");
		await page.click(of("submit"));
		await page.getByText(/说明|note/).first().waitFor();
		await page.fill(of("shift-note"), "少五角");
		await page.click(of("submit"));
		await gone();
		await page.getByText("未开班").waitFor();
		await page.goto("/shifts");
		await page.locator("[data-row]").first().waitFor();
		await pictures(page, "shifts");
		// The browser logs the answer that asked for the note.
		assert.deepEqual(page.faults.filter((fault) => !/status of 400/.test(fault)), []);
	});

	it("reads the same in English", async () => {
		const english = await open("en");
		for (const [path, title] of [["/vending", "Vending desk"], ["/orders", "Purchases"], ["/refunds", "Refunds"], ["/suspense", "Suspense"]]) {
			await english.goto(path);
			await english.getByRole("heading", { name: title }).waitFor();
		}
		await english.goto("/orders");
		await english.getByText("reversed").first().waitFor();
		await pictures(english, "orders");
		assert.deepEqual(english.faults, []);
		await english.context().close();
	});
});
