// SPDX-License-Identifier: Apache-2.0
// Rooms and their messages. Every list is paged by key: the last id seen is the
// cursor of the next page, so that new rows never shift a page.
import { Router } from "express";
import { currentUser, requireUser, type Tokens } from "../auth.js";
import type { Cache } from "../cache.js";
import { FOREIGN_KEY_VIOLATION, sqlState, UNIQUE_VIOLATION, type Database } from "../database.js";
import { HttpError } from "../errors.js";
import { limitRate, RATE_RULES } from "../limits.js";
import { cursorParameter, idParameter, limitParameter, PAGE_SIZE, textField } from "../validate.js";

const LIST_ROOMS = `SELECT id, name, created_at FROM rooms
	WHERE $1::bigint IS NULL OR id > $1 ORDER BY id LIMIT $2`;

const LIST_MESSAGES = `SELECT m.id, u.username AS author, m.body, m.created_at
	FROM messages m JOIN users u ON u.id = m.author_id
	WHERE m.room_id = $1 AND ($2::bigint IS NULL OR m.id < $2)
	ORDER BY m.id DESC LIMIT $3`;

async function readPage(database: Database, roomId: string, before: string | undefined,
	limit: number) {
	const { rows } = await database.query(LIST_MESSAGES, [roomId, before ?? null, limit]);
	if (rows.length === 0) {
		const room = await database.query("SELECT 1 FROM rooms WHERE id = $1", [roomId]);
		if (room.rowCount === 0)
			throw new HttpError(404, `room ${roomId} does not exist`);
	}
	return { messages: rows, next_before: rows.length === limit ? rows.at(-1).id : null };
}

export function roomRoutes(database: Database, cache: Cache, tokens: Tokens): Router {
	const router = Router();
	const limited = limitRate(cache, RATE_RULES.messages);
	router.use(requireUser(tokens));

	router.get("/", async (request, response) => {
		const limit = limitParameter(request.query["limit"]);
		const after = cursorParameter(request.query["after"], "after");
		const { rows } = await database.query(LIST_ROOMS, [after ?? null, limit]);
		response.json({ rooms: rows, next_after: rows.length === limit ? rows.at(-1).id : null });
	});

	router.post("/", async (request, response) => {
		const name = textField(request.body, "name");
		try {
			const { rows } = await database.query(
				"INSERT INTO rooms (name, created_by) VALUES ($1, $2) RETURNING id, name, created_at",
				[name, currentUser(response).id]);
			response.status(201).json(rows[0]);
		} catch (error) {
			if (sqlState(error) === UNIQUE_VIOLATION)
				throw new HttpError(409, `room '${name}' exists already`);
			throw error;
		}
	});

	router.get("/:room/messages", async (request, response) => {
		const roomId = idParameter(request.params.room, "room");
		const limit = limitParameter(request.query["limit"]);
		const before = cursorParameter(request.query["before"], "before");
		/* Only the page that everybody opens first is worth caching. */
		const newest = before === undefined && limit === PAGE_SIZE;
		const { page, version } = newest ? await cache.findNewestPage(roomId)
			: { page: undefined, version: undefined };
		response.type("json");
		if (page !== undefined) {
			response.set("X-Cache", "hit").send(page);
			return;
		}
		const text = JSON.stringify(await readPage(database, roomId, before, limit));
		if (version !== undefined)
			await cache.storeNewestPage(roomId, version, text);
		response.set("X-Cache", version === undefined ? "bypass" : "miss").send(text);
	});

	router.post("/:room/messages", limited, async (request, response) => {
		const roomId = idParameter(request.params["room"], "room");
		const body = textField(request.body, "body");
		const author = currentUser(response);
		try {
			const { rows } = await database.query(
				`INSERT INTO messages (room_id, author_id, body) VALUES ($1, $2, $3)
				RETURNING id, body, created_at`, [roomId, author.id, body]);
			await cache.forgetNewestPage(roomId);
			response.status(201).json({ ...rows[0], author: author.username });
		} catch (error) {
			if (sqlState(error) === FOREIGN_KEY_VIOLATION)
				throw new HttpError(404, `room ${roomId} does not exist`);
			throw error;
		}
	});

	return router;
}
