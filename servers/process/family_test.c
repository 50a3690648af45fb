/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "family.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "job.h"
#include "kill.h"
#include "process_fake.h"

static const struct wait_request any_ended = {.which = WAIT_ALL, .options = WAIT_EXITED};

static void end(struct process *process, int32_t status)
{
    process_terminate(process, status);
    fake_finish(process);
}

static void test_zombie_is_waited_for(void **state)
{
    struct process *parent = fake_child(table_init_process(), 0);
    struct process *child = fake_child(parent, 0);
    uint32_t pid = child->pid;
    struct wait_answer answer;

    (void)state;
    assert_int_equal(family_wait(parent, &any_ended, &answer), LINUX_EAGAIN);
    child->usage.user_us = 7;
    end(child, 3 << 8);
    assert_int_equal(fake.raised, PROCESS_CHILD_CHANGED);
    assert_ptr_equal(fake.raised_for, parent);
    assert_int_equal(family_wait(parent, &any_ended, &answer), 0);
    assert_int_equal(answer.pid, pid);
    assert_int_equal(answer.status, 3 << 8);
    assert_int_equal(parent->children_usage.user_us, 7);
    assert_null(process_find(pid));
    assert_int_equal(family_wait(parent, &any_ended, &answer), LINUX_ECHILD);
}

static void test_keep_leaves_the_zombie(void **state)
{
    struct process *parent = fake_child(table_init_process(), 0);
    struct process *child = fake_child(parent, 0);
    struct wait_request keep = any_ended;
    struct wait_answer answer;

    (void)state;
    keep.options |= WAIT_KEEP;
    end(child, 0);
    assert_int_equal(family_wait(parent, &keep, &answer), 0);
    assert_int_equal(family_wait(parent, &keep, &answer), 0);
    assert_int_equal(family_wait(parent, &any_ended, &answer), 0);
}

static void test_wait_chooses(void **state)
{
    struct process *parent = fake_child(table_init_process(), 0);
    struct process *first = fake_child(parent, 0), *second = fake_child(parent, 0);
    struct wait_request one = {WAIT_PID, second->pid, WAIT_EXITED};
    struct wait_request group = {WAIT_GROUP, first->pid, WAIT_EXITED};
    struct wait_answer answer;

    (void)state;
    first->info->group = first->pid;
    end(first, 1 << 8);
    assert_int_equal(family_wait(parent, &one, &answer), LINUX_EAGAIN);
    assert_int_equal(family_wait(parent, &group, &answer), 0);
    one.id = 9999;
    assert_int_equal(family_wait(parent, &one, &answer), LINUX_ECHILD);
}

static void test_stop_is_told_once(void **state)
{
    struct process *parent = fake_child(table_init_process(), 0);
    struct process *child = fake_child(parent, 0);
    struct wait_request stops = {WAIT_ALL, 0, WAIT_EXITED | WAIT_STOPPED | WAIT_CONTINUED};
    struct wait_answer answer;

    (void)state;
    assert_int_equal(fake_send(child, SIGNAL_STOP), 0);
    assert_int_equal(family_wait(parent, &any_ended, &answer), LINUX_EAGAIN);
    assert_int_equal(family_wait(parent, &stops, &answer), 0);
    assert_int_equal(answer.status, SIGNAL_STOP << 8 | 0x7f);
    assert_int_equal(family_wait(parent, &stops, &answer), LINUX_EAGAIN);
    assert_int_equal(fake_send(child, SIGNAL_CONT), 0);
    assert_int_equal(family_wait(parent, &stops, &answer), 0);
    assert_int_equal(answer.status, 0xffff);
}

static void test_init_reaps_orphans(void **state)
{
    struct process *parent = fake_child(table_init_process(), 0);
    struct process *child = fake_child(parent, 0), *dead = fake_child(parent, 0);
    uint32_t dead_pid = dead->pid, parent_pid = parent->pid, child_pid = child->pid;

    (void)state;
    end(dead, 0);
    end(parent, 0);
    assert_null(process_find(dead_pid));
    assert_null(process_find(parent_pid));
    assert_ptr_equal(child->parent, table_init_process());
    assert_int_equal(child->info->parent, PID_INIT);
    end(child, 0);
    assert_null(process_find(child_pid));
}

static void test_subreaper_adopts(void **state)
{
    struct process *reaper = fake_child(table_init_process(), 0);
    struct process *parent = fake_child(reaper, 0);
    struct process *child = fake_child(parent, 0);

    (void)state;
    reaper->subreaper = true;
    child->death_signal = SIGNAL_TERM;
    end(parent, 0);
    assert_ptr_equal(child->parent, reaper);
    assert_int_equal(child->status, SIGNAL_TERM);
}

static void test_children_nobody_wants(void **state)
{
    struct process *parent = fake_child(table_init_process(), 0);
    struct process *child = fake_child(parent, 0);
    uint32_t pid = child->pid;
    struct wait_answer answer;

    (void)state;
    parent->signals->no_child_wait = 1;
    end(child, 0);
    assert_null(process_find(pid));
    assert_int_equal(family_wait(parent, &any_ended, &answer), LINUX_ECHILD);
}

static void test_child_signal_says_why(void **state)
{
    struct process *parent = fake_child(table_init_process(), 0);
    struct process *child = fake_child(parent, 0);
    struct process_signal taken;
    uint32_t pid = child->pid;

    (void)state;
    parent->signals->disposition[SIGNAL_CHLD] = PROCESS_SIGNAL_HANDLER;
    end(child, SIGNAL_SEGV | STATUS_CORE);
    assert_int_equal(signal_take(process_first_thread(parent), 0, false, &taken), 0);
    assert_int_equal(taken.code, CHILD_DUMPED);
    assert_int_equal(taken.status, SIGNAL_SEGV);
    assert_int_equal(taken.pid, pid);
}

static void test_vfork_parent_goes_on(void **state)
{
    struct process *parent = fake_child(table_init_process(), 0);
    struct process *child = fake_child(parent, 0);

    (void)state;
    child->vforked = true;
    end(child, 0);
    assert_true((fake.raised & PROCESS_VFORK_DONE) != 0);
}

static void test_orphaned_stopped_group(void **state)
{
    struct process *shell = fake_child(table_init_process(), 0);
    struct process *job;

    (void)state;
    assert_int_equal(job_set_session(shell), 0);
    job = fake_child(shell, 0);
    assert_int_equal(job_set_group(shell, job->pid, job->pid), 0);
    assert_int_equal(fake_send(job, SIGNAL_TSTP), 0);
    assert_int_equal(job->life, LIFE_STOPPED);
    end(shell, 0);
    assert_int_equal(job->status, SIGNAL_HUP);
}

static void test_group_rules(void **state)
{
    struct process *shell = fake_child(table_init_process(), 0);
    struct process *child, *stranger;

    (void)state;
    assert_int_equal(job_set_session(shell), 0);
    assert_int_equal(job_set_session(shell), LINUX_EPERM);
    child = fake_child(shell, 0);
    stranger = fake_child(table_init_process(), 0);
    assert_int_equal(job_set_group(shell, 0, 0), LINUX_EPERM);
    assert_int_equal(job_set_group(shell, stranger->pid, 0), LINUX_ESRCH);
    assert_int_equal(job_set_group(shell, child->pid, 4711), LINUX_EPERM);
    assert_int_equal(job_set_group(shell, child->pid, 0), 0);
    child->has_run_program = true;
    assert_int_equal(job_set_group(shell, child->pid, shell->pid), LINUX_EACCES);
    assert_int_equal(job_set_group(child, 0, shell->pid), 0);
}

static void test_terminal(void **state)
{
    enum { RDEV = 0x501 };
    struct process *shell = fake_child(table_init_process(), 0);
    struct process *child, *other = fake_child(table_init_process(), 0);
    struct terminal_state wanted = {.rdev = RDEV}, now;

    (void)state;
    assert_int_equal(job_terminal(shell, PROCESS_TERMINAL_ACQUIRE, &wanted, &now), LINUX_EPERM);
    assert_int_equal(job_set_session(shell), 0);
    assert_int_equal(job_terminal(shell, PROCESS_TERMINAL_ACQUIRE, &wanted, &now), 0);
    assert_int_equal(now.group, shell->pid);
    assert_int_equal(shell->info->terminal, RDEV);
    assert_int_equal(job_set_session(other), 0);
    assert_int_equal(job_terminal(other, PROCESS_TERMINAL_ACQUIRE, &wanted, &now), LINUX_EPERM);
    child = fake_child(shell, 0);
    assert_int_equal(job_set_group(shell, child->pid, 0), 0);
    wanted.group = child->pid;
    assert_int_equal(job_terminal(other, PROCESS_TERMINAL_FOREGROUND, &wanted, &now), LINUX_ENOTTY);
    assert_int_equal(job_terminal(shell, PROCESS_TERMINAL_FOREGROUND, &wanted, &now), 0);
    assert_int_equal(fake.terminal_group, child->pid);
    assert_int_equal(job_background(child, RDEV, SIGNAL_TTIN), 0);
    assert_int_equal(child->life, LIFE_RUNNING);
    wanted.group = shell->pid;
    assert_int_equal(job_terminal(shell, PROCESS_TERMINAL_FOREGROUND, &wanted, &now), 0);
    assert_int_equal(job_background(child, RDEV, SIGNAL_TTIN), 0);
    assert_int_equal(child->life, LIFE_STOPPED);
    assert_int_equal(job_background(shell, RDEV, SIGNAL_TTIN), 0);
    assert_int_equal(shell->life, LIFE_RUNNING);
    wanted.group = child->pid;
    assert_int_equal(job_terminal(shell, PROCESS_TERMINAL_FOREGROUND, &wanted, &now), 0);
    assert_int_equal(job_background(shell, RDEV, SIGNAL_TTOU), LINUX_EIO);
    end(shell, 0);
    assert_int_equal(fake.terminal_session, 0);
    assert_int_equal(child->info->terminal, 0);
    assert_int_equal(child->status, SIGNAL_HUP);
}

static int try_kill(struct process *sender, int32_t pid, int number)
{
    struct process_signal signal = {.number = number};
    struct kill_request request = {.pid = pid, .signal = &signal};

    return kill_send(sender, &request);
}

static void test_kill(void **state)
{
    struct process *root = fake_child(table_init_process(), 0);
    struct process *user = fake_child(root, 1000), *other = fake_child(root, 1001);

    (void)state;
    assert_int_equal(try_kill(user, (int32_t)other->pid, SIGNAL_TERM), LINUX_EPERM);
    assert_int_equal(try_kill(user, 4711, SIGNAL_TERM), LINUX_ESRCH);
    assert_int_equal(try_kill(user, (int32_t)other->pid, 65), LINUX_EINVAL);
    assert_int_equal(try_kill(user, INT32_MIN, SIGNAL_TERM), LINUX_ESRCH);
    assert_int_equal(try_kill(user, (int32_t)other->pid, SIGNAL_CONT), 0);
    assert_int_equal(try_kill(root, (int32_t)other->pid, 0), 0);
    assert_int_equal(try_kill(root, -1, SIGNAL_TERM), 0);
    assert_int_equal(root->life, LIFE_RUNNING);
    assert_int_equal(other->life, LIFE_ENDING);
    assert_int_equal(user->life, LIFE_ENDING);
    assert_int_equal(try_kill(root, PID_INIT, SIGNAL_USR2), 0);
    assert_int_equal(fake.power, PROCESS_POWER_OFF);
}

/* Each allocation of a new process fails once; nothing may stay behind. */
static void test_creation_without_memory(void **state)
{
    unsigned before = fake_allocations();

    (void)state;
    for (unsigned n = 1; n <= 2; n++) {
        fake_fail_allocation(n);
        assert_null(fake_child(table_init_process(), 0));
        assert_int_equal(fake_allocations(), before);
    }
    assert_non_null(fake_child(table_init_process(), 0));
}

static void test_numbers_are_not_given_twice(void **state)
{
    struct process *kept = fake_child(table_init_process(), 0);
    uint32_t pid = kept->pid;

    (void)state;
    for (unsigned i = 0; i < 2 * PID_MAX; i++) {
        struct thread *thread = thread_create(kept, 0);
        assert_non_null(thread);
        assert_int_not_equal(thread->tid, pid);
        assert_true(thread->tid < PID_MAX);
        thread_destroy(thread);
    }
}

/* Also when the numbers have gone round: what lists them goes on from the last it had. */
static void test_processes_are_found_in_order(void **state)
{
    struct process *init = table_init_process(), *old = fake_child(init, 0);
    uint32_t first = fake_child(init, 0)->pid;

    (void)state;
    assert_non_null(fake_child(init, 0));
    process_destroy(process_find(first));
    assert_ptr_equal(process_from(0), init);
    assert_ptr_equal(process_from(PID_INIT + 1), old);
    assert_int_equal(process_from(first)->pid, first + 1);
    assert_int_equal(process_from(first + 1)->pid, first + 1);
    assert_null(process_from(first + 2));
    for (uint32_t last = first; last < PID_MAX - 2; last = table_last_number())
        thread_destroy(thread_create(old, 0));
    uint32_t high = fake_child(init, 0)->pid, low = fake_child(init, 0)->pid;
    assert_int_equal(high, PID_MAX - 1);
    assert_int_equal(process_from(first + 2)->pid, low);
    assert_int_equal(process_from(low + 1)->pid, high);
    assert_null(process_from(high + 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_zombie_is_waited_for),
        TEST(test_keep_leaves_the_zombie),
        TEST(test_wait_chooses),
        TEST(test_stop_is_told_once),
        TEST(test_init_reaps_orphans),
        TEST(test_subreaper_adopts),
        TEST(test_children_nobody_wants),
        TEST(test_child_signal_says_why),
        TEST(test_vfork_parent_goes_on),
        TEST(test_orphaned_stopped_group),
        TEST(test_group_rules),
        TEST(test_terminal),
        TEST(test_kill),
        TEST(test_creation_without_memory),
        TEST(test_numbers_are_not_given_twice),
        TEST(test_processes_are_found_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
