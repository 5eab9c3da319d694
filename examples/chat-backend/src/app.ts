// SPDX-License-Identifier: Apache-2.0
// The HTTP application: what every request passes through, and the routes.
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import type { Tokens } from "./auth.js";
import type { Cache } from "./cache.js";
import type { Database } from "./database.js";
import { HttpError } from "./errors.js";
import type { Log } from "./log.js";
import { authRoutes } from "./routes/auth.js";
import { healthRoutes, type Health } from "./routes/health.js";
import { roomRoutes } from "./routes/rooms.js";

export interface Parts {
	database: Database;
	cache: Cache;
	tokens: Tokens;
	health: Health;
	corsOrigins: string[];
	log: Log;
}

function logRequests(log: Log): RequestHandler {
	return (request, response, next) => {
		const start = performance.now();
		response.on("finish", () => {
			/* Probes come all day long. */
			const level = request.originalUrl.startsWith("/health") ? "debug" : "info";
			log[level]("request", { method: request.method, path: request.originalUrl.split("?")[0],
				status: response.statusCode, ms: Math.round(performance.now() - start) });
		});
		next();
	};
}

function allowOrigins(origins: string[]): RequestHandler {
	return (request, response, next) => {
		const origin = request.get("origin");
		response.vary("Origin");
		if (origin !== undefined && (origins.includes("*") || origins.includes(origin)))
			response.set("Access-Control-Allow-Origin", origin);
		if (request.method !== "OPTIONS")
			return next();
		response.set("Access-Control-Allow-Methods", "GET, POST");
		response.set("Access-Control-Allow-Headers", "Authorization, Content-Type");
		response.set("Access-Control-Max-Age", "600");
		response.status(204).end();
	};
}

/** Errors with a status are for the client; all others are ours and stay in the log. */
function answerErrors(log: Log): ErrorRequestHandler {
	return (error, request, response, next) => {
		const status: number = typeof error?.status === "number" ? error.status : 500;
		if (status >= 500)
			log.error("request failed", { method: request.method, path: request.path, error });
		if (response.headersSent)
			return next(error);
		response.status(status).json({ error: status >= 500 ? "internal error" : error.message });
	};
}

export function createApp(parts: Parts): Express {
	const { database, cache, tokens, health, log } = parts;
	const app = express();
	app.disable("x-powered-by");
	app.use(logRequests(log));
	app.use("/health", healthRoutes(health));
	app.use(allowOrigins(parts.corsOrigins));
	app.use(express.json({ limit: "16kb" }));
	app.use("/api/auth", authRoutes(database, cache, tokens));
	app.use("/api/rooms", roomRoutes(database, cache, tokens));
	app.use((request) => {
		throw new HttpError(404, `${request.method} ${request.path} does not exist`);
	});
	app.use(answerErrors(log));
	return app;
}
