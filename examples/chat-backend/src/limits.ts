// SPDX-License-Identifier: Apache-2.0
// Request rates, counted in Redis so that all replicas share one count.
import type { Request, RequestHandler, Response } from "express";
import { currentUser } from "./auth.js";
import type { Cache } from "./cache.js";
import { HttpError } from "./errors.js";

export interface RateRule {
	name: string;
	max: number;
	windowSeconds: number;
	/** Whom to count. */
	subject: (request: Request, response: Response) => string;
}

const byAddress = (request: Request): string => request.ip ?? "unknown";
const byUser = (_: Request, response: Response): string => currentUser(response).id;

export const RATE_RULES = {
	credentials: { name: "credentials", max: 30, windowSeconds: 60, subject: byAddress },
	messages: { name: "messages", max: 120, windowSeconds: 60, subject: byUser },
} satisfies Record<string, RateRule>;

/** Without Redis nothing is counted: an outage of the counter must not be one of the service. */
export function limitRate(cache: Cache, rule: RateRule): RequestHandler {
	return async (request, response, next) => {
		const key = `${rule.name}:${rule.subject(request, response)}`;
		const count = await cache.count(key, rule.windowSeconds);
		if (count !== undefined) {
			response.set("X-RateLimit-Limit", String(rule.max));
			response.set("X-RateLimit-Remaining", String(Math.max(0, rule.max - count)));
		}
		if (count !== undefined && count > rule.max) {
			response.set("Retry-After", String(rule.windowSeconds));
			throw new HttpError(429, `too many requests: ${rule.max} in ${rule.windowSeconds} s`);
		}
		next();
	};
}
