/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What debug builds see of a wrong use of locks. */
#include <arch/cpu.h>
#include <arch/host.h>
#include <kernel/cpu.h>
#include <kernel/lock.h>
#include <kernel/log.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct cpu cpus[] = {{.number = 0, .bit = 1}, {.number = 1, .bit = 2}};
static struct spinlock space, objects[2], pages;
static jmp_buf after_panic;
static unsigned waits;

void panic(const char *format, ...)
{
    (void)format;
    longjmp(after_panic, 1);
}

/* While it waits the lower one comes free: it does not have the other. */
void arch_cpu_relax(void)
{
    waits++;
    assert_int_equal(atomic_load(&objects[1].taken), 0);
    host_current_cpu = &cpus[1];
    lock_release(&objects[0]);
    host_current_cpu = &cpus[0];
}

#define assert_panics(does)                                                                        \
    do {                                                                                           \
        if (setjmp(after_panic) == 0) {                                                            \
            does;                                                                                  \
            fail_msg("%s is let pass", #does);                                                     \
        }                                                                                          \
    } while (0)

static int setup(void **state)
{
    (void)state;
    cpus[0] = (struct cpu){.number = 0, .bit = 1};
    cpus[1] = (struct cpu){.number = 1, .bit = 2};
    host_current_cpu = &cpus[0];
    lock_init(&space, LOCK_SPACE);
    lock_init(&objects[0], LOCK_OBJECT);
    lock_init(&objects[1], LOCK_OBJECT);
    lock_init(&pages, LOCK_PAGES);
    waits = 0;
    return 0;
}

static void locks_are_taken_in_the_order_of_their_classes(void **state)
{
    (void)state;
    lock_acquire(&space);
    lock_acquire(&objects[0]);
    lock_acquire(&pages);
    lock_release(&objects[0]);
    assert_false(lock_none_held());
    lock_release(&space);
    lock_release(&pages);
    assert_true(lock_none_held());
}

static void another_order_panics(void **state)
{
    (void)state;
    lock_acquire(&objects[0]);
    assert_panics(lock_acquire(&space));
}

static void a_class_held_twice_panics(void **state)
{
    (void)state;
    lock_acquire(&objects[0]);
    assert_panics(lock_acquire(&objects[1]));
    assert_panics(lock_acquire(&objects[0]));
    assert_panics(lock_acquire_two(&objects[0], &objects[1]));
}

static void two_that_are_not_of_a_class_or_one_panic(void **state)
{
    (void)state;
    assert_panics(lock_acquire_two(&space, &pages));
    assert_panics(lock_acquire_two(&pages, &pages));
}

static void two_of_a_class_are_in_the_order_too(void **state)
{
    (void)state;
    lock_acquire_two(&objects[1], &objects[0]);
    assert_true(lock_is_held(&objects[0]) && lock_is_held(&objects[1]));
    assert_panics(lock_acquire(&space));
    lock_release(&objects[1]);
    assert_panics(lock_acquire(&objects[1]));
    lock_release(&objects[0]);
    assert_true(lock_none_held());
    lock_acquire(&space);
}

static void two_of_a_class_are_taken_by_address(void **state)
{
    (void)state;
    for (unsigned second = 0; second < 2; second++) {
        host_current_cpu = &cpus[1];
        lock_acquire(&objects[0]);
        host_current_cpu = &cpus[0];
        lock_acquire_two(&objects[1 - second], &objects[second]);
        assert_int_equal(waits, second + 1);
        lock_release(&objects[0]);
        lock_release(&objects[1]);
    }
}

static void the_release_of_a_lock_not_held_panics(void **state)
{
    (void)state;
    assert_panics(lock_release(&space));
    lock_acquire(&space);
    lock_release(&space);
    assert_panics(lock_release(&space));
}

/* Though this CPU has another of the class. */
static void a_lock_that_another_cpu_holds_is_not_held(void **state)
{
    (void)state;
    lock_acquire(&objects[0]);
    host_current_cpu = &cpus[1];
    lock_acquire(&objects[1]);
    assert_true(lock_is_held(&objects[1]));
    assert_false(lock_is_held(&objects[0]));
    assert_panics(lock_release(&objects[0]));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(locks_are_taken_in_the_order_of_their_classes),
        TEST(another_order_panics),
        TEST(a_class_held_twice_panics),
        TEST(two_that_are_not_of_a_class_or_one_panic),
        TEST(two_of_a_class_are_in_the_order_too),
        TEST(two_of_a_class_are_taken_by_address),
        TEST(the_release_of_a_lock_not_held_panics),
        TEST(a_lock_that_another_cpu_holds_is_not_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
