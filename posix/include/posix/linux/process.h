/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Linux' processes: clone, wait, limits.
 */
#pragma once

#include <stdint.h>

#define LINUX_CLONE_SIGNAL 0xffu
#define LINUX_CLONE_VM 0x00000100u
#define LINUX_CLONE_FS 0x00000200u
#define LINUX_CLONE_FILES 0x00000400u
#define LINUX_CLONE_SIGHAND 0x00000800u
#define LINUX_CLONE_PIDFD 0x00001000u
#define LINUX_CLONE_PTRACE 0x00002000u
#define LINUX_CLONE_VFORK 0x00004000u
#define LINUX_CLONE_PARENT 0x00008000u
#define LINUX_CLONE_THREAD 0x00010000u
#define LINUX_CLONE_NEWNS 0x00020000u
#define LINUX_CLONE_SYSVSEM 0x00040000u
#define LINUX_CLONE_SETTLS 0x00080000u
#define LINUX_CLONE_PARENT_SETTID 0x00100000u
#define LINUX_CLONE_CHILD_CLEARTID 0x00200000u
#define LINUX_CLONE_DETACHED 0x00400000u
#define LINUX_CLONE_CHILD_SETTID 0x01000000u
#define LINUX_CLONE_CLEAR_SIGHAND UINT64_C(0x100000000)
#define LINUX_CLONE_INTO_CGROUP UINT64_C(0x200000000)
/* Namespaces: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWTIME. */
#define LINUX_CLONE_NAMESPACES 0x7e020080u

struct linux_clone_arguments {
    uint64_t flags;
    uint64_t pidfd;
    uint64_t child_tid;
    uint64_t parent_tid;
    uint64_t exit_signal;
    uint64_t stack;
    uint64_t stack_size;
    uint64_t tls;
    uint64_t set_tid;
    uint64_t set_tid_size;
    uint64_t cgroup;
};
#define LINUX_CLONE_ARGUMENTS_FIRST 64 /* the size of its first version */

#define LINUX_WNOHANG 1u
#define LINUX_WUNTRACED 2u
#define LINUX_WEXITED 4u
#define LINUX_WCONTINUED 8u
#define LINUX_WNOWAIT 0x01000000u
#define LINUX_WNOTHREAD 0x20000000u
#define LINUX_WALL 0x40000000u
#define LINUX_WCLONE 0x80000000u

#define LINUX_P_ALL 0
#define LINUX_P_PID 1
#define LINUX_P_PGID 2
#define LINUX_P_PIDFD 3

#define LINUX_RLIMIT_FSIZE 1
#define LINUX_RLIMIT_DATA 2
#define LINUX_RLIMIT_STACK 3
#define LINUX_RLIMIT_NOFILE 7
#define LINUX_RLIMIT_AS 9
#define LINUX_RLIMIT_COUNT 16
#define LINUX_RLIM_INFINITY UINT64_MAX

#define LINUX_AT_FDCWD (-100)
#define LINUX_AT_SYMLINK_NOFOLLOW 0x100
#define LINUX_AT_EMPTY_PATH 0x1000

#define LINUX_UTS_FIELD 65

struct linux_utsname {
    char system[LINUX_UTS_FIELD], node[LINUX_UTS_FIELD], release[LINUX_UTS_FIELD],
        version[LINUX_UTS_FIELD], machine[LINUX_UTS_FIELD], domain[LINUX_UTS_FIELD];
};

/* Status as wait4 gives it. */
static inline int32_t linux_status_exited(int code)
{
    return (code & 0xff) << 8;
}

#define LINUX_STATUS_CORE 0x80

/* Entries of the auxiliary vector. */
#define LINUX_AT_NULL 0
#define LINUX_AT_PHDR 3
#define LINUX_AT_PHENT 4
#define LINUX_AT_PHNUM 5
#define LINUX_AT_PAGESZ 6
#define LINUX_AT_BASE 7
#define LINUX_AT_FLAGS 8
#define LINUX_AT_ENTRY 9
#define LINUX_AT_UID 11
#define LINUX_AT_EUID 12
#define LINUX_AT_GID 13
#define LINUX_AT_EGID 14
#define LINUX_AT_PLATFORM 15
#define LINUX_AT_HWCAP 16
#define LINUX_AT_CLKTCK 17
#define LINUX_AT_SECURE 23
#define LINUX_AT_RANDOM 25
#define LINUX_AT_HWCAP2 26
#define LINUX_AT_EXECFN 31
#define LINUX_AT_SYSINFO_EHDR 33
#define LINUX_AT_MINSIGSTKSZ 51
