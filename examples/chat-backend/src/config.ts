// SPDX-License-Identifier: Apache-2.0
// The nine required variables: read once, checked together, typed.

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
	nodeEnv: string;
	port: number;
	databaseUrl: string;
	redisUrl: string;
	jwtSecret: string;
	/** A number and a unit, as in "15m" or "1h". */
	jwtExpiresIn: string;
	/** Origins allowed to call from a browser; "*" allows all. */
	corsOrigins: string[];
	logLevel: LogLevel;
	runMigrations: boolean;
}

/** Says what a good value looks like, or accepts the value by returning nothing. */
type Check = (value: string) => string | undefined;

const matches = (pattern: RegExp, wanted: string): Check => (value) =>
	pattern.test(value) ? undefined : wanted;

const oneOf = (...values: readonly string[]): Check => (value) =>
	values.includes(value) ? undefined : `one of ${values.join(", ")}`;

const url = (...protocols: string[]): Check => (value) => {
	const wanted = `a URL that starts with ${protocols.join(" or ")}//`;
	return URL.canParse(value) && protocols.includes(new URL(value).protocol) ? undefined : wanted;
};

const port: Check = (value) =>
	/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65535
		? undefined
		: "a port number from 1 to 65535";

/* Values are never repeated in a message: two of them are secrets. */
const CHECKS = {
	NODE_ENV: oneOf("development", "test", "production"),
	PORT: port,
	DATABASE_URL: url("postgres:", "postgresql:"),
	REDIS_URL: url("redis:", "rediss:"),
	JWT_SECRET: matches(/^.{32,}$/s, "at least 32 characters"),
	JWT_EXPIRES_IN: matches(/^[1-9]\d{0,5}[smhd]$/, "a number and a unit (s, m, h, d), as in 1h"),
	CORS_ORIGIN: matches(/^(\*|https?:\/\/[^\s,/]+(,https?:\/\/[^\s,/]+)*)$/,
		"* or origins separated by commas, as in https://chat.example.com"),
	LOG_LEVEL: oneOf(...LOG_LEVELS),
	RUN_MIGRATIONS: oneOf("true", "false"),
} satisfies Record<string, Check>;

type Name = keyof typeof CHECKS;

export class ConfigError extends Error {}

/** Reads the configuration; throws one ConfigError that lists everything wrong. */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
	const problems: string[] = [];
	const read = (name: Name): string => {
		const value = env[name]?.trim() ?? "";
		const wanted = CHECKS[name](value);
		if (value === "")
			problems.push(`${name} is missing`);
		else if (wanted !== undefined)
			problems.push(`${name} must be ${wanted}`);
		return value;
	};
	const config: Config = {
		nodeEnv: read("NODE_ENV"),
		port: Number(read("PORT")),
		databaseUrl: read("DATABASE_URL"),
		redisUrl: read("REDIS_URL"),
		jwtSecret: read("JWT_SECRET"),
		jwtExpiresIn: read("JWT_EXPIRES_IN"),
		corsOrigins: read("CORS_ORIGIN").split(","),
		logLevel: read("LOG_LEVEL") as LogLevel,
		runMigrations: read("RUN_MIGRATIONS") === "true",
	};
	if (problems.length > 0)
		throw new ConfigError(`configuration: ${problems.join("; ")}`);
	return config;
}
