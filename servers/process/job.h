/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Process groups, sessions and their terminals (POSIX.1-2017, 11.1 and 3.296
 * "orphaned process group").
 */
#pragma once

#include "table.h"

/* `pid` and `group` as setpgid takes them. ESRCH, EPERM, EACCES. */
int job_set_group(struct process *caller, uint32_t pid, uint32_t group);
/* EPERM: it leads a group. */
int job_set_session(struct process *process);

/* No living member has a living parent outside the group but in its session. */
bool job_group_is_orphaned(uint32_t group, uint32_t session);

/* The process has just become a zombie; its children are still its own. */
void job_leave(struct process *process);

/* To every process of a group; from the kernel, as a terminal sends them. */
void job_signal_group(uint32_t group, unsigned number);
/* The terminal of a session is gone: SIGHUP and SIGCONT to its leader and foreground. */
void job_hang_up(uint32_t session);

struct terminal_state {
    uint32_t rdev, session, group;
};

/*
 * `what` is an enum process_terminal. ENOTTY, EPERM, EINVAL; `state` is the
 * terminal's afterwards, with session 0 if it belongs to nobody.
 */
int job_terminal(struct process *process, uint32_t what, const struct terminal_state *wanted,
                 struct terminal_state *state);

/*
 * The terminal refused what only the foreground may do: SIGTTIN or SIGTTOU to the group of the
 * process, but for one that is the foreground by now (it may have been suspended with the refusal).
 * EINVAL; EIO: nobody could continue the group.
 */
int job_background(const struct process *process, uint32_t rdev, unsigned number);
