// SPDX-License-Identifier: Apache-2.0
// Applies migrations/*.sql in the order of their names, each once and in a
// transaction of its own: node dist/migrate.js
//
// An advisory lock lets any number of replicas start together: one migrates, the
// others wait and then find nothing to do. The lock dies with its connection.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { createLog, type Log } from "./log.js";

/* Any constant that nobody else in this database uses: "chat" in ASCII. */
const LOCK_KEY = 0x63686174;

const CONNECT_TRIES = 300;
const CONNECT_PAUSE_MS = 100;
const CONNECT_TIMEOUT_MS = 5_000;
/* SQLSTATE of "the database system is starting up". */
const CANNOT_CONNECT_NOW = "57P03";

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS schema_migrations (
	name       text PRIMARY KEY,
	sha256     text NOT NULL,
	applied_at timestamptz NOT NULL DEFAULT now()
)`;

export interface Migration {
	name: string;
	sql: string;
	sha256: string;
}

export function readMigrations(directory: string): Migration[] {
	return readdirSync(directory).filter((name) => name.endsWith(".sql")).sort().map((name) => {
		const sql = readFileSync(`${directory}/${name}`, "utf8");
		return { name, sql, sha256: createHash("sha256").update(sql).digest("hex") };
	});
}

/** What is still to be applied; throws when history and files disagree. */
export function planMigrations(files: Migration[], applied: Map<string, string>): Migration[] {
	for (const { name, sha256 } of files) {
		const recorded = applied.get(name);
		if (recorded !== undefined && recorded !== sha256)
			throw new Error(`${name} was changed after it was applied: add a new migration instead`);
	}
	const pending = files.filter(({ name }) => !applied.has(name));
	const last = [...applied.keys()].sort().at(-1) ?? "";
	for (const { name } of pending) {
		if (name < last)
			throw new Error(`${name} sorts before ${last}, which is applied already: rename it`);
	}
	return pending;
}

async function apply(client: pg.Client, { name, sql, sha256 }: Migration): Promise<void> {
	try {
		await client.query("BEGIN");
		await client.query(sql);
		await client.query("INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)",
			[name, sha256]);
		await client.query("COMMIT");
	} catch (error) {
		await client.query("ROLLBACK");
		throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
	}
}

async function migrate(client: pg.Client, files: Migration[], log: Log): Promise<void> {
	await client.query("SELECT pg_advisory_lock($1)", [LOCK_KEY]);
	await client.query("SET client_min_messages = warning");
	await client.query(CREATE_TABLE);
	const { rows } = await client.query("SELECT name, sha256 FROM schema_migrations");
	const pending = planMigrations(files, new Map(rows.map((row) => [row.name, row.sha256])));
	for (const migration of pending) {
		await apply(client, migration);
		log.info("migration applied", { name: migration.name });
	}
	log.info("migrations done", { applied: pending.length, total: files.length });
}

/** A server that still starts or recovers refuses sessions for a moment: not an error. */
async function connect(url: string): Promise<pg.Client> {
	for (let tries = CONNECT_TRIES; ; tries--) {
		const client = new pg.Client({ connectionString: url, application_name: "chat-backend migrate",
			connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
		try {
			await client.connect();
			return client;
		} catch (error) {
			if ((error as pg.DatabaseError).code !== CANNOT_CONNECT_NOW || tries === 1)
				throw error;
			await new Promise((resolve) => setTimeout(resolve, CONNECT_PAUSE_MS));
		}
	}
}

async function main(): Promise<void> {
	const log = createLog("info");
	const url = process.env["DATABASE_URL"];
	const directory = fileURLToPath(new URL("../migrations", import.meta.url));
	let client: pg.Client | undefined;
	try {
		if (!url)
			throw new Error("DATABASE_URL is missing");
		client = await connect(url);
		await migrate(client, readMigrations(directory), log);
	} catch (error) {
		log.error("migration failed", { error });
		process.exitCode = 1;
	} finally {
		await client?.end();
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url))
	await main();
