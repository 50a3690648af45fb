/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Four CPUs and more spaces than identifiers, so that generations end all the time. */
#include "context.h"

#include <kernel/cpu.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define IDENTIFIERS 8
#define CPUS 4
#define SPACES 40
#define SWITCHES 200000
#define NOBODY (-1)

static _Atomic uint64_t contexts[SPACES];
static int loaded[CPUS];        /* spaces */
static int cached[IDENTIFIERS]; /* whose translations may be cached under an identifier */
static unsigned forgotten;

uint32_t context_count(void)
{
    return IDENTIFIERS;
}

void context_forget_all(void)
{
    forgotten++;
    for (unsigned i = 0; i < IDENTIFIERS; i++)
        cached[i] = NOBODY;
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        if (loaded[cpu] != NOBODY)
            cached[contexts[loaded[cpu]] & CONTEXT_IDENTIFIER_MASK] = loaded[cpu];
}

static uint64_t load(unsigned cpu, int space)
{
    cpu_current()->number = cpu;
    uint64_t identifier = context_choose(&contexts[space]);
    cpu_current()->number = 0;
    assert_in_range(identifier, 1, IDENTIFIERS - 1);
    if (cached[identifier] != NOBODY)
        assert_int_equal(cached[identifier], space);
    cached[identifier] = space;
    loaded[cpu] = space;
    return identifier;
}

static int setup(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SPACES; i++)
        contexts[i] = 0;
    memset(cached, 0xff, sizeof(cached));
    memset(loaded, 0xff, sizeof(loaded));
    return 0;
}

static void a_space_keeps_its_identifier(void **state)
{
    (void)state;
    uint64_t first = load(0, 0), second = load(0, 1);
    assert_int_not_equal(first, second);
    assert_int_equal(load(0, 0), first);
    assert_int_equal(load(1, 0), first);
    assert_int_equal(load(2, 1), second);
}

static void a_new_generation_spares_what_is_loaded(void **state)
{
    (void)state;
    unsigned before = forgotten;
    uint64_t kept = load(1, 0);
    for (int space = 1; forgotten == before; space++)
        load(0, space);
    for (int space = 20; space < 24; space++)
        assert_int_not_equal(load(0, space), kept);
    assert_int_equal(load(2, 0), kept);
    assert_int_equal(load(1, 0), kept);
}

static void no_two_spaces_share_one_at_any_time(void **state)
{
    (void)state;
    unsigned before = forgotten;
    srand(1);
    for (unsigned i = 0; i < SWITCHES; i++)
        load((unsigned)rand() % CPUS, rand() % SPACES);
    assert_true(forgotten - before > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_space_keeps_its_identifier, setup),
        cmocka_unit_test_setup(a_new_generation_spares_what_is_loaded, setup),
        cmocka_unit_test_setup(no_two_spaces_share_one_at_any_time, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
