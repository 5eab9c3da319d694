// SPDX-License-Identifier: Apache-2.0
// Checks of everything a client sends. Each returns a typed value or throws a 400.
import { HttpError } from "./errors.js";

interface TextRule {
	min: number;
	max: number;
	pattern?: RegExp;
}

const TEXT_RULES = {
	username: { min: 3, max: 32, pattern: /^[a-z0-9_-]+$/ },
	password: { min: 10, max: 200 },
	name: { min: 1, max: 64, pattern: /^\S(.*\S)?$/ },
	body: { min: 1, max: 4_000, pattern: /\S/ },
} satisfies Record<string, TextRule>;

const MAX_ID = 9_223_372_036_854_775_807n;
export const PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 100;

export function textField(source: unknown, name: keyof typeof TEXT_RULES): string {
	const { min, max, pattern }: TextRule = TEXT_RULES[name];
	const value = typeof source === "object" && source !== null
		? (source as Record<string, unknown>)[name] : undefined;
	if (typeof value !== "string")
		throw new HttpError(400, `${name}: a string is required`);
	if (value.length < min || value.length > max)
		throw new HttpError(400, `${name}: must have ${min} to ${max} characters`);
	/* PostgreSQL has no text with a NUL in it. */
	if (value.includes("\0") || (pattern && !pattern.test(value)))
		throw new HttpError(400, `${name}: contains characters that are not allowed`);
	return value;
}

/** A bigint key, kept as its decimal text: it does not fit a JavaScript number. */
export function idParameter(value: unknown, name: string): string {
	if (typeof value !== "string" || !/^[1-9]\d{0,18}$/.test(value) || BigInt(value) > MAX_ID)
		throw new HttpError(400, `${name}: must be a positive whole number`);
	return value;
}

/** The optional cursor of a page. */
export function cursorParameter(value: unknown, name: string): string | undefined {
	return value === undefined ? undefined : idParameter(value, name);
}

export function limitParameter(value: unknown): number {
	if (value === undefined)
		return PAGE_SIZE;
	const limit = typeof value === "string" && /^\d{1,3}$/.test(value) ? Number(value) : 0;
	if (limit < 1 || limit > MAX_PAGE_SIZE)
		throw new HttpError(400, `limit: must be from 1 to ${MAX_PAGE_SIZE}`);
	return limit;
}
