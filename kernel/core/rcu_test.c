/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Two pretended CPUs: what is deferred is freed when both were outside since, not before. */
#include <kernel/rcu.h>

#include <kernel/cpu.h>
#include <kernel/time.h>
#include <list/list.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct thing {
    struct deferred deferred;
    unsigned freed;
};

uint32_t cpu_count(void)
{
    return 2;
}

void lock_acquire(struct spinlock *lock)
{
    (void)lock;
}

void lock_release(struct spinlock *lock)
{
    (void)lock;
}

static struct cpu cpus[2] = {[0] = {.bit = 1}};
static struct cpu *running = &cpus[0];

struct cpu *arch_cpu_current(void)
{
    return running;
}

static uint64_t now;
static unsigned poked;

uint64_t time_now(void)
{
    return now;
}

struct cpu *cpu_get(uint32_t number)
{
    return &cpus[number];
}

void arch_cpu_poke(const struct cpu *cpu)
{
    (void)cpu;
    poked++;
}

static void free_thing(struct deferred *deferred)
{
    container_of(deferred, struct thing, deferred)->freed++;
}

static void outside(unsigned number)
{
    running = &cpus[number];
    running->number = number;
    running->bit = UINT64_C(1) << number;
    rcu_quiescent();
}

static void test_waits_for_every_cpu(void **state)
{
    struct thing thing = {.freed = 0};
    (void)state;
    rcu_defer(&thing.deferred, free_thing);
    for (unsigned i = 0; i < 5; i++)
        outside(0);
    assert_int_equal(thing.freed, 0);
    outside(1);
    outside(0);
    assert_int_equal(thing.freed, 1);
}

static void test_batch_begins_after_the_one_before(void **state)
{
    struct thing early = {.freed = 0}, late = {.freed = 0};
    (void)state;
    rcu_defer(&early.deferred, free_thing);
    outside(0); /* early waits from here */
    rcu_defer(&late.deferred, free_thing);
    outside(1);
    outside(0);
    assert_int_equal(early.freed, 1);
    assert_int_equal(late.freed, 0);
    outside(1);
    outside(0);
    outside(1);
    outside(0);
    assert_int_equal(late.freed, 1);
}

static void test_who_sleeps_is_not_waited_for(void **state)
{
    struct thing thing = {.freed = 0};
    (void)state;
    outside(1);
    rcu_sleep();
    outside(0);
    rcu_defer(&thing.deferred, free_thing);
    outside(0);
    outside(0);
    assert_int_equal(thing.freed, 1);
    running = &cpus[1];
    rcu_wake();
    thing.freed = 0;
    outside(0);
    rcu_defer(&thing.deferred, free_thing);
    outside(0);
    outside(0);
    assert_int_equal(thing.freed, 0);
    outside(1);
    outside(0);
    assert_int_equal(thing.freed, 1);
}

static void test_who_is_waited_for_long_is_interrupted(void **state)
{
    struct thing thing = {.freed = 0};
    (void)state;
    rcu_defer(&thing.deferred, free_thing);
    outside(0);
    outside(0);
    assert_int_equal(poked, 0);
    now += 10000000;
    outside(0);
    outside(0);
    assert_int_equal(poked, 1);
    outside(1);
    outside(0);
    assert_int_equal(thing.freed, 1);
}

static void test_many_are_freed_in_parts(void **state)
{
    static struct thing things[100];
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        rcu_defer(&things[i].deferred, free_thing);
    for (unsigned i = 0; i < 10; i++) {
        outside(1);
        outside(0);
    }
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(things[i].freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_for_every_cpu),
        cmocka_unit_test(test_batch_begins_after_the_one_before),
        cmocka_unit_test(test_who_sleeps_is_not_waited_for),
        cmocka_unit_test(test_who_is_waited_for_long_is_interrupted),
        cmocka_unit_test(test_many_are_freed_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
