/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The scheduler: who runs on this CPU. Who waits for it is in scheduler_queue.c.
 *
 * A CPU that runs a thread ticks: a turn ends, and the load is evened out
 * (scheduler_queue.c). One that has fallen idle ticks once more, in vain. Times
 * are booked when the scheduler chooses, by the clock it has to read anyway; a
 * direct hand-over between caller and server reads none, and their time together
 * is booked to who runs when the next choice is made. Whether it was the
 * program's own or the kernel's a tick decides for all the time up to the next
 * one, by where it finds the thread: in the kernel, or in the library that
 * carries out its calls. Nothing is measured at each call.
 *
 * An idle CPU has no address space loaded and holds nothing of any thread. It
 * looks for work a short while before it sleeps: as long as it does, whoever has
 * some need not interrupt it (McKenney calls this polling idle).
 */
#include <kernel/scheduler.h>

#include <arch/cpu.h>
#include <arch/page_table.h>
#include <arch/thread.h>
#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/ipc.h>
#include <kernel/log.h>
#include <kernel/personality.h>
#include <kernel/process.h>
#include <kernel/rcu.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler_queue.h>
#include <kernel/time.h>

#define POLL_NS 20000 /* about what an interrupt between CPUs costs */

/* What others do to a thread. Each first changes what thread_may_run looks at, then looks
 * who holds the thread; the holder lets go first, then looks at that. */

static ARCH_COLD void look_before_waking(struct thread *thread)
{
    struct budget *budget = relaxed_load(&thread->runs_by);

    atomic_fetch_and(&thread->attention, ~ATTENTION_UNPAID);
    if (budget != NULL)
        budget_wake(budget);
}

void scheduler_wake(struct thread *thread)
{
    if (thread_needs(thread, ATTENTION_UNPAID | ATTENTION_RESERVED))
        look_before_waking(thread);
    ordered_store(&thread->runnable, true);
    if (atomic_load_explicit(&thread->holder, memory_order_acquire) == HOLDER_NONE)
        scheduler_queue_add(thread);
}

void scheduler_block(struct thread *thread)
{
    atomic_store_explicit(&thread->runnable, false, memory_order_release);
}

void scheduler_reconsider(struct thread *thread)
{
    if (!thread_may_run(thread))
        scheduler_queue_remove(thread);
    else if (atomic_load(&thread->holder) == HOLDER_NONE)
        scheduler_queue_add(thread);
    scheduler_disturb(thread);
}

uint64_t scheduler_cpu_of(const struct thread *thread)
{
    uint32_t holder = atomic_load(&thread->holder);
    return holder == HOLDER_NONE || holder == HOLDER_ENDING ? 0 : UINT64_C(1) << (holder - 1);
}

void scheduler_disturb(const struct thread *thread)
{
    uint64_t cpu = scheduler_cpu_of(thread);
    if (cpu != 0)
        scheduler_kick(cpu_get((uint32_t)__builtin_ctzll(cpu)));
}

bool scheduler_await_other(void)
{
    arch_cpu_relax();
    return thread_may_run(cpu_current()->current);
}

void scheduler_yield(struct thread *thread)
{
    if (atomic_load(&cpu_current()->ready) >> relaxed_load(&thread->effective) == 0)
        return;
    thread->yielded = true;
    thread->skipped_ns = SLICE_NS;
    cpu_current()->reschedule = true;
}

int64_t call_thread_set_weight(struct thread *self,
                               const struct thread_set_weight_arguments *arguments)
{
    struct thread *thread = arguments->thread;

    if (!share_may_give(arguments->weight, relaxed_load(&self->share.stride)))
        return status_to_result(STATUS_INVALID);
    relaxed_store(&thread->share.stride, share_stride(arguments->weight));
    return 0;
}

/* Whoever finds it in no queue meanwhile leaves it there, or puts it where it may be. */
int64_t call_thread_set_cpus(struct thread *self, const struct thread_set_cpus_arguments *arguments)
{
    struct thread *thread = arguments->thread;

    if ((arguments->cpus & cpu_all()) == 0)
        return status_to_result(STATUS_INVALID);
    ordered_store(&thread->cpus, arguments->cpus);
    scheduler_queue_remove(thread);
    scheduler_update_donation(thread);
    scheduler_reconsider(thread);
    return 0;
}

/* Time. */

static void arm_tick(struct cpu *cpu, uint64_t now)
{
    cpu->tick_due = arch_counter_read() + time_to_ticks(SLICE_NS);
    timer_set_slice_end(now + SLICE_NS);
}

void scheduler_tick(void)
{
    struct cpu *cpu = cpu_current();
    struct thread *current = cpu->current;

    cpu->tick_due = 0;
    if (current == NULL)
        return;
    current->in_kernel = cpu->tick_in_kernel || personality_is_in_library(current);
    cpu->tick_in_kernel = false;
    current->yielded = true;
    cpu->reschedule = true;
}

void scheduler_leave_fault(void)
{
    struct cpu *cpu = cpu_current();

    cpu->tick_in_kernel = arch_counter_read() >= cpu->tick_due;
}

/* To the account, or if that has used up its time to who pays instead. */
static ARCH_COLD void book_and_settle(struct thread *thread, struct account *account,
                                      uint64_t spent)
{
    if (!account_look_for_time(account))
        account = scheduler_find_payer(thread, true);
    atomic_fetch_add(&account->fresh_ns, spent);
    account_settle_time(account);
}

static void book_time(struct cpu *cpu, uint64_t now)
{
    uint64_t spent = now - cpu->entered_ns;
    struct thread *current = cpu->current;

    if (current != NULL) {
        relaxed_add(current->in_kernel ? &cpu->kernel_ns : &cpu->user_ns, spent);
        relaxed_add(current->in_kernel ? &current->kernel_ns : &current->user_ns, spent);
        if (cpu->budget != NULL)
            budget_spend(cpu->budget, spent, now);
        else
            current->turn_ns += spent;
        struct account *account = scheduler_account_of(current);
        if (atomic_load_explicit(&account->fresh_ns, memory_order_relaxed) + spent >=
            ACCOUNT_FRESH_NS)
            book_and_settle(current, account, spent);
        else
            atomic_fetch_add_explicit(&account->fresh_ns, spent, memory_order_relaxed);
    }
    atomic_store_explicit(&cpu->entered_ns, now, memory_order_release);
}

/* Whoever is asked the same meanwhile gives up, so that no two wait for each other. */
void scheduler_book_time(uint64_t cpus)
{
    struct cpu *self = cpu_current();
    uint64_t now = time_now();

    book_time(self, now);
    cpus &= ~self->bit;
    for (uint64_t left = cpus; left != 0; left &= left - 1)
        scheduler_kick(cpu_get((uint32_t)__builtin_ctzll(left)));
    for (; cpus != 0 && !self->reschedule; cpus &= cpus - 1) {
        const struct cpu *other = cpu_get((uint32_t)__builtin_ctzll(cpus));
        while (atomic_load(&other->entered_ns) < now && !self->reschedule)
            arch_cpu_relax();
    }
}

/* Changing threads. */

/* Something was said to a thread while this CPU had it, or it was put back. Who takes it off its
 * queue after that to have it elsewhere looks at the holder when that is done. */
static ARCH_COLD void look_after(struct thread *thread)
{
    if (thread_needs(thread, ATTENTION_ENDING)) {
        if (scheduler_seize(thread))
            thread_finish_end(thread);
    } else if (atomic_load(&thread->queued)) {
        scheduler_queue_offer(thread);
    } else if (atomic_load(&thread->runnable) || !thread_notice_mark(thread)) {
        scheduler_queue_add(thread);
    }
}

/* All of its state is saved. */
static inline __attribute__((always_inline)) void let_go(struct thread *thread)
{
    debug_assert(atomic_load(&thread->holder) == holder_of_cpu(cpu_current()->number));
    ordered_store(&thread->holder, HOLDER_NONE);
    if ((atomic_load_explicit(&thread->runnable, memory_order_acquire) &&
         (!atomic_load_explicit(&thread->queued, memory_order_acquire) ||
          atomic_load_explicit(&scheduler_idle_cpus, memory_order_acquire) != 0)) ||
        atomic_load_explicit(&thread->attention, memory_order_acquire) != 0)
        look_after(thread);
}

/* Held by this CPU, as `from` is too; that is then to be let go. */
static inline __attribute__((always_inline)) void load(struct cpu *cpu, struct thread *from,
                                                       struct thread *thread)
{
    struct process *process = thread->process;

    if (from == NULL || from->process != process)
        arch_table_switch(&process->space.table);
    arch_thread_switch(from, thread);
    relaxed_store(&cpu->current, thread);
    relaxed_add(&cpu->switches, 1);
}

static void unload(struct cpu *cpu)
{
    struct thread *from = cpu->current;

    if (from == NULL)
        return;
    arch_thread_switch(from, NULL);
    arch_table_switch(NULL);
    relaxed_store(&cpu->current, NULL);
    let_go(from);
}

/* One that this CPU finds again after it has said that it is idle was not seen before. */
static struct thread *take_or_be_idle(struct cpu *cpu, uint64_t now)
{
    struct thread *next = scheduler_queue_take(cpu, cpu->tick_due == 0);
    if (next == NULL) {
        scheduler_queue_set_idle(cpu, true);
        next = scheduler_queue_take(cpu, false);
    }
    if (next == NULL)
        return NULL;
    scheduler_queue_set_idle(cpu, false);
    if (cpu->tick_due == 0)
        arm_tick(cpu, now);
    return next;
}

/* The current thread has been chosen: its budget is used from now on, and who has used up the one
 * before is told. What was lent or taken back meanwhile is found here at the latest. */
static ARCH_COLD void change_budget(struct cpu *cpu, uint64_t now)
{
    struct thread *current = cpu->current;
    struct budget *before = cpu->budget;
    struct budget *budget = current != NULL ? relaxed_load(&current->runs_by) : NULL;

    if (budget != NULL) {
        object_acquire(&budget->object);
        budget_spend(budget, 0, now);
    }
    relaxed_store(&cpu->budget, budget);
    cpu->reserved = budget != NULL;
    if (before != NULL) {
        if (!budget_has_time(before))
            scheduler_update_donation(atomic_load(&before->thread));
        object_release(&before->object);
    }
    scheduler_update_donation(current);
}

void scheduler_choose(struct cpu *cpu)
{
    struct thread *current = cpu->current;
    uint64_t now = time_now();

    book_time(cpu, now);
    ordered_store(&cpu->reschedule, false);
    bool hands_on = current != NULL && !current->yielded;
    struct thread *next = hands_on ? scheduler_queue_take_only(cpu) : NULL;
    if (current != NULL && (next == NULL || thread_may_run(current)))
        scheduler_queue_put_back(cpu, current);
    if (next == NULL)
        next = take_or_be_idle(cpu, now);
    if (next == NULL)
        unload(cpu);
    else if (next != current)
        load(cpu, current, next);
    if (next != NULL && current != NULL && next != current)
        let_go(current);
    const struct thread *client = next != NULL ? relaxed_load(&next->client) : NULL;
    if (cpu->budget != NULL || (next != NULL && thread_needs(next, ATTENTION_RESERVED)) ||
        (client != NULL && relaxed_load(&client->runs_by) != NULL))
        change_budget(cpu, now);
}

ARCH_COLD void scheduler_let_go(struct thread *thread)
{
    let_go(thread);
}

__attribute__((always_inline)) void scheduler_switch(struct cpu *cpu, struct thread *from,
                                                     struct thread *to)
{
    debug_assert(lock_none_held());
    __builtin_assume(from != NULL && from != to);
    load(cpu, from, to);
    let_go(from);
}

/*
 * This CPU's next thread without any choice, unless another has it or it is to have another: then
 * it is made ready. Which CPUs it may use, and whether something more urgent is ready, is looked at
 * when it is held: who changes that does it the other way round.
 */
void scheduler_hand_over(struct thread *to)
{
    struct cpu *cpu = cpu_current();
    uint32_t expected = HOLDER_NONE;

    if (thread_needs(to, ATTENTION_UNPAID) ||
        !atomic_compare_exchange_strong(&to->holder, &expected, holder_of_cpu(cpu->number))) {
        scheduler_wake(to);
        return;
    }
    atomic_store_explicit(&to->cpu, cpu->number, memory_order_relaxed);
    atomic_store_explicit(&to->runnable, true, memory_order_release);
    if (!thread_may_use(to, cpu->number)) {
        let_go(to);
        return;
    }
    scheduler_switch(cpu, cpu->current, to);
    if (scheduler_queue_has_above(cpu, relaxed_load(&to->effective)) ||
        relaxed_load(&to->runs_by) != cpu->budget)
        atomic_store_explicit(&cpu->reschedule, true, memory_order_release);
}

void scheduler_personality_changed(struct process *process)
{
    struct thread *current = cpu_current()->current;

    if (current != NULL && current->process == process)
        arch_thread_switch(current, current);
}

/* Idling. */

/* With `polling` set a kick is no interrupt, so what came until it is cleared is seen here. */
static void poll(struct cpu *cpu)
{
    uint64_t end = time_now() + POLL_NS;

    atomic_store_explicit(&cpu->polling, true, memory_order_release);
    while (!cpu->reschedule && time_now() < end)
        arch_cpu_relax();
    ordered_store(&cpu->polling, false);
}

/* The CPU may sleep long: first let go of everything that was put off. */
static ARCH_COLD void idle(struct cpu *cpu)
{
    rcu_quiescent();
    rcu_quiescent();
    rcu_quiescent();
    cpu->teardown = process_teardown_step();
    if (cpu->teardown) {
        arch_idle(false);
        return;
    }
    if (cpu_count() > 1)
        poll(cpu);
    if (atomic_load(&cpu->reschedule))
        return;
    if (rcu_is_pending())
        arm_tick(cpu, time_now());
    rcu_sleep();
    arch_idle(true);
    rcu_wake();
}

/* Whether the current thread goes on, without anything else to be looked at. */
static bool is_undisturbed(const struct cpu *cpu)
{
    return cpu->current != NULL && !cpu->reschedule && thread_may_run(cpu->current);
}

/* Or idle, unless one has become ready meanwhile. */
static __attribute__((noinline)) void find_thread(struct cpu *cpu)
{
    scheduler_choose(cpu);
    if (cpu->current == NULL && !atomic_load(&cpu->reschedule))
        idle(cpu);
}

_Noreturn void scheduler_leave_kernel(void)
{
    struct cpu *cpu = cpu_current();

    if (cpu->teardown)
        cpu->teardown = process_teardown_step();
    do {
        while (!is_undisturbed(cpu))
            find_thread(cpu);
        if (!rcu_is_pending())
            break;
        rcu_quiescent();
    } while (!is_undisturbed(cpu));
    debug_assert(lock_none_held());
    if (thread_needs(cpu->current, ATTENTION_MARKED))
        personality_interrupt(cpu->current);
    arch_return_to_user(cpu->current);
}
