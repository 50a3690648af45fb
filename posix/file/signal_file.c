/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * signalfd: no object of its own. What is pending stands in the pages shared with
 * the process server; that something came is told by the child event, once the
 * signal page says that this thread wants it. extra[0]: the signals wanted.
 */
#include "sorts.h"

#include <posix/calls.h>
#include <posix/request.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <trellis/native.h>

#include "transfer.h"

/* struct signalfd_siginfo. */
struct linux_signalfd {
    uint32_t number;
    int32_t error, code;
    uint32_t pid, uid;
    int32_t fd;
    uint32_t timer, band, overrun, trap;
    int32_t status, int_value;
    uint64_t value, user_ticks, system_ticks, address;
    uint8_t padding[48];
};
_Static_assert(sizeof(struct linux_signalfd) == 128, "struct signalfd_siginfo");

static uint64_t pending(const struct task *task)
{
    const struct process_signal_page *signals = task->group->signals;
    return __atomic_load_n(&task->group->info->pending, __ATOMIC_SEQ_CST) |
           __atomic_load_n(&signals->threads[task->slot].pending, __ATOMIC_SEQ_CST);
}

/* Have the process server tell of these though they are blocked. */
static void want(struct task *task, uint64_t mask)
{
    __atomic_or_fetch(&task->group->signals->threads[task->slot].waiting, mask, __ATOMIC_SEQ_CST);
}

/* 0, -EAGAIN: none of them is pending. */
static int take(struct task *task, uint64_t mask, struct process_signal *signal)
{
    struct message message;

    message_begin(&message, PROCESS_TAKE_SIGNAL);
    message.words[0] = ~mask;
    message.words[1] = 1;
    int error = request_process(task, &message);
    if (error == 0)
        memcpy(signal, frame_text(task->frame), sizeof(*signal));
    return error;
}

static int64_t wait_for_signal(struct task *task, const struct file *file)
{
    handle_t event = task->group->child_event;

    if (!file_waits(file))
        return -LINUX_EAGAIN;
    (void)native_event_signal(event, PROCESS_SIGNAL_PENDING, 0);
    want(task, file->extra[0]);
    if ((pending(task) & file->extra[0]) != 0)
        return 0;
    int64_t fired = wait_for(task, event, PROCESS_SIGNAL_PENDING, DEADLINE_NEVER);
    return fired < 0 ? fired : 0;
}

static void describe(struct linux_signalfd *to, const struct process_signal *from)
{
    *to = (struct linux_signalfd){
        .number = (uint32_t)from->number,
        .error = from->error,
        .code = from->code,
        .pid = from->pid,
        .uid = from->uid,
        .timer = from->timer,
        .overrun = from->overrun,
        .status = from->status,
        .int_value = (int32_t)from->value,
        .value = from->value,
        .user_ticks = from->user_ticks,
        .system_ticks = from->system_ticks,
        .address = from->value,
    };
}

static int64_t signal_read(struct task *task, struct file *file, const struct transfer *transfer)
{
    struct linux_signalfd record;
    struct process_signal signal;
    size_t done = 0;

    if (transfer->length < sizeof(record))
        return -LINUX_EINVAL;
    while (transfer->length - done >= sizeof(record)) {
        int64_t error = take(task, file->extra[0], &signal);
        if (error == -LINUX_EAGAIN && done == 0) {
            error = wait_for_signal(task, file);
            if (error == 0)
                continue;
        }
        if (error != 0)
            return transfer_result(done, error);
        describe(&record, &signal);
        if (transfer_put(transfer, done, &record, sizeof(record)) != 0)
            return transfer_result(done, -LINUX_EFAULT);
        done += sizeof(record);
    }
    return (int64_t)done;
}

static void signal_poll(struct task *task, struct file *file, struct file_interest *interest)
{
    handle_t event = task->group->child_event;

    if ((interest->events & (LINUX_POLLIN | LINUX_POLLRDNORM)) == 0)
        return;
    (void)native_event_signal(event, PROCESS_SIGNAL_PENDING, 0);
    want(task, file->extra[0]);
    if ((pending(task) & file->extra[0]) != 0)
        interest->ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    file_interest_add(interest, event, PROCESS_SIGNAL_PENDING);
}

const struct file_operations signal_operations = {
    .kind = POSIX_FILE_SIGNAL,
    .name = "signalfd",
    .read = signal_read,
    .poll = signal_poll,
};

static int64_t change_mask(struct task *task, int fd, uint64_t mask)
{
    struct file *file = file_get(task, fd);

    if (file == NULL)
        return -LINUX_EBADF;
    bool is_ours = file->operations == &signal_operations;
    if (is_ours)
        file->extra[0] = mask;
    file_put(file);
    return is_ours ? fd : -LINUX_EINVAL;
}

static int64_t create(struct task *task, const struct signalfd4_arguments *arguments)
{
    uint64_t mask;

    if (arguments->size != sizeof(mask) ||
        (arguments->flags & ~(uint64_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK)) != 0)
        return -LINUX_EINVAL;
    int error = copy_from_program(&mask, arguments->mask, sizeof(mask));
    if (error != 0)
        return error;
    mask &= ~SIGNAL_UNBLOCKABLE;
    if (arguments->fd != -1)
        return change_mask(task, arguments->fd, mask);
    struct file *file = file_create(&signal_operations,
                                    LINUX_O_RDWR | ((uint32_t)arguments->flags & LINUX_O_NONBLOCK));
    if (file == NULL)
        return -LINUX_ENOMEM;
    file->extra[0] = mask;
    const struct file_install install = {file, 0, (arguments->flags & LINUX_O_CLOEXEC) != 0};
    return file_install(task, &install);
}

int64_t linux_signalfd(struct task *task, const struct signalfd_arguments *arguments)
{
    const struct signalfd4_arguments same = {
        .fd = arguments->fd, .mask = arguments->mask, .size = arguments->size};
    return create(task, &same);
}

int64_t linux_signalfd4(struct task *task, const struct signalfd4_arguments *arguments)
{
    return create(task, arguments);
}
