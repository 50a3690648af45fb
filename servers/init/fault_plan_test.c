/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "fault_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <trellis/structures.h>

static bool add(struct fault_plan *plan, const char *text, bool crash)
{
    return fault_plan_add(plan, text, strlen(text), crash);
}

static bool tty_is_down;

static bool may_end(const char *service)
{
    return !tty_is_down || strcmp(service, "tty") != 0;
}

static void check_next(struct fault_plan *plan, const char *service, uint64_t at_ns, bool crash)
{
    struct fault fault;
    assert_int_equal(fault_plan_next_ns(plan, at_ns - 1), at_ns);
    assert_false(fault_plan_take(plan, at_ns - 1, may_end, &fault));
    assert_true(fault_plan_take(plan, at_ns, may_end, &fault));
    assert_string_equal(fault.service, service);
    assert_int_equal(fault.at_ns, at_ns);
    assert_int_equal(fault.crash, crash);
}

static void the_earliest_comes_first(void **state)
{
    (void)state;
    struct fault_plan plan = {0};
    struct fault fault;
    assert_true(add(&plan, "uart@2s,tty@300ms,tty@2s", false));
    assert_true(add(&plan, "clock@7us", true));
    check_next(&plan, "clock", 7000, true);
    check_next(&plan, "tty", 300000000, false);
    check_next(&plan, "uart", 2000000000, false);
    check_next(&plan, "tty", 2000000000, false);
    assert_true(fault_plan_next_ns(&plan, 0) == DEADLINE_NEVER);
    assert_false(fault_plan_take(&plan, UINT64_MAX, may_end, &fault));
}

/* It keeps nobody else waiting, and is no reason to look again before it is up. */
static void what_is_down_is_ended_when_it_is_up(void **state)
{
    (void)state;
    struct fault_plan plan = {0};
    assert_true(add(&plan, "tty@1us,uart@2us,clock@9us", false));
    tty_is_down = true;
    check_next(&plan, "uart", 2000, false);
    assert_int_equal(fault_plan_next_ns(&plan, 2000), 9000);
    tty_is_down = false;
    struct fault fault;
    assert_true(fault_plan_take(&plan, 2000, may_end, &fault));
    assert_string_equal(fault.service, "tty");
    check_next(&plan, "clock", 9000, false);
}

static void nonsense_changes_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "tty",
        "@1s",
        "tty@",
        "tty@1",
        "tty@s",
        "tty@1m",
        "tty@1s ",
        "tty@1s,",
        ",tty@1s",
        "tty@-1s",
        "a_name_that_is_much_too_long_here@1s",
        "tty@99999999999999999s",
        "tty@18446744073709551615s",
    };
    struct fault_plan plan = {0};
    assert_true(add(&plan, "tty@1s", false));
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(add(&plan, bad[i], false));
    assert_false(add(&plan, "uart@1s,uart", false));
    assert_int_equal(plan.count, 1);
}

static void it_is_full_at_its_size(void **state)
{
    (void)state;
    struct fault_plan plan = {0};
    for (unsigned i = 0; i < FAULTS_MAX; i++)
        assert_true(add(&plan, "tty@1ms", false));
    assert_false(add(&plan, "tty@1ms", false));
    assert_int_equal(plan.count, FAULTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earliest_comes_first),
        cmocka_unit_test(what_is_down_is_ended_when_it_is_up),
        cmocka_unit_test(nonsense_changes_nothing),
        cmocka_unit_test(it_is_full_at_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
