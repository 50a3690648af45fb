/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Accounts.
 *
 * A charge walks from the account to the root adding at each level, and takes
 * everything back at the first that is full. Two charges at once may so refuse
 * each other when only one would fit; neither ever passes a limit.
 */
#include <kernel/account.h>

#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/handle.h>
#include <kernel/log.h>
#include <kernel/page.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/slab.h>
#include <kernel/thread.h>

struct account *account_root;

/* Take `count` back from `account` and all above it, up to but without `end`. */
static void uncharge_until(struct account *account, struct account *end, enum allowance what,
                           uint64_t count)
{
    for (; account != end; account = account->parent) {
        uint64_t before = atomic_fetch_sub(&account->used[what], count);
        debug_assert(before >= count);
    }
}

enum status account_charge(struct account *account, enum allowance what, uint64_t count)
{
    for (struct account *level = account; level != NULL; level = level->parent) {
        uint64_t limit = atomic_load_explicit(&level->limit[what], memory_order_relaxed);
        uint64_t used = atomic_fetch_add(&level->used[what], count);
        if (count > limit || used > limit - count) {
            uncharge_until(account, level->parent, what, count);
            return what == ALLOW_PAGES ? STATUS_NO_MEMORY : STATUS_LIMIT;
        }
    }
    return STATUS_OK;
}

void account_uncharge(struct account *account, enum allowance what, uint64_t count)
{
    uncharge_until(account, NULL, what, count);
}

static uint64_t pages_of_bytes(uint64_t bytes)
{
    return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

enum status account_charge_bytes(struct account *account, uint64_t bytes)
{
    if (account == NULL)
        return STATUS_OK;
    uint64_t before = atomic_load(&account->small_bytes);
    for (;;) {
        uint64_t pages = pages_of_bytes(before + bytes) - pages_of_bytes(before);
        enum status status = pages == 0 ? STATUS_OK : account_charge(account, ALLOW_PAGES, pages);
        if (status != STATUS_OK)
            return status;
        if (atomic_compare_exchange_weak(&account->small_bytes, &before, before + bytes))
            return STATUS_OK;
        account_uncharge(account, ALLOW_PAGES, pages);
    }
}

void account_uncharge_bytes(struct account *account, uint64_t bytes)
{
    if (account == NULL)
        return;
    uint64_t before = atomic_fetch_sub(&account->small_bytes, bytes);
    debug_assert(before >= bytes);
    account_uncharge(account, ALLOW_PAGES, pages_of_bytes(before) - pages_of_bytes(before - bytes));
}

static void account_apply_limits(struct account *account, const struct account_limits *limits)
{
    atomic_store(&account->limit[ALLOW_PAGES], limits->pages);
    atomic_store(&account->limit[ALLOW_HANDLES], limits->handles);
    atomic_store(&account->limit[ALLOW_THREADS], limits->threads);
    atomic_store(&account->limit[ALLOW_PROCESSES], limits->processes);
}

static size_t turns_size(void)
{
    return PRIORITY_COUNT * cpu_count() * sizeof(struct account_turn);
}

enum status account_create(struct account *parent, const struct account_limits *limits,
                           struct account **result)
{
    struct account *account = object_create(OBJECT_ACCOUNT, parent);
    if (account == NULL)
        return STATUS_NO_MEMORY;
    account->turns = memory_allocate(parent, turns_size());
    if (account->turns == NULL) {
        object_free(&account->object);
        return STATUS_NO_MEMORY;
    }
    if (parent != NULL)
        object_acquire(&parent->object);
    account->parent = parent;
    account->stride = share_stride(SHARE_WEIGHT_NORMAL);
    account_apply_limits(account, limits);
    *result = account;
    return STATUS_OK;
}

void account_destroy(struct object *object)
{
    struct account *account = container_of(object, struct account, object);
    struct account *parent = account->parent;
    memory_free(parent, account->turns, turns_size());
    object_free(object);
    if (parent != NULL)
        object_release(&parent->object);
}

/* Calls. */

int64_t call_account_create(struct thread *self, const struct account_create_arguments *arguments)
{
    struct account *account;
    enum status status = account_create(arguments->account, arguments->limits, &account);
    if (status != STATUS_OK)
        return status_to_result(status);
    return handle_of_created(&self->process->handles, &account->object,
                             object_rights_of_new(arguments->account_rights));
}

static void read_limits(const _Atomic uint64_t from[ALLOWANCE_COUNT], struct account_limits *to)
{
    to->pages = atomic_load(&from[ALLOW_PAGES]);
    to->handles = atomic_load(&from[ALLOW_HANDLES]);
    to->threads = atomic_load(&from[ALLOW_THREADS]);
    to->processes = atomic_load(&from[ALLOW_PROCESSES]);
}

int64_t call_account_inspect(struct thread *self, const struct account_inspect_arguments *arguments)
{
    read_limits(arguments->account->limit, &arguments->information->limits);
    read_limits(arguments->account->used, &arguments->information->used);
    arguments->information->cpu_ns = atomic_load(&arguments->account->cpu_ns);
    return 0;
}

int64_t call_account_set_limits(struct thread *self,
                                const struct account_set_limits_arguments *arguments)
{
    account_apply_limits(arguments->account, arguments->limits);
    return 0;
}

int64_t call_account_set_weight(struct thread *self,
                                const struct account_set_weight_arguments *arguments)
{
    if (!share_may_give(arguments->weight, 0))
        return status_to_result(STATUS_INVALID);
    relaxed_store(&arguments->account->stride, share_stride(arguments->weight));
    return 0;
}

int64_t call_machine_inspect(struct thread *self, const struct machine_inspect_arguments *arguments)
{
    struct machine_information *information = arguments->information;
    *information =
        (struct machine_information){.pages_total = page_count_total(),
                                     .pages_free = page_count_free(),
                                     .cpu_count = cpu_count(),
                                     .processes = atomic_load(&account_root->used[ALLOW_PROCESSES]),
                                     .threads = atomic_load(&account_root->used[ALLOW_THREADS])};
    return 0;
}

int64_t call_cpu_inspect(struct thread *self, const struct cpu_inspect_arguments *arguments)
{
    if (arguments->number >= cpu_count())
        return status_to_result(STATUS_NOT_FOUND);
    const struct cpu *cpu = cpu_get(arguments->number);
    *arguments->information =
        (struct cpu_information){.user_ns = relaxed_load(&cpu->user_ns),
                                 .kernel_ns = relaxed_load(&cpu->kernel_ns),
                                 .switches = relaxed_load(&cpu->switches),
                                 .calls = relaxed_load(&cpu->calls),
                                 .faults = relaxed_load(&cpu->faults),
                                 .interrupts = relaxed_load(&cpu->interrupts),
                                 .node = cpu->node,
                                 .node_pages_free = page_count_free_of(cpu->node)};
    return 0;
}
