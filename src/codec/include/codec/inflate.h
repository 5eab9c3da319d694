/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression of streams, by content and not by name: gzip (several members), zstd, xz, bzip2,
 * plain. In process always: no program of the host or the image is run (CVE-2026-41567).
 */
#ifndef CODEC_INFLATE_H
#define CODEC_INFLATE_H

#include "codec/tar.h"

enum compression {
	COMPRESSION_NONE,
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
	COMPRESSION_XZ,
	COMPRESSION_BZIP2,
};

/** compression_detect() - From the first bytes (six suffice) */
enum compression compression_detect(str head);

struct inflater;

/**
 * inflater_new() - A source of plain bytes over @source
 * @ret: freed by inflater_free(); read with inflater_source()
 * Return: 0, -ERR_* of the source (it is read up to the magic number)
 */
int inflater_new(struct byte_source source, struct inflater **ret, struct error **err);
struct byte_source inflater_source(struct inflater *f);
enum compression inflater_compression(const struct inflater *f);
void inflater_free(struct inflater *f);
DEFINE_CLEANUP(inflater, inflater_free);

/** fd_source() - Bytes of a descriptor; @fd must outlive it */
struct byte_source fd_source(const int *fd);

#endif
