// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { loadConfig } from "../dist/config.js";

const GOOD = {
	NODE_ENV: "production",
	PORT: "3000",
	DATABASE_URL: "postgres://chat:secret@postgres:5432/chat",
	REDIS_URL: "redis://redis:6379",
	JWT_SECRET: "0123456789abcdef0123456789abcdef",
	JWT_EXPIRES_IN: "15m",
	CORS_ORIGIN: "https://a.example,https://b.example",
	LOG_LEVEL: "info",
	RUN_MIGRATIONS: "true",
};

const BAD = [
	["NODE_ENV", "prod"],
	["PORT", "0"],
	["PORT", "65536"],
	["PORT", "3000x"],
	["DATABASE_URL", "mysql://chat@db/chat"],
	["REDIS_URL", "redis"],
	["JWT_SECRET", "too short"],
	["JWT_EXPIRES_IN", "15"],
	["CORS_ORIGIN", "chat.example"],
	["LOG_LEVEL", "verbose"],
	["RUN_MIGRATIONS", "yes"],
];

test("nine good variables", () => {
	const config = loadConfig(GOOD);
	assert.equal(config.port, 3000);
	assert.deepEqual(config.corsOrigins, ["https://a.example", "https://b.example"]);
	assert.equal(config.runMigrations, true);
});

test("one message lists everything that is missing", () => {
	assert.throws(() => loadConfig({}), (error) => {
		for (const name of Object.keys(GOOD))
			assert.match(error.message, new RegExp(`${name} is missing`));
		return true;
	});
});

for (const [name, value] of BAD) {
	test(`${name}=${value} is refused and not repeated`, () => {
		assert.throws(() => loadConfig({ ...GOOD, [name]: value }), (error) =>
			error.message.startsWith(`configuration: ${name} must be `) &&
			!error.message.endsWith(value));
	});
}
