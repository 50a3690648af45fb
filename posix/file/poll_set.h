/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Sets of watched files (epoll).
 */
#pragma once

#include "sorts.h"

int poll_set_create(struct task *task, struct file **result);

/* What epoll_ctl names. */
struct poll_watch {
    struct file *file; /* of `fd`; the caller holds it */
    int fd;
    uint32_t events; /* EPOLL* */
    uint64_t data;
};

/* EEXIST, EPERM (nothing to wait for), ENOMEM. */
int poll_set_add(struct task *task, struct file *set, const struct poll_watch *watch);
/* ENOENT. */
int poll_set_change(struct task *task, struct file *set, const struct poll_watch *watch);
int poll_set_remove(struct file *set, const struct poll_watch *watch);

struct poll_set_wait {
    uint64_t address; /* of struct linux_epoll_event, in the program */
    size_t limit;     /* above 0 */
    uint64_t deadline;
};
/* How many events were stored, 0 at the deadline, or negative as a wait. */
int64_t poll_set_wait(struct task *task, struct file *set, const struct poll_set_wait *wait);
