/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* getdents over a server that answers with two entries at a time. */
#include "node.h"

#include <base/errno.h>
#include <vfs/walk.h>

#include "file_fake.h"

#define ENTRIES 5

static struct file directory;
static const struct file_operations fake_operations;

bool node_is_directory(const struct file *file)
{
    return file == &directory;
}

int node_request(struct task *task, struct file *file, struct message *message)
{
    static const char *const names[ENTRIES] = {".", "..", "a", "longer name", "z"};
    uint64_t cookie = message->words[0];
    size_t used = 0;

    (void)file;
    assert_int_equal(message_label(message->information), FS_LIST);
    for (unsigned i = 0; i < 2 && cookie < ENTRIES; i++, cookie++) {
        const struct vfs_entry entry = {cookie + 50, cookie + 1, 4, names[cookie],
                                        strlen(names[cookie])};
        assert_true(vfs_pack_entry(frame_text(task->frame), MESSAGE_TEXT_SIZE, &used, &entry));
    }
    message->information = 0;
    message_set_text(message, used);
    return 0;
}

struct file *file_get_open(struct task *task, int fd)
{
    (void)task;
    return fd == 3 ? &directory : NULL;
}

void file_put(struct file *file)
{
    (void)file;
}

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    directory = (struct file){.operations = &fake_operations};
    return 0;
}

static char buffer[1024];

static int64_t list(size_t size)
{
    const struct transfer transfer = {.address = (uint64_t)buffer, .length = size};

    memset(buffer, 0, sizeof(buffer));
    return node_list(&fake_task, &directory, &transfer);
}

static const struct linux_dirent64 *entry_at(size_t at)
{
    return (const struct linux_dirent64 *)(buffer + at);
}

static void lists_all_at_once(void **state)
{
    unsigned count = 0;

    (void)state;
    int64_t size = list(sizeof(buffer));
    assert_true(size > 0);
    for (int64_t at = 0; at < size; at += entry_at((size_t)at)->length)
        count++;
    assert_int_equal(count, ENTRIES);
    assert_string_equal(entry_at(0)->name, ".");
    assert_int_equal(entry_at(0)->node, 50);
    assert_int_equal(entry_at(0)->offset, 1);
    assert_int_equal(entry_at(0)->type, 4);
    assert_int_equal(entry_at(0)->length % 8, 0);
    assert_int_equal(list(sizeof(buffer)), 0);
}

static void goes_on_where_the_buffer_ended(void **state)
{
    (void)state;
    assert_int_equal(list(72), 72);
    assert_int_equal(directory.offset, 3);
    assert_int_equal(list(32), 32);
    assert_string_equal(entry_at(0)->name, "longer name");
    assert_int_equal(list(32), 24);
    assert_string_equal(entry_at(0)->name, "z");
    assert_int_equal(list(32), 0);
    directory.offset = 0;
    assert_int_equal(list(24), 24);
    assert_string_equal(entry_at(0)->name, ".");
}

static void a_buffer_for_no_entry_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(list(23), -LINUX_EINVAL);
    assert_int_equal(directory.offset, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lists_all_at_once, set_up),
        cmocka_unit_test_setup(goes_on_where_the_buffer_ended, set_up),
        cmocka_unit_test_setup(a_buffer_for_no_entry_is_an_error, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
