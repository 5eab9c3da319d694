// SPDX-License-Identifier: Apache-2.0
// The PostgreSQL pool. It outlives outages: a broken connection is dropped and the
// next query opens a new one.
import pg from "pg";
import { withDeadline } from "./deadline.js";
import type { Log } from "./log.js";

const CONNECT_TIMEOUT_MS = 2_000;
const QUERY_TIMEOUT_MS = 5_000;
const PING_TIMEOUT_MS = 1_000;

export type Database = pg.Pool;

export function openDatabase(url: string, log: Log): Database {
	const pool = new pg.Pool({
		connectionString: url,
		max: 10,
		connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
		query_timeout: QUERY_TIMEOUT_MS,
		/* The server gives up as well, or it would go on for nobody. */
		statement_timeout: QUERY_TIMEOUT_MS,
		keepAlive: true,
		application_name: "chat-backend",
	});
	/* Without a listener the loss of an idle connection ends the process. */
	pool.on("error", (error) => log.warn("postgres connection lost", { error }));
	return pool;
}

export async function pingDatabase(pool: Database): Promise<void> {
	/* A timed-out query makes the pool discard its connection, so that a frozen
	 * server does not use up the pool one probe at a time. */
	const query = { text: "SELECT 1", query_timeout: PING_TIMEOUT_MS };
	await withDeadline(PING_TIMEOUT_MS + 100, pool.query(query));
}

/** SQLSTATE of a failed query, undefined for every other error. */
export function sqlState(error: unknown): string | undefined {
	return error instanceof pg.DatabaseError ? error.code : undefined;
}

export const UNIQUE_VIOLATION = "23505";
export const FOREIGN_KEY_VIOLATION = "23503";
