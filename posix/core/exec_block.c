/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "exec_block.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/file.h>
#include <posix/memory.h>
#include <posix/request.h>
#include <posix/task.h>
#include <trellis/native.h>

#define ALIGNED(value) (((value) + 7) & ~(uint64_t)7)

/* A part of the block and where it lies. */
struct piece {
    const void *bytes;
    uint64_t size, offset;
};

enum piece_index { STRINGS, PATH, CWD, DESCRIPTORS, CLOSE, PIECES };

static uint64_t ignored_signals(const struct task *task)
{
    uint64_t ignored = 0;

    for (int number = 1; number <= SIGNAL_COUNT_MAX; number++) {
        if (task->actions->actions[number].handler == LINUX_SIG_IGN)
            ignored |= SIGNAL_BIT(number);
    }
    return ignored;
}

static void fill(struct task *task, const struct exec_parts *parts, const struct piece *pieces,
                 struct posix_start *block)
{
    *block = (struct posix_start){
        .magic = POSIX_START_MAGIC,
        .trace = library.trace,
        .root = task->naming->root,
        .cwd = task->naming->cwd,
        .executable = parts->executable.session,
        .executable_memory = parts->executable.memory,
        .interpreter = parts->interpreter.session,
        .interpreter_memory = parts->interpreter.memory,
        .umask = task->naming->umask,
        .blocked = task_mask(task),
        .ignored = ignored_signals(task),
        .argument_count = parts->argument_count,
        .environment_count = parts->strings.count - parts->argument_count,
        .strings = (uint32_t)pieces[STRINGS].offset,
        .strings_size = (uint32_t)pieces[STRINGS].size,
        .path = (uint32_t)pieces[PATH].offset,
        .path_size = (uint32_t)pieces[PATH].size,
        .cwd_path = (uint32_t)pieces[CWD].offset,
        .cwd_path_size = (uint32_t)pieces[CWD].size,
        .descriptors = (uint32_t)pieces[DESCRIPTORS].offset,
        .descriptor_count =
            (uint32_t)(pieces[DESCRIPTORS].size / sizeof(struct posix_start_descriptor)),
        .close = (uint32_t)pieces[CLOSE].offset,
        .close_count = (uint32_t)(pieces[CLOSE].size / sizeof(handle_t)),
        .dumpable = 1,
    };
    block->size = pieces[CLOSE].offset + pieces[CLOSE].size;
}

static int write(handle_t memory, uint64_t offset, const void *bytes, uint64_t size)
{
    int64_t result = size == 0 ? 0 : native_memory_write(memory, offset, bytes, size);

    if (result < 0)
        return request_error(result);
    return (uint64_t)result == size ? 0 : -LINUX_ENOMEM;
}

static int make(struct task *task, struct exec_parts *parts, struct piece *pieces)
{
    struct posix_start block;
    uint64_t offset = sizeof(block);

    for (unsigned i = 0; i < PIECES; i++) {
        pieces[i].offset = offset;
        offset = ALIGNED(offset + pieces[i].size);
    }
    if (offset > POSIX_START_MAX)
        return -LINUX_E2BIG;
    fill(task, parts, pieces, &block);
    int64_t memory = native_memory_create(library.account, offset, 0);
    if (memory < 0)
        return request_error(memory);
    parts->block = (handle_t)memory;
    int error = write(parts->block, 0, &block, sizeof(block));
    for (unsigned i = 0; i < PIECES && error == 0; i++)
        error = write(parts->block, pieces[i].offset, pieces[i].bytes, pieces[i].size);
    if (error != 0)
        request_close_handle(parts->block);
    return error;
}

int exec_block_make(struct task *task, struct exec_parts *parts)
{
    struct file_survivors survivors = {0};
    const char *cwd = task->naming->cwd_path;
    int error = file_table_save(task, &survivors);

    if (error != 0)
        return error;
    struct piece pieces[PIECES] = {
        [STRINGS] = {.bytes = parts->strings.bytes, .size = parts->strings.size},
        [PATH] = {.bytes = parts->path, .size = strlen(parts->path) + 1},
        [CWD] = {.bytes = cwd, .size = strlen(cwd) + 1},
        [DESCRIPTORS] = {.bytes = survivors.descriptors,
                         .size =
                             survivors.descriptor_count * sizeof(struct posix_start_descriptor)},
        [CLOSE] = {.bytes = survivors.close, .size = survivors.close_count * sizeof(handle_t)},
    };
    error = make(task, parts, pieces);
    memory_release(survivors.descriptors);
    memory_release(survivors.close);
    return error;
}
