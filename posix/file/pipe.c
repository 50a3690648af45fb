/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Making pipes.
 */
#include "pipe.h"

#include <posix/calls.h>
#include <posix/linux/ioctl.h>
#include <posix/request.h>
#include <posix/task.h>
#include <trellis/native.h>

#include "stream.h"
#include "transfer.h"

#define PIPE_CAPACITY 65536

int64_t stream_control(struct task *task, struct file *file, uint32_t request, uint64_t argument)
{
    struct stream_information information = {0};
    handle_t end = file->handles[STREAM_READ_END];

    (void)task;
    if (request != LINUX_FIONREAD)
        return -LINUX_ENOTTY;
    if (end == HANDLE_NONE)
        end = file->handles[STREAM_WRITE_END];
    int64_t result = native_stream_inspect(end, &information);
    if (result < 0)
        return request_error(result);
    uint32_t available = (uint32_t)information.next;
    return copy_to_program(argument, &available, sizeof(available));
}

int64_t pipe_capacity(const struct file *file)
{
    struct stream_information information;
    handle_t end = file->handles[STREAM_READ_END];

    if (file->operations != &stream_operations)
        return -LINUX_EBADF;
    if (end == HANDLE_NONE)
        end = file->handles[STREAM_WRITE_END];
    int64_t result = native_stream_inspect(end, &information);
    return result < 0 ? request_error(result) : (int64_t)information.capacity;
}

/* A file for one end; it has the handle even if that was the last thing that worked. */
static struct file *create_end(handle_t handle, unsigned end, uint32_t flags)
{
    struct file *file = file_create(&stream_operations, flags);

    if (file == NULL) {
        request_close_handle(handle);
        return NULL;
    }
    file->handles[end] = handle;
    file->node = file_object_id(handle);
    file->offset_shared = true;
    return file;
}

int pipe_create(uint32_t flags, struct file *ends[2])
{
    struct stream_handles handles;
    int64_t result = native_stream_create(library.account, PIPE_CAPACITY, 0, &handles);

    if (result < 0)
        return request_error(result);
    flags &= LINUX_O_NONBLOCK;
    ends[0] = create_end(handles.read_end, STREAM_READ_END, flags);
    ends[1] = create_end(handles.write_end, STREAM_WRITE_END, flags | LINUX_O_WRONLY);
    if (ends[0] != NULL && ends[1] != NULL)
        return 0;
    for (unsigned i = 0; i < 2; i++) {
        if (ends[i] != NULL)
            file_put(ends[i]);
    }
    return -LINUX_ENOMEM;
}

int64_t file_install_pair(struct task *task, const struct file_pair *pair)
{
    int32_t numbers[2];
    struct file_install install = {pair->files[0], 0, pair->close_on_exec};

    numbers[0] = file_install(task, &install);
    if (numbers[0] < 0) {
        file_put(pair->files[1]);
        return numbers[0];
    }
    install.file = pair->files[1];
    numbers[1] = file_install(task, &install);
    int error =
        numbers[1] < 0 ? numbers[1] : copy_to_program(pair->address, numbers, sizeof(numbers));
    if (error == 0)
        return 0;
    for (unsigned i = 0; i < 2; i++) {
        struct file *file = numbers[i] < 0 ? NULL : file_remove(task, numbers[i]);
        if (file != NULL)
            file_put(file);
    }
    return error;
}

static int64_t make_pipe(struct task *task, uint64_t address, uint32_t flags)
{
    struct file_pair pair = {.close_on_exec = (flags & LINUX_O_CLOEXEC) != 0, .address = address};

    if ((flags & ~(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK)) != 0)
        return -LINUX_EINVAL;
    int error = pipe_create(flags, pair.files);
    return error != 0 ? error : file_install_pair(task, &pair);
}

int64_t linux_pipe(struct task *task, const struct pipe_arguments *arguments)
{
    return make_pipe(task, arguments->descriptors, 0);
}

int64_t linux_pipe2(struct task *task, const struct pipe2_arguments *arguments)
{
    return make_pipe(task, arguments->descriptors, arguments->flags);
}
