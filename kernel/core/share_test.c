/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Shares: who gets how much, for any order of coming and going; and the heap below. */
#include <kernel/share.h>
#include <list/list.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NODES 100
#define TURNS 20000
#define OPERATIONS 200000

struct runner {
    struct share_node share;
    uint32_t weight;
    uint64_t served; /* ns */
    uint64_t began;  /* virtual time */
    bool sleeps;
};

static struct share_queue queue;
static struct runner runners[NODES];
static uint64_t state;

static uint32_t random_below(uint32_t bound)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((state >> 33) % bound);
}

static struct runner *make(unsigned number, uint32_t weight)
{
    struct runner *runner = &runners[number];
    *runner = (struct runner){.weight = weight};
    runner->share.stride = share_stride(weight);
    share_insert(&queue, &runner->share);
    return runner;
}

static int setup(void **nothing)
{
    (void)nothing;
    queue = (struct share_queue){0};
    state = 1;
    return 0;
}

static struct runner *run(uint64_t nanoseconds)
{
    struct runner *runner = container_of(share_pick(&queue), struct runner, share);
    runner->served += nanoseconds;
    share_charge(&queue, &runner->share, nanoseconds);
    return runner;
}

/* In turns: what it has had less what it should have. */
static double lag_of(const struct runner *runner, uint64_t turns, uint64_t weights)
{
    return (double)runner->served / SHARE_TURN_NS - (double)turns * runner->weight / weights;
}

static void check_lags(unsigned count, uint64_t turns, double bound)
{
    uint64_t weights = 0;
    for (unsigned i = 0; i < count; i++)
        weights += runners[i].weight;
    for (unsigned i = 0; i < count; i++) {
        double lag = lag_of(&runners[i], turns, weights);
        assert_true(lag < bound && lag > -bound);
    }
}

static void everybody_has_their_share_at_all_times(void **nothing)
{
    (void)nothing;
    for (unsigned i = 0; i < NODES; i++)
        make(i, 32u << i % 11);
    for (unsigned turn = 1; turn <= TURNS; turn++) {
        run(SHARE_TURN_NS);
        check_lags(NODES, turn, 1.5);
    }
}

/* Without phases the light ones would run in one row and the heavy one fall 25 turns behind. */
static void the_heavy_is_not_kept_waiting_by_many(void **nothing)
{
    (void)nothing;
    unsigned gap = 0;
    struct runner *heavy = make(0, 64 * (NODES - 1));
    for (unsigned i = 1; i < NODES; i++)
        make(i, 64);
    for (unsigned turn = 1; turn <= TURNS; turn++) {
        gap = run(SHARE_TURN_NS) == heavy ? 0 : gap + 1;
        assert_true(gap <= 2);
        check_lags(NODES, turn, 1.5);
    }
}

static void newcomers_are_spread_over_their_period(void **nothing)
{
    (void)nothing;
    unsigned counts[10] = {0};
    for (unsigned i = 0; i < NODES; i++) {
        struct runner *runner = make(i, SHARE_WEIGHT_NORMAL);
        counts[runner->share.due.key * 10 / (runner->share.stride * SHARE_TURN_NS)]++;
    }
    for (unsigned i = 0; i < 10; i++)
        assert_in_range(counts[i], 9, 11);
}

static void who_yields_time_is_charged_for_what_it_used(void **nothing)
{
    (void)nothing;
    struct runner *worker = make(0, SHARE_WEIGHT_NORMAL), *polite = make(1, SHARE_WEIGHT_NORMAL);
    for (unsigned i = 0; i < TURNS; i++) {
        struct runner *next = container_of(share_pick(&queue), struct runner, share);
        assert_ptr_equal(run(next == polite ? SHARE_TURN_NS / 10 : SHARE_TURN_NS), next);
    }
    uint64_t difference = worker->served > polite->served ? worker->served - polite->served
                                                          : polite->served - worker->served;
    assert_true(difference <= 2 * SHARE_TURN_NS);
}

/* It wakes soon, but has saved nothing up; and what it owes it does not sleep off at once. */
static void who_sleeps_saves_nothing(void **nothing)
{
    (void)nothing;
    struct runner *worker = make(0, SHARE_WEIGHT_NORMAL), *sleeper = make(1, SHARE_WEIGHT_NORMAL);
    share_remove(&queue, &sleeper->share);
    for (unsigned i = 0; i < 1000; i++)
        run(SHARE_TURN_NS);
    worker->served = sleeper->served = 0;
    share_insert(&queue, &sleeper->share);
    assert_true(sleeper->share.due.key - queue.now <= sleeper->share.stride * SHARE_TURN_NS);
    for (unsigned i = 0; i < 1000; i++)
        run(SHARE_TURN_NS);
    assert_true(sleeper->served / SHARE_TURN_NS >= 499 && sleeper->served / SHARE_TURN_NS <= 501);
    for (unsigned i = 0; i < 1000; i++) {
        if (run(SHARE_TURN_NS) != sleeper)
            continue;
        share_remove(&queue, &sleeper->share);
        share_insert(&queue, &sleeper->share);
    }
    assert_true(sleeper->served / SHARE_TURN_NS >= 999 && sleeper->served / SHARE_TURN_NS <= 1001);
}

static void a_key_from_another_age_or_queue_is_not_believed(void **nothing)
{
    (void)nothing;
    static const uint64_t keys[] = {0, UINT64_MAX / 4, UINT64_MAX / 2, UINT64_MAX / 2 + 1,
                                    UINT64_MAX};
    struct runner *worker = make(0, 1);
    for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        run(SHARE_TURN_NS);
        struct runner *sleeper = make(1, SHARE_WEIGHT_MAX);
        share_remove(&queue, &sleeper->share);
        sleeper->share.due.key = queue.now - keys[i];
        share_insert(&queue, &sleeper->share);
        unsigned turns = 0;
        while (run(SHARE_TURN_NS) != sleeper)
            assert_true(++turns < 3);
        share_remove(&queue, &sleeper->share);
    }
    assert_true(worker->served > 0);
}

/* Virtual time goes round, several times. */
static void time_may_wrap(void **nothing)
{
    (void)nothing;
    for (unsigned i = 0; i < 4; i++)
        make(i, 1);
    for (unsigned turn = 1; turn <= 2000000; turn++)
        run(SHARE_TURN_NS);
    check_lags(4, 2000000, 1.5);
}

static void check_order(void)
{
    const struct share_node *first = share_pick(&queue);
    for (unsigned i = 0; i < NODES; i++) {
        const struct runner *runner = &runners[i];
        assert_int_equal(runner->share.due.linked, !runner->sleeps);
        if (!runner->sleeps)
            assert_false(heap_is_before(runner->share.due.key, first->due.key));
    }
}

/* Of two that never sleep neither is ahead of the other by more than a turn of each, whatever
 * others do, and with turns of any length. */
static void check_two(void)
{
    double difference = (double)runners[0].served / runners[0].weight -
                        (double)runners[1].served / runners[1].weight;
    double bound =
        (double)SHARE_TURN_NS / runners[0].weight + (double)SHARE_TURN_NS / runners[1].weight;
    assert_true(difference <= 1.001 * bound && difference >= -1.001 * bound);
}

static void coming_and_going_in_any_order(void **nothing)
{
    (void)nothing;
    for (unsigned i = 0; i < NODES; i++)
        make(i, 1 + random_below(SHARE_WEIGHT_MAX / 16));
    for (unsigned i = 0; i < OPERATIONS; i++) {
        struct runner *runner = &runners[2 + random_below(NODES - 2)];
        if (random_below(3) == 0) {
            run(random_below(SHARE_TURN_NS + 1));
        } else if (runner->sleeps) {
            share_insert(&queue, &runner->share);
            runner->sleeps = false;
        } else {
            share_remove(&queue, &runner->share);
            runner->sleeps = true;
        }
        if (i % 16 == 0)
            check_order();
        check_two();
    }
}

static void a_heap_sorts(void **nothing)
{
    (void)nothing;
    static struct heap_node nodes[NODES];
    for (unsigned round = 0; round < 1000; round++) {
        struct heap_node *root = NULL;
        uint64_t last = 0;
        unsigned count = 0;
        for (unsigned i = 0; i < NODES; i++) {
            nodes[i] = (struct heap_node){.key = random_below(50)};
            heap_insert(&root, &nodes[i]);
        }
        for (unsigned i = 0; i < NODES / 2; i++) {
            struct heap_node *node = &nodes[random_below(NODES)];
            if (node->linked)
                heap_remove(&root, node);
        }
        for (unsigned i = 0; i < NODES; i++)
            count += nodes[i].linked;
        for (; root != NULL; count--) {
            struct heap_node *first = root;
            assert_true(first->key >= last);
            last = first->key;
            heap_remove(&root, first);
            assert_false(first->linked);
        }
        assert_int_equal(count, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everybody_has_their_share_at_all_times),
        TEST(the_heavy_is_not_kept_waiting_by_many),
        TEST(newcomers_are_spread_over_their_period),
        TEST(who_yields_time_is_charged_for_what_it_used),
        TEST(who_sleeps_saves_nothing),
        TEST(a_key_from_another_age_or_queue_is_not_believed),
        TEST(time_may_wrap),
        TEST(coming_and_going_in_any_order),
        TEST(a_heap_sorts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
