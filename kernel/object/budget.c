/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Budgets: a constant bandwidth server each (Abeni, Buttazzo: Integrating Multimedia
 * Applications in Hard Real-Time Systems, 1998), with hard reservations, partitioned: a
 * budget is of one CPU, and those of one CPU get at most nine tenths of it together, with
 * which earliest deadline first never misses (Liu, Layland 1973).
 *
 * What is left and the deadline are those of the period under way. Used up, a budget has
 * no time until its deadline; then it is renewed, less what was taken too much. Who wakes
 * keeps them only if to use what is left by then takes no greater part of the CPU
 * than was promised; otherwise a period begins.
 *
 * A timer is armed by the budget's CPU alone. A budget is in use there as long as
 * cpu->budget says so, which is changed when the scheduler chooses.
 */
#include <kernel/budget.h>

#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/scheduler.h>
#include <kernel/scheduler_queue.h>
#include <kernel/time.h>

static _Atomic uint32_t given[CPU_MAX]; /* parts of each CPU that budgets have */

/* Periods. */

/* Have its CPU look when the time is over that is left, or if none is the period. Locked. */
static void arm(struct budget *budget, uint64_t now)
{
    uint64_t end = now + (uint64_t)budget->state.left_ns;
    if (!budget->ended)
        timer_arm(&budget->timer, budget_has_time(budget) ? end : budget->state.deadline);
}

/* The next period, at or after the deadline. Locked. */
static void renew(struct budget *budget, uint64_t now)
{
    int64_t runtime = (int64_t)budget->state.runtime_ns, left = budget->state.left_ns + runtime;
    uint64_t next = budget->state.deadline + budget->state.period_ns;
    relaxed_store(&budget->state.left_ns, left < runtime ? left : runtime);
    relaxed_store(&budget->state.deadline, next > now ? next : now + budget->state.period_ns);
}

void budget_wake(struct budget *budget)
{
    uint64_t now = time_now();
    lock_acquire(&budget->lock);
    int64_t until = (int64_t)(budget->state.deadline - now), left = budget->state.left_ns;
    bool in_use = relaxed_load(&cpu_get(budget->state.cpu)->budget) == budget;
    if (left > 0 && !in_use &&
        (until <= 0 ||
         (uint64_t)left * budget->state.period_ns > (uint64_t)until * budget->state.runtime_ns)) {
        relaxed_store(&budget->state.left_ns, (int64_t)budget->state.runtime_ns);
        relaxed_store(&budget->state.deadline, now + budget->state.period_ns);
    }
    lock_release(&budget->lock);
}

/* Who has time left at its deadline has been kept from it. */
void budget_spend(struct budget *budget, uint64_t spent_ns, uint64_t now)
{
    lock_acquire(&budget->lock);
    bool had_time = budget_has_time(budget);
    relaxed_store(&budget->state.left_ns, budget->state.left_ns - (int64_t)spent_ns);
    budget->state.used_up += had_time && !budget_has_time(budget);
    if (budget_has_time(budget) && now >= budget->state.deadline) {
        budget->state.missed++;
        renew(budget, now);
    }
    arm(budget, now);
    lock_release(&budget->lock);
}

static void fire(struct timer *timer)
{
    struct budget *budget = container_of(timer, struct budget, timer);
    uint64_t now = time_now();
    lock_acquire(&budget->lock);
    if (!budget->ended && !budget_has_time(budget) && now >= budget->state.deadline) {
        renew(budget, now);
        arm(budget, now);
    }
    lock_release(&budget->lock);
    scheduler_update_donation(atomic_load(&budget->thread));
    atomic_store_explicit(&cpu_current()->reschedule, true, memory_order_release);
}

/* Admission. */

/* Of the CPUs the one of which the least is given. */
static uint32_t find_least(uint64_t cpus)
{
    uint32_t least = (uint32_t)__builtin_ctzll(cpus);
    for (; cpus != 0; cpus &= cpus - 1)
        if (atomic_load(&given[__builtin_ctzll(cpus)]) < atomic_load(&given[least]))
            least = (uint32_t)__builtin_ctzll(cpus);
    return least;
}

/* Two at once may refuse each other where only one would fit. */
int64_t call_budget_create(struct thread *self, const struct budget_create_arguments *arguments)
{
    uint64_t runtime = arguments->runtime_ns, period = arguments->period_ns;
    uint64_t cpus = arguments->cpus & cpu_all();
    if (cpus == 0 || runtime < BUDGET_RUNTIME_MIN || runtime > period || period > BUDGET_PERIOD_MAX)
        return status_to_result(STATUS_INVALID);
    uint32_t cpu = find_least(cpus);
    uint32_t parts = (uint32_t)((runtime * BUDGET_PARTS + period - 1) / period);
    struct budget *budget = object_create(OBJECT_BUDGET, arguments->account);
    if (budget == NULL)
        return status_to_result(STATUS_NO_MEMORY);
    budget->state = (struct budget_information){runtime, period, (int64_t)runtime, .cpu = cpu};
    budget->parts = parts;
    lock_init(&budget->lock, LOCK_BUDGET);
    timer_init(&budget->timer, fire);
    int64_t result = status_to_result(STATUS_LIMIT);
    if (atomic_fetch_add(&given[cpu], parts) + parts <= BUDGET_PARTS_MAX)
        result = handle_of_created(&self->process->handles, &budget->object, RIGHT_ALL);
    else
        object_free(&budget->object);
    if (result < 0)
        atomic_fetch_sub(&given[cpu], parts);
    return result;
}

int64_t call_budget_inspect(struct thread *self, const struct budget_inspect_arguments *arguments)
{
    struct budget *budget = arguments->budget;
    scheduler_book_time(UINT64_C(1) << budget->state.cpu);
    lock_acquire(&budget->lock);
    *arguments->information = budget->state;
    lock_release(&budget->lock);
    return 0;
}

/* Whose it is. */

static void leave_locked(struct thread *thread)
{
    struct budget *budget = thread->budget;
    if (budget == NULL)
        return;
    relaxed_store(&thread->budget, NULL);
    atomic_store_explicit(&budget->thread, NULL, memory_order_release);
    object_release(&budget->object);
}

void budget_leave(struct thread *thread, const struct budget *budget)
{
    lock_acquire(&thread->object.lock);
    if (budget == NULL || budget == thread->budget)
        leave_locked(thread);
    lock_release(&thread->object.lock);
    if (thread_needs(thread, STANDING_MASK))
        scheduler_update_donation(thread);
}

/* The last handle goes, or the thread ends, while it is given the budget: each first says so, then looks. */
static enum status enter_locked(struct thread *thread, struct budget *budget)
{
    struct thread *nobody = NULL;
    if ((thread->cpus >> budget->state.cpu & 1) == 0)
        return STATUS_INVALID;
    if (!atomic_compare_exchange_strong(&budget->thread, &nobody, thread))
        return nobody == thread ? STATUS_OK : STATUS_BUSY;
    leave_locked(thread);
    object_acquire(&budget->object);
    release_store(&thread->budget, budget);
    if (!atomic_load(&budget->ended) && !thread_needs(thread, ATTENTION_ENDING))
        return STATUS_OK;
    leave_locked(thread);
    return STATUS_DEAD;
}

int64_t call_thread_set_budget(struct thread *self,
                               const struct thread_set_budget_arguments *arguments)
{
    struct thread *thread = arguments->thread;
    if (arguments->budget == NULL) {
        budget_leave(thread, NULL);
        return 0;
    }
    budget_wake(arguments->budget);
    lock_acquire(&thread->object.lock);
    enum status status = enter_locked(thread, arguments->budget);
    lock_release(&thread->object.lock);
    scheduler_update_donation(thread);
    return status_to_result(status);
}

/* Whoever runs by it looks again. */
void budget_unreachable(struct object *object)
{
    struct budget *budget = container_of(object, struct budget, object);
    if (atomic_exchange(&budget->ended, true))
        return;
    lock_acquire(&budget->lock);
    relaxed_store(&budget->state.left_ns, 0);
    timer_disarm(&budget->timer);
    lock_release(&budget->lock);
    atomic_fetch_sub(&given[budget->state.cpu], budget->parts);
    struct thread *thread = atomic_load(&budget->thread);
    if (thread != NULL)
        budget_leave(thread, budget);
    scheduler_kick(cpu_get(budget->state.cpu));
}
