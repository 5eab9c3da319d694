/* SPDX-License-Identifier: Apache-2.0 */
/* The short form of mounts. */
#include "mount.h"

bool compose_mount_split(str text, struct mount_parts *ret_parts)
{
	str rest = text, pieces[3] = { { NULL, 0 } };
	size_t count = 0;

	while (rest.ptr) {
		if (count == 3)
			return false;
		(void)str_cut(&rest, ':', &pieces[count++]); /* rest is not empty */
	}
	*ret_parts = (struct mount_parts){ .target = pieces[0] };
	if (count > 1)
		*ret_parts = (struct mount_parts){ pieces[0], pieces[1], pieces[2] };
	return ret_parts->target.len > 0 && (count == 1 || ret_parts->source.len > 0);
}
