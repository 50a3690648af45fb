/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Naming from within: its handles, and the mounts.
 */
#pragma once

#include <posix/naming.h>

/* Sessions that are not this naming's: those of other tasks and of mounts. */
void naming_for_each_foreign(const struct naming *naming,
                             void (*visit)(handle_t handle, void *argument), void *argument);

#define MOUNT_ROOT 1 /* the number of the namespace's own root */

struct mount {
    uint32_t number, parent;
    handle_t session; /* of its root; HANDLE_NONE until it is asked for */
    char type[16];
    char directory[64];
};

/* By number; NULL: there is none, or the process server cannot be asked. What is found stays. */
const struct mount *mount_find(struct task *task, uint32_t number);
/* The mount that a canonical path lies in. */
uint32_t mount_of_path(struct task *task, const char *path);
/* The session of a mount's root; 0 or a negated errno. */
int mount_session(struct task *task, uint32_t number, handle_t *session);
void mount_for_each_session(void (*visit)(handle_t handle, void *argument), void *argument);
