/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * poll and ppoll. Each file says what holds and which signals of which handles
 * may change that; if nothing holds, one wait covers all handles, and then the
 * files are asked again. More handles than one wait takes are observed at a port.
 */
#include "poll.h"

#include <base/errno.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/linux/process.h>
#include <posix/memory.h>
#include <posix/request.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <posix/time.h>
#include <posix/wait.h>
#include <trellis/native.h>

#define NS_PER_MS UINT64_C(1000000)
#define ALWAYS_REPORTED (LINUX_POLLERR | LINUX_POLLHUP | LINUX_POLLNVAL)

/* What all files together wait for; beyond WAIT_MANY_MAX, at the port. */
struct gathering {
    size_t count;
    struct wait_item items[WAIT_MANY_MAX];
    handle_t port;
    uint64_t next_key;
};

uint32_t poll_file(struct task *task, struct file *file, struct file_interest *interest)
{
    if (file->operations->poll == NULL)
        interest->ready = LINUX_POLLIN | LINUX_POLLOUT;
    else
        file->operations->poll(task, file, interest);
    return interest->ready & (interest->events | ALWAYS_REPORTED);
}

static int observe(struct gathering *gathering, handle_t handle, uint32_t mask)
{
    if (gathering->port == HANDLE_NONE) {
        int64_t port = native_port_create(library.account);
        if (port < 0)
            return request_error(port);
        gathering->port = (handle_t)port;
    }
    return request_error(native_observe(gathering->port, handle, mask, gathering->next_key++, 0));
}

static int gather(struct gathering *gathering, const struct file_interest *interest)
{
    for (unsigned i = 0; i < interest->count; i++) {
        if (gathering->count == WAIT_MANY_MAX - 1) {
            int error = observe(gathering, interest->handles[i], interest->masks[i]);
            if (error != 0)
                return error;
            continue;
        }
        gathering->items[gathering->count++] =
            (struct wait_item){interest->handles[i], interest->masks[i], 0};
    }
    return 0;
}

/* How many are ready; what to wait for goes to `gathering`. */
static int64_t scan(struct task *task, struct poll_item *items, size_t count,
                    struct gathering *gathering)
{
    int64_t ready = 0;

    for (size_t i = 0; i < count; i++) {
        struct file_interest interest = {.events = items[i].events};
        if (items[i].file == NULL)
            continue;
        items[i].ready = poll_file(task, items[i].file, &interest);
        ready += items[i].ready != 0;
        int error = ready != 0 ? 0 : gather(gathering, &interest);
        if (error != 0)
            return error;
    }
    return ready;
}

static int64_t wait_once(struct task *task, struct gathering *gathering, uint64_t deadline)
{
    if (gathering->port != HANDLE_NONE)
        gathering->items[gathering->count++] =
            (struct wait_item){gathering->port, SIGNAL_READABLE, 0};
    return wait_for_items(task, gathering->items, gathering->count, deadline);
}

int64_t poll_items(struct task *task, struct poll_item *items, size_t count, uint64_t deadline)
{
    for (;;) {
        struct gathering gathering;
        gathering.count = 0;
        gathering.port = HANDLE_NONE;
        gathering.next_key = 0;
        int64_t result = scan(task, items, count, &gathering);
        bool waits = result == 0 && deadline > wait_clock_ns();
        if (waits)
            result = wait_once(task, &gathering, deadline);
        request_close_handle(gathering.port);
        if (!waits || result < 0)
            return result == -POSIX_RESTART ? -POSIX_RESTART_UNLESS_HANDLED : result;
    }
}

int poll_mask_begin(struct task *task, struct poll_mask *mask, uint64_t address, uint64_t size)
{
    *mask = (struct poll_mask){.given = address != 0};
    if (!mask->given)
        return 0;
    if (size != LINUX_SIGNAL_SET_SIZE)
        return -LINUX_EINVAL;
    int error = copy_from_program(&mask->mask, address, sizeof(mask->mask));
    if (error != 0)
        return error;
    mask->old = task_mask(task);
    signal_set_mask(task, mask->mask);
    return 0;
}

void poll_mask_end(struct task *task, const struct poll_mask *mask, int64_t result)
{
    if (!mask->given)
        return;
    if (result == -POSIX_RESTART_UNLESS_HANDLED || result == -POSIX_RESTART) {
        task->saved_mask = mask->old;
        task->restore_mask = true;
    } else {
        signal_set_mask(task, mask->old);
    }
}

/* The program's array, with files looked up. */
struct poll_array {
    struct linux_pollfd *entries;
    struct poll_item *items;
    size_t count;
};

static void release_array(struct poll_array *array)
{
    for (size_t i = 0; array->items != NULL && i < array->count; i++) {
        if (array->items[i].file != NULL)
            file_put(array->items[i].file);
    }
    memory_release(array->items);
    memory_release(array->entries);
}

static int take_array(struct task *task, uint64_t address, size_t count, struct poll_array *array)
{
    *array = (struct poll_array){.count = count};
    if (count > task_limit(task, LINUX_RLIMIT_NOFILE))
        return -LINUX_EINVAL;
    array->entries = memory_allocate_zeroed(count + 1, sizeof(*array->entries));
    array->items = memory_allocate_zeroed(count + 1, sizeof(*array->items));
    if (array->entries == NULL || array->items == NULL)
        return -LINUX_ENOMEM;
    int error = copy_from_program(array->entries, address, count * sizeof(*array->entries));
    for (size_t i = 0; i < count && error == 0; i++) {
        array->entries[i].revents = 0;
        array->items[i].events = array->entries[i].events;
        if (array->entries[i].fd < 0)
            continue;
        array->items[i].file = file_get_open(task, array->entries[i].fd);
        if (array->items[i].file == NULL)
            array->entries[i].revents = LINUX_POLLNVAL;
    }
    return error;
}

/* How many entries say something, once they are in the program's memory. */
static int64_t give_array(struct poll_array *array, uint64_t address)
{
    int64_t ready = 0;

    for (size_t i = 0; i < array->count; i++) {
        if (array->items[i].file != NULL)
            array->entries[i].revents = (uint16_t)array->items[i].ready;
        ready += array->entries[i].revents != 0;
    }
    int error = copy_to_program(address, array->entries, array->count * sizeof(*array->entries));
    return error != 0 ? error : ready;
}

static bool has_invalid(const struct poll_array *array)
{
    for (size_t i = 0; i < array->count; i++) {
        if (array->entries[i].revents != 0)
            return true;
    }
    return false;
}

static int64_t poll(struct task *task, uint64_t address, size_t count, uint64_t deadline)
{
    struct poll_array array;

    int64_t result = take_array(task, address, count, &array);
    if (result == 0)
        result = poll_items(task, array.items, count, has_invalid(&array) ? 0 : deadline);
    if (result >= 0)
        result = give_array(&array, address);
    release_array(&array);
    return result;
}

int64_t linux_poll(struct task *task, const struct poll_arguments *arguments)
{
    uint64_t deadline = arguments->timeout < 0
                            ? DEADLINE_NEVER
                            : wait_deadline((uint64_t)arguments->timeout * NS_PER_MS);
    return poll(task, arguments->descriptors, arguments->count,
                arguments->timeout == 0 ? DEADLINE_NOW : deadline);
}

/* What is left of a relative timeout, where Linux tells it. */
static void give_time_left(uint64_t address, uint64_t deadline)
{
    uint64_t now = wait_clock_ns();
    struct linux_timespec left = time_to_timespec(deadline > now ? deadline - now : 0);

    if (address != 0)
        (void)copy_to_program(address, &left, sizeof(left));
}

int64_t linux_ppoll(struct task *task, const struct ppoll_arguments *arguments)
{
    struct poll_mask mask;
    uint64_t deadline;

    int error = time_read_timeout(arguments->timeout, &deadline);
    if (error == 0)
        error = poll_mask_begin(task, &mask, arguments->mask, arguments->size);
    if (error != 0)
        return error;
    int64_t result = poll(task, arguments->descriptors, arguments->count, deadline);
    poll_mask_end(task, &mask, result);
    give_time_left(arguments->timeout, deadline);
    return result;
}
