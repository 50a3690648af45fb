/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Users: what each may have of this server.
 *
 * What files hold is charged to an account of the user who made them: the kernel
 * counts its pages, also those that a fault makes, and refuses. What this server
 * itself keeps for a user is counted here: each resource up to as many as the account
 * may have pages.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <list/list.h>
#include <protocols/fs.h>
#include <trellis/object.h>

enum user_resource {
    USER_NODES,    /* and further names of nodes, and long targets of links */
    USER_SESSIONS, /* what is open */
    USER_LOCKS,
    USER_RESOURCES
};

struct user {
    struct list_node link;
    uint32_t uid;
    handle_t account; /* charged for the content of the user's files */
    uint64_t used[USER_RESOURCES];
    uint64_t limit; /* of each resource */
};

/* The system itself: what stood in the boot archive is its own. */
extern struct user user_system;

/* From before the first request on: the account for the system's files, and for how much. */
void user_init_system(handle_t account, uint64_t limit);
/*
 * The user of an id, who lives on. `account` is taken over: of a user seen for the first
 * time it is what content is charged to, otherwise it is closed. ENOSPC; EINVAL without one.
 */
fs_error_t user_find(uint32_t uid, handle_t account, struct user **result);
/* False: that would be too many. */
bool user_take(struct user *user, enum user_resource resource, uint64_t count);
void user_give_back(struct user *user, enum user_resource resource, uint64_t count);
/* How many pages the files of all users hold. */
uint64_t user_pages_of_all(void);
