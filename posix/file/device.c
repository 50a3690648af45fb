/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The memory devices: null, zero, full, random, urandom, kmsg. They need nobody
 * else. handles: session of the device's node.
 */
#include "device.h"

#include <posix/random.h>
#include <posix/task.h>
#include <trellis/native.h>

#include "node.h"
#include "transfer.h"

enum {
    DEVICE_NULL = 1 << 8 | 3,
    DEVICE_ZERO = 1 << 8 | 5,
    DEVICE_FULL = 1 << 8 | 7,
    DEVICE_RANDOM = 1 << 8 | 8,
    DEVICE_URANDOM = 1 << 8 | 9,
    DEVICE_LOG = 1 << 8 | 11,
};

bool device_is_known(uint64_t rdev)
{
    return rdev == DEVICE_NULL || rdev == DEVICE_ZERO || rdev == DEVICE_FULL ||
           rdev == DEVICE_RANDOM || rdev == DEVICE_URANDOM || rdev == DEVICE_LOG;
}

static int64_t read_random(const struct transfer *transfer)
{
    char bytes[512];

    for (size_t done = 0; done < transfer->length;) {
        size_t size = transfer->length - done;
        size = size < sizeof(bytes) ? size : sizeof(bytes);
        random_bytes(bytes, size);
        if (transfer_put(transfer, done, bytes, size) != 0)
            return transfer_result(done, -LINUX_EFAULT);
        done += size;
    }
    return (int64_t)transfer->length;
}

static int64_t read_zero(const struct transfer *transfer)
{
    if (transfer->internal)
        memset((void *)transfer->address, 0, transfer->length);
    else if (copy_zero_program(transfer->address, transfer->length) != 0)
        return -LINUX_EFAULT;
    return (int64_t)transfer->length;
}

static int64_t device_read(struct task *task, struct file *file, const struct transfer *transfer)
{
    (void)task;
    switch (file->rdev) {
    case DEVICE_ZERO:
    case DEVICE_FULL:
        return read_zero(transfer);
    case DEVICE_RANDOM:
    case DEVICE_URANDOM:
        return read_random(transfer);
    case DEVICE_LOG:
        return -LINUX_EAGAIN;
    default:
        return 0;
    }
}

static int64_t write_log(const struct transfer *transfer)
{
    char line[256];
    size_t size = transfer->length < sizeof(line) ? transfer->length : sizeof(line);

    if (transfer_take(transfer, 0, line, size) != 0)
        return -LINUX_EFAULT;
    (void)native_log_write(line, size);
    return (int64_t)transfer->length;
}

static int64_t device_write(struct task *task, struct file *file, const struct transfer *transfer)
{
    (void)task;
    if (file->rdev == DEVICE_LOG)
        return write_log(transfer);
    return file->rdev == DEVICE_FULL && transfer->length > 0 ? -LINUX_ENOSPC
                                                             : (int64_t)transfer->length;
}

static int64_t device_seek(struct task *task, struct file *file, int64_t offset, unsigned whence)
{
    (void)task;
    (void)file;
    (void)offset;
    return whence > LINUX_SEEK_END ? -LINUX_EINVAL : 0;
}

static void device_poll(struct task *task, struct file *file, struct file_interest *interest)
{
    (void)task;
    (void)file;
    interest->ready = LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLOUT | LINUX_POLLWRNORM;
}

static int device_pages(struct task *task, struct file *file, struct file_pages *pages)
{
    (void)task;
    if (file->rdev != DEVICE_ZERO)
        return -LINUX_ENODEV;
    *pages = (struct file_pages){.device_zero = true};
    return 0;
}

const struct file_operations device_operations = {
    .kind = POSIX_FILE_DEVICE,
    .read = device_read,
    .write = device_write,
    .seek = device_seek,
    .poll = device_poll,
    .attributes = node_attributes,
    .change = node_change,
    .pages = device_pages,
};
