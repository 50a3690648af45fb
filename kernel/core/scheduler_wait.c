/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The life of a wait.
 *
 * A wait is WAITING until somebody claims it, which happens once: by the thing
 * waited for, by the timer, by an interruption or by the thread's end. Who has
 * claimed it takes the thread off whatever it hangs on and finishes the wait.
 *
 * A claim must never meet another wait than was meant, for the one who could
 * have ended that one then fails. So it is made where the thread cannot begin a
 * new wait: with the lock of a queue it hangs in, or with the timer's, which
 * finishing takes; and an interruption claims only what it may interrupt.
 */
#include <kernel/thread.h>

#include <kernel/relaxed.h>
#include <kernel/scheduler.h>
#include <kernel/time.h>

/* An interruption ends only waits for something outside: what a server was asked is answered soon. */
static bool is_interruptible(const struct wait *wait)
{
    return wait->kind == WAIT_RECEIVE || wait->kind == WAIT_SIGNALS || wait->kind == WAIT_ADDRESS;
}

/* The timer first: from the store on others may end the wait. */
void thread_start_wait(struct thread *thread, uint64_t deadline)
{
    relaxed_store(&thread->wait.until, deadline != DEADLINE_NEVER);
    scheduler_block(thread);
    if (thread->wait.until)
        timer_arm(&thread->wait.timer, deadline);
    ordered_store(&thread->wait_state,
                  is_interruptible(&thread->wait) ? WAIT_STATE_INTERRUPTIBLE : WAIT_STATE_WAITING);
}

static bool is_marked(const struct thread *thread)
{
    return relaxed_load(&thread->frame->interrupted) != 0;
}

enum status thread_begin_wait(struct thread *thread, uint64_t deadline)
{
    if (is_interruptible(&thread->wait) && is_marked(thread))
        return STATUS_INTERRUPTED;
    if (deadline != DEADLINE_NEVER && deadline <= time_now())
        return STATUS_TIMED_OUT;
    thread_start_wait(thread, deadline);
    return STATUS_OK;
}

/* Who wanted to end it in between could not, and has left word: the timer, the mark, the end. */
void thread_unclaim_wait(struct thread *thread)
{
    bool interruptible = is_interruptible(&thread->wait);
    bool until = thread->wait.until;
    ordered_store(&thread->wait_state,
                  interruptible ? WAIT_STATE_INTERRUPTIBLE : WAIT_STATE_WAITING);
    if (until && !timer_is_armed(&thread->wait.timer))
        (void)thread_cancel_wait(thread, STATUS_TIMED_OUT);
    else if (thread_needs(thread, ATTENTION_ENDING | (interruptible ? ATTENTION_MARKED : 0)))
        (void)thread_cancel_wait(thread, STATUS_INTERRUPTED);
}

void thread_settle_wait(struct thread *thread, int64_t result)
{
    bool rewound = thread->wait.kind == WAIT_RESTART;

    if (thread->wait.until)
        timer_disarm(&thread->wait.timer);
    relaxed_store(&thread->wait.until, false);
    relaxed_store(&thread->wait.kind, WAIT_NONE);
    atomic_store_explicit(&thread->wait_state, WAIT_STATE_NONE, memory_order_release);
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

void thread_abort_wait(struct thread *thread, enum status why)
{
    if (thread->wait.cancel != NULL)
        thread->wait.cancel(thread);
    thread_finish_wait(thread, status_to_result(why));
}

bool thread_cancel_wait(struct thread *thread, enum status why)
{
    bool claimed = thread_claim_wait(thread);
    if (claimed)
        thread_abort_wait(thread, why);
    return claimed;
}

static struct thread *thread_of(struct timer *timer)
{
    return container_of(timer, struct thread, wait.timer);
}

/* The timer is armed as long as the wait it was armed for has not been finished. */
static bool claim_passed(struct timer *timer)
{
    return thread_claim_wait(thread_of(timer));
}

static void deadline_passed(struct timer *timer)
{
    thread_abort_wait(thread_of(timer), STATUS_TIMED_OUT);
}

void thread_init_wait(struct thread *thread)
{
    list_node_init(&thread->wait.link);
    timer_init(&thread->wait.timer, deadline_passed);
    thread->wait.timer.claim = claim_passed;
}

bool thread_notice_mark(struct thread *thread)
{
    uint32_t expected = WAIT_STATE_INTERRUPTIBLE;

    if (!is_marked(thread) ||
        !atomic_compare_exchange_strong(&thread->wait_state, &expected, WAIT_STATE_ENDED))
        return false;
    thread_abort_wait(thread, STATUS_INTERRUPTED);
    return true;
}

/* The mark is in the frame before the kernel knows of it: see personality_interrupt. */
void thread_interrupt(struct thread *thread)
{
    (void)__atomic_exchange_n(&thread->frame->interrupted, 1, __ATOMIC_SEQ_CST);
    atomic_fetch_or(&thread->attention, ATTENTION_MARKED);
    if (!thread_notice_mark(thread))
        scheduler_disturb(thread);
}
