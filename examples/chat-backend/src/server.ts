// SPDX-License-Identifier: Apache-2.0
// Starts the service and stops it gracefully.
import { readFileSync } from "node:fs";
import { createApp } from "./app.js";
import { Tokens } from "./auth.js";
import { Cache } from "./cache.js";
import { ConfigError, loadConfig } from "./config.js";
import { prepareClose } from "./connections.js";
import { openDatabase, pingDatabase } from "./database.js";
import { createLog } from "./log.js";

/* Below the ten seconds after which a container engine kills. */
const SHUTDOWN_TIMEOUT_MS = 8_000;

function readVersion(): string {
	const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
	return (JSON.parse(text) as { version: string }).version;
}

function start(): void {
	const config = loadConfig(process.env);
	const log = createLog(config.logLevel);
	const database = openDatabase(config.databaseUrl, log);
	const cache = new Cache(config.redisUrl, log);
	let serving = true;

	const app = createApp({
		database,
		cache,
		tokens: new Tokens(config.jwtSecret, config.jwtExpiresIn),
		health: {
			version: readVersion(),
			isServing: () => serving,
			dependencies: {
				postgres: () => pingDatabase(database),
				redis: () => cache.ping(),
			},
		},
		corsOrigins: config.corsOrigins,
		log,
	});

	if (config.jwtSecret.startsWith("development-only"))
		log.warn("JWT_SECRET is the public development value: set one of your own");
	cache.open();
	const server = app.listen(config.port, (error) => {
		if (error) {
			log.error("cannot listen", { port: config.port, error });
			process.exit(1);
		}
		log.info("listening", { port: config.port, node_env: config.nodeEnv,
			start_ms: Math.round(performance.now()) });
	});
	const closeServer = prepareClose(server);

	const stop = (signal: string): void => {
		if (!serving) {
			log.warn("second signal: exiting at once", { signal });
			process.exit(1);
		}
		serving = false;
		log.info("stopping", { signal });
		setTimeout(() => {
			log.error("requests did not end in time", { timeout_ms: SHUTDOWN_TIMEOUT_MS });
			process.exit(1);
		}, SHUTDOWN_TIMEOUT_MS).unref();
		closeServer(async () => {
			cache.close();
			await database.end();
			log.info("stopped");
			process.exit(0);
		});
	};
	process.on("SIGTERM", stop);
	process.on("SIGINT", stop);
}

try {
	start();
} catch (error) {
	if (!(error instanceof ConfigError))
		throw error;
	console.error(error.message);
	process.exit(1);
}
