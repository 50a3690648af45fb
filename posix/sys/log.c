/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* syslog: the kernel's log, which the process server reads for root. */
#include <base/errno.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/request.h>
#include <posix/task.h>
#include <trellis/message.h>
#include <trellis/structures.h>

enum {
    LOG_CLOSE = 0,
    LOG_OPEN = 1,
    LOG_READ_ALL = 3,
    LOG_READ_CLEAR = 4,
    LOG_CLEAR = 5,
    LOG_SIZE_BUFFER = 10
};

static int log_request(struct task *task, struct message *message, uint64_t operation, uint64_t at)
{
    message_begin(message, PROCESS_LOG);
    message->words[0] = operation;
    message->words[1] = at;
    return request_process(task, message);
}

/* The last `size` bytes of those that were not cleared. How many, or a negated errno. */
static int64_t read_all(struct task *task, uint64_t buffer, uint64_t size)
{
    struct message message;
    uint64_t done = 0;
    int error = log_request(task, &message, PROCESS_LOG_READ, UINT64_MAX);

    if (error != 0)
        return error;
    uint64_t end = message.words[1], at = end > size ? end - size : 0;
    at = at < message.words[2] ? message.words[2] : at;
    while (at < end && done < size) {
        error = log_request(task, &message, PROCESS_LOG_READ, at);
        if (error != 0)
            return error;
        uint64_t length = message_text_length(message.information);
        at = message.words[0] + length;
        length = length < size - done ? length : size - done;
        if (length == 0)
            break;
        if (copy_to_program(buffer + done, frame_text(task->frame), length) != 0)
            return -LINUX_EFAULT;
        done += length;
    }
    return (int64_t)done;
}

static int64_t clear(struct task *task)
{
    struct message message;
    return log_request(task, &message, PROCESS_LOG_CLEAR, 0);
}

int64_t linux_syslog(struct task *task, const struct syslog_arguments *arguments)
{
    int32_t type = arguments->type, length = arguments->length;

    if (task->group->info->euid != 0)
        return -LINUX_EPERM;
    switch (type) {
    case LOG_CLOSE:
    case LOG_OPEN:
        return 0;
    case LOG_CLEAR:
        return clear(task);
    case LOG_SIZE_BUFFER:
        return LOG_SIZE;
    case LOG_READ_ALL:
    case LOG_READ_CLEAR:
        break;
    default:
        return -LINUX_EINVAL;
    }
    if (arguments->buffer == 0 || length < 0)
        return -LINUX_EINVAL;
    int64_t result = read_all(task, arguments->buffer, (uint64_t)length);
    if (result >= 0 && type == LOG_READ_CLEAR) {
        int64_t error = clear(task);
        return error != 0 ? error : result;
    }
    return result;
}
