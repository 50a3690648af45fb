/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <base/errno.h>

#include "process_fake.h"
#include "totals.h"

/* A small tree instead of tables.c. */
#define DIRECTORY (0040000 | 0555)
#define FILE (0100000 | 0444)
#define LINK (0120000 | 0777)
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static int link_to_self(char *target, size_t size, const struct procfs_node *node)
{
    (void)size;
    (void)node;
    target[0] = (char)('0' + procfs_viewer()->process->pid);
    return 1;
}

static const struct procfs_entry deep[] = {{"uuid", .mode = FILE}, END};
static const struct procfs_entry sys[] = {{"random", DIRECTORY, .children = deep}, END};
static const struct procfs_entry per_process[] = {
    {"fd", DIRECTORY, .numbers = NUMBERS_DESCRIPTORS, .is_private = true},
    {"stat", .mode = FILE},
    {"task", DIRECTORY, .numbers = NUMBERS_THREADS},
    END,
};
static const struct procfs_entry process_entry = {"process", DIRECTORY, .children = per_process};
static const struct procfs_entry thread_entry = {"thread", DIRECTORY, .children = deep};
static const struct procfs_entry descriptor_entry = {"descriptor", .mode = FILE};
static const struct procfs_entry root[] = {
    {"self", LINK, .link = link_to_self}, {"sys", DIRECTORY, .children = sys}, END};
static const struct procfs_entry cpu_root = {"sys", DIRECTORY, .children = deep,
                                             .numbers = NUMBERS_CPUS};
static const struct procfs_entry cpu_entry = {"cpu", DIRECTORY, .children = deep};
const struct procfs_entry procfs_root_entry = {"proc", DIRECTORY, .children = root,
                                               .numbers = NUMBERS_PROCESSES};

const struct procfs_entry *procfs_number_entry(const struct procfs_entry *directory)
{
    switch (directory->numbers) {
    case NUMBERS_PROCESSES:
        return &process_entry;
    case NUMBERS_THREADS:
        return &thread_entry;
    case NUMBERS_DESCRIPTORS:
        return &descriptor_entry;
    case NUMBERS_CPUS:
        return &cpu_entry;
    default:
        return NULL;
    }
}

bool procfs_read_descriptor(const struct process *process, uint32_t number,
                            struct process_descriptor *descriptor)
{
    (void)process;
    (void)descriptor;
    return number == 0 || number == 5;
}

uint64_t totals_cpu_count(void)
{
    return 12;
}

static struct vfs_walk walk;
static const struct procfs_entry *tree = &procfs_root_entry;
static struct procfs_node start;
static const struct fs_credentials nobody = {.uid = 1000};

static fs_error_t walk_to(const char *path, struct procfs_node **node)
{
    enum fs_outcome outcome;

    procfs_root(&start, tree);
    walk.operations = &procfs_operations;
    walk.start = &start.vfs;
    walk.credentials = &nobody;
    walk.flags = VFS_FOLLOW_LAST;
    walk.length = strlen(path);
    memcpy(walk.path, path, walk.length);
    fs_error_t error = vfs_walk(&walk, &outcome);
    if (error == 0) {
        assert_int_equal(outcome, FS_OUTCOME_DONE);
        *node = procfs_node_of(walk.node);
    }
    return error;
}

static void check_missing(const char *path)
{
    struct procfs_node *node;

    assert_int_equal(walk_to(path, &node), LINUX_ENOENT);
}

static void test_walks(void **state)
{
    struct process *process = fake_child(table_init_process(), 1000);
    struct procfs_node *node;

    (void)state;
    procfs_set_viewer(process_first_thread(process));
    assert_int_equal(walk_to("2/stat", &node), 0);
    assert_ptr_equal(procfs_process(node), process);
    assert_int_equal(node->vfs.uid, 1000);
    assert_int_equal(walk_to("self/task/2/uuid", &node), 0);
    assert_int_equal(node->tid, 2);
    assert_int_equal(walk_to("sys/random/../random/uuid", &node), 0);
    assert_string_equal(procfs_entry_of(node)->name, "uuid");
    char path[64];
    assert_int_equal(walk_to("self/task/2", &node), 0);
    assert_int_equal(procfs_path(node, path, sizeof(path)), strlen("2/task/2"));
    assert_string_equal(path, "2/task/2");
    assert_int_equal(walk_to("2/task/2/..", &node), 0);
    assert_string_equal(procfs_entry_of(node)->name, "task");
    assert_int_equal(node->tid, 0);
    assert_int_equal(walk_to("2/..", &node), 0);
    assert_int_equal(node->pid, 0);
    check_missing("3");
    check_missing("02");
    check_missing("2x");
    check_missing("99999999999999999999");
    check_missing("2/task/1");
    check_missing("2/fd/1");
    check_missing("nothing");
}

static void test_private_is_for_the_owner(void **state)
{
    struct process *process = fake_child(table_init_process(), 0);
    struct process *other = fake_child(process, 1000);
    struct procfs_node *node;

    (void)state;
    procfs_set_viewer(process_first_thread(other));
    assert_int_equal(walk_to("2/fd/5", &node), LINUX_EACCES);
    assert_int_equal(walk_to("2/stat", &node), 0);
    assert_int_equal(walk_to("3/fd/5", &node), 0);
    other->dumpable = false;
    assert_int_equal(walk_to("3/fd/5", &node), 0);
    assert_int_equal(node->vfs.uid, 0);
    procfs_set_viewer(process_first_thread(process));
    assert_int_equal(walk_to("3/fd/5", &node), 0);
}

static void check_names(const char *path, const char *const *names)
{
    struct procfs_node *node;
    struct procfs_name name = {.next = 0};

    assert_int_equal(walk_to(path, &node), 0);
    struct procfs_node directory = *node;
    for (; *names != NULL; names++) {
        assert_true(procfs_next_name(&directory, name.next, &name));
        assert_string_equal(name.text, *names);
    }
    assert_false(procfs_next_name(&directory, name.next, &name));
}

static void test_lists(void **state)
{
    static const char *const of_root[] = {"self", "sys", "1", "2", "3", NULL};
    static const char *const of_process[] = {"fd", "stat", "task", NULL};
    static const char *const of_descriptors[] = {"0", "5", NULL};
    struct process *process = fake_child(table_init_process(), 1000);
    struct process *other = fake_child(process, 1000);

    (void)state;
    (void)other;
    procfs_set_viewer(process_first_thread(process));
    check_names("", of_root);
    check_names("2", of_process);
    check_names("2/fd", of_descriptors);
}

static void test_cpus(void **state)
{
    static const char *const names[] = {"uuid", "cpu0", "cpu1", "cpu2", "cpu3",  "cpu4",  "cpu5",
                                        "cpu6", "cpu7", "cpu8", "cpu9", "cpu10", "cpu11", NULL};
    struct procfs_node *node;
    char path[64];

    (void)state;
    tree = &cpu_root;
    check_names("", names);
    assert_int_equal(walk_to("cpu11/uuid", &node), 0);
    assert_int_equal(node->number, 11);
    assert_int_equal(procfs_path(node, path, sizeof(path)), strlen("cpu11/uuid"));
    assert_string_equal(path, "cpu11/uuid");
    assert_int_equal(walk_to("cpu11/..", &node), 0);
    assert_int_equal(node->number, 0);
    check_missing("cpu12");
    check_missing("cpu");
    check_missing("cpu01");
    check_missing("cp");
    check_missing("3");
    tree = &procfs_root_entry;
}

static void test_stale_nodes(void **state)
{
    struct process *process = fake_child(table_init_process(), 1000);
    struct procfs_node *node;

    (void)state;
    procfs_set_viewer(process_first_thread(process));
    assert_int_equal(walk_to("2/stat", &node), 0);
    struct procfs_node kept = *node;
    process_destroy(process);
    assert_int_equal(procfs_refresh(&kept), LINUX_ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_walks),       TEST(test_private_is_for_the_owner),
        TEST(test_lists),       TEST(test_cpus),
        TEST(test_stale_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
