/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <vfs/walk.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <base/errno.h>

/* A fixed tree: parent index, name, mode, link target, mount. */
static struct fixture_node {
    struct vfs_node vfs;
    int parent;
    const char *name;
    const char *target;
    uint32_t mount;
} nodes[] = {
    {{0040755, 0, 0}, 0, "", NULL, 0},
    {{0040755, 0, 0}, 0, "etc", NULL, 0},
    {{0100644, 0, 0}, 1, "passwd", NULL, 0},
    {{0120777, 0, 0}, 0, "relative", "etc/passwd", 0},
    {{0120777, 0, 0}, 1, "absolute", "/usr/share/x", 0},
    {{0120777, 0, 0}, 0, "loop", "loop", 0},
    {{0040555, 0, 0}, 0, "proc", NULL, 7},
    {{0040700, 5, 5}, 0, "private", NULL, 0},
    {{0100644, 5, 5}, 7, "file", NULL, 0},
    {{0120777, 0, 0}, 0, "up", "../etc", 0},
    {{0120777, 0, 0}, 0, "dangling", "etc/new", 0},
};

#define NODE(index) (&nodes[index].vfs)

static struct fixture_node *fixture_of(struct vfs_node *node)
{
    return (struct fixture_node *)node;
}

static fs_error_t lookup(struct vfs_node *directory, const char *name, size_t length,
                         struct vfs_node **child)
{
    for (size_t i = 1; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        if (NODE(nodes[i].parent) == directory && strlen(nodes[i].name) == length &&
            memcmp(nodes[i].name, name, length) == 0) {
            *child = NODE(i);
            return 0;
        }
    }
    return LINUX_ENOENT;
}

static struct vfs_node *parent(struct vfs_node *directory)
{
    return NODE(fixture_of(directory)->parent);
}

static fs_error_t read_link(struct vfs_node *link, char *target, size_t size, size_t *length)
{
    *length = strlen(fixture_of(link)->target);
    if (*length > size)
        return LINUX_ENAMETOOLONG;
    memcpy(target, fixture_of(link)->target, *length);
    return 0;
}

static uint32_t covering_mount(struct vfs_node *directory)
{
    return fixture_of(directory)->mount;
}

static const struct vfs_operations operations = {lookup, parent, read_link, covering_mount};
static const struct fs_credentials root_user = {0};
static const struct fs_credentials other_user = {.uid = 9, .gid = 9};
static struct vfs_walk walk;
static enum fs_outcome outcome;

static fs_error_t go(int start, const char *path, uint32_t flags, const struct fs_credentials *who)
{
    walk = (struct vfs_walk){
        .operations = &operations, .start = NODE(start), .credentials = who, .flags = flags};
    walk.length = strlen(path);
    memcpy(walk.path, path, walk.length);
    return vfs_walk(&walk, &outcome);
}

static void expect_rest(const char *rest)
{
    assert_int_equal(walk.rest_length, strlen(rest));
    assert_memory_equal(walk.path + walk.rest, rest, walk.rest_length);
}

static void finds_nodes(void **state)
{
    (void)state;
    assert_int_equal(go(0, "etc/passwd", 0, &root_user), 0);
    assert_int_equal(outcome, FS_OUTCOME_DONE);
    assert_ptr_equal(walk.node, NODE(2));
    assert_ptr_equal(walk.parent, NODE(1));
    assert_memory_equal(walk.path + walk.name, "passwd", walk.name_length);
    assert_int_equal(go(0, "//etc//./passwd", 0, &root_user), 0);
    assert_ptr_equal(walk.node, NODE(2));
    assert_int_equal(go(1, "..", 0, &root_user), 0);
    assert_ptr_equal(walk.node, NODE(0));
    assert_null(walk.parent);
    assert_int_equal(go(1, "", 0, &root_user), 0);
    assert_ptr_equal(walk.node, NODE(1));
}

static void follows_links(void **state)
{
    (void)state;
    assert_int_equal(go(0, "relative", VFS_FOLLOW_LAST, &root_user), 0);
    assert_ptr_equal(walk.node, NODE(2));
    assert_int_equal(go(0, "relative", 0, &root_user), 0);
    assert_ptr_equal(walk.node, NODE(3));
    assert_int_equal(go(0, "etc/absolute", VFS_FOLLOW_LAST, &root_user), 0);
    assert_int_equal(outcome, FS_OUTCOME_LINK);
    expect_rest("/usr/share/x");
    assert_int_equal(go(0, "etc/absolute/more", 0, &root_user), 0);
    assert_int_equal(outcome, FS_OUTCOME_LINK);
    expect_rest("/usr/share/x/more");
    assert_int_equal(go(0, "loop", VFS_FOLLOW_LAST, &root_user), LINUX_ELOOP);
}

static void leaves_upwards_and_by_mounts(void **state)
{
    (void)state;
    assert_int_equal(go(0, "../a/b", 0, &root_user), 0);
    assert_int_equal(outcome, FS_OUTCOME_UP);
    expect_rest("a/b");
    assert_int_equal(go(0, "..", 0, &root_user), 0);
    assert_int_equal(outcome, FS_OUTCOME_UP);
    expect_rest("");
    assert_int_equal(go(0, "up/passwd", 0, &root_user), 0);
    assert_int_equal(outcome, FS_OUTCOME_UP);
    expect_rest("etc/passwd");
    assert_int_equal(go(1, "../etc/passwd", VFS_CEILING, &root_user), LINUX_ENOENT);
    assert_int_equal(go(0, "proc/1/stat", 0, &root_user), 0);
    assert_int_equal(outcome, FS_OUTCOME_MOUNT);
    assert_int_equal(walk.mount, 7);
    expect_rest("1/stat");
    assert_int_equal(go(0, "proc", 0, &root_user), 0);
    assert_int_equal(outcome, FS_OUTCOME_DONE);
    assert_int_equal(go(0, "proc", VFS_CROSS_LAST, &root_user), 0);
    assert_int_equal(outcome, FS_OUTCOME_MOUNT);
    expect_rest("");
}

static void reports_what_is_wrong(void **state)
{
    char name[VFS_NAME_MAX + 2];

    (void)state;
    assert_int_equal(go(0, "nothing", 0, &root_user), LINUX_ENOENT);
    assert_int_equal(go(0, "nothing/x", VFS_MAY_BE_MISSING, &root_user), LINUX_ENOENT);
    assert_int_equal(go(0, "etc/passwd/x", 0, &root_user), LINUX_ENOTDIR);
    assert_int_equal(go(0, "etc/passwd/", 0, &root_user), LINUX_ENOTDIR);
    assert_int_equal(go(0, "etc/passwd/.", 0, &root_user), LINUX_ENOTDIR);
    assert_int_equal(go(0, "private/file", 0, &other_user), LINUX_EACCES);
    assert_int_equal(go(0, "private/file", 0, &root_user), 0);
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = 0;
    assert_int_equal(go(0, name, 0, &root_user), LINUX_ENAMETOOLONG);
}

static void names_what_is_missing(void **state)
{
    (void)state;
    assert_int_equal(go(0, "etc/new", VFS_MAY_BE_MISSING, &root_user), 0);
    assert_null(walk.node);
    assert_ptr_equal(walk.parent, NODE(1));
    assert_memory_equal(walk.path + walk.name, "new", 3);
    assert_false(walk.wants_directory);
    assert_int_equal(go(0, "etc/new/", VFS_MAY_BE_MISSING, &root_user), 0);
    assert_true(walk.wants_directory);
    assert_int_equal(go(0, "dangling", VFS_MAY_BE_MISSING | VFS_FOLLOW_LAST, &root_user), 0);
    assert_ptr_equal(walk.parent, NODE(1));
    assert_memory_equal(walk.path + walk.name, "new", 3);
}

static void permits_by_class(void **state)
{
    struct vfs_node node = {.mode = 0100640, .uid = 1, .gid = 2};
    struct fs_credentials member = {.uid = 3, .gid = 4, .group_count = 1, .groups = {2}};
    struct fs_credentials owner = {.uid = 1, .gid = 4};

    (void)state;
    assert_int_equal(vfs_permit(&node, &owner, 6), 0);
    assert_int_equal(vfs_permit(&node, &owner, 1), LINUX_EACCES);
    assert_int_equal(vfs_permit(&node, &member, 4), 0);
    assert_int_equal(vfs_permit(&node, &member, 2), LINUX_EACCES);
    assert_int_equal(vfs_permit(&node, &other_user, 4), LINUX_EACCES);
    assert_int_equal(vfs_permit(&node, &root_user, 6), 0);
    assert_int_equal(vfs_permit(&node, &root_user, 1), LINUX_EACCES);
}

static void packs_entries(void **state)
{
    _Alignas(8) char buffer[80];
    size_t used = 0;
    struct vfs_entry entry = {.node = 5, .cookie = 6, .type = 8, .name = "abc", .name_length = 3};

    (void)state;
    assert_true(vfs_pack_entry(buffer, sizeof(buffer), &used, &entry));
    assert_int_equal(used % 8, 0);
    assert_true(vfs_pack_entry(buffer, sizeof(buffer), &used, &entry));
    size_t full = used;
    while (vfs_pack_entry(buffer, sizeof(buffer), &used, &entry))
        full = used;
    assert_int_equal(used, full);
    assert_memory_equal(((struct fs_entry *)buffer)->name, "abc", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_nodes),
        cmocka_unit_test(follows_links),
        cmocka_unit_test(leaves_upwards_and_by_mounts),
        cmocka_unit_test(reports_what_is_wrong),
        cmocka_unit_test(names_what_is_missing),
        cmocka_unit_test(permits_by_class),
        cmocka_unit_test(packs_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
