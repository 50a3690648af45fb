/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "objects.h"

#include <base/ipc.h>
#include <base/service.h>

#include "harness.h"
#include "machine.h"

static const char bytes[OBJECTS_BYTES];

static uint64_t call_once(uint64_t session, struct frame *frame)
{
    struct message message;
    message_begin(&message, 0);
    (void)ipc_call(session, &message);
    return 0;
}

static void make_process(struct test_objects *objects)
{
    handle_t *made = objects->by_type;
    const struct thread_start start = {
        .pc = OBJECTS_PAGE, .sp = OBJECTS_PAGE, .flags = THREAD_SUSPENDED};
    handle_t process =
        SUCCEED(native_process_create(test_world.account, HANDLE_NONE, "object", 6, 0));
    SUCCEED(native_map(process, HANDLE_NONE, 0, OBJECTS_PAGE, USER_PAGE_SIZE,
                       MAP_READ | MAP_WRITE | MAP_FIXED_ADDRESS));
    CHECK_EQUAL(native_process_write(process, OBJECTS_PAGE, bytes, sizeof(bytes)), sizeof(bytes));
    made[OBJECT_PROCESS] = process;
    made[OBJECT_THREAD] = SUCCEED(native_thread_create(process, &start));
}

static void make_call(struct test_objects *objects)
{
    handle_t *made = objects->by_type;
    struct message message;
    made[OBJECT_ENDPOINT] = SUCCEED(native_endpoint_create(test_world.account));
    made[OBJECT_SESSION] = SUCCEED(native_session_create(made[OBJECT_ENDPOINT], 1));
    test_thread_run(&objects->client, call_once, made[OBJECT_SESSION]);
    CHECK_EQUAL(ipc_receive(made[OBJECT_ENDPOINT], &message), RECEIVED_CALL);
    made[OBJECT_REPLY] = SUCCEED(native_reply_take());
}

static void make_stream(struct test_objects *objects)
{
    struct stream_handles ends;
    SUCCEED(native_stream_create(test_world.account, 2 * STREAM_ATOMIC, 0, &ends));
    CHECK_EQUAL(native_stream_write(ends.write_end, bytes, sizeof(bytes), 0), sizeof(bytes));
    objects->by_type[OBJECT_STREAM] = ends.read_end;
    objects->write_end = ends.write_end;
}

/* From what init has given the test, not a copy of it. */
static void make_machine(handle_t made[OBJECT_TYPE_COUNT])
{
    handle_t ioports = service_handle("ioports"), interrupts = service_handle("interrupts");
    handle_t iospace = service_handle("iospace");
    if (ioports != HANDLE_NONE)
        made[OBJECT_IOPORT] = SUCCEED(native_ioport_create(ioports, OBJECTS_PORT, 4));
    if (interrupts != HANDLE_NONE)
        made[OBJECT_INTERRUPT] =
            SUCCEED(native_interrupt_create(interrupts, test_world.account, UNUSED_LINE, 0));
    if (iospace != HANDLE_NONE)
        made[OBJECT_IOSPACE] = SUCCEED(native_handle_copy(iospace, RIGHT_SAME, 0));
}

void test_objects_make(struct test_objects *objects, bool machine)
{
    static const struct account_limits limits = {0};
    handle_t *made = objects->by_type;
    *objects = (struct test_objects){0};
    make_process(objects);
    make_call(objects);
    make_stream(objects);
    made[OBJECT_EVENT] = SUCCEED(native_event_create(test_world.account, EVENT_COUNTER, 1));
    made[OBJECT_PORT] = SUCCEED(native_port_create(test_world.account));
    made[OBJECT_MEMORY] = SUCCEED(native_memory_create(test_world.account, 4 * USER_PAGE_SIZE, 0));
    CHECK_EQUAL(native_memory_write(made[OBJECT_MEMORY], 0, bytes, sizeof(bytes)), sizeof(bytes));
    made[OBJECT_BUDGET] =
        SUCCEED(native_budget_create(test_world.account, 1000000, 100000000, UINT64_MAX));
    made[OBJECT_ACCOUNT] = SUCCEED(native_account_create(test_world.account, &limits));
    if (machine)
        make_machine(made);
}

void test_objects_close(struct test_objects *objects)
{
    SUCCEED(native_thread_kill(objects->by_type[OBJECT_THREAD]));
    for (unsigned type = 0; type < OBJECT_TYPE_COUNT; type++) {
        if (objects->by_type[type] != HANDLE_NONE)
            CLOSE(objects->by_type[type]);
    }
    CLOSE(objects->write_end);
    test_thread_join(&objects->client);
}

static bool fits(handle_t handle, uint32_t types, uint32_t rights)
{
    struct handle_information information;
    return handle != HANDLE_NONE && native_handle_inspect(handle, &information) == 0 &&
           (1u << information.type & types) != 0 && (information.rights & rights) == rights;
}

handle_t test_objects_find(const struct test_objects *objects, uint32_t types, uint32_t rights)
{
    for (unsigned type = OBJECT_TYPE_COUNT; type-- > 0;) {
        if (fits(objects->by_type[type], types, rights))
            return objects->by_type[type];
    }
    return fits(objects->write_end, types, rights) ? objects->write_end : HANDLE_NONE;
}
