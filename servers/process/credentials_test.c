/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <trellis/weight.h>

#include <cmocka.h>

#include "limits.h"
#include "process_fake.h"

#define NO UINT32_MAX

static int set(struct process *process, uint32_t call, uint32_t a, uint32_t b, uint32_t c)
{
    struct credentials_change change = {.call = call, .ids = {a, b, c}};

    return credentials_change(process, &change);
}

static void check_users(const struct process *process, uint32_t uid, uint32_t euid, uint32_t suid)
{
    assert_int_equal(process->info->uid, uid);
    assert_int_equal(process->info->euid, euid);
    assert_int_equal(process->info->suid, suid);
    assert_int_equal(process->info->fsuid, euid);
}

static void test_root_becomes_somebody_for_good(void **state)
{
    struct process *process = fake_child(table_init_process(), 0);

    (void)state;
    assert_int_equal(set(process, PROCESS_SET_UID, 1000, NO, NO), 0);
    check_users(process, 1000, 1000, 1000);
    assert_int_equal(set(process, PROCESS_SET_UID, 0, NO, NO), LINUX_EPERM);
    assert_int_equal(set(process, PROCESS_SET_RESUID, NO, 0, NO), LINUX_EPERM);
    check_users(process, 1000, 1000, 1000);
}

static void test_set_uid_program_goes_to_and_fro(void **state)
{
    struct process *process = fake_child(table_init_process(), 1000);
    struct fs_attributes file = {.mode = 04755, .uid = 0};

    (void)state;
    credentials_enter_program(process, &file);
    check_users(process, 1000, 0, 0);
    assert_int_equal(process->info->secure, 1);
    assert_int_equal(set(process, PROCESS_SET_REUID, NO, 1000, NO), 0);
    assert_int_equal(process->info->euid, 1000);
    assert_int_equal(set(process, PROCESS_SET_RESUID, NO, 0, NO), 0);
    assert_int_equal(process->info->euid, 0);
}

static void test_set_gid_needs_group_execute(void **state)
{
    struct process *process = fake_child(table_init_process(), 1000);
    struct fs_attributes file = {.mode = 02745, .gid = 5};

    (void)state;
    credentials_enter_program(process, &file);
    assert_int_equal(process->info->egid, 0);
    file.mode = 02755;
    credentials_enter_program(process, &file);
    assert_int_equal(process->info->egid, 5);
}

static void test_exchange_of_ids(void **state)
{
    struct process *process = fake_child(table_init_process(), 0);

    (void)state;
    assert_int_equal(set(process, PROCESS_SET_RESUID, 10, 20, 30), 0);
    assert_int_equal(set(process, PROCESS_SET_REUID, 20, 10, NO), 0);
    check_users(process, 20, 10, 10);
    assert_int_equal(set(process, PROCESS_SET_REUID, 30, NO, NO), LINUX_EPERM);
}

static void test_groups_are_for_root(void **state)
{
    struct process *process = fake_child(table_init_process(), 0);
    uint32_t groups[] = {4, 27};
    struct credentials_change change = {
        .call = PROCESS_SET_GROUPS, .group_count = 2, .groups = groups};
    struct fs_credentials files;

    (void)state;
    assert_int_equal(credentials_change(process, &change), 0);
    credentials_for_files(process->info, &files);
    assert_int_equal(files.group_count, 2);
    assert_int_equal(files.groups[1], 27);
    change.group_count = FS_GROUPS + 1;
    assert_int_equal(credentials_change(process, &change), LINUX_EINVAL);
    assert_int_equal(set(process, PROCESS_SET_UID, 1000, NO, NO), 0);
    change.group_count = 1;
    assert_int_equal(credentials_change(process, &change), LINUX_EPERM);
}

static void test_limits(void **state)
{
    struct process *root = fake_child(table_init_process(), 0);
    struct process *user = fake_child(root, 1000), *other = fake_child(root, 1001);
    uint64_t low[2] = {5, 10}, high[2] = {5, 20}, crossed[2] = {11, 10};

    (void)state;
    assert_int_equal(limits_set(user, user, LIMIT_CPU, low), 0);
    assert_int_equal(limits_set(user, user, LIMIT_CPU, high), LINUX_EPERM);
    assert_int_equal(limits_set(root, user, LIMIT_CPU, high), 0);
    assert_int_equal(limits_set(root, user, LIMIT_CPU, crossed), LINUX_EINVAL);
    assert_int_equal(limits_set(root, user, LIMIT_COUNT, low), LINUX_EINVAL);
    assert_false(limits_may_change(user, other));
    assert_true(limits_may_change(root, other));
    assert_int_equal(limits_count_threads(1000), 1);
}

static void test_nice(void **state)
{
    struct process *root = fake_child(table_init_process(), 0);
    struct process *user = fake_child(root, 1000);
    struct nice_request own = {.which = 0, .set = true, .nice = 50};
    struct nice_request all = {.which = 2, .who = 1000};
    struct nice_request roots = {.which = 0, .who = root->pid, .set = true, .nice = 5};
    int32_t lowest;

    (void)state;
    assert_int_equal(nice_change(user, &own, &lowest), 0);
    assert_int_equal(user->info->nice, NICE_MAX);
    own.nice = 0;
    assert_int_equal(nice_change(user, &own, &lowest), LINUX_EACCES);
    assert_int_equal(nice_change(user, &roots, &lowest), LINUX_EPERM);
    assert_int_equal(nice_change(root, &all, &lowest), 0);
    assert_int_equal(lowest, NICE_MAX);
    all.who = 4711;
    assert_int_equal(nice_change(root, &all, &lowest), LINUX_ESRCH);
    assert_int_equal(nice_weight(NICE_MIN), SHARE_WEIGHT_MAX);
    assert_int_equal(nice_weight(0), SHARE_WEIGHT_NORMAL);
    for (int32_t nice = NICE_MIN + 2; nice <= NICE_MAX; nice++)
        assert_true(nice_weight(nice) < nice_weight(nice - 1) && nice_weight(nice) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_root_becomes_somebody_for_good),
        TEST(test_set_uid_program_goes_to_and_fro),
        TEST(test_set_gid_needs_group_execute),
        TEST(test_exchange_of_ids),
        TEST(test_groups_are_for_root),
        TEST(test_limits),
        TEST(test_nice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
