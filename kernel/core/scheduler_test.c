/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Who runs when: priorities, shares of accounts and threads, slices, preemption, bookkeeping. */
#include "../object/machine_fake.h"

#include <arch/host.h>
#include <arch/thread.h>
#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/scheduler_queue.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BOMB 50
#define TURNS 20

static struct account *poor;

static int setup(void **state)
{
    const struct account_limits limits = {500, 500, 500, 500, UINT64_MAX, UINT64_MAX};
    machine_setup(state);
    host_run_thread(NULL);
    enum status status = account_create(machine_account, &limits, &poor);
    assert_int_equal(status, STATUS_OK);
    return 0;
}

static int teardown(void **state)
{
    machine_leave();
    object_release(&poor->object);
    return machine_teardown(state);
}

static struct process *poor_process(void)
{
    struct process *process;
    assert_int_equal(process_create(poor, "poor", 4, 0, &process), STATUS_OK);
    return process;
}

/* The running thread's turn ends. */
static struct thread *next_turn(void)
{
    machine_pass_time(SLICE_NS);
    scheduler_tick();
    scheduler_choose(cpu_current());
    return thread_current();
}

static void a_thousand_threads_of_one_account_are_one(void **state)
{
    (void)state;
    struct process *bomb = poor_process();
    for (unsigned i = 0; i < BOMB; i++)
        machine_thread(bomb, PRIORITY_NORMAL);
    struct thread *lonely = machine_program(PRIORITY_NORMAL);
    unsigned turns = 0;
    for (unsigned i = 0; i < TURNS; i++)
        turns += next_turn() == lonely;
    assert_int_equal(turns, TURNS / 2);
    thread_end(lonely, 0);
    process_end(bomb, END_KILLED, 0);
    object_release(&bomb->object);
}

static void threads_of_an_account_take_turns(void **state)
{
    (void)state;
    struct thread *first = machine_program(PRIORITY_NORMAL);
    struct thread *second = machine_program(PRIORITY_NORMAL);
    struct thread *running = next_turn();
    for (unsigned i = 0; i < TURNS; i++) {
        struct thread *next = next_turn();
        assert_ptr_not_equal(next, running);
        running = next;
    }
    thread_end(first, 0);
    thread_end(second, 0);
}

static void accounts_have_time_by_their_weights(void **state)
{
    (void)state;
    struct account_set_weight_arguments weigh = {poor, 3 * SHARE_WEIGHT_NORMAL};
    assert_int_equal(call_account_set_weight(NULL, &weigh), 0);
    struct process *process = poor_process();
    struct thread *heavy = machine_thread(process, PRIORITY_NORMAL);
    struct thread *light = machine_program(PRIORITY_NORMAL);
    unsigned turns = 0;
    for (unsigned i = 0; i < 4 * TURNS; i++)
        turns += next_turn() == heavy;
    assert_in_range(turns, 3 * TURNS - 1, 3 * TURNS + 1);
    weigh.weight = 0;
    assert_int_equal(call_account_set_weight(NULL, &weigh), status_to_result(STATUS_INVALID));
    thread_end(light, 0);
    process_end(process, END_KILLED, 0);
    object_release(&process->object);
}

static void threads_of_an_account_have_time_by_their_weights(void **state)
{
    (void)state;
    struct thread *heavy = machine_program(PRIORITY_NORMAL);
    struct thread *light = machine_program(PRIORITY_NORMAL);
    struct thread_set_weight_arguments weigh = {light, SHARE_WEIGHT_MAX / 4};
    assert_int_equal(call_thread_set_weight(heavy, &weigh), 0);
    weigh = (struct thread_set_weight_arguments){light, SHARE_WEIGHT_MAX};
    assert_int_equal(call_thread_set_weight(light, &weigh), status_to_result(STATUS_INVALID));
    unsigned turns = 0;
    for (unsigned i = 0; i < 5 * TURNS; i++)
        turns += next_turn() == heavy;
    assert_in_range(turns, 4 * TURNS - 1, 4 * TURNS + 1);
    thread_end(heavy, 0);
    thread_end(light, 0);
}

/* One's turns are cut short: it has the more of them, and both have the same time. */
static void time_is_shared_not_turns(void **state)
{
    (void)state;
    struct thread *brief = machine_program(PRIORITY_NORMAL);
    struct thread *worker = machine_program(PRIORITY_NORMAL);
    scheduler_choose(cpu_current());
    for (unsigned i = 0; i < 20 * TURNS; i++) {
        machine_pass_time(thread_current() == brief ? SLICE_NS / 5 : SLICE_NS);
        scheduler_tick();
        scheduler_choose(cpu_current());
    }
    uint64_t had = brief->user_ns, worked = worker->user_ns;
    assert_true(had + 2 * SLICE_NS > worked && worked + 2 * SLICE_NS > had);
    thread_end(brief, 0);
    thread_end(worker, 0);
}

static void the_more_urgent_preempts_and_the_other_goes_on_first(void **state)
{
    (void)state;
    struct thread *first = machine_program(PRIORITY_NORMAL);
    struct thread *second = machine_program(PRIORITY_NORMAL);
    struct thread *running = next_turn();
    struct thread *driver = machine_program(PRIORITY_DRIVER);
    assert_true(cpu_current()->reschedule);
    scheduler_choose(cpu_current());
    assert_ptr_equal(thread_current(), driver);
    scheduler_block(driver);
    scheduler_choose(cpu_current());
    assert_ptr_equal(thread_current(), running);
    thread_end(first, 0);
    thread_end(second, 0);
    thread_end(driver, 0);
}

/* A part of a turn passes; who runs wakes the other and waits. */
static void hand_on(struct thread *other)
{
    struct thread *self = thread_current();
    machine_pass_time(SLICE_NS / 4);
    scheduler_wake(other);
    scheduler_block(self);
    scheduler_choose(cpu_current());
}

/* Nobody is charged as long as they are alone; with a third there they have no more than their share. */
static void two_that_wake_each_other_share_with_a_third(void **state)
{
    (void)state;
    struct thread *ping = machine_program(PRIORITY_NORMAL);
    scheduler_choose(cpu_current());
    struct thread *pong = machine_program(PRIORITY_NORMAL);
    for (unsigned i = 0; i < 4 * TURNS; i++) {
        hand_on(i % 2 == 0 ? pong : ping);
        assert_ptr_equal(thread_current(), i % 2 == 0 ? pong : ping);
        assert_true(ping->turn_ns < 2 * SLICE_NS && pong->turn_ns < 2 * SLICE_NS);
    }
    assert_int_equal(ping->user_ns + pong->user_ns, TURNS * SLICE_NS);
    struct process *process = poor_process();
    struct thread *third = machine_thread(process, PRIORITY_NORMAL);
    ping->user_ns = pong->user_ns = 0;
    for (unsigned i = 0; i < 20 * TURNS; i++) {
        if (thread_current() == third)
            (void)next_turn();
        else
            hand_on(thread_current() == ping ? pong : ping);
    }
    uint64_t had = ping->user_ns + pong->user_ns, third_had = third->user_ns;
    assert_true(had < third_had + 4 * SLICE_NS && third_had < had + 4 * SLICE_NS);
    thread_end(ping, 0);
    thread_end(pong, 0);
    process_end(process, END_KILLED, 0);
    object_release(&process->object);
}

static void less_urgent_threads_wait(void **state)
{
    (void)state;
    struct thread *batch = machine_program(PRIORITY_BATCH);
    struct thread *normal = machine_program(PRIORITY_NORMAL);
    for (unsigned i = 0; i < TURNS; i++)
        assert_ptr_equal(next_turn(), normal);
    relaxed_store(&batch->priority, PRIORITY_SERVER);
    scheduler_update_donation(batch);
    assert_ptr_equal(next_turn(), batch);
    thread_end(batch, 0);
    thread_end(normal, 0);
}

static void a_yield_lets_the_next_one_run(void **state)
{
    (void)state;
    struct thread *first = machine_program(PRIORITY_NORMAL);
    struct thread *second = machine_program(PRIORITY_NORMAL);
    struct thread *running = next_turn();
    scheduler_yield(running);
    scheduler_choose(cpu_current());
    assert_ptr_not_equal(thread_current(), running);
    thread_end(first, 0);
    thread_end(second, 0);
}

static void time_is_booked_to_who_ran(void **state)
{
    (void)state;
    cpu_current()->entered_ns = host_clock_ns;
    machine_pass_time(500);
    struct thread *thread = machine_program(PRIORITY_NORMAL);
    scheduler_choose(cpu_current());
    machine_pass_time(300);
    scheduler_book_time(0);
    assert_int_equal(thread->user_ns, 300);
    assert_int_equal(atomic_load(&machine_account->fresh_ns), 300);
    struct process *process = thread->process;
    object_acquire(&process->object);
    machine_pass_time(200);
    thread_end(thread, 0);
    scheduler_choose(cpu_current());
    assert_int_equal(process->user_ns, 500);
    object_release(&process->object);
}

/* A turn passes; how much of it is told as the kernel's. */
static uint64_t kernel_part_of_turn(struct thread *thread)
{
    uint64_t kernel = thread->kernel_ns, user = thread->user_ns;
    assert_ptr_equal(next_turn(), thread);
    assert_int_equal(thread->kernel_ns - kernel + thread->user_ns - user, SLICE_NS);
    return thread->kernel_ns - kernel;
}

static void a_tick_tells_the_programs_time_from_the_kernels(void **state)
{
    (void)state;
    struct thread *thread = machine_program(PRIORITY_NORMAL);
    struct personality *personality = &thread->process->personality;
    scheduler_choose(cpu_current());
    assert_int_equal(kernel_part_of_turn(thread), 0);
    personality->text_low = arch_thread_pc(thread);
    personality->text_high = personality->text_low + 1;
    assert_int_equal(kernel_part_of_turn(thread), SLICE_NS);
    *personality = (struct personality){0};
    assert_int_equal(kernel_part_of_turn(thread), 0);
    scheduler_leave_fault();
    assert_int_equal(kernel_part_of_turn(thread), 0);
    host_clock_ns = cpu_current()->tick_due;
    scheduler_leave_fault();
    scheduler_tick();
    uint64_t kernel = thread->kernel_ns;
    scheduler_choose(cpu_current());
    assert_int_equal(thread->kernel_ns - kernel, SLICE_NS);
    assert_int_equal(kernel_part_of_turn(thread), 0);
    thread_end(thread, 0);
}

/* It sees by itself that something is to be done; so does one that has been told already. */
static void a_cpu_that_polls_is_not_interrupted(void **state)
{
    (void)state;
    static struct cpu other = {.number = 1};
    unsigned before = host_pokes;
    scheduler_kick(&other);
    scheduler_kick(&other);
    assert_int_equal(host_pokes, before + 1);
    assert_true(other.reschedule);
    other.reschedule = false;
    other.polling = true;
    scheduler_kick(&other);
    assert_true(other.reschedule);
    assert_int_equal(host_pokes, before + 1);
    scheduler_kick(cpu_current());
    assert_int_equal(host_pokes, before + 1);
}

/* As a hand-over on another CPU has it that saw it wait, until it finds that it does not. */
static void what_another_cpu_holds_is_not_taken(void **state)
{
    (void)state;
    const struct cpu other = {.number = 1, .bit = 2};
    struct cpu *cpu = cpu_current();
    struct thread *thread = machine_program(PRIORITY_NORMAL);
    assert_true(thread->queued);
    assert_true(scheduler_hold(&other, thread));
    assert_int_equal(thread->cpu, cpu->number); /* the queue it is in is that one's */
    assert_null(scheduler_queue_take(cpu, false));
    assert_int_equal(thread->holder, holder_of_cpu(other.number));
    atomic_store(&thread->holder, HOLDER_NONE);
    scheduler_queue_add(thread);
    assert_ptr_equal(scheduler_queue_take(cpu, false), thread);
    assert_int_equal(thread->holder, holder_of_cpu(cpu->number));
    thread_end(thread, 0);
    scheduler_let_go(thread);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    host_memory_init(2 * TEST_PAGES);
    const struct CMUnitTest tests[] = {
        TEST(a_thousand_threads_of_one_account_are_one),
        TEST(threads_of_an_account_take_turns),
        TEST(accounts_have_time_by_their_weights),
        TEST(threads_of_an_account_have_time_by_their_weights),
        TEST(time_is_shared_not_turns),
        TEST(the_more_urgent_preempts_and_the_other_goes_on_first),
        TEST(two_that_wake_each_other_share_with_a_third),
        TEST(less_urgent_threads_wait),
        TEST(a_yield_lets_the_next_one_run),
        TEST(time_is_booked_to_who_ran),
        TEST(a_cpu_that_polls_is_not_interrupted),
        TEST(a_tick_tells_the_programs_time_from_the_kernels),
        TEST(what_another_cpu_holds_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
