// SPDX-License-Identifier: Apache-2.0
// Bounds how long an answer is waited for.

/** Settles like `work`, or rejects after `ms` milliseconds. */
export async function withDeadline<T>(ms: number, work: Promise<T>): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
	});
	try {
		return await Promise.race([work, late]);
	} finally {
		clearTimeout(timer);
	}
}
