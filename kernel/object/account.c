/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Accounts.
 *
 * A charge walks from the account to the root adding at each level, and takes
 * everything back at the first that is full. Two charges at once may so refuse
 * each other when only one would fit; neither ever passes a limit.
 *
 * Processor time is known when it has been used. It is booked at every decision of
 * the scheduler, so at first to one account alone (fresh_ns), and passed on to all
 * above it when that is 100 microseconds or more. Where used time reaches the limit
 * account_changes is counted up, and every account that is chosen looks anew
 * whether it and all above it have time left; otherwise it was found so before and
 * nothing has to be walked. What one has used too much, at most a turn on each CPU,
 * it owes: a refill counts from there.
 */
#include <kernel/account.h>

#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/handle.h>
#include <kernel/log.h>
#include <kernel/page.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler_queue.h>
#include <kernel/slab.h>
#include <kernel/thread.h>

_Static_assert(sizeof(struct account_limits) == ALLOWANCE_COUNT * sizeof(uint64_t),
               "the same order");

struct account *account_root;
_Atomic uint64_t account_changes = 1;

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

/* Time. */

/* Counted up only after the time is used: who has read the count before that looks again. */
__attribute__((noinline, cold)) bool account_look_for_time(struct account *account)
{
    uint64_t count = atomic_load(&account_changes);
    for (struct account *level = account; level != NULL; level = level->parent)
        if (atomic_load(&level->used[ALLOW_CPU_NS]) >= atomic_load(&level->limit[ALLOW_CPU_NS]))
            return false;
    relaxed_store(&account->had_time_at, count);
    return true;
}

void account_settle_time(struct account *account)
{
    uint64_t spent = atomic_exchange(&account->fresh_ns, 0);
    for (; account != NULL; account = account->parent) {
        uint64_t limit = atomic_load(&account->limit[ALLOW_CPU_NS]);
        uint64_t before = atomic_fetch_add(&account->used[ALLOW_CPU_NS], spent);
        if (before < limit && before + spent >= limit)
            atomic_fetch_add(&account_changes, 1);
    }
}

/* Messages. */

/* A 64th of what is left: the fewer are left, the fewer are in the hands of threads that do not need them. */
ARCH_COLD void account_pay_messages(struct account *account, uint64_t *messages)
{
    uint64_t batch = ACCOUNT_BATCH;
    for (struct account *level = account; level != NULL; level = level->parent) {
        uint64_t part = (level->limit[ALLOW_MESSAGES] - level->used[ALLOW_MESSAGES]) / 64;
        batch = part < batch ? part : batch;
    }
    batch += batch == 0;
    if (account_charge(account, ALLOW_MESSAGES, batch) == STATUS_OK)
        *messages = batch;
}

/* Limits. */

static void account_apply_limits(struct account *account, const struct account_limits *limits)
{
    for (unsigned what = 0; what < ALLOWANCE_COUNT; what++)
        atomic_store_explicit(&account->limit[what], ((const uint64_t *)limits)[what],
                              memory_order_release);
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
    account_settle_time(account);
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
    for (unsigned what = 0; what < ALLOWANCE_COUNT; what++)
        ((uint64_t *)to)[what] = atomic_load(&from[what]);
}

int64_t call_account_inspect(struct thread *self, const struct account_inspect_arguments *arguments)
{
    account_settle_time(arguments->account);
    read_limits(arguments->account->limit, &arguments->information->limits);
    read_limits(arguments->account->used, &arguments->information->used);
    return 0;
}

/* Up to UINT64_MAX, which is no limit. */
static void raise_limit(_Atomic uint64_t *limit, uint64_t amount)
{
    uint64_t before = atomic_load(limit), after;
    do
        after = before > UINT64_MAX - amount ? UINT64_MAX : before + amount;
    while (!atomic_compare_exchange_weak(limit, &before, after));
}

static int64_t tell_all_cpus(void)
{
    atomic_fetch_add(&account_changes, 1);
    for (uint32_t number = 0; number < cpu_count(); number++)
        scheduler_kick(cpu_get(number));
    return 0;
}

int64_t call_account_refill(struct thread *self, const struct account_refill_arguments *arguments)
{
    for (unsigned what = 0; what < ALLOWANCE_COUNT; what++)
        raise_limit(&arguments->account->limit[what], ((const uint64_t *)arguments->amounts)[what]);
    return tell_all_cpus();
}

int64_t call_account_set_limits(struct thread *self,
                                const struct account_set_limits_arguments *arguments)
{
    account_apply_limits(arguments->account, arguments->limits);
    return tell_all_cpus();
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
