/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The mounts of the one namespace there is, and files opened by this server
 * itself.
 */
#pragma once

#include <stddef.h>

#include <protocols/fs.h>

#include "table.h"

enum mount_number { MOUNT_ROOT = 1, MOUNT_PROC = 2, MOUNT_TERMINALS = 3, MOUNT_SYSTEM = 4 };

struct mount {
    uint32_t number, parent;
    const char *source, *directory, *type, *options;
};

#define MOUNT_COUNT 4
const struct mount *mounts_list(void);

/* Have the root file system know of the others. Logs what fails. */
void mounts_init(void);
/* The list as PROCESS_MOUNT answers it; the length. */
size_t mounts_pack(char *text, size_t size);
/* A session of a mount's root, with these credentials. 0 or a Linux errno. */
int mounts_open_root(uint32_t number, const struct fs_credentials *credentials, handle_t *session);
/*
 * A session for the same node as `session`, with other credentials. EXDEV if it
 * is of no file server that is mounted.
 */
int mounts_renew(handle_t session, const struct fs_credentials *credentials, handle_t *renewed);

struct opened_file {
    struct fs_attributes attributes;
    handle_t session, memory; /* memory: HANDLE_NONE if it has no pages */
};

/*
 * Open a path from a session, with links followed and absolute ones beginning
 * at `session` again. `flags` are enum fs_open_flag. ENOENT for what lies in
 * another mount.
 */
int file_open(handle_t session, const char *path, uint32_t flags, struct opened_file *file);
void file_close(struct opened_file *file);
/* A short text file of the root file system as root sees it; the bytes read, 0 if it cannot be. */
size_t file_read_text(const char *path, char *text, size_t size);
