/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Handles: rights only shrink, derived ones die with their source in every
 * process, tokens name what they named or nothing.
 */
#include <stdatomic.h>

#include <base/ipc.h>
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define STALE_ROUNDS 1000
#define CHAIN 200
#define ANSWERING_ROUNDS 200
#define CONTENT UINT64_C(0x5452454c4c495300)

static handle_t make_event(void)
{
    return SUCCEED(native_event_create(test_world.account, 0, 0));
}

static struct handle_information inspect(handle_t handle)
{
    struct handle_information information;
    SUCCEED(native_handle_inspect(handle, &information));
    return information;
}

static void test_copy(void)
{
    handle_t event = make_event();
    handle_t copy = SUCCEED(native_handle_copy(event, RIGHT_SAME, 0));
    handle_t less = SUCCEED(native_handle_copy(event, RIGHT_COPY | RIGHT_WAIT, HANDLE_NOT_CLONED));
    CHECK(copy != event && less != event && copy != less);
    CHECK_EQUAL(inspect(copy).object_id, inspect(event).object_id);
    CHECK_EQUAL(inspect(copy).rights, inspect(event).rights);
    CHECK_EQUAL(inspect(less).rights, RIGHT_COPY | RIGHT_WAIT);
    CHECK_EQUAL(inspect(less).flags, HANDLE_NOT_CLONED);
    handle_t least = SUCCEED(native_handle_copy(less, RIGHT_ALL, 0));
    CHECK_EQUAL(inspect(least).rights, RIGHT_COPY | RIGHT_WAIT);
    CHECK_STATUS(native_event_signal(least, 0, 0x100), NO_RIGHT);
    CLOSE(event);
    CHECK_STATUS(native_event_signal(copy, 0, 0x100), OK);
    CHECK_EQUAL(inspect(least).signals & SIGNAL_USER, 0x100);
    CLOSE(copy);
    CLOSE(less);
    CLOSE(least);
}

static void test_rights_asked(void)
{
    handle_t event = make_event();
    CHECK_STATUS(native_handle_copy(event, RIGHT_ALL + 1, 0), INVALID);
    CHECK_STATUS(native_handle_copy(event, RIGHT_SAME | RIGHT_READ, 0), INVALID);
    CHECK_STATUS(native_handle_derive(event, RIGHT_ALL + 1), INVALID);
    handle_t none = SUCCEED(native_handle_copy(event, 0, 0));
    CHECK_EQUAL(inspect(none).rights, 0);
    CHECK_STATUS(native_handle_copy(none, 0, 0), NO_RIGHT);
    CHECK_STATUS(native_handle_derive(none, 0), NO_RIGHT);
    CHECK_STATUS(native_handle_revoke(none), NO_RIGHT);
    CLOSE(none);
    CLOSE(event);
}

static void test_stale(void)
{
    handle_t old[STALE_ROUNDS];
    for (unsigned i = 0; i < STALE_ROUNDS; i++) {
        old[i] = make_event();
        CHECK((int64_t)old[i] > 0);
        CLOSE(old[i]);
    }
    handle_t event = make_event();
    for (unsigned i = 0; i < STALE_ROUNDS; i++) {
        CHECK(old[i] != event);
        CHECK_STATUS(native_handle_close(old[i]), BAD_HANDLE);
        CHECK_STATUS(native_event_signal(old[i], 0, 0x100), BAD_HANDLE);
    }
    CLOSE(event);
}

static void test_derive_and_revoke(void)
{
    handle_t event = make_event();
    handle_t below = SUCCEED(native_handle_derive(event, RIGHT_SAME));
    handle_t copy = SUCCEED(native_handle_copy(below, RIGHT_SAME, 0));
    handle_t deeper = SUCCEED(native_handle_derive(copy, RIGHT_SAME));
    handle_t beside = SUCCEED(native_handle_copy(event, RIGHT_SAME, 0));
    SUCCEED(native_handle_revoke(below));
    CHECK_STATUS(native_event_signal(deeper, 0, 0x100), REVOKED);
    CHECK_STATUS(native_event_signal(below, 0, 0x100), OK);
    SUCCEED(native_handle_revoke(beside));
    CHECK_STATUS(native_event_signal(below, 0, 0x100), REVOKED);
    CHECK_STATUS(native_event_signal(copy, 0, 0x100), REVOKED);
    CHECK_STATUS(native_handle_copy(copy, RIGHT_SAME, 0), REVOKED);
    CHECK_STATUS(native_handle_derive(copy, RIGHT_SAME), REVOKED);
    CHECK_STATUS(native_event_signal(event, 0, 0x100), OK);
    CHECK_STATUS(native_event_signal(beside, 0, 0x100), OK);
    CLOSE(below);
    CLOSE(copy);
    CLOSE(deeper);
    CLOSE(event);
    CLOSE(beside);
}

/* A chain longer than one step of a revocation, and as many side by side. */
static void test_revoke_many(void)
{
    handle_t event = make_event(), chain[CHAIN], beside[CHAIN];
    for (unsigned i = 0; i < CHAIN; i++) {
        chain[i] = SUCCEED(native_handle_derive(i == 0 ? event : chain[i - 1], RIGHT_SAME));
        beside[i] = SUCCEED(native_handle_derive(chain[0], RIGHT_SAME));
    }
    SUCCEED(native_handle_revoke(event));
    for (unsigned i = 0; i < CHAIN; i++) {
        CHECK_STATUS(native_event_signal(chain[i], 0, 0x100), REVOKED);
        CHECK_STATUS(native_event_signal(beside[i], 0, 0x100), REVOKED);
        CLOSE(chain[i]);
        CLOSE(beside[i]);
    }
    CLOSE(event);
}

/* The middle of a chain closed first: what is below still dies with what is above. */
static void test_revoke_past_closed(void)
{
    handle_t event = make_event();
    handle_t middle = SUCCEED(native_handle_derive(event, RIGHT_SAME));
    handle_t low = SUCCEED(native_handle_derive(middle, RIGHT_SAME));
    CLOSE(middle);
    CHECK_STATUS(native_event_signal(low, 0, 0x100), OK);
    SUCCEED(native_handle_revoke(event));
    CHECK_STATUS(native_event_signal(low, 0, 0x100), REVOKED);
    CLOSE(low);
    CLOSE(event);
}

static void test_revoke_unmaps(void)
{
    handle_t memory = SUCCEED(native_memory_create(test_world.account, 8192, 0));
    handle_t below = SUCCEED(native_handle_derive(memory, RIGHT_SAME));
    uint64_t kept = SUCCEED(native_map(test_world.self, memory, 0, 0, 8192, MAP_READ | MAP_WRITE));
    uint64_t lost = SUCCEED(native_map(test_world.self, below, 0, 0, 8192, MAP_READ | MAP_WRITE));
    *(volatile uint64_t *)lost = CONTENT;
    SUCCEED(native_handle_revoke(memory));
    CHECK_EQUAL(*(volatile uint64_t *)kept, CONTENT);
    uint64_t value;
    CHECK_EQUAL(native_process_read(test_world.self, lost, &value, sizeof(value)), 0);
    SUCCEED(native_unmap(test_world.self, kept, 8192));
    SUCCEED(native_unmap(test_world.self, lost, 8192));
    CLOSE(below);
    CLOSE(memory);
}

/* Children. */

struct gift {
    handle_t event;
    handle_t token;
};

static uint64_t use_until_revoked(uint64_t token, struct frame *frame)
{
    SUCCEED(native_event_signal(token, 0, 0x100));
    for (;;) {
        int64_t result = native_event_signal(token, 0, 0x200);
        if (result != 0)
            return status_of_result(result);
        (void)native_thread_yield();
    }
}

static void test_revoke_across_processes(void)
{
    struct process_information information;
    handle_t event = make_event();
    handle_t below = SUCCEED(native_handle_derive(event, RIGHT_SAME));
    struct test_child child = {.function = use_until_revoked};
    test_child_create(&child);
    child.argument = test_child_give(&child, below, RIGHT_SIGNAL);
    CHECK_STATUS(native_event_signal(child.argument, 0, 0x100), BAD_HANDLE);
    CLOSE(below);
    test_child_start(&child);
    test_wait(event, 0x100);
    SUCCEED(native_handle_revoke(event));
    test_child_join(&child, &information);
    CHECK_EQUAL(information.reason, END_EXIT);
    CHECK_EQUAL(information.code, STATUS_REVOKED);
    CLOSE(event);
}

static uint64_t wait_until_revoked(uint64_t token, struct frame *frame)
{
    struct wait_item item = {.handle = token, .mask = 0x100};
    return status_of_result(native_wait_many(&item, 1, test_now() + 10 * UINT64_C(1000000000)));
}

/* A wait for signals sees the revocation when it looks again. */
static void test_revoke_waited(void)
{
    handle_t event = make_event();
    handle_t below = SUCCEED(native_handle_derive(event, RIGHT_SAME));
    struct test_thread thread;
    test_thread_run(&thread, wait_until_revoked, below);
    test_thread_await(thread.handle, THREAD_WAITING);
    SUCCEED(native_handle_revoke(event));
    SUCCEED(native_event_signal(event, 0, 0x100));
    test_thread_join(&thread);
    CLOSE(below);
    CLOSE(event);
}

static handle_t session;
static atomic_bool enough;

/* With text, which the general path takes. */
static uint64_t answer_until_revoked(uint64_t endpoint, struct frame *frame)
{
    struct message message;
    int64_t result = ipc_receive(endpoint, &message);
    while (result == RECEIVED_CALL) {
        message_begin(&message, 0);
        message_set_text(&message, 1);
        result = ipc_reply_and_wait(endpoint, &message);
    }
    CHECK_STATUS(result, REVOKED);
    return 0;
}

static uint64_t call_until_enough(uint64_t argument, struct frame *frame)
{
    struct message message;
    do {
        message_begin(&message, 0);
        message_set_text(&message, 1);
    } while (ipc_call(session, &message) == 0 && !atomic_load(&enough));
    return 0;
}

/* No server waits on by a handle that is revoked just before its wait begins. */
static void test_revoke_answering(void)
{
    for (unsigned round = 0; round < ANSWERING_ROUNDS; round++) {
        struct test_thread server, client;
        handle_t endpoint = SUCCEED(native_endpoint_create(test_world.account));
        handle_t below = SUCCEED(native_handle_derive(endpoint, RIGHT_SAME));
        session = SUCCEED(native_session_create(endpoint, 1));
        atomic_store(&enough, false);
        test_thread_run(&server, answer_until_revoked, below);
        test_thread_run(&client, call_until_enough, 0);
        test_pause(round * 1000);
        atomic_store(&enough, true);
        SUCCEED(native_handle_revoke(endpoint));
        test_wait(server.handle, SIGNAL_ENDED);
        test_thread_join(&server);
        CLOSE(below);
        CLOSE(endpoint);
        test_thread_join(&client);
        CLOSE(session);
    }
}

static uint64_t check_inherited(uint64_t argument, struct frame *frame)
{
    const struct gift *gift = (const struct gift *)argument;
    CHECK_STATUS(native_event_signal(gift->token, 0, 0x100), BAD_HANDLE);
    SUCCEED(native_event_signal(gift->event, 0, 0x200));
    CLOSE(gift->event);
    CHECK_STATUS(native_handle_close(gift->event), BAD_HANDLE);
    return 0;
}

static void test_inheritance(void)
{
    static struct gift gift;
    gift.event = make_event();
    gift.token = SUCCEED(native_handle_copy(gift.event, RIGHT_SAME, HANDLE_NOT_CLONED));
    struct test_child child = {
        .function = check_inherited, .argument = (uint64_t)&gift, .inherit = true};
    test_child_create(&child);
    test_child_start(&child);
    test_child_finish(&child);
    CHECK_EQUAL(inspect(gift.event).signals & SIGNAL_USER, 0x200);
    CLOSE(gift.token);
    CLOSE(gift.event);
}

/* From a process that has ended, if it was made to keep its handles: they pass on, even one to itself. */
static void test_inheritance_from_ended(void)
{
    struct stream_handles ends;
    handle_t event = make_event();
    SUCCEED(native_stream_create(test_world.account, 4096, 0, &ends));
    handle_t old = SUCCEED(
        native_process_create(test_world.account, HANDLE_NONE, "old", 3, PROCESS_KEEP_HANDLES));
    handle_t token = SUCCEED(native_process_give(old, event, RIGHT_SAME, 0));
    SUCCEED(native_process_give(old, old, RIGHT_SAME, HANDLE_NOT_CLONED));
    SUCCEED(native_process_give(old, ends.write_end, RIGHT_SAME, 0));
    CLOSE(ends.write_end);
    SUCCEED(native_process_end(old, 0));
    test_wait(old, SIGNAL_ENDED);
    handle_t new = SUCCEED(native_process_create(test_world.account, old, "new", 3, 0));
    struct process_information information;
    SUCCEED(native_process_inspect(new, &information));
    CHECK_EQUAL(information.handles, 2);
    CHECK(token != HANDLE_NONE);
    SUCCEED(native_process_inspect(old, &information));
    CHECK_EQUAL(information.handles, 0);
    CHECK_EQUAL(test_signals(ends.read_end) & SIGNAL_CLOSED_WRITE, 0);
    CLOSE(old);
    SUCCEED(native_process_end(new, 0));
    test_wait(ends.read_end, SIGNAL_CLOSED_WRITE);
    CLOSE(new);
    CLOSE(ends.read_end);
    CLOSE(event);
}

/* From one that had not ended yet: it keeps nothing for another then. */
static void test_inheritance_before_the_end(void)
{
    struct process_information information;
    handle_t old = SUCCEED(
        native_process_create(test_world.account, HANDLE_NONE, "old", 3, PROCESS_KEEP_HANDLES));
    SUCCEED(native_process_give(old, old, RIGHT_SAME, HANDLE_NOT_CLONED));
    SUCCEED(native_process_give(old, test_world.account, RIGHT_SAME, 0));
    handle_t new = SUCCEED(native_process_create(test_world.account, old, "new", 3, 0));
    SUCCEED(native_process_end(old, 0));
    test_wait(old, SIGNAL_ENDED);
    SUCCEED(native_process_inspect(old, &information));
    CHECK_EQUAL(information.handles, 0);
    SUCCEED(native_process_inspect(new, &information));
    CHECK_EQUAL(information.handles, 1);
    CLOSE(old);
    CLOSE(new);
}

static void test_mark(void)
{
    struct stream_handles ends;
    struct stream_information information;
    SUCCEED(native_stream_create(test_world.account, 4096, 0, &ends));
    handle_t kept = SUCCEED(native_handle_copy(ends.write_end, RIGHT_SAME, 0));
    SUCCEED(native_handle_mark(kept, HANDLE_NOT_COUNTED));
    CHECK_EQUAL(inspect(kept).flags, HANDLE_NOT_COUNTED);
    SUCCEED(native_stream_inspect(ends.read_end, &information));
    CHECK_EQUAL(information.writers, 1);
    CLOSE(ends.write_end);
    CHECK((test_signals(ends.read_end) & SIGNAL_CLOSED_WRITE) != 0);
    CHECK_STATUS(native_handle_mark(kept, HANDLE_NOT_COUNTED << 1), INVALID);
    CLOSE(kept);
    CLOSE(ends.read_end);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"copies have at most their source's rights", test_copy},
        {"rights asked for", test_rights_asked},
        {"stale tokens name nothing", test_stale},
        {"derive and revoke", test_derive_and_revoke},
        {"revoke more than one step's worth", test_revoke_many},
        {"revoke past a closed handle", test_revoke_past_closed},
        {"revocation unmaps", test_revoke_unmaps},
        {"revoke across processes", test_revoke_across_processes},
        {"revocation and waits", test_revoke_waited},
        {"revocation and who answers", test_revoke_answering},
        {"inherited handles", test_inheritance},
        {"handles inherited from an ended process", test_inheritance_from_ended},
        {"handles inherited before the end", test_inheritance_before_the_end},
        {"marked handles", test_mark},
    };
    test_begin();
    TEST_RUN(cases);
}
