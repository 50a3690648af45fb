/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Allowances that are used up for good, processor time and messages: who has none left
 * stops or is refused, at the account itself and below it, and goes on where it was when
 * one is given more. Whoever serves it is not stopped; what a client lends to be
 * charged is lent by a handle. The other allowances are in test_accounts.c.
 */
#include <base/ipc.h>
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define MS UINT64_C(1000000)
#define ALLOWANCE (30 * MS)
#define TURN (10 * MS)
#define WORK (20 * MS)
#define STILL 4 /* so often nothing has changed */
#define LIMIT_NS (60000 * MS)
#define MESSAGES 10
#define SOME 300

static const struct account_limits unlimited = ACCOUNT_UNLIMITED;
static handle_t endpoint, session; /* a child that inherits handles has the same */

static handle_t make_account(handle_t above, uint64_t cpu_ns, uint64_t messages)
{
    struct account_limits limits = unlimited;
    limits.cpu_ns = cpu_ns;
    limits.messages = messages;
    return SUCCEED(native_account_create(above, &limits));
}

static struct account_limits used_of(handle_t account)
{
    struct account_information information;
    SUCCEED(native_account_inspect(account, &information));
    return information.used;
}

static uint64_t time_of(handle_t account)
{
    return used_of(account).cpu_ns;
}

static void refill(handle_t account, uint64_t cpu_ns, uint64_t messages)
{
    const struct account_limits amounts = {.cpu_ns = cpu_ns, .messages = messages};
    SUCCEED(native_account_refill(account, &amounts));
}

static void start_child(struct test_child *child, test_function *function, handle_t account)
{
    *child = (struct test_child){
        .function = function, .account = account, .inherit = true, .priority = PRIORITY_NORMAL - 1};
    test_child_create(child);
    test_child_start(child);
}

static void end_child(struct test_child *child)
{
    struct process_information information;
    SUCCEED(native_process_end(child->process, 0));
    test_child_join(child, &information);
}

static void close_account(handle_t account)
{
    test_await_unused(account);
    CLOSE(account);
}

static uint64_t compute(uint64_t argument, struct frame *frame)
{
    for (;;)
        continue;
}

static uint64_t end_at_once(uint64_t argument, struct frame *frame)
{
    return 0;
}

/* Until an account that has had so much stands still; what it has had then. */
static uint64_t await_still(handle_t account, uint64_t at_least)
{
    uint64_t had = 0, end = test_now() + LIMIT_NS;
    for (unsigned still = 0; still < STILL || had < at_least;) {
        CHECK(test_now() < end);
        test_pause(2 * TURN);
        uint64_t now = time_of(account);
        still = now == had ? still + 1 : 0;
        had = now;
    }
    return had;
}

/* With several processors a busy host lets turns be longer than they are. */
static void check_overdraft(uint64_t had, uint64_t limit)
{
    struct machine_information machine;
    SUCCEED(native_machine_inspect(service_need_handle("machine"), &machine));
    if (machine.cpu_count == 1)
        CHECK(had < limit + 2 * TURN);
}

/* What it had too much it owes: less than that starts nothing. */
static void test_time(void)
{
    struct test_child child;
    handle_t account = make_account(test_world.account, ALLOWANCE, UINT64_MAX);
    start_child(&child, compute, account);
    uint64_t had = await_still(account, ALLOWANCE), limit = ALLOWANCE;
    check_overdraft(had, limit);
    refill(account, had - limit, 0);
    CHECK_EQUAL(await_still(account, 0), had);
    limit = had + ALLOWANCE;
    refill(account, ALLOWANCE, 0);
    had = await_still(account, limit);
    check_overdraft(had, limit);
    end_child(&child);
    close_account(account);
}

/* Nothing at first: then it begins. */
static void test_none(void)
{
    struct test_child child;
    handle_t account = make_account(test_world.account, 0, UINT64_MAX);
    start_child(&child, end_at_once, account);
    CHECK_EQUAL(await_still(account, 0), 0);
    CHECK_EQUAL(test_thread_state(child.thread), THREAD_RUNNABLE);
    SUCCEED(native_account_set_limits(account, &unlimited));
    test_child_finish(&child);
    close_account(account);
}

/* The upper one's time is used by both below it, and both stop; each may also stop by itself. */
static void test_time_above(void)
{
    struct test_child children[2];
    handle_t upper = make_account(test_world.account, 2 * ALLOWANCE, UINT64_MAX), below[2];
    for (unsigned i = 0; i < 2; i++) {
        below[i] = make_account(upper, i == 0 ? 1000 * ALLOWANCE : UINT64_MAX, UINT64_MAX);
        start_child(&children[i], compute, below[i]);
    }
    uint64_t had = await_still(upper, 2 * ALLOWANCE);
    check_overdraft(had, 2 * ALLOWANCE + TURN);
    CHECK(time_of(below[0]) != 0 && time_of(below[1]) != 0);
    CHECK_EQUAL(time_of(below[0]) + time_of(below[1]), time_of(upper));
    refill(below[0], ALLOWANCE, 0);
    CHECK_EQUAL(await_still(upper, 0), had);
    uint64_t right = time_of(below[1]);
    struct account_limits limits = unlimited;
    limits.cpu_ns = 0;
    SUCCEED(native_account_set_limits(below[0], &limits));
    refill(upper, had + ALLOWANCE, 0);
    await_still(upper, had + ALLOWANCE);
    CHECK_EQUAL(time_of(below[0]) + right, had);
    CHECK(time_of(below[1]) > right);
    for (unsigned i = 0; i < 2; i++)
        end_child(&children[i]);
    for (unsigned i = 0; i < 2; i++)
        close_account(below[i]); /* the second child has inherited handles to the first */
    close_account(upper);
}

/* Who waits for time is ended, stopped and moved like any other, and lets go of its account. */
static void test_waiting_for_time(void)
{
    struct test_child child;
    handle_t account = make_account(test_world.account, MS, UINT64_MAX);
    start_child(&child, compute, account);
    uint64_t had = await_still(account, MS);
    SUCCEED(native_thread_suspend(child.thread));
    refill(account, ALLOWANCE, 0);
    CHECK_EQUAL(await_still(account, 0), had);
    SUCCEED(native_thread_resume(child.thread));
    had = await_still(account, ALLOWANCE);
    SUCCEED(native_thread_set_priority(child.thread, PRIORITY_NORMAL - 2));
    SUCCEED(native_thread_set_cpus(child.thread, 1));
    CHECK_EQUAL(await_still(account, 0), had);
    refill(account, had, 0);
    await_still(account, had + ALLOWANCE);
    SUCCEED(native_thread_interrupt(child.thread));
    SUCCEED(native_thread_kill(child.thread));
    struct process_information information;
    test_child_join(&child, &information);
    close_account(account);
}

/* Servers. */

enum { OPERATION_PLAIN, OPERATION_WORK };

static void make_endpoint(void)
{
    endpoint = SUCCEED(native_endpoint_create(test_world.account));
    session = SUCCEED(native_session_create(endpoint, 0));
}

static void close_endpoint(void)
{
    CLOSE(session);
    CLOSE(endpoint);
}

static uint64_t own_time(void)
{
    struct process_information information;
    SUCCEED(native_process_inspect(test_world.self, &information));
    return information.user_ns + information.kernel_ns;
}

static void work(void)
{
    for (uint64_t end = own_time() + WORK; own_time() < end;)
        continue;
}

static void serve_one(struct message *message, uint64_t operation)
{
    CHECK_EQUAL(ipc_receive(endpoint, message), RECEIVED_CALL);
    CHECK_EQUAL(message_label(message->information), operation);
}

static handle_t take_reply(void)
{
    return SUCCEED(native_reply_take());
}

static uint64_t call_once(uint64_t operation, struct frame *frame)
{
    struct message message;
    message_begin(&message, operation);
    CHECK_STATUS(ipc_call(session, &message), OK);
    return 0;
}

static uint64_t ask_for_work(uint64_t argument, struct frame *frame)
{
    return call_once(OPERATION_WORK, frame);
}

static uint64_t ask_plainly(uint64_t argument, struct frame *frame)
{
    return call_once(OPERATION_PLAIN, frame);
}

/*
 * A client's time runs out while it is served: the server goes on at its own, and serves
 * others. The client does not come back before it has time again.
 */
static void test_server_goes_on(void)
{
    struct test_child poor, rich;
    struct message message;
    make_endpoint();
    handle_t account = make_account(test_world.account, WORK, UINT64_MAX);
    start_child(&poor, ask_for_work, account);
    serve_one(&message, OPERATION_WORK);
    work();
    work();
    uint64_t had = time_of(account), whole = time_of(test_world.account);
    CHECK(had >= WORK);
    work();
    CHECK(time_of(account) < had + WORK / 2);
    CHECK(time_of(test_world.account) - whole > WORK / 2);
    handle_t reply = take_reply();
    message_begin(&message, OPERATION_PLAIN);
    CHECK_STATUS(ipc_reply(reply, &message), OK);
    start_child(&rich, ask_plainly, HANDLE_NONE);
    serve_one(&message, OPERATION_PLAIN);
    reply = take_reply();
    CHECK_STATUS(ipc_reply(reply, &message), OK);
    test_child_finish(&rich);
    had = await_still(account, 0);
    CHECK((test_signals(poor.process) & SIGNAL_ENDED) == 0);
    refill(account, had + ALLOWANCE, 0);
    test_child_finish(&poor);
    close_account(account);
    close_endpoint();
}

static uint64_t ask_for_ever(uint64_t argument, struct frame *frame)
{
    for (;;)
        call_once(OPERATION_PLAIN, frame);
}

static uint64_t answer_for_ever(uint64_t argument, struct frame *frame)
{
    struct message message;
    int64_t received = ipc_receive(endpoint, &message);
    while (received == RECEIVED_CALL)
        received = ipc_reply_and_wait(endpoint, &message);
    return 0;
}

/* From hand to hand the CPU never goes back to one without time, whoever has it when a turn ends. */
static void test_no_way_around(void)
{
    struct test_child client, server;
    make_endpoint();
    handle_t account = make_account(test_world.account, ALLOWANCE, UINT64_MAX);
    handle_t home = make_account(test_world.account, UINT64_MAX, UINT64_MAX);
    start_child(&server, answer_for_ever, home);
    start_child(&client, ask_for_ever, account);
    uint64_t had = await_still(account, ALLOWANCE);
    check_overdraft(had, ALLOWANCE);
    await_still(home, 0);
    refill(account, had + ALLOWANCE, 0);
    await_still(account, had + ALLOWANCE);
    end_child(&client);
    end_child(&server);
    close_account(account);
    close_account(home);
    close_endpoint();
}

/* Messages. */

static uint64_t send_until_refused(uint64_t most)
{
    struct message message;
    for (uint64_t count = 0; count < most; count++) {
        message_begin(&message, OPERATION_PLAIN);
        int64_t result = count % 4 == 3 ? ipc_send(session, &message) : ipc_call(session, &message);
        if (result < 0) {
            CHECK_STATUS(result, LIMIT);
            return count;
        }
    }
    return most;
}

static uint64_t send_all(uint64_t argument, struct frame *frame)
{
    return send_until_refused(UINT64_MAX);
}

static uint64_t send_some(uint64_t argument, struct frame *frame)
{
    CHECK_EQUAL(send_until_refused(SOME), SOME);
    return SOME;
}

static uint64_t answer_all(uint64_t argument, struct frame *frame)
{
    struct message message;
    int64_t received = ipc_receive(endpoint, &message);
    while (received == RECEIVED_CALL || received == RECEIVED_SEND)
        received = ipc_reply_and_wait(endpoint, &message);
    CHECK_EQUAL(received, RECEIVED_CLOSED);
    return 0;
}

/* How many messages a process of the account could send. */
static uint64_t sent_by(handle_t account, test_function *function)
{
    struct process_information information;
    struct test_child child;
    start_child(&child, function, account);
    test_child_join(&child, &information);
    CHECK_EQUAL(information.reason, END_EXIT);
    return information.code;
}

static void with_server(void (*check)(void))
{
    struct test_thread server;
    make_endpoint();
    test_thread_run(&server, answer_all, 0);
    check();
    CLOSE(session);
    test_thread_join(&server);
    CLOSE(endpoint);
}

static void check_messages(void)
{
    handle_t account = make_account(test_world.account, UINT64_MAX, MESSAGES);
    CHECK_EQUAL(sent_by(account, send_all), MESSAGES);
    CHECK_EQUAL(used_of(account).messages, MESSAGES);
    CHECK_EQUAL(sent_by(account, send_all), 0);
    refill(account, 0, SOME);
    CHECK_EQUAL(sent_by(account, send_all), SOME);
    refill(account, 0, 100 * SOME);
    CHECK_EQUAL(sent_by(account, send_some), SOME);
    test_await_unused(account);
    CHECK_EQUAL(used_of(account).messages, MESSAGES + 2 * SOME); /* what was paid ahead came back */
    close_account(account);
}

static void test_messages(void)
{
    with_server(check_messages);
}

static void check_messages_above(void)
{
    handle_t upper = make_account(test_world.account, UINT64_MAX, MESSAGES);
    handle_t left = make_account(upper, UINT64_MAX, MESSAGES - 1);
    handle_t right = make_account(upper, UINT64_MAX, MESSAGES);
    CHECK_EQUAL(sent_by(left, send_all), MESSAGES - 1);
    CHECK_EQUAL(sent_by(right, send_all), 1);
    refill(left, 0, MESSAGES);
    CHECK_EQUAL(sent_by(left, send_all), 0);
    refill(upper, 0, 1);
    CHECK_EQUAL(sent_by(left, send_all), 1);
    CHECK_EQUAL(used_of(upper).messages, MESSAGES + 1);
    close_account(left);
    close_account(right);
    close_account(upper);
}

static void test_messages_above(void)
{
    with_server(check_messages_above);
}

/* Lending. */

static handle_t lent; /* what the client passes on */
static uint32_t lent_rights;

static uint64_t lend(uint64_t argument, struct frame *frame)
{
    struct message message;
    message_begin(&message, OPERATION_PLAIN);
    message_add_handle(&message, frame, lent, lent_rights, 0);
    CHECK_STATUS(ipc_call(session, &message), OK);
    return 0;
}

/* The handle to its account that a client's call brought. */
static handle_t take_lent(struct test_child *client, handle_t account, uint32_t rights)
{
    struct message message;
    lent = account;
    lent_rights = rights;
    start_child(client, lend, HANDLE_NONE);
    serve_one(&message, OPERATION_PLAIN);
    CHECK_EQUAL(message_handle_count(message.information), 1);
    handle_t taken = ipc_frame()->handles[0].handle;
    handle_t reply = take_reply();
    message_begin(&message, OPERATION_PLAIN);
    CHECK_STATUS(ipc_reply(reply, &message), OK);
    test_child_finish(client);
    return taken;
}

/* Memory and processes for a client are made from the account whose handle it passes, until it takes it back. */
static void test_lent_account(void)
{
    struct test_child client;
    make_endpoint();
    handle_t account = make_account(test_world.account, UINT64_MAX, UINT64_MAX);
    handle_t derived = SUCCEED(native_handle_derive(account, RIGHT_SAME));
    handle_t bare = take_lent(&client, derived, RIGHT_INSPECT);
    CHECK_STATUS(native_memory_create(bare, USER_PAGE_SIZE, 0), NO_RIGHT);
    CHECK_STATUS(native_process_create(bare, HANDLE_NONE, "x", 1, 0), NO_RIGHT);
    CHECK_STATUS(native_account_refill(bare, &unlimited), NO_RIGHT);
    handle_t taken = take_lent(&client, derived, RIGHT_CHARGE);
    handle_t memory = SUCCEED(native_memory_create(taken, USER_PAGE_SIZE, 0));
    handle_t process = SUCCEED(native_process_create(taken, HANDLE_NONE, "x", 1, 0));
    CHECK(used_of(account).pages != 0);
    CHECK_EQUAL(used_of(account).processes, 1);
    CHECK_STATUS(native_account_refill(taken, &unlimited), NO_RIGHT);
    SUCCEED(native_handle_revoke(account));
    CHECK_STATUS(native_memory_create(taken, USER_PAGE_SIZE, 0), REVOKED);
    const uint64_t value = 1;
    CHECK_EQUAL(native_memory_write(memory, 0, &value, sizeof(value)), sizeof(value));
    CLOSE(process);
    CLOSE(memory);
    CLOSE(taken);
    CLOSE(bare);
    CLOSE(derived);
    close_account(account);
    close_endpoint();
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"time", test_time},
        {"no time at all", test_none},
        {"time of the account above", test_time_above},
        {"ended while it waits for time", test_waiting_for_time},
        {"a server goes on", test_server_goes_on},
        {"no way around", test_no_way_around},
        {"messages", test_messages},
        {"messages of the account above", test_messages_above},
        {"an account that is lent", test_lent_account},
    };
    test_begin();
    TEST_RUN(cases);
}
