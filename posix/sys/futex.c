/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Futexes over native address waits. A private futex is keyed by its address, a
 * shared one by what is mapped there; priority inheritance is not there.
 */
#include <posix/futex.h>

#include <stdbool.h>

#include <base/errno.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/linux/time.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/time.h>
#include <posix/wait.h>
#include <trellis/native.h>

enum futex_command {
    FUTEX_WAIT = 0,
    FUTEX_WAKE = 1,
    FUTEX_REQUEUE = 3,
    FUTEX_CMP_REQUEUE = 4,
    FUTEX_WAKE_OP = 5,
    FUTEX_WAIT_BITSET = 9,
    FUTEX_WAKE_BITSET = 10,
};

#define FUTEX_PRIVATE 128
#define FUTEX_REALTIME 256
#define FUTEX_COMMAND 127
#define ANY_MASK UINT32_MAX
#define OWNER_DIED 0x40000000u
#define WAITERS 0x80000000u
#define TID_MASK 0x3fffffffu
#define ROBUST_LIMIT 2048 /* entries of a list, which may be a ring */

static uint32_t native_flags(const struct futex_arguments *arguments)
{
    return (arguments->operation & FUTEX_PRIVATE) != 0 ? 0 : ADDRESS_SHARED;
}

static bool is_word(uint64_t address)
{
    return (address & 3) == 0 && copy_range_valid(address, sizeof(uint32_t));
}

/* FUTEX_WAIT counts from now, FUTEX_WAIT_BITSET has a point in time. */
static int read_deadline(const struct futex_arguments *arguments, uint64_t *deadline)
{
    struct linux_timespec time;
    uint64_t ns;
    bool absolute = (arguments->operation & FUTEX_COMMAND) == FUTEX_WAIT_BITSET;
    bool realtime = (arguments->operation & FUTEX_REALTIME) != 0;

    *deadline = DEADLINE_NEVER;
    if (arguments->timeout == 0)
        return 0;
    if (copy_from_program(&time, arguments->timeout, sizeof(time)) != 0)
        return -LINUX_EFAULT;
    if (!time_from_timespec(&time, &ns))
        return -LINUX_EINVAL;
    *deadline =
        time_deadline(realtime ? LINUX_CLOCK_REALTIME : LINUX_CLOCK_MONOTONIC, absolute, ns);
    return 0;
}

/* A relative wait that a handler ended cannot be executed again as it was. */
static int64_t futex_wait(struct task *task, const struct futex_arguments *arguments, uint32_t mask)
{
    struct wait_address wait = {
        .address = arguments->address,
        .expected = arguments->value,
        .mask = mask,
        .flags = native_flags(arguments),
    };
    int error = mask == 0 ? -LINUX_EINVAL : read_deadline(arguments, &wait.deadline);

    if (error != 0)
        return error;
    int result = wait_at_address(task, &wait);
    bool relative =
        wait.deadline != DEADLINE_NEVER && (arguments->operation & FUTEX_COMMAND) == FUTEX_WAIT;
    return result == -POSIX_RESTART && relative ? -LINUX_EINTR : result;
}

static int64_t futex_wake(const struct futex_arguments *arguments, uint32_t mask)
{
    if (mask == 0)
        return -LINUX_EINVAL;
    int64_t result =
        native_address_wake(arguments->address, arguments->value, mask, native_flags(arguments));
    return result < 0 ? request_error(result) : result;
}

static int64_t futex_requeue(const struct futex_arguments *arguments, bool compare)
{
    const struct requeue_request request = {
        .from = arguments->address,
        .to = arguments->address2,
        .wake = arguments->value,
        .requeue = (uint32_t)arguments->timeout,
        .expected = arguments->value3,
        .compare = compare,
        .flags = native_flags(arguments),
    };

    if (!is_word(arguments->address2) || (int32_t)request.wake < 0 || (int32_t)request.requeue < 0)
        return -LINUX_EINVAL;
    int64_t result = native_address_requeue(&request);
    return result < 0 ? request_error(result) : result;
}

static int64_t futex_wake_op(const struct futex_arguments *arguments)
{
    struct futex_operation operation = futex_decode_operation(arguments->value3);
    uint32_t old, seen;

    if (operation.operation > 4 || operation.comparison > 5)
        return -LINUX_ENOSYS;
    if (!is_word(arguments->address2))
        return -LINUX_EINVAL;
    if (copy_word_from_program(&old, arguments->address2) != 0)
        return -LINUX_EFAULT;
    do {
        seen = old;
        if (copy_exchange_program(arguments->address2, &old,
                                  futex_operation_result(&operation, seen)) != 0)
            return -LINUX_EFAULT;
    } while (old != seen);
    int64_t woken = futex_wake(arguments, ANY_MASK);
    if (woken < 0 || !futex_operation_matches(&operation, old))
        return woken;
    int64_t more = native_address_wake(arguments->address2, (uint32_t)arguments->timeout, ANY_MASK,
                                       native_flags(arguments));
    return more < 0 ? request_error(more) : woken + more;
}

int64_t linux_futex(struct task *task, const struct futex_arguments *arguments)
{
    uint32_t command = arguments->operation & FUTEX_COMMAND;
    bool waits = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;

    if ((arguments->operation & FUTEX_REALTIME) != 0 && !waits)
        return -LINUX_ENOSYS;
    if (!is_word(arguments->address))
        return (arguments->address & 3) != 0 ? -LINUX_EINVAL : -LINUX_EFAULT;
    switch (command) {
    case FUTEX_WAIT:
        return futex_wait(task, arguments, ANY_MASK);
    case FUTEX_WAIT_BITSET:
        return futex_wait(task, arguments, arguments->value3);
    case FUTEX_WAKE:
        return futex_wake(arguments, ANY_MASK);
    case FUTEX_WAKE_BITSET:
        return futex_wake(arguments, arguments->value3);
    case FUTEX_REQUEUE:
        return futex_requeue(arguments, false);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(arguments, true);
    case FUTEX_WAKE_OP:
        return futex_wake_op(arguments);
    default:
        return -LINUX_ENOSYS;
    }
}

/* If the word names the dead task as owner: say so in it, and wake one who waits. */
static void release_owned(uint32_t tid, uint64_t address, bool pending)
{
    uint32_t value, seen;

    if (!is_word(address) || copy_word_from_program(&value, address) != 0)
        return;
    if (pending && value == 0)
        (void)native_address_wake(address, 1, ANY_MASK, ADDRESS_SHARED);
    do {
        if ((value & TID_MASK) != tid)
            return;
        seen = value;
        if (copy_exchange_program(address, &value, (seen & WAITERS) | OWNER_DIED) != 0)
            return;
    } while (value != seen);
    if ((value & WAITERS) != 0)
        (void)native_address_wake(address, 1, ANY_MASK, ADDRESS_SHARED);
}

/* struct robust_list_head; the lowest bit of a pointer marks a futex with inheritance. */
struct robust_head {
    uint64_t next;
    int64_t offset;
    uint64_t pending;
};

void futex_release_robust(struct task *task)
{
    struct robust_head head;
    uint64_t list = task->robust_list;

    task->robust_list = 0;
    if (list == 0 || copy_from_program(&head, list, sizeof(head)) != 0)
        return;
    uint64_t pending = head.pending & ~UINT64_C(1);
    uint64_t entry = head.next & ~UINT64_C(1);
    for (unsigned i = 0; i < ROBUST_LIMIT && entry != list; i++) {
        uint64_t next;
        bool more = copy_from_program(&next, entry, sizeof(next)) == 0;
        if (entry != pending)
            release_owned(task->tid, entry + (uint64_t)head.offset, false);
        if (!more)
            break;
        entry = next & ~UINT64_C(1);
    }
    if (pending != 0)
        release_owned(task->tid, pending + (uint64_t)head.offset, true);
}
