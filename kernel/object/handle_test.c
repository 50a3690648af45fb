/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Handle tables, derivation and revocation. */
#include "machine_fake.h"

#include <kernel/call_arguments.h>
#include <kernel/event.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MANY 300 /* more than the first chunks of a table hold */

static struct thread *self;
static struct handle_table *table;
static handle_t event;

static int setup(void **state)
{
    machine_setup(state);
    self = machine_program(PRIORITY_NORMAL);
    table = &self->process->handles;
    const struct event_create_arguments arguments = {.account = machine_account};
    event = (handle_t)call_event_create(self, &arguments);
    return 0;
}

static int teardown(void **state)
{
    thread_end(self, 0);
    return machine_teardown(state);
}

static enum status resolve(handle_t token, enum object_type type, uint32_t rights)
{
    struct handle_view view;
    return handle_resolve(table, token, type, rights, &view);
}

static handle_t copy(handle_t token, uint32_t rights)
{
    const struct handle_copy_arguments arguments = {.handle = token, .rights = rights};
    return (handle_t)call_handle_copy(self, &arguments);
}

static handle_t derive(handle_t token, uint32_t rights)
{
    const struct handle_derive_arguments arguments = {.handle = token, .rights = rights};
    return (handle_t)call_handle_derive(self, &arguments);
}

static int64_t revoke(handle_t token)
{
    const struct handle_revoke_arguments arguments = {.handle = token};
    int64_t result;
    do
        result = call_handle_revoke(self, &arguments);
    while (result == status_to_result(STATUS_RESTART));
    return result;
}

static void close_handle(handle_t token)
{
    assert_int_equal(handle_close(table, token), STATUS_OK);
}

static void what_resolving_says(void **state)
{
    (void)state;
    handle_t weak = copy(event, RIGHT_WAIT);
    assert_int_equal(resolve(event, OBJECT_EVENT, RIGHT_ALL), STATUS_OK);
    assert_int_equal(resolve(event, OBJECT_ANY, 0), STATUS_OK);
    assert_int_equal(resolve(event, OBJECT_PORT, 0), STATUS_WRONG_TYPE);
    assert_int_equal(resolve(weak, OBJECT_EVENT, RIGHT_READ), STATUS_NO_RIGHT);
    assert_int_equal(resolve(0, OBJECT_ANY, 0), STATUS_BAD_HANDLE);
    assert_int_equal(resolve(event + (UINT64_C(1) << 20), OBJECT_ANY, 0), STATUS_BAD_HANDLE);
    assert_int_equal(resolve(event + 1000, OBJECT_ANY, 0), STATUS_BAD_HANDLE);
    assert_int_equal(resolve(UINT64_MAX, OBJECT_ANY, 0), STATUS_BAD_HANDLE);
}

static void what_is_remembered_ends_with_a_closing(void **state)
{
    (void)state;
    struct handle_memory memory = {.token = HANDLE_NONE};
    struct object *object = machine_object(self, event);
    handle_t weak = copy(event, RIGHT_WAIT);
    assert_null(handle_recall(table, HANDLE_NONE, OBJECT_EVENT, 0, &memory));
    assert_null(handle_recall(table, event, OBJECT_PORT, 0, &memory));
    assert_null(handle_recall(table, weak, OBJECT_EVENT, RIGHT_READ, &memory));
    assert_ptr_equal(handle_recall(table, event, OBJECT_EVENT, RIGHT_ALL, &memory), object);
    close_handle(weak);
    assert_ptr_equal(handle_recall(table, event, OBJECT_EVENT, RIGHT_ALL, &memory), object);
    assert_null(handle_recall(table, weak, OBJECT_EVENT, RIGHT_ALL, &memory));
    assert_ptr_equal(handle_recall(table, event, OBJECT_EVENT, RIGHT_ALL, &memory), object);
    close_handle(event);
    assert_null(handle_recall(table, event, OBJECT_EVENT, RIGHT_ALL, &memory));
}

static void a_stale_token_stays_stale(void **state)
{
    (void)state;
    handle_t first = copy(event, RIGHT_SAME);
    close_handle(first);
    handle_t second = copy(event, RIGHT_SAME);
    assert_int_equal(first & HANDLE_SLOT_MASK, second & HANDLE_SLOT_MASK);
    assert_int_not_equal(first, second);
    assert_true((int64_t)second > 0);
    assert_int_equal(resolve(first, OBJECT_ANY, 0), STATUS_BAD_HANDLE);
    assert_int_equal(handle_close(table, first), STATUS_BAD_HANDLE);
}

static void rights_only_shrink(void **state)
{
    struct handle_view view;
    (void)state;
    handle_t weak = copy(event, RIGHT_COPY | RIGHT_WAIT);
    handle_t weaker = copy(weak, RIGHT_ALL);
    assert_int_equal(handle_resolve(table, weaker, OBJECT_ANY, 0, &view), STATUS_OK);
    assert_int_equal(view.rights, RIGHT_COPY | RIGHT_WAIT);
    assert_int_equal(copy(event, 1u << 20), status_to_result(STATUS_INVALID));
    assert_int_equal(copy(copy(event, RIGHT_WAIT), RIGHT_SAME), status_to_result(STATUS_NO_RIGHT));
}

static void many_handles_and_their_limit(void **state)
{
    static handle_t tokens[MANY];
    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        tokens[i] = copy(event, RIGHT_SAME);
    atomic_store(&machine_account->limit[ALLOW_HANDLES], table->count);
    assert_int_equal(copy(event, RIGHT_SAME), status_to_result(STATUS_LIMIT));
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(resolve(tokens[i], OBJECT_EVENT, 0), STATUS_OK);
        close_handle(tokens[i]);
    }
    assert_int_equal(table->count, 1);
}

static void revocation_reaches_what_was_derived_and_no_more(void **state)
{
    (void)state;
    handle_t child = derive(event, RIGHT_SAME);
    handle_t sibling = derive(event, RIGHT_SAME);
    handle_t grandchild = derive(child, RIGHT_SAME);
    handle_t copied = copy(grandchild, RIGHT_SAME);
    assert_int_equal(revoke(child), 0);
    assert_int_equal(resolve(child, OBJECT_ANY, 0), STATUS_OK);
    assert_int_equal(resolve(sibling, OBJECT_ANY, 0), STATUS_OK);
    assert_int_equal(resolve(grandchild, OBJECT_ANY, 0), STATUS_REVOKED);
    assert_int_equal(resolve(copied, OBJECT_ANY, 0), STATUS_REVOKED);
    assert_int_equal(derive(grandchild, RIGHT_SAME), status_to_result(STATUS_REVOKED));
    close_handle(grandchild);
    assert_int_equal(revoke(event), 0);
    assert_int_equal(resolve(child, OBJECT_ANY, 0), STATUS_REVOKED);
    assert_int_equal(resolve(sibling, OBJECT_ANY, 0), STATUS_REVOKED);
    assert_int_equal(resolve(event, OBJECT_ANY, 0), STATUS_OK);
}

/* Every second handle of a chain is closed: its place in the tree stays while there are children. */
static void long_chains_are_revoked_in_steps(void **state)
{
    static handle_t tokens[MANY];
    (void)state;
    handle_t last = event;
    for (unsigned i = 0; i < MANY; i++)
        tokens[i] = last = derive(last, RIGHT_SAME);
    for (unsigned i = 0; i < MANY - 1; i += 2)
        close_handle(tokens[i]);
    const struct handle_revoke_arguments arguments = {.handle = event};
    assert_int_equal(call_handle_revoke(self, &arguments), status_to_result(STATUS_RESTART));
    assert_int_equal(revoke(event), 0);
    for (unsigned i = 1; i < MANY; i += 2)
        assert_int_equal(resolve(tokens[i], OBJECT_ANY, 0), STATUS_REVOKED);
}

static void derived_handles_are_charged(void **state)
{
    (void)state;
    uint64_t before = atomic_load(&machine_account->small_bytes);
    handle_t last = event, next;
    for (unsigned i = 0; i < 10; i++, last = next) {
        next = derive(last, RIGHT_SAME);
        if (last != event)
            close_handle(last);
    }
    assert_true(atomic_load(&machine_account->small_bytes) >=
                before + 10 * sizeof(struct derivation));
}

static void a_clone_has_the_same_tokens(void **state)
{
    struct handle_view view;
    (void)state;
    const struct handle_mark_arguments marked = {.handle = copy(event, RIGHT_SAME),
                                                 .flags = HANDLE_NOT_CLONED};
    handle_t last = copy(event, RIGHT_WAIT);
    assert_int_equal(call_handle_mark(self, &marked), 0);
    struct process *process = machine_process();
    struct handle_table *other = &process->handles;
    assert_int_equal(handle_table_clone(table, other), STATUS_OK);
    assert_int_equal(handle_resolve(other, event, OBJECT_EVENT, RIGHT_ALL, &view), STATUS_OK);
    assert_int_equal(handle_resolve(other, last, OBJECT_EVENT, RIGHT_WAIT, &view), STATUS_OK);
    assert_int_equal(handle_resolve(other, marked.handle, OBJECT_ANY, 0, &view), STATUS_BAD_HANDLE);
    assert_int_equal(other->count, 2);
    object_release(&process->object);
}

static void a_drained_table_takes_no_more(void **state)
{
    handle_t token;
    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        copy(event, RIGHT_SAME);
    struct object *object = machine_object(self, event);
    object_acquire(object);
    assert_false(handle_table_drain(table, MANY / 2));
    assert_int_equal(handle_create(table, object, RIGHT_ALL, &token), STATUS_DEAD);
    assert_true(handle_table_drain(table, MANY));
    assert_int_equal(table->count, 0);
    object_release(object);
}

/* Its owner had none when it ended, and is just being sent one. */
static void a_table_that_was_empty_takes_none_once_it_is_drained(void **state)
{
    (void)state;
    struct process *process = machine_process();
    struct object *object = machine_object(self, event);
    handle_t token;
    assert_true(handle_table_drain(&process->handles, 1));
    assert_int_equal(handle_create(&process->handles, object, RIGHT_ALL, &token), STATUS_DEAD);
    object_release(&process->object);
}

static void running_out_of_memory_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        uint32_t count = table->count;
        page_fail_after(n);
        int64_t derived = (int64_t)derive(event, RIGHT_SAME);
        page_fail_after(0);
        if (derived >= 0)
            break;
        assert_int_equal(derived, status_to_result(STATUS_NO_MEMORY));
        assert_int_equal(table->count, count);
    }
    while (table->used_slots < 64)
        copy(event, RIGHT_SAME); /* the next one needs a new chunk */
    page_fail_after(1);
    assert_int_equal(copy(event, RIGHT_SAME), status_to_result(STATUS_NO_MEMORY));
    page_fail_after(0);
    assert_int_equal(resolve(copy(event, RIGHT_SAME), OBJECT_EVENT, 0), STATUS_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    host_memory_init(2 * TEST_PAGES);
    const struct CMUnitTest tests[] = {
        TEST(what_resolving_says),
        TEST(what_is_remembered_ends_with_a_closing),
        TEST(a_stale_token_stays_stale),
        TEST(rights_only_shrink),
        TEST(many_handles_and_their_limit),
        TEST(revocation_reaches_what_was_derived_and_no_more),
        TEST(long_chains_are_revoked_in_steps),
        TEST(derived_handles_are_charged),
        TEST(a_clone_has_the_same_tokens),
        TEST(a_drained_table_takes_no_more),
        TEST(a_table_that_was_empty_takes_none_once_it_is_drained),
        TEST(running_out_of_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
