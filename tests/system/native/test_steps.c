/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * However long a call takes, others run meanwhile: a thread that wakes by a timer
 * while another of lower priority gives the kernel much to do is never late by
 * more than a step of that work takes. Time is counted in instructions.
 */
#include <base/ipc.h>
#include <base/service.h>
#include <base/text.h>

#include "harness.h"
#include "stubs.h"
#include "threads.h"

#define PAGE ((uint64_t)USER_PAGE_SIZE)
#define SIZE (UINT64_C(24) << 20)
#define READ_WRITE (MAP_READ | MAP_WRITE)
#define WAKE_EVERY UINT64_C(20000)
/* Of a kernel with debug checks, which doubles what a step of ten thousand takes; with two
 * entries and a switch of threads. */
#define LATE_MAX 40000

struct work {
    void (*run)(void);
    volatile uint32_t done;
};

static uint64_t place;
static handle_t memory;

static uint64_t do_work(uint64_t argument, struct frame *frame)
{
    struct work *work = (struct work *)argument;
    work->run();
    work->done = 1;
    return 0;
}

/* How late this thread was at the worst while `run` was under way. */
static uint64_t worst_delay(void (*run)(void))
{
    struct work work = {.run = run};
    struct test_thread thread = {
        .function = do_work, .argument = (uint64_t)&work, .priority = PRIORITY_BATCH};
    static const uint32_t word;
    uint64_t worst = 0, wakes = 0;
    test_thread_start(&thread);
    while (work.done == 0) {
        uint64_t deadline = test_now() + WAKE_EVERY;
        CHECK_STATUS(native_address_wait((uint64_t)&word, 0, 1, 0, deadline), TIMED_OUT);
        uint64_t late = test_now() - deadline;
        worst = late > worst ? late : worst;
        wakes++;
    }
    test_thread_join(&thread);
    CHECK(wakes > 2);
    return worst;
}

static void check_delay(const char *name, void (*run)(void))
{
    uint64_t worst = worst_delay(run);
    char line[80];
    size_t length = text_format(line, sizeof(line), "%s: late by %lu at the most", name, worst);
    SUCCEED(native_log_write(line, length));
    CHECK(worst < LATE_MAX);
}

static void map_filled(void)
{
    place = SUCCEED(native_map(test_world.self, memory, 0, 0, SIZE, READ_WRITE | MAP_POPULATE));
}

#define LARGE_SIZE (UINT64_C(2) << 20)

/* With small pages: what is not entered at its beginning has no large ones. */
static void map_small(void)
{
    place = SUCCEED(native_map(test_world.self, HANDLE_NONE, 0, 0, SIZE, READ_WRITE));
    for (uint64_t at = place + LARGE_SIZE / 2; at < place + SIZE; at += LARGE_SIZE / 2)
        *(volatile uint64_t *)at = at;
    for (uint64_t at = place; at < place + SIZE; at += PAGE)
        *(volatile uint64_t *)at = at;
}

static void unmap(void)
{
    SUCCEED(native_unmap(test_world.self, place, SIZE));
}

static void protect(void)
{
    SUCCEED(native_protect(test_world.self, place, SIZE, MAP_READ));
}

static void discard(void)
{
    SUCCEED(native_space_discard(test_world.self, place, SIZE));
}

static void replace(void)
{
    CHECK_EQUAL(
        native_map(test_world.self, HANDLE_NONE, 0, place, SIZE, READ_WRITE | MAP_FIXED_ADDRESS),
        place);
}

static void move(void)
{
    place = SUCCEED(native_remap(test_world.self, place, SIZE, 2 * SIZE, REMAP_MAY_MOVE, 0));
}

static void inspect(void)
{
    struct mapping_information information;
    SUCCEED(native_space_inspect(test_world.self, place, 1, &information));
}

static void test_private(void)
{
    memory = HANDLE_NONE;
    map_small();
    check_delay("inspect", inspect);
    check_delay("protect", protect);
    SUCCEED(native_protect(test_world.self, place, SIZE, READ_WRITE));
    check_delay("discard", discard);
    for (uint64_t at = place; at < place + SIZE; at += PAGE)
        *(volatile uint64_t *)at = at;
    check_delay("replace", replace);
    CHECK_EQUAL(*(volatile uint64_t *)place, 0);
    unmap();
    map_small();
    check_delay("unmap", unmap);
    map_small();
    *(volatile uint64_t *)place = 9;
    SUCCEED(native_map(test_world.self, HANDLE_NONE, 0, place + SIZE, PAGE, MAP_READ));
    check_delay("remap", move);
    CHECK_EQUAL(*(volatile uint64_t *)place, 9);
    SUCCEED(native_unmap(test_world.self, place, 2 * SIZE));
}

static void touch_all(void)
{
    for (uint64_t at = place; at < place + SIZE; at += PAGE)
        *(volatile uint64_t *)at = at;
}

static void test_large(void)
{
    memory = HANDLE_NONE;
    check_delay("populate", map_filled);
    CHECK_EQUAL(*(volatile uint64_t *)(place + SIZE - PAGE), 0);
    check_delay("discard of large pages", discard);
    check_delay("touch", touch_all);
    check_delay("unmap of large pages", unmap);
}

static void copy_out(void)
{
    CHECK_EQUAL(native_memory_read(memory, 0, (void *)place, SIZE), SIZE);
}

static void copy_in(void)
{
    CHECK_EQUAL(native_memory_write(memory, 0, (const void *)place, SIZE), SIZE);
}

static void copy_own(void)
{
    CHECK_EQUAL(native_process_read(test_world.self, place, (void *)place, SIZE), SIZE);
}

static void drop(void)
{
    SUCCEED(native_memory_discard(memory, 0, SIZE));
}

static void shrink(void)
{
    SUCCEED(native_memory_resize(memory, PAGE));
}

static void test_objects(void)
{
    memory = HANDLE_NONE;
    map_filled();
    memory = SUCCEED(native_memory_create(test_world.account, SIZE, 0));
    *(volatile uint64_t *)(place + SIZE - PAGE) = 7;
    check_delay("memory_write", copy_in);
    *(volatile uint64_t *)(place + SIZE - PAGE) = 8;
    check_delay("memory_read", copy_out);
    CHECK_EQUAL(*(volatile uint64_t *)(place + SIZE - PAGE), 7);
    check_delay("process_read", copy_own);
    unmap();
    map_filled();
    check_delay("memory_discard", drop);
    copy_in();
    check_delay("memory_resize", shrink);
    unmap();
    CLOSE(memory);
}

/* A process of many mappings. */

#define APART 2000

static uint64_t be_cloned(uint64_t session, struct frame *frame)
{
    struct message message;
    uint64_t at = SUCCEED(
        native_map(test_world.self, HANDLE_NONE, 0, 0, 2 * APART * PAGE, MAP_READ | MAP_WRITE));
    for (uint64_t i = 0; i < APART; i++)
        SUCCEED(native_unmap(test_world.self, at + (2 * i + 1) * PAGE, PAGE));
    message_begin(&message, 0);
    CHECK_STATUS(ipc_call(session, &message), OK);
    return 0;
}

static struct test_child parent;
static handle_t parent_reply;

static struct process_clone_result made;

static void clone(void)
{
    SUCCEED(native_process_clone(parent.process, parent_reply, test_world.account, 1, &made));
}

/* It is torn down behind the call, also by a CPU that has nothing else to do. */
static void end_clone(void)
{
    static const uint32_t word;
    SUCCEED(native_process_end(made.process, 0));
    CLOSE(made.process);
    CLOSE(made.thread);
    CLOSE(made.reply);
    for (unsigned i = 0; i < 100; i++)
        CHECK_STATUS(native_address_wait((uint64_t)&word, 0, 1, 0, test_now() + WAKE_EVERY),
                     TIMED_OUT);
}

static void test_clone(void)
{
    struct message message;
    handle_t endpoint = SUCCEED(native_endpoint_create(test_world.account));
    handle_t session = SUCCEED(native_session_create(endpoint, 1));
    parent = (struct test_child){.function = be_cloned};
    test_child_create(&parent);
    parent.argument = test_child_give(&parent, session, RIGHT_SAME);
    CLOSE(session);
    test_child_start(&parent);
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CALL);
    parent_reply = SUCCEED(native_reply_take());
    check_delay("process_clone", clone);
    check_delay("process_end", end_clone);
    message_begin(&message, 0);
    CHECK_STATUS(ipc_reply(parent_reply, &message), OK);
    test_child_finish(&parent);
    CLOSE(endpoint);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"private memory", test_private},
        {"large pages", test_large},
        {"memory objects", test_objects},
        {"process of many mappings", test_clone},
    };
    test_begin();
    TEST_RUN(cases);
}
