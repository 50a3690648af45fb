/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Events, ports and timers. A waiter has a higher priority than who raises, so
 * that it runs at once and waits again before the raise returns; in a round trip
 * both have the same.
 */
#include "bench.h"

#include "harness.h"
#include "threads.h"

#define GO 0x100u
#define COME 0x200u
#define CROWD 1000
#define LONG_AGO 1

static handle_t event, port;
static handle_t crowd[CROWD];
static struct test_thread other;

static void make_event(void)
{
    event = SUCCEED(native_event_create(test_world.account, 0, 0));
}

static void close_event(void)
{
    CLOSE(event);
}

static void await(uint32_t mask)
{
    while (native_wait_one(event, mask, DEADLINE_NEVER) < 0)
        continue;
}

static void run_signal(uint64_t round)
{
    (void)native_event_signal(event, 0, GO);
}

static uint64_t take_signals(uint64_t argument, struct frame *frame)
{
    for (;;) {
        await(GO);
        (void)native_event_signal(event, GO, 0);
    }
    return 0;
}

static uint64_t return_signals(uint64_t argument, struct frame *frame)
{
    for (;;) {
        await(GO);
        (void)native_event_signal(event, GO, COME);
    }
    return 0;
}

static void run_round_trip(uint64_t round)
{
    (void)native_event_signal(event, COME, GO);
    await(COME);
}

static void start_waiter(void)
{
    make_event();
    other = (struct test_thread){.function = take_signals};
    bench_start_above(&other);
}

static void start_partner(void)
{
    make_event();
    other = (struct test_thread){.function = return_signals, .priority = BENCH_PRIORITY};
    test_thread_start(&other);
    test_thread_await(other.handle, THREAD_WAITING);
}

static void end_other(void)
{
    SUCCEED(native_thread_kill(other.handle));
    test_thread_join(&other);
    close_event();
}

/* Ports: an edge of one of the observed events is raised and taken. */

static void make_port(unsigned count)
{
    port = SUCCEED(native_port_create(test_world.account));
    for (unsigned i = 0; i < count; i++) {
        crowd[i] = SUCCEED(native_event_create(test_world.account, 0, 0));
        SUCCEED(native_observe(port, crowd[i], GO, i, OBSERVE_EDGE));
    }
}

static void close_port(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        CLOSE(crowd[i]);
    CLOSE(port);
}

static void make_port_of_1(void)
{
    make_port(1);
}

static void close_port_of_1(void)
{
    close_port(1);
}

static void make_port_of_crowd(void)
{
    make_port(CROWD);
}

static void close_port_of_crowd(void)
{
    close_port(CROWD);
}

static void take_one(handle_t raised)
{
    struct observation observation;
    (void)native_event_signal(raised, 0, GO);
    (void)native_port_wait(port, &observation, 1, DEADLINE_NEVER);
}

static void run_port_of_1(uint64_t round)
{
    take_one(crowd[0]);
}

static void run_port_of_crowd(uint64_t round)
{
    take_one(crowd[round % CROWD]);
}

static void run_timer(uint64_t round)
{
    (void)native_event_set_timer(event, LONG_AGO, 0);
    await(SIGNAL_TIMER);
}

static const struct bench_row rows[] = {
    {.name = "event_signal", .prepare = make_event, .run = run_signal, .finish = close_event},
    {.name = "event_signal_to_waiter",
     .prepare = start_waiter,
     .run = run_signal,
     .finish = end_other},
    {.name = "event_round_trip",
     .prepare = start_partner,
     .run = run_round_trip,
     .finish = end_other},
    {.name = "port_wait_1",
     .prepare = make_port_of_1,
     .run = run_port_of_1,
     .finish = close_port_of_1},
    {.name = "port_wait_1000",
     .prepare = make_port_of_crowd,
     .run = run_port_of_crowd,
     .finish = close_port_of_crowd},
    {.name = "timer_set_fire", .prepare = make_event, .run = run_timer, .finish = close_event},
};
BENCH_FAMILY(bench_signals, rows);
