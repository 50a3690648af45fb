/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Events.
 *
 * A counter's signals follow its count: SIGNAL_COUNT above zero, SIGNAL_WRITABLE
 * while one more fits. A periodic timer keeps its next deadline on the grid of
 * its period however late it is run, and counts every point of the grid passed;
 * an event of bits only raises SIGNAL_TIMER again.
 */
#include <kernel/event.h>

#include <kernel/call_arguments.h>
#include <kernel/handle.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/thread.h>
#include <kernel/time.h>

static bool is_counter(const struct event *event)
{
    return (event->flags & EVENT_COUNTER) != 0;
}

/* Set the count and signals; `raise`: those to be raised even if they stand. Nobody
 * else knows the event yet, or it is locked. */
static void set_count_locked(struct event *event, uint64_t count, uint32_t raise)
{
    uint32_t signals = (count > 0) * SIGNAL_COUNT | (count < EVENT_COUNT_MAX) * SIGNAL_WRITABLE;
    event->count = count;
    object_signal_locked(&event->object, ~signals & (SIGNAL_COUNT | SIGNAL_WRITABLE),
                         signals & (raise | ~event->object.signals));
}

static void add_locked(struct event *event, uint64_t count)
{
    uint64_t room = EVENT_COUNT_MAX - event->count;
    set_count_locked(event, event->count + (count < room ? count : room), SIGNAL_COUNT);
}

/* How many points of the timer's grid are at or before now; moves the deadline past them. */
static uint64_t pass_deadlines_locked(struct event *event, uint64_t now)
{
    if (now < event->deadline)
        return 0;
    uint64_t passed = 1;
    uint64_t next = DEADLINE_NEVER;
    if (event->period != 0) {
        passed += (now - event->deadline) / event->period;
        if (__builtin_mul_overflow(passed, event->period, &next) ||
            __builtin_add_overflow(next, event->deadline, &next))
            next = DEADLINE_NEVER;
    }
    event->deadline = next;
    return passed;
}

static void arm_locked(struct event *event, uint64_t earliest)
{
    if (event->deadline == DEADLINE_NEVER)
        timer_disarm(&event->timer);
    else
        timer_arm(&event->timer, event->deadline > earliest ? event->deadline : earliest);
}

static void event_fire(struct timer *timer)
{
    struct event *event = container_of(timer, struct event, timer);
    uint64_t now = time_now();
    lock_acquire(&event->object.lock);
    uint64_t passed = pass_deadlines_locked(event, now);
    if (passed != 0) {
        arm_locked(event, now + EVENT_PERIOD_MIN_NS);
        if (is_counter(event))
            add_locked(event, passed);
        else
            object_signal_locked(&event->object, 0, SIGNAL_TIMER);
    }
    lock_release(&event->object.lock);
}

/* One whose last handle was closed after the caller had found it stays unarmed. */
static void event_set_timer(struct event *event, uint64_t deadline, uint64_t period)
{
    lock_acquire(&event->object.lock);
    bool closed = atomic_load(&event->object.handles) == 0;
    event->deadline = closed ? DEADLINE_NEVER : deadline;
    event->period = period;
    arm_locked(event, 0);
    object_signal_locked(&event->object, SIGNAL_TIMER, 0);
    lock_release(&event->object.lock);
}

void event_unreachable(struct object *object)
{
    event_set_timer(container_of(object, struct event, object), DEADLINE_NEVER, 0);
}

void event_destroy(struct object *object)
{
    struct event *event = container_of(object, struct event, object);
    debug_assert(!event->timer.due.linked);
    object_free(object);
}

int64_t call_event_create(struct thread *self, const struct event_create_arguments *arguments)
{
    bool counter = (arguments->flags & EVENT_COUNTER) != 0;
    if (arguments->count > (counter ? EVENT_COUNT_MAX : 0))
        return status_to_result(STATUS_INVALID);
    struct event *event = object_create(OBJECT_EVENT, arguments->account);
    if (event == NULL)
        return status_to_result(STATUS_NO_MEMORY);
    event->flags = arguments->flags;
    event->deadline = DEADLINE_NEVER;
    timer_init(&event->timer, event_fire);
    if (counter)
        set_count_locked(event, arguments->count, 0);
    return handle_of_created(&self->process->handles, &event->object, RIGHT_ALL);
}

int64_t call_event_signal(struct thread *self, const struct event_signal_arguments *arguments)
{
    if ((arguments->set & ~SIGNAL_USER) != 0 ||
        (arguments->clear & ~(SIGNAL_USER | SIGNAL_TIMER)) != 0)
        return status_to_result(STATUS_INVALID);
    object_signal(&arguments->event->object, arguments->clear, arguments->set);
    return 0;
}

int64_t call_event_add(struct thread *self, const struct event_add_arguments *arguments)
{
    struct event *event = arguments->event;
    if (!is_counter(event))
        return status_to_result(STATUS_BAD_STATE);
    lock_acquire(&event->object.lock);
    bool fits = arguments->count <= EVENT_COUNT_MAX - event->count;
    if (fits)
        add_locked(event, arguments->count);
    lock_release(&event->object.lock);
    return fits ? 0 : status_to_result(STATUS_WOULD_BLOCK);
}

int64_t call_event_take(struct thread *self, const struct event_take_arguments *arguments)
{
    struct event *event = arguments->event;
    if (!is_counter(event))
        return status_to_result(STATUS_BAD_STATE);
    lock_acquire(&event->object.lock);
    uint64_t count = event->count;
    if (count > 1 && (arguments->flags & TAKE_ONE) != 0)
        count = 1;
    set_count_locked(event, event->count - count, 0);
    lock_release(&event->object.lock);
    *arguments->count = count;
    return count != 0 ? 0 : status_to_result(STATUS_WOULD_BLOCK);
}

int64_t call_event_set_timer(struct thread *self, const struct event_set_timer_arguments *arguments)
{
    event_set_timer(arguments->event, arguments->deadline, arguments->period);
    return 0;
}
