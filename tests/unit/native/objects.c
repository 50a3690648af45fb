/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <base/heap.h>
#include <trellis/frame.h>

#define CLOSED_MAX 64
#define FIRST_ADDRESS UINT64_C(0x10000000)

struct fake_object *fake_server, *fake_client;

static struct list objects;
static uint64_t next_token, pieces;
static unsigned fail_after;
static uint64_t closed[CLOSED_MAX];
static unsigned closed_count;

static _Noreturn void give_up(const char *what, uint64_t number)
{
    (void)fprintf(stderr, "%s %#lx\n", what, (unsigned long)number);
    abort();
}

struct fake_object *fake_create(enum object_type type)
{
    struct fake_object *object = calloc(1, sizeof(*object));
    *object = (struct fake_object){.type = type, .next_address = FIRST_ADDRESS};
    list_init(&object->observations);
    list_init(&object->handles);
    list_init(&object->mappings);
    list_push_back(&objects, &object->link);
    return object;
}

void *fake_pages(uint64_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                0);
}

void fake_acquire(struct fake_object *object)
{
    object->references++;
}

static void drop_mapping(struct fake_mapping *mapping)
{
    list_remove(&mapping->link);
    if (mapping->memory != NULL)
        fake_release(mapping->memory);
    free(mapping);
}

static void destroy(struct fake_object *object)
{
    fake_close_all(object);
    list_for_each_safe (&object->mappings, node)
        drop_mapping(container_of(node, struct fake_mapping, link));
    list_for_each_safe (&object->observations, node)
        free(container_of(node, struct fake_observation, link));
    if (object->type == OBJECT_SESSION && closed_count < CLOSED_MAX)
        closed[closed_count++] = object->badge;
    if (object->bytes != NULL)
        (void)munmap(object->bytes, object->size);
    list_remove(&object->link);
    free(object);
}

void fake_release(struct fake_object *object)
{
    if (--object->references == 0)
        destroy(object);
}

bool fake_take_closed(uint64_t *badge)
{
    if (closed_count == 0)
        return false;
    *badge = closed[--closed_count];
    return true;
}

handle_t fake_insert(struct fake_object *process, struct fake_object *object, handle_t token,
                     uint32_t flags)
{
    struct fake_handle *handle = calloc(1, sizeof(*handle));
    *handle = (struct fake_handle){
        .token = token != HANDLE_NONE ? token : ++next_token, .object = object, .flags = flags};
    fake_acquire(object);
    list_push_back(&process->handles, &handle->link);
    return handle->token;
}

struct fake_handle *fake_find(const struct fake_object *process, handle_t token)
{
    list_for_each (&process->handles, node) {
        struct fake_handle *handle = container_of(node, struct fake_handle, link);
        if (handle->token == token)
            return handle;
    }
    return NULL;
}

struct fake_object *fake_need(handle_t token, enum object_type type)
{
    const struct fake_handle *handle = fake_find(fake_server, token);
    if (handle == NULL)
        give_up("a call on what is no handle:", token);
    if (type != OBJECT_ANY && handle->object->type != type)
        give_up("a call on a handle of another type:", token);
    return handle->object;
}

void fake_close(struct fake_handle *handle)
{
    struct fake_object *object = handle->object;
    list_remove(&handle->link);
    free(handle);
    fake_release(object);
}

void fake_close_all(struct fake_object *process)
{
    for (struct list_node *node; (node = list_first(&process->handles)) != NULL;)
        fake_close(container_of(node, struct fake_handle, link));
}

void fake_copy_handles(const struct fake_object *from, struct fake_object *to)
{
    list_for_each (&from->handles, node) {
        const struct fake_handle *handle = container_of(node, struct fake_handle, link);
        if ((handle->flags & HANDLE_NOT_CLONED) == 0)
            (void)fake_insert(to, handle->object, handle->token, handle->flags);
    }
}

void fake_map(struct fake_object *process, struct fake_object *memory, uint64_t start,
              uint64_t size)
{
    struct fake_mapping *mapping = calloc(1, sizeof(*mapping));
    *mapping = (struct fake_mapping){.start = start, .size = size, .memory = memory};
    if (memory != NULL)
        fake_acquire(memory);
    list_push_back(&process->mappings, &mapping->link);
}

void fake_unmap(struct fake_object *process, uint64_t start, uint64_t size)
{
    list_for_each_safe (&process->mappings, node) {
        struct fake_mapping *mapping = container_of(node, struct fake_mapping, link);
        if (mapping->start >= start && mapping->start + mapping->size <= start + size)
            drop_mapping(mapping);
    }
}

void fake_fail_after(unsigned n)
{
    fail_after = n;
}

bool fake_still_to_fail(void)
{
    return fail_after != 0;
}

bool fake_refuses(void)
{
    return fail_after != 0 && --fail_after == 0;
}

void *allocate(size_t size)
{
    if (fake_refuses())
        return NULL;
    pieces++;
    return malloc(size == 0 ? 1 : size);
}

void *allocate_zeroed(size_t count, size_t size)
{
    void *piece = allocate(count * size);
    return piece == NULL ? NULL : memset(piece, 0, count * size);
}

void *reallocate(void *piece, size_t size)
{
    if (fake_refuses())
        return NULL;
    pieces += piece == NULL;
    return realloc(piece, size);
}

void release(void *piece)
{
    pieces -= piece != NULL;
    free(piece);
}

static uint64_t length_of(const struct list *list)
{
    uint64_t length = 0;
    list_for_each (list, node)
        length++;
    return length;
}

struct fake_use fake_use(void)
{
    struct fake_use use = {.pieces = pieces};
    list_for_each (&objects, node) {
        const struct fake_object *object = container_of(node, struct fake_object, link);
        use.objects++;
        use.handles += length_of(&object->handles);
        use.mappings += object == fake_server ? 0 : length_of(&object->mappings);
        use.observations += length_of(&object->observations);
    }
    return use;
}

handle_t fake_self(void)
{
    return fake_insert(fake_server, fake_server, HANDLE_NONE, 0);
}

handle_t fake_make(enum object_type type, uint64_t size)
{
    struct fake_object *object = fake_create(type);
    object->size = size;
    if (type == OBJECT_MEMORY)
        object->bytes = fake_pages(size);
    return fake_insert(fake_server, object, HANDLE_NONE, 0);
}

void *fake_bytes(handle_t memory)
{
    return fake_need(memory, OBJECT_MEMORY)->bytes;
}

unsigned fake_references(handle_t handle)
{
    const struct fake_handle *found = fake_find(fake_server, handle);
    return found == NULL ? 0 : found->object->references;
}

const void *fake_object(handle_t process, handle_t token)
{
    const struct fake_handle *found = fake_find(fake_need(process, OBJECT_PROCESS), token);
    return found == NULL ? NULL : found->object;
}

const void *fake_own_object(handle_t handle)
{
    return fake_need(handle, OBJECT_ANY);
}

void fake_close_of(handle_t process, handle_t token)
{
    struct fake_handle *found = fake_find(fake_need(process, OBJECT_PROCESS), token);
    if (found != NULL)
        fake_close(found);
}

int fake_suspended(handle_t thread)
{
    return fake_need(thread, OBJECT_THREAD)->suspended;
}

handle_t fake_client_sends(uint64_t badge)
{
    list_for_each (&fake_client->handles, node) {
        struct fake_object *object = container_of(node, struct fake_handle, link)->object;
        if (object->type == OBJECT_SESSION && object->badge == badge)
            return fake_insert(fake_server, object, HANDLE_NONE, 0);
    }
    give_up("the client has no session with badge", badge);
}

void fake_client_closes(void)
{
    fake_close_all(fake_client);
}

void fake_begin(void)
{
    void *frame = mmap((void *)FRAME_BASE, FRAME_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (frame != (void *)FRAME_BASE)
        give_up("no frame can be mapped at", FRAME_BASE);
    list_init(&objects);
    next_token = pieces = 0;
    closed_count = fail_after = 0;
    fake_server = fake_create(OBJECT_PROCESS);
    fake_client = fake_create(OBJECT_PROCESS);
    fake_acquire(fake_server);
    fake_acquire(fake_client);
}
