/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The one place where the library waits for something to happen.
 *
 * A signal that has a handler ends a wait with -POSIX_RESTART. What becomes of
 * it is decided where the call ends (signal delivery): the call is executed
 * again if the handler has SA_RESTART, else the program sees EINTR. A call that
 * returns -POSIX_RESTART_UNLESS_HANDLED instead is executed again only if no handler
 * ran. A signal without a handler does not show.
 *
 * No lock of the library may be held.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <trellis/structures.h>

struct task;

/* Results that never reach the program. */
#define POSIX_RESTART 512                /* again if the handler has SA_RESTART */
#define POSIX_RESTART_UNLESS_HANDLED 514 /* again only if no handler runs */
#define POSIX_RESTART_RESUME 516         /* the same, by restart_syscall with task->restart */

/*
 * Until an item has a signal of its mask, or the deadline (ns since boot). How
 * many have fired, 0 at the deadline, -POSIX_RESTART, or -EINVAL, -EBADF.
 */
int wait_for_items(struct task *task, struct wait_item *items, size_t count, uint64_t deadline);
/* The same for one item: the signals that stand, or 0, or negative. */
int64_t wait_for(struct task *task, handle_t handle, uint32_t mask, uint64_t deadline);
/* The same without regard to signals and without end: for what happens soon in any case. */
void wait_uninterrupted(struct task *task, handle_t handle, uint32_t mask);
/* The same until the word is no longer `value`. */
void wait_while_word(struct task *task, uint32_t *word, uint32_t value);
/* port_wait: how many observations, or as above. */
int wait_at_port(struct task *task, handle_t port, struct observation *observations, size_t count,
                 uint64_t deadline);
/* address_wait at an address of the program: 0 woken, -ETIMEDOUT, -EAGAIN, -EFAULT, -POSIX_RESTART. */
struct wait_address {
    uint64_t address;
    uint32_t expected, mask;
    uint32_t flags; /* enum address_flag */
    uint64_t deadline;
};
int wait_at_address(struct task *task, const struct wait_address *wait);

/* ns since boot, by the time page. */
uint64_t wait_clock_ns(void);
/* ns since boot `duration_ns` from now, or DEADLINE_NEVER if that does not fit. */
uint64_t wait_deadline(uint64_t duration_ns);
