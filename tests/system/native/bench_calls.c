/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What native calls cost, in steps of the processor's counter: instructions,
 * where the emulator counts them. Each figure is the least of several batches,
 * the loop around them subtracted.
 */
#include <base/ipc.h>
#include <base/service.h>
#include <base/text.h>

#include "counter.h"
#include "harness.h"
#include "stubs.h"
#include "threads.h"

#define BATCHES 8
#define LINUX_GETPPID 110
#define STACK_SIZE 4096
#define STREAM_BYTES 64
#define LINE 80

struct operation {
    const char *name;
    unsigned rounds; /* in a batch */
    void (*run)(void);
};

static handle_t session, event;
static struct stream_handles ends;
static char stack[STACK_SIZE] __attribute__((aligned(16)));
static char bytes[STREAM_BYTES];

static void run_nothing(void)
{
    __asm__ volatile("");
}

/* No call was received: that is found out at once. */
static void run_null(void)
{
    (void)native_reply_take();
}

static void run_call(void)
{
    struct message message = {0};
    (void)native_short_message_call(CALL_IPC_CALL, session, &message);
}

static void run_call_4(void)
{
    struct message message = {.words = {1, 2, 3, 4}};
    (void)native_short_message_call(CALL_IPC_CALL, session, &message);
}

static void run_call_8(void)
{
    struct message message = {.information = MESSAGE_LONG, .words = {1, 2, 3, 4, 5, 6, 7, 8}};
    (void)native_message_call(CALL_IPC_CALL, session, &message);
}

static void run_bounced(void)
{
    (void)stub_call(LINUX_GETPPID);
}

static void run_signal(void)
{
    (void)native_event_signal(event, 0, 0x100);
}

static void run_stream(void)
{
    (void)native_stream_write(ends.write_end, bytes, sizeof(bytes), 0);
    (void)native_stream_read(ends.read_end, bytes, sizeof(bytes), 0);
}

static void run_wake(void)
{
    static uint32_t word;
    (void)native_address_wake((uint64_t)&word, 1, UINT32_MAX, 0);
}

static uint64_t map_page(void)
{
    return (uint64_t)native_map(test_world.self, HANDLE_NONE, 0, 0, USER_PAGE_SIZE,
                                MAP_READ | MAP_WRITE);
}

static void run_map(void)
{
    (void)native_unmap(test_world.self, map_page(), USER_PAGE_SIZE);
}

static void run_map_touch(void)
{
    uint64_t page = map_page();
    *(volatile uint64_t *)page = 1;
    (void)native_unmap(test_world.self, page, USER_PAGE_SIZE);
}

static void run_copy_handle(void)
{
    (void)native_handle_close((handle_t)native_handle_copy(event, RIGHT_SAME, 0));
}

static uint64_t end_at_once(uint64_t argument, struct frame *frame)
{
    return 0;
}

static void run_thread(void)
{
    static const struct test_thread work = {.function = end_at_once};
    const struct thread_start start = {
        .pc = (uint64_t)stub_thread_entry,
        .sp = (uint64_t)stack + STACK_SIZE,
        .argument = (uint64_t)&work,
        .priority = PRIORITY_NORMAL,
    };
    struct wait_item item = {.mask = SIGNAL_ENDED};
    item.handle = (handle_t)native_thread_create(test_world.self, &start);
    (void)native_wait_many(&item, 1, DEADLINE_NEVER);
    (void)native_handle_close(item.handle);
}

static uint64_t time_batch(const struct operation *operation)
{
    uint64_t start = counter_read();
    for (unsigned i = 0; i < operation->rounds; i++)
        operation->run();
    return counter_read() - start;
}

static uint64_t least_batch(const struct operation *operation)
{
    uint64_t least = UINT64_MAX;
    for (unsigned batch = 0; batch < BATCHES; batch++) {
        uint64_t taken = time_batch(operation);
        least = taken < least ? taken : least;
    }
    return least;
}

static void measure(const struct operation *operation)
{
    const struct operation nothing = {"", operation->rounds, run_nothing};
    char line[LINE];
    uint64_t taken = least_batch(operation) - least_batch(&nothing);
    size_t length = text_format(line, sizeof(line), "bench: %s %lu", operation->name,
                                taken / operation->rounds);
    SUCCEED(native_log_write(line, length));
}

/* Another process answers what it is asked, with as many words. */
static uint64_t serve(uint64_t endpoint, struct frame *frame)
{
    struct message message;
    int64_t received = ipc_receive(endpoint, &message);
    while (received == RECEIVED_CALL) {
        bool is_long = (message.information & MESSAGE_LONG) != 0;
        received = is_long ? native_message_call(CALL_IPC_REPLY_AND_WAIT, endpoint, &message)
                           : native_short_message_call(CALL_IPC_REPLY_AND_WAIT, endpoint, &message);
    }
    return 0;
}

static void start_server(void)
{
    static struct test_child server = {.function = serve};
    handle_t endpoint = SUCCEED(native_endpoint_create(test_world.account));
    session = SUCCEED(native_session_create(endpoint, 1));
    test_child_create(&server);
    server.argument = test_child_give(&server, endpoint, RIGHT_SAME);
    test_child_start(&server);
    test_thread_await(server.thread, THREAD_RECEIVING);
}

static void register_library(void)
{
    const struct personality library = {
        .reflect = (uint64_t)stub_reflect,
        .text_low = (uint64_t)stub_text_low,
        .text_high = (uint64_t)stub_text_high,
    };
    SUCCEED(native_process_set_personality(test_world.self, &library));
}

void service_main(const struct start_block *start)
{
    static const struct operation operations[] = {
        {"null_call", 1000, run_null},
        {"call_reply", 1000, run_call},
        {"call_reply_4_words", 1000, run_call_4},
        {"call_reply_8_words", 1000, run_call_8},
        {"bounced_call", 1000, run_bounced},
        {"handle_copy_close", 1000, run_copy_handle},
        {"event_signal", 1000, run_signal},
        {"stream_write_read", 1000, run_stream},
        {"address_wake", 1000, run_wake},
        {"map_unmap", 200, run_map},
        {"map_touch_unmap", 200, run_map_touch},
        {"thread_create_end", 100, run_thread},
    };
    test_begin();
    event = SUCCEED(native_event_create(test_world.account, 0, 0));
    SUCCEED(native_stream_create(test_world.account, STREAM_ATOMIC, 0, &ends));
    register_library();
    start_server();
    for (unsigned i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        measure(&operations[i]);
}
