/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Descriptors. Beside the table stands what /proc/PID/fd shows of it: the
 * process server reads that from our memory, so it is kept up to date here and
 * found by the layout in the signal page.
 */
#include "table.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/linux/process.h>
#include <posix/memory.h>
#include <posix/task.h>

#include "sorts.h"

#define FIRST_SIZE 16

static struct list all_tables = {{&all_tables.head, &all_tables.head}};
static struct lock all_lock;

struct file_table *file_table_create(void)
{
    struct file_table *table = memory_allocate_zeroed(1, sizeof(*table));

    if (table == NULL)
        return NULL;
    table->references = 1;
    lock_acquire(&all_lock);
    list_push_back(&all_tables, &table->all_link);
    lock_release(&all_lock);
    return table;
}

void file_table_retain(struct file_table *table)
{
    __atomic_fetch_add(&table->references, 1, __ATOMIC_RELAXED);
}

/* Descriptors and what is shown of them, both of the new size; what is new is zero. */
static bool grow(struct file_table *table, size_t size)
{
    struct descriptor *entries = memory_allocate_zeroed(size, sizeof(*entries));
    struct process_descriptor *shown = memory_allocate_zeroed(size, sizeof(*shown));

    if (entries == NULL || shown == NULL) {
        memory_release(entries);
        memory_release(shown);
        return false;
    }
    if (table->size > 0) {
        memcpy(entries, table->entries, table->size * sizeof(*entries));
        memcpy(shown, table->shown, table->size * sizeof(*shown));
    }
    memory_release(table->entries);
    memory_release(table->shown);
    table->entries = entries;
    table->shown = shown;
    table->size = size;
    return true;
}

void file_table_publish(struct task *task)
{
    struct process_layout *layout = &task->group->signals->layout;

    if (task->group->borrowed)
        return;
    layout->descriptor_count = 0;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    layout->descriptors = (uint64_t)task->files->shown;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    layout->descriptor_count = task->files->size;
}

/* Room for number `fd`, in a table that is locked. */
static bool reserve(struct task *task, size_t fd)
{
    struct file_table *table = task->files;
    size_t size = table->size == 0 ? FIRST_SIZE : table->size;

    if (fd < table->size)
        return true;
    while (size <= fd)
        size *= 2;
    if (!grow(table, size))
        return false;
    file_table_publish(task);
    return true;
}

static void show(struct process_descriptor *shown, const struct file *file)
{
    const char *name = file->operations->name;

    shown->flags = file->status_flags;
    if (name == NULL)
        (void)text_copy(shown->name, sizeof(shown->name), file->path == NULL ? "?" : file->path);
    else if (file->node != 0)
        (void)text_format(shown->name, sizeof(shown->name), "%s:[%lu]", name, file->node);
    else
        (void)text_format(shown->name, sizeof(shown->name), "anon_inode:[%s]", name);
}

static void put_entry(struct file_table *table, size_t fd, struct file *file, bool close_on_exec)
{
    table->entries[fd] = (struct descriptor){file, close_on_exec};
    show(&table->shown[fd], file);
}

static struct file *take_entry(struct file_table *table, size_t fd)
{
    struct file *file = table->entries[fd].file;

    table->entries[fd] = (struct descriptor){NULL, false};
    table->shown[fd].name[0] = '\0';
    if (fd < table->lowest_free)
        table->lowest_free = fd;
    return file;
}

static struct descriptor *find(struct file_table *table, int fd)
{
    if (fd < 0 || (size_t)fd >= table->size || table->entries[fd].file == NULL)
        return NULL;
    return &table->entries[fd];
}

struct file *file_get(struct task *task, int fd)
{
    struct file_table *table = task->files;

    lock_acquire(&table->lock);
    struct descriptor *entry = find(table, fd);
    struct file *file = entry == NULL ? NULL : entry->file;
    if (file != NULL)
        file_retain(file);
    lock_release(&table->lock);
    return file;
}

struct file *file_get_open(struct task *task, int fd)
{
    struct file *file = file_get(task, fd);

    if (file != NULL && (file->status_flags & LINUX_O_PATH) != 0) {
        file_put(file);
        return NULL;
    }
    return file;
}

static int install_locked(struct task *task, const struct file_install *install)
{
    struct file_table *table = task->files;
    uint64_t limit = task_limit(task, LINUX_RLIMIT_NOFILE);
    size_t fd =
        (size_t)install->from > table->lowest_free ? (size_t)install->from : table->lowest_free;

    while (fd < table->size && table->entries[fd].file != NULL)
        fd++;
    if (fd >= limit)
        return -LINUX_EMFILE;
    if (!reserve(task, fd))
        return -LINUX_ENOMEM;
    put_entry(table, fd, install->file, install->close_on_exec);
    if ((size_t)install->from <= table->lowest_free)
        table->lowest_free = fd + 1;
    return (int)fd;
}

int file_install(struct task *task, const struct file_install *install)
{
    lock_acquire(&task->files->lock);
    int fd = install_locked(task, install);
    lock_release(&task->files->lock);
    if (fd < 0)
        file_put(install->file);
    return fd;
}

struct file *file_remove(struct task *task, int fd)
{
    struct file_table *table = task->files;

    lock_acquire(&table->lock);
    struct file *file = find(table, fd) == NULL ? NULL : take_entry(table, (size_t)fd);
    lock_release(&table->lock);
    return file;
}

int file_replace(struct task *task, const struct file_install *install)
{
    struct file_table *table = task->files;
    struct file *old = NULL;
    int fd = install->from;

    if (fd < 0 || (uint64_t)fd >= task_limit(task, LINUX_RLIMIT_NOFILE)) {
        file_put(install->file);
        return -LINUX_EBADF;
    }
    lock_acquire(&table->lock);
    bool room = reserve(task, (size_t)fd);
    if (room) {
        old = table->entries[fd].file;
        put_entry(table, (size_t)fd, install->file, install->close_on_exec);
    }
    lock_release(&table->lock);
    if (old != NULL)
        file_close(task, old);
    if (!room)
        file_put(install->file);
    return room ? fd : -LINUX_ENOMEM;
}

int file_descriptor_flags(struct task *task, int fd, const bool *close_on_exec)
{
    struct file_table *table = task->files;

    lock_acquire(&table->lock);
    struct descriptor *entry = find(table, fd);
    if (entry != NULL && close_on_exec != NULL)
        entry->close_on_exec = *close_on_exec;
    int flags = entry == NULL ? -LINUX_EBADF : entry->close_on_exec ? LINUX_FD_CLOEXEC : 0;
    lock_release(&table->lock);
    return flags;
}

size_t file_table_size(struct task *task)
{
    return __atomic_load_n(&task->files->size, __ATOMIC_RELAXED);
}

struct file_table *file_table_copy(struct task *task, struct file_table *from)
{
    struct file_table *table = file_table_create();

    if (table == NULL)
        return NULL;
    lock_acquire(&from->lock);
    bool grown = from->size == 0 || grow(table, from->size);
    for (size_t fd = 0; fd < table->size; fd++) {
        if (from->entries[fd].file == NULL)
            continue;
        file_retain(from->entries[fd].file);
        put_entry(table, fd, from->entries[fd].file, from->entries[fd].close_on_exec);
    }
    lock_release(&from->lock);
    if (!grown) {
        file_table_release(task, table);
        return NULL;
    }
    return table;
}

void file_table_release(struct task *task, struct file_table *table)
{
    if (__atomic_sub_fetch(&table->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    lock_acquire(&all_lock);
    list_remove(&table->all_link);
    lock_release(&all_lock);
    for (size_t fd = 0; fd < table->size; fd++) {
        if (table->entries[fd].file != NULL)
            file_close(task, table->entries[fd].file);
    }
    memory_release(table->entries);
    memory_release(table->shown);
    memory_release(table);
}

static void begin_again(struct file *file, void *argument)
{
    (void)argument;
    file->references = 0;
    if (file->operations->leave_parent != NULL)
        file->operations->leave_parent(file);
}

/*
 * The other tasks of the parent are gone, and with them the tables and the
 * references they held: count anew what the one table that is left refers to.
 */
void file_table_after_fork(struct task *task)
{
    struct file_table *table = task->files;

    table->references = 1;
    list_init(&all_tables);
    list_push_back(&all_tables, &table->all_link);
    file_for_each(begin_again, NULL);
    for (size_t fd = 0; fd < table->size; fd++) {
        if (table->entries[fd].file != NULL)
            table->entries[fd].file->references++;
    }
    file_drop_unreferenced();
    file_table_publish(task);
}

bool file_table_is_alone(void)
{
    lock_acquire(&all_lock);
    bool alone = all_tables.head.next->next == &all_tables.head;
    lock_release(&all_lock);
    return alone;
}

int file_table_prepare_fork(struct task *task)
{
    for (size_t fd = 0; fd < file_table_size(task); fd++) {
        struct file *file = file_get(task, (int)fd);
        if (file == NULL)
            continue;
        int error = file->operations->share == NULL ? 0 : file->operations->share(task, file);
        file_put(file);
        if (error != 0)
            return error;
    }
    return 0;
}
