/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Signals: what arrives, what waits, and what happens by default.
 */
#pragma once

#include <base/errno.h>

#include "table.h"

/* Linux' numbers, the same on the three architectures. */
enum signal_number {
    SIGNAL_HUP = 1,
    SIGNAL_INT = 2,
    SIGNAL_QUIT = 3,
    SIGNAL_ILL = 4,
    SIGNAL_TRAP = 5,
    SIGNAL_ABRT = 6,
    SIGNAL_BUS = 7,
    SIGNAL_FPE = 8,
    SIGNAL_KILL = 9,
    SIGNAL_USR1 = 10,
    SIGNAL_SEGV = 11,
    SIGNAL_USR2 = 12,
    SIGNAL_PIPE = 13,
    SIGNAL_ALRM = 14,
    SIGNAL_TERM = 15,
    SIGNAL_CHLD = 17,
    SIGNAL_CONT = 18,
    SIGNAL_STOP = 19,
    SIGNAL_TSTP = 20,
    SIGNAL_TTIN = 21,
    SIGNAL_TTOU = 22,
    SIGNAL_URG = 23,
    SIGNAL_XCPU = 24,
    SIGNAL_XFSZ = 25,
    SIGNAL_VTALRM = 26,
    SIGNAL_PROF = 27,
    SIGNAL_WINCH = 28,
    SIGNAL_SYS = 31,
    SIGNAL_REALTIME = 32, /* the first that is queued */
    SIGNAL_LAST = 64,
};

/* siginfo's si_code. */
enum signal_code {
    SIGNAL_CODE_USER = 0,
    SIGNAL_CODE_KERNEL = 128,
    SIGNAL_CODE_QUEUE = -1,
    SIGNAL_CODE_THREAD = -6,
    CHILD_EXITED = 1,
    CHILD_KILLED = 2,
    CHILD_DUMPED = 3,
    CHILD_STOPPED = 5,
    CHILD_CONTINUED = 6,
};

#define STATUS_CORE 0x80 /* in a wait status */

static inline uint64_t signal_bit(unsigned number)
{
    return UINT64_C(1) << (number - 1);
}

enum signal_action { ACTION_END, ACTION_CORE, ACTION_IGNORE, ACTION_STOP, ACTION_CONTINUE };
enum signal_action signal_default_action(unsigned number);

void pending_init(struct pending *pending);
void pending_clear(struct pending *pending);

/*
 * To a process, or to one thread of it (`thread` not NULL). What the process
 * ignores is dropped; a default action that ends, stops or continues it is
 * carried out at once unless the signal is blocked. EAGAIN: too many are queued.
 */
int signal_send(struct process *process, struct thread *thread,
                const struct process_signal *signal);

/* Act on what is pending, as after a continue. */
void signal_examine(struct process *process);

/*
 * Take one signal that is not in `leave`, the thread's own first. With `any` it
 * is given out whatever its disposition; else default actions are carried out
 * here and only a signal with a handler is given out. EAGAIN: there is none.
 */
int signal_take(struct thread *thread, uint64_t leave, bool any, struct process_signal *signal);

/* The other threads go, and what is pending for this one is the process' from now on: exec. */
void signal_inherit(struct process *process, struct thread *thread);

/* End a process with this wait status, unless that has been decided before. */
void process_terminate(struct process *process, int32_t status);
