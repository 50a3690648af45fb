/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <base/errno.h>

#include "lock.h"
#include "tree_fake.h"

static void creates_and_removes(void **state)
{
    struct node *node;

    (void)state;
    assert_int_equal(make("dir", TMPFS_DIRECTORY | 0755), 0);
    assert_int_equal(root->links, 3);
    assert_int_equal(open_path(&at_root, "dir/file", FS_OPEN_WRITE | FS_OPEN_CREATE, 0644, &node),
                     0);
    assert_int_equal(open_path(&at_root, "dir/file", FS_OPEN_CREATE | FS_OPEN_EXCLUSIVE, 0, &node),
                     LINUX_EEXIST);
    assert_int_equal(file_store(node, 10, "abc", 3), 0);
    assert_int_equal(node->file.size, 13);
    assert_int_equal(open_path(&at_root, "dir/file", FS_OPEN_WRITE | FS_OPEN_TRUNCATE, 0, &node),
                     0);
    assert_int_equal(node->file.size, 0);
    assert_int_equal(remove_as(&at_root, "dir", FS_REMOVE_DIRECTORY), LINUX_ENOTEMPTY);
    assert_int_equal(remove_as(&at_root, "dir", 0), LINUX_EISDIR);
    assert_int_equal(remove_as(&at_root, "dir/file", FS_REMOVE_DIRECTORY), LINUX_ENOTDIR);
    assert_int_equal(remove_as(&at_root, "dir/file", 0), 0);
    assert_int_equal(remove_as(&at_root, "dir/.", FS_REMOVE_DIRECTORY), LINUX_EINVAL);
    assert_int_equal(remove_as(&at_root, "dir", FS_REMOVE_DIRECTORY), 0);
    assert_int_equal(root->links, 2);
}

static void an_open_file_outlives_its_name(void **state)
{
    struct node *node;
    uint64_t badge;

    (void)state;
    assert_int_equal(open_path(&at_root, "file", FS_OPEN_WRITE | FS_OPEN_CREATE, 0644, &node), 0);
    assert_int_equal(session_open(node, &root_user, FS_OPEN_WRITE, &badge), 0);
    assert_int_equal(remove_as(&at_root, "file", 0), 0);
    assert_ptr_equal(session_find(badge)->node, node);
    assert_int_equal(node->links, 0);
    session_close(badge);
    assert_null(session_find(badge));
}

static void permissions_hold(void **state)
{
    struct node *node;

    (void)state;
    assert_int_equal(open_path(&user_at_root, "mine", FS_OPEN_CREATE | FS_OPEN_WRITE, 0644, &node),
                     LINUX_EACCES);
    assert_int_equal(make("tmp", TMPFS_DIRECTORY | 01777), 0);
    assert_int_equal(
        open_path(&user_at_root, "tmp/mine", FS_OPEN_CREATE | FS_OPEN_WRITE, 0600, &node), 0);
    assert_int_equal(node->vfs.uid, 1000);
    assert_int_equal(open_path(&at_root, "tmp/roots", FS_OPEN_CREATE | FS_OPEN_WRITE, 0600, &node),
                     0);
    assert_int_equal(open_path(&user_at_root, "tmp/roots", FS_OPEN_READ, 0, &node), LINUX_EACCES);
    assert_int_equal(remove_as(&user_at_root, "tmp/roots", 0), LINUX_EPERM);
    assert_int_equal(remove_as(&user_at_root, "tmp/mine", 0), 0);
    assert_int_equal(make("dev", TMPFS_CHARACTER | 0666), 0);
    assert_int_equal(remove_as(&at_root, "tmp/roots", 0), 0);
    assert_int_equal(remove_as(&at_root, "tmp", FS_REMOVE_DIRECTORY), 0);
    assert_int_equal(remove_as(&at_root, "dev", 0), 0);
}

static void renames(void **state)
{
    (void)state;
    assert_int_equal(make("a", TMPFS_DIRECTORY | 0755), 0);
    assert_int_equal(make("a/b", TMPFS_DIRECTORY | 0755), 0);
    assert_int_equal(make("f", TMPFS_REGULAR | 0644), 0);
    struct node *a = find("a");
    struct node *b = find("a/b");
    assert_int_equal(rename_at(root, "a", b, "c", 0), LINUX_EINVAL);
    assert_int_equal(rename_at(root, "f", root, "a", 0), LINUX_EISDIR);
    assert_int_equal(rename_at(root, "a", root, "f", 0), LINUX_ENOTDIR);
    assert_int_equal(rename_at(root, "missing", root, "x", 0), LINUX_ENOENT);
    assert_int_equal(rename_at(root, "f", b, "g", 0), 0);
    assert_int_equal(rename_at(a, "b", root, "b2", 0), 0);
    assert_ptr_equal(b->directory.parent, root);
    assert_non_null(find("b2/g"));
    assert_int_equal(rename_at(root, "b2", root, "a", 0), 0);
    assert_null(find("b2"));
    assert_non_null(find("a/g"));
    assert_int_equal(make("f", TMPFS_REGULAR | 0644), 0);
    assert_int_equal(rename_at(root, "f", b, "g", 1), LINUX_EEXIST);
    assert_int_equal(rename_at(root, "f", root, "a", 2), 0);
    assert_int_equal(node_type(find("f")), TMPFS_DIRECTORY);
    assert_int_equal(root->links, 3);
    assert_int_equal(remove_as(&at_root, "f/g", 0), 0);
    assert_int_equal(remove_as(&at_root, "f", FS_REMOVE_DIRECTORY), 0);
    assert_int_equal(remove_as(&at_root, "a", 0), 0);
}

static void listings_go_on_after_changes(void **state)
{
    char name[4] = "f00";

    (void)state;
    for (int i = 0; i < 50; i++) {
        name[1] = (char)('0' + i / 10);
        name[2] = (char)('0' + i % 10);
        assert_int_equal(make(name, TMPFS_REGULAR | 0644), 0);
    }
    struct entry *tenth = entry_from(root, 0);
    for (int i = 0; i < 10; i++)
        tenth = entry_from(root, tenth->cookie + 1);
    uint64_t cookie = tenth->cookie;
    assert_int_equal(remove_as(&at_root, "f05", 0), 0);
    assert_ptr_equal(entry_from(root, cookie), tenth);
    assert_int_equal(remove_as(&at_root, "f10", 0), 0);
    assert_memory_equal(entry_from(root, cookie)->name, "f11", 3);
    while (root->directory.count > 0)
        entry_remove(entry_from(root, 0));
}

static void locks_ranges(void **state)
{
    struct node *node;

    (void)state;
    assert_int_equal(open_path(&at_root, "file", FS_OPEN_WRITE | FS_OPEN_CREATE, 0644, &node), 0);
    assert_int_equal(lock_as(node, 1, 1, 0, 100), 0);
    assert_int_equal(lock_as(node, 2, 0, 50, 10), LINUX_EAGAIN);
    assert_int_equal(lock_as(node, 1, 2, 40, 30), 0);
    assert_int_equal(lock_as(node, 2, 0, 50, 10), 0);
    assert_int_equal(lock_as(node, 2, 1, 0, 0), LINUX_EAGAIN);
    struct fs_lock asked = {.start = 90, .length = 20, .kind = 1};
    struct lock_request request = {.lock = &asked, .pid = 2, .badge = 2};
    lock_ask(node, &request);
    assert_int_equal(asked.owner, 1);
    assert_int_equal(asked.start, 70);
    fifo_signals = 0;
    handle_t event, again;
    assert_int_equal(lock_wait(node, &event), 0);
    assert_int_equal(lock_wait(node, &again), 0);
    assert_int_equal(event, again);
    lock_drop_session(node, 1);
    assert_int_equal(fifo_signals, FS_LOCK_CHANGED);
    assert_int_equal(lock_as(node, 2, 1, 0, 0), 0);
    lock_drop_session(node, 2);
    assert_true(list_is_empty(&node->locks));
    assert_int_equal(remove_as(&at_root, "file", 0), 0);
}

static void fifos_tell_who_is_there(void **state)
{
    struct node *node;
    uint64_t reader, writer, late;

    (void)state;
    assert_int_equal(make("fifo", TMPFS_FIFO | 0644), 0);
    assert_int_equal(open_path(&at_root, "fifo", FS_OPEN_WRITE | FS_NO_BLOCK, 0, &node),
                     LINUX_ENXIO);
    assert_int_equal(open_path(&at_root, "fifo", FS_OPEN_READ, 0, &node), 0);
    fifo_signals = 0;
    assert_int_equal(session_open(node, &root_user, FS_OPEN_READ, &reader), 0);
    assert_int_equal(fifo_signals, 0);
    fifo_ends = FS_FIFO_READER;
    session_announce(reader);
    assert_int_equal(fifo_signals, FS_FIFO_READER);
    assert_int_equal(session_open(node, &root_user, FS_OPEN_WRITE, &writer), 0);
    assert_int_equal(fifo_signals, FS_FIFO_READER);
    session_announce(writer);
    assert_int_equal(fifo_signals, FS_FIFO_READER | FS_FIFO_WRITER);
    fifo_ends = 0; /* before the sessions are gone */
    assert_int_equal(session_open(node, &root_user, FS_OPEN_WRITE, &late), 0);
    assert_int_equal(fifo_signals, FS_FIFO_WRITER);
    session_close(reader);
    session_close(writer);
    session_announce(writer);
    assert_int_equal(fifo_signals, FS_FIFO_WRITER);
    session_close(late);
    assert_int_equal(remove_as(&at_root, "fifo", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(creates_and_removes, tree_holds_nothing),
        cmocka_unit_test_teardown(an_open_file_outlives_its_name, tree_holds_nothing),
        cmocka_unit_test_teardown(permissions_hold, tree_holds_nothing),
        cmocka_unit_test_teardown(renames, tree_holds_nothing),
        cmocka_unit_test_teardown(listings_go_on_after_changes, tree_holds_nothing),
        cmocka_unit_test_teardown(locks_ranges, tree_holds_nothing),
        cmocka_unit_test_teardown(fifos_tell_who_is_there, tree_holds_nothing),
    };
    return cmocka_run_group_tests(tests, tree_set_up, NULL);
}
