// SPDX-License-Identifier: Apache-2.0
// Register, log in, and ask who one is.
import { Router } from "express";
import { currentUser, hashPassword, requireUser, verifyPassword, type Tokens } from "../auth.js";
import type { Cache } from "../cache.js";
import { sqlState, UNIQUE_VIOLATION, type Database } from "../database.js";
import { HttpError } from "../errors.js";
import { limitRate, RATE_RULES } from "../limits.js";
import { textField } from "../validate.js";

export function authRoutes(database: Database, cache: Cache, tokens: Tokens): Router {
	const router = Router();
	const limited = limitRate(cache, RATE_RULES.credentials);

	router.post("/register", limited, async (request, response) => {
		const username = textField(request.body, "username");
		const hash = await hashPassword(textField(request.body, "password"));
		try {
			const { rows } = await database.query(
				"INSERT INTO users (username, password_hash) VALUES ($1, $2) RETURNING id, username",
				[username, hash]);
			response.status(201).json(rows[0]);
		} catch (error) {
			if (sqlState(error) === UNIQUE_VIOLATION)
				throw new HttpError(409, `username: '${username}' is taken`);
			throw error;
		}
	});

	router.post("/login", limited, async (request, response) => {
		const username = textField(request.body, "username");
		const password = textField(request.body, "password");
		const { rows } = await database.query(
			"SELECT id, username, password_hash FROM users WHERE username = $1", [username]);
		const user = rows[0];
		if (!await verifyPassword(password, user?.password_hash) || user === undefined)
			throw new HttpError(401, "username or password is wrong");
		const token = await tokens.issue(user);
		response.json({ token, expires_in: tokens.expiresIn });
	});

	router.get("/me", requireUser(tokens), (_, response) => {
		response.json(currentUser(response));
	});

	return router;
}
