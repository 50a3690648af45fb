/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Nodes and directory entries: the tree that tmpfs is.
 *
 * A node lives while it has a name (links) or is open (opens). The tree is in
 * one thread's hands: no locks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <list/list.h>
#include <vfs/walk.h>

#include "content.h"
#include "user.h"

#define TMPFS_TYPE 0170000u
#define TMPFS_FIFO 0010000u
#define TMPFS_CHARACTER 0020000u
#define TMPFS_DIRECTORY 0040000u
#define TMPFS_BLOCK 0060000u
#define TMPFS_REGULAR 0100000u
#define TMPFS_LINK 0120000u
#define TMPFS_SOCKET 0140000u

struct moment {
    int64_t s;
    uint32_t ns;
};

struct entry {
    struct entry *next; /* in its hash chain */
    struct node *directory;
    struct node *node;
    struct user *payer; /* of a further name of a file: who made it; or NULL */
    uint64_t cookie;    /* grows with each entry made in the directory */
    uint32_t hash;
    uint8_t name_length;
    char name[];
};

struct node {
    struct vfs_node vfs;
    struct user *payer; /* who made it; content is charged to the account of this user */
    uint64_t units;     /* of USER_NODES that it is counted as */
    uint64_t number;
    uint64_t rdev;
    uint32_t links;
    uint32_t opens;
    struct moment accessed, modified, changed, born;
    struct list locks; /* of struct file_lock */
    handle_t unlocked; /* event for those who were refused a lock, or HANDLE_NONE */
    union {
        struct {
            struct node *parent;
            struct entry **entries; /* by cookie */
            size_t count, capacity;
            uint64_t next_cookie;
            uint32_t mount; /* covered by this one, or 0 */
        } directory;
        struct {
            char *target;
            size_t length;
        } link;
        struct {
            handle_t memory; /* HANDLE_NONE until first needed */
            uint64_t size;
        } file;
        struct fifo_content fifo;
        struct {
            handle_t queue; /* HANDLE_NONE: nobody listens */
            uint32_t type, pid, uid, gid;
        } socket;
    };
};

extern const struct vfs_operations tree_operations;

/* The root directory, mode 0755, owned by 0:0. ENOSPC. */
fs_error_t tree_create(struct node **root);

/* The parts of a new node. */
struct node_request {
    uint32_t mode; /* with its type */
    uint32_t uid, gid;
    struct user *payer;
    uint64_t rdev;
    const char *target; /* of a symbolic link */
    size_t target_length;
};
/* A node with no name and no opens: node_drop frees it. ENOSPC. */
fs_error_t node_create(const struct node_request *request, struct node **result);
/* Free it if nothing names it and nobody has it open. */
void node_drop(struct node *node);
void node_touch(struct moment *moment);
static inline uint32_t node_type(const struct node *node)
{
    return node->vfs.mode & TMPFS_TYPE;
}
static inline struct node *node_of(struct vfs_node *vfs)
{
    return (struct node *)((char *)vfs - offsetof(struct node, vfs));
}

/* Give a node a (further) name, for which nobody pays. ENOSPC; the name must be free. */
fs_error_t entry_add(struct node *directory, const char *name, size_t length, struct node *node);
struct entry *entry_find(struct node *directory, const char *name, size_t length);
/* Take the name away and free the entry; the node is dropped. */
void entry_remove(struct entry *entry);
/* The first entry with a cookie of at least `cookie`, or NULL. */
struct entry *entry_from(struct node *directory, uint64_t cookie);

/* The entry by which a directory is in the one above; NULL: the root, or removed. */
struct entry *entry_of_directory(struct node *directory);

/* Regular files. */
fs_error_t file_need_memory(struct node *node);
fs_error_t file_resize(struct node *node, uint64_t size);
fs_error_t file_store(struct node *node, uint64_t offset, const void *bytes, size_t length);

void node_attributes(const struct node *node, struct fs_attributes *attributes);

/* Counted for statistics. */
extern uint64_t tree_node_count;
