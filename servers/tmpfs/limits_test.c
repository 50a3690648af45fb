/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <base/errno.h>
#include <base/heap.h>

#include "lock.h"
#include "tree_fake.h"

/* Nodes, further names and long targets count for who makes them, until they are gone. */
static void a_user_has_so_many_nodes(void **state)
{
    struct node *node, *other;
    char target[600];

    (void)state;
    memset(target, 'x', sizeof(target) - 1);
    target[sizeof(target) - 1] = '\0';
    payer.limit = 4;
    assert_int_equal(make("tmp", TMPFS_DIRECTORY | 01777), 0);
    uint32_t flags = FS_OPEN_CREATE | FS_OPEN_WRITE;
    assert_int_equal(open_path(&user_at_root, "tmp/a", flags, 0600, &node), 0);
    assert_int_equal(make_link(&user_at_root, "tmp/b", node), 0);
    assert_int_equal(make_symlink(&user_at_root, "tmp/l", target), LINUX_ENOSPC);
    assert_int_equal(remove_as(&user_at_root, "tmp/a", 0), 0);
    assert_int_equal(payer.used[USER_NODES], 2);
    assert_int_equal(rename_at(find("tmp"), "b", find("tmp"), "c", 0), 0);
    assert_int_equal(payer.used[USER_NODES], 2);
    assert_int_equal(open_path(&user_at_root, "tmp/d", flags, 0600, &other), 0);
    assert_int_equal(make_link(&user_at_root, "tmp/e", node), 0);
    assert_int_equal(make_link(&user_at_root, "tmp/f", node), LINUX_ENOSPC);
    assert_int_equal(open_path(&user_at_root, "tmp/g", flags, 0600, &other), LINUX_ENOSPC);
    assert_int_equal(open_path(&at_root, "tmp/h", flags, 0600, &other), 0);
    assert_int_equal(rename_at(find("tmp"), "e", find("tmp"), "d", 0), 0);
    assert_int_equal(payer.used[USER_NODES], 3);
    assert_int_equal(remove_as(&at_root, "tmp/c", 0), 0);
    assert_int_equal(remove_as(&at_root, "tmp/d", 0), 0);
    assert_int_equal(payer.used[USER_NODES], 0);
    assert_int_equal(make_symlink(&user_at_root, "tmp/l", target), 0);
    assert_int_equal(payer.used[USER_NODES], 3);
    assert_int_equal(remove_as(&at_root, "tmp/l", 0), 0);
    assert_int_equal(remove_as(&at_root, "tmp/h", 0), 0);
    assert_int_equal(remove_as(&at_root, "tmp", FS_REMOVE_DIRECTORY), 0);
    assert_int_equal(payer.used[USER_NODES], 0);
    payer.limit = 1000;
}

static void a_user_has_so_many_sessions_and_locks(void **state)
{
    uint64_t badges[3], one_more;
    struct node *node;

    (void)state;
    payer.limit = 3;
    assert_int_equal(open_path(&at_root, "file", FS_OPEN_WRITE | FS_OPEN_CREATE, 0644, &node), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(session_open(node, &user, FS_OPEN_READ, &badges[i]), 0);
    assert_int_equal(session_open(node, &user, FS_OPEN_READ, &one_more), LINUX_ENFILE);
    assert_int_equal(session_open(node, &root_user, FS_OPEN_READ, &one_more), 0);
    session_close(one_more);
    for (unsigned i = 0; i < 3; i++)
        session_close(badges[i]);
    assert_int_equal(payer.used[USER_SESSIONS], 0);
    assert_int_equal(lock_as(node, 1, 0, 0, 10), 0);
    assert_int_equal(lock_as(node, 1, 0, 20, 10), 0);
    assert_int_equal(lock_as(node, 1, 2, 5, 1), 0);
    assert_int_equal(lock_as(node, 1, 2, 24, 1), LINUX_ENOLCK);
    assert_int_equal(lock_as(node, 1, 0, 40, 10), LINUX_ENOLCK);
    assert_int_equal(lock_as(node, 1, 2, 0, 10), 0);
    assert_int_equal(payer.used[USER_LOCKS], 1);
    assert_int_equal(lock_as(node, 1, 2, 0, 0), 0);
    assert_int_equal(payer.used[USER_LOCKS], 0);
    assert_int_equal(remove_as(&at_root, "file", 0), 0);
    payer.limit = 1000;
}

/* The account that comes along is kept of a new user and closed of one that is known. */
static void users_are_found_by_id(void **state)
{
    struct user *first, *second;

    (void)state;
    fail_after = 1;
    held++;
    assert_int_equal(user_find(7, 30, &first), LINUX_ENOSPC);
    assert_int_equal(user_find(7, HANDLE_NONE, &first), LINUX_EINVAL);
    held++;
    assert_int_equal(user_find(7, 30, &first), 0);
    assert_int_equal(first->limit, 100);
    size_t before = held++;
    assert_int_equal(user_find(7, 31, &second), 0);
    assert_ptr_equal(first, second);
    assert_int_equal(held, before);
    assert_int_equal(user_pages_of_all(), 30);
    list_remove(&first->link);
    content_release(first->account);
    release(first);
}

/* What was done with no memory at some point. */
static fs_error_t work(void)
{
    struct node *node, *open;
    fs_error_t error = make("d", TMPFS_DIRECTORY | 0755);
    uint64_t badge;
    handle_t event;

    if (error == 0)
        error = open_path(&at_root, "d/f", FS_OPEN_WRITE | FS_OPEN_CREATE, 0644, &node);
    if (error == 0)
        error = file_store(node, 0, "x", 1);
    if (error == 0)
        error = make_symlink(&at_root, "d/l", "target");
    if (error == 0)
        error = make_link(&at_root, "d/h", node);
    if (error == 0)
        error = lock_as(node, 1, 1, 0, 100);
    if (error == 0)
        error = lock_as(node, 1, 2, 10, 10);
    if (error == 0)
        error = lock_wait(node, &event);
    if (error == 0)
        error = lock_as(node, 1, 2, 0, 0);
    if (error == 0)
        error = rename_at(find("d"), "f", root, "g", 0);
    if (error == 0)
        error = make("d/p", TMPFS_FIFO | 0644);
    if (error == 0)
        error = open_path(&at_root, "d/p", FS_OPEN_READ, 0, &open);
    if (error == 0)
        error = open_path(&at_root, "d", FS_OPEN_WRITE | FS_OPEN_TEMPORARY, 0644, &node);
    if (error == 0 && (error = session_open(node, &root_user, FS_OPEN_WRITE, &badge)) == 0)
        session_close(badge);
    else if (error == 0)
        node_drop(node);
    return error;
}

/* Each allocation of a sequence fails once: the error is clean and the tree goes on. */
static void survives_every_failed_allocation(void **state)
{
    static const char *const names[] = {"g", "d/f", "d/h", "d/l", "d/p"};
    fs_error_t error = LINUX_ENOSPC;
    size_t n = 1;

    (void)state;
    for (; error != 0; n++) {
        fail_after = n;
        error = work();
        assert_true(error == 0 || error == LINUX_ENOSPC || error == LINUX_ENOLCK);
        if (find("d/f") != NULL)
            (void)lock_as(find("d/f"), 1, 2, 0, 0);
        fail_after = 0;
        if (find("d/f") != NULL)
            assert_int_equal(lock_as(find("d/f"), 1, 2, 0, 0), 0);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            (void)remove_as(&at_root, names[i], 0);
        (void)remove_as(&at_root, "d", FS_REMOVE_DIRECTORY);
        assert_int_equal(root->directory.count, 0);
        assert_int_equal(root->links, 2);
        assert_int_equal(tree_node_count, 1);
        assert_int_equal(root_payer.used[USER_NODES], 0);
        assert_int_equal(root_payer.used[USER_SESSIONS], 0);
        assert_int_equal(payer.used[USER_LOCKS], 0);
    }
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_user_has_so_many_nodes, tree_holds_nothing),
        cmocka_unit_test_teardown(a_user_has_so_many_sessions_and_locks, tree_holds_nothing),
        cmocka_unit_test_teardown(users_are_found_by_id, tree_holds_nothing),
        cmocka_unit_test_teardown(survives_every_failed_allocation, tree_holds_nothing),
    };
    return cmocka_run_group_tests(tests, tree_set_up, NULL);
}
