/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Sessions: open nodes, by badge.
 */
#pragma once

#include <stdint.h>

#include <protocols/fs.h>

#include "node.h"

/* Shared by all sessions opened from one another. */
struct credentials {
    uint32_t references;
    struct user *user;
    struct fs_credentials values;
};

struct session {
    struct node *node;
    struct credentials *credentials;
    uint32_t flags; /* enum fs_open_flag as opened */
    bool offset_shared;
    uint64_t offset;    /* while shared */
    uint64_t next_free; /* while free */
};

/* ENFILE when the user has too many open, ENOSPC without memory. The node's opens and the credentials' references are taken. */
fs_error_t session_open(struct node *node, struct credentials *credentials, uint32_t flags,
                        uint64_t *badge);
/* Whether such a session is of a side of a FIFO, and is to be announced. */
bool session_is_announced(const struct node *node, uint32_t flags);
/* Tell who waits for the side that somebody is there, who holds his end of the FIFO by now. */
void session_announce(uint64_t badge);
/* NULL if there is none of this badge. Good until the next session_open. */
struct session *session_find(uint64_t badge);
/* Its locks go, the node is dropped. */
void session_close(uint64_t badge);

/* One reference for the caller; NULL without memory. */
struct credentials *credentials_create(const struct fs_credentials *values, struct user *user);
void credentials_release(struct credentials *credentials);
