/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Every signal is made pending first and then looked at (signal_examine), which
 * is also what happens when a stopped process goes on. A look at a signal finds
 * one of these: ignored, it goes; nobody has it unblocked, it stays; its default
 * action is carried out here; or there is a handler, and a thread is interrupted
 * which then comes and takes it. So does the child of a vfork whose end it is: it may
 * hold locks of its parent's library, and ends itself once it does not; and one that is
 * traced, which has a last line to write.
 *
 * The library stores masks and dispositions without asking. It stores a mask
 * before it looks at the pending bits, we store the pending bits before we look
 * at the masks: so one of us sees the other's.
 *
 * A signal below SIGNAL_REALTIME is pending once; if there is no memory for
 * what is known of it, the bit alone stands.
 */
#include "signal.h"

#include <base/heap.h>
#include <base/text.h>

#include "allowance.h"
#include "effects.h"
#include "family.h"
#include "job.h"
#include "limits.h"

#define STOP_SIGNALS                                                                               \
    (signal_bit(SIGNAL_STOP) | signal_bit(SIGNAL_TSTP) | signal_bit(SIGNAL_TTIN) |                 \
     signal_bit(SIGNAL_TTOU))
#define UNBLOCKABLE (signal_bit(SIGNAL_KILL) | signal_bit(SIGNAL_STOP))
/* Taken first, as Linux does: they come from what the thread itself did. */
#define SYNCHRONOUS                                                                                \
    (signal_bit(SIGNAL_SEGV) | signal_bit(SIGNAL_BUS) | signal_bit(SIGNAL_ILL) |                   \
     signal_bit(SIGNAL_TRAP) | signal_bit(SIGNAL_FPE) | signal_bit(SIGNAL_SYS))

struct queued_signal {
    struct list_node link;
    struct allowances *allowances; /* it counts for whose it is sent to */
    struct process_signal signal;
};

enum signal_action signal_default_action(unsigned number)
{
    switch (number) {
    case SIGNAL_QUIT:
    case SIGNAL_ILL:
    case SIGNAL_TRAP:
    case SIGNAL_ABRT:
    case SIGNAL_BUS:
    case SIGNAL_FPE:
    case SIGNAL_SEGV:
    case SIGNAL_XCPU:
    case SIGNAL_XFSZ:
    case SIGNAL_SYS:
        return ACTION_CORE;
    case SIGNAL_CHLD:
    case SIGNAL_URG:
    case SIGNAL_WINCH:
        return ACTION_IGNORE;
    case SIGNAL_STOP:
    case SIGNAL_TSTP:
    case SIGNAL_TTIN:
    case SIGNAL_TTOU:
        return ACTION_STOP;
    case SIGNAL_CONT:
        return ACTION_CONTINUE;
    default:
        return ACTION_END;
    }
}

/* NULL: the user has as many as it may, or there is no memory. */
static struct queued_signal *create_queued(struct allowances *allowances)
{
    if (!allowance_take(allowances, ALLOWANCE_SIGNALS))
        return NULL;
    struct queued_signal *queued = allocate(sizeof(*queued));
    if (queued == NULL)
        allowance_give_back(allowances, ALLOWANCE_SIGNALS);
    else
        queued->allowances = allowances;
    return queued;
}

static void free_queued(struct queued_signal *queued)
{
    allowance_give_back(queued->allowances, ALLOWANCE_SIGNALS);
    release(queued);
}

void pending_init(struct pending *pending)
{
    pending->set = 0;
    pending->count = 0;
    list_init(&pending->queue);
}

void pending_clear(struct pending *pending)
{
    list_for_each_safe (&pending->queue, node)
        free_queued(container_of(node, struct queued_signal, link));
    pending_init(pending);
}

/* Show the library what is pending. */
static void publish(struct process *process, struct thread *thread)
{
    uint64_t *place =
        thread == NULL ? &process->info->pending : &process->signals->threads[thread->slot].pending;
    uint64_t set = thread == NULL ? process->pending.set : thread->pending.set;

    (void)__atomic_exchange_n(place, set, __ATOMIC_SEQ_CST);
}

static struct pending *pending_of(struct process *process, struct thread *thread)
{
    return thread == NULL ? &process->pending : &thread->pending;
}

static void forget(struct process *process, struct thread *thread, uint64_t signals)
{
    struct pending *pending = pending_of(process, thread);

    if ((pending->set & signals) == 0)
        return;
    list_for_each_safe (&pending->queue, node) {
        struct queued_signal *queued = container_of(node, struct queued_signal, link);
        if ((signals & signal_bit((unsigned)queued->signal.number)) == 0)
            continue;
        list_remove(&queued->link);
        free_queued(queued);
        pending->count--;
    }
    pending->set &= ~signals;
    publish(process, thread);
}

static void forget_everywhere(struct process *process, uint64_t signals)
{
    forget(process, NULL, signals);
    list_for_each (&process->threads, node)
        forget(process, container_of_thread(node), signals);
}

static int enqueue(struct process *process, struct thread *thread,
                   const struct process_signal *signal)
{
    struct pending *pending = pending_of(process, thread);
    uint64_t bit = signal_bit((unsigned)signal->number);
    bool queues = signal->number >= SIGNAL_REALTIME;

    if (!queues && (pending->set & bit) != 0)
        return 0;
    bool room = pending->count < process->info->limits[LIMIT_SIGPENDING][0];
    struct queued_signal *queued = queues && !room ? NULL : create_queued(process->allowances);
    if (queued == NULL && queues && signal->code != SIGNAL_CODE_USER)
        return LINUX_EAGAIN;
    if (queued != NULL) {
        queued->signal = *signal;
        list_push_back(&pending->queue, &queued->link);
        pending->count++;
    }
    pending->set |= bit;
    publish(process, thread);
    return 0;
}

/* Remove the oldest of a number that is pending. */
static void dequeue(struct process *process, struct thread *thread, unsigned number,
                    struct process_signal *signal)
{
    struct pending *pending = pending_of(process, thread);
    bool found = false, more = false;

    *signal = (struct process_signal){.number = (int32_t)number};
    list_for_each_safe (&pending->queue, node) {
        struct queued_signal *queued = container_of(node, struct queued_signal, link);
        if (queued->signal.number != (int32_t)number)
            continue;
        if (found) {
            more = true;
            break;
        }
        found = true;
        *signal = queued->signal;
        list_remove(&queued->link);
        free_queued(queued);
        pending->count--;
    }
    if (!more)
        pending->set &= ~signal_bit(number);
    publish(process, thread);
}

static uint64_t mask_of(const struct thread *thread)
{
    const uint64_t *mask = &thread->process->signals->threads[thread->slot].mask;
    return __atomic_load_n(mask, __ATOMIC_SEQ_CST) & ~UNBLOCKABLE;
}

static uint64_t wanted_of(const struct thread *thread)
{
    const uint64_t *waiting = &thread->process->signals->threads[thread->slot].waiting;
    return __atomic_load_n(waiting, __ATOMIC_SEQ_CST);
}

static enum process_disposition disposition_of(const struct process *process, unsigned number)
{
    uint8_t disposition = __atomic_load_n(&process->signals->disposition[number], __ATOMIC_SEQ_CST);

    if (number == SIGNAL_KILL || number == SIGNAL_STOP)
        return PROCESS_SIGNAL_DEFAULT;
    return disposition > PROCESS_SIGNAL_HANDLER ? PROCESS_SIGNAL_DEFAULT
                                                : (enum process_disposition)disposition;
}

/* The thread that takes a signal: the one it is for, the first, or any with it unblocked. */
static struct thread *choose(const struct process *process, struct thread *only, uint64_t bit)
{
    struct thread *first = only != NULL ? only : process_first_thread(process);

    if (first != NULL && (mask_of(first) & bit) == 0)
        return first;
    if (only != NULL)
        return NULL;
    list_for_each (&process->threads, node) {
        struct thread *thread = container_of_thread(node);
        if ((mask_of(thread) & bit) == 0)
            return thread;
    }
    return NULL;
}

/* A blocked signal may be what sigtimedwait or a signalfd waits for. */
static void tell_waiters(struct process *process, uint64_t bit)
{
    list_for_each (&process->threads, node) {
        if ((wanted_of(container_of_thread(node)) & bit) != 0) {
            effect_raise(process, PROCESS_SIGNAL_PENDING);
            return;
        }
    }
}

void process_terminate(struct process *process, int32_t status)
{
    if (!process_is_alive(process))
        return;
    process->life = LIFE_ENDING;
    process->status = status;
    effect_end(process);
}

static void stop(struct process *process, unsigned number)
{
    if (process->life != LIFE_RUNNING)
        return;
    process->life = LIFE_STOPPED;
    process->status = (int32_t)(number << 8 | 0x7f);
    process->news = NEWS_STOPPED;
    effect_suspend(process);
    family_tell_parent(process, CHILD_STOPPED);
}

static void resume(struct process *process)
{
    if (process->life != LIFE_STOPPED)
        return;
    process->life = LIFE_RUNNING;
    process->news = NEWS_CONTINUED;
    effect_resume(process);
    family_tell_parent(process, CHILD_CONTINUED);
}

static void act_by_default(struct process *process, unsigned number)
{
    switch (signal_default_action(number)) {
    case ACTION_END:
    case ACTION_CORE: /* no core is written, and the status does not say so */
        process_terminate(process, (int32_t)number);
        break;
    case ACTION_STOP:
        if (number == SIGNAL_STOP ||
            !job_group_is_orphaned(process->info->group, process->info->session))
            stop(process, number);
        break;
    case ACTION_IGNORE:
    case ACTION_CONTINUE:
        break;
    }
}

static bool ends_itself(const struct process *process)
{
    return process->vforked || process->traced;
}

static bool is_end(unsigned number)
{
    enum signal_action action = signal_default_action(number);

    return action == ACTION_END || action == ACTION_CORE;
}

/* The library acts upon it. */
static bool is_taken(const struct process *process, unsigned number)
{
    enum process_disposition disposition = disposition_of(process, number);

    return disposition == PROCESS_SIGNAL_HANDLER ||
           (disposition == PROCESS_SIGNAL_DEFAULT && ends_itself(process) && is_end(number));
}

static bool is_ignored(const struct process *process, unsigned number)
{
    enum process_disposition disposition = disposition_of(process, number);
    enum signal_action action = signal_default_action(number);

    if (disposition == PROCESS_SIGNAL_IGNORE)
        return true;
    return disposition == PROCESS_SIGNAL_DEFAULT &&
           (action == ACTION_IGNORE || action == ACTION_CONTINUE);
}

static void examine_one(struct process *process, struct thread *only, unsigned number)
{
    uint64_t bit = signal_bit(number);
    struct thread *thread = choose(process, only, bit);

    if (thread == NULL) {
        tell_waiters(process, bit);
        return;
    }
    if (is_ignored(process, number)) {
        forget(process, only, bit);
        return;
    }
    if (is_taken(process, number)) {
        effect_interrupt(thread);
        return;
    }
    forget(process, only, bit);
    act_by_default(process, number);
}

static void examine_set(struct process *process, struct thread *only)
{
    uint64_t set = pending_of(process, only)->set;

    for (unsigned number = 1; number <= SIGNAL_LAST; number++) {
        if ((set & signal_bit(number)) != 0 && process->life == LIFE_RUNNING)
            examine_one(process, only, number);
    }
}

void signal_examine(struct process *process)
{
    examine_set(process, NULL);
    list_for_each_safe (&process->threads, node)
        examine_set(process, container_of_thread(node));
}

int signal_send(struct process *process, struct thread *thread, const struct process_signal *signal)
{
    unsigned number = (unsigned)signal->number;

    if (!process_is_alive(process) || process->kernel == NULL)
        return 0;
    if (number == SIGNAL_KILL && !ends_itself(process)) {
        process_terminate(process, SIGNAL_KILL);
        return 0;
    }
    if ((process->pending.set & signal_bit(SIGNAL_KILL)) != 0)
        return 0; /* it is to end before anything else */
    if ((signal_bit(number) & STOP_SIGNALS) != 0)
        forget_everywhere(process, signal_bit(SIGNAL_CONT));
    if (number == SIGNAL_CONT)
        forget_everywhere(process, STOP_SIGNALS);
    int error = enqueue(process, thread, signal);
    if (error != 0)
        return error;
    if (number == SIGNAL_CONT || number == SIGNAL_KILL) {
        resume(process);
        signal_examine(process);
    } else if (process->life == LIFE_RUNNING) {
        examine_one(process, thread, number);
    }
    return 0;
}

void signal_inherit(struct process *process, struct thread *thread)
{
    list_for_each_safe (&thread->pending.queue, node) {
        list_remove(node);
        list_push_back(&process->pending.queue, node);
        process->pending.count++;
    }
    process->pending.set |= thread->pending.set;
    pending_init(&thread->pending);
    publish(process, NULL);
}

static unsigned pick(uint64_t set)
{
    uint64_t first = (set & SYNCHRONOUS) != 0 ? set & SYNCHRONOUS : set;
    return (unsigned)__builtin_ctzll(first) + 1;
}

int signal_take(struct thread *thread, uint64_t leave, bool any, struct process_signal *signal)
{
    struct process *process = thread->process;

    while (process->life == LIFE_RUNNING) {
        uint64_t own = thread->pending.set & ~leave;
        uint64_t shared = process->pending.set & ~leave;
        if ((own | shared) == 0)
            return LINUX_EAGAIN;
        unsigned number = pick(own != 0 ? own : shared);
        dequeue(process, own != 0 ? thread : NULL, number, signal);
        if (any || is_taken(process, number))
            return 0;
        if (!is_ignored(process, number))
            act_by_default(process, number);
    }
    return LINUX_EAGAIN;
}
