/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Walking a path through one file system's tree (protocols/fs.h).
 *
 * The tree is the server's own: the walk sees it through struct vfs_operations.
 * Nothing is allocated and no node is held; a node found is good as long as the
 * server changes nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protocols/fs.h>

#define VFS_PATH_MAX 4096
#define VFS_NAME_MAX 255
#define VFS_LINKS_MAX 40

/* Embedded by the server in its own node. */
struct vfs_node {
    uint32_t mode; /* Linux' type and permission bits */
    uint32_t uid, gid;
};

/* Functions that return fs_error_t give 0 or a Linux errno. */
struct vfs_operations {
    /* `name` is not NUL-terminated and neither "." nor "..". ENOENT if there is none. */
    fs_error_t (*lookup)(struct vfs_node *directory, const char *name, size_t length,
                         struct vfs_node **child);
    /* The directory above; the root's is itself. */
    struct vfs_node *(*parent)(struct vfs_node *directory);
    /* The target of a symbolic link, at most `size` bytes. */
    fs_error_t (*read_link)(struct vfs_node *link, char *target, size_t size, size_t *length);
    /* The number of the mount that covers this directory, or 0. */
    uint32_t (*covering_mount)(struct vfs_node *directory);
};

enum vfs_walk_flag {
    VFS_FOLLOW_LAST = 1u << 0,    /* the last component is followed if it is a link */
    VFS_CROSS_LAST = 1u << 1,     /* ... and left to the mount that covers it */
    VFS_MAY_BE_MISSING = 1u << 2, /* the last component need not exist: `node` is NULL then */
    VFS_CEILING = 1u << 3,        /* `start` is a root: `..` stays there */
};

struct vfs_walk {
    /* In */
    const struct vfs_operations *operations;
    struct vfs_node *start;
    const struct fs_credentials *credentials;
    uint32_t flags;
    /* Out, with FS_OUTCOME_DONE */
    struct vfs_node
        *parent; /* of the last component; NULL when the path is empty or ends in `..` or `.` */
    struct vfs_node *node;
    size_t name, name_length; /* the last component within `path` */
    bool wants_directory;     /* the path ended in a slash */
    /* Out, otherwise */
    uint32_t mount;
    size_t rest, rest_length; /* what to go on with, within `path` */
    /* Both: rewritten as links are followed */
    size_t length;
    char path[2 * VFS_PATH_MAX];
};

/* `path` and `length` are set by the caller. ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG. */
fs_error_t vfs_walk(struct vfs_walk *walk, enum fs_outcome *outcome);

/* Bits as access() takes them: 4 read, 2 write, 1 execute or search. uid 0 may all, but
 * execute only what somebody may. 0 or EACCES. */
fs_error_t vfs_permit(const struct vfs_node *node, const struct fs_credentials *credentials,
                      uint32_t wanted);
bool vfs_in_group(const struct fs_credentials *credentials, uint32_t gid);

/* Put one entry behind those in `buffer`; false if it does not fit. `used` is advanced. */
struct vfs_entry {
    uint64_t node, cookie;
    uint8_t type; /* DT_*: (mode >> 12) */
    const char *name;
    size_t name_length;
};
bool vfs_pack_entry(void *buffer, size_t size, size_t *used, const struct vfs_entry *entry);
