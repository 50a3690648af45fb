/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Walks from mount to mount, with file servers that are trees of the test and walk as real ones do. */
#include "path.h"

#include <stdio.h>
#include <stdlib.h>

#include <base/errno.h>
#include <vfs/walk.h>

#include "file_fake.h"
#include "naming_state.h"

enum { ROOT_FS = 1, PROC_FS = 2, TERMINALS_FS = 3 };
enum { PERMITTED = 0755, DIRECTORY = LINUX_S_IFDIR | PERMITTED, LINK = LINUX_S_IFLNK | 0777 };

struct tree_node {
    struct vfs_node vfs;
    const char *name, *target;
    struct tree_node *above;
    uint32_t mount, fs;
};

static struct tree_node root = {{DIRECTORY, 0, 0}, "", NULL, &root, 0, ROOT_FS};
static struct tree_node etc = {{DIRECTORY, 0, 0}, "etc", NULL, &root, 0, ROOT_FS};
static struct tree_node passwd = {{LINUX_S_IFREG, 0, 0}, "passwd", NULL, &etc, 0, ROOT_FS};
static struct tree_node dev = {{DIRECTORY, 0, 0}, "dev", NULL, &root, 0, ROOT_FS};
static struct tree_node dev_pts = {{DIRECTORY, 0, 0}, "pts", NULL, &dev, TERMINALS_FS, ROOT_FS};
static struct tree_node dev_fd = {{LINK, 0, 0}, "fd", "/proc/self/fd", &dev, 0, ROOT_FS};
static struct tree_node dev_loop = {{LINK, 0, 0}, "loop", "/dev/loop", &dev, 0, ROOT_FS};
static struct tree_node proc_place = {{DIRECTORY, 0, 0}, "proc", NULL, &root, PROC_FS, ROOT_FS};
static struct tree_node proc = {{DIRECTORY, 0, 0}, "", NULL, &proc, 0, PROC_FS};
static struct tree_node proc_self = {{LINK, 0, 0}, "self", "2", &proc, 0, PROC_FS};
static struct tree_node proc_2 = {{DIRECTORY, 0, 0}, "2", NULL, &proc, 0, PROC_FS};
static struct tree_node proc_exe = {{LINK, 0, 0}, "exe", "/etc/passwd", &proc_2, 0, PROC_FS};
static struct tree_node proc_fd = {{DIRECTORY, 0, 0}, "fd", NULL, &proc_2, 0, PROC_FS};
static struct tree_node pts = {{DIRECTORY, 0, 0}, "", NULL, &pts, 0, TERMINALS_FS};
static struct tree_node pts_0 = {{LINUX_S_IFCHR, 0, 0}, "0", NULL, &pts, 0, TERMINALS_FS};
static struct tree_node *const nodes[] = {&root,   &etc,      &passwd,     &dev,  &dev_pts,
                                          &dev_fd, &dev_loop, &proc_place, &proc, &proc_self,
                                          &proc_2, &proc_exe, &proc_fd,    &pts,  &pts_0};
#define NODES (sizeof(nodes) / sizeof(nodes[0]))

static struct naming naming;
static struct file directory;
static const struct file_operations fake_node_operations = {.kind = POSIX_FILE_NODE};

struct file *file_get(struct task *task, int fd)
{
    (void)task;
    return fd == 5 ? &directory : NULL;
}

void file_put(struct file *file)
{
    (void)file;
}

static struct tree_node *node_of(struct vfs_node *vfs)
{
    return container_of(vfs, struct tree_node, vfs);
}

static fs_error_t lookup(struct vfs_node *at, const char *name, size_t length,
                         struct vfs_node **child)
{
    for (size_t i = 0; i < NODES; i++) {
        if (nodes[i]->above != node_of(at) || nodes[i] == node_of(at) ||
            strlen(nodes[i]->name) != length || memcmp(nodes[i]->name, name, length) != 0)
            continue;
        *child = &nodes[i]->vfs;
        return 0;
    }
    return LINUX_ENOENT;
}

static struct vfs_node *parent(struct vfs_node *at)
{
    return &node_of(at)->above->vfs;
}

static fs_error_t read_link(struct vfs_node *link, char *target, size_t size, size_t *length)
{
    *length = strlen(node_of(link)->target);
    assert_true(*length <= size);
    memcpy(target, node_of(link)->target, *length);
    return 0;
}

static uint32_t covering_mount(struct vfs_node *at)
{
    return node_of(at)->mount;
}

static const struct vfs_operations tree_operations = {lookup, parent, read_link, covering_mount};

/* A session is 100 more than a node's place in the table. */
static handle_t session_of(const struct tree_node *node)
{
    size_t i = 0;
    while (nodes[i] != node)
        i++;
    return 100 + i;
}

static struct tree_node *found; /* by the last OPEN */

static int serve_path(struct tree_node *node, struct message *message)
{
    char text[64] = "";

    if (node->vfs.mode != DIRECTORY)
        return -LINUX_ENOTDIR;
    for (; node->above != node; node = node->above) {
        char before[64];
        strcpy(before, text);
        snprintf(text, sizeof(text), "%s%s%s", node->name, *before == 0 ? "" : "/", before);
    }
    message_copy_text(message, fake_task.frame, text, strlen(text));
    return 0;
}

static int serve_open(struct tree_node *start, struct message *message)
{
    static struct vfs_walk walk;
    static const struct fs_credentials superuser;
    enum fs_outcome outcome;

    walk.operations = &tree_operations;
    walk.start = &start->vfs;
    walk.credentials = &superuser;
    walk.flags = VFS_CROSS_LAST | ((message->words[0] & FS_AT_CEILING) != 0 ? VFS_CEILING : 0) |
                 ((message->words[0] & FS_OPEN_NO_FOLLOW) != 0 ? 0 : VFS_FOLLOW_LAST);
    walk.length = message_text_length(message->information);
    memcpy(walk.path, frame_text(fake_task.frame), walk.length);
    fs_error_t error = vfs_walk(&walk, &outcome);
    if (error != 0)
        return -(int)error;
    message->words[0] = outcome;
    message->words[1] = walk.mount;
    message->information = 0;
    if (outcome == FS_OUTCOME_DONE) {
        struct fs_attributes attributes = {.mode = walk.node->mode};
        found = node_of(walk.node);
        message_copy_text(message, fake_task.frame, &attributes, sizeof(attributes));
        message_add_handle(message, fake_task.frame, session_of(found), 0, 0);
    } else {
        message_copy_text(message, fake_task.frame, walk.path + walk.rest, walk.rest_length);
    }
    return 0;
}

static int serve_mounts(struct message *message)
{
    static const char list[] = "\1\0\0\0\0\0\0\0tmpfs\0/\0tmpfs\0rw\0"
                               "\2\0\0\0\1\0\0\0proc\0/proc\0proc\0rw\0"
                               "\3\0\0\0\1\0\0\0devpts\0/dev/pts\0devpts\0rw";

    uint64_t number = message->words[0];
    message->information = 0;
    if (number == 0)
        message_copy_text(message, fake_task.frame, list, sizeof(list));
    else
        message_add_handle(message, fake_task.frame, session_of(number == PROC_FS ? &proc : &pts),
                           0, 0);
    return 0;
}

static int serve(handle_t session, struct message *message)
{
    uint32_t label = message_label(message->information);

    if (session == FAKE_PROCESS)
        return serve_mounts(message);
    struct tree_node *node = nodes[session - 100];
    return label == FS_PATH ? serve_path(node, message) : serve_open(node, message);
}

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    fake_server = serve;
    naming = (struct naming){.root = session_of(&root), .cwd = session_of(&root), .cwd_path = "/"};
    directory = (struct file){.operations = &fake_node_operations,
                              .handles = {session_of(&etc)},
                              .extra = {ROOT_FS},
                              .path = "/etc"};
    fake_task.naming = &naming;
    found = NULL;
    return 0;
}

static struct path_request last;

static int open_from(int dirfd, const char *text, uint32_t flags)
{
    static struct path path;
    struct opened opened;

    assert_int_equal(path_from_string(&path, text), 0);
    last = (struct path_request){.dirfd = dirfd, .path = &path, .words = {flags}};
    return path_open(&fake_task, &last, &opened);
}

static int open_it(const char *text)
{
    return open_from(LINUX_AT_FDCWD, text, 0);
}

static void walks_within_one_server(void **state)
{
    (void)state;
    assert_int_equal(open_it("/etc/passwd"), 0);
    assert_ptr_equal(found, &passwd);
    assert_int_equal(open_it("etc/../etc/./passwd"), 0);
    assert_ptr_equal(found, &passwd);
    assert_int_equal(open_it("/../../etc"), 0);
    assert_ptr_equal(found, &etc);
    assert_int_equal(open_from(5, "passwd", 0), 0);
    assert_ptr_equal(found, &passwd);
    assert_int_equal(last.mount, ROOT_FS);
    assert_int_equal(open_it("/etc/none"), -LINUX_ENOENT);
    assert_int_equal(open_it("/etc/passwd/x"), -LINUX_ENOTDIR);
    assert_int_equal(open_it(""), -LINUX_ENOENT);
    assert_int_equal(open_from(6, "passwd", 0), -LINUX_EBADF);
}

static void crosses_mounts_both_ways(void **state)
{
    (void)state;
    assert_int_equal(open_it("/proc"), 0);
    assert_ptr_equal(found, &proc);
    assert_int_equal(last.mount, PROC_FS);
    assert_int_equal(open_it("/dev/pts/0"), 0);
    assert_ptr_equal(found, &pts_0);
    assert_int_equal(open_it("/dev/pts/../pts/0"), 0);
    assert_ptr_equal(found, &pts_0);
    assert_int_equal(open_it("/dev/pts/../../etc"), 0);
    assert_ptr_equal(found, &etc);
    assert_int_equal(open_it("/proc/.."), 0);
    assert_ptr_equal(found, &root);
    naming.cwd = session_of(&proc_2);
    naming.cwd_path = "/proc/2";
    naming.cwd_mount = 0;
    assert_int_equal(open_it("../../etc/passwd"), 0);
    assert_ptr_equal(found, &passwd);
    assert_int_equal(naming.cwd_mount, PROC_FS);
}

static void follows_links_between_mounts(void **state)
{
    static struct path named;

    (void)state;
    assert_int_equal(open_it("/proc/self/exe"), 0);
    assert_ptr_equal(found, &passwd);
    assert_int_equal(open_from(LINUX_AT_FDCWD, "/proc/self/exe", FS_OPEN_NO_FOLLOW), 0);
    assert_ptr_equal(found, &proc_exe);
    assert_int_equal(open_it("/dev/loop"), -LINUX_ELOOP);
    struct path path;
    struct opened opened;
    struct path_request call = {.dirfd = LINUX_AT_FDCWD, .path = &path, .named = &named};
    assert_int_equal(path_from_string(&path, "/proc/self/exe"), 0);
    assert_int_equal(path_open(&fake_task, &call, &opened), 0);
    assert_int_equal(named.length, strlen("/etc/passwd"));
    assert_memory_equal(named.text, "/etc/passwd", named.length);
}

static void finds_open_files_by_name(void **state)
{
    (void)state;
    assert_int_equal(open_it("/proc/self/fd/17"), PATH_DESCRIPTOR);
    assert_int_equal(last.descriptor, 17);
    assert_int_equal(open_it("/dev/fd/3"), PATH_DESCRIPTOR);
    assert_int_equal(last.descriptor, 3);
    assert_int_equal(open_it("/proc/2/fd/4"), PATH_DESCRIPTOR);
    assert_int_equal(open_it("/proc/2/fd/4x"), -LINUX_ENOENT);
    assert_int_equal(open_it("/proc/2/fd/99999999999"), -LINUX_ENOENT);
    assert_int_equal(open_it("/proc/self/fd"), 0);
    assert_ptr_equal(found, &proc_fd);
}

static void stays_below_a_changed_root(void **state)
{
    struct path path;

    (void)state;
    naming.root = session_of(&dev);
    naming.cwd = session_of(&dev);
    assert_int_equal(open_it("../../etc"), -LINUX_ENOENT);
    assert_int_equal(open_it("/pts"), 0);
    assert_ptr_equal(found, &pts);
    assert_int_equal(naming.root_state, NAMING_ROOT_CHANGED);
    assert_int_equal(path_of_directory(&fake_task, session_of(&dev), ROOT_FS, &path), 0);
    assert_string_equal(path.text, "/");
    assert_int_equal(path_of_directory(&fake_task, session_of(&etc), ROOT_FS, &path), 0);
    assert_memory_equal(path.text, "(unreachable)", 13);
}

static void tells_where_directories_are(void **state)
{
    struct path path;

    (void)state;
    assert_int_equal(path_of_directory(&fake_task, session_of(&root), ROOT_FS, &path), 0);
    assert_string_equal(path.text, "/");
    assert_int_equal(path_of_directory(&fake_task, session_of(&etc), ROOT_FS, &path), 0);
    assert_string_equal(path.text, "/etc");
    assert_int_equal(path_of_directory(&fake_task, session_of(&proc), PROC_FS, &path), 0);
    assert_string_equal(path.text, "/proc");
    assert_int_equal(path_of_directory(&fake_task, session_of(&proc_fd), PROC_FS, &path), 0);
    assert_string_equal(path.text, "/proc/2/fd");
}

static void check_absolute(int dirfd, const char *given, const char *expected)
{
    struct path path;

    assert_int_equal(path_from_string(&path, given), 0);
    char *absolute = path_absolute(&fake_task, dirfd, &path);
    assert_string_equal(absolute, expected);
    free(absolute);
}

static void makes_paths_absolute(void **state)
{
    (void)state;
    naming.cwd_path = "/home/user";
    check_absolute(LINUX_AT_FDCWD, "file", "/home/user/file");
    check_absolute(LINUX_AT_FDCWD, "../x//./y/", "/home/x/y");
    check_absolute(LINUX_AT_FDCWD, "../../../..", "/");
    check_absolute(LINUX_AT_FDCWD, "/", "/");
    check_absolute(5, "passwd", "/etc/passwd");
    check_absolute(6, "a", "/home/user/a");
}

static void check_split(const char *given, const char *directory_part, const char *name)
{
    struct path path;
    char last_name[256];

    assert_int_equal(path_from_string(&path, given), 0);
    assert_int_equal(path_split(&path, last_name), 0);
    assert_int_equal(path.length, strlen(directory_part));
    assert_memory_equal(path.text, directory_part, path.length);
    assert_string_equal(last_name, name);
}

static void splits_off_the_last_component(void **state)
{
    struct path path;
    char name[256];

    (void)state;
    check_split("a", ".", "a");
    check_split("/a", "/", "a");
    check_split("x/y/z///", "x/y/", "z");
    check_split("/", ".", "");
    path.length = 300;
    memset(path.text, 'n', 300);
    assert_int_equal(path_split(&path, name), -LINUX_ENAMETOOLONG);
}

static void refuses_what_it_cannot_read(void **state)
{
    struct path path;
    static char endless[PATH_SIZE + 1];

    (void)state;
    memset(endless, 'x', PATH_SIZE);
    assert_int_equal(path_from_program(&path, 8), -LINUX_EFAULT);
    assert_int_equal(path_from_program(&path, (uint64_t)endless), -LINUX_ENAMETOOLONG);
    endless[PATH_SIZE - 1] = '\0';
    assert_int_equal(path_from_program(&path, (uint64_t)endless), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(walks_within_one_server, set_up),
        cmocka_unit_test_setup(crosses_mounts_both_ways, set_up),
        cmocka_unit_test_setup(follows_links_between_mounts, set_up),
        cmocka_unit_test_setup(finds_open_files_by_name, set_up),
        cmocka_unit_test_setup(stays_below_a_changed_root, set_up),
        cmocka_unit_test_setup(tells_where_directories_are, set_up),
        cmocka_unit_test_setup(makes_paths_absolute, set_up),
        cmocka_unit_test_setup(splits_off_the_last_component, set_up),
        cmocka_unit_test_setup(refuses_what_it_cannot_read, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
