/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Weak stand-ins for parts of the kernel that a unit test may leave out: one
 * CPU, locks that only check their order of use, deferred frees that run when
 * the test says rcu_quiescent. A test that links the real part gets that.
 */
#include <arch/cpu.h>
#include <kernel/account.h>
#include <kernel/copy.h>
#include <kernel/cpu.h>
#include <kernel/handle.h>
#include <kernel/log.h>
#include <kernel/object.h>
#include <kernel/page.h>
#include <kernel/pager.h>
#include <kernel/scheduler_queue.h>
#include <kernel/space.h>
#include <kernel/thread.h>
#include <kernel/time.h>
#include <kernel/trap.h>
#include <stdio.h>
#include <stdlib.h>

#define stand_in __attribute__((weak))

stand_in struct cpu *cpu_get(uint32_t number)
{
    (void)number;
    return arch_cpu_current();
}

stand_in uint32_t cpu_count(void)
{
    return 1;
}

stand_in void scheduler_kick(struct cpu *cpu)
{
}

stand_in uint64_t time_now(void)
{
    return arch_counter_read();
}

stand_in void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

stand_in void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

stand_in void machine_fail(enum stop_kind kind, const char *format, ...)
{
    (void)kind;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

stand_in const char *log_last_words(const struct process *process)
{
    (void)process;
    return "";
}

stand_in void lock_init(struct spinlock *lock, enum lock_class class)
{
    *lock = SPINLOCK_INITIAL(class);
}

stand_in void lock_acquire(struct spinlock *lock)
{
    assert(lock->taken == 0);
    lock->taken = 1;
    for (unsigned class = lock->class; class < LOCK_CLASS_COUNT; class ++)
        assert(cpu_current()->locks_held[class] == 0);
    cpu_current()->locks_held[lock->class]++;
}

stand_in void lock_release(struct spinlock *lock)
{
    assert(lock->taken == 1);
    lock->taken = 0;
    cpu_current()->locks_held[lock->class]--;
}

stand_in void lock_acquire_two(struct spinlock *first, struct spinlock *second)
{
    assert(first != second && second->taken == 0);
    lock_acquire(first);
    second->taken = 1;
    cpu_current()->locks_held[second->class]++;
}

stand_in bool lock_is_held(const struct spinlock *lock)
{
    return lock->taken != 0;
}

stand_in bool lock_none_held(void)
{
    for (unsigned class = 0; class < LOCK_CLASS_COUNT; class ++)
        if (cpu_current()->locks_held[class] != 0)
            return false;
    return true;
}

static struct deferred *deferred_first;

stand_in void rcu_defer(struct deferred *deferred, void (*release)(struct deferred *deferred))
{
    deferred->free = release;
    deferred->next = deferred_first;
    deferred_first = deferred;
}

stand_in void rcu_quiescent(void)
{
    while (deferred_first != NULL) {
        struct deferred *deferred = deferred_first;
        deferred_first = deferred->next;
        deferred->free(deferred);
    }
}

/* Without threads nobody can wait for a pager. */
stand_in enum status pager_request(struct memory *memory, uint64_t offset,
                                   enum pager_request_kind kind)
{
    (void)memory, (void)offset, (void)kind;
    return STATUS_NOT_FOUND;
}

stand_in void pager_retry(struct memory *memory, uint64_t start, uint64_t end)
{
    (void)memory, (void)start, (void)end;
}

/* Tests without object.c name the types they use in a table of their own. */
stand_in const struct object_operations object_operations[OBJECT_TYPE_COUNT] = {
    [OBJECT_ACCOUNT] = {.cache = &SLAB_CACHE("account", struct account),
                        .destroy = account_destroy},
};

static void object_init(struct object *object, enum object_type type, struct account *account)
{
    static uint64_t next_id = 1;
    *object = (struct object){.references = 1, .type = type, .id = next_id++, .account = account};
    bool queue = type == OBJECT_PORT || type == OBJECT_ENDPOINT;
    lock_init(&object->lock, queue ? LOCK_QUEUE : LOCK_OBJECT);
    list_init(&object->observers);
    list_init(&object->waiters);
    list_init(&object->root.children);
    list_node_init(&object->root.sibling);
    object->root.object = object;
}

stand_in void *object_create(enum object_type type, struct account *account)
{
    void *memory = slab_allocate(object_operations[type].cache, account);
    if (memory != NULL)
        object_init(memory, type, account);
    return memory;
}

stand_in void object_free(struct object *object)
{
    slab_free(object_operations[object->type].cache, object->account, object);
}

stand_in void object_acquire(struct object *object)
{
    assert(object->references > 0);
    object->references++;
}

static void object_destroy(struct deferred *deferred)
{
    struct object *object = container_of(deferred, struct object, deferred);
    object_operations[object->type].destroy(object);
}

stand_in void object_release(struct object *object)
{
    assert(object->references > 0);
    if (--object->references == 0)
        rcu_defer(&object->deferred, object_destroy);
}

stand_in void object_signal_locked(struct object *object, uint32_t clear, uint32_t set)
{
    object->signals = (object->signals & ~clear) | set;
}

stand_in void object_signal(struct object *object, uint32_t clear, uint32_t set)
{
    lock_acquire(&object->lock);
    object_signal_locked(object, clear, set);
    lock_release(&object->lock);
}

stand_in bool derivation_try_acquire(struct derivation *derivation)
{
    derivation->references++;
    return true;
}

stand_in void derivation_release(struct derivation *derivation)
{
    assert(derivation->references > 0);
    derivation->references--;
}

/* A process without a handle table. */
stand_in enum status handle_create(struct handle_table *table, struct object *object,
                                   uint32_t rights, handle_t *token)
{
    return STATUS_LIMIT;
}

stand_in enum status copy_check_range(uint64_t address, size_t length)
{
    bool inside = length == 0 || (address + length > address && address + length <= USER_END);
    return inside ? STATUS_OK : STATUS_BAD_ADDRESS;
}

stand_in enum status copy_in(void *to, uint64_t from, size_t length)
{
    return arch_copy_from_user(to, from, length) == 0 ? STATUS_OK : STATUS_BAD_ADDRESS;
}

stand_in enum status copy_out(uint64_t to, const void *from, size_t length)
{
    return arch_copy_to_user(to, from, length) == 0 ? STATUS_OK : STATUS_BAD_ADDRESS;
}

stand_in enum status copy_prepare_out(uint64_t to, size_t length)
{
    return copy_check_range(to, length);
}

stand_in bool trap_copy_fault(uint64_t address, enum fault_access access)
{
    enum fault_kind kind;
    return space_fault(cpu_current()->arch.space, address, access, true, &kind) == STATUS_OK;
}
