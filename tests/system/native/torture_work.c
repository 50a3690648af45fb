/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the processes of a round do. Handles lie in slots that all threads take from and put into,
 * so whatever one does to an object, others are about to use it: most errors are as good as
 * success. What is a thread's own must be as it left it: its pages, its count in a page that all
 * write to, the answers it gets.
 *
 * Workers are never killed within their process and so may hold handles; each has a helper, which
 * is killed at any moment and holds none. In a clone only the worker that asked for it goes on.
 */
#include "torture.h"

#include <base/ipc.h>
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define SLOTS 24
#define CLONE_PART 8 /* of the operations of a worker */
#define SHORT_NS UINT64_C(300000)
#define ECHO_STOP 1

static struct worker workers[TORTURE_WORKERS];
static struct test_thread threads[TORTURE_WORKERS], echo;
static _Atomic handle_t slots[SLOTS];
static volatile uint32_t word, other_word; /* that are waited at and woken */
static handle_t echo_endpoint, echo_session, keeper;

static uint64_t soon(struct worker *self)
{
    return test_now() + below(self, SHORT_NS);
}

/* Slots. */

handle_t torture_peek(struct worker *self)
{
    return atomic_load(&slots[below(self, SLOTS)]);
}

/* Nobody else finds it any more. */
static handle_t take(struct worker *self)
{
    return atomic_exchange(&slots[below(self, SLOTS)], HANDLE_NONE);
}

static void drop(handle_t handle)
{
    if (handle != HANDLE_NONE)
        (void)native_handle_close(handle);
}

/* The result of a call that makes a handle. */
static void put(struct worker *self, int64_t result)
{
    if (result > 0)
        drop(atomic_exchange(&slots[below(self, SLOTS)], (handle_t)result));
}

/* Handles. */

static void do_create(struct worker *self)
{
    struct stream_handles ends;
    handle_t account = test_world.account;
    int64_t endpoint;
    switch (below(self, 7)) {
    case 0:
        put(self, native_event_create(account, 0, 0));
        break;
    case 1:
        put(self, native_event_create(account, EVENT_COUNTER, below(self, 3)));
        break;
    case 2:
        put(self, native_memory_create(account, (1 + below(self, 16)) * USER_PAGE_SIZE, 0));
        break;
    case 3:
        put(self, native_port_create(account));
        break;
    case 4:
        if (native_stream_create(account, 8192, (uint32_t)below(self, 2), &ends) == 0) {
            put(self, (int64_t)ends.read_end);
            put(self, (int64_t)ends.write_end);
        }
        break;
    default:
        endpoint = native_endpoint_create(account);
        if (endpoint > 0)
            put(self, native_session_create((handle_t)endpoint, below(self, 9)));
        put(self, endpoint);
    }
}

static void do_derive(struct worker *self)
{
    put(self, native_handle_derive(torture_peek(self), RIGHT_SAME));
}

static void do_copy(struct worker *self)
{
    put(self, native_handle_copy(torture_peek(self), RIGHT_SAME, 0));
}

static void do_close(struct worker *self)
{
    drop(take(self));
}

static void do_revoke(struct worker *self)
{
    (void)native_handle_revoke(torture_peek(self));
}

/* Waits. */

static void do_signal(struct worker *self)
{
    uint64_t count;
    (void)native_event_signal(torture_peek(self), (uint32_t)below(self, 2) * SIGNAL_USER,
                              SIGNAL_USER);
    (void)native_event_add(torture_peek(self), 1);
    (void)native_event_take(torture_peek(self), TAKE_ONE, &count);
    (void)native_event_set_timer(torture_peek(self), soon(self), below(self, 2) * SHORT_NS);
}

static void do_wait(struct worker *self)
{
    struct wait_item items[3];
    unsigned count = 1 + (unsigned)below(self, 3);
    for (unsigned i = 0; i < count; i++)
        items[i] =
            (struct wait_item){.handle = torture_peek(self), .mask = UINT32_MAX & ~SIGNAL_WRITABLE};
    (void)native_wait_many(items, count, soon(self));
}

static void do_observe(struct worker *self)
{
    struct observation observations[4];
    handle_t port = torture_peek(self);
    uint64_t key = below(self, 4);
    (void)native_observe(port, torture_peek(self), SIGNAL_USER | SIGNAL_READABLE, key,
                         (uint32_t)below(self, 4));
    (void)native_port_wait(port, observations, 4, soon(self));
    if (below(self, 2) == 0)
        (void)native_unobserve(port, key);
}

static void do_address(struct worker *self)
{
    const struct requeue_request request = {
        .from = (uint64_t)&word, .to = (uint64_t)&other_word, .wake = 1, .requeue = 1};
    switch (below(self, 3)) {
    case 0:
        (void)native_address_wake((uint64_t)&word, 2, 1, 0);
        break;
    case 1:
        (void)native_address_requeue(&request);
        (void)native_address_wake((uint64_t)&other_word, 1, 1, 0);
        break;
    default:
        (void)native_address_wait((uint64_t)&word, 0, 1, 0, soon(self));
    }
}

static void do_stream(struct worker *self)
{
    char bytes[200] = {0};
    uint32_t flags = below(self, 4) == 0 ? STREAM_HANDLES : 0;
    self->frame->handle_count = 1;
    self->frame->handles[0] = (struct message_handle){torture_peek(self), RIGHT_SAME, 0};
    (void)native_stream_write(torture_peek(self), bytes, below(self, sizeof(bytes)), flags);
    self->frame->handle_count = 0;
    int64_t got =
        native_stream_read(torture_peek(self), bytes, below(self, sizeof(bytes)), STREAM_HANDLES);
    for (unsigned i = 0; got >= 0 && i < self->frame->handle_count && i < MESSAGE_HANDLES; i++)
        put(self, (int64_t)self->frame->handles[i].handle);
}

/* Messages. */

static void keep_handles(struct worker *self, const struct message *message)
{
    for (unsigned i = 0; i < message_handle_count(message->information); i++)
        put(self, (int64_t)self->frame->handles[i].handle);
}

/* With a handle sometimes; what is moved is the receiver's, or nobody's. */
static handle_t enclose(struct worker *self, struct message *message)
{
    handle_t handle = below(self, 3) == 0 ? take(self) : HANDLE_NONE;
    if (handle != HANDLE_NONE)
        message_add_handle(message, self->frame, handle, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    return handle;
}

static void do_call(struct worker *self)
{
    struct message message;
    uint64_t question = draw_next(&self->random);
    message_begin(&message, 2);
    handle_t moved = enclose(self, &message);
    message.words[0] = question;
    self->frame->deadline = soon(self);
    if (ipc_call_until(torture_peek(self), &message) == 0) {
        CHECK_EQUAL(message.words[0], ~question);
        keep_handles(self, &message);
    }
    drop(moved);
}

static void answer_kept(struct worker *self)
{
    struct message message;
    message_begin(&message, 0);
    handle_t moved = enclose(self, &message);
    message.words[0] = ~self->question;
    if (below(self, 5) != 0)
        (void)ipc_reply(self->reply, &message);
    drop(self->reply);
    drop(moved);
    self->reply = HANDLE_NONE;
}

static void do_receive(struct worker *self)
{
    struct message message;
    if (self->reply != HANDLE_NONE)
        answer_kept(self);
    self->frame->deadline = soon(self);
    int64_t received = ipc_receive_until(torture_peek(self), &message);
    if (received == RECEIVED_CALL || received == RECEIVED_SEND)
        keep_handles(self, &message);
    int64_t reply = received == RECEIVED_CALL ? native_reply_take() : -1;
    if (reply > 0)
        self->reply = (handle_t)reply;
    self->question = message.words[0];
}

/* By the short way, from one thread that never waits for anything else. */
static void do_echo(struct worker *self)
{
    struct message message;
    uint64_t question = draw_next(&self->random);
    message_begin(&message, 0);
    message.words[0] = question;
    if (ipc_call(echo_session, &message) == 0)
        CHECK_EQUAL(message.words[0], ~question);
}

static uint64_t echo_main(uint64_t endpoint, struct frame *frame)
{
    struct message message;
    int64_t received = ipc_receive(endpoint, &message);
    while (message_label(message.information) != ECHO_STOP || received != RECEIVED_CALL) {
        frame->interrupted = 0;
        message.words[0] = ~message.words[0];
        message.information = 0;
        received = received == RECEIVED_CALL ? ipc_reply_and_wait(endpoint, &message)
                                             : ipc_receive(endpoint, &message);
    }
    return 0;
}

/* Threads and processes. */

static void do_account(struct worker *self)
{
    const struct account_limits limits = {4, 1 + below(self, 6), 1, 1, UINT64_MAX, UINT64_MAX};
    handle_t made[8];
    unsigned count = 0;
    int64_t account = native_account_create(test_world.account, &limits), event = 1;
    if (account < 0)
        return;
    while (count < 8 && (event = native_event_create((handle_t)account, 0, 0)) > 0)
        made[count++] = (handle_t)event;
    put(self, account);
    while (count > 0)
        put(self, (int64_t)made[--count]);
}

/* It does what needs no handle of its own, until it is killed. */
static uint64_t helper_main(uint64_t index, struct frame *frame)
{
    static void (*const works[])(struct worker *) = {do_signal, do_wait, do_observe, do_address,
                                                     do_echo};
    struct worker self = {
        .random = torture.seed << 8 | index << 1 | 1, .index = index, .frame = frame};
    for (;;) {
        frame->interrupted = 0;
        works[below(&self, sizeof(works) / sizeof(works[0]))](&self);
    }
}

static void end_helper(struct worker *self)
{
    if (!self->is_helped)
        return;
    SUCCEED(native_thread_kill(self->helper.handle));
    test_thread_join(&self->helper);
    self->is_helped = false;
}

/* Until it is closed again; where all has been given out it has none. */
static void reserve(handle_t helper)
{
    int64_t budget = native_budget_create(test_world.account, 200000, 2000000, UINT64_MAX);
    if (status_of_result(budget) == STATUS_LIMIT)
        return;
    (void)native_thread_set_budget(helper, SUCCEED(budget));
    test_pause(100000);
    CLOSE((handle_t)budget);
}

static void do_helper(struct worker *self)
{
    struct frame_registers registers;
    handle_t helper = self->helper.handle;
    if (!self->is_helped) {
        self->is_helped = true;
        test_thread_run(&self->helper, helper_main, self->index);
        return;
    }
    switch (below(self, 6)) {
    case 0:
        end_helper(self);
        break;
    case 1:
        SUCCEED(native_thread_suspend(helper));
        (void)native_thread_read_registers(helper, &registers);
        SUCCEED(native_thread_resume(helper));
        break;
    case 2:
        SUCCEED(native_thread_interrupt(helper));
        break;
    case 3:
        SUCCEED(native_thread_set_priority(helper, (uint32_t)below(self, PRIORITY_NORMAL + 1)));
        break;
    case 4:
        reserve(helper);
        break;
    default:
        (void)native_thread_yield();
    }
}

static void work(struct worker *self, uint64_t operations);

static void do_clone(struct worker *self)
{
    struct message message;
    message_begin(&message, TORTURE_CLONE);
    if (ipc_call(keeper, &message) != 0 || message.words[0] == 0)
        return;
    test_world.self = (handle_t)message.words[0];
    self->is_clone = true;
    self->is_helped = false;
    torture_check(self);
    if (test_world.self != CLONE_WITHOUT_SELF)
        work(self, torture.operations / CLONE_PART);
    for (;;)
        (void)native_thread_end(0, 0);
}

static const struct {
    void (*run)(struct worker *self);
    unsigned weight;
} operations[] = {
    {do_create, 12},      {do_derive, 6},       {do_copy, 4},         {do_close, 4},
    {do_revoke, 4},       {do_signal, 4},       {do_wait, 4},         {do_observe, 4},
    {do_address, 4},      {do_stream, 6},       {do_call, 8},         {do_receive, 8},
    {do_echo, 8},         {torture_write, 10},  {torture_check, 2},   {torture_count, 8},
    {torture_discard, 3}, {torture_replace, 3}, {torture_protect, 4}, {torture_move, 2},
    {torture_twice, 4},   {torture_map, 6},     {do_account, 2},      {do_helper, 6},
    {do_clone, 1},
};

static void note(const struct worker *self)
{
    struct torture_tally *tally = torture.tally;
    uint64_t before = tally->order;
    while (!atomic_compare_exchange_weak(&tally->order, &before,
                                         before * UINT64_C(0x5851f42d4c957f2d) + self->random))
        ;
    atomic_fetch_add(&tally->operations, 1);
}

static void work(struct worker *self, uint64_t count)
{
    unsigned all = 0;
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        all += operations[i].weight;
    for (uint64_t made = 0; made < count; made++) {
        uint64_t drawn = below(self, all);
        size_t chosen = 0;
        while (drawn >= operations[chosen].weight)
            drawn -= operations[chosen++].weight;
        self->frame->interrupted = 0;
        operations[chosen].run(self);
        note(self);
    }
}

static uint64_t worker_main(uint64_t index, struct frame *frame)
{
    struct worker *self = &workers[index];
    *self = (struct worker){
        .random = (torture.seed * TORTURE_WORKERS + index + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1,
        .index = index,
        .frame = frame};
    torture_map_area(self);
    work(self, torture.operations);
    torture_check(self);
    end_helper(self);
    drop(self->reply);
    return 0;
}

static uint64_t count_handles(void)
{
    struct process_information information;
    SUCCEED(native_process_inspect(test_world.self, &information));
    return information.handles;
}

static void stop_echo(void)
{
    struct message message;
    message_begin(&message, ECHO_STOP);
    (void)ipc_call(echo_session, &message);
    test_thread_join(&echo);
    CLOSE(echo_session);
    CLOSE(echo_endpoint);
}

uint64_t torture_round(uint64_t session, struct frame *frame)
{
    uint64_t handles = count_handles();
    (void)frame;
    keeper = session;
    echo_endpoint = SUCCEED(native_endpoint_create(test_world.account));
    echo_session = SUCCEED(native_session_create(echo_endpoint, 1));
    test_thread_run(&echo, echo_main, echo_endpoint);
    for (uint64_t i = 0; i < TORTURE_WORKERS; i++)
        test_thread_run(&threads[i], worker_main, i);
    struct wait_item item = {.mask = SIGNAL_ENDED};
    for (uint64_t i = 0; i < TORTURE_WORKERS; i++) {
        item.handle = threads[i].handle;
        CHECK_EQUAL(native_wait_many(&item, 1, DEADLINE_NEVER), 1);
        test_thread_join(&threads[i]);
    }
    stop_echo();
    for (unsigned i = 0; i < SLOTS; i++)
        drop(atomic_exchange(&slots[i], HANDLE_NONE));
    CHECK_EQUAL(count_handles(), handles);
    (void)native_process_end(test_world.self, 0);
    return 0;
}
