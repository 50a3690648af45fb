/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Signals: dispositions, masks, delivery.
 *
 * Which signals are pending, and what happens to those without a handler, is the
 * process server's; the library keeps handlers and masks, and builds the frames
 * that handlers run on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <posix/linux/signal.h>
#include <posix/lock.h>

struct group;
struct process_signal;
struct task;

#define SIGNAL_COUNT_MAX 64
#define SIGNAL_BIT(number) (UINT64_C(1) << ((number)-1))
#define SIGNAL_UNBLOCKABLE (SIGNAL_BIT(LINUX_SIGKILL) | SIGNAL_BIT(LINUX_SIGSTOP))

struct signal_action {
    uint64_t handler; /* LINUX_SIG_DFL, LINUX_SIG_IGN or an address */
    uint64_t flags;   /* LINUX_SA_* */
    uint64_t restorer;
    uint64_t mask;
};

/* Shared by CLONE_SIGHAND. */
struct signal_actions {
    uint32_t references; /* atomic */
    struct lock lock;    /* guards `actions` */
    struct signal_action actions[SIGNAL_COUNT_MAX + 1];
};

struct signal_stack {
    uint64_t base, size;
    uint32_t flags; /* LINUX_SS_* */
};

struct signal_actions *signal_actions_create(void);
struct signal_actions *signal_actions_copy(struct signal_actions *from);
void signal_actions_release(struct signal_actions *actions);

/* Tell the process server of a disposition. The actions' lock is held. */
void signal_publish_action(struct group *group, int number, const struct signal_action *action);

/* Replace the blocked signals; SIGKILL and SIGSTOP are left out. */
void signal_set_mask(struct task *task, uint64_t mask);
/* The signals, not blocked, that wait to be delivered to this task. */
uint64_t signal_deliverable(const struct task *task);
/* If there are any, no wait begins before they have been looked at. */
void signal_mark_deliverable(struct task *task);
/* Send a signal to the calling thread, as the kernel of Linux does (SIGPIPE, SIGTTIN ...). */
void signal_raise(struct task *task, int number);
/*
 * The same for a fault: it cannot be blocked or ignored, and ends the program if
 * it has no handler. The handler's frame is built at once.
 */
void signal_force(struct task *task, const struct process_signal *signal);

/* Have the program continue in a handler. False: there is no room for its frame. */
bool signal_begin_handler(struct task *task, const struct process_signal *signal,
                          const struct signal_action *action);
void signal_information(struct linux_siginfo *to, const struct process_signal *from);
/* sigaltstack: what is set, and whether the program runs on it. */
bool signal_is_on_stack(const struct task *task);
struct linux_stack signal_stack_state(const struct task *task);

/* As sigsuspend, ppoll and pselect: this mask until the call is over and its handlers have run. */
void signal_use_mask(struct task *task, uint64_t mask);
/* A pending signal of `set`, blocked or not (sigtimedwait, signalfd). 0, or -EAGAIN. */
int signal_take_waited(struct task *task, uint64_t set, struct process_signal *signal);

/*
 * The end of every call and interruption: deliver what waits. `result` is the
 * call's (in rax already), and `number` its number, or ~0 if there was no call.
 */
void signal_deliver(struct task *task, int64_t result, uint64_t number);
