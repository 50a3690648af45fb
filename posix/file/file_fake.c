/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "file_fake.h"

#include <stdlib.h>

#include <base/errno.h>
#include <posix/copy.h>
#include <posix/memory.h>
#include <posix/request.h>
#include <posix/time.h>
#include <posix/wait.h>

struct library library;
struct task fake_task;
struct process_info_page fake_info;
struct process_signal_page fake_signals;
int (*fake_server)(handle_t session, struct message *message);
size_t fake_fail_after, fake_allocated;
unsigned fake_closed[FAKE_HANDLES];

static struct group group;
static union {
    struct frame frame;
    char bytes[FRAME_SIZE];
} frame __attribute__((aligned(FRAME_PAGE)));

void fake_reset(void)
{
    memset(&fake_task, 0, sizeof(fake_task));
    memset(&fake_info, 0, sizeof(fake_info));
    memset(&fake_signals, 0, sizeof(fake_signals));
    memset(&group, 0, sizeof(group));
    memset(fake_closed, 0, sizeof(fake_closed));
    for (unsigned i = 0; i < 16; i++)
        fake_info.limits[i][0] = fake_info.limits[i][1] = UINT64_MAX;
    fake_info.pid = 2;
    group.info = &fake_info;
    group.signals = &fake_signals;
    fake_task.group = &group;
    fake_task.frame = &frame.frame;
    library.process = FAKE_PROCESS;
    fake_fail_after = 0;
    fake_server = NULL;
}

struct task *task_current(void)
{
    return &fake_task;
}

void *memory_allocate_zeroed(size_t count, size_t size)
{
    if (fake_fail_after > 0 && --fake_fail_after == 0)
        return NULL;
    fake_allocated++;
    return calloc(count, size);
}

void *memory_allocate(size_t size)
{
    return memory_allocate_zeroed(1, size);
}

void *memory_resize(void *piece, size_t size)
{
    if (fake_fail_after > 0 && --fake_fail_after == 0)
        return NULL;
    fake_allocated += piece == NULL;
    return realloc(piece, size);
}

void memory_release(void *piece)
{
    fake_allocated -= piece != NULL;
    free(piece);
}

void lock_acquire(struct lock *lock)
{
    assert_int_equal(lock->word, 0);
    lock->word = 1;
}

void lock_release(struct lock *lock)
{
    assert_int_equal(lock->word, 1);
    lock->word = 0;
}

bool copy_range_valid(uint64_t address, uint64_t size)
{
    (void)size;
    return address >= FAKE_UNMAPPED;
}

int copy_from_program(void *to, uint64_t from, size_t size)
{
    if (!copy_range_valid(from, size))
        return -LINUX_EFAULT;
    memcpy(to, (const void *)from, size);
    return 0;
}

int copy_to_program(uint64_t to, const void *from, size_t size)
{
    if (!copy_range_valid(to, size))
        return -LINUX_EFAULT;
    memcpy((void *)to, from, size);
    return 0;
}

int copy_word_from_program(uint32_t *value, uint64_t from)
{
    return copy_from_program(value, from, sizeof(*value));
}

int64_t copy_string_from_program(char *to, uint64_t from, size_t size)
{
    if (!copy_range_valid(from, 1))
        return -LINUX_EFAULT;
    size_t length = strnlen((const char *)from, size);
    if (length == size)
        return -LINUX_ENAMETOOLONG;
    memcpy(to, (const char *)from, length + 1);
    return (int64_t)length;
}

int request(struct task *task, handle_t session, struct message *message)
{
    (void)task;
    return fake_server(session, message);
}

int request_process(struct task *task, struct message *message)
{
    return request(task, library.process, message);
}

int request_error(int64_t result)
{
    return result < 0 ? -LINUX_EIO : 0;
}

void request_close_handle(handle_t handle)
{
    if (handle != HANDLE_NONE)
        fake_closed[handle]++;
}

void message_copy_text(struct message *message, struct frame *to, const void *bytes, size_t length)
{
    memcpy(frame_text(to), bytes, length);
    message_set_text(message, length);
}
