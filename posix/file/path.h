/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Paths: from the program's memory, and from there through the file servers.
 *
 * A request with a path begins at a session (root, working directory, that of a
 * descriptor) and follows the outcomes of protocols/fs.h from mount to mount
 * until a server has carried it out.
 */
#pragma once

#include <posix/file.h>
#include <posix/linux/file.h>
#include <posix/linux/process.h>
#include <posix/naming.h>
#include <posix/request.h>

/* A path, without its NUL; rewritten as the walk goes on. */
struct path {
    size_t length;
    char text[PATH_SIZE];
};

/* 0, -EFAULT, -ENAMETOOLONG. */
int path_from_program(struct path *path, uint64_t address);
/* 0, -ENAMETOOLONG. */
int path_from_string(struct path *path, const char *string);

struct path_request {
    int dirfd;
    struct path *path;
    uint32_t operation; /* enum fs_operation */
    bool empty_allowed; /* an empty path is the file of `dirfd` (AT_EMPTY_PATH) */
    uint64_t words[3];  /* of the request; FS_AT_CEILING and FS_EMPTY_PATH are added here */
    const char *extra;  /* text behind the path and a NUL, or NULL */
    size_t extra_length;
    handle_t handle;    /* goes along, or HANDLE_NONE */
    struct path *named; /* NULL, or where an absolute path that a link or a mount led to is put */
    /* Out */
    uint32_t mount; /* where the walk ended */
    int descriptor; /* with PATH_DESCRIPTOR */
};

/* The path names an open file of the caller (/proc/self/fd/N), and it was to be opened. */
#define PATH_DESCRIPTOR 1

/* 0, PATH_DESCRIPTOR or a negated errno; the reply's text and handles are in the frame. */
int path_call(struct task *task, struct path_request *request, struct message *reply);

/* What OPEN gave. */
struct opened {
    struct fs_attributes attributes;
    uint32_t mount;
    handle_t session;
    handle_t content[3];
};

/* path_call for OPEN: `request->operation` need not be set. */
int path_open(struct task *task, struct path_request *request, struct opened *opened);
void path_close_opened(struct opened *opened);

/* Split off the last component: the directory's part stays in `path` ("." if there is none). */
int path_split(struct path *path, char name[256]);

/* The path made absolute without asking anybody: cwd in front, `.` and `..` taken out. NULL: no memory. */
char *path_absolute(struct task *task, int dirfd, const struct path *path);

/* The canonical path of a directory session in mount `number`, below the caller's root. */
int path_of_directory(struct task *task, handle_t session, uint32_t mount, struct path *path);
