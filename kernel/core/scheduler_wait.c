/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The life of a wait.
 *
 * A wait is WAITING until somebody claims it, which happens once: by the thing
 * waited for, by the timer, by an interruption or by the thread's end. Who has
 * claimed it takes the thread off whatever it hangs on and finishes the wait.
 */
#include <kernel/thread.h>

#include <kernel/scheduler.h>
#include <kernel/time.h>

/* An interruption ends only waits for something outside: what a server was asked is answered soon. */
static bool is_interruptible(const struct wait *wait)
{
    return wait->kind == WAIT_RECEIVE || wait->kind == WAIT_SIGNALS || wait->kind == WAIT_ADDRESS;
}

void thread_start_wait(struct thread *thread, uint64_t deadline)
{
    thread->wait.until = deadline != DEADLINE_NEVER;
    scheduler_block(thread);
    atomic_store(&thread->wait_state, WAIT_STATE_WAITING);
    if (thread->wait.until)
        timer_arm(&thread->wait.timer, deadline);
}

enum status thread_begin_wait(struct thread *thread, uint64_t deadline)
{
    if (is_interruptible(&thread->wait) && *(volatile uint64_t *)&thread->frame->interrupted != 0)
        return STATUS_INTERRUPTED;
    if (deadline != DEADLINE_NEVER && deadline <= time_now())
        return STATUS_TIMED_OUT;
    thread_start_wait(thread, deadline);
    return STATUS_OK;
}

/* Who wanted to end it in between could not, and has left word: the timer, the mark, the end. */
void thread_unclaim_wait(struct thread *thread)
{
    atomic_store(&thread->wait_state, WAIT_STATE_WAITING);
    if (thread->wait.until && !thread->wait.timer.armed)
        (void)thread_cancel_wait(thread, STATUS_TIMED_OUT);
    else if (thread->ended || (thread->interrupted && is_interruptible(&thread->wait)))
        (void)thread_cancel_wait(thread, STATUS_INTERRUPTED);
}

void thread_settle_wait(struct thread *thread, int64_t result)
{
    bool rewound = thread->wait.kind == WAIT_RESTART;

    if (thread->wait.until)
        timer_disarm(&thread->wait.timer);
    thread->wait.kind = WAIT_NONE;
    atomic_store(&thread->wait_state, WAIT_STATE_NONE);
    if (result == status_to_result(STATUS_RESTART))
        arch_call_rewind(thread);
    else if (!rewound)
        arch_call_set_result(thread, result);
}

void thread_finish_wait(struct thread *thread, int64_t result)
{
    thread_settle_wait(thread, result);
    scheduler_wake(thread);
}

bool thread_cancel_wait(struct thread *thread, enum status why)
{
    if (!thread_claim_wait(thread))
        return false;
    if (thread->wait.cancel != NULL)
        thread->wait.cancel(thread);
    thread_finish_wait(thread, status_to_result(why));
    return true;
}

static void deadline_passed(struct timer *timer)
{
    struct thread *thread = container_of(timer, struct thread, wait.timer);
    (void)thread_cancel_wait(thread, STATUS_TIMED_OUT);
}

void thread_init_wait(struct thread *thread)
{
    list_node_init(&thread->wait.link);
    timer_init(&thread->wait.timer, deadline_passed);
}

void thread_interrupt(struct thread *thread)
{
    thread->interrupted = true;
    thread->frame->interrupted = 1;
    if (is_interruptible(&thread->wait))
        (void)thread_cancel_wait(thread, STATUS_INTERRUPTED);
}
