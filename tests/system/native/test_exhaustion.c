/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Each call that has the kernel keep something is repeated until the account may have no
 * more of it: it is refused with the documented error, changes nothing by that, another
 * account has what it had, and all comes back when what was made is given up.
 */
#include <base/ipc.h>
#include <base/service.h>
#include <base/text.h>

#include "harness.h"

#define MADE_MAX 8192
#define SPARE_PAGES 12
#define SPARE_OTHERS 40
#define BIG_PAGES 1024

static struct stream_handles bytes, messages;
static handle_t endpoint, port, event, memory, paged, process, other_account;
static uint64_t big;              /* address of a mapping of BIG_PAGES */
static int64_t made[MADE_MAX];    /* what the calls gave */
static char page[USER_PAGE_SIZE]; /* of zeroes */

static const struct account_limits unlimited = ACCOUNT_UNLIMITED;

/* One call, for the n-th time, and what undoes it. */
struct operation {
    const char *name;
    int64_t (*run)(uint64_t n);
    void (*undo)(uint64_t n);
};

static void close_made(uint64_t n)
{
    CLOSE((handle_t)made[n]);
}

static int64_t copy_handle(uint64_t n)
{
    return native_handle_copy(event, RIGHT_SAME, 0);
}

static int64_t derive_handle(uint64_t n)
{
    return native_handle_derive(event, RIGHT_SAME);
}

static int64_t create_endpoint(uint64_t n)
{
    return native_endpoint_create(test_world.account);
}

static int64_t create_session(uint64_t n)
{
    return native_session_create(endpoint, n);
}

/* The session is kept until its server has been told that it is closed. */
static void close_session(uint64_t n)
{
    struct message message;
    close_made(n);
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CLOSED);
    CHECK_EQUAL(message.badge, n);
}

static int64_t create_event(uint64_t n)
{
    return native_event_create(test_world.account, 0, 0);
}

static int64_t create_port(uint64_t n)
{
    return native_port_create(test_world.account);
}

static int64_t create_memory(uint64_t n)
{
    return native_memory_create(test_world.account, USER_PAGE_SIZE, 0);
}

static int64_t create_account(uint64_t n)
{
    return native_account_create(test_world.account, &unlimited);
}

static int64_t create_budget(uint64_t n)
{
    return native_budget_create(test_world.account, 50000, 4000000000, UINT64_MAX);
}

static int64_t create_process(uint64_t n)
{
    return native_process_create(test_world.account, HANDLE_NONE, "one", 3, 0);
}

static int64_t create_thread(uint64_t n)
{
    const struct thread_start start = {
        .pc = USER_START, .sp = USER_START, .flags = THREAD_SUSPENDED};
    return native_thread_create(process, &start);
}

/* The read end is kept, the write end is closed: one handle each. */
static int64_t create_stream(uint64_t n)
{
    struct stream_handles ends;
    int64_t result = native_stream_create(test_world.account, STREAM_ATOMIC, 0, &ends);
    if (result < 0)
        return result;
    CLOSE(ends.write_end);
    return (int64_t)ends.read_end;
}

static int64_t give_handle(uint64_t n)
{
    return native_process_give(process, event, RIGHT_SAME, 0);
}

static void create_target(void)
{
    process = SUCCEED(native_process_create(test_world.account, HANDLE_NONE, "many", 4, 0));
    SUCCEED(native_map(process, HANDLE_NONE, 0, USER_START, MADE_MAX * USER_PAGE_SIZE,
                       MAP_READ | MAP_WRITE | MAP_FIXED_ADDRESS));
}

/* What it holds goes with it. */
static void replace_target(uint64_t n)
{
    if (n != 0)
        return;
    CLOSE(process);
    create_target();
}

/* A process ends with its last thread. */
static void end_thread(uint64_t n)
{
    SUCCEED(native_thread_kill((handle_t)made[n]));
    close_made(n);
    replace_target(n);
}

static int64_t observe(uint64_t n)
{
    return native_observe(port, event, SIGNAL_COUNT, n, 0);
}

static void unobserve(uint64_t n)
{
    SUCCEED(native_unobserve(port, n));
}

static int64_t write_bytes(uint64_t n)
{
    return native_stream_write(bytes.write_end, page, sizeof(page), 0);
}

static void read_bytes(uint64_t n)
{
    CHECK_EQUAL(native_stream_read(bytes.read_end, page, sizeof(page), 0), sizeof(page));
}

static int64_t write_handle(uint64_t n)
{
    ipc_frame()->handles[0] = (struct message_handle){event, RIGHT_SAME, 0};
    ipc_frame()->handle_count = 1;
    return native_stream_write(messages.write_end, "x", 1, STREAM_HANDLES);
}

static void read_handle(uint64_t n)
{
    CHECK_EQUAL(native_stream_read(messages.read_end, page, 1, 0), 1);
    page[0] = 0;
}

static int64_t write_memory(uint64_t n)
{
    return native_memory_write(memory, n * USER_PAGE_SIZE, "x", 1);
}

static void discard_memory(uint64_t n)
{
    SUCCEED(native_memory_discard(memory, n * USER_PAGE_SIZE, USER_PAGE_SIZE));
}

static int64_t supply_page(uint64_t n)
{
    return native_memory_supply(paged, n * USER_PAGE_SIZE, page, sizeof(page));
}

/* They go with the object: a clean page may be dropped. */
static void drop_page(uint64_t n)
{
    if (n != 0)
        return;
    SUCCEED(native_memory_resize(paged, 0));
    SUCCEED(native_memory_resize(paged, MADE_MAX * USER_PAGE_SIZE));
}

static int64_t map_alone(uint64_t n)
{
    return native_map(test_world.self, HANDLE_NONE, 0, 0, USER_PAGE_SIZE,
                      (n % 2 != 0 ? MAP_WRITE : 0u) | MAP_READ);
}

static void unmap_alone(uint64_t n)
{
    SUCCEED(native_unmap(test_world.self, (uint64_t)made[n], USER_PAGE_SIZE));
}

/* A mapping is cut in two by a hole. */
static int64_t cut_mapping(uint64_t n)
{
    return native_unmap(test_world.self, big + (2 * n + 1) * USER_PAGE_SIZE, USER_PAGE_SIZE);
}

/* In three by another protection. */
static int64_t protect_part(uint64_t n)
{
    return native_protect(test_world.self, big + (2 * n + 1) * USER_PAGE_SIZE, USER_PAGE_SIZE,
                          MAP_READ);
}

static void map_big(uint64_t n)
{
    if (n != 0)
        return;
    SUCCEED(native_unmap(test_world.self, big, BIG_PAGES * USER_PAGE_SIZE));
    big = SUCCEED(native_map(test_world.self, HANDLE_NONE, 0, big, BIG_PAGES * USER_PAGE_SIZE,
                             MAP_READ | MAP_WRITE | MAP_FIXED_ADDRESS));
}

/* A page is made in another process. */
static int64_t write_process(uint64_t n)
{
    return native_process_write(process, USER_START + n * USER_PAGE_SIZE, "x", 1);
}

static void discard_process(uint64_t n)
{
    SUCCEED(native_space_discard(process, USER_START + n * USER_PAGE_SIZE, USER_PAGE_SIZE));
}

static const struct operation of_pages[] = {
    {"endpoint_create", create_endpoint, close_made},
    {"session_create", create_session, close_session},
    {"event_create", create_event, close_made},
    {"port_create", create_port, close_made},
    {"stream_create", create_stream, close_made},
    {"memory_create", create_memory, close_made},
    {"account_create", create_account, close_made},
    {"budget_create", create_budget, close_made},
    {"process_create", create_process, close_made},
    {"thread_create", create_thread, end_thread},
    {"handle_copy", copy_handle, close_made},
    {"process_give", give_handle, replace_target},
    {"handle_derive", derive_handle, close_made},
    {"observe", observe, unobserve},
    {"stream_write", write_bytes, read_bytes},
    {"stream_write with handles", write_handle, read_handle},
    {"memory_write", write_memory, discard_memory},
    {"memory_supply", supply_page, drop_page},
    {"map", map_alone, unmap_alone},
    {"unmap", cut_mapping, map_big},
    {"protect", protect_part, map_big},
    {"process_write", write_process, discard_process},
};

static const struct operation of_handles[] = {
    {"endpoint_create", create_endpoint, close_made},
    {"session_create", create_session, close_session},
    {"event_create", create_event, close_made},
    {"port_create", create_port, close_made},
    {"memory_create", create_memory, close_made},
    {"account_create", create_account, close_made},
    {"budget_create", create_budget, close_made},
    {"process_create", create_process, close_made},
    {"thread_create", create_thread, end_thread},
    {"handle_copy", copy_handle, close_made},
    {"process_give", give_handle, replace_target},
    {"handle_derive", derive_handle, close_made},
    {"stream_create", create_stream, close_made},
    {"stream_write with handles", write_handle, read_handle},
};

static void set_up(void)
{
    const uint32_t writable = MAP_READ | MAP_WRITE;
    handle_t account = test_world.account;
    SUCCEED(native_stream_create(account, MADE_MAX * USER_PAGE_SIZE / 8, 0, &bytes));
    SUCCEED(native_stream_create(account, USER_PAGE_SIZE * 8, STREAM_MESSAGES, &messages));
    endpoint = SUCCEED(native_endpoint_create(account));
    port = SUCCEED(native_port_create(account));
    event = SUCCEED(native_event_create(account, 0, 0));
    memory = SUCCEED(native_memory_create(account, MADE_MAX * USER_PAGE_SIZE, 0));
    paged = SUCCEED(native_memory_create(account, MADE_MAX * USER_PAGE_SIZE, MEMORY_PAGER_BACKED));
    create_target();
    big = SUCCEED(
        native_map(test_world.self, HANDLE_NONE, 0, 0, BIG_PAGES * USER_PAGE_SIZE, writable));
    other_account = SUCCEED(native_account_create(account, &unlimited));
}

static void tear_down(void)
{
    const handle_t handles[] = {bytes.read_end,
                                bytes.write_end,
                                messages.read_end,
                                messages.write_end,
                                endpoint,
                                port,
                                event,
                                memory,
                                paged,
                                process,
                                other_account};
    SUCCEED(native_unmap(test_world.self, big, BIG_PAGES * USER_PAGE_SIZE));
    for (unsigned i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
        CLOSE(handles[i]);
}

static void lift_limits(void)
{
    SUCCEED(native_account_set_limits(test_world.account, &unlimited));
}

/*
 * Repeat it until it is refused twice in a row (a mapping that is to be cut in three may be cut
 * in two at first); how often it was not. The last refusal leaves no handle.
 */
static uint64_t exhaust(const struct operation *operation, enum status expected)
{
    struct account_information before, after;
    int64_t result;
    uint64_t count = 0;
    do {
        while (count < MADE_MAX && (made[count] = operation->run(count)) >= 0)
            count++;
        SUCCEED(native_account_inspect(test_world.account, &before));
        result = count == MADE_MAX ? 0 : operation->run(count);
        SUCCEED(native_account_inspect(test_world.account, &after));
    } while (result >= 0 && count < MADE_MAX && (made[count++] = result) >= 0);
    lift_limits();
    if (status_of_result(result) != expected)
        service_fail("%s: after %lu times %s, not %s", operation->name, count,
                     test_status_name(status_of_result(result)), test_status_name(expected));
    CHECK_EQUAL(after.used.handles, before.used.handles);
    return count;
}

/* With little more than is used; all that was made is there once more at the end. */
static void check(const struct operation *operation, const struct account_limits *spare,
                  enum status expected)
{
    struct account_limits before, after, limits;
    for (unsigned round = 0; round < 4; round++) { /* the first ones may leave longer tables */
        test_settled_use(test_world.account, &before);
        limits = unlimited;
        limits.pages = before.pages + spare->pages;
        limits.handles = before.handles + spare->handles;
        SUCCEED(native_account_set_limits(test_world.account, &limits));
        uint64_t count = exhaust(operation, expected);
        CHECK(count > 0);
        while (count-- > 0)
            operation->undo(count);
    }
    if (!test_use_becomes(test_world.account, &before, &after))
        service_fail("%s leaves behind: pages %lu -> %lu, handles %lu -> %lu", operation->name,
                     before.pages, after.pages, before.handles, after.handles);
}

static void test_pages(void)
{
    const struct account_limits spare = {.pages = SPARE_PAGES, .handles = MADE_MAX};
    set_up();
    for (unsigned i = 0; i < sizeof(of_pages) / sizeof(of_pages[0]); i++)
        check(&of_pages[i], &spare, STATUS_NO_MEMORY);
    tear_down();
}

static void test_handles(void)
{
    const struct account_limits spare = {.pages = 4 * MADE_MAX, .handles = SPARE_OTHERS};
    set_up();
    for (unsigned i = 0; i < sizeof(of_handles) / sizeof(of_handles[0]); i++)
        check(&of_handles[i], &spare, STATUS_LIMIT);
    tear_down();
}

/* An account that is exhausted refuses its own; a sibling of it does not notice. */
static void test_siblings(void)
{
    const struct account_limits none = {0};
    handle_t left = SUCCEED(native_account_create(test_world.account, &none));
    handle_t right = SUCCEED(native_account_create(test_world.account, &unlimited));
    CHECK_STATUS(native_event_create(left, 0, 0), NO_MEMORY);
    CHECK_STATUS(native_endpoint_create(left), NO_MEMORY);
    CHECK_STATUS(native_process_create(left, HANDLE_NONE, "x", 1, 0), LIMIT);
    CLOSE(SUCCEED(native_event_create(right, 0, 0)));
    CLOSE(SUCCEED(native_endpoint_create(right)));
    CLOSE(SUCCEED(native_process_create(right, HANDLE_NONE, "x", 1, 0)));
    CLOSE(left);
    CLOSE(right);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"pages, call by call", test_pages},
        {"handles, call by call", test_handles},
        {"siblings", test_siblings},
    };
    test_begin();
    TEST_RUN(cases);
}
