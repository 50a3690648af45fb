/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Everything that can be waited for: bits, counts, timers, ports, several
 * things at once, words in memory.
 */
#include <base/ipc.h>
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define MILLISECOND UINT64_C(1000000)
#define LONG_ENOUGH (test_now() + 5000 * MILLISECOND)
#define COUNT_MAX (UINT64_MAX - 1)
#define WAITERS 6

static handle_t make_event(uint32_t flags, uint64_t count)
{
    return SUCCEED(native_event_create(test_world.account, flags, count));
}

static void test_bits(void)
{
    uint64_t count;
    handle_t event = make_event(0, 0);
    SUCCEED(native_event_signal(event, 0, 0xf00));
    SUCCEED(native_event_signal(event, 0x100, 0));
    CHECK_EQUAL(test_signals(event), 0xe00);
    SUCCEED(native_event_signal(event, 0xe00, 0x800));
    CHECK_EQUAL(test_signals(event), 0x800);
    CHECK_STATUS(native_event_signal(event, 0, SIGNAL_TIMER), INVALID);
    CHECK_STATUS(native_event_signal(event, SIGNAL_ENDED, 0), INVALID);
    CHECK_STATUS(native_event_add(event, 1), BAD_STATE);
    CHECK_STATUS(native_event_take(event, 0, &count), BAD_STATE);
    CHECK_STATUS(native_event_create(test_world.account, 0, 1), INVALID);
    CLOSE(event);
}

static void test_counters(void)
{
    uint64_t count = 0;
    handle_t event = make_event(EVENT_COUNTER, 2);
    CHECK_EQUAL(test_signals(event), SIGNAL_COUNT | SIGNAL_WRITABLE);
    SUCCEED(native_event_add(event, 3));
    SUCCEED(native_event_take(event, TAKE_ONE, &count));
    CHECK_EQUAL(count, 1);
    SUCCEED(native_event_take(event, 0, &count));
    CHECK_EQUAL(count, 4);
    CHECK_STATUS(native_event_take(event, 0, &count), WOULD_BLOCK);
    CHECK_EQUAL(test_signals(event), SIGNAL_WRITABLE);
    SUCCEED(native_event_add(event, COUNT_MAX));
    CHECK_EQUAL(test_signals(event), SIGNAL_COUNT);
    CHECK_STATUS(native_event_add(event, 1), WOULD_BLOCK);
    SUCCEED(native_event_take(event, 0, &count));
    CHECK_EQUAL(count, COUNT_MAX);
    CHECK_STATUS(native_event_create(test_world.account, EVENT_COUNTER, UINT64_MAX), INVALID);
    CLOSE(event);
}

static void test_timers(void)
{
    uint64_t count = 0, start = test_now();
    handle_t event = make_event(0, 0), counter = make_event(EVENT_COUNTER, 0);
    SUCCEED(native_event_set_timer(event, start + 2 * MILLISECOND, 0));
    CHECK_EQUAL(test_signals(event) & SIGNAL_TIMER, 0);
    test_wait(event, SIGNAL_TIMER);
    CHECK(test_now() >= start + 2 * MILLISECOND);
    SUCCEED(native_event_signal(event, SIGNAL_TIMER, 0));
    SUCCEED(native_event_set_timer(event, test_now() + 50 * MILLISECOND, 0));
    SUCCEED(native_event_set_timer(event, DEADLINE_NEVER, 0));
    test_pause(60 * MILLISECOND);
    CHECK_EQUAL(test_signals(event) & SIGNAL_TIMER, 0);
    start = test_now();
    SUCCEED(native_event_set_timer(counter, start + MILLISECOND, MILLISECOND));
    test_pause(10 * MILLISECOND);
    SUCCEED(native_event_take(counter, 0, &count));
    CHECK(count >= 9 && count <= (test_now() - start) / MILLISECOND);
    SUCCEED(native_event_set_timer(counter, 0, 0));
    test_wait(counter, SIGNAL_COUNT);
    CLOSE(event);
    CLOSE(counter);
}

/* Ports. */

static unsigned take(handle_t port, struct observation *observations, unsigned count)
{
    int64_t result = native_port_wait(port, observations, count, DEADLINE_NOW);
    if (result < 0)
        CHECK_STATUS(result, TIMED_OUT);
    return result < 0 ? 0 : (unsigned)result;
}

static void test_port_level(void)
{
    struct observation got[4];
    handle_t port = SUCCEED(native_port_create(test_world.account));
    handle_t event = make_event(0, 0), other = make_event(0, 0);
    SUCCEED(native_observe(port, event, 0x300, 7, 0));
    SUCCEED(native_observe(port, other, 0x100, 8, 0));
    CHECK_EQUAL(take(port, got, 4), 0);
    SUCCEED(native_event_signal(event, 0, 0x700));
    for (unsigned i = 0; i < 3; i++) { /* as long as it stands */
        CHECK_EQUAL(take(port, got, 4), 1);
        CHECK_EQUAL(got[0].key, 7);
        CHECK_EQUAL(got[0].signals, 0x300);
    }
    SUCCEED(native_event_signal(other, 0, 0x100));
    CHECK_EQUAL(take(port, got, 4), 2);
    CHECK_EQUAL(take(port, got, 1), 1);
    uint64_t first = got[0].key;
    CHECK_EQUAL(take(port, got, 1), 1);
    CHECK(got[0].key != first); /* in turns */
    SUCCEED(native_event_signal(event, 0x300, 0));
    CHECK_EQUAL(take(port, got, 4), 1);
    CHECK_EQUAL(got[0].key, 8);
    CLOSE(other);
    CLOSE(event);
    CLOSE(port);
}

static void test_port_edge_and_once(void)
{
    struct observation got[4];
    handle_t port = SUCCEED(native_port_create(test_world.account));
    handle_t event = make_event(0, 0);
    SUCCEED(native_observe(port, event, 0x100, 1, OBSERVE_EDGE));
    SUCCEED(native_event_signal(event, 0, 0x100));
    CHECK_EQUAL(take(port, got, 4), 1);
    CHECK_EQUAL(take(port, got, 4), 0);
    SUCCEED(native_event_signal(event, 0, 0x100)); /* stands already: fires again */
    SUCCEED(native_event_signal(event, 0x100, 0));
    CHECK_EQUAL(take(port, got, 4), 1);
    CHECK_EQUAL(got[0].signals, 0x100);
    SUCCEED(native_observe(port, event, 0x200, 1, OBSERVE_ONCE)); /* replaces */
    SUCCEED(native_event_signal(event, 0, 0x300));
    CHECK_EQUAL(take(port, got, 4), 1);
    CHECK_EQUAL(got[0].signals, 0x200);
    CHECK_EQUAL(take(port, got, 4), 0);
    CHECK_STATUS(native_unobserve(port, 1), NOT_FOUND);
    SUCCEED(native_observe(port, event, 0x200, 2, 0));
    SUCCEED(native_unobserve(port, 2));
    CHECK_EQUAL(take(port, got, 4), 0);
    CHECK_STATUS(native_observe(port, event, 0, 2, 0), INVALID);
    SUCCEED(native_observe(port, event, 0x200, 3, 0));
    CLOSE(event); /* the observation keeps the object */
    CHECK_EQUAL(take(port, got, 4), 1);
    CLOSE(port);
}

static uint64_t raise_after(uint64_t event, struct frame *frame)
{
    test_pause(MILLISECOND);
    SUCCEED(native_event_signal(event, 0, 0x100));
    return 0;
}

static void test_port_wait(void)
{
    struct observation got;
    struct test_thread thread;
    handle_t port = SUCCEED(native_port_create(test_world.account)), event = make_event(0, 0);
    uint64_t start = test_now();
    CHECK_STATUS(native_port_wait(port, &got, 1, start + MILLISECOND), TIMED_OUT);
    CHECK(test_now() >= start + MILLISECOND);
    SUCCEED(native_observe(port, event, 0x100, 5, 0));
    test_thread_run(&thread, raise_after, event);
    CHECK_EQUAL(native_port_wait(port, &got, 1, LONG_ENOUGH), 1);
    CHECK_EQUAL(got.key, 5);
    CHECK_STATUS(native_port_wait(port, &got, 0, DEADLINE_NOW), INVALID);
    test_thread_join(&thread);
    CLOSE(event);
    CLOSE(port);
}

/* One thing, or many at once. */

static void test_wait_one(void)
{
    struct test_thread thread;
    handle_t event = make_event(0, 0);
    uint64_t start = test_now();
    CHECK_STATUS(native_wait_one(event, 0x300, DEADLINE_NOW), TIMED_OUT);
    CHECK_STATUS(native_wait_one(event, 0x300, start + MILLISECOND), TIMED_OUT);
    CHECK(test_now() >= start + MILLISECOND);
    test_thread_run(&thread, raise_after, event);
    CHECK_EQUAL(native_wait_one(event, 0x300, LONG_ENOUGH), 0x100);
    test_thread_join(&thread);
    SUCCEED(native_event_signal(event, 0, 0x600));
    CHECK_EQUAL(native_wait_one(event, 0x300, DEADLINE_NOW), 0x300);
    CLOSE(event);
}

static void test_wait_many(void)
{
    struct wait_item items[WAIT_MANY_MAX];
    struct test_thread thread;
    handle_t event = make_event(0, 0), quiet = make_event(0, 0);
    for (unsigned i = 0; i < WAIT_MANY_MAX; i++)
        items[i] = (struct wait_item){quiet, 0x100, 7};
    CHECK_STATUS(native_wait_many(items, WAIT_MANY_MAX, DEADLINE_NOW), TIMED_OUT);
    CHECK_STATUS(native_wait_many(items, WAIT_MANY_MAX, test_now() + MILLISECOND), TIMED_OUT);
    CHECK_STATUS(native_wait_many(items, WAIT_MANY_MAX + 1, DEADLINE_NOW), OUT_OF_RANGE);
    items[3].handle = items[60].handle = event;
    items[60].mask = 0x300;
    test_thread_run(&thread, raise_after, event);
    CHECK_EQUAL(native_wait_many(items, WAIT_MANY_MAX, LONG_ENOUGH), 2);
    CHECK_EQUAL(items[3].fired, 0x100);
    CHECK_EQUAL(items[60].fired, 0x100);
    CHECK_EQUAL(items[0].fired, 0);
    test_thread_join(&thread);
    items[1].handle = 4711;
    CHECK_STATUS(native_wait_many(items, WAIT_MANY_MAX, DEADLINE_NOW), BAD_HANDLE);
    CHECK_STATUS(native_wait_many(NULL, 0, test_now() + MILLISECOND), TIMED_OUT);
    CLOSE(event);
    CLOSE(quiet);
}

/* Addresses. */

static volatile uint32_t words[2] __attribute__((aligned(64)));
static volatile uint32_t woken;

struct waiter {
    volatile uint32_t *address;
    uint32_t mask, flags;
};

static uint64_t wait_at(uint64_t argument, struct frame *frame)
{
    const struct waiter *waiter = (const struct waiter *)argument;
    CHECK_STATUS(
        native_address_wait((uint64_t)waiter->address, 0, waiter->mask, waiter->flags, LONG_ENOUGH),
        OK);
    woken++;
    return 0;
}

static void start_waiters(struct test_thread *threads, unsigned count, const struct waiter *waiter)
{
    for (unsigned i = 0; i < count; i++) {
        test_thread_run(&threads[i], wait_at, (uint64_t)waiter);
        test_thread_await(threads[i].handle, THREAD_WAITING);
    }
}

static void join(struct test_thread *threads, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        test_thread_join(&threads[i]);
}

static int64_t wake(volatile uint32_t *address, uint32_t count, uint32_t mask)
{
    return native_address_wake((uint64_t)address, count, mask, 0);
}

static void test_address_wait(void)
{
    uint64_t start = test_now(), address = (uint64_t)&words[0];
    words[0] = 0;
    CHECK_STATUS(native_address_wait(address, 1, 1, 0, DEADLINE_NEVER), WOULD_BLOCK);
    CHECK_STATUS(native_address_wait(address, 0, 1, 0, start + MILLISECOND), TIMED_OUT);
    CHECK(test_now() >= start + MILLISECOND);
    CHECK_STATUS(native_address_wait(address, 0, 1, 0, DEADLINE_NOW), TIMED_OUT);
    CHECK_STATUS(native_address_wait(address, 0, 0, 0, DEADLINE_NOW), INVALID);
    CHECK_STATUS(native_address_wait(address + 2, 0, 1, 0, DEADLINE_NOW), INVALID);
    CHECK_STATUS(native_address_wait(8, 0, 1, 0, DEADLINE_NOW), BAD_ADDRESS);
    CHECK_STATUS(native_address_wait(UINT64_MAX - 3, 0, 1, 0, DEADLINE_NOW), BAD_ADDRESS);
    CHECK_EQUAL(wake(&words[0], 1, 1), 0);
}

static void test_address_wake(void)
{
    struct test_thread threads[WAITERS];
    struct waiter odd = {&words[0], 1, 0}, even = {&words[0], 2, 0};
    words[0] = woken = 0;
    start_waiters(threads, 3, &odd);
    start_waiters(threads + 3, 3, &even);
    CHECK_EQUAL(wake(&words[1], 100, UINT32_MAX), 0);
    CHECK_EQUAL(wake(&words[0], 100, 4), 0);
    CHECK_EQUAL(wake(&words[0], 0, UINT32_MAX), 0);
    CHECK_EQUAL(wake(&words[0], 2, 1), 2);
    join(threads, 2);
    CHECK_EQUAL(woken, 2);
    CHECK_EQUAL(wake(&words[0], 100, UINT32_MAX), 4);
    join(threads + 2, 4);
    CHECK_EQUAL(woken, WAITERS);
}

static void test_requeue(void)
{
    struct test_thread threads[WAITERS];
    struct waiter waiter = {&words[0], UINT32_MAX, 0};
    struct requeue_request request = {
        .from = (uint64_t)&words[0],
        .to = (uint64_t)&words[1],
        .wake = 1,
        .requeue = 3,
        .expected = 1,
        .compare = 1,
    };
    words[0] = words[1] = woken = 0;
    start_waiters(threads, WAITERS, &waiter);
    CHECK_STATUS(native_address_requeue(&request), WOULD_BLOCK);
    request.expected = 0;
    CHECK_EQUAL(native_address_requeue(&request), 4);
    CHECK_EQUAL(wake(&words[1], 1, UINT32_MAX), 1);
    CHECK_EQUAL(wake(&words[1], 100, UINT32_MAX), 2);
    CHECK_EQUAL(wake(&words[0], 100, UINT32_MAX), 2);
    join(threads, WAITERS);
    CHECK_EQUAL(woken, WAITERS);
    request.to = request.from;
    CHECK_STATUS(native_address_requeue(&request), INVALID);
    request.to = request.from + 2;
    CHECK_STATUS(native_address_requeue(&request), INVALID);
}

/* Two mappings of one object, in two processes: one place. */
static uint64_t wake_shared(uint64_t address, struct frame *frame)
{
    CHECK_EQUAL(native_address_wake(address, 1, UINT32_MAX, 0), 0);
    while (native_address_wake(address, 1, UINT32_MAX, ADDRESS_SHARED) == 0)
        test_pause(MILLISECOND); /* the other does not wait yet */
    return 0;
}

static void test_shared_address(void)
{
    handle_t memory = SUCCEED(native_memory_create(test_world.account, USER_PAGE_SIZE, 0));
    struct test_child child = {.function = wake_shared};
    test_child_create(&child);
    child.argument =
        SUCCEED(native_map(child.process, memory, 0, 0, USER_PAGE_SIZE, MAP_READ | MAP_WRITE)) + 64;
    uint64_t own =
        SUCCEED(native_map(test_world.self, memory, 0, 0, USER_PAGE_SIZE, MAP_READ | MAP_WRITE));
    test_child_start(&child);
    int64_t result = native_address_wait(own + 64, 0, UINT32_MAX, ADDRESS_SHARED, LONG_ENOUGH);
    CHECK_STATUS(result, OK);
    test_child_finish(&child);
    SUCCEED(native_unmap(test_world.self, own, USER_PAGE_SIZE));
    CLOSE(memory);
}

/* A thread's end clears a word and wakes who waits for it. */
static uint64_t end_and_clear(uint64_t address, struct frame *frame)
{
    test_pause(MILLISECOND);
    (void)native_thread_end(0, address);
    return 1;
}

static void test_clear_and_wake(void)
{
    struct test_thread thread;
    words[0] = 5;
    test_thread_run(&thread, end_and_clear, (uint64_t)&words[0]);
    int64_t result = native_address_wait((uint64_t)&words[0], 5, UINT32_MAX, 0, LONG_ENOUGH);
    if (result != status_to_result(STATUS_WOULD_BLOCK)) /* it had not ended already */
        CHECK_STATUS(result, OK);
    CHECK_EQUAL(words[0], 0);
    test_thread_join(&thread);
}

/* Waits by revoked handles. */

static struct {
    int64_t (*wait)(handle_t handle);
    handle_t handle;
    volatile enum status status;
} revoked_wait;

static int64_t wait_for_signals(handle_t handle)
{
    struct wait_item item = {.handle = handle, .mask = SIGNAL_USER};
    return native_wait_many(&item, 1, LONG_ENOUGH);
}

static int64_t wait_at_port(handle_t handle)
{
    struct observation observation;
    return native_port_wait(handle, &observation, 1, LONG_ENOUGH);
}

static int64_t wait_for_it(handle_t handle)
{
    return native_wait_one(handle, 0x100, LONG_ENOUGH);
}

static int64_t receive(handle_t handle)
{
    struct message message = {0};
    return ipc_receive(handle, &message);
}

static int64_t call(handle_t handle)
{
    struct message message = {0};
    return ipc_call(handle, &message);
}

static uint64_t wait_by_handle(uint64_t argument, struct frame *frame)
{
    revoked_wait.status = status_of_result(revoked_wait.wait(revoked_wait.handle));
    return 0;
}

/* A wait by a handle derived from `object` ends when that is revoked. */
static void check_revoked_wait(handle_t object, int64_t (*wait)(handle_t), enum thread_state state)
{
    struct test_thread thread;
    revoked_wait.wait = wait;
    revoked_wait.handle = SUCCEED(native_handle_derive(object, RIGHT_SAME));
    revoked_wait.status = STATUS_OK;
    test_thread_run(&thread, wait_by_handle, 0);
    test_thread_await(thread.handle, state);
    SUCCEED(native_handle_revoke(object));
    test_thread_join(&thread);
    CHECK_EQUAL(revoked_wait.status, STATUS_REVOKED);
    CLOSE(revoked_wait.handle);
}

static void test_revoked_waits(void)
{
    handle_t event = make_event(0, 0);
    handle_t port = SUCCEED(native_port_create(test_world.account));
    handle_t endpoint = SUCCEED(native_endpoint_create(test_world.account));
    handle_t session = SUCCEED(native_session_create(endpoint, 1));
    check_revoked_wait(event, wait_for_signals, THREAD_WAITING);
    check_revoked_wait(event, wait_for_it, THREAD_WAITING);
    check_revoked_wait(port, wait_at_port, THREAD_WAITING);
    check_revoked_wait(endpoint, receive, THREAD_RECEIVING);
    check_revoked_wait(session, call, THREAD_CALLING);
    CLOSE(session);
    CLOSE(endpoint);
    CLOSE(port);
    CLOSE(event);
}

/* It is closed at any instant of the call that waits at it. */
static uint64_t receive_until_closed(uint64_t token, struct frame *frame)
{
    struct message message;
    return status_of_result(ipc_receive(token, &message));
}

static uint64_t wait_until_closed(uint64_t token, struct frame *frame)
{
    struct observation observation;
    return status_of_result(native_port_wait(token, &observation, 1, DEADLINE_NEVER));
}

static void close_under(handle_t handle, test_function *function, unsigned delay)
{
    struct test_thread thread;
    test_thread_run(&thread, function, handle);
    for (volatile unsigned spun = 0; spun < delay; spun++)
        continue;
    CLOSE(handle);
    test_thread_join(&thread);
}

static void test_closed_meanwhile(void)
{
    for (unsigned i = 0; i < 60; i++) {
        close_under(SUCCEED(native_endpoint_create(test_world.account)), receive_until_closed,
                    i * 100);
        close_under(SUCCEED(native_port_create(test_world.account)), wait_until_closed, i * 100);
    }
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"closed meanwhile", test_closed_meanwhile},
        {"event bits", test_bits},
        {"counters", test_counters},
        {"timers", test_timers},
        {"ports, level", test_port_level},
        {"ports, edge and once", test_port_edge_and_once},
        {"waiting at a port", test_port_wait},
        {"waiting for one", test_wait_one},
        {"waiting for many", test_wait_many},
        {"address waits", test_address_wait},
        {"address wakes", test_address_wake},
        {"requeue", test_requeue},
        {"addresses across processes", test_shared_address},
        {"clear and wake at a thread's end", test_clear_and_wake},
        {"waits by revoked handles", test_revoked_waits},
    };
    test_begin();
    TEST_RUN(cases);
}
