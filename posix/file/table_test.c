/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "table.h"

#include <base/errno.h>
#include <posix/linux/process.h>
#include <posix/memory.h>

#include "describe.h"
#include "file_fake.h"
#include "naming_state.h"
#include "record_lock.h"
#include "sorts.h"
#include "terminal.h"

#define PLAIN(sort) const struct file_operations sort = {.name = #sort}

static unsigned closed, destroyed, shared;
static int share_error;

static void note_close(struct task *task, struct file *file)
{
    (void)task;
    (void)file;
    closed++;
}

static void note_destroy(struct file *file)
{
    (void)file;
    destroyed++;
}

static int note_share(struct task *task, struct file *file)
{
    (void)task;
    file->offset_shared = true;
    shared++;
    return share_error;
}

const struct file_operations node_operations = {
    .kind = POSIX_FILE_NODE, .close = note_close, .destroy = note_destroy, .share = note_share};
PLAIN(terminal_operations);
PLAIN(device_operations);
PLAIN(counter_operations);
PLAIN(timer_operations);
PLAIN(signal_operations);
PLAIN(socket_operations);
PLAIN(pidfd_operations);
const struct file_operations stream_operations = {.kind = POSIX_FILE_STREAM, .name = "pipe"};

static bool refuse_to_survive(struct file *file, struct posix_start_descriptor *descriptor)
{
    (void)file;
    (void)descriptor;
    return false;
}

const struct file_operations poll_set_operations = {
    .kind = POSIX_FILE_POLL, .name = "eventpoll", .save = refuse_to_survive};

void poll_set_forget(struct file *file)
{
    assert_int_equal(file->references, 0);
}

void record_lock_restored(const struct file *file)
{
    assert_non_null(file);
}

uint64_t file_object_id(handle_t handle)
{
    return handle + 1000;
}

int terminal_open(struct task *task, uint32_t rdev, uint32_t flags, struct file **file)
{
    (void)task;
    *file = file_create(&terminal_operations, flags);
    (*file)->rdev = rdev;
    return 0;
}

void naming_for_each_foreign(const struct naming *naming,
                             void (*visit)(handle_t handle, void *argument), void *argument)
{
    (void)naming;
    visit(77, argument);
    visit(HANDLE_NONE, argument);
}

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    fake_allocated = 0;
    closed = destroyed = shared = 0;
    share_error = 0;
    fake_task.files = file_table_create();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_fail_after = 0;
    if (fake_task.files != NULL)
        file_table_release(&fake_task, fake_task.files);
    assert_int_equal(fake_allocated, 0);
    return 0;
}

static struct file *make(const struct file_operations *operations, handle_t handle)
{
    struct file *file = file_create(operations, LINUX_O_RDWR);
    assert_non_null(file);
    file->handles[0] = handle;
    return file;
}

static int install(struct file *file, int from, bool close_on_exec)
{
    const struct file_install wanted = {file, from, close_on_exec};
    return file_install(&fake_task, &wanted);
}

static void gives_the_lowest_number(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++)
        assert_int_equal(install(make(&node_operations, 0), 0, false), i);
    file_close(&fake_task, file_remove(&fake_task, 7));
    file_close(&fake_task, file_remove(&fake_task, 3));
    assert_null(file_remove(&fake_task, 3));
    assert_int_equal(install(make(&node_operations, 0), 5, false), 7);
    assert_int_equal(install(make(&node_operations, 0), 0, false), 3);
    assert_int_equal(install(make(&node_operations, 0), 0, false), 40);
    assert_int_equal(install(make(&node_operations, 0), 100, false), 100);
    assert_int_equal(install(make(&node_operations, 0), 0, false), 41);
    assert_null(file_get(&fake_task, -1));
    assert_null(file_get(&fake_task, 99));
    assert_null(file_get(&fake_task, 1000000));
}

static void keeps_to_the_limit(void **state)
{
    (void)state;
    fake_info.limits[LINUX_RLIMIT_NOFILE][0] = 2;
    assert_int_equal(install(make(&node_operations, 0), 0, false), 0);
    assert_int_equal(install(make(&node_operations, 0), 0, false), 1);
    assert_int_equal(install(make(&node_operations, 5), 0, false), -LINUX_EMFILE);
    assert_int_equal(fake_closed[5], 1);
    const struct file_install beyond = {make(&node_operations, 6), 2, false};
    assert_int_equal(file_replace(&fake_task, &beyond), -LINUX_EBADF);
    assert_int_equal(fake_closed[6], 1);
}

static void replaces_and_closes(void **state)
{
    (void)state;
    assert_int_equal(install(make(&node_operations, 5), 0, false), 0);
    const struct file_install wanted = {make(&node_operations, 6), 0, true};
    assert_int_equal(file_replace(&fake_task, &wanted), 0);
    assert_int_equal(fake_closed[5], 1);
    assert_int_equal(closed, 1);
    assert_int_equal(destroyed, 1);
    assert_int_equal(file_descriptor_flags(&fake_task, 0, NULL), LINUX_FD_CLOEXEC);
    const bool off = false;
    assert_int_equal(file_descriptor_flags(&fake_task, 0, &off), 0);
    assert_int_equal(file_descriptor_flags(&fake_task, 1, NULL), -LINUX_EBADF);
}

static void a_reference_keeps_the_file(void **state)
{
    (void)state;
    assert_int_equal(install(make(&node_operations, 5), 0, false), 0);
    struct file *held = file_get(&fake_task, 0);
    file_close(&fake_task, file_remove(&fake_task, 0));
    assert_int_equal(fake_closed[5], 0);
    file_put(held);
    assert_int_equal(fake_closed[5], 1);
}

static void paths_only_are_not_open(void **state)
{
    (void)state;
    struct file *file = make(&node_operations, 0);
    file->status_flags = LINUX_O_PATH;
    assert_int_equal(install(file, 0, false), 0);
    assert_null(file_get_open(&fake_task, 0));
    struct file *held = file_get(&fake_task, 0);
    assert_ptr_equal(held, file);
    file_put(held);
}

static const struct process_descriptor *shown(int fd)
{
    return (const struct process_descriptor *)fake_signals.layout.descriptors + fd;
}

static void shows_what_is_open(void **state)
{
    (void)state;
    struct file *file = make(&node_operations, 0);
    file->path = memory_allocate(sizeof("/etc/passwd"));
    strcpy(file->path, "/etc/passwd");
    assert_int_equal(install(file, 0, false), 0);
    file = make(&stream_operations, 0);
    file->node = 42;
    assert_int_equal(install(file, 1, false), 1);
    assert_true(fake_signals.layout.descriptor_count >= 2);
    assert_string_equal(shown(0)->name, "/etc/passwd");
    assert_string_equal(shown(1)->name, "pipe:[42]");
    file_close(&fake_task, file_remove(&fake_task, 0));
    assert_string_equal(shown(0)->name, "");
}

static void a_copy_shares_the_files(void **state)
{
    (void)state;
    assert_int_equal(install(make(&node_operations, 5), 0, false), 0);
    assert_int_equal(install(make(&node_operations, 6), 1, true), 1);
    assert_true(file_table_is_alone());
    struct file_table *copy = file_table_copy(&fake_task, fake_task.files);
    assert_false(file_table_is_alone());
    file_close(&fake_task, file_remove(&fake_task, 0));
    assert_int_equal(fake_closed[5], 0);
    file_table_release(&fake_task, copy);
    assert_int_equal(fake_closed[5], 1);
    assert_int_equal(fake_closed[6], 0);
}

static void a_forked_child_counts_anew(void **state)
{
    (void)state;
    assert_int_equal(install(make(&node_operations, 5), 0, false), 0);
    struct file *held_elsewhere = file_get(&fake_task, 0);
    assert_int_equal(held_elsewhere->references, 2);
    struct file *in_flight = make(&node_operations, 6); /* of another task of the parent */
    assert_int_equal(file_table_prepare_fork(&fake_task), 0);
    assert_int_equal(shared, 1);
    assert_int_equal(in_flight->references, 1);
    file_table_after_fork(&fake_task);
    assert_int_equal(fake_closed[6], 1);
    assert_int_equal(held_elsewhere->references, 1);
    file_close(&fake_task, file_remove(&fake_task, 0));
    assert_int_equal(fake_closed[5], 1);
}

static bool is_closed_by_exec(const struct file_survivors *survivors, handle_t handle)
{
    for (size_t i = 0; i < survivors->close_count; i++) {
        if (survivors->close[i] == handle)
            return true;
    }
    return false;
}

static void release_survivors(struct file_survivors *survivors)
{
    memory_release(survivors->descriptors);
    memory_release(survivors->close);
}

static void saves_what_survives_exec(void **state)
{
    struct file_survivors survivors;

    (void)state;
    struct file *file = make(&node_operations, 5);
    file->offset = 12;
    assert_int_equal(install(file, 0, false), 0);
    file_retain(file);
    assert_int_equal(install(file, 1, false), 1);
    assert_int_equal(install(make(&stream_operations, 6), 2, true), 2);
    assert_int_equal(install(make(&poll_set_operations, 7), 3, false), 3);
    assert_int_equal(file_table_save(&fake_task, &survivors), 0);
    assert_int_equal(survivors.descriptor_count, 2);
    assert_int_equal(survivors.descriptors[0].offset, 12);
    assert_int_equal(survivors.descriptors[0].handles[0], 5);
    assert_int_equal(survivors.descriptors[0].group, survivors.descriptors[1].group);
    assert_false(is_closed_by_exec(&survivors, 5));
    assert_true(is_closed_by_exec(&survivors, 6));
    assert_true(is_closed_by_exec(&survivors, 7));
    assert_true(is_closed_by_exec(&survivors, 77));
    assert_int_equal(survivors.close_count, 3);
    release_survivors(&survivors);
}

static void another_pid_keeps_its_files_to_itself(void **state)
{
    struct file_survivors survivors;

    (void)state;
    assert_int_equal(install(make(&node_operations, 5), 0, false), 0);
    struct file_table *parent = file_table_copy(&fake_task, fake_task.files);
    struct file_table *own = fake_task.files;
    fake_task.files = parent;
    assert_int_equal(install(make(&node_operations, 6), 1, false), 1);
    fake_task.files = own;
    assert_int_equal(file_table_save(&fake_task, &survivors), 0);
    assert_int_equal(survivors.descriptor_count, 1);
    assert_int_equal(survivors.descriptors[0].offset, UINT64_MAX);
    assert_true(is_closed_by_exec(&survivors, 6));
    release_survivors(&survivors);
    file_table_release(&fake_task, parent);
}

static void restores_from_a_start_block(void **state)
{
    static struct {
        struct posix_start start;
        struct posix_start_descriptor all[5];
    } block;

    (void)state;
    block.start.descriptors = offsetof(__typeof__(block), all);
    block.start.descriptor_count = 5;
    block.all[0] = (struct posix_start_descriptor){
        .number = 0, .kind = POSIX_FILE_TERMINAL, .rdev = 0x501, .group = 1};
    block.all[1] = (struct posix_start_descriptor){
        .number = 1, .kind = POSIX_FILE_TERMINAL, .rdev = 0x501, .group = 1};
    block.all[2] = (struct posix_start_descriptor){
        .number = 4, .kind = POSIX_FILE_STREAM, .handles = {5}, .offset = UINT64_MAX};
    block.all[3] = (struct posix_start_descriptor){.number = 5, .kind = 1234};
    block.all[4] = (struct posix_start_descriptor){.number = -1, .kind = POSIX_FILE_NODE};
    file_table_restore(&fake_task, &block.start);
    struct file *first = file_get(&fake_task, 0), *second = file_get(&fake_task, 1);
    struct file *pipe = file_get(&fake_task, 4);
    assert_ptr_equal(first, second);
    assert_int_equal(first->rdev, 0x501);
    assert_int_equal(pipe->node, 1005);
    assert_null(file_get(&fake_task, 5));
    file_put(first);
    file_put(second);
    file_put(pipe);
}

/* Whatever allocation fails, nothing is lost and the error is the right one. */
static void survives_every_failed_allocation(void **state)
{
    struct file_survivors survivors;

    (void)state;
    assert_int_equal(install(make(&node_operations, 5), 0, false), 0);
    for (size_t n = 1; n < 3; n++) {
        struct file *file = make(&node_operations, 6);
        fake_fail_after = n;
        assert_int_equal(install(file, 200, false), -LINUX_ENOMEM);
        fake_fail_after = n;
        assert_int_equal(file_table_save(&fake_task, &survivors), -LINUX_ENOMEM);
        assert_null(survivors.descriptors);
    }
    for (size_t n = 1; n < 4; n++) {
        fake_fail_after = n;
        assert_null(file_table_copy(&fake_task, fake_task.files));
    }
    fake_fail_after = 1;
    assert_null(file_create(&node_operations, 0));
    assert_int_equal(fake_closed[6], 2);
    assert_int_equal(fake_closed[5], 0);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(gives_the_lowest_number),     TEST(keeps_to_the_limit),
        TEST(replaces_and_closes),         TEST(a_reference_keeps_the_file),
        TEST(paths_only_are_not_open),     TEST(shows_what_is_open),
        TEST(a_copy_shares_the_files),     TEST(a_forked_child_counts_anew),
        TEST(saves_what_survives_exec),    TEST(another_pid_keeps_its_files_to_itself),
        TEST(restores_from_a_start_block), TEST(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
