/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Parents and children: ends, orphans, waiting.
 */
#pragma once

#include "table.h"

/* What a process that lives has to tell its parent: CHILD_STOPPED or CHILD_CONTINUED of signal.h. */
void family_tell_parent(struct process *process, int code);

/*
 * The process has ended: its threads and kernel process are gone, its usage is
 * known. Its children go to the next reaper, its parent is told, and unless
 * somebody may ask for its status it is destroyed.
 */
void process_finish(struct process *process);

/* options of wait4 and waitid. */
enum wait_option {
    WAIT_STOPPED = 2,
    WAIT_EXITED = 4,
    WAIT_CONTINUED = 8,
    WAIT_KEEP = 0x01000000,              /* WNOWAIT */
    WAIT_ANY_SIGNAL = 0x40000000,        /* __WALL */
    WAIT_OTHER_SIGNAL = (int)0x80000000, /* __WCLONE */
};

enum wait_which { WAIT_ALL = 0, WAIT_PID = 1, WAIT_GROUP = 2 };

struct wait_request {
    uint32_t which; /* enum wait_which */
    uint32_t id;
    uint32_t options; /* enum wait_option */
};

struct wait_answer {
    uint32_t pid, uid;
    int32_t status;
    struct process_usage usage;
};

/* EAGAIN: nothing has changed; ECHILD: there is no such child; EINVAL. */
int family_wait(struct process *parent, const struct wait_request *request,
                struct wait_answer *answer);

void usage_add(struct process_usage *sum, const struct process_usage *usage);
