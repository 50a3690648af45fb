/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The queues of threads that are ready, one for each CPU: what the files of the
 * scheduler share.
 *
 * `thread->holder` says who has a thread: the CPU that has it loaded, from before
 * it runs there until all of its state is saved again, or whoever ends it. Only
 * a thread that nobody holds can be loaded or ended. Whoever makes it ready
 * while somebody holds it only says so; the holder looks when it lets go.
 */
#pragma once

#include <kernel/budget.h>
#include <kernel/relaxed.h>
#include <kernel/thread.h>

#define PRIORITY_RESERVED PRIORITY_COUNT      /* of who runs by a budget: above all others */
#define PRIORITY_NONE (PRIORITY_RESERVED + 1) /* of who waits until there is time in an account */

#define DEPTH 16 /* calls in a chain */

#define HOLDER_NONE 0u
#define HOLDER_ENDING UINT32_MAX

static inline uint32_t holder_of_cpu(uint32_t cpu)
{
    return cpu + 1;
}

static inline bool thread_may_run(const struct thread *thread)
{
    return atomic_load(&thread->runnable) &&
           !thread_needs(thread, ATTENTION_SUSPENDED | ATTENTION_ENDING | ATTENTION_THROTTLED);
}

/* A bit for each CPU that it may run on. */
static inline uint64_t thread_cpus(const struct thread *thread)
{
    const struct budget *budget = __atomic_load_n(&thread->runs_by, __ATOMIC_SEQ_CST);
    return budget != NULL ? UINT64_C(1) << budget->state.cpu : thread->cpus;
}

static inline bool thread_may_use(const struct thread *thread, uint32_t cpu)
{
    return (thread_cpus(thread) >> cpu & 1) != 0;
}

/* Whether this CPU's queue has a thread of higher priority. */
static inline bool scheduler_queue_has_above(const struct cpu *cpu, uint8_t priority)
{
    return atomic_load_explicit(&cpu->ready, memory_order_relaxed) >> priority > 1;
}

/*
 * For a hand-over that looks at no queue (ipc_fast.c): hold a waiting thread if it could run here
 * at once, with nothing else to be looked at first. Then its wait is claimed and the CPU given to
 * it, with `from` waiting and let go; or it is let go, for it does not wait any more: it may be in
 * a CPU's queue, and stays that one's until its wait is claimed. No lock is held at any of these.
 */
static inline __attribute__((always_inline)) bool scheduler_hold(const struct cpu *cpu,
                                                                 struct thread *thread);
ARCH_COLD void scheduler_let_go(struct thread *thread);
void scheduler_switch(struct cpu *cpu, struct thread *from, struct thread *to);

static inline bool scheduler_hold(const struct cpu *cpu, struct thread *thread)
{
    uint32_t nobody = HOLDER_NONE, number = cpu->number;
    if (relaxed_load(&cpu->disturbed) != 0 ||
        !atomic_compare_exchange_strong(&thread->holder, &nobody, holder_of_cpu(number)))
        return false;
    if (atomic_load(&thread->attention) == 0 && (thread->cpus & cpu->bit) != 0)
        return true;
    scheduler_let_go(thread);
    return false;
}

/* The running thread, which goes on being held, into this CPU's queue if it may run; what it has used
 * is charged when its turn is over. */
void scheduler_queue_put_back(struct cpu *cpu, struct thread *thread);
/* The thread whose turn it is, off its queue and held by this CPU: from this CPU's queue, if that
 * is empty from another's; NULL. `evenly`: first from one where no fewer wait than here. */
struct thread *scheduler_queue_take(struct cpu *cpu, bool evenly);
/* The same of the one that waits alone here, if the current thread waits or is less urgent; else NULL. */
struct thread *scheduler_queue_take_only(struct cpu *cpu);
/* A thread that may run and that nobody holds goes to the queue of a CPU that may run it. */
void scheduler_queue_add(struct thread *thread);
/* It waits for a CPU that is busy: one that has fallen idle meanwhile may come and take it. */
void scheduler_queue_offer(const struct thread *thread);
/* Off its queue if it is in one. */
void scheduler_queue_remove(struct thread *thread);
extern _Atomic uint64_t scheduler_idle_cpus; /* a bit for each that has nothing to do */
/* This CPU is one of them, or no more. */
void scheduler_queue_set_idle(const struct cpu *cpu, bool idle);
/* Whose turn a thread takes: its own account's, or that of whom it serves. Valid until the kernel is left. */
struct account *scheduler_account_of(const struct thread *thread);
/* The outermost account of a thread and those it serves that has time left; NULL: it is not to run.
 * Threads without are marked. `chosen`: who pays since it was chosen, the outermost not marked. */
struct account *scheduler_find_payer(struct thread *thread, bool chosen);
/* By what a thread runs. */
#define STANDING_MASK (ATTENTION_RESERVED | ATTENTION_THROTTLED)
struct standing {
    uint32_t priority;     /* among those without a budget */
    uint32_t attention;    /* what follows from its own budget and this: one of the mask, or none */
    struct budget *budget; /* or NULL */
};
/* It stands so from now on, wherever it waits or runs. */
void scheduler_move(struct thread *thread, const struct standing *to);
/* Have a CPU choose again. */
void scheduler_kick(struct cpu *cpu);
