/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "allowance.h"
#include "process_fake.h"

static struct process *child(void)
{
    struct process *process = fake_child(table_init_process(), 0);

    assert_non_null(process);
    return process;
}

static void set_handler(struct process *process, unsigned number)
{
    process->signals->disposition[number] = PROCESS_SIGNAL_HANDLER;
}

static void test_default_ends(void **state)
{
    struct process *process = child();

    (void)state;
    assert_int_equal(fake_send(process, SIGNAL_TERM), 0);
    assert_int_equal(process->life, LIFE_ENDING);
    assert_int_equal(process->status, SIGNAL_TERM);
    assert_int_equal(fake.ends, 1);
    assert_int_equal(fake_send(process, SIGNAL_TERM), 0);
    assert_int_equal(fake.ends, 1);
}

static void test_no_core_is_claimed(void **state)
{
    struct process *process = child();

    (void)state;
    assert_int_equal(fake_send(process, SIGNAL_QUIT), 0);
    assert_int_equal(process->status, SIGNAL_QUIT);
}

static void test_ignored_is_dropped(void **state)
{
    struct process *process = child();

    (void)state;
    process->signals->disposition[SIGNAL_TERM] = PROCESS_SIGNAL_IGNORE;
    assert_int_equal(fake_send(process, SIGNAL_TERM), 0);
    assert_int_equal(fake_send(process, SIGNAL_CHLD), 0);
    assert_int_equal(process->pending.set, 0);
    assert_int_equal(process->info->pending, 0);
    assert_int_equal(process->life, LIFE_RUNNING);
}

static void test_handler_interrupts_and_takes(void **state)
{
    struct process *process = child();
    struct thread *thread = process_first_thread(process);
    struct process_signal taken;

    (void)state;
    set_handler(process, SIGNAL_USR1);
    assert_int_equal(fake_send(process, SIGNAL_USR1), 0);
    assert_int_equal(fake_send(process, SIGNAL_USR1), 0);
    assert_ptr_equal(fake.interrupted, thread);
    assert_int_equal(process->info->pending, signal_bit(SIGNAL_USR1));
    assert_int_equal(signal_take(thread, 0, false, &taken), 0);
    assert_int_equal(taken.number, SIGNAL_USR1);
    assert_int_equal(taken.code, SIGNAL_CODE_QUEUE);
    assert_int_equal(signal_take(thread, 0, false, &taken), LINUX_EAGAIN);
    assert_int_equal(process->info->pending, 0);
}

static void test_blocked_waits_even_if_ignored(void **state)
{
    struct process *process = child();
    struct thread *thread = process_first_thread(process);
    struct process_signal taken;

    (void)state;
    process->signals->threads[thread->slot].mask = signal_bit(SIGNAL_TERM);
    process->signals->disposition[SIGNAL_TERM] = PROCESS_SIGNAL_IGNORE;
    assert_int_equal(fake_send(process, SIGNAL_TERM), 0);
    assert_int_equal(process->pending.set, signal_bit(SIGNAL_TERM));
    assert_int_equal(signal_take(thread, signal_bit(SIGNAL_TERM), false, &taken), LINUX_EAGAIN);
    assert_int_equal(signal_take(thread, 0, true, &taken), 0);
}

static void test_blocked_default_acts_when_taken(void **state)
{
    struct process *process = child();
    struct thread *thread = process_first_thread(process);
    struct process_signal taken;

    (void)state;
    process->signals->threads[thread->slot].mask = signal_bit(SIGNAL_INT);
    assert_int_equal(fake_send(process, SIGNAL_INT), 0);
    assert_int_equal(process->life, LIFE_RUNNING);
    assert_int_equal(signal_take(thread, 0, false, &taken), LINUX_EAGAIN);
    assert_int_equal(process->life, LIFE_ENDING);
}

static void test_another_thread_takes(void **state)
{
    struct process *process = child();
    struct thread *first = process_first_thread(process);
    struct thread *second = thread_create(process, 0);

    (void)state;
    set_handler(process, SIGNAL_USR2);
    process->signals->threads[first->slot].mask = signal_bit(SIGNAL_USR2);
    assert_int_equal(fake_send(process, SIGNAL_USR2), 0);
    assert_ptr_equal(fake.interrupted, second);
}

static void test_waiter_is_told(void **state)
{
    struct process *process = child();
    struct thread *thread = process_first_thread(process);

    (void)state;
    process->signals->threads[thread->slot].mask = signal_bit(SIGNAL_USR1);
    process->signals->threads[thread->slot].waiting = signal_bit(SIGNAL_USR1);
    assert_int_equal(fake_send(process, SIGNAL_USR1), 0);
    assert_int_equal(fake.raised, PROCESS_SIGNAL_PENDING);
    assert_int_equal(fake.interrupts, 0);
}

static void test_stop_and_continue(void **state)
{
    struct process *process = child();

    (void)state;
    assert_int_equal(fake_send(process, SIGNAL_STOP), 0);
    assert_int_equal(process->life, LIFE_STOPPED);
    assert_int_equal(process->status, SIGNAL_STOP << 8 | 0x7f);
    assert_int_equal(fake_send(process, SIGNAL_TERM), 0);
    assert_int_equal(process->life, LIFE_STOPPED);
    assert_int_equal(fake_send(process, SIGNAL_CONT), 0);
    assert_int_equal(fake.resumes, 1);
    assert_int_equal(process->life, LIFE_ENDING);
    assert_int_equal(process->status, SIGNAL_TERM);
}

static void test_stopped_is_killed(void **state)
{
    struct process *process = child();

    (void)state;
    assert_int_equal(fake_send(process, SIGNAL_STOP), 0);
    assert_int_equal(fake_send(process, SIGNAL_KILL), 0);
    assert_int_equal(process->life, LIFE_ENDING);
    assert_int_equal(process->status, SIGNAL_KILL);
}

/* The child of a vfork may hold locks of its parent's library. */
static void test_who_ends_itself_is_asked(void **state)
{
    struct process *process = child();
    struct thread *thread = process_first_thread(process);
    struct process_signal signal;

    (void)state;
    process->vforked = true;
    assert_int_equal(fake_send(process, SIGNAL_STOP), 0);
    assert_int_equal(fake_send(process, SIGNAL_KILL), 0);
    assert_int_equal(process->life, LIFE_RUNNING);
    assert_int_equal(fake.resumes, 1);
    assert_ptr_equal(fake.interrupted, thread);
    assert_int_equal(fake_send(process, SIGNAL_STOP), 0);
    assert_int_equal(process->life, LIFE_RUNNING);
    assert_int_equal(signal_take(thread, 0, false, &signal), 0);
    assert_int_equal(signal.number, SIGNAL_KILL);
    process->vforked = false;
    process->traced = true; /* it has a last line to write */
    assert_int_equal(fake_send(process, SIGNAL_TERM), 0);
    assert_int_equal(signal_take(thread, 0, false, &signal), 0);
    assert_int_equal(fake.ends, 0);
}

static void test_continue_forgets_stops(void **state)
{
    struct process *process = child();
    struct thread *thread = process_first_thread(process);

    (void)state;
    process->signals->threads[thread->slot].mask = signal_bit(SIGNAL_TSTP);
    assert_int_equal(fake_send(process, SIGNAL_TSTP), 0);
    assert_int_equal(process->pending.set, signal_bit(SIGNAL_TSTP));
    assert_int_equal(fake_send(process, SIGNAL_CONT), 0);
    assert_int_equal(process->pending.set, 0);
}

static void test_orphans_do_not_stop_at_the_terminal(void **state)
{
    struct process *process = child();

    (void)state;
    process->info->group = process->info->session = process->pid;
    assert_int_equal(fake_send(process, SIGNAL_TSTP), 0);
    assert_int_equal(process->life, LIFE_RUNNING);
    assert_int_equal(process->pending.set, 0);
}

static void test_realtime_queues_in_order(void **state)
{
    struct process *process = child();
    struct thread *thread = process_first_thread(process);
    struct process_signal taken;

    (void)state;
    set_handler(process, SIGNAL_REALTIME + 2);
    for (uint64_t value = 1; value <= 3; value++) {
        struct process_signal signal = {
            .number = SIGNAL_REALTIME + 2, .code = SIGNAL_CODE_QUEUE, .value = value};
        assert_int_equal(signal_send(process, NULL, &signal), 0);
    }
    for (uint64_t value = 1; value <= 3; value++) {
        assert_int_equal(signal_take(thread, 0, false, &taken), 0);
        assert_int_equal(taken.value, value);
    }
    assert_int_equal(process->pending.set, 0);
}

static void test_queue_is_bounded(void **state)
{
    struct process *process = child();

    (void)state;
    set_handler(process, SIGNAL_REALTIME);
    process->info->limits[11][0] = 2;
    assert_int_equal(fake_send(process, SIGNAL_REALTIME), 0);
    assert_int_equal(fake_send(process, SIGNAL_REALTIME), 0);
    assert_int_equal(fake_send(process, SIGNAL_REALTIME), LINUX_EAGAIN);
}

/* What waits counts for the user, in whichever of the user's processes it does. */
static void test_a_user_has_so_many_waiting(void **state)
{
    struct process *first = child(), *second = child(), *other = child();
    struct allowances mine, others;
    struct process_signal taken;

    (void)state;
    allowances_init(&mine, 10, 1);
    allowances_init(&others, 10, 1);
    mine.limit[ALLOWANCE_SIGNALS] = 3;
    first->allowances = second->allowances = &mine;
    other->allowances = &others;
    mine.used[ALLOWANCE_PIDS] = 2, others.used[ALLOWANCE_PIDS] = 1;
    set_handler(first, SIGNAL_REALTIME);
    set_handler(second, SIGNAL_REALTIME);
    set_handler(second, SIGNAL_USR1);
    set_handler(other, SIGNAL_REALTIME);
    assert_int_equal(fake_send(first, SIGNAL_REALTIME), 0);
    assert_int_equal(fake_send(first, SIGNAL_REALTIME), 0);
    assert_int_equal(fake_send(second, SIGNAL_REALTIME), 0);
    assert_int_equal(fake_send(second, SIGNAL_REALTIME), LINUX_EAGAIN);
    assert_int_equal(fake_send(second, SIGNAL_USR1), 0); /* its bit alone */
    assert_int_equal(mine.used[ALLOWANCE_SIGNALS], 3);
    assert_int_equal(fake_send(other, SIGNAL_REALTIME), 0);
    assert_int_equal(signal_take(process_first_thread(first), 0, false, &taken), 0);
    assert_int_equal(fake_send(second, SIGNAL_REALTIME), 0);
    process_destroy(second);
    assert_int_equal(mine.used[ALLOWANCE_SIGNALS], 1);
    assert_int_equal(mine.used[ALLOWANCE_PIDS], 1);
    process_destroy(first);
    process_destroy(other);
    assert_int_equal(mine.used[ALLOWANCE_SIGNALS] + others.used[ALLOWANCE_SIGNALS], 0);
    assert_int_equal(mine.used[ALLOWANCE_PIDS] + others.used[ALLOWANCE_PIDS], 0);
}

static void test_synchronous_first(void **state)
{
    struct process *process = child();
    struct thread *thread = process_first_thread(process);
    struct process_signal taken;

    (void)state;
    set_handler(process, SIGNAL_HUP);
    set_handler(process, SIGNAL_SEGV);
    assert_int_equal(fake_send(process, SIGNAL_HUP), 0);
    assert_int_equal(fake_send(process, SIGNAL_SEGV), 0);
    assert_int_equal(signal_take(thread, 0, false, &taken), 0);
    assert_int_equal(taken.number, SIGNAL_SEGV);
}

static void test_without_memory_the_bit_stands(void **state)
{
    struct process *process = child();
    struct process_signal taken;

    (void)state;
    set_handler(process, SIGNAL_HUP);
    fake_fail_allocation(1);
    assert_int_equal(fake_send(process, SIGNAL_HUP), 0);
    assert_int_equal(signal_take(process_first_thread(process), 0, false, &taken), 0);
    assert_int_equal(taken.number, SIGNAL_HUP);
}

static void test_exec_inherits_pending(void **state)
{
    struct process *process = child();
    struct thread *thread = process_first_thread(process);
    struct process_signal signal = {.number = SIGNAL_USR1};

    (void)state;
    process->signals->threads[thread->slot].mask = signal_bit(SIGNAL_USR1);
    assert_int_equal(signal_send(process, thread, &signal), 0);
    assert_int_equal(process->pending.set, 0);
    signal_inherit(process, thread);
    assert_int_equal(process->pending.set, signal_bit(SIGNAL_USR1));
    assert_int_equal(process->info->pending, signal_bit(SIGNAL_USR1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_default_ends),
        TEST(test_no_core_is_claimed),
        TEST(test_ignored_is_dropped),
        TEST(test_handler_interrupts_and_takes),
        TEST(test_blocked_waits_even_if_ignored),
        TEST(test_blocked_default_acts_when_taken),
        TEST(test_another_thread_takes),
        TEST(test_waiter_is_told),
        TEST(test_stop_and_continue),
        TEST(test_stopped_is_killed),
        TEST(test_who_ends_itself_is_asked),
        TEST(test_continue_forgets_stops),
        TEST(test_orphans_do_not_stop_at_the_terminal),
        TEST(test_realtime_queues_in_order),
        TEST(test_queue_is_bounded),
        TEST(test_a_user_has_so_many_waiting),
        TEST(test_synchronous_first),
        TEST(test_without_memory_the_bit_stands),
        TEST(test_exec_inherits_pending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
