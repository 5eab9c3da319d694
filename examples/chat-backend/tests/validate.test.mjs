// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { idParameter, limitParameter, textField } from "../dist/validate.js";

const REFUSED = [
	["body of nobody", () => textField(undefined, "body")],
	["blank body", () => textField({ body: "  " }, "body")],
	["body with NUL", () => textField({ body: "a\0b" }, "body")],
	["body of a wrong type", () => textField({ body: 1 }, "body")],
	["long body", () => textField({ body: "x".repeat(4001) }, "body")],
	["capital letters in a username", () => textField({ username: "Ada" }, "username")],
	["short password", () => textField({ password: "short" }, "password")],
	["id 0", () => idParameter("0", "room")],
	["id beyond bigint", () => idParameter("9223372036854775808", "room")],
	["repeated id", () => idParameter(["1", "2"], "room")],
	["limit 0", () => limitParameter("0")],
	["limit 101", () => limitParameter("101")],
];

for (const [title, call] of REFUSED)
	test(`${title} is a 400`, () => assert.throws(call, { status: 400 }));

test("good values come back as they are", () => {
	assert.equal(textField({ body: " hi " }, "body"), " hi ");
	assert.equal(idParameter("9223372036854775807", "room"), "9223372036854775807");
	assert.equal(limitParameter("100"), 100);
	assert.equal(limitParameter(undefined), 50);
});
