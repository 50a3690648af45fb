/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * No wake-up is lost, however the end of a wait falls into its beginning: a thread waits on
 * one processor again and again, another on a second one ends each wait a little later than the last.
 * `wakeups.rounds=N` on the kernel's command line: how often.
 */
#include <base/ipc.h>
#include <base/service.h>
#include <stdatomic.h>

#include "harness.h"
#include "threads.h"

#define ROUNDS 1000
#define DELAYS 512
#define BIT 0x100
#define LIMIT_NS UINT64_C(60000000000) /* for one wake-up: only one that is lost takes so long */

static handle_t event, endpoint, session;
static _Atomic uint64_t round_of_waiter;
static uint64_t rounds;

static void wait_one(struct frame *frame)
{
    SUCCEED(native_wait_one(event, BIT, DEADLINE_NEVER));
    SUCCEED(native_event_signal(event, BIT, 0));
}

static void wait_many(struct frame *frame)
{
    struct wait_item items[2] = {{.handle = event, .mask = BIT},
                                 {.handle = event, .mask = BIT << 1}};
    SUCCEED(native_wait_many(items, 2, DEADLINE_NEVER));
    SUCCEED(native_event_signal(event, BIT, 0));
}

static void receive(struct frame *frame)
{
    struct message message;
    frame->deadline = LIMIT_NS + test_now();
    CHECK_EQUAL(ipc_receive_until(endpoint, &message), RECEIVED_SEND);
}

static void (*wait_once)(struct frame *frame);

static uint64_t wait_again_and_again(uint64_t argument, struct frame *frame)
{
    for (uint64_t i = 1; i <= rounds; i++) {
        atomic_store(&round_of_waiter, i);
        wait_once(frame);
    }
    return 0;
}

static void signal_event(void)
{
    SUCCEED(native_event_signal(event, 0, BIT));
}

static void send(void)
{
    struct message message;
    message_begin(&message, 1);
    SUCCEED(ipc_send(session, &message));
}

static void wake_again_and_again(void (*wake)(void))
{
    for (uint64_t i = 1; i <= rounds; i++) {
        uint64_t end = test_now() + LIMIT_NS;
        while (atomic_load(&round_of_waiter) != i) {
            if (test_now() > end)
                service_fail("wake-up %lu of %lu is lost", i - 1, rounds);
        }
        for (volatile uint64_t left = i * 7 % DELAYS; left != 0; left--)
            ;
        wake();
    }
}

static void check(void (*wait)(struct frame *frame), void (*wake)(void))
{
    struct test_thread waiter = {
        .function = wait_again_and_again, .priority = PRIORITY_NORMAL, .cpus = 2};
    wait_once = wait;
    atomic_store(&round_of_waiter, 0);
    event = SUCCEED(native_event_create(test_world.account, 0, 0));
    endpoint = SUCCEED(native_endpoint_create(test_world.account));
    session = SUCCEED(native_session_create(endpoint, 1));
    test_thread_start(&waiter);
    wake_again_and_again(wake);
    test_thread_join(&waiter);
    CLOSE(session);
    CLOSE(endpoint);
    CLOSE(event);
}

static void test_one_thing(void)
{
    check(wait_one, signal_event);
}

static void test_several_things(void)
{
    check(wait_many, signal_event);
}

static void test_messages(void)
{
    check(receive, send);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"one thing", test_one_thing},
        {"several things", test_several_things},
        {"messages", test_messages},
    };
    test_begin();
    rounds = test_option("wakeups.rounds=", ROUNDS);
    TEST_RUN(cases);
}
