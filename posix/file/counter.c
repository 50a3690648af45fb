/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * eventfd: a counter of the kernel. handles: the event. extra[0]: one is taken at
 * a time (EFD_SEMAPHORE).
 */
#include "counter.h"

#include <posix/calls.h>
#include <posix/request.h>
#include <posix/task.h>
#include <trellis/native.h>

#include "transfer.h"

#define EFD_SEMAPHORE 1u

int64_t counter_take(struct task *task, struct file *file, const struct transfer *transfer,
                     bool one)
{
    uint64_t count;

    if (transfer->length < sizeof(count))
        return -LINUX_EINVAL;
    for (;;) {
        int64_t result = native_event_take(file->handles[0], one ? TAKE_ONE : 0, &count);
        if (result >= 0)
            break;
        if (status_of_result(result) != STATUS_WOULD_BLOCK || !file_waits(file))
            return request_error(result);
        result = wait_for(task, file->handles[0], SIGNAL_COUNT, DEADLINE_NEVER);
        if (result < 0)
            return result;
    }
    int error = transfer_put(transfer, 0, &count, sizeof(count));
    return error != 0 ? error : (int64_t)sizeof(count);
}

int counter_create(const struct file_operations *operations, uint64_t count, uint32_t flags,
                   struct file **file)
{
    int64_t event = native_event_create(library.account, EVENT_COUNTER, count);

    if (event < 0)
        return request_error(event);
    *file = file_create(operations, LINUX_O_RDWR | (flags & LINUX_O_NONBLOCK));
    if (*file == NULL) {
        request_close_handle((handle_t)event);
        return -LINUX_ENOMEM;
    }
    (*file)->handles[0] = (handle_t)event;
    return 0;
}

static int64_t counter_read(struct task *task, struct file *file, const struct transfer *transfer)
{
    return counter_take(task, file, transfer, file->extra[0] != 0);
}

/*
 * A write that does not fit waits for room for one more; while there is some but
 * not enough, it looks again from time to time.
 */
static int64_t wait_for_room(struct task *task, const struct file *file)
{
    const uint64_t again_ns = 1000000;
    bool some = (file_signals(file->handles[0]) & SIGNAL_WRITABLE) != 0;
    uint32_t mask = some ? SIGNAL_CLOSED_READ : SIGNAL_WRITABLE;
    int64_t fired =
        wait_for(task, file->handles[0], mask, some ? wait_deadline(again_ns) : DEADLINE_NEVER);
    return fired < 0 ? fired : 0;
}

static int64_t counter_write(struct task *task, struct file *file, const struct transfer *transfer)
{
    uint64_t count;

    if (transfer->length < sizeof(count))
        return -LINUX_EINVAL;
    if (transfer_take(transfer, 0, &count, sizeof(count)) != 0)
        return -LINUX_EFAULT;
    if (count == UINT64_MAX)
        return -LINUX_EINVAL;
    for (;;) {
        int64_t result = native_event_add(file->handles[0], count);
        if (result >= 0)
            return sizeof(count);
        if (status_of_result(result) != STATUS_WOULD_BLOCK || !file_waits(file))
            return request_error(result);
        result = wait_for_room(task, file);
        if (result < 0)
            return result;
    }
}

static void counter_poll(struct task *task, struct file *file, struct file_interest *interest)
{
    uint32_t signals = file_signals(file->handles[0]);
    uint32_t wanted = 0;

    (void)task;
    if ((signals & SIGNAL_COUNT) != 0)
        interest->ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if ((signals & SIGNAL_WRITABLE) != 0)
        interest->ready |= LINUX_POLLOUT | LINUX_POLLWRNORM;
    if ((interest->events & (LINUX_POLLIN | LINUX_POLLRDNORM)) != 0)
        wanted |= SIGNAL_COUNT;
    if ((interest->events & (LINUX_POLLOUT | LINUX_POLLWRNORM)) != 0)
        wanted |= SIGNAL_WRITABLE;
    file_interest_add(interest, file->handles[0], wanted);
}

const struct file_operations counter_operations = {
    .kind = POSIX_FILE_EVENT,
    .name = "eventfd",
    .read = counter_read,
    .write = counter_write,
    .poll = counter_poll,
};

static int64_t create(struct task *task, uint64_t count, uint32_t flags)
{
    struct file *file;

    if ((flags & ~(EFD_SEMAPHORE | LINUX_O_CLOEXEC | LINUX_O_NONBLOCK)) != 0)
        return -LINUX_EINVAL;
    int error = counter_create(&counter_operations, count, flags, &file);
    if (error != 0)
        return error;
    file->extra[0] = flags & EFD_SEMAPHORE;
    const struct file_install install = {file, 0, (flags & LINUX_O_CLOEXEC) != 0};
    return file_install(task, &install);
}

int64_t linux_eventfd(struct task *task, const struct eventfd_arguments *arguments)
{
    return create(task, arguments->count, 0);
}

int64_t linux_eventfd2(struct task *task, const struct eventfd2_arguments *arguments)
{
    return create(task, arguments->count, (uint32_t)arguments->flags);
}
