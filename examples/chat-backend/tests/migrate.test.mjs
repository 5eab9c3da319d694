// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { planMigrations } from "../dist/migrate.js";

const FILES = [
	{ name: "0001.sql", sql: "", sha256: "a" },
	{ name: "0002.sql", sql: "", sha256: "b" },
];

const PLANS = [
	{ applied: [], pending: ["0001.sql", "0002.sql"] },
	{ applied: [["0001.sql", "a"]], pending: ["0002.sql"] },
	{ applied: [["0001.sql", "a"], ["0002.sql", "b"]], pending: [] },
	/* A newer release has migrated further: an older replica has nothing to do. */
	{ applied: [["0001.sql", "a"], ["0002.sql", "b"], ["0003.sql", "c"]], pending: [] },
];

for (const { applied, pending } of PLANS) {
	test(`${applied.length} applied, ${pending.length} pending`, () => {
		const plan = planMigrations(FILES, new Map(applied));
		assert.deepEqual(plan.map(({ name }) => name), pending);
	});
}

test("a changed migration is refused", () => {
	assert.throws(() => planMigrations(FILES, new Map([["0001.sql", "z"]])), /0001.sql was changed/);
});

test("a migration that comes too late is refused", () => {
	assert.throws(() => planMigrations(FILES, new Map([["0002.sql", "b"]])), /0001.sql sorts before/);
});
