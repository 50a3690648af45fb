/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * All timers stand in one table, whose index is the id that a program sees and
 * the key by which the kernel's event reports. A timer whose signal cannot be
 * queued counts an overrun, and so does each period that went by unseen. One that
 * counts processor time has no event: cpu_clock.c says when to look at it.
 */
#include "timer.h"

#include <base/errno.h>
#include <base/heap.h>
#include <trellis/native.h>

#include "allowance.h"
#include "cpu_clock.h"
#include "end.h"
#include "server.h"
#include "signal.h"

#define TIMERS 1024
#define TIMERS_OF_PROCESS 64
#define SIGNAL_CODE_TIMER (-2)
#define NS_PER_US UINT64_C(1000)

struct timer {
    struct process *process; /* NULL: the place is free */
    handle_t event;
    struct process_timer what;
    uint64_t deadline, interval; /* ns since boot or used, ns; deadline 0: disarmed */
    uint32_t overrun;
    struct allowances *allowances;
};

static struct timer *timers[TIMERS];

static struct timer *find(const struct process *process, uint64_t id)
{
    struct timer *timer = id < TIMERS ? timers[id] : NULL;
    return timer != NULL && timer->process == process ? timer : NULL;
}

/* On the clock of its deadline; that of a thread that has ended stands still at 0. */
static uint64_t now_of(const struct timer *timer)
{
    uint32_t used_by = timer->what.used_by;
    struct process_usage usage;

    if (used_by == 0)
        return server_clock_ns();
    const struct thread *thread = used_by == PROCESS_TIMER_OF_ALL ? NULL : thread_find(used_by);
    if (used_by == PROCESS_TIMER_OF_ALL)
        end_measure(timer->process, &usage);
    else if (thread != NULL && thread->process == timer->process)
        end_measure_thread(thread, &usage);
    else
        return 0;
    return (usage.user_us + usage.system_us) * NS_PER_US;
}

static void destroy(uint32_t index)
{
    struct timer *timer = timers[index];

    (void)native_unobserve(server.endpoint, key_of(KEY_TIMER, index));
    server_close(timer->event);
    allowance_give_back(timer->allowances, ALLOWANCE_TIMERS);
    release(timer);
    timers[index] = NULL;
}

/* The lowest free place, or TIMERS if there is none or the process has its share. */
static uint32_t find_place(const struct process *process)
{
    uint32_t place = TIMERS, owned = 0;

    for (uint32_t i = TIMERS; i-- > 0;) {
        if (timers[i] == NULL)
            place = i;
        else
            owned += timers[i]->process == process;
    }
    return owned < TIMERS_OF_PROCESS ? place : TIMERS;
}

/* An event that reports as the timer of a place. */
static int64_t create_event(uint32_t index, handle_t *result)
{
    int64_t event = native_event_create(server.account, 0, 0);

    if (event < 0)
        return event;
    int64_t observed = native_observe(server.endpoint, (handle_t)event, SIGNAL_TIMER,
                                      key_of(KEY_TIMER, index), OBSERVE_EDGE);
    if (observed < 0)
        server_close((handle_t)event);
    else
        *result = (handle_t)event;
    return observed;
}

static int create(struct process *process, const struct process_timer *given, uint64_t *id)
{
    uint32_t index = find_place(process);

    if (given->signal > SIGNAL_LAST)
        return LINUX_EINVAL;
    if (index == TIMERS || !allowance_take(process->allowances, ALLOWANCE_TIMERS))
        return LINUX_EAGAIN;
    struct timer *timer = allocate_zeroed(1, sizeof(*timer));
    handle_t event = HANDLE_NONE;
    bool reports = given->used_by != 0 ? cpu_clock_has_event()
                                       : timer != NULL && create_event(index, &event) >= 0;
    if (timer == NULL || !reports) {
        allowance_give_back(process->allowances, ALLOWANCE_TIMERS);
        release(timer);
        return LINUX_EAGAIN;
    }
    *timer = (struct timer){
        .process = process, .event = event, .what = *given, .allowances = process->allowances};
    timers[index] = timer;
    *id = index;
    return 0;
}

static void ask(const struct timer *timer, uint64_t *reply)
{
    uint64_t now = now_of(timer);

    reply[0] = timer->deadline == 0 ? 0 : timer->deadline > now ? timer->deadline - now : 1;
    reply[1] = timer->interval;
    reply[2] = timer->overrun;
    reply[3] = timer->what.clock;
}

static int set(struct timer *timer, uint64_t left_ns, uint64_t interval_ns)
{
    timer->deadline = left_ns == 0 ? 0 : now_of(timer) + left_ns;
    timer->interval = left_ns == 0 ? 0 : interval_ns;
    timer->overrun = 0;
    if (timer->what.used_by != 0) {
        cpu_clock_watch();
        return 0;
    }
    int64_t result = native_event_set_timer(
        timer->event, timer->deadline == 0 ? DEADLINE_NEVER : timer->deadline, timer->interval);
    return result < 0 ? LINUX_EINVAL : 0;
}

int timer_serve(struct process *process, const uint64_t *words, const struct process_timer *given,
                uint64_t *reply)
{
    uint64_t operation = words[0], id = words[1];

    if (operation == PROCESS_TIMER_CREATE)
        return given == NULL ? LINUX_EINVAL : create(process, given, &reply[0]);
    struct timer *timer = find(process, id);
    if (timer == NULL || operation > PROCESS_TIMER_DELETE)
        return LINUX_EINVAL;
    ask(timer, reply);
    if (operation == PROCESS_TIMER_SET)
        return set(timer, words[2], words[3]);
    if (operation == PROCESS_TIMER_DELETE)
        destroy((uint32_t)id);
    return 0;
}

/* The next deadline after now; how many were passed over counts as overrun. */
static void advance(struct timer *timer)
{
    uint64_t now = now_of(timer);

    if (timer->interval == 0) {
        timer->deadline = 0;
        return;
    }
    uint64_t periods = (now - timer->deadline) / timer->interval + 1;
    timer->deadline += periods * timer->interval;
    timer->overrun = (uint32_t)(periods - 1);
}

/* If it is due. */
static void fire(struct timer *timer, uint32_t index)
{
    if (timer->deadline == 0 || timer->deadline > now_of(timer))
        return;
    advance(timer);
    const struct process_timer *what = &timer->what;
    struct thread *thread = what->tid == 0 ? NULL : thread_find(what->tid);
    struct process_signal signal = {
        .number = (int32_t)what->signal,
        .code = SIGNAL_CODE_TIMER,
        .value = what->value,
        .timer = index,
        .overrun = timer->overrun,
    };
    if (what->signal == 0 ||
        (what->tid != 0 && (thread == NULL || thread->process != timer->process)))
        return;
    if (signal_send(timer->process, thread, &signal) != 0)
        timer->overrun++;
}

void timer_fired(uint32_t index)
{
    if (index < TIMERS && timers[index] != NULL)
        fire(timers[index], index);
}

uint64_t timer_examine_used(void)
{
    uint64_t next = CPU_TIMER_NEVER;

    for (uint32_t i = 0; i < TIMERS; i++) {
        struct timer *timer = timers[i];
        if (timer == NULL || timer->what.used_by == 0)
            continue;
        fire(timer, i);
        uint64_t now = now_of(timer); /* on another processor it goes on */
        uint64_t left = timer->deadline > now ? timer->deadline - now : 0;
        if (timer->deadline != 0 && left < next)
            next = left;
    }
    return next;
}

void timer_delete_all(struct process *process)
{
    for (uint32_t i = 0; i < TIMERS; i++) {
        if (timers[i] != NULL && timers[i]->process == process)
            destroy(i);
    }
}
