/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Where names begin: root, working directory, umask; shared by CLONE_FS.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <list/list.h>
#include <posix/lock.h>
#include <protocols/fs.h>
#include <protocols/posix_start.h>

struct task;

#define PATH_SIZE 4096

struct naming {
    uint32_t references; /* atomic */
    struct lock lock;    /* guards what follows */
    handle_t root, cwd;  /* directory sessions */
    uint32_t umask;
    char *cwd_path;      /* where the cwd was when it was set, NUL-terminated; memory_allocate */
    uint32_t cwd_mount;  /* number of the mount the cwd is in; 0: not known yet */
    uint32_t root_state; /* enum naming_root */
    struct list_node all_link; /* every naming of this library; naming.c */
};

enum naming_root {
    NAMING_ROOT_UNKNOWN = 0,
    NAMING_ROOT_WHOLE = 1,   /* the namespace's own root */
    NAMING_ROOT_CHANGED = 2, /* chroot */
};

/* From the start block: takes its handles. NULL if there is no memory. */
struct naming *naming_create(handle_t root, handle_t cwd, const char *cwd_path, uint32_t umask);
/* Its own sessions of the same nodes. */
struct naming *naming_copy(struct task *task, struct naming *from);
void naming_release(struct naming *naming);
/* The caller's credentials have changed: sessions of mounts are to be asked for anew. */
void naming_forget_mounts(void);

/* A program to run, or the interpreter of one. */
struct executable {
    handle_t session;
    handle_t memory; /* its pages, readable and executable */
    struct fs_attributes attributes;
    char *path; /* absolute or as given; memory_allocate */
};

/*
 * Open a program: `path` is a string of the library, dirfd and flags (AT_EMPTY_PATH,
 * AT_SYMLINK_NOFOLLOW) as execveat has them. 0, or -ENOENT, -EACCES (not
 * executable, not a regular file, on a noexec mount), -ELOOP ...
 */
struct executable_request {
    int dirfd;
    int flags;
    const char *path;
};
int executable_open(struct task *task, const struct executable_request *request,
                    struct executable *result);
void executable_close(struct executable *executable);
