/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "clone_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/errno.h>
#include <posix/linux/process.h>
#include <trellis/arch/registers.h>

enum {
    THREAD = LINUX_CLONE_VM | LINUX_CLONE_FS | LINUX_CLONE_FILES | LINUX_CLONE_SIGHAND |
             LINUX_CLONE_THREAD | LINUX_CLONE_SYSVSEM | LINUX_CLONE_SETTLS |
             LINUX_CLONE_PARENT_SETTID | LINUX_CLONE_CHILD_CLEARTID,
    SIGCHLD = 17,
};

static int check(uint64_t flags)
{
    const struct clone_request request = {.flags = flags, .exit_signal = SIGCHLD};
    return clone_check(&request);
}

/* What C libraries call: fork, vfork and posix_spawn, pthread_create. */
static void what_libraries_ask_is_granted(void **state)
{
    (void)state;
    assert_int_equal(check(0), 0);
    assert_int_equal(check(LINUX_CLONE_CHILD_SETTID | LINUX_CLONE_CHILD_CLEARTID), 0);
    assert_int_equal(check(LINUX_CLONE_VM | LINUX_CLONE_VFORK), 0);
    assert_int_equal(check(LINUX_CLONE_VM | LINUX_CLONE_VFORK | LINUX_CLONE_CLEAR_SIGHAND), 0);
    assert_int_equal(check(THREAD), 0);
    assert_int_equal(check(LINUX_CLONE_PIDFD), 0);
}

static void contradictions_are_refused(void **state)
{
    static const uint64_t refused[] = {
        LINUX_CLONE_SIGHAND,                 /* handlers without the memory they are in */
        LINUX_CLONE_VM | LINUX_CLONE_THREAD, /* a thread with handlers of its own */
        THREAD | LINUX_CLONE_PIDFD,          /* a thread is no process */
        THREAD | LINUX_CLONE_CLEAR_SIGHAND,  /* shared and cleared */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_int_equal(check(refused[i]), -LINUX_EINVAL);
}

static void what_is_not_there_is_refused(void **state)
{
    static const uint64_t refused[] = {
        LINUX_CLONE_NEWNS, LINUX_CLONE_INTO_CGROUP, LINUX_CLONE_PTRACE, LINUX_CLONE_FILES,
        LINUX_CLONE_FS,    LINUX_CLONE_VFORK, /* the last three without CLONE_VM */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_int_equal(check(refused[i]), -LINUX_EINVAL);
}

static void numbers_are_checked(void **state)
{
    struct clone_request request = {.exit_signal = 65};

    (void)state;
    assert_int_equal(clone_check(&request), -LINUX_EINVAL);
    request = (struct clone_request){.exit_signal = SIGCHLD, .stack = USER_LIBRARY + 1};
    assert_int_equal(clone_check(&request), -LINUX_EINVAL);
    request.stack = USER_LIBRARY;
    assert_int_equal(clone_check(&request), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_libraries_ask_is_granted),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(numbers_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
