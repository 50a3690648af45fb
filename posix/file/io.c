/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * read, write and their relatives: from descriptors and vectors to the
 * operations of files.
 */
#include "io.h"

#include <base/errno.h>
#include <posix/calls.h>
#include <posix/task.h>

#include "transfer.h"

typedef int64_t operation_of_file(struct task *task, struct file *file,
                                  const struct transfer *transfer);

static int64_t carry_out(struct task *task, struct file *file, const struct transfer *transfer,
                         operation_of_file *operation)
{
    struct transfer bounded = *transfer;

    if (operation == NULL)
        return -LINUX_EINVAL;
    if (!transfer_is_valid(transfer))
        return -LINUX_EFAULT;
    if (bounded.length > LINUX_IO_MAX)
        bounded.length = LINUX_IO_MAX;
    return operation(task, file, &bounded);
}

int64_t file_read(struct task *task, struct file *file, const struct transfer *transfer)
{
    return file_reads(file) ? carry_out(task, file, transfer, file->operations->read)
                            : -LINUX_EBADF;
}

int64_t file_write(struct task *task, struct file *file, const struct transfer *transfer)
{
    return file_writes(file) ? carry_out(task, file, transfer, file->operations->write)
                             : -LINUX_EBADF;
}

/* A transfer by a descriptor. */
static int64_t move(struct task *task, int fd, const struct transfer *transfer,
                    operation_of_file *operation)
{
    struct file *file = file_get(task, fd);
    int64_t result;

    if (file == NULL)
        return -LINUX_EBADF;
    if (transfer->positioned && file->operations->seek == NULL)
        result = (file->status_flags & LINUX_O_PATH) != 0 ? -LINUX_EBADF : -LINUX_ESPIPE;
    else
        result = operation(task, file, transfer);
    file_put(file);
    return result;
}

int64_t linux_read(struct task *task, const struct read_arguments *arguments)
{
    const struct transfer transfer = {.address = arguments->buffer, .length = arguments->count};
    return move(task, arguments->fd, &transfer, file_read);
}

int64_t linux_write(struct task *task, const struct write_arguments *arguments)
{
    const struct transfer transfer = {.address = arguments->buffer, .length = arguments->count};
    return move(task, arguments->fd, &transfer, file_write);
}

int64_t linux_pread64(struct task *task, const struct pread64_arguments *arguments)
{
    const struct transfer transfer = {.address = arguments->buffer,
                                      .length = arguments->count,
                                      .positioned = true,
                                      .offset = (uint64_t)arguments->offset};
    return arguments->offset < 0 ? -LINUX_EINVAL : move(task, arguments->fd, &transfer, file_read);
}

int64_t linux_pwrite64(struct task *task, const struct pwrite64_arguments *arguments)
{
    const struct transfer transfer = {.address = arguments->buffer,
                                      .length = arguments->count,
                                      .positioned = true,
                                      .offset = (uint64_t)arguments->offset};
    return arguments->offset < 0 ? -LINUX_EINVAL : move(task, arguments->fd, &transfer, file_write);
}

int64_t linux_lseek(struct task *task, const struct lseek_arguments *arguments)
{
    struct file *file = file_get_open(task, arguments->fd);
    int64_t result = -LINUX_ESPIPE;

    if (file == NULL)
        return -LINUX_EBADF;
    if (arguments->whence < 0 || arguments->whence > LINUX_SEEK_HOLE)
        result = -LINUX_EINVAL;
    else if (file->operations->seek != NULL)
        result = file->operations->seek(task, file, arguments->offset, (unsigned)arguments->whence);
    file_put(file);
    return result;
}

int vectors_begin(struct vectors *vectors, uint64_t address, uint64_t count)
{
    *vectors = (struct vectors){.address = address, .count = count};
    if (count > LINUX_IOV_MAX)
        return -LINUX_EINVAL;
    for (uint64_t i = 0; i < count; i++) {
        struct linux_iovec vector;
        int error = vectors_get(vectors, i, &vector);
        if (error != 0)
            return error;
        if (vector.length > INT64_MAX - vectors->total)
            return -LINUX_EINVAL;
        vectors->total += vector.length;
    }
    return 0;
}

int vectors_get(const struct vectors *vectors, uint64_t index, struct linux_iovec *vector)
{
    return copy_from_program(vector, vectors->address + index * sizeof(*vector), sizeof(*vector));
}

/* Between a buffer of the library and what the vectors name. */
static int64_t copy_vectors(const struct vectors *vectors, char *bytes, size_t size, bool gather)
{
    size_t done = 0;

    for (uint64_t i = 0; i < vectors->count && done < size; i++) {
        struct linux_iovec vector;
        int error = vectors_get(vectors, i, &vector);
        size_t piece = vector.length < size - done ? vector.length : size - done;
        if (error == 0)
            error = gather ? copy_from_program(bytes + done, vector.base, piece)
                           : copy_to_program(vector.base, bytes + done, piece);
        if (error != 0)
            return error;
        done += piece;
    }
    return (int64_t)done;
}

int64_t vectors_gather(const struct vectors *vectors, void *to, size_t size)
{
    return copy_vectors(vectors, to, size, true);
}

int64_t vectors_scatter(const struct vectors *vectors, void *from, size_t size)
{
    return copy_vectors(vectors, from, size, false);
}

/* One after the other, until one is short. */
static int64_t move_vectors(struct task *task, struct file *file, const struct vectors *vectors,
                            const struct vector_request *request)
{
    size_t done = 0;

    for (uint64_t i = 0; i < vectors->count; i++) {
        struct linux_iovec vector;
        int error = vectors_get(vectors, i, &vector);
        if (error != 0)
            return transfer_result(done, error);
        if (vector.length == 0)
            continue;
        const struct transfer transfer = {.address = vector.base,
                                          .length = vector.length,
                                          .positioned = request->positioned,
                                          .offset = request->offset + done};
        int64_t count = request->operation(task, file, &transfer);
        if (count < 0)
            return transfer_result(done, count);
        done += (size_t)count;
        if ((uint64_t)count < vector.length)
            break;
    }
    return (int64_t)done;
}

/* A small write is one operation, whole or not at all, as pipes and terminals need it. */
static int64_t write_gathered(struct task *task, struct file *file, const struct vectors *vectors,
                              const struct vector_request *request)
{
    char bytes[LINUX_PIPE_BUF];

    int64_t length = vectors_gather(vectors, bytes, vectors->total);
    if (length < 0)
        return length;
    const struct transfer transfer = {.address = (uint64_t)bytes,
                                      .length = (size_t)length,
                                      .internal = true,
                                      .positioned = request->positioned,
                                      .offset = request->offset};
    return file_write(task, file, &transfer);
}

/*
 * Reading into many vectors must not wait again once there is something: what
 * fits into one bounce buffer is read at once.
 */
static int64_t read_scattered(struct task *task, struct file *file, const struct vectors *vectors,
                              const struct vector_request *request)
{
    char bytes[LINUX_PIPE_BUF];
    const struct transfer transfer = {
        .address = (uint64_t)bytes,
        .length = vectors->total < sizeof(bytes) ? (size_t)vectors->total : sizeof(bytes),
        .internal = true,
        .positioned = request->positioned,
        .offset = request->offset};

    int64_t length = file_read(task, file, &transfer);
    return length <= 0 ? length : vectors_scatter(vectors, bytes, (size_t)length);
}

static int64_t vector_call(struct task *task, const struct vector_request *request)
{
    struct vectors vectors;
    struct file *file = file_get(task, request->fd);
    bool writes = request->operation == file_write;

    if (file == NULL)
        return -LINUX_EBADF;
    int64_t result = vectors_begin(&vectors, request->address, request->count);
    if (result == 0 && request->positioned && file->operations->seek == NULL)
        result = -LINUX_ESPIPE;
    if (result == 0) {
        bool whole = file->operations->seek == NULL;
        if (writes && vectors.total <= LINUX_PIPE_BUF)
            result = write_gathered(task, file, &vectors, request);
        else if (!writes && whole && vectors.count > 1)
            result = read_scattered(task, file, &vectors, request);
        else
            result = move_vectors(task, file, &vectors, request);
    }
    file_put(file);
    return result;
}

int64_t linux_readv(struct task *task, const struct readv_arguments *arguments)
{
    const struct vector_request request = {
        arguments->fd, arguments->vectors, arguments->count, false, 0, file_read};
    return vector_call(task, &request);
}

int64_t linux_writev(struct task *task, const struct writev_arguments *arguments)
{
    const struct vector_request request = {
        arguments->fd, arguments->vectors, arguments->count, false, 0, file_write};
    return vector_call(task, &request);
}

static int64_t vector_call_at(struct task *task, struct vector_request *request, int64_t offset)
{
    request->positioned = true;
    request->offset = (uint64_t)offset;
    return offset < 0 ? -LINUX_EINVAL : vector_call(task, request);
}

int64_t linux_preadv(struct task *task, const struct preadv_arguments *arguments)
{
    struct vector_request request = {arguments->fd, arguments->vectors, arguments->count, false, 0,
                                     file_read};
    return vector_call_at(task, &request, arguments->offset);
}

int64_t linux_pwritev(struct task *task, const struct pwritev_arguments *arguments)
{
    struct vector_request request = {arguments->fd, arguments->vectors, arguments->count, false, 0,
                                     file_write};
    return vector_call_at(task, &request, arguments->offset);
}

/* No RWF_ flag is known; an offset of -1 is the file's own. */
static int64_t vector_call_with(struct task *task, struct vector_request *request, int64_t offset,
                                uint64_t flags)
{
    if (flags != 0)
        return -LINUX_EOPNOTSUPP;
    return offset == -1 ? vector_call(task, request) : vector_call_at(task, request, offset);
}

int64_t linux_preadv2(struct task *task, const struct preadv2_arguments *arguments)
{
    struct vector_request request = {arguments->fd, arguments->vectors, arguments->count, false, 0,
                                     file_read};
    return vector_call_with(task, &request, arguments->offset, arguments->flags);
}

int64_t linux_pwritev2(struct task *task, const struct pwritev2_arguments *arguments)
{
    struct vector_request request = {arguments->fd, arguments->vectors, arguments->count, false, 0,
                                     file_write};
    return vector_call_with(task, &request, arguments->offset, arguments->flags);
}
