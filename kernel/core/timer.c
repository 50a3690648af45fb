/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Timers.
 *
 * Each CPU has a heap of those that are armed (heap.h): its links are inside the
 * timers, so arming allocates nothing.
 *
 * The hardware is told only when something is due earlier than it knows. After
 * a timer is disarmed it therefore fires once in vain, which costs less than
 * setting it again at each wait that ends in time.
 */
#include <kernel/timer.h>

#include <arch/cpu.h>
#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/scheduler.h>
#include <kernel/time.h>
#include <list/list.h>
#include <stddef.h>
#include <trellis/structures.h>

#define LATEST ((uint64_t)INT64_MAX) /* 292 years */

struct timer_queue {
    struct spinlock lock;
    struct heap_node *root; /* lock; of timers, due first */
    uint64_t slice_end;     /* lock */
    uint64_t programmed;    /* lock; what the hardware was told */
};

static struct timer_queue queues[CPU_MAX] = {
    [0 ... CPU_MAX - 1] = {.lock = SPINLOCK_INITIAL(LOCK_TIMER),
                           .slice_end = DEADLINE_NEVER,
                           .programmed = DEADLINE_NEVER},
};

/* Have the hardware fire when the first thing is due. */
static void program_locked(struct timer_queue *queue)
{
    uint64_t due = queue->slice_end;
    if (queue->root != NULL && queue->root->key < due)
        due = queue->root->key;
    if (due >= queue->programmed)
        return;
    queue->programmed = due;
    uint64_t now = time_now();
    uint64_t ticks = due > now ? time_to_ticks(due - now) : 0;
    arch_timer_set(ticks != 0 ? ticks : 1);
}

void timer_init(struct timer *timer, void (*fire)(struct timer *timer))
{
    *timer = (struct timer){.fire = fire};
}

void timer_disarm(struct timer *timer)
{
    struct timer_queue *queue = &queues[timer->cpu];
    lock_acquire(&queue->lock);
    if (timer->due.linked)
        heap_remove(&queue->root, &timer->due);
    lock_release(&queue->lock);
}

bool timer_is_armed(const struct timer *timer)
{
    struct timer_queue *queue = &queues[timer->cpu];
    lock_acquire(&queue->lock);
    bool armed = timer->due.linked;
    lock_release(&queue->lock);
    return armed;
}

void timer_arm(struct timer *timer, uint64_t deadline)
{
    uint32_t here = cpu_current()->number;
    struct timer_queue *queue = &queues[here];
    if (timer->cpu != here)
        timer_disarm(timer);
    timer->cpu = here;
    lock_acquire(&queue->lock);
    if (timer->due.linked)
        heap_remove(&queue->root, &timer->due);
    timer->due.key = deadline < LATEST ? deadline : LATEST;
    heap_insert(&queue->root, &timer->due);
    program_locked(queue);
    lock_release(&queue->lock);
}

void timer_set_slice_end(uint64_t deadline)
{
    struct timer_queue *queue = &queues[cpu_current()->number];
    lock_acquire(&queue->lock);
    queue->slice_end = deadline;
    program_locked(queue);
    lock_release(&queue->lock);
}

/* The next timer that is due and is to fire, no longer armed, or NULL. */
static struct timer *take_due(struct timer_queue *queue, uint64_t now)
{
    struct timer *timer;
    bool claimed = false;
    lock_acquire(&queue->lock);
    while (!claimed && queue->root != NULL && queue->root->key <= now) {
        timer = container_of(queue->root, struct timer, due);
        heap_remove(&queue->root, &timer->due);
        claimed = timer->claim == NULL || timer->claim(timer);
    }
    lock_release(&queue->lock);
    return claimed ? timer : NULL;
}

static bool take_slice_end(struct timer_queue *queue, uint64_t now)
{
    lock_acquire(&queue->lock);
    bool ended = queue->slice_end <= now;
    if (ended)
        queue->slice_end = DEADLINE_NEVER;
    lock_release(&queue->lock);
    return ended;
}

void timer_run(void)
{
    struct timer_queue *queue = &queues[cpu_current()->number];
    uint64_t now = time_now();
    for (struct timer *timer; (timer = take_due(queue, now)) != NULL;)
        timer->fire(timer);
    if (take_slice_end(queue, now))
        scheduler_tick();
    lock_acquire(&queue->lock);
    queue->programmed = DEADLINE_NEVER;
    program_locked(queue);
    lock_release(&queue->lock);
}

int64_t call_clock_read(struct thread *self)
{
    return (int64_t)time_now();
}
