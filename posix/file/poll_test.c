/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "poll.h"

#include <base/errno.h>
#include <posix/signal.h>
#include <posix/time.h>
#include <posix/wait.h>

#include "file_fake.h"

/* Each file waits for one handle; its readiness is in state. */
static struct file files[3];
static uint32_t ready[3];
static uint64_t now;
static unsigned waits;
static int wait_result;
static void (*during_wait)(void);
static struct wait_item waited_for[WAIT_MANY_MAX];
static size_t waited_count;

static void fake_poll(struct task *task, struct file *file, struct file_interest *interest)
{
    (void)task;
    interest->ready = ready[file - files];
    interest->handles[0] = 100 + (handle_t)(file - files);
    interest->masks[0] = interest->events;
    interest->count = 1;
}

static const struct file_operations polled = {.poll = fake_poll};
static const struct file_operations always = {.poll = NULL};

int wait_for_items(struct task *task, struct wait_item *items, size_t count, uint64_t deadline)
{
    (void)task;
    waits++;
    memcpy(waited_for, items, count * sizeof(*items));
    waited_count = count;
    if (during_wait != NULL)
        during_wait();
    else
        now = deadline;
    return wait_result;
}

uint64_t wait_clock_ns(void)
{
    return now;
}

uint64_t wait_deadline(uint64_t duration_ns)
{
    return now + duration_ns;
}

int time_read_timeout(uint64_t address, uint64_t *deadline)
{
    *deadline = address == 0 ? DEADLINE_NEVER : now + 5;
    return 0;
}

struct linux_timespec time_to_timespec(uint64_t ns)
{
    return (struct linux_timespec){0, (int64_t)ns};
}

void signal_set_mask(struct task *task, uint64_t mask)
{
    fake_signals.threads[task->slot].mask = mask;
}

struct file *file_get_open(struct task *task, int fd)
{
    (void)task;
    return fd < 3 ? &files[fd] : NULL;
}

void file_put(struct file *file)
{
    (void)file;
}

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    memset(ready, 0, sizeof(ready));
    for (unsigned i = 0; i < 3; i++)
        files[i] = (struct file){.operations = &polled};
    now = 1000;
    waits = 0;
    wait_result = 0;
    during_wait = NULL;
    return 0;
}

static int64_t poll_two(uint32_t events, uint64_t deadline, struct poll_item items[2])
{
    items[0] = (struct poll_item){&files[0], events, 0};
    items[1] = (struct poll_item){&files[1], events, 0};
    return poll_items(&fake_task, items, 2, deadline);
}

static void reports_only_what_was_asked_for(void **state)
{
    struct poll_item items[2];

    (void)state;
    ready[0] = LINUX_POLLOUT;
    ready[1] = LINUX_POLLIN | LINUX_POLLOUT | LINUX_POLLHUP;
    assert_int_equal(poll_two(LINUX_POLLIN, DEADLINE_NEVER, items), 1);
    assert_int_equal(items[0].ready, 0);
    assert_int_equal(items[1].ready, LINUX_POLLIN | LINUX_POLLHUP);
    assert_int_equal(waits, 0);
}

static void a_file_without_readiness_is_always_ready(void **state)
{
    struct poll_item items[2];

    (void)state;
    files[0].operations = &always;
    assert_int_equal(poll_two(LINUX_POLLIN, DEADLINE_NEVER, items), 1);
    assert_int_equal(items[0].ready, LINUX_POLLIN);
}

static void make_ready(void)
{
    ready[1] = LINUX_POLLIN;
}

static void waits_for_all_and_asks_again(void **state)
{
    struct poll_item items[2];

    (void)state;
    during_wait = make_ready;
    wait_result = 1;
    assert_int_equal(poll_two(LINUX_POLLIN, DEADLINE_NEVER, items), 1);
    assert_int_equal(waits, 1);
    assert_int_equal(waited_count, 2);
    assert_int_equal(waited_for[0].handle, 100);
    assert_int_equal(waited_for[1].handle, 101);
    assert_int_equal(waited_for[1].mask, LINUX_POLLIN);
}

static void ends_at_the_deadline(void **state)
{
    struct poll_item items[2];

    (void)state;
    assert_int_equal(poll_two(LINUX_POLLIN, DEADLINE_NOW, items), 0);
    assert_int_equal(waits, 0);
    assert_int_equal(poll_two(LINUX_POLLIN, 2000, items), 0);
    assert_int_equal(waits, 1);
}

static void a_signal_ends_it(void **state)
{
    struct poll_item items[2];

    (void)state;
    wait_result = -POSIX_RESTART;
    assert_int_equal(poll_two(LINUX_POLLIN, DEADLINE_NEVER, items), -POSIX_RESTART_UNLESS_HANDLED);
}

static void a_mask_holds_while_it_waits(void **state)
{
    const uint64_t wanted = 0xf0;
    struct poll_mask mask;

    (void)state;
    signal_set_mask(&fake_task, 7);
    assert_int_equal(poll_mask_begin(&fake_task, &mask, (uint64_t)&wanted, 4), -LINUX_EINVAL);
    assert_int_equal(poll_mask_begin(&fake_task, &mask, 8, 8), -LINUX_EFAULT);
    assert_int_equal(poll_mask_begin(&fake_task, &mask, (uint64_t)&wanted, 8), 0);
    assert_int_equal(task_mask(&fake_task), 0xf0);
    poll_mask_end(&fake_task, &mask, 1);
    assert_int_equal(task_mask(&fake_task), 7);
    assert_int_equal(poll_mask_begin(&fake_task, &mask, (uint64_t)&wanted, 8), 0);
    poll_mask_end(&fake_task, &mask, -POSIX_RESTART_UNLESS_HANDLED);
    assert_true(fake_task.restore_mask);
    assert_int_equal(fake_task.saved_mask, 7);
    assert_int_equal(task_mask(&fake_task), 0xf0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reports_only_what_was_asked_for, set_up),
        cmocka_unit_test_setup(a_file_without_readiness_is_always_ready, set_up),
        cmocka_unit_test_setup(waits_for_all_and_asks_again, set_up),
        cmocka_unit_test_setup(ends_at_the_deadline, set_up),
        cmocka_unit_test_setup(a_signal_ends_it, set_up),
        cmocka_unit_test_setup(a_mask_holds_while_it_waits, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
