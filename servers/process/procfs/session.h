/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Sessions with /proc, and the requests that come by them. */
#pragma once

#include <trellis/message.h>

#include "node.h"

struct procfs_session {
    struct list_node link;
    uint64_t badge;
    struct procfs_node node;
    struct fs_credentials credentials;
    uint32_t flags;                /* enum fs_open_flag */
    uint64_t offset;               /* while shared */
    struct allowances *allowances; /* of the user whose credentials these are */
};

/* A session handle of the root of /proc or /sys, to be closed or moved by the caller. */
int procfs_open_root(const struct procfs_entry *root_entry,
                     const struct fs_credentials *credentials, handle_t *session);
/* For the node of another session. */
int procfs_renew(uint64_t badge, const struct fs_credentials *credentials, handle_t *session);

/* NULL: there is none with this badge. */
struct procfs_session *procfs_session_find(uint64_t badge);
/* A session like another, of another node; the handle to it in *handle. ENFILE, ENOMEM. */
int procfs_session_create(const struct procfs_session *like, handle_t *handle);
void procfs_session_close(uint64_t badge);
