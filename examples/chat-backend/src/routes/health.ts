// SPDX-License-Identifier: Apache-2.0
// GET /health: the process lives. GET /health/ready: it can serve, because
// PostgreSQL and Redis answered just now and no shutdown has begun.
import { Router } from "express";

export interface Health {
	version: string;
	/** False from the first moment of a shutdown. */
	isServing: () => boolean;
	/** Each settles within about a second. */
	dependencies: Record<string, () => Promise<void>>;
}

async function check(ping: () => Promise<void>): Promise<string> {
	try {
		await ping();
		return "ok";
	} catch (error) {
		const { message, code } = error as NodeJS.ErrnoException;
		return message || code || "failed";
	}
}

export function healthRoutes(health: Health): Router {
	const router = Router();
	router.use((_, response, next) => {
		response.set("Cache-Control", "no-store");
		next();
	});

	router.get("/", (_, response) => {
		response.json({ status: "ok", version: health.version,
			uptime_s: Math.round(process.uptime() * 10) / 10 });
	});

	router.get("/ready", async (_, response) => {
		const names = Object.keys(health.dependencies);
		const results = await Promise.all(Object.values(health.dependencies).map(check));
		const failed = names.filter((_name, i) => results[i] !== "ok");
		const ready = health.isServing() && failed.length === 0;
		response.status(ready ? 200 : 503).json({
			status: ready ? "ready" : health.isServing() ? "unavailable" : "stopping",
			failed,
			dependencies: Object.fromEntries(names.map((name, i) => [name, results[i]])),
		});
	});

	return router;
}
