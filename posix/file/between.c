/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Calls that move bytes from file to file: through a buffer of the library, by
 * positions, so that what was not written is not lost.
 */
#include <base/errno.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/memory.h>
#include <posix/task.h>

#include "io.h"
#include "node.h"
#include "transfer.h"

#define BUFFER_SIZE 32768

struct move {
    struct file *from, *to;
    uint64_t from_offset;
    bool positioned; /* the target: at to_offset */
    uint64_t to_offset;
    uint64_t length;
};

static int64_t move_once(struct task *task, const struct move *move, uint64_t done, void *buffer)
{
    uint64_t left = move->length - done;
    struct transfer transfer = {.address = (uint64_t)buffer,
                                .length = left < BUFFER_SIZE ? left : BUFFER_SIZE,
                                .internal = true,
                                .positioned = true,
                                .offset = move->from_offset + done};

    int64_t count = file_read(task, move->from, &transfer);
    if (count <= 0)
        return count;
    transfer.length = (size_t)count;
    transfer.positioned = move->positioned;
    transfer.offset = move->to_offset + done;
    return file_write(task, move->to, &transfer);
}

static int64_t move_all(struct task *task, const struct move *move)
{
    uint64_t done = 0;
    int64_t count = 0;
    void *buffer = memory_allocate(BUFFER_SIZE);

    if (buffer == NULL)
        return -LINUX_ENOMEM;
    while (done < move->length) {
        count = move_once(task, move, done, buffer);
        if (count <= 0)
            break;
        done += (uint64_t)count;
    }
    memory_release(buffer);
    return transfer_result(done, count);
}

/* The offset at `address`, or the file's own if there is none. */
static int64_t get_offset(struct task *task, struct file *file, uint64_t address)
{
    int64_t offset;

    if (address == 0)
        return file->operations->seek(task, file, 0, LINUX_SEEK_CUR);
    if (copy_from_program(&offset, address, sizeof(offset)) != 0)
        return -LINUX_EFAULT;
    return offset < 0 ? -LINUX_EINVAL : offset;
}

static int64_t set_offset(struct task *task, struct file *file, uint64_t address, uint64_t offset)
{
    if (address == 0)
        return file->operations->seek(task, file, (int64_t)offset, LINUX_SEEK_SET);
    return copy_to_program(address, &offset, sizeof(offset));
}

static int64_t send_file(struct task *task, const struct sendfile_arguments *arguments,
                         struct move *move)
{
    if (move->from->operations->seek == NULL)
        return -LINUX_EINVAL;
    int64_t offset = get_offset(task, move->from, arguments->offset);
    if (offset < 0)
        return offset;
    move->from_offset = (uint64_t)offset;
    move->length = arguments->count < LINUX_IO_MAX ? arguments->count : LINUX_IO_MAX;
    int64_t count = move_all(task, move);
    if (count > 0)
        offset = set_offset(task, move->from, arguments->offset, (uint64_t)(offset + count));
    return offset < 0 ? offset : count;
}

/* The files of two descriptors, and back. */
static bool take_files(struct task *task, int in, int out, struct move *move)
{
    *move = (struct move){.from = file_get_open(task, in), .to = file_get_open(task, out)};
    return move->from != NULL && move->to != NULL;
}

static void give_files(const struct move *move)
{
    if (move->from != NULL)
        file_put(move->from);
    if (move->to != NULL)
        file_put(move->to);
}

int64_t linux_sendfile(struct task *task, const struct sendfile_arguments *arguments)
{
    struct move move;
    int64_t result = -LINUX_EBADF;

    if (take_files(task, arguments->in, arguments->out, &move))
        result = send_file(task, arguments, &move);
    give_files(&move);
    return result;
}

static bool is_regular(const struct file *file)
{
    return file->operations == &node_operations &&
           (file->extra[NODE_MODE] & LINUX_S_IFMT) == LINUX_S_IFREG;
}

static int64_t copy_range(struct task *task, const struct copy_file_range_arguments *arguments,
                          struct move *move)
{
    if (!is_regular(move->from) || !is_regular(move->to))
        return -LINUX_EINVAL;
    if ((move->to->status_flags & LINUX_O_APPEND) != 0)
        return -LINUX_EBADF;
    int64_t from = get_offset(task, move->from, arguments->in_offset);
    int64_t to = get_offset(task, move->to, arguments->out_offset);
    if (from < 0 || to < 0)
        return from < 0 ? from : to;
    move->from_offset = (uint64_t)from;
    move->to_offset = (uint64_t)to;
    move->positioned = true;
    move->length = arguments->size < LINUX_IO_MAX ? arguments->size : LINUX_IO_MAX;
    int64_t count = move_all(task, move);
    if (count <= 0)
        return count;
    from = set_offset(task, move->from, arguments->in_offset, (uint64_t)(from + count));
    to = set_offset(task, move->to, arguments->out_offset, (uint64_t)(to + count));
    return from < 0 ? from : to < 0 ? to : count;
}

int64_t linux_copy_file_range(struct task *task, const struct copy_file_range_arguments *arguments)
{
    struct move move;
    int64_t result = -LINUX_EBADF;

    if (arguments->flags != 0)
        return -LINUX_EINVAL;
    if (take_files(task, arguments->in, arguments->out, &move))
        result = copy_range(task, arguments, &move);
    give_files(&move);
    return result;
}

int64_t linux_readahead(struct task *task, const struct readahead_arguments *arguments)
{
    struct file *file = file_get_open(task, arguments->fd);
    int64_t result = -LINUX_EBADF;

    if (file == NULL)
        return result;
    if (file_reads(file))
        result = is_regular(file) ? 0 : -LINUX_EINVAL;
    file_put(file);
    return result;
}
