/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Processes that are clones of others, and what goes on while they are made.
 */
#include <base/ipc.h>
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define CLONED UINT64_C(0xc10)

static volatile uint64_t private_word;

/* Asks to be cloned; the answer says which of the two it is. */
static uint64_t ask_for_clone(uint64_t session, struct frame *frame)
{
    struct message message;
    private_word = 5;
    message_begin(&message, 0);
    CHECK_STATUS(ipc_call(session, &message), OK);
    CHECK_EQUAL(private_word, 5);
    CHECK_EQUAL(message_text_length(message.information), 2);
    CHECK_EQUAL(frame->identity, message.words[0] == 0 ? 0 : CLONED);
    private_word = 6 + message.words[0];
    message_begin(&message, 1);
    CHECK_STATUS(ipc_call(session, &message), OK);
    CHECK_EQUAL(private_word, 6 + message.words[0]);
    return 100 + message.words[0];
}

static void answer(handle_t reply, uint64_t word)
{
    struct message message;
    message_begin(&message, 0);
    message.words[0] = word;
    message_copy_text(&message, ipc_frame(), "ok", 2);
    CHECK_STATUS(ipc_reply(reply, &message), OK);
}

/* Both ask again by the session they share; the identity tells them apart. */
static void answer_both(handle_t endpoint)
{
    struct message message;
    uint64_t seen = 0;
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CALL);
        CHECK(message.identity == 0 || message.identity == CLONED);
        seen |= message.identity == CLONED ? 2 : 1;
        answer(SUCCEED(native_reply_take()), message.identity == CLONED ? 1 : 0);
    }
    CHECK_EQUAL(seen, 3);
}

static void test_clone(void)
{
    struct process_information information;
    struct process_clone_result clone;
    struct test_child parent = {.function = ask_for_clone};
    struct message message;
    handle_t endpoint = SUCCEED(native_endpoint_create(test_world.account));
    handle_t session = SUCCEED(native_session_create(endpoint, 3));
    test_child_create(&parent);
    parent.argument = test_child_give(&parent, session, RIGHT_SAME);
    CLOSE(session);
    test_child_start(&parent);
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CALL);
    handle_t reply = SUCCEED(native_reply_take());
    CHECK_STATUS(native_process_clone(test_world.self, reply, test_world.account, 1, &clone),
                 INVALID);
    SUCCEED(native_process_clone(parent.process, reply, test_world.account, CLONED, &clone));
    CHECK_EQUAL(test_thread_state(clone.thread), THREAD_CALLING);
    answer(clone.reply, 1);
    answer(reply, 0);
    answer_both(endpoint);
    test_child_join(&parent, &information);
    CHECK_EQUAL(information.code, 100);
    test_wait(clone.process, SIGNAL_ENDED);
    SUCCEED(native_process_inspect(clone.process, &information));
    CHECK_EQUAL(information.code, 101);
    CLOSE(clone.process);
    CLOSE(clone.thread);
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CLOSED);
    CLOSE(endpoint);
}

/* A parent that takes many steps to clone, with a thread that changes it all the while. */

#define APART 600
#define PAGE ((uint64_t)USER_PAGE_SIZE)

struct busy {
    handle_t session;
    uint64_t place;
    volatile uint32_t stop;
};

static struct busy busy;

/* Each page is never behind the one after it, at any moment; nor in a copy of one moment. */
static uint64_t count_in_pages(uint64_t argument, struct frame *frame)
{
    const uint64_t first = busy.place, last = first + 2 * (APART - 1) * PAGE;
    for (uint64_t count = 1; busy.stop == 0; count++) {
        *(volatile uint64_t *)first = count;
        *(volatile uint64_t *)last = count;
        uint64_t more = SUCCEED(native_map(test_world.self, HANDLE_NONE, 0, 0, PAGE, MAP_READ));
        SUCCEED(native_unmap(test_world.self, more, PAGE));
    }
    return 0;
}

static void map_apart(void)
{
    busy.place = SUCCEED(
        native_map(test_world.self, HANDLE_NONE, 0, 0, 2 * APART * PAGE, MAP_READ | MAP_WRITE));
    for (uint64_t i = 0; i < APART; i++) {
        *(volatile uint64_t *)(busy.place + 2 * i * PAGE) = 0;
        SUCCEED(native_unmap(test_world.self, busy.place + (2 * i + 1) * PAGE, PAGE));
    }
}

static uint64_t ask_for_clone_busily(uint64_t session, struct frame *frame)
{
    struct test_thread other;
    struct message message;
    map_apart();
    busy.stop = 0;
    test_thread_run(&other, count_in_pages, 0);
    message_begin(&message, 0);
    CHECK_STATUS(ipc_call(session, &message), OK);
    if (message.words[0] == 0) {
        busy.stop = 1;
        test_thread_join(&other);
        return 100;
    }
    CHECK(*(volatile uint64_t *)busy.place >=
          *(volatile uint64_t *)(busy.place + 2 * (APART - 1) * PAGE));
    for (uint64_t i = 1; i < APART - 1; i++)
        CHECK_EQUAL(*(volatile uint64_t *)(busy.place + 2 * i * PAGE), 0);
    return 101;
}

struct busy_parent {
    struct test_child child;
    handle_t endpoint, reply;
};

static void start_busy_parent(struct busy_parent *parent)
{
    struct message message;
    *parent = (struct busy_parent){.child = {.function = ask_for_clone_busily}};
    parent->endpoint = SUCCEED(native_endpoint_create(test_world.account));
    handle_t session = SUCCEED(native_session_create(parent->endpoint, 3));
    test_child_create(&parent->child);
    parent->child.argument = test_child_give(&parent->child, session, RIGHT_SAME);
    CLOSE(session);
    test_child_start(&parent->child);
    CHECK_EQUAL(ipc_receive(parent->endpoint, &message), RECEIVED_CALL);
    parent->reply = SUCCEED(native_reply_take());
}

static void end_busy_parent(struct busy_parent *parent)
{
    struct process_information information;
    answer(parent->reply, 0);
    test_child_join(&parent->child, &information);
    CHECK_EQUAL(information.code, 100);
    CLOSE(parent->endpoint);
}

static void test_clone_in_steps(void)
{
    struct process_information information;
    struct process_clone_result clone;
    struct busy_parent parent;
    start_busy_parent(&parent);
    SUCCEED(native_process_clone(parent.child.process, parent.reply, test_world.account, CLONED,
                                 &clone));
    answer(clone.reply, 1);
    test_wait(clone.process, SIGNAL_ENDED);
    SUCCEED(native_process_inspect(clone.process, &information));
    CHECK_EQUAL(information.code, 101);
    CLOSE(clone.process);
    CLOSE(clone.thread);
    end_busy_parent(&parent);
}

struct maker {
    const struct busy_parent *parent;
    struct process_clone_result clone;
    volatile uint32_t begun;
};

static uint64_t make_clone(uint64_t argument, struct frame *frame)
{
    struct maker *maker = (struct maker *)argument;
    maker->begun = 1;
    SUCCEED(native_process_clone(maker->parent->child.process, maker->parent->reply,
                                 test_world.account, CLONED, &maker->clone));
    return 0;
}

/* Who makes a clone ends in the middle, or just before or after: nothing is left of it. */
static void test_clone_maker_ends(void)
{
    struct busy_parent parent;
    start_busy_parent(&parent);
    for (uint64_t after = 0; after < 20; after++) {
        struct maker maker = {.parent = &parent};
        struct test_thread thread;
        static const uint32_t word;
        test_thread_run(&thread, make_clone, (uint64_t)&maker);
        while (maker.begun == 0)
            SUCCEED(native_thread_yield());
        CHECK_STATUS(native_address_wait((uint64_t)&word, 0, 1, 0, test_now() + after * 20000),
                     TIMED_OUT);
        SUCCEED(native_thread_kill(thread.handle));
        test_thread_join(&thread);
        if (maker.clone.process == HANDLE_NONE)
            continue;
        SUCCEED(native_process_end(maker.clone.process, 0));
        CLOSE(maker.clone.process);
        CLOSE(maker.clone.thread);
        CLOSE(maker.clone.reply);
    }
    end_busy_parent(&parent);
}

/* Without the memory for it, the parent goes on waiting as if nothing had been asked. */
static void test_clone_refused(void)
{
    struct process_information information;
    struct process_clone_result clone;
    struct test_child parent = {.function = ask_for_clone};
    struct account_limits limits = {0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    struct message message;
    handle_t account = SUCCEED(native_account_create(test_world.account, &limits));
    handle_t endpoint = SUCCEED(native_endpoint_create(test_world.account));
    handle_t session = SUCCEED(native_session_create(endpoint, 3));
    test_child_create(&parent);
    parent.argument = test_child_give(&parent, session, RIGHT_SAME);
    test_child_start(&parent);
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CALL);
    handle_t reply = SUCCEED(native_reply_take());
    for (limits.pages = 0; limits.pages < 40; limits.pages++) {
        SUCCEED(native_account_set_limits(account, &limits));
        int64_t result = native_process_clone(parent.process, reply, account, CLONED, &clone);
        if (result == 0)
            break;
        CHECK_STATUS(result, NO_MEMORY);
        test_await_unused(account);
    }
    CHECK(limits.pages > 0 && limits.pages < 40);
    SUCCEED(native_process_end(clone.process, 0));
    CLOSE(clone.process);
    CLOSE(clone.thread);
    CLOSE(clone.reply);
    answer(reply, 0);
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CALL);
    answer(SUCCEED(native_reply_take()), 0);
    test_child_join(&parent, &information);
    CHECK_EQUAL(information.code, 100);
    CLOSE(session);
    CLOSE(endpoint);
    CLOSE(account);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"clone", test_clone},
        {"clone in steps", test_clone_in_steps},
        {"clone whose maker ends", test_clone_maker_ends},
        {"a clone refused", test_clone_refused},
    };
    test_begin();
    TEST_RUN(cases);
}
