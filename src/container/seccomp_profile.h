/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default system call policy as data: what Docker's default profile allows, as of mid-2026.
 *
 * Read by the generator when firkin is built and by the tests; never at run time. What stands in no
 * table here gives EPERM; numbers above the newest call that the policy knows give ENOSYS, so that
 * a C library that tries a newer call falls back instead of failing.
 */
#ifndef CONTAINER_SECCOMP_PROFILE_H
#define CONTAINER_SECCOMP_PROFILE_H

#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>

#define CAP_BIT(capability) (UINT64_C(1) << (capability))

/* Largest number in the tables below (removexattrat, Linux 6.13), the same on all architectures. */
#define SECCOMP_NEWEST 466

/* Always allowed, sorted. Names that an architecture does not have are skipped there. */
/* clang-format off */
static const char *const seccomp_allowed[] = {
	"_llseek", "_newselect", "accept", "accept4", "access", "adjtimex", "alarm", "bind", "brk",
	"cachestat", "capget", "capset", "chdir", "chmod", "chown", "chown32", "clock_adjtime",
	"clock_adjtime64", "clock_getres", "clock_getres_time64", "clock_gettime",
	"clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "close", "close_range",
	"connect", "copy_file_range", "creat", "dup", "dup2", "dup3", "epoll_create",
	"epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2", "epoll_wait",
	"epoll_wait_old", "eventfd", "eventfd2", "execve", "execveat", "exit", "exit_group",
	"faccessat", "faccessat2", "fadvise64", "fadvise64_64", "fallocate", "fanotify_mark",
	"fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchown32", "fchownat", "fcntl",
	"fcntl64", "fdatasync", "fgetxattr", "flistxattr", "flock", "fork", "fremovexattr",
	"fsetxattr", "fstat", "fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate",
	"ftruncate64", "futex", "futex_requeue", "futex_time64", "futex_wait", "futex_waitv",
	"futex_wake", "futimesat", "get_robust_list", "get_thread_area", "getcpu", "getcwd",
	"getdents", "getdents64", "getegid", "getegid32", "geteuid", "geteuid32", "getgid",
	"getgid32", "getgroups", "getgroups32", "getitimer", "getpeername", "getpgid", "getpgrp",
	"getpid", "getppid", "getpriority", "getrandom", "getresgid", "getresgid32", "getresuid",
	"getresuid32", "getrlimit", "getrusage", "getsid", "getsockname", "getsockopt", "gettid",
	"gettimeofday", "getuid", "getuid32", "getxattr", "getxattrat", "inotify_add_watch",
	"inotify_init", "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy",
	"io_getevents", "io_pgetevents", "io_pgetevents_time64", "io_setup", "io_submit", "ioctl",
	"ioprio_get", "ioprio_set", "ipc", "kill", "landlock_add_rule", "landlock_create_ruleset",
	"landlock_restrict_self", "lchown", "lchown32", "lgetxattr", "link", "linkat", "listen",
	"listmount", "listxattr", "listxattrat", "llistxattr", "lremovexattr", "lseek", "lsetxattr",
	"lstat", "lstat64", "madvise", "map_shadow_stack", "membarrier", "memfd_create",
	"memfd_secret", "mincore", "mkdir", "mkdirat", "mknod", "mknodat", "mlock", "mlock2",
	"mlockall", "mmap", "mmap2", "mprotect", "mq_getsetattr", "mq_notify", "mq_open",
	"mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend", "mq_timedsend_time64",
	"mq_unlink", "mremap", "mseal", "msgctl", "msgget", "msgrcv", "msgsnd", "msync", "munlock",
	"munlockall", "munmap", "name_to_handle_at", "nanosleep", "newfstatat", "open", "openat",
	"openat2", "pause", "pidfd_open", "pidfd_send_signal", "pipe", "pipe2", "pkey_alloc",
	"pkey_free", "pkey_mprotect", "poll", "ppoll", "ppoll_time64", "prctl", "pread64", "preadv",
	"preadv2", "prlimit64", "process_mrelease", "process_vm_readv", "process_vm_writev",
	"pselect6", "pselect6_time64", "ptrace", "pwrite64", "pwritev", "pwritev2", "read",
	"readahead", "readlink", "readlinkat", "readv", "recv", "recvfrom", "recvmmsg",
	"recvmmsg_time64", "recvmsg", "remap_file_pages", "removexattr", "removexattrat", "rename",
	"renameat", "renameat2", "restart_syscall", "riscv_hwprobe", "rmdir", "rseq",
	"rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn",
	"rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_tgsigqueueinfo",
	"sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getattr",
	"sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
	"sched_rr_get_interval_time64", "sched_setaffinity", "sched_setattr", "sched_setparam",
	"sched_setscheduler", "sched_yield", "seccomp", "select", "semctl", "semget", "semop",
	"semtimedop", "semtimedop_time64", "send", "sendfile", "sendfile64", "sendmmsg", "sendmsg",
	"sendto", "set_robust_list", "set_thread_area", "set_tid_address", "setfsgid", "setfsgid32",
	"setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32", "setitimer",
	"setpgid", "setpriority", "setregid", "setregid32", "setresgid", "setresgid32", "setresuid",
	"setresuid32", "setreuid", "setreuid32", "setrlimit", "setsid", "setsockopt", "setuid",
	"setuid32", "setxattr", "setxattrat", "shmat", "shmctl", "shmdt", "shmget", "shutdown",
	"sigaltstack", "signalfd", "signalfd4", "sigprocmask", "sigreturn", "socketcall",
	"socketpair", "splice", "stat", "stat64", "statfs", "statfs64", "statmount", "statx",
	"symlink", "symlinkat", "sync", "sync_file_range", "syncfs", "sysinfo", "tee", "tgkill",
	"time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime",
	"timer_gettime64", "timer_settime", "timer_settime64", "timerfd_create", "timerfd_gettime",
	"timerfd_gettime64", "timerfd_settime", "timerfd_settime64", "times", "tkill", "truncate",
	"truncate64", "ugetrlimit", "umask", "uname", "unlink", "unlinkat", "uretprobe", "utime",
	"utimensat", "utimensat_time64", "utimes", "vfork", "vmsplice", "wait4", "waitid",
	"waitpid", "write", "writev",
};
/* clang-format on */

/* How many of them are the policy's base set; ptrace and process_vm_* joined it with Linux 4.8. */
enum { SECCOMP_ALLOWED_BASE = 361, SECCOMP_ALLOWED_SINCE_4_8 = 3 };

/* Allowed too on these architectures: bits of enum seccomp_family */
enum seccomp_family { SECCOMP_FAMILY_X86 = 1, SECCOMP_FAMILY_ARM = 2 };

static const struct seccomp_family_name {
	const char *name;
	unsigned families;
} seccomp_allowed_by_family[] = {
	{ "arch_prctl", SECCOMP_FAMILY_X86 },
	{ "arm_fadvise64_64", SECCOMP_FAMILY_ARM },
	{ "arm_sync_file_range", SECCOMP_FAMILY_ARM },
	{ "breakpoint", SECCOMP_FAMILY_ARM },
	{ "cacheflush", SECCOMP_FAMILY_ARM },
	{ "modify_ldt", SECCOMP_FAMILY_X86 },
	{ "set_tls", SECCOMP_FAMILY_ARM },
	{ "sync_file_range2", SECCOMP_FAMILY_ARM },
};

/* Allowed with any of the capabilities. */
static const struct seccomp_group {
	uint64_t capabilities;
	const char *names[24]; /* sorted, ended by NULL */
} seccomp_groups[] = {
	{ CAP_BIT(CAP_SYS_ADMIN),
	  { "fanotify_init",
	    "fsconfig",
	    "fsmount",
	    "fsopen",
	    "fspick",
	    "lookup_dcookie",
	    "lsm_get_self_attr",
	    "lsm_list_modules",
	    "lsm_set_self_attr",
	    "mount",
	    "mount_setattr",
	    "move_mount",
	    "open_tree",
	    "quotactl",
	    "quotactl_fd",
	    "setdomainname",
	    "sethostname",
	    "setns",
	    "umount",
	    "umount2",
	    "unshare" } },
	{ CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_SYSLOG), { "syslog" } },
	{ CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_BPF), { "bpf" } },
	{ CAP_BIT(CAP_SYS_ADMIN) | CAP_BIT(CAP_PERFMON), { "perf_event_open" } },
	{ CAP_BIT(CAP_DAC_READ_SEARCH), { "open_by_handle_at" } },
	{ CAP_BIT(CAP_SYS_BOOT), { "reboot" } },
	{ CAP_BIT(CAP_SYS_CHROOT), { "chroot" } },
	{ CAP_BIT(CAP_SYS_MODULE), { "delete_module", "finit_module", "init_module" } },
	{ CAP_BIT(CAP_SYS_NICE),
	  { "get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node" } },
	{ CAP_BIT(CAP_SYS_PACCT), { "acct" } },
	{ CAP_BIT(CAP_SYS_PTRACE), { "kcmp", "pidfd_getfd", "process_madvise" } },
	{ CAP_BIT(CAP_SYS_RAWIO), { "ioperm", "iopl" } },
	{ CAP_BIT(CAP_SYS_TIME), { "clock_settime", "clock_settime64", "settimeofday", "stime" } },
	{ CAP_BIT(CAP_SYS_TTY_CONFIG), { "vhangup" } },
};

/*
 * Decided by their first argument. The kernel takes all of these as 32 bits (clone: its lower
 * half), so only those bits are looked at: comparing 64 would let a family hide under junk in the
 * upper half.
 */

/* socket(): AF_ALG reaches deep into kernel cryptography, AF_VSOCK crosses to the hypervisor. */
static const uint32_t seccomp_denied_socket_families[] = { 38, 40 };

/* personality(): Linux or its 32-bit look, each with or without UNAME26; the query. */
static const uint32_t seccomp_allowed_personalities[] = {
	0, 0x8, 0x20000, 0x20008, 0xffffffff,
};

/*
 * clone(): no new namespaces (mount, cgroup, uts, ipc, user, pid, net) without CAP_SYS_ADMIN.
 * clone3() takes its flags from memory, where a filter cannot look: ENOSYS makes callers use
 * clone().
 */
#define SECCOMP_CLONE_NAMESPACES 0x7e020000u

/* Numbers, equal on all architectures, of names that the library may be too old to know. */
static const struct seccomp_number {
	const char *name;
	int number;
} seccomp_numbers[] = {
	{ "set_mempolicy_home_node", 450 },
	{ "cachestat", 451 },
	{ "fchmodat2", 452 },
	{ "map_shadow_stack", 453 },
	{ "futex_wake", 454 },
	{ "futex_wait", 455 },
	{ "futex_requeue", 456 },
	{ "statmount", 457 },
	{ "listmount", 458 },
	{ "lsm_get_self_attr", 459 },
	{ "lsm_set_self_attr", 460 },
	{ "lsm_list_modules", 461 },
	{ "mseal", 462 },
	{ "setxattrat", 463 },
	{ "getxattrat", 464 },
	{ "listxattrat", 465 },
	{ "removexattrat", SECCOMP_NEWEST },
};

/* The same for the one name that only x86_64 has. */
#define SECCOMP_URETPROBE_X86_64 335

#endif
