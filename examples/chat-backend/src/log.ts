// SPDX-License-Identifier: Apache-2.0
// One JSON object per line on stdout.
import { LOG_LEVELS, type LogLevel } from "./config.js";

export type Fields = Record<string, unknown>;
export type Log = Record<LogLevel, (message: string, fields?: Fields) => void>;

/** An Error keeps its message, code and cause; stacks belong to level debug. */
function plain(value: unknown, withStack: boolean): unknown {
	if (!(value instanceof Error))
		return value;
	const { code } = value as NodeJS.ErrnoException;
	/* An AggregateError (a host with several addresses) has no message of its own. */
	const message = value instanceof AggregateError
		? value.errors.map(String).join("; ") : value.message;
	return { message, code, cause: plain(value.cause, false),
		stack: withStack ? value.stack : undefined };
}

const toStdout = (line: string): void => void process.stdout.write(line);

export function createLog(level: LogLevel, write = toStdout): Log {
	const lowest = LOG_LEVELS.indexOf(level);
	const at = (name: LogLevel) => (message: string, fields: Fields = {}): void => {
		if (LOG_LEVELS.indexOf(name) < lowest)
			return;
		const entries = Object.entries(fields).map(([k, v]) => [k, plain(v, level === "debug")]);
		write(JSON.stringify({ time: new Date().toISOString(), level: name, message,
			...Object.fromEntries(entries) }) + "\n");
	};
	return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
