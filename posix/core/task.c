/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/task.h>

#include <base/text.h>
#include <posix/file.h>
#include <posix/memory.h>
#include <posix/naming.h>
#include <trellis/native.h>

#define GUARD_SIZE USER_PAGE_SIZE

_Static_assert(sizeof(struct task) <= USER_PAGE_SIZE, "the task's page");

struct library library;

struct group *group_create(void)
{
    struct group *group = memory_allocate_zeroed(1, sizeof(*group));

    if (group != NULL)
        group->references = 1;
    return group;
}

static void group_release(struct group *group)
{
    if (__atomic_sub_fetch(&group->references, 1, __ATOMIC_ACQ_REL) == 0)
        memory_release(group);
}

/* An aligned stack with a guard page above the task's own. */
static struct task *map_stack(void)
{
    int64_t result = native_map(library.self, HANDLE_NONE, 0, 0, 2 * TASK_STACK_SIZE,
                                MAP_READ | MAP_WRITE | MAP_LIBRARY | MAP_HIDDEN);
    if (result < 0)
        return NULL;
    uint64_t low = (uint64_t)result, high = low + 2 * TASK_STACK_SIZE;
    uint64_t start = (low + TASK_STACK_SIZE - 1) & TASK_STACK_MASK, end = start + TASK_STACK_SIZE;
    if (start > low)
        (void)native_unmap(library.self, low, start - low);
    if (high > end)
        (void)native_unmap(library.self, end, high - end);
    (void)native_unmap(library.self, start + USER_PAGE_SIZE, GUARD_SIZE);
    return (struct task *)start;
}

static struct task *take_vacant(void)
{
    struct task *found = NULL;

    lock_acquire(&library.lock);
    list_for_each (&library.vacant, node) {
        struct task *task = container_of(node, struct task, library_link);
        if (__atomic_load_n(&task->vacant, __ATOMIC_ACQUIRE) != 0) {
            list_remove(node);
            found = task;
            break;
        }
    }
    lock_release(&library.lock);
    return found;
}

struct task *task_create(void)
{
    struct task *task = library.tasks.head.next == NULL ? NULL : take_vacant();

    if (task == NULL)
        task = map_stack();
    if (task != NULL) {
        memset(task, 0, sizeof(*task));
        list_node_init(&task->library_link);
    }
    return task;
}

void task_publish(struct task *task)
{
    lock_acquire(&library.lock);
    list_push_back(&library.tasks, &task->library_link);
    lock_release(&library.lock);
    __atomic_add_fetch(&task->group->tasks, 1, __ATOMIC_RELAXED);
}

void task_release(struct task *task)
{
    struct task *self = task_current();

    if (task->files != NULL)
        file_table_release(self, task->files);
    if (task->naming != NULL)
        naming_release(task->naming);
    if (task->actions != NULL)
        signal_actions_release(task->actions);
    if (task->group != NULL)
        group_release(task->group);
    task->files = NULL;
    task->naming = NULL;
    task->actions = NULL;
    task->group = NULL;
}

void task_retire(struct task *task)
{
    lock_acquire(&library.lock);
    list_remove(&task->library_link);
    list_push_back(&library.vacant, &task->library_link);
    lock_release(&library.lock);
}
