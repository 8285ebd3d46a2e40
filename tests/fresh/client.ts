// What an integrator writes: the types are generated from the description that the installation serves.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const [origin = "", name = "", password = "", meter = ""] = process.argv.slice(2);

let cookie = "";
const client = createClient<paths>({ baseUrl: origin });
client.use({
	onRequest({ request }) {
		if (cookie) request.headers.set("Cookie", cookie);
		return request;
	},
	onResponse({ response }) {
		cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
	},
});

const session = await client.POST("/api/v1/session", {
	params: { header: { "X-Wattle-Request": "1" } },
	body: { name, password },
});
if (session.error) throw new Error(`login: ${session.response.status} ${session.error.title}`);

const list = await client.GET("/api/v1/meters", { params: { query: { limit: 10 } } });
if (list.error) throw new Error(`meters: ${list.response.status} ${list.error.title}`);
const found = list.data.items.find((item) => item.meter === meter);
if (!found) throw new Error(`${meter} is not among ${list.data.items.length} meters`);

const commands = await client.GET("/api/v1/meters/{meter}/commands", { params: { path: { meter } } });
if (commands.error) throw new Error(`commands: ${commands.response.status} ${commands.error.title}`);
const last = commands.data.items[0];
console.log(`${found.meter} ${found.name}: ${found.live?.energy_wh ?? "no"} Wh, last command ${last?.kind}: ${last?.stage}`);
