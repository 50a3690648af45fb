/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "waits_fake.h"

#include <kernel/copy.h>
#include <kernel/event.h>
#include <kernel/port.h>
#include <kernel/scheduler.h>
#include <kernel/stream.h>
#include <kernel/time.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 64

const struct object_operations object_operations[OBJECT_TYPE_COUNT] = {
    [OBJECT_ACCOUNT] = {.cache = &SLAB_CACHE("account", struct account),
                        .destroy = account_destroy},
    [OBJECT_EVENT] = {.cache = &SLAB_CACHE("event", struct event),
                      .destroy = event_destroy,
                      .unreachable = event_unreachable},
    [OBJECT_PORT] = {.cache = &SLAB_CACHE("port", struct port),
                     .destroy = port_destroy,
                     .unreachable = port_unreachable},
    [OBJECT_STREAM] = {.cache = &SLAB_CACHE("stream", struct stream),
                       .destroy = stream_destroy,
                       .opened = stream_opened,
                       .closed = stream_closed},
};

struct process fake_process;
struct account *fake_account;
uint64_t fake_bad_address;
enum status fake_bad_status;
uint32_t fake_handles_left;
uint64_t fake_shared;

static struct fake_slot {
    handle_t token;
    struct handle_view view;
} slots[SLOTS];
static handle_t last_token;

int fake_setup(void **state)
{
    (void)state;
    fake_account = test_account_create(TEST_PAGES);
    fake_process.account = fake_account;
    fake_bad_address = 0;
    fake_bad_status = STATUS_BAD_ADDRESS;
    fake_handles_left = SLOTS;
    return 0;
}

int fake_teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slots[i].token != 0)
            fake_close((int64_t)slots[i].token);
    }
    test_account_end(fake_account);
    return 0;
}

struct thread *fake_thread_create(void)
{
    struct thread *thread = calloc(1, sizeof(*thread));
    thread->frame = calloc(1, FRAME_SIZE);
    thread->process = &fake_process;
    thread->object.account = fake_account;
    return thread;
}

void fake_thread_free(struct thread *thread)
{
    free(thread->frame);
    free(thread);
}

bool fake_thread_waits(const struct thread *thread)
{
    uint32_t state = atomic_load(&thread->wait_state);
    return state == WAIT_STATE_WAITING || state == WAIT_STATE_INTERRUPTIBLE;
}

enum status thread_begin_wait(struct thread *thread, uint64_t deadline)
{
    if (thread_needs(thread, ATTENTION_MARKED))
        return STATUS_INTERRUPTED;
    if (deadline <= time_now())
        return STATUS_TIMED_OUT;
    thread->wait_state = WAIT_STATE_WAITING;
    return STATUS_OK;
}

void thread_finish_wait(struct thread *thread, int64_t result)
{
    thread->wait_state = WAIT_STATE_NONE;
    if (result == status_to_result(STATUS_RESTART))
        arch_call_rewind(thread);
    else
        arch_call_set_result(thread, result);
}

void thread_abort_wait(struct thread *thread, enum status why)
{
    thread->wait.cancel(thread);
    thread_finish_wait(thread, status_to_result(why));
}

bool thread_cancel_wait(struct thread *thread, enum status why)
{
    if (!thread_claim_wait(thread))
        return false;
    thread_abort_wait(thread, why);
    return true;
}

static struct fake_slot *find(handle_t token)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        if (slots[i].token == token)
            return &slots[i];
    }
    return NULL;
}

struct object *fake_object(int64_t token)
{
    return find((handle_t)token)->view.object;
}

uint32_t fake_handle_count(void)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < SLOTS; i++)
        count += slots[i].token != 0;
    return count;
}

void fake_close(int64_t token)
{
    enum status status = handle_close(&fake_process.handles, (handle_t)token);
    assert(status == STATUS_OK);
}

enum status handle_resolve(const struct handle_table *table, handle_t token, enum object_type type,
                           uint32_t rights, struct handle_view *view)
{
    struct fake_slot *slot = token != 0 ? find(token) : NULL;
    (void)table;
    if (slot == NULL)
        return STATUS_BAD_HANDLE;
    if (type != OBJECT_ANY && slot->view.object->type != type)
        return STATUS_WRONG_TYPE;
    if ((slot->view.rights & rights) != rights)
        return STATUS_NO_RIGHT;
    *view = slot->view;
    return STATUS_OK;
}

bool handle_view_hold(const struct handle_view *view)
{
    struct object *object = view->object;
    object_acquire(object);
    object->handles++;
    if (object_operations[object->type].opened != NULL)
        object_operations[object->type].opened(object, view->rights);
    return true;
}

void handle_view_drop(const struct handle_view *view)
{
    struct object *object = view->object;
    const struct object_operations *operations = &object_operations[object->type];
    if (operations->closed != NULL)
        operations->closed(object, view->rights);
    if (--object->handles == 0 && operations->unreachable != NULL)
        operations->unreachable(object);
    object_release(object);
}

enum status handle_insert(struct handle_table *table, const struct handle_view *view,
                          handle_t *token)
{
    struct fake_slot *slot = find(0);
    (void)table;
    if (fake_handles_left == 0 || slot == NULL)
        return STATUS_LIMIT;
    fake_handles_left--;
    if (!handle_view_hold(view))
        return STATUS_BAD_HANDLE;
    slot->token = *token = ++last_token;
    slot->view = *view;
    return STATUS_OK;
}

enum status handle_create(struct handle_table *table, struct object *object, uint32_t rights,
                          handle_t *token)
{
    const struct handle_view view = {object, &object->root, rights, 0};
    return handle_insert(table, &view, token);
}

enum status handle_close(struct handle_table *table, handle_t token)
{
    struct fake_slot *slot = find(token);
    (void)table;
    if (slot == NULL)
        return STATUS_BAD_HANDLE;
    slot->token = 0;
    fake_handles_left++;
    handle_view_drop(&slot->view);
    return STATUS_OK;
}

void derivation_release(struct derivation *derivation)
{
    assert(derivation->references > 0);
    derivation->references--;
}

uint64_t time_to_ticks(uint64_t nanoseconds)
{
    return nanoseconds;
}

void scheduler_tick(void)
{
}

/* Words at fake_shared are one object's in all processes, others the space's own. */
enum status space_address_key(struct space *space, uint64_t address, bool shared, uint64_t *object,
                              uint64_t *offset)
{
    bool is_shared = shared && address - fake_shared < PAGE_SIZE;
    *object = is_shared ? 1 : (uint64_t)space;
    *offset = is_shared ? address - fake_shared : address;
    return address == fake_bad_address ? STATUS_BAD_ADDRESS : STATUS_OK;
}

static enum status check(uint64_t address, size_t length)
{
    bool bad = fake_bad_address - address < length;
    return bad ? fake_bad_status : copy_check_range(address, length);
}

enum status copy_in(void *to, uint64_t from, size_t length)
{
    enum status status = check(from, length);
    if (status == STATUS_OK && length != 0)
        memcpy(to, (const void *)from, length);
    return status;
}

enum status copy_out(uint64_t to, const void *from, size_t length)
{
    enum status status = check(to, length);
    if (status == STATUS_OK && length != 0)
        memcpy((void *)to, from, length);
    return status;
}

enum status copy_prepare_out(uint64_t to, size_t length)
{
    return check(to, length);
}
