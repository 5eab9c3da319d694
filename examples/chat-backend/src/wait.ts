// SPDX-License-Identifier: Apache-2.0
// Checks the configuration, then waits until PostgreSQL and Redis accept connections:
// node dist/wait.js. It imports next to nothing, because it runs before every start.
import { connect } from "node:net";
import { loadConfig } from "./config.js";

const TRIES = 300;
const PAUSE_MS = 100;
const CONNECT_TIMEOUT_MS = 1_000;

function tryConnect(host: string, port: number): Promise<string | undefined> {
	return new Promise((resolve) => {
		const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
		const finish = (problem?: string) => {
			socket.destroy();
			resolve(problem);
		};
		socket.on("connect", () => finish());
		socket.on("timeout", () => finish("timed out"));
		socket.on("error", (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
	});
}

async function waitFor(name: string, address: string, defaultPort: number): Promise<void> {
	const url = new URL(address);
	/* An IPv6 address stands in brackets in a URL, and nowhere else. */
	const host = url.hostname.replace(/^\[|\]$/g, "");
	const port = Number(url.port || defaultPort);
	let problem: string | undefined;
	for (let i = 0; i < TRIES; i++) {
		problem = await tryConnect(host, port);
		if (problem === undefined)
			return;
		if (i === 0)
			console.error(`waiting for ${name} at ${host}:${port} (${problem})`);
		await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
	}
	throw new Error(`${name} at ${host}:${port} does not answer after ${TRIES} tries: ${problem}`);
}

try {
	const { databaseUrl, redisUrl } = loadConfig(process.env);
	await Promise.all([
		waitFor("PostgreSQL", databaseUrl, 5432),
		waitFor("Redis", redisUrl, 6379),
	]);
} catch (error) {
	console.error((error as Error).message);
	process.exit(1);
}
