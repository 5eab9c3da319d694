// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { hashPassword, Tokens, verifyPassword } from "../dist/auth.js";

const SECRET = "0123456789abcdef0123456789abcdef";

test("a password matches its own hash alone", async () => {
	const hash = await hashPassword("correct horse");
	assert.equal(await verifyPassword("correct horse", hash), true);
	assert.equal(await verifyPassword("wrong horse", hash), false);
	assert.equal(await verifyPassword("correct horse", undefined), false);
	assert.notEqual(await hashPassword("correct horse"), hash);
});

test("a token names its user", async () => {
	const tokens = new Tokens(SECRET, "1h");
	const user = { id: "7", username: "ada" };
	assert.deepEqual(await tokens.verify(await tokens.issue(user)), user);
});

test("a token of another key, without a signature or expired is refused", async () => {
	const tokens = new Tokens(SECRET, "1h");
	const foreign = await new Tokens(SECRET + "x", "1h").issue({ id: "7", username: "ada" });
	const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
	const unsigned = `${part({ alg: "none" })}.${part({ sub: "7", exp: 9e9, iss: "chat-backend" })}.`;
	const expired = await new Tokens(SECRET, "-1s").issue({ id: "7", username: "ada" });
	for (const token of [foreign, unsigned, expired, "x"])
		await assert.rejects(tokens.verify(token), { status: 401 });
});
