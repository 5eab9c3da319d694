/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing and installing system call filters. */
#include "container/seccomp.h"

#include <assert.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seccomp_program.h"

void seccomp_default_filter(uint64_t capabilities, struct sock_fprog *ret_prog)
{
	static struct sock_filter insns[BPF_MAXINSNS];
	static const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct seccomp_program *program = &seccomp_default_program;

	assert(program->count <= BPF_MAXINSNS);
	memcpy(insns, program->insns, program->count * sizeof(insns[0]));
	for (size_t i = 0; i < program->patch_count; i++) {
		const struct seccomp_patch *patch = &program->patches[i];

		if (patch->capabilities & capabilities)
			insns[patch->index] = allow;
	}
	*ret_prog = (struct sock_fprog){ .len = (unsigned short)program->count, .filter = insns };
}

int seccomp_install(const struct sock_fprog *prog)
{
	/*
	 * By default a filter also turns off speculation for the process, which costs far more than
	 * the filter; the kernel's own mitigations stay (what all engines do).
	 */
	long r =
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, prog);

	if (r < 0 && errno == EINVAL)
		r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, prog);
	return r < 0 ? -errno : 0;
}
