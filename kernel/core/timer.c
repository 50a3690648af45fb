/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Timers.
 *
 * Each CPU has a pairing heap (Fredman, Sedgewick, Sleator, Tarjan, Algorithmica
 * 1986): its links are inside the timers, so arming allocates nothing; adding
 * takes constant time, removing logarithmic time when averaged over many.
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
#include <stddef.h>
#include <trellis/structures.h>

struct timer_queue {
    struct spinlock lock;
    struct timer *root;  /* lock; due first */
    uint64_t slice_end;  /* lock */
    uint64_t programmed; /* lock; what the hardware was told */
};

static struct timer_queue queues[CPU_MAX] = {
    [0 ... CPU_MAX - 1] = {.lock = SPINLOCK_INITIAL(LOCK_TIMER),
                           .slice_end = DEADLINE_NEVER,
                           .programmed = DEADLINE_NEVER},
};

static struct timer *heap_merge(struct timer *left, struct timer *right)
{
    if (left == NULL || right == NULL)
        return left != NULL ? left : right;
    struct timer *first = right->deadline < left->deadline ? right : left;
    struct timer *second = first == left ? right : left;
    second->previous = first;
    second->sibling = first->child;
    if (second->sibling != NULL)
        second->sibling->previous = second;
    first->child = second;
    return first;
}

/* Merge siblings two by two from the left, then the results from the right. */
static struct timer *heap_merge_siblings(struct timer *first)
{
    struct timer *pairs = NULL, *root = NULL;
    while (first != NULL) {
        struct timer *second = first->sibling;
        struct timer *rest = second != NULL ? second->sibling : NULL;
        struct timer *pair = heap_merge(first, second);
        pair->sibling = pairs;
        pairs = pair;
        first = rest;
    }
    while (pairs != NULL) {
        struct timer *rest = pairs->sibling;
        pairs->sibling = NULL;
        root = heap_merge(root, pairs);
        pairs = rest;
    }
    return root;
}

static void heap_remove(struct timer_queue *queue, struct timer *timer)
{
    struct timer *below = heap_merge_siblings(timer->child);
    if (queue->root == timer) {
        queue->root = below;
    } else {
        if (timer->previous->child == timer)
            timer->previous->child = timer->sibling;
        else
            timer->previous->sibling = timer->sibling;
        if (timer->sibling != NULL)
            timer->sibling->previous = timer->previous;
        queue->root = heap_merge(queue->root, below);
    }
    if (queue->root != NULL)
        queue->root->previous = queue->root->sibling = NULL;
    timer->child = timer->sibling = timer->previous = NULL;
    timer->armed = false;
}

/* Have the hardware fire when the first thing is due. */
static void program_locked(struct timer_queue *queue)
{
    uint64_t due = queue->slice_end;
    if (queue->root != NULL && queue->root->deadline < due)
        due = queue->root->deadline;
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
    if (timer->armed)
        heap_remove(queue, timer);
    lock_release(&queue->lock);
}

bool timer_is_armed(const struct timer *timer)
{
    struct timer_queue *queue = &queues[timer->cpu];
    lock_acquire(&queue->lock);
    bool armed = timer->armed;
    lock_release(&queue->lock);
    return armed;
}

void timer_arm(struct timer *timer, uint64_t deadline)
{
    timer_disarm(timer);
    timer->cpu = cpu_current()->number;
    timer->deadline = deadline;
    struct timer_queue *queue = &queues[timer->cpu];
    lock_acquire(&queue->lock);
    timer->armed = true;
    queue->root = heap_merge(queue->root, timer);
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
    while (!claimed && (timer = queue->root) != NULL && timer->deadline <= now) {
        heap_remove(queue, timer);
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
