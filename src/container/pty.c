/* SPDX-License-Identifier: Apache-2.0 */
/* A pseudo terminal for an attached container; its other end is opened by no path. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "container/container.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

int container_open_pty(unsigned rows, unsigned columns, int *ret_master, int *ret_slave,
		       struct error **err)
{
	struct winsize size = {
		.ws_row = (unsigned short)(rows > UINT16_MAX ? UINT16_MAX : rows),
		.ws_col = (unsigned short)(columns > UINT16_MAX ? UINT16_MAX : columns),
	};
	CLEANUP_FD int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || unlockpt(master) < 0)
		return error_errno(err, "open a pseudo terminal");
	CLEANUP_FD int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (slave < 0)
		return error_errno(err, "open the other end of a pseudo terminal");
	/* Before the program runs, so that its first question about the size is answered. */
	if (rows && columns && ioctl(master, TIOCSWINSZ, &size) < 0)
		return error_errno(err, "set the size of a pseudo terminal");
	*ret_master = STEAL_FD(&master);
	*ret_slave = STEAL_FD(&slave);
	return 0;
}
