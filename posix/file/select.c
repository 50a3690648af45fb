/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * select and pselect6: sets of bits over the same wait as poll.
 */
#include "poll.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/memory.h>
#include <posix/task.h>
#include <posix/time.h>
#include <posix/wait.h>

#include "table.h"

#define SETS 3 /* read, write, except */
#define WORD_BITS 64

static const uint32_t asked[SETS] = {LINUX_POLLIN | LINUX_POLLRDNORM,
                                     LINUX_POLLOUT | LINUX_POLLWRNORM, LINUX_POLLPRI};
/* What puts a descriptor into each set. */
static const uint32_t means[SETS] = {
    LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLHUP | LINUX_POLLERR,
    LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLERR, LINUX_POLLPRI};

struct selection {
    size_t count;             /* descriptors looked at */
    size_t words;             /* of each set */
    uint64_t addresses[SETS]; /* in the program; 0: not given */
    uint64_t *sets[SETS];
    struct poll_item *items; /* one for each descriptor */
};

static bool is_in(const uint64_t *set, size_t fd)
{
    return (set[fd / WORD_BITS] >> fd % WORD_BITS & 1) != 0;
}

static void release(struct selection *selection)
{
    for (size_t fd = 0; selection->items != NULL && fd < selection->count; fd++) {
        if (selection->items[fd].file != NULL)
            file_put(selection->items[fd].file);
    }
    memory_release(selection->items);
    memory_release(selection->sets[0]);
}

static int take_sets(struct selection *selection)
{
    uint64_t *words = memory_allocate_zeroed(SETS * selection->words + 1, sizeof(*words));
    size_t size = selection->words * sizeof(*words);

    selection->sets[0] = words;
    selection->items = memory_allocate_zeroed(selection->count + 1, sizeof(*selection->items));
    if (words == NULL || selection->items == NULL)
        return -LINUX_ENOMEM;
    for (unsigned i = 0; i < SETS; i++) {
        selection->sets[i] = words + i * selection->words;
        if (selection->addresses[i] != 0 &&
            copy_from_program(selection->sets[i], selection->addresses[i], size) != 0)
            return -LINUX_EFAULT;
    }
    return 0;
}

static int take_files(struct task *task, struct selection *selection)
{
    for (size_t fd = 0; fd < selection->count; fd++) {
        struct poll_item *item = &selection->items[fd];
        for (unsigned i = 0; i < SETS; i++)
            item->events |= is_in(selection->sets[i], fd) ? asked[i] : 0;
        if (item->events == 0)
            continue;
        item->file = file_get_open(task, (int)fd);
        if (item->file == NULL)
            return -LINUX_EBADF;
    }
    return 0;
}

static int64_t give_sets(struct selection *selection)
{
    int64_t ready = 0;

    for (unsigned i = 0; i < SETS; i++) {
        uint64_t *set = selection->sets[i];
        for (size_t fd = 0; fd < selection->count; fd++) {
            if (!is_in(set, fd))
                continue;
            if ((selection->items[fd].ready & means[i]) != 0)
                ready++;
            else
                set[fd / WORD_BITS] &= ~(UINT64_C(1) << fd % WORD_BITS);
        }
        if (selection->addresses[i] != 0 &&
            copy_to_program(selection->addresses[i], set, selection->words * sizeof(*set)) != 0)
            return -LINUX_EFAULT;
    }
    return ready;
}

static int64_t select(struct task *task, struct selection *selection, int32_t count,
                      uint64_t deadline)
{
    size_t limit = file_table_size(task);

    if (count < 0)
        return -LINUX_EINVAL;
    selection->words = ((size_t)count + WORD_BITS - 1) / WORD_BITS;
    size_t most = (limit + WORD_BITS - 1) / WORD_BITS;
    if (selection->words > most)
        selection->words = most;
    selection->count = (size_t)count < limit ? (size_t)count : limit;
    int64_t result = take_sets(selection);
    if (result == 0)
        result = take_files(task, selection);
    if (result == 0)
        result = poll_items(task, selection->items, selection->count, deadline);
    if (result >= 0)
        result = give_sets(selection);
    release(selection);
    return result;
}

int64_t linux_select(struct task *task, const struct select_arguments *arguments)
{
    struct selection selection = {
        .addresses = {arguments->read, arguments->write, arguments->except}};
    struct linux_timeval time;
    uint64_t deadline = DEADLINE_NEVER, ns;

    if (arguments->timeout != 0) {
        int error = copy_from_program(&time, arguments->timeout, sizeof(time));
        if (error != 0)
            return error;
        if (!time_from_timeval(&time, &ns))
            return -LINUX_EINVAL;
        deadline = ns == 0 ? DEADLINE_NOW : wait_deadline(ns);
    }
    int64_t result = select(task, &selection, arguments->count, deadline);
    if (arguments->timeout != 0) {
        uint64_t now = wait_clock_ns();
        time = time_to_timeval(deadline > now ? deadline - now : 0);
        (void)copy_to_program(arguments->timeout, &time, sizeof(time));
    }
    return result;
}

/* The mask argument is a structure of the mask's address and size. */
int64_t linux_pselect6(struct task *task, const struct pselect6_arguments *arguments)
{
    struct selection selection = {
        .addresses = {arguments->read, arguments->write, arguments->except}};
    uint64_t given[2] = {0, 0}, deadline;
    struct poll_mask mask;

    int error = time_read_timeout(arguments->timeout, &deadline);
    if (error == 0 && arguments->mask != 0)
        error = copy_from_program(given, arguments->mask, sizeof(given));
    if (error == 0)
        error = poll_mask_begin(task, &mask, given[0], given[1]);
    if (error != 0)
        return error;
    int64_t result = select(task, &selection, arguments->count, deadline);
    poll_mask_end(task, &mask, result);
    if (arguments->timeout != 0) {
        uint64_t now = wait_clock_ns();
        struct linux_timespec left = time_to_timespec(deadline > now ? deadline - now : 0);
        (void)copy_to_program(arguments->timeout, &left, sizeof(left));
    }
    return result;
}
