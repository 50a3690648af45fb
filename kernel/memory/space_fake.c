/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "space_fake.h"

const struct object_operations object_operations[OBJECT_TYPE_COUNT] = {
    [OBJECT_ACCOUNT] = {.cache = &SLAB_CACHE("account", struct account),
                        .destroy = account_destroy},
    [OBJECT_MEMORY] = {.cache = &SLAB_CACHE("memory", struct memory), .destroy = memory_destroy},
};

#define GRACE_PERIODS_MAX 10000 /* more than any test's objects take to go */

struct account *account;
struct space space;

int space_setup(void **state)
{
    account = test_account_create(TEST_PAGES);
    enum status status = space_init(&space, account);
    assert(status == STATUS_OK);
    cpu_current()->arch.space = &space;
    return 0;
}

bool put_byte(uint64_t address, char byte)
{
    return arch_copy_to_user(address, &byte, 1) == 0;
}

int get_byte(uint64_t address)
{
    char byte;
    return arch_copy_from_user(&byte, address, 1) == 0 ? byte : -1;
}

enum status clone_space(struct space *to)
{
    enum status status = space_clone_begin(&space, to, &account->object);
    while (status == STATUS_OK && (status = space_clone_step(&space, to)) == STATUS_RESTART)
        status = STATUS_OK;
    space_clone_abandon(&space, to);
    return status;
}

void end_space(struct space *ended)
{
    while (!space_teardown_step(ended, 16))
        continue;
    assert(space_teardown_step(ended, 16));
}

int space_teardown(void **state)
{
    cpu_current()->arch.space = NULL;
    end_space(&space);
    for (unsigned i = 0; i < GRACE_PERIODS_MAX && (atomic_load(&account->object.references) > 1 ||
                                                   test_pages_used(account) != 0);
         i++)
        rcu_quiescent();
    test_account_end(account);
    return 0;
}
