/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A walk needs at most four nodes at a time (start, where it stands, the child
 * and its parent), so a ring of a few serves every walk.
 */
#include "node.h"

#include <base/errno.h>
#include <base/text.h>

#include "credentials.h"
#include "totals.h"

#define RING 8
#define TYPE 0170000
#define TYPE_DIRECTORY 0040000
#define FIRST_NUMBER_COOKIE 1024 /* cookies of table names are below */
#define DESCRIPTORS_SHOWN 1024

static struct procfs_node ring[RING];
static unsigned ring_next;
static struct thread *viewer;

void procfs_set_viewer(struct thread *thread)
{
    viewer = thread;
}

struct thread *procfs_viewer(void)
{
    return viewer;
}

struct process *procfs_process(const struct procfs_node *node)
{
    return node->pid == 0 ? NULL : process_find(node->pid);
}

struct thread *procfs_thread(const struct procfs_node *node)
{
    struct process *process = procfs_process(node);

    if (process == NULL || node->tid == 0)
        return process == NULL ? NULL : process_first_thread(process);
    struct thread *thread = thread_find(node->tid);
    return thread != NULL && thread->process == process ? thread : NULL;
}

bool procfs_may_inspect(const struct procfs_node *node)
{
    const struct process *process = procfs_process(node);

    return process != NULL && viewer != NULL && credentials_may_inspect(viewer->process, process);
}

fs_error_t procfs_refresh(struct procfs_node *node)
{
    const struct process *process = procfs_process(node);

    node->vfs.mode = procfs_entry_of(node)->mode;
    node->vfs.uid = node->vfs.gid = 0;
    if (node->pid == 0)
        return 0;
    if (process == NULL || (node->tid != 0 && procfs_thread(node) == NULL))
        return LINUX_ENOENT;
    if (process->dumpable) {
        node->vfs.uid = process->info->euid;
        node->vfs.gid = process->info->egid;
    }
    return 0;
}

uint64_t procfs_node_number(const struct procfs_node *node)
{
    if (node->depth == 0)
        return 1;
    uint64_t entry = (uint64_t)(uintptr_t)procfs_entry_of(node) & 0xfffff;
    return entry | (uint64_t)node->pid << 20 | (uint64_t)node->tid << 36 |
           (uint64_t)node->number << 52;
}

static uint32_t number_at(const struct procfs_node *node, enum procfs_numbers kind)
{
    if (kind == NUMBERS_PROCESSES)
        return node->pid;
    return kind == NUMBERS_THREADS ? node->tid : node->number;
}

static const char *number_prefix(enum procfs_numbers kind)
{
    return kind == NUMBERS_CPUS ? "cpu" : "";
}

size_t procfs_path(const struct procfs_node *node, char *text, size_t size)
{
    size_t length = 0;

    for (unsigned depth = 1; depth <= node->depth; depth++) {
        const struct procfs_entry *above = node->path[depth - 1];
        const char *slash = depth == 1 ? "" : "/";
        if (node->path[depth] == procfs_number_entry(above))
            length += text_format(text + length, size - length, "%s%s%u", slash,
                                  number_prefix(above->numbers), number_at(node, above->numbers));
        else
            length +=
                text_format(text + length, size - length, "%s%s", slash, node->path[depth]->name);
    }
    return length;
}

void procfs_root(struct procfs_node *node, const struct procfs_entry *root)
{
    *node = (struct procfs_node){.path = {root}};
    (void)procfs_refresh(node);
}

static struct procfs_node *next_node(const struct procfs_node *from)
{
    struct procfs_node *node = &ring[ring_next++ % RING];

    *node = *from;
    return node;
}

static bool descend(struct procfs_node *node, const struct procfs_entry *entry)
{
    if (entry == NULL || node->depth + 1 == PROCFS_DEPTH)
        return false;
    node->path[++node->depth] = entry;
    return true;
}

static const struct procfs_entry *find_entry(const struct procfs_entry *directory, const char *name,
                                             size_t length)
{
    const struct procfs_entry *entry = directory->children;

    for (; entry != NULL && entry->name != NULL; entry++) {
        if (strlen(entry->name) == length && memcmp(entry->name, name, length) == 0)
            return entry;
    }
    return NULL;
}

static void set_number(struct procfs_node *node, enum procfs_numbers kind, uint32_t number)
{
    if (kind == NUMBERS_PROCESSES)
        node->pid = number;
    else if (kind == NUMBERS_THREADS)
        node->tid = number;
    else
        node->number = number;
}

static bool number_exists(const struct procfs_node *directory, uint32_t number)
{
    const struct process *process = procfs_process(directory);
    struct process_descriptor descriptor;
    const struct thread *thread = thread_find(number);

    switch (procfs_entry_of(directory)->numbers) {
    case NUMBERS_PROCESSES:
        /* A thread's number is found, though not listed, as on Linux. */
        return process_find(number) != NULL;
    case NUMBERS_THREADS:
        return thread != NULL && thread->process == process;
    case NUMBERS_DESCRIPTORS:
        return process != NULL && procfs_read_descriptor(process, number, &descriptor);
    case NUMBERS_CPUS:
        return number < totals_cpu_count();
    default:
        return false;
    }
}

static fs_error_t lookup_number(struct procfs_node *node, const char *name, size_t length)
{
    const struct procfs_entry *directory = procfs_entry_of(node);
    const char *prefix = number_prefix(directory->numbers);
    size_t skipped = strlen(prefix);
    uint64_t number;

    if (length < skipped || memcmp(name, prefix, skipped) != 0)
        return LINUX_ENOENT;
    name += skipped;
    length -= skipped;
    if (directory->numbers == NUMBERS_NONE || text_parse_number(name, length, &number) != length ||
        (length > 1 && name[0] == '0') || number > UINT32_MAX ||
        !number_exists(node, (uint32_t)number))
        return LINUX_ENOENT;
    set_number(node, directory->numbers, (uint32_t)number);
    return descend(node, procfs_number_entry(directory)) ? 0 : LINUX_ENOENT;
}

static fs_error_t lookup(struct vfs_node *directory, const char *name, size_t length,
                         struct vfs_node **child)
{
    struct procfs_node *node = next_node(procfs_node_of(directory));
    const struct procfs_entry *at = procfs_entry_of(node);
    fs_error_t error = 0;

    if (at->is_private && !procfs_may_inspect(node))
        return LINUX_EACCES;
    if (!descend(node, find_entry(at, name, length)))
        error = lookup_number(node, name, length);
    if (error == 0)
        error = procfs_refresh(node);
    *child = &node->vfs;
    return error;
}

static struct vfs_node *parent_of(struct vfs_node *directory)
{
    struct procfs_node *old = procfs_node_of(directory);

    if (old->depth == 0)
        return directory;
    struct procfs_node *node = next_node(old);
    const struct procfs_entry *left = procfs_entry_of(old);
    node->depth--;
    const struct procfs_entry *above = procfs_entry_of(node);
    if (left == procfs_number_entry(above))
        set_number(node, above->numbers, 0);
    (void)procfs_refresh(node);
    return &node->vfs;
}

static fs_error_t read_link(struct vfs_node *link, char *target, size_t size, size_t *length)
{
    const struct procfs_node *node = procfs_node_of(link);
    const struct procfs_entry *entry = procfs_entry_of(node);

    if (entry->is_private && !procfs_may_inspect(node))
        return LINUX_EACCES;
    int result = entry->link(target, size, node);
    if (result < 0)
        return (fs_error_t)-result;
    *length = (size_t)result;
    return 0;
}

static uint32_t covering_mount(struct vfs_node *directory)
{
    (void)directory; /* nothing is mounted below /proc */
    return 0;
}

const struct vfs_operations procfs_operations = {
    .lookup = lookup,
    .parent = parent_of,
    .read_link = read_link,
    .covering_mount = covering_mount,
};

/* The smallest number from `from` on; UINT32_MAX: none. */
static uint32_t next_number(const struct procfs_node *directory, uint32_t from)
{
    const struct process *process = procfs_process(directory);
    uint32_t found = UINT32_MAX;

    if (procfs_entry_of(directory)->numbers == NUMBERS_PROCESSES) {
        const struct process *next = process_from(from);
        return next == NULL ? UINT32_MAX : next->pid;
    } else if (procfs_entry_of(directory)->numbers == NUMBERS_THREADS && process != NULL) {
        list_for_each (&process->threads, node) {
            uint32_t tid = container_of_thread(node)->tid;
            if (tid >= from && tid < found)
                found = tid;
        }
    } else if (procfs_entry_of(directory)->numbers == NUMBERS_CPUS) {
        return number_exists(directory, from) ? from : UINT32_MAX;
    } else if (procfs_entry_of(directory)->numbers == NUMBERS_DESCRIPTORS) {
        for (uint32_t number = from; number < DESCRIPTORS_SHOWN; number++) {
            if (number_exists(directory, number))
                return number;
        }
    }
    return found;
}

static void describe_child(const struct procfs_node *directory, const struct procfs_entry *entry,
                           uint32_t number, struct procfs_name *name)
{
    struct procfs_node child = *directory;

    if (number != UINT32_MAX)
        set_number(&child, procfs_entry_of(directory)->numbers, number);
    (void)descend(&child, entry);
    name->type = (uint8_t)((entry->mode & TYPE) >> 12);
    name->node = procfs_node_number(&child);
}

bool procfs_next_name(const struct procfs_node *directory, uint64_t at, struct procfs_name *name)
{
    const struct procfs_entry *entry = procfs_entry_of(directory);
    const struct procfs_entry *children = entry->children;
    uint64_t count = 0;

    while (children != NULL && children[count].name != NULL)
        count++;
    if (at < count) {
        (void)text_copy(name->text, sizeof(name->text), children[at].name);
        describe_child(directory, &children[at], UINT32_MAX, name);
        name->next = at + 1;
        return true;
    }
    if (entry->numbers == NUMBERS_NONE)
        return false;
    uint32_t from = at < FIRST_NUMBER_COOKIE ? 0 : (uint32_t)(at - FIRST_NUMBER_COOKIE);
    uint32_t number = next_number(directory, from);
    if (number == UINT32_MAX)
        return false;
    text_format(name->text, sizeof(name->text), "%s%u", number_prefix(entry->numbers), number);
    describe_child(directory, procfs_number_entry(entry), number, name);
    name->next = FIRST_NUMBER_COOKIE + (uint64_t)number + 1;
    return true;
}
