/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Every native call is given every kind of bad argument in each place, the
 * others being good, and must give back the status that stands for it and have
 * changed nothing: the process holds as many handles and the account uses as
 * much as before.
 */
#include <base/ipc.h>
#include <base/log.h>
#include <base/service.h>

#include "harness.h"
#include "objects.h"
#include "shapes.h"

#define PAGE USER_PAGE_SIZE
#define BUFFER_LENGTH 16

/* Numbers that a call needs before it looks at its buffer; elsewhere 0 will do. */
static const struct {
    uint32_t call;
    unsigned position;
    uint64_t value;
} needed_values[] = {
    {CALL_PROCESS_READ, 1, OBJECTS_PAGE},
    {CALL_PROCESS_WRITE, 1, OBJECTS_PAGE},
    {CALL_IOPORT_READ, 1, OBJECTS_PORT},
    {CALL_IOPORT_READ, 2, 1},
    {CALL_IOPORT_WRITE, 1, OBJECTS_PORT},
    {CALL_IOPORT_WRITE, 2, 1},
    {CALL_MAP, 4, PAGE},
    {CALL_MAP, 5, MAP_READ | MAP_FIXED_ADDRESS},
    {CALL_UNMAP, 2, PAGE},
    {CALL_PROTECT, 2, PAGE},
    {CALL_SPACE_DISCARD, 2, PAGE},
    {CALL_REMAP, 2, PAGE},
    {CALL_REMAP, 3, PAGE},
    {CALL_REMAP, 4, REMAP_MAY_MOVE | REMAP_FIXED},
    {CALL_ADDRESS_WAIT, 2, 1},
    {CALL_ADDRESS_WAKE, 2, 1},
    {CALL_MEMORY_CREATE_PHYSICAL, 2, PAGE},
    {CALL_MEMORY_DISCARD, 2, PAGE},
};

static struct {
    struct test_objects objects;
    uint64_t good;      /* a page to read and write, followed by one that is not mapped */
    uint64_t read_only; /* a page */
    handle_t closed, stale, foreign, revoked;
} bad;

/* The call that is being tried. */
static struct {
    unsigned number; /* in shapes */
    unsigned position;
    uint64_t arguments[SHAPE_ARGUMENTS];
    unsigned tried;
} attempt;

static const struct shape *current_shape(void)
{
    return &shapes[attempt.number];
}

/* Good arguments. */

static uint64_t good_value(unsigned position)
{
    const struct shape *shape = current_shape();
    for (unsigned i = 0; i < sizeof(needed_values) / sizeof(needed_values[0]); i++) {
        if (needed_values[i].call == NATIVE_CALL_BASE + attempt.number &&
            needed_values[i].position == position)
            return needed_values[i].value;
    }
    for (unsigned i = 0; i < shape->count; i++) {
        if (shape->arguments[i].length == (int)position)
            return shape->arguments[i].kind == SHAPE_ARRAY ? 1 : BUFFER_LENGTH;
    }
    return 0;
}

static uint64_t good_argument(unsigned position)
{
    const struct shape_argument *argument = &current_shape()->arguments[position];
    switch (argument->kind) {
    case SHAPE_HANDLE:
    case SHAPE_TOKEN:
        return test_objects_find(&bad.objects, argument->types, argument->rights);
    case SHAPE_VALUE:
        return good_value(position);
    default:
        return bad.good;
    }
}

static void fill_arguments(void)
{
    for (unsigned i = 0; i < SHAPE_ARGUMENTS; i++)
        attempt.arguments[i] = i < current_shape()->count ? good_argument(i) : 0;
}

/* Trying. */

struct state {
    uint64_t handles;
    struct account_limits used;
};

static struct state take_state(void)
{
    struct process_information process;
    struct account_information account;
    SUCCEED(native_process_inspect(test_world.self, &process));
    SUCCEED(native_account_inspect(test_world.account, &account));
    return (struct state){process.handles, account.used};
}

static bool same_state(const struct state *left, const struct state *right)
{
    return left->handles == right->handles && left->used.pages == right->used.pages &&
           left->used.handles == right->used.handles && left->used.threads == right->used.threads &&
           left->used.processes == right->used.processes;
}

static int64_t make_call(const uint64_t a[SHAPE_ARGUMENTS])
{
    struct message message;
    if (!current_shape()->raw)
        return native_call_6(NATIVE_CALL_BASE + attempt.number, a[0], a[1], a[2], a[3], a[4], a[5]);
    message_begin(&message, 0);
    return native_message_call(NATIVE_CALL_BASE + attempt.number, a[0], &message);
}

/* Call with `value` in the place being tried. */
static void expect(const char *what, uint64_t value, enum status wanted)
{
    uint64_t arguments[SHAPE_ARGUMENTS];
    for (unsigned i = 0; i < SHAPE_ARGUMENTS; i++)
        arguments[i] = i == attempt.position ? value : attempt.arguments[i];
    struct state before = take_state();
    int64_t result = make_call(arguments);
    struct state after = take_state();
    attempt.tried++;
    if (status_of_result(result) != wanted)
        service_fail("%s, argument %u, %s (%#lx): %s (%ld), not %s", current_shape()->name,
                     attempt.position, what, value, test_status_name(status_of_result(result)),
                     result, test_status_name(wanted));
    if (!same_state(&before, &after))
        service_fail("%s, argument %u, %s (%#lx): handles %lu -> %lu, pages %lu -> %lu",
                     current_shape()->name, attempt.position, what, value, before.handles,
                     after.handles, before.used.pages, after.used.pages);
}

/* Handles. */

static void try_no_handles(const struct shape_argument *argument)
{
    uint64_t good = attempt.arguments[attempt.position];
    if (!argument->optional)
        expect("no handle", HANDLE_NONE, STATUS_BAD_HANDLE);
    expect("a slot's number", good & 0xfffff, STATUS_BAD_HANDLE);
    expect("a token with one bit changed", good ^ (UINT64_C(1) << 40), STATUS_BAD_HANDLE);
    expect("a slot that was never used", good ^ 0x80000, STATUS_BAD_HANDLE);
    expect("a status", (uint64_t)-1, STATUS_BAD_HANDLE);
    expect("the negative token", good | UINT64_C(1) << 63, STATUS_BAD_HANDLE);
    expect("a closed handle", bad.closed, STATUS_BAD_HANDLE);
    expect("a stale handle", bad.stale, STATUS_BAD_HANDLE);
    expect("another process' handle", bad.foreign, STATUS_BAD_HANDLE);
    if (NATIVE_CALL_BASE + attempt.number != CALL_HANDLE_CLOSE)
        expect("a revoked handle", bad.revoked, STATUS_REVOKED);
}

static void try_other_types(const struct shape_argument *argument)
{
    for (unsigned type = 0; type < OBJECT_TYPE_COUNT; type++) {
        handle_t handle = bad.objects.by_type[type];
        if (handle != HANDLE_NONE && (1u << type & argument->types) == 0)
            expect("another type", handle, STATUS_WRONG_TYPE);
    }
}

static void try_fewer_rights(const struct shape_argument *argument)
{
    for (unsigned bit = 0; (RIGHT_ALL >> bit) != 0; bit++) {
        if ((argument->rights & 1u << bit) == 0)
            continue;
        handle_t less = SUCCEED(
            native_handle_copy(attempt.arguments[attempt.position], RIGHT_ALL & ~(1u << bit), 0));
        expect("a right missing", less, STATUS_NO_RIGHT);
        CLOSE(less);
    }
}

static void try_handles(const struct shape_argument *argument)
{
    CHECK(attempt.arguments[attempt.position] != HANDLE_NONE);
    try_no_handles(argument);
    try_other_types(argument);
    try_fewer_rights(argument);
}

/* Addresses. */

static void try_addresses(const struct shape_argument *argument)
{
    static const uint64_t addresses[] = {
        0,
        8,
        USER_START - 8,
        USER_END - 4,
        USER_END,
        UINT64_C(1) << 47,
        UINT64_C(0xffff800000000000),
        UINT64_C(0xffffffff80000000),
        UINT64_MAX - 7,
        UINT64_MAX,
    };
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        expect("no user address", addresses[i], STATUS_BAD_ADDRESS);
    expect("an unmapped page", bad.good + PAGE, STATUS_BAD_ADDRESS);
    expect("into an unmapped page", bad.good + PAGE - 4, STATUS_BAD_ADDRESS);
    if (argument->kind != SHAPE_IN && argument->kind != SHAPE_BYTES_IN)
        expect("a page that is only read", bad.read_only, STATUS_BAD_ADDRESS);
}

/* Lengths that pass the end of user space, or 64 bits, from a good address. */
static void try_lengths(const struct shape_argument *argument)
{
    unsigned buffer = attempt.position;
    attempt.position = (unsigned)argument->length;
    if (argument->kind == SHAPE_ARRAY) {
        expect("a count of 2^32", UINT64_C(1) << 32, STATUS_OUT_OF_RANGE);
        expect("a count that overflows", UINT64_MAX / argument->size + 2, STATUS_OUT_OF_RANGE);
    } else {
        expect("a length past the end", USER_END, STATUS_BAD_ADDRESS);
        expect("a length that overflows", UINT64_MAX - bad.good + 2, STATUS_BAD_ADDRESS);
        expect("the greatest length", UINT64_MAX, STATUS_BAD_ADDRESS);
    }
    attempt.position = buffer;
}

/* Numbers. */

static void try_bits(const struct shape_argument *argument)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        if ((argument->defined >> bit & 1) == 0)
            expect("an undefined bit", UINT64_C(1) << bit, STATUS_INVALID);
    }
}

/* Ranges that cannot be, from 0 and from a page on: then some end where they have passed 2^64. */
static void try_greats(const struct shape_argument *argument)
{
    static const uint64_t greats[] = {UINT64_C(1) << 63, UINT64_C(3) << 62, UINT64_MAX - PAGE + 1};
    const struct shape *shape = current_shape();

    if (argument->great == STATUS_OK)
        return;
    for (unsigned i = 0; i < sizeof(greats) / sizeof(greats[0]); i++)
        expect("a number too great", greats[i], argument->great);
    for (unsigned i = 0; i < shape->count; i++) {
        if (shape->arguments[i].great == STATUS_OUT_OF_RANGE)
            attempt.arguments[i] = PAGE;
    }
    for (unsigned i = 0; i < sizeof(greats) / sizeof(greats[0]); i++)
        expect("a number too great beside a page", greats[i], argument->great);
    fill_arguments();
}

static void try_argument(const struct shape_argument *argument)
{
    switch (argument->kind) {
    case SHAPE_HANDLE:
    case SHAPE_TOKEN:
        try_handles(argument);
        break;
    case SHAPE_VALUE:
        try_bits(argument);
        try_greats(argument);
        break;
    default:
        try_addresses(argument);
        if (argument->length >= 0)
            try_lengths(argument);
    }
}

/* Not every machine has ports. */
static bool is_for_other_machines(const struct shape *shape)
{
    return shape->count > 0 && shape->arguments[0].types == 1u << OBJECT_IOPORT &&
           bad.objects.by_type[OBJECT_IOPORT] == HANDLE_NONE;
}

static void test_each_call(void)
{
    for (attempt.number = 0; attempt.number < shape_count; attempt.number++) {
        const struct shape *shape = current_shape();
        if (is_for_other_machines(shape))
            continue;
        fill_arguments();
        for (attempt.position = 0; attempt.position < shape->count; attempt.position++)
            try_argument(&shape->arguments[attempt.position]);
    }
}

static void test_unknown_ways_to_stop(void)
{
    handle_t machine = service_need_handle("interrupts");
    CHECK_STATUS(native_machine_stop(machine, MACHINE_EXIT + 1, 0), INVALID);
    CHECK_STATUS(native_machine_stop(machine, UINT32_MAX, 0), INVALID);
}

static void test_unknown_numbers(void)
{
    static const uint64_t numbers[] = {
        0,
        1,
        231,
        0x40000000,
        NATIVE_CALL_BASE - 1,
        NATIVE_CALL_BASE + NATIVE_CALL_COUNT,
        UINT32_MAX,
        UINT64_C(1) << 63,
    };
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        CHECK_STATUS(native_call_0(numbers[i]), BAD_CALL);
}

/* Setting. */

/* A wait_many item that stands, all over the page. */
static void fill_page(uint64_t page)
{
    struct wait_item *items = (struct wait_item *)page;
    for (unsigned i = 0; i < PAGE / sizeof(*items); i++)
        items[i] = (struct wait_item){bad.objects.by_type[OBJECT_EVENT], SIGNAL_COUNT, 0};
}

static void make_pages(void)
{
    handle_t self = test_world.self;
    uint64_t pages = SUCCEED(native_map(self, HANDLE_NONE, 0, 0, 3 * PAGE, MAP_READ | MAP_WRITE));
    bad.read_only = pages;
    bad.good = pages + PAGE;
    fill_page(bad.read_only);
    fill_page(bad.good);
    SUCCEED(native_protect(self, bad.read_only, PAGE, MAP_READ));
    SUCCEED(native_unmap(self, bad.good + PAGE, PAGE));
}

/* A closed handle's slot is used again at once: that makes it stale. */
static void make_handles(void)
{
    handle_t event = bad.objects.by_type[OBJECT_EVENT];
    handle_t below = SUCCEED(native_handle_derive(event, RIGHT_SAME));
    bad.foreign =
        SUCCEED(native_process_give(bad.objects.by_type[OBJECT_PROCESS], event, RIGHT_SAME, 0));
    bad.stale = SUCCEED(native_handle_copy(event, RIGHT_SAME, 0));
    bad.closed = SUCCEED(native_handle_copy(event, RIGHT_SAME, 0));
    CLOSE(bad.stale);
    bad.revoked = below;
    handle_t reused = SUCCEED(native_handle_copy(below, RIGHT_SAME, 0));
    CHECK_EQUAL(reused & 0xfffff, bad.stale & 0xfffff);
    CLOSE(below);
    bad.revoked = reused;
    CLOSE(bad.closed);
    SUCCEED(native_handle_revoke(event));
}

static void test_bad_arguments(void)
{
    test_objects_make(&bad.objects, true);
    make_pages();
    make_handles();
    attempt.tried = 0;
    test_each_call();
    log_print("%u bad calls refused", attempt.tried);
    CLOSE(bad.revoked);
    SUCCEED(native_unmap(test_world.self, bad.read_only, 2 * PAGE));
    test_objects_close(&bad.objects);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"unknown numbers", test_unknown_numbers},
        {"bad arguments", test_bad_arguments},
        {"unknown ways to stop", test_unknown_ways_to_stop},
    };
    test_begin();
    TEST_RUN(cases);
}
