/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/ipc.h>
#include <base/log.h>
#include <base/service.h>
#include <trellis/native.h>

#include "objects.h"

#define STREAM_CAPACITY 65536
#define NO_MEMORY status_to_result(STATUS_NO_MEMORY)

int64_t (*fake_serve)(handle_t session, struct message *message);
int64_t (*fake_next)(struct message *message);
struct message fake_replies[4];
unsigned fake_reply_count;
jmp_buf fake_ended;
uint64_t fake_end_code;

static int64_t create(enum object_type type)
{
    return (int64_t)fake_make(type, 0);
}

static int64_t create_session(const uint64_t *arguments)
{
    const struct fake_object *endpoint = fake_need(arguments[0], OBJECT_ENDPOINT);
    handle_t session = fake_make(OBJECT_SESSION, 0);
    struct fake_object *object = fake_need(session, OBJECT_SESSION);
    object->badge = arguments[1];
    object->endpoint = endpoint;
    return (int64_t)session;
}

static int64_t session_badge(const uint64_t *arguments)
{
    const struct fake_object *session = fake_need(arguments[1], OBJECT_SESSION);

    if (session->endpoint != fake_need(arguments[0], OBJECT_ENDPOINT))
        return status_to_result(STATUS_NOT_FOUND);
    *(uint64_t *)arguments[2] = session->badge;
    return 0;
}

static int64_t create_stream(const uint64_t *arguments)
{
    struct stream_handles *ends = (struct stream_handles *)arguments[3];
    (void)fake_need(arguments[0], OBJECT_ACCOUNT);
    ends->read_end = fake_make(OBJECT_STREAM, 0);
    struct fake_object *stream = fake_need(ends->read_end, OBJECT_STREAM);
    stream->has_messages = (arguments[2] & STREAM_MESSAGES) != 0;
    ends->write_end = fake_insert(fake_server, stream, HANDLE_NONE, 0);
    return 0;
}

static int64_t create_process(const uint64_t *arguments)
{
    struct fake_object *from =
        arguments[1] == HANDLE_NONE ? NULL : fake_need(arguments[1], OBJECT_PROCESS);
    (void)fake_need(arguments[0], OBJECT_ACCOUNT);
    handle_t token = fake_make(OBJECT_PROCESS, 0);
    struct fake_object *process = fake_need(token, OBJECT_PROCESS);
    process->keeps_handles = (arguments[4] & PROCESS_KEEP_HANDLES) != 0;
    if (from != NULL) {
        fake_copy_handles(from, process);
        from->keeps_handles = false;
        if (from->ended)
            fake_close_all(from);
    }
    return (int64_t)token;
}

static int64_t clone_process(const uint64_t *arguments)
{
    struct process_clone_result *result = (struct process_clone_result *)arguments[4];
    struct fake_object *parent = fake_need(arguments[0], OBJECT_PROCESS);
    (void)fake_need(arguments[1], OBJECT_REPLY);
    (void)fake_need(arguments[2], OBJECT_ACCOUNT);
    result->process = fake_make(OBJECT_PROCESS, 0);
    result->thread = fake_make(OBJECT_THREAD, 0);
    result->reply = fake_make(OBJECT_REPLY, 0);
    struct fake_object *child = fake_need(result->process, OBJECT_PROCESS);
    fake_copy_handles(parent, child);
    list_for_each (&parent->mappings, node) {
        const struct fake_mapping *mapping = container_of(node, struct fake_mapping, link);
        fake_map(child, mapping->memory, mapping->start, mapping->size);
    }
    return 0;
}

static int64_t end_process(const uint64_t *arguments)
{
    struct fake_object *process = fake_need(arguments[0], OBJECT_PROCESS);
    if (process == fake_server) {
        fake_end_code = arguments[1];
        longjmp(fake_ended, 1);
    }
    process->ended = true;
    if (!process->keeps_handles)
        fake_close_all(process);
    return 0;
}

static int64_t give(const uint64_t *arguments)
{
    struct fake_object *process = fake_need(arguments[0], OBJECT_PROCESS);
    struct fake_object *object = fake_need(arguments[1], OBJECT_ANY);
    if (process->ended)
        return status_to_result(STATUS_DEAD);
    return (int64_t)fake_insert(process, object, HANDLE_NONE, (uint32_t)arguments[3]);
}

/* The server's own memory is where it says it is, that of others only a note. */
static int64_t map(const uint64_t *arguments)
{
    struct fake_object *process = fake_need(arguments[0], OBJECT_PROCESS);
    struct fake_object *memory =
        arguments[1] == HANDLE_NONE ? NULL : fake_need(arguments[1], OBJECT_MEMORY);
    uint64_t address = arguments[3], size = arguments[4];
    if (process == fake_server && memory == NULL)
        address = (uint64_t)fake_pages(size);
    else if (process == fake_server)
        address = (uint64_t)memory->bytes + arguments[2];
    else if (address == 0) {
        address = process->next_address;
        process->next_address += (size + 0xfff) & ~UINT64_C(0xfff);
    }
    fake_map(process, memory, address, size);
    return (int64_t)address;
}

static int64_t unmap(const uint64_t *arguments)
{
    fake_unmap(fake_need(arguments[0], OBJECT_PROCESS), arguments[1], arguments[2]);
    return 0;
}

static int64_t observe(const uint64_t *arguments)
{
    struct fake_object *object = fake_need(arguments[1], OBJECT_ANY);
    const struct fake_object *queue = fake_need(arguments[0], OBJECT_ANY);
    list_for_each (&object->observations, node) {
        const struct fake_observation *other = container_of(node, struct fake_observation, link);
        if (other->queue == queue && other->key == arguments[3])
            return 0;
    }
    struct fake_observation *observation = calloc(1, sizeof(*observation));
    *observation = (struct fake_observation){.queue = queue, .key = arguments[3]};
    list_push_back(&object->observations, &observation->link);
    return 0;
}

static int64_t copy_handle(const uint64_t *arguments)
{
    return (int64_t)fake_insert(fake_server, fake_need(arguments[0], OBJECT_ANY), HANDLE_NONE,
                                (uint32_t)arguments[2]);
}

static int64_t write_stream(const uint64_t *arguments)
{
    struct fake_object *stream = fake_need(arguments[0], OBJECT_STREAM);
    if ((arguments[3] & STREAM_HANDLES) != 0) {
        for (uint64_t i = 0; i < ipc_frame()->handle_count; i++) {
            struct fake_handle *moved = fake_find(fake_server, ipc_frame()->handles[i].handle);
            (void)fake_insert(fake_client, moved->object, HANDLE_NONE, 0);
            fake_close(moved);
        }
    }
    stream->written += stream->has_messages ? 1 : arguments[2];
    return (int64_t)arguments[2];
}

static int64_t write_memory(const uint64_t *arguments)
{
    struct fake_object *memory = fake_need(arguments[0], OBJECT_MEMORY);
    if (arguments[1] > memory->size || arguments[3] > memory->size - arguments[1])
        return status_to_result(STATUS_OUT_OF_RANGE);
    memcpy(memory->bytes + arguments[1], (const void *)arguments[2], arguments[3]);
    return (int64_t)arguments[3];
}

static int64_t create_memory(const uint64_t *arguments)
{
    (void)fake_need(arguments[0], OBJECT_ACCOUNT);
    return (int64_t)fake_make(OBJECT_MEMORY, arguments[1]);
}

static int64_t create_thread(const uint64_t *arguments)
{
    const struct thread_start *start = (const struct thread_start *)arguments[1];
    (void)fake_need(arguments[0], OBJECT_PROCESS);
    handle_t thread = fake_make(OBJECT_THREAD, 0);
    fake_need(thread, OBJECT_THREAD)->suspended = (start->flags & THREAD_SUSPENDED) != 0;
    return (int64_t)thread;
}

/* Calls for which the kernel keeps something. */
static int64_t call_that_may_fail(uint64_t number, const uint64_t *arguments)
{
    switch (number) {
    case CALL_HANDLE_COPY:
        return copy_handle(arguments);
    case CALL_ENDPOINT_CREATE:
        return create(OBJECT_ENDPOINT);
    case CALL_SESSION_CREATE:
        return create_session(arguments);
    case CALL_REPLY_TAKE:
        return create(OBJECT_REPLY);
    case CALL_MEMORY_CREATE:
        return create_memory(arguments);
    case CALL_MEMORY_WRITE:
        return write_memory(arguments);
    case CALL_MAP:
        return map(arguments);
    case CALL_PROCESS_CREATE:
        return create_process(arguments);
    case CALL_PROCESS_CLONE:
        return clone_process(arguments);
    case CALL_PROCESS_GIVE:
        return give(arguments);
    case CALL_PROCESS_WRITE:
        return (int64_t)arguments[3];
    case CALL_THREAD_CREATE:
        return create_thread(arguments);
    case CALL_EVENT_CREATE:
        return create(OBJECT_EVENT);
    case CALL_PORT_CREATE:
        return create(OBJECT_PORT);
    case CALL_OBSERVE:
        return observe(arguments);
    case CALL_STREAM_CREATE:
        return create_stream(arguments);
    case CALL_STREAM_WRITE:
        return write_stream(arguments);
    case CALL_ACCOUNT_CREATE:
        return create(OBJECT_ACCOUNT);
    default:
        (void)fprintf(stderr, "call %lu is not faked\n",
                      (unsigned long)(number - NATIVE_CALL_BASE));
        abort();
    }
}

static int64_t close_handle(const uint64_t *arguments)
{
    struct fake_handle *handle = fake_find(fake_server, arguments[0]);
    if (handle == NULL)
        return status_to_result(STATUS_BAD_HANDLE);
    fake_close(handle);
    return 0;
}

static int64_t inspect_memory(const uint64_t *arguments)
{
    *(struct memory_information *)arguments[1] =
        (struct memory_information){.size = fake_need(arguments[0], OBJECT_MEMORY)->size};
    return 0;
}

static int64_t read_memory(const uint64_t *arguments)
{
    const struct fake_object *memory = fake_need(arguments[0], OBJECT_MEMORY);
    if (arguments[1] > memory->size)
        return status_to_result(STATUS_OUT_OF_RANGE);
    uint64_t left = memory->size - arguments[1];
    uint64_t length = arguments[3] < left ? arguments[3] : left;
    memcpy((void *)arguments[2], memory->bytes + arguments[1], length);
    return (int64_t)length;
}

static int64_t inspect_stream(const uint64_t *arguments)
{
    const struct fake_object *stream = fake_need(arguments[0], OBJECT_STREAM);
    *(struct stream_information *)arguments[1] = (struct stream_information){
        .capacity = STREAM_CAPACITY, .written = stream->written, .read = stream->read};
    return 0;
}

static int64_t unobserve(const uint64_t *arguments)
{
    const struct fake_object *queue = fake_need(arguments[0], OBJECT_ANY);
    list_for_each_safe (&fake_server->handles, node) {
        struct fake_object *object = container_of(node, struct fake_handle, link)->object;
        list_for_each_safe (&object->observations, other) {
            struct fake_observation *observation =
                container_of(other, struct fake_observation, link);
            if (observation->queue != queue || observation->key != arguments[1])
                continue;
            list_remove(&observation->link);
            free(observation);
        }
    }
    return 0;
}

static int64_t inspect_machine(const uint64_t *arguments)
{
    *(struct machine_information *)arguments[1] =
        (struct machine_information){.pages_total = 1 << 20, .pages_free = 1 << 20};
    return 0;
}

int64_t fake_native_call(uint64_t number, const uint64_t *arguments)
{
    switch (number) {
    case CALL_HANDLE_CLOSE:
        return close_handle(arguments);
    case CALL_MEMORY_INSPECT:
        return inspect_memory(arguments);
    case CALL_MEMORY_READ:
        return read_memory(arguments);
    case CALL_STREAM_READ:
        return status_to_result(STATUS_WOULD_BLOCK);
    case CALL_STREAM_INSPECT:
        return inspect_stream(arguments);
    case CALL_UNMAP:
        return unmap(arguments);
    case CALL_PROCESS_END:
        return end_process(arguments);
    case CALL_UNOBSERVE:
        return unobserve(arguments);
    case CALL_MACHINE_INSPECT:
        return inspect_machine(arguments);
    case CALL_THREAD_RESUME:
        fake_need(arguments[0], OBJECT_THREAD)->suspended--;
        return 0;
    case CALL_THREAD_READ_REGISTERS:
    case CALL_THREAD_INSPECT:
    case CALL_THREAD_INTERRUPT:
    case CALL_THREAD_KILL:
    case CALL_THREAD_SET_PRIORITY:
    case CALL_PROCESS_INSPECT:
    case CALL_PROCESS_SUSPEND:
    case CALL_PROCESS_RESUME:
    case CALL_EVENT_SIGNAL:
    case CALL_MEMORY_DISCARD:
        (void)fake_need(arguments[0], OBJECT_ANY);
        return 0;
    case CALL_SESSION_BADGE:
        return session_badge(arguments);
    case CALL_CLOCK_READ:
    case CALL_LOG_WRITE:
    case CALL_CPU_INSPECT:
        return 0;
    default:
        return fake_refuses() ? NO_MEMORY : call_that_may_fail(number, arguments);
    }
}

/* To the client: all of it or nothing. */
static int64_t deliver(const struct message *message)
{
    unsigned count = message_handle_count(message->information);
    if (count > 0 && fake_refuses())
        return NO_MEMORY;
    for (unsigned i = 0; i < count; i++) {
        const struct message_handle *sent = &ipc_frame()->handles[i];
        struct fake_object *object = fake_need(sent->handle, OBJECT_ANY);
        (void)fake_insert(fake_client, object, HANDLE_NONE, 0);
        if ((sent->flags & MESSAGE_HANDLE_MOVE) != 0)
            fake_close(fake_find(fake_server, sent->handle));
    }
    fake_replies[fake_reply_count++ % 4] = *message;
    return 0;
}

static int64_t next_request(struct message *message)
{
    if (fake_take_closed(&message->badge))
        return RECEIVED_CLOSED;
    return fake_next(message);
}

int64_t fake_message_call(uint64_t number, handle_t handle, struct message *message)
{
    int64_t result = 0;

    switch (number) {
    case CALL_IPC_CALL:
        (void)fake_need(handle, OBJECT_SESSION);
        return fake_refuses() ? status_to_result(STATUS_NO_MEMORY) : fake_serve(handle, message);
    case CALL_IPC_REPLY:
        (void)fake_need(handle, OBJECT_REPLY);
        fake_replies[fake_reply_count++ % 4] = *message;
        fake_close(fake_find(fake_server, handle));
        return 0;
    case CALL_IPC_REPLY_AND_WAIT:
        result = deliver(message);
        return result < 0 ? result : next_request(message);
    case CALL_IPC_RECEIVE:
        return next_request(message);
    default:
        abort();
    }
}
