// SPDX-License-Identifier: Apache-2.0
// Knows which connections carry a request, so that a stop can end all others at once.
import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * Returns a function that stops listening, ends every connection as soon as it carries
 * no request, and calls back when none is left.
 *
 * Server.close() by itself waits for connections that were opened and never used, which
 * browsers keep in reserve, for requests whose head never completes, and for the
 * keep-alive time of a connection that was busy at the moment of the call.
 */
export function prepareClose(server: Server): (done: () => void) => void {
	const open = new Set<Socket>();
	const busy = new Map<Socket, ServerResponse>();
	let closing = false;

	server.on("connection", (socket: Socket) => {
		open.add(socket);
		socket.on("close", () => open.delete(socket));
	});
	/* Before the application, which may have answered when the next listener runs. */
	server.prependListener("request", ({ socket }, response) => {
		busy.set(socket, response);
		response.on("close", () => {
			busy.delete(socket);
			if (closing)
				socket.destroySoon();
		});
	});

	return (done) => {
		closing = true;
		server.close(done);
		for (const socket of open) {
			const response = busy.get(socket);
			if (response === undefined)
				socket.destroy();
			else if (!response.headersSent)
				response.setHeader("Connection", "close");
		}
	};
}
