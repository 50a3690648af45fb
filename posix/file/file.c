/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Open file descriptions: their life, and the list of all of them that fork and
 * exec go through.
 */
#include <posix/file.h>

#include <posix/memory.h>
#include <posix/request.h>
#include <posix/task.h>

#include "sorts.h"

static struct list all_files = {{&all_files.head, &all_files.head}};
static struct lock all_lock; /* guards all_files; taken behind a table's lock */

struct file *file_create(const struct file_operations *operations, uint32_t status_flags)
{
    struct file *file = memory_allocate_zeroed(1, sizeof(*file));

    if (file == NULL)
        return NULL;
    file->operations = operations;
    file->references = 1;
    file->status_flags = status_flags;
    list_init(&file->watchers);
    lock_acquire(&all_lock);
    list_push_back(&all_files, &file->all_link);
    lock_release(&all_lock);
    return file;
}

void file_retain(struct file *file)
{
    __atomic_fetch_add(&file->references, 1, __ATOMIC_RELAXED);
}

static void file_destroy(struct file *file)
{
    poll_set_forget(file);
    if (file->operations->destroy != NULL)
        file->operations->destroy(file);
    for (unsigned i = 0; i < FILE_HANDLES; i++)
        request_close_handle(file->handles[i]);
    memory_release(file->path);
    memory_release(file);
}

void file_put(struct file *file)
{
    if (__atomic_sub_fetch(&file->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    lock_acquire(&all_lock);
    list_remove(&file->all_link);
    lock_release(&all_lock);
    file_destroy(file);
}

void file_close(struct task *task, struct file *file)
{
    if (file->operations->close != NULL)
        file->operations->close(task, file);
    file_put(file);
}

void file_for_each(void (*visit)(struct file *file, void *argument), void *argument)
{
    lock_acquire(&all_lock);
    list_for_each (&all_files, node)
        visit(container_of(node, struct file, all_link), argument);
    lock_release(&all_lock);
}

void file_drop_unreferenced(void)
{
    list_for_each_safe (&all_files, node) {
        struct file *file = container_of(node, struct file, all_link);
        if (file->references != 0)
            continue;
        list_remove(&file->all_link);
        file_destroy(file);
    }
}
