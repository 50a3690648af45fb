/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The kernel's waits end with INTERRUPTED while the frame's mark stands. The mark
 * says only that something may have changed; whether a signal is to be delivered
 * stands in the signal pages. If none is, the mark is cleared and the wait goes on.
 */
#include <posix/wait.h>

#include <base/errno.h>
#include <posix/arch.h>
#include <posix/request.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <posix/time.h>
#include <trellis/native.h>
#include <trellis/status.h>

/* After INTERRUPTED: whether a signal ends the wait. */
static bool is_ended_by_signal(struct task *task)
{
    (void)__atomic_exchange_n(&task->frame->interrupted, 0, __ATOMIC_SEQ_CST);
    return signal_deliverable(task) != 0 ||
           __atomic_load_n(&task->group->exiting, __ATOMIC_RELAXED) != 0;
}

/* A native wait's result as a call's. True: it is to be repeated. */
static bool is_repeated(struct task *task, int64_t native, int64_t *result)
{
    enum status status = status_of_result(native);

    if (status == STATUS_INTERRUPTED) {
        *result = -POSIX_RESTART;
        return !is_ended_by_signal(task);
    }
    *result = status == STATUS_OK ? native : request_error(native);
    return false;
}

int wait_for_items(struct task *task, struct wait_item *items, size_t count, uint64_t deadline)
{
    int64_t native, result;

    do {
        native = native_wait_many(items, count, deadline);
    } while (is_repeated(task, native, &result));
    return result == -LINUX_ETIMEDOUT ? 0 : (int)result;
}

int64_t wait_for(struct task *task, handle_t handle, uint32_t mask, uint64_t deadline)
{
    int64_t native, result;

    do {
        native = native_wait_one(handle, mask, deadline);
    } while (is_repeated(task, native, &result));
    return result == -LINUX_ETIMEDOUT ? 0 : result;
}

/* The mark would end each wait at once: it is put aside. */
static bool put_mark_aside(struct task *task)
{
    return __atomic_exchange_n(&task->frame->interrupted, 0, __ATOMIC_SEQ_CST) != 0;
}

static void put_mark_back(struct task *task, bool marked)
{
    if (marked)
        (void)__atomic_exchange_n(&task->frame->interrupted, 1, __ATOMIC_SEQ_CST);
}

void wait_uninterrupted(struct task *task, handle_t handle, uint32_t mask)
{
    bool marked = put_mark_aside(task);

    while (status_of_result(native_wait_one(handle, mask, DEADLINE_NEVER)) == STATUS_INTERRUPTED)
        marked |= put_mark_aside(task);
    put_mark_back(task, marked);
}

void wait_while_word(struct task *task, uint32_t *word, uint32_t value)
{
    bool marked = put_mark_aside(task);

    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value) {
        (void)native_address_wait((uint64_t)word, value, UINT32_MAX, 0, DEADLINE_NEVER);
        marked |= put_mark_aside(task);
    }
    put_mark_back(task, marked);
}

int wait_at_port(struct task *task, handle_t port, struct observation *observations, size_t count,
                 uint64_t deadline)
{
    int64_t native, result;

    do {
        native = native_port_wait(port, observations, count, deadline);
    } while (is_repeated(task, native, &result));
    return result == -LINUX_ETIMEDOUT ? 0 : (int)result;
}

int wait_at_address(struct task *task, const struct wait_address *wait)
{
    int64_t native, result;

    do {
        native = native_address_wait(wait->address, wait->expected, wait->mask, wait->flags,
                                     wait->deadline);
    } while (is_repeated(task, native, &result));
    return (int)result;
}

uint64_t wait_clock_ns(void)
{
    return time_boot_ns(library.time);
}

uint64_t wait_deadline(uint64_t duration_ns)
{
    uint64_t deadline;
    if (__builtin_add_overflow(wait_clock_ns(), duration_ns, &deadline))
        return DEADLINE_NEVER;
    return deadline;
}
