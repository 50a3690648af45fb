/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Random native calls: any number, any arguments, though more often such as come
 * near to being right. They are made by short-lived processes in an account of
 * their own, each with its seed; one that waits for what never comes is ended.
 * After each, its account must use nothing, unless a process lives on that holds
 * itself, and the machine must go on.
 *
 * `fuzz.rounds=N` and `fuzz.seed=N` on the kernel's command line; a round is one
 * process and up to CALLS calls. What a failure needs to be repeated is in the
 * log: the seed of its round.
 */
#include <base/ipc.h>
#include <base/log.h>
#include <base/service.h>
#include <base/text.h>

#include "../../draw.h"
#include "harness.h"
#include "objects.h"
#include "shapes.h"

#define ROUNDS 60
#define SEED 1
#define CALLS 400
#define PATIENCE_NS UINT64_C(2000000) /* without a call made */
#define LIMIT_NS UINT64_C(2000000000) /* for a round */
#define POOL 64
#define SELDOM 30

static const struct account_limits limits = {1000, 400, 8, 8, UINT64_MAX, UINT64_MAX};

/* What a round's process and this one share. */
struct shared {
    volatile uint64_t made; /* calls */
};

static struct {
    uint64_t random;
    handle_t handles[POOL];
    struct shared *shared;
    uint64_t page; /* to read and write, followed by one that is not mapped */
} fuzz;

static uint64_t draw(void)
{
    return draw_next(&fuzz.random);
}

static uint64_t below(uint64_t end)
{
    return draw_below(&fuzz.random, end);
}

static bool one_in(uint64_t count)
{
    return below(count) == 0;
}

static uint64_t draw_handle(void)
{
    uint64_t handle = fuzz.handles[below(POOL)];
    return one_in(20) ? handle ^ UINT64_C(1) << below(64) : handle;
}

static uint64_t draw_number(void)
{
    static const uint64_t numbers[] = {
        0,          1,        2,          4,       8,          15,          4096,
        8191,       4097,     65536,      1 << 20, UINT32_MAX, UINT64_MAX,  1ull << 63,
        USER_START, USER_END, FRAME_BASE, 64,      256,        SIGNAL_USER,
    };
    switch (below(4)) {
    case 0:
        return numbers[below(sizeof(numbers) / sizeof(numbers[0]))];
    case 1:
        return draw() >> below(64);
    default:
        return below(8);
    }
}

static uint64_t draw_address(void)
{
    switch (below(12)) {
    case 0:
        return draw();
    case 1:
        return fuzz.page + USER_PAGE_SIZE - below(64);
    case 2:
        return UINT64_C(0xffffffff80000000) + below(1 << 24);
    case 3:
        return (uint64_t)ipc_frame() + below(FRAME_SIZE);
    default:
        return fuzz.page + (below(USER_PAGE_SIZE / 2) & ~UINT64_C(7));
    }
}

/* Handles among the data, too: for the calls that find them in memory. */
static void scramble(uint64_t address, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += 8)
        *(uint64_t *)(address + at) = one_in(3) ? draw_handle() : draw_number();
}

static uint64_t draw_argument(const struct shape_argument *argument)
{
    if (one_in(16))
        return draw_number();
    switch (argument->kind) {
    case SHAPE_HANDLE:
    case SHAPE_TOKEN:
        return draw_handle();
    case SHAPE_VALUE:
        return one_in(3) && argument->defined != UINT64_MAX ? draw() & argument->defined
                                                            : draw_number();
    default:
        return draw_address();
    }
}

static void make_message(struct message *message)
{
    *message = (struct message){.information = draw() >> (one_in(4) ? below(64) : 15 + below(48))};
    for (unsigned i = 0; i < MESSAGE_WORDS; i++)
        message->words[i] = draw_number();
    scramble((uint64_t)ipc_frame()->handles, sizeof(ipc_frame()->handles));
    ipc_frame()->deadline = test_now() + below(100000);
}

static void remember(int64_t result)
{
    if (result > UINT32_MAX)
        fuzz.handles[below(POOL)] = (handle_t)result;
}

/* What mostly ends the round is done seldom. */
static unsigned draw_call(void)
{
    static const uint32_t seldom[] = {
        CALL_PROCESS_END, CALL_PROCESS_SUSPEND,         CALL_THREAD_CREATE, CALL_THREAD_END,
        CALL_THREAD_KILL, CALL_THREAD_SUSPEND,          CALL_FRAME_RESUME,  CALL_IPC_CALL,
        CALL_IPC_SEND,    CALL_PROCESS_SET_PERSONALITY,
    };
    unsigned number = (unsigned)below(shape_count);
    for (unsigned i = 0; i < sizeof(seldom) / sizeof(seldom[0]); i++) {
        if (NATIVE_CALL_BASE + number == seldom[i] && !one_in(SELDOM))
            return draw_call();
    }
    return number;
}

static void make_random_call(void)
{
    unsigned number = draw_call();
    const struct shape *shape = &shapes[number];
    uint64_t a[SHAPE_ARGUMENTS] = {0};
    struct message message;
    for (unsigned i = 0; i < shape->count; i++)
        a[i] = draw_argument(&shape->arguments[i]);
    scramble(fuzz.page, 256);
    ipc_frame()->interrupted = 0;
    if (shape->raw) {
        make_message(&message);
        remember(native_message_call(NATIVE_CALL_BASE + number, a[0], &message));
        remember((int64_t)ipc_frame()->handles[0].handle);
    } else {
        remember(native_call_6(NATIVE_CALL_BASE + number, a[0], a[1], a[2], a[3], a[4], a[5]));
    }
    fuzz.shared->made++;
}

/* The process of a round. */

static void fill_pool(const struct test_objects *objects)
{
    for (unsigned i = 0; i < POOL; i++) {
        handle_t own[] = {test_world.self, test_world.account, objects->write_end};
        unsigned type = i % OBJECT_TYPE_COUNT;
        fuzz.handles[i] = objects->by_type[type];
        if (fuzz.handles[i] == HANDLE_NONE)
            fuzz.handles[i] = own[below(3)];
    }
}

static uint64_t run_round(uint64_t seed, struct frame *frame)
{
    static struct test_objects objects;
    fuzz.random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    test_objects_make(&objects, false);
    fuzz.page = SUCCEED(
        native_map(test_world.self, HANDLE_NONE, 0, 0, 2 * USER_PAGE_SIZE, MAP_READ | MAP_WRITE));
    SUCCEED(native_unmap(test_world.self, fuzz.page + USER_PAGE_SIZE, USER_PAGE_SIZE));
    fill_pool(&objects);
    for (unsigned i = 0; i < CALLS; i++)
        make_random_call();
    (void)native_process_end(test_world.self, 0);
    return 0;
}

/* Supervision. */

/* Until the process has ended, or cannot be got out of a wait, or long enough. */
static void watch(const struct test_child *child, const struct shared *shared)
{
    struct wait_item item = {child->process, SIGNAL_ENDED, 0};
    uint64_t end = test_now() + LIMIT_NS, made = UINT64_MAX;
    for (unsigned idle = 0; idle < 3 && test_now() < end; idle++) {
        if (native_wait_many(&item, 1, test_now() + PATIENCE_NS) == 1)
            return;
        if (shared->made != made)
            idle = 0;
        else
            (void)native_thread_interrupt(child->thread);
        made = shared->made;
    }
    SUCCEED(native_process_end(child->process, 1));
    test_wait(child->process, SIGNAL_ENDED);
}

/* A process that was given a handle to itself may live on, with what it has. */
static void check_unused(handle_t account, uint64_t seed)
{
    struct account_limits used;
    test_settled_use(account, &used);
    if (used.processes != 0)
        log_print("seed %lu: %lu processes live on", seed, used.processes);
    else
        test_await_unused(account);
}

static uint64_t make_round(uint64_t seed)
{
    handle_t memory = SUCCEED(native_memory_create(test_world.account, USER_PAGE_SIZE, 0));
    uint64_t own = SUCCEED(native_map(test_world.self, memory, 0, 0, USER_PAGE_SIZE, MAP_READ));
    struct test_child child = {
        .function = run_round,
        .argument = seed,
        .account = SUCCEED(native_account_create(test_world.account, &limits)),
    };
    test_child_create(&child);
    fuzz.shared = (struct shared *)SUCCEED(
        native_map(child.process, memory, 0, 0, USER_PAGE_SIZE, MAP_READ | MAP_WRITE));
    CHECK_EQUAL(native_process_write(child.process, (uint64_t)&fuzz, &fuzz, sizeof(fuzz)),
                sizeof(fuzz));
    test_child_start(&child);
    watch(&child, (const struct shared *)own);
    uint64_t made = ((const struct shared *)own)->made;
    CLOSE(child.thread);
    CLOSE(child.process);
    SUCCEED(native_unmap(test_world.self, own, USER_PAGE_SIZE));
    CLOSE(memory);
    check_unused(child.account, seed);
    CLOSE(child.account);
    return made;
}

void service_main(const struct start_block *start)
{
    uint64_t made = 0;
    test_begin();
    uint64_t rounds = test_option("fuzz.rounds=", ROUNDS), seed = test_option("fuzz.seed=", SEED);
    for (uint64_t round = 0; round < rounds; round++) {
        log_print("seed %lu", seed + round);
        made += make_round(seed + round);
    }
    log_print("%lu random calls", made);
}
