// SPDX-License-Identifier: Apache-2.0
// The Redis client: pages of messages and request counters. Redis is never needed
// to answer correctly, so every function here survives its absence.
import { createClient } from "@redis/client";
import { withDeadline } from "./deadline.js";
import type { Log } from "./log.js";

const COMMAND_TIMEOUT_MS = 500;
const PING_TIMEOUT_MS = 1_000;
const RECONNECT_MAX_MS = 1_000;
const PAGE_TTL_S = 30;

function connect(url: string) {
	return createClient({
		url,
		/* Fail at once while disconnected rather than queue without bound. */
		disableOfflineQueue: true,
		socket: {
			connectTimeout: 2_000,
			reconnectStrategy: (tries) => Math.min(50 * 2 ** tries, RECONNECT_MAX_MS),
		},
	});
}

/** What a reader of a page needs to store the page it then reads elsewhere. */
export interface PageLookup {
	page: string | undefined;
	/** Pages are stored under the version seen before reading; undefined: do not store. */
	version: string | undefined;
}

export class Cache {
	readonly #client: ReturnType<typeof connect>;
	readonly #log: Log;
	#down = false;

	constructor(url: string, log: Log) {
		this.#log = log;
		this.#client = connect(url);
		/* One line per outage, not one per attempt to reconnect. */
		this.#client.on("error", (error) => {
			if (!this.#down)
				log.warn("redis connection lost", { error });
			this.#down = true;
		});
		this.#client.on("ready", () => {
			log.info("redis connected");
			this.#down = false;
		});
	}

	/** Starts connecting; does not wait, because the service can answer without. */
	open(): void {
		this.#client.connect().catch((error) =>
			this.#log.warn("redis client stopped", { error }));
	}

	async ping(): Promise<void> {
		await withDeadline(PING_TIMEOUT_MS, this.#client.ping());
	}

	close(): void {
		this.#client.destroy();
	}

	/** undefined when Redis does not answer. */
	async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
		try {
			return await withDeadline(COMMAND_TIMEOUT_MS, work());
		} catch (error) {
			this.#log.debug("redis command failed", { error });
			return undefined;
		}
	}

	/*
	 * A room's newest page is stored under the room's version, which every new
	 * message raises. A reader asks for the version first, so a page read before a
	 * message was committed lands under a version that nobody asks for again. If
	 * Redis is away when a version should rise, a page is stale for PAGE_TTL_S at most.
	 */
	async findNewestPage(roomId: string): Promise<PageLookup> {
		const version = await this.#attempt(async () =>
			(await this.#client.get(`room:${roomId}:version`)) ?? "0");
		if (version === undefined)
			return { page: undefined, version };
		const page = await this.#attempt(() =>
			this.#client.get(`room:${roomId}:newest:${version}`));
		return { page: page ?? undefined, version };
	}

	async storeNewestPage(roomId: string, version: string, page: string): Promise<void> {
		await this.#attempt(() => this.#client.set(`room:${roomId}:newest:${version}`, page,
			{ expiration: { type: "EX", value: PAGE_TTL_S } }));
	}

	async forgetNewestPage(roomId: string): Promise<void> {
		await this.#attempt(() => this.#client.incr(`room:${roomId}:version`));
	}

	/** Counts an event in a fixed window; undefined when Redis does not answer. */
	async count(key: string, windowSeconds: number): Promise<number | undefined> {
		const replies = await this.#attempt(() => this.#client.multi()
			.incr(`rate:${key}`).expire(`rate:${key}`, windowSeconds, "NX").exec());
		return replies === undefined ? undefined : Number(replies[0]);
	}
}
