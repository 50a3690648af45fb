/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <base/errno.h>
#include <base/heap.h>

#include "lock.h"
#include "operations.h"

/* What the tree stands on, with a count of what is held and a failure to order. */
static size_t held;
static size_t fail_after; /* the n-th allocation from now fails; 0: none */

static bool refuse(void)
{
    return fail_after > 0 && --fail_after == 0;
}

void *allocate(size_t size)
{
    if (refuse())
        return NULL;
    held++;
    return malloc(size == 0 ? 1 : size);
}

void *allocate_zeroed(size_t count, size_t size)
{
    void *piece = allocate(count * size);
    return piece == NULL ? NULL : memset(piece, 0, count * size);
}

void *reallocate(void *piece, size_t size)
{
    if (refuse())
        return NULL;
    held += piece == NULL;
    return realloc(piece, size);
}

void release(void *piece)
{
    held -= piece != NULL;
    free(piece);
}

fs_error_t content_create_memory(uint64_t tag, handle_t *memory)
{
    (void)tag;
    if (refuse())
        return LINUX_ENOSPC;
    held++;
    *memory = 1;
    return 0;
}

fs_error_t content_resize(handle_t memory, uint64_t size)
{
    (void)memory, (void)size;
    return refuse() ? LINUX_ENOSPC : 0;
}

fs_error_t content_store(handle_t memory, uint64_t offset, const void *bytes, uint64_t length)
{
    (void)memory, (void)offset, (void)bytes, (void)length;
    return refuse() ? LINUX_ENOSPC : 0;
}

uint32_t fifo_signals;

fs_error_t content_create_fifo(struct fifo_content *fifo)
{
    if (refuse())
        return LINUX_ENOSPC;
    held += 3;
    *fifo = (struct fifo_content){2, 3, 4};
    return 0;
}

void content_signal(handle_t event, uint32_t clear, uint32_t set)
{
    (void)event;
    fifo_signals = (fifo_signals & ~clear) | set;
}

void content_release(handle_t handle)
{
    held -= handle != HANDLE_NONE;
}

void content_now(int64_t *seconds, uint32_t *nanoseconds)
{
    static int64_t tick;
    *seconds = ++tick;
    *nanoseconds = 0;
}

static struct node *root;
static struct credentials root_user = {.references = 1};
static struct credentials user = {.references = 1, .values = {.uid = 1000, .gid = 1000}};
static struct session at_root = {.credentials = &root_user};
static struct session user_at_root = {.credentials = &user};

static void begin(struct operation *operation, struct session *session, const char *path)
{
    *operation = (struct operation){.session = session};
    operation->walk.length = strlen(path);
    memcpy(operation->walk.path, path, operation->walk.length);
}

static fs_error_t open_path(struct session *session, const char *path, uint32_t flags,
                            uint32_t mode, struct node **node)
{
    struct operation operation;

    begin(&operation, session, path);
    operation.flags = flags;
    operation.mode = mode;
    return operation_open(&operation, node);
}

static fs_error_t make(const char *path, uint32_t mode)
{
    struct operation operation;

    begin(&operation, &at_root, path);
    operation.mode = mode;
    return operation_make(&operation);
}

static fs_error_t remove_as(struct session *session, const char *path, uint32_t flags)
{
    struct operation operation;

    begin(&operation, session, path);
    operation.flags = flags;
    return operation_remove(&operation);
}

static fs_error_t rename_at(struct node *from, const char *old, struct node *to, const char *new,
                            uint32_t flags)
{
    struct session first = {.node = from, .credentials = &root_user};
    struct session second = {.node = to, .credentials = &root_user};
    struct rename_request request = {.from = &first,
                                     .to = &second,
                                     .old_name = old,
                                     .old_length = strlen(old),
                                     .new_name = new,
                                     .new_length = strlen(new),
                                     .flags = flags};
    return operation_rename(&request);
}

static struct node *find(const char *path)
{
    struct node *node = NULL;
    return open_path(&at_root, path, FS_OPEN_ATTRIBUTES, 0, &node) == 0 ? node : NULL;
}

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

static fs_error_t lock_as(struct node *node, uint32_t pid, uint32_t kind, uint64_t start,
                          uint64_t length)
{
    struct fs_lock lock = {.start = start, .length = length, .kind = kind};
    struct lock_request request = {.lock = &lock, .pid = pid, .badge = pid};
    return lock_apply(node, &request);
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
    held++; /* the event */
    assert_int_equal(lock_wait(node, 9), 0);
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
    uint64_t reader, writer;

    (void)state;
    assert_int_equal(make("fifo", TMPFS_FIFO | 0644), 0);
    assert_int_equal(open_path(&at_root, "fifo", FS_OPEN_WRITE | FS_NO_BLOCK, 0, &node),
                     LINUX_ENXIO);
    assert_int_equal(open_path(&at_root, "fifo", FS_OPEN_READ, 0, &node), 0);
    fifo_signals = 0;
    assert_int_equal(session_open(node, &root_user, FS_OPEN_READ, &reader), 0);
    assert_int_equal(fifo_signals, FS_FIFO_READER);
    assert_int_equal(session_open(node, &root_user, FS_OPEN_WRITE, &writer), 0);
    assert_int_equal(fifo_signals, FS_FIFO_READER | FS_FIFO_WRITER);
    session_close(reader);
    assert_int_equal(fifo_signals, FS_FIFO_READER | FS_FIFO_WRITER);
    session_close(writer);
    assert_int_equal(session_open(node, &root_user, FS_OPEN_WRITE, &writer), 0);
    assert_int_equal(fifo_signals, FS_FIFO_WRITER);
    session_close(writer);
    assert_int_equal(remove_as(&at_root, "fifo", 0), 0);
}

/* Each allocation of a sequence fails once: the error is clean and the tree goes on. */
static void survives_every_failed_allocation(void **state)
{
    (void)state;
    for (size_t n = 1; n < 40; n++) {
        struct node *node;
        struct operation operation;

        fail_after = n;
        (void)make("d", TMPFS_DIRECTORY | 0755);
        if (open_path(&at_root, "d/f", FS_OPEN_WRITE | FS_OPEN_CREATE, 0644, &node) == 0)
            (void)file_store(node, 0, "x", 1);
        begin(&operation, &at_root, "d/l");
        (void)operation_symlink(&operation, "target", 6);
        if (find("d") != NULL)
            (void)rename_at(find("d"), "f", root, "g", 0);
        fail_after = 0;
        (void)remove_as(&at_root, "g", 0);
        (void)remove_as(&at_root, "d/f", 0);
        (void)remove_as(&at_root, "d/l", 0);
        (void)remove_as(&at_root, "d", FS_REMOVE_DIRECTORY);
        assert_int_equal(root->directory.count, 0);
        assert_int_equal(root->links, 2);
        assert_int_equal(tree_node_count, 1);
    }
}

static int set_up(void **state)
{
    (void)state;
    if (tree_create(&root) != 0)
        return -1;
    at_root.node = user_at_root.node = root;
    return 0;
}

/* All that is left is the tree's own: the root and its table, the name table, the session table. */
static int nothing_is_held(void **state)
{
    (void)state;
    return held <= 4 && tree_node_count == 1 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(creates_and_removes, nothing_is_held),
        cmocka_unit_test_teardown(an_open_file_outlives_its_name, nothing_is_held),
        cmocka_unit_test_teardown(permissions_hold, nothing_is_held),
        cmocka_unit_test_teardown(renames, nothing_is_held),
        cmocka_unit_test_teardown(listings_go_on_after_changes, nothing_is_held),
        cmocka_unit_test_teardown(locks_ranges, nothing_is_held),
        cmocka_unit_test_teardown(fifos_tell_who_is_there, nothing_is_held),
        cmocka_unit_test_teardown(survives_every_failed_allocation, nothing_is_held),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
