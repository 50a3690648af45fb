/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Linux' files: flags and structures that are the same on every architecture.
 * <posix/arch/file.h> has the others.
 */
#pragma once

#include <stdint.h>

#include <posix/arch/file.h>

#define LINUX_O_RDONLY 0u
#define LINUX_O_WRONLY 1u
#define LINUX_O_RDWR 2u
#define LINUX_O_ACCMODE 3u
#define LINUX_O_CREAT 0100u
#define LINUX_O_EXCL 0200u
#define LINUX_O_NOCTTY 0400u
#define LINUX_O_TRUNC 01000u
#define LINUX_O_APPEND 02000u
#define LINUX_O_NONBLOCK 04000u
#define LINUX_O_DSYNC 010000u
#define LINUX_O_ASYNC 020000u
#define LINUX_O_NOATIME 01000000u
#define LINUX_O_CLOEXEC 02000000u
#define LINUX_O_SYNC 04010000u
#define LINUX_O_PATH 010000000u
#define LINUX_O_TMPFILE_ONLY 020000000u /* without O_DIRECTORY, which comes with it */

#define LINUX_S_IFMT 0170000u
#define LINUX_S_IFSOCK 0140000u
#define LINUX_S_IFLNK 0120000u
#define LINUX_S_IFREG 0100000u
#define LINUX_S_IFBLK 0060000u
#define LINUX_S_IFDIR 0040000u
#define LINUX_S_IFCHR 0020000u
#define LINUX_S_IFIFO 0010000u

#define LINUX_SEEK_SET 0
#define LINUX_SEEK_CUR 1
#define LINUX_SEEK_END 2
#define LINUX_SEEK_DATA 3
#define LINUX_SEEK_HOLE 4

#define LINUX_AT_REMOVEDIR 0x200
#define LINUX_AT_EACCESS 0x200
#define LINUX_AT_SYMLINK_FOLLOW 0x400
#define LINUX_AT_NO_AUTOMOUNT 0x800
#define LINUX_AT_STATX_SYNC_TYPE 0x6000

#define LINUX_F_DUPFD 0
#define LINUX_F_GETFD 1
#define LINUX_F_SETFD 2
#define LINUX_F_GETFL 3
#define LINUX_F_SETFL 4
#define LINUX_F_GETLK 5
#define LINUX_F_SETLK 6
#define LINUX_F_SETLKW 7
#define LINUX_F_SETOWN 8
#define LINUX_F_GETOWN 9
#define LINUX_F_OFD_GETLK 36
#define LINUX_F_OFD_SETLK 37
#define LINUX_F_OFD_SETLKW 38
#define LINUX_F_DUPFD_CLOEXEC 1030
#define LINUX_F_SETPIPE_SZ 1031
#define LINUX_F_GETPIPE_SZ 1032
#define LINUX_F_ADD_SEALS 1033
#define LINUX_F_GET_SEALS 1034
#define LINUX_FD_CLOEXEC 1

#define LINUX_F_RDLCK 0
#define LINUX_F_WRLCK 1
#define LINUX_F_UNLCK 2
#define LINUX_LOCK_SH 1
#define LINUX_LOCK_EX 2
#define LINUX_LOCK_NB 4
#define LINUX_LOCK_UN 8

#define LINUX_POLLIN 0x001u
#define LINUX_POLLPRI 0x002u
#define LINUX_POLLOUT 0x004u
#define LINUX_POLLERR 0x008u
#define LINUX_POLLHUP 0x010u
#define LINUX_POLLNVAL 0x020u
#define LINUX_POLLRDNORM 0x040u
#define LINUX_POLLRDBAND 0x080u
#define LINUX_POLLWRNORM 0x100u
#define LINUX_POLLWRBAND 0x200u
#define LINUX_POLLRDHUP 0x2000u

#define LINUX_UTIME_NOW 0x3fffffff
#define LINUX_UTIME_OMIT 0x3ffffffe

#define LINUX_RENAME_NOREPLACE 1u
#define LINUX_RENAME_EXCHANGE 2u

#define LINUX_PIPE_BUF 4096
#define LINUX_IOV_MAX 1024
#define LINUX_IO_MAX UINT64_C(0x7ffff000) /* the most one read or write moves */

struct linux_iovec {
    uint64_t base, length;
};

struct linux_flock {
    int16_t type, whence;
    uint32_t padding;
    int64_t start, length;
    int32_t pid;
    uint32_t unused;
};

struct linux_pollfd {
    int32_t fd;
    uint16_t events, revents;
};

struct linux_statfs {
    uint64_t type, block_size, blocks, blocks_free, blocks_available, files, files_free;
    int32_t id[2];
    uint64_t name_length, fragment_size, flags, spare[4];
};
_Static_assert(sizeof(struct linux_statfs) == 120, "struct statfs");

struct linux_statx_time {
    int64_t seconds;
    uint32_t nanoseconds;
    int32_t unused;
};

struct linux_statx {
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, uid, gid;
    uint16_t mode, unused;
    uint64_t node, size, blocks, attributes_mask;
    struct linux_statx_time accessed, born, changed, modified;
    uint32_t rdev_major, rdev_minor, device_major, device_minor;
    uint64_t mount, spare[13];
};
_Static_assert(sizeof(struct linux_statx) == 256, "struct statx");
#define LINUX_STATX_BASIC_STATS 0x7ffu
#define LINUX_STATX_BTIME 0x800u

struct linux_open_how {
    uint64_t flags, mode, resolve;
};

struct linux_dirent64 {
    uint64_t node;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
} __attribute__((packed));
