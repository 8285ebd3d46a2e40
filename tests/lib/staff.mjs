// Staff for black-box tests: made by the administrator, with a password that they chose themselves.
import { randomUUID } from "node:crypto";
import { Api } from "./api.mjs";

export const PASSWORD = "violet-hammer-42-lake";

async function must(client, method, path, json, status) {
	const answer = await client.call(method, path, { json, headers: { "Idempotency-Key": randomUUID() } });
	if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
	return answer.body;
}

// A person with grants ({role, property, ...}), logged in: {user, api, grants}.
export const make_person = (world, name, ...grants) => make_person_of(world, "1", name, ...grants);

// The same in another group.
export async function make_person_of(world, group, name, ...grants) {
	const user = await must(world.api, "POST", "/api/v1/users", { name, lang: "en", group }, 201);
	const given = [];
	for (const grant of grants) given.push((await must(world.api, "POST", `/api/v1/users/${user.id}/grants`, { reason: "test", ...grant }, 201)).grant);
	const { token } = await must(world.api, "POST", `/api/v1/users/${user.id}/invitation`, {}, 201);
	await must(new Api(world.http_port), "POST", "/api/v1/invitations/use", { token, password: PASSWORD }, 204);
	const api = new Api(world.http_port);
	await api.login(name, PASSWORD);
	return { user, api, grants: given };
}
