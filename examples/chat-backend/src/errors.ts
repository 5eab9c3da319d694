// SPDX-License-Identifier: Apache-2.0
// Errors that are an answer to the client.

export class HttpError extends Error {
	constructor(readonly status: number, message: string) {
		super(message);
	}
}
