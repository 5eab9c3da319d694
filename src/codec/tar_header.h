/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 512-byte header block that reader and writer share (POSIX.1-2017 pax, "ustar Interchange
 * Format").
 */
#ifndef CODEC_TAR_HEADER_H
#define CODEC_TAR_HEADER_H

enum { TAR_BLOCK_SIZE = 512 };

struct tar_header {
	char name[100];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[8]; /* "ustar\0" "00", or "ustar  \0" for old GNU */
	char uname[32], gname[32];
	char major[8], minor[8];
	char prefix[155];
	char padding[12];
};

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK_SIZE, "a header is one block");

#endif
