/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What the scheduler of one CPU has of another's: its threads, and a look instead of an interrupt. */
#include "../object/machine_fake.h"

#include <arch/cpu.h>
#include <arch/host.h>
#include <arch/thread.h>
#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/rcu.h>
#include <kernel/scheduler_queue.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FIRST UINT64_C(1)
#define SECOND UINT64_C(2)

static struct cpu second = {.number = 1, .bit = SECOND};
static struct cpu *first;
static uint32_t online = 1;

static struct thread *waker_wakes; /* what the second CPU wakes when the first one polls */
static unsigned sleeps;
static jmp_buf user_mode;

struct cpu *cpu_get(uint32_t number)
{
    return number == 0 ? first : &second;
}

uint32_t cpu_count(void)
{
    return online;
}

static void wake_from_second(struct thread *thread)
{
    host_current_cpu = &second;
    scheduler_wake(thread);
    host_current_cpu = first;
}

void arch_cpu_relax(void)
{
    assert_true(first->polling);
    if (waker_wakes == NULL) {
        host_clock_ns += 1000;
        return;
    }
    wake_from_second(waker_wakes);
    waker_wakes = NULL;
}

void arch_idle(bool sleep)
{
    assert_true(sleep);
    assert_false(first->polling);
    sleeps++;
    longjmp(user_mode, 1);
}

void arch_return_to_user(struct thread *thread)
{
    (void)thread;
    longjmp(user_mode, 1);
}

static int setup(void **state)
{
    first = cpu_current();
    machine_setup(state);
    scheduler_init_cpu(1);
    host_run_thread(NULL);
    host_current_cpu = &second;
    rcu_sleep();
    host_current_cpu = first;
    online = 2;
    sleeps = 0;
    return 0;
}

static int teardown(void **state)
{
    scheduler_queue_set_idle(first, false);
    rcu_wake();
    host_current_cpu = &second;
    rcu_wake();
    host_current_cpu = first;
    online = 1;
    return machine_teardown(state);
}

static void allow(struct thread *thread, uint64_t cpus)
{
    const struct thread_set_cpus_arguments arguments = {thread, cpus};
    assert_int_equal(call_thread_set_cpus(NULL, &arguments), 0);
}

/* It waits in the queue of a CPU, of the second one as the only one that it may use. */
static struct thread *thread_at(const struct cpu *cpu)
{
    struct thread *thread = machine_program(PRIORITY_NORMAL);
    if (cpu == &second)
        allow(thread, SECOND);
    assert_true(thread->queued);
    assert_int_equal(thread->cpu, cpu->number);
    return thread;
}

/* One that waits for something, in no queue. */
static struct thread *blocked_thread(void)
{
    struct thread *thread = machine_program(PRIORITY_NORMAL);
    scheduler_block(thread);
    scheduler_queue_remove(thread);
    return thread;
}

/* Off the CPU that has taken it, and ended. */
static void end_taken(struct thread *thread)
{
    atomic_store(&thread->holder, HOLDER_NONE);
    thread_end(thread, 0);
}

static void a_cpu_without_threads_takes_one_of_anothers(void **state)
{
    (void)state;
    struct thread *one = thread_at(first), *other = thread_at(first);
    struct thread *taken = scheduler_queue_take(&second, false);
    assert_true(taken == one || taken == other);
    assert_int_equal(taken->holder, holder_of_cpu(1));
    assert_int_equal(taken->cpu, 1);
    assert_false(taken->queued);
    assert_ptr_equal(scheduler_queue_take(first, false), taken == one ? other : one);
    assert_null(scheduler_queue_take(&second, false));
    end_taken(one);
    end_taken(other);
}

static void a_thread_is_not_taken_by_a_cpu_that_it_may_not_use(void **state)
{
    (void)state;
    struct thread *bound = thread_at(first), *free = thread_at(first);
    allow(bound, FIRST);
    assert_ptr_equal(scheduler_queue_take(&second, false), free);
    assert_null(scheduler_queue_take(&second, false));
    assert_true(bound->queued);
    assert_int_equal(bound->cpu, 0);
    end_taken(free);
    thread_end(bound, 0);
}

static void at_the_end_of_a_turn_the_longer_queue_gives(void **state)
{
    (void)state;
    struct thread *own = thread_at(&second);
    struct thread *more[] = {thread_at(first), thread_at(first)};
    struct thread *taken = scheduler_queue_take(&second, true);
    assert_true(taken == more[0] || taken == more[1]);
    struct thread *longer = thread_at(&second);
    struct thread *kept = scheduler_queue_take(&second, true);
    assert_true(kept == own || kept == longer);
    end_taken(taken);
    end_taken(kept);
    thread_end(kept == own ? longer : own, 0);
    thread_end(taken == more[0] ? more[1] : more[0], 0);
}

/* To user mode or to sleep. */
static void leave_kernel(void)
{
    if (setjmp(user_mode) == 0)
        scheduler_leave_kernel();
}

static void who_becomes_ready_while_a_cpu_polls_needs_no_interrupt(void **state)
{
    (void)state;
    struct thread *thread = blocked_thread();
    unsigned before = host_pokes;
    waker_wakes = thread;
    leave_kernel();
    assert_int_equal(sleeps, 0);
    assert_null(waker_wakes);
    assert_int_equal(host_pokes, before);
    assert_ptr_equal(first->current, thread);
    assert_false(first->polling);
    thread_end(thread, 0);
}

static void a_cpu_that_has_polled_in_vain_is_interrupted(void **state)
{
    (void)state;
    struct thread *thread = blocked_thread();
    unsigned before = host_pokes;
    leave_kernel();
    assert_int_equal(sleeps, 1);
    wake_from_second(thread);
    assert_int_equal(host_pokes, before + 1);
    leave_kernel();
    assert_ptr_equal(first->current, thread);
    assert_int_equal(sleeps, 1);
    thread_end(thread, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    host_memory_init(TEST_PAGES);
    const struct CMUnitTest tests[] = {
        TEST(a_cpu_without_threads_takes_one_of_anothers),
        TEST(a_thread_is_not_taken_by_a_cpu_that_it_may_not_use),
        TEST(at_the_end_of_a_turn_the_longer_queue_gives),
        TEST(who_becomes_ready_while_a_cpu_polls_needs_no_interrupt),
        TEST(a_cpu_that_has_polled_in_vain_is_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
