/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The scheduler: per CPU, by effective priority, then the accounts that have a
 * runnable thread of it by their weights, then the account's threads by theirs (share.h).
 *
 * A turn is SLICE_NS long. A call hands the CPU and the caller's priority and
 * account to the server directly, without the run queue; the reply hands them
 * back.
 */
#pragma once

#include <kernel/thread.h>

#define SLICE_NS SHARE_TURN_NS

void scheduler_init_cpu(uint32_t cpu);

/* Make runnable; may preempt the current thread at the end of this entry. */
void scheduler_wake(struct thread *thread);
/* The current thread, which leaves the CPU at the end of this entry, or one that has not run yet. */
void scheduler_block(struct thread *thread);
/* The current thread has begun to wait; run `to` in the rest of its turn, unless it may not
 * run or something more urgent is ready. */
void scheduler_hand_over(struct thread *to);
/* As if it had used a whole turn. */
void scheduler_yield(struct thread *thread);
/* Suspended or resumed, itself or its process. On another CPU it runs on until interrupted. */
void scheduler_reconsider(struct thread *thread);
/* The bit of the CPU that has it: what it saves and loads is then not to be looked at. Or 0. */
uint64_t scheduler_cpu_of(const struct thread *thread);
/* One turn of waiting until another CPU has let go of a thread that is to stop or end. False if
 * the current thread is to do so itself: two that wait for each other must not. */
bool scheduler_await_other(void);
/* Interrupt it, if it runs: something is to be seen on the way to user mode. */
void scheduler_disturb(const struct thread *thread);
/* No CPU will run it any more, and who called may end it; false if it runs, and then its CPU does. */
bool scheduler_seize(struct thread *thread) must_check;
/* The entries of the running thread's process have changed. */
void scheduler_personality_changed(struct process *process);
/* Recompute effective priority and budget from the thread's client and queued callers; NULL: nothing. */
void scheduler_update_donation(struct thread *thread);
/* Book the time since the last booking to the threads that run on this CPU and on those of the
 * bits: before their times are read. Those are waited for, so no lock is held. */
void scheduler_book_time(uint64_t cpus);
/* Choose the thread that runs next and load it; cpu->current is NULL if there is none. */
void scheduler_choose(struct cpu *cpu);
/* A caller was queued, or has left the queue: the threads that serve others there meanwhile
 * run with its priority and budget. */
void scheduler_lend_priority(struct endpoint *endpoint);
/* The slice has ended (timer). */
void scheduler_tick(void);
/* The kernel has resolved a fault: it was what a tick found that has become due meanwhile. */
void scheduler_leave_fault(void);

/*
 * The last thing in every kernel entry: do bounded deferred work, choose the
 * thread to run, switch address space and return to user mode; idle where there
 * is none. Never returns.
 */
_Noreturn void scheduler_leave_kernel(void);
