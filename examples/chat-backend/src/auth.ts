// SPDX-License-Identifier: Apache-2.0
// Passwords (scrypt) and login tokens (JWT, HS256).
import { randomBytes, scrypt as scryptCallback, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { RequestHandler, Response } from "express";
import { jwtVerify, SignJWT } from "jose";
import { HttpError } from "./errors.js";

const scrypt = promisify<Buffer, Buffer, number, object, Buffer>(scryptCallback);

/* About 50 ms and 16 MB for each hash. */
const COST = { N: 2 ** 14, r: 8, p: 1 };
const KEY_BYTES = 32;
const ISSUER = "chat-backend";

export interface User {
	id: string;
	username: string;
}

/** "scrypt$N$salt$key", so that the cost can be raised later. */
function encode(cost: number, salt: Buffer, key: Buffer): string {
	return ["scrypt", cost, salt.toString("base64"), key.toString("base64")].join("$");
}

export async function hashPassword(password: string): Promise<string> {
	const salt = randomBytes(16);
	return encode(COST.N, salt, await scrypt(Buffer.from(password), salt, KEY_BYTES, COST));
}

/* What a login of nobody is compared with, so that it takes as long as any other. */
const NOBODY = encode(COST.N, Buffer.alloc(16), Buffer.alloc(KEY_BYTES));

export async function verifyPassword(password: string, stored = NOBODY): Promise<boolean> {
	const [, cost, salt, key] = stored.split("$");
	const expected = Buffer.from(key ?? "", "base64");
	const actual = await scrypt(Buffer.from(password), Buffer.from(salt ?? "", "base64"),
		KEY_BYTES, { ...COST, N: Number(cost) });
	return expected.length === actual.length && timingSafeEqual(expected, actual);
}

export class Tokens {
	readonly #key: Uint8Array;
	readonly expiresIn: string;

	constructor(secret: string, expiresIn: string) {
		this.#key = new TextEncoder().encode(secret);
		this.expiresIn = expiresIn;
	}

	issue(user: User): Promise<string> {
		return new SignJWT({ username: user.username })
			.setProtectedHeader({ alg: "HS256" })
			.setSubject(user.id)
			.setIssuer(ISSUER)
			.setIssuedAt()
			.setExpirationTime(this.expiresIn)
			.sign(this.#key);
	}

	async verify(token: string): Promise<User> {
		try {
			const { payload } = await jwtVerify(token, this.#key,
				{ algorithms: ["HS256"], issuer: ISSUER, requiredClaims: ["sub", "exp"] });
			return { id: String(payload.sub), username: String(payload["username"]) };
		} catch (error) {
			throw new HttpError(401, `token: ${(error as Error).message}`);
		}
	}
}

/** Lets a request through only with a valid bearer token; see currentUser(). */
export function requireUser(tokens: Tokens): RequestHandler {
	return async (request, response, next) => {
		const [, token] = /^Bearer (\S+)$/i.exec(request.get("authorization") ?? "") ?? [];
		if (token === undefined)
			throw new HttpError(401, "authorization: a bearer token is required");
		response.locals["user"] = await tokens.verify(token);
		next();
	};
}

export function currentUser(response: Response): User {
	return response.locals["user"] as User;
}
