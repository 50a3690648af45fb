/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A pid's end is the process server's business once it is told; the kernel
 * closes the handles and frees the memory. What must happen here, while the
 * memory can still be read, is the marking of robust futexes. A vfork child's
 * kernel process goes on without it: its parent gives back what it holds (clone.c).
 */
#include <posix/end.h>

#include <base/log.h>
#include <base/text.h>
#include <posix/arch.h>
#include <posix/copy.h>
#include <posix/file.h>
#include <posix/futex.h>
#include <posix/linux/process.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/trace.h>
#include <trellis/native.h>

/* Behind the request by which the process server let it go. */
static _Noreturn void vanish(struct task *task)
{
    uint64_t address = task->clear_child_tid;

    task_release(task);
    task_retire(task);
    arch_thread_vanish(&task->vacant, copy_range_valid(address, sizeof(uint32_t)) ? address : 0);
}

/* The lists of all tasks of the group: the others will not run again. */
static void release_robust_lists(struct task *task)
{
    lock_acquire(&library.lock);
    list_for_each (&library.tasks, node) {
        struct task *other = container_of(node, struct task, library_link);
        if (other->group == task->group)
            futex_release_robust(other);
    }
    lock_release(&library.lock);
}

/* Pipes close before the parent is told. */
static void close_borrowed_files(struct task *task)
{
    struct file_table *files = task->files;

    if (task->group->borrowed && task->group->tasks == 1) {
        task->files = NULL;
        file_table_release(task, files);
    }
}

void end_group(struct task *task, int status)
{
    struct message message;

    __atomic_store_n(&task->group->exiting, 1, __ATOMIC_RELAXED);
    if (library.trace != HANDLE_NONE)
        trace_exit(task, status);
    release_robust_lists(task);
    close_borrowed_files(task);
    message_begin(&message, PROCESS_EXIT);
    message.words[0] = (uint64_t)(uint32_t)status;
    (void)request_process(task, &message);
    end_broken("the process server answered what ends the process");
}

void end_by_signal(struct task *task, int number)
{
    end_group(task, number);
}

void end_task(struct task *task, int code)
{
    struct message message;
    struct group *group = task->group;
    int status = linux_status_exited(code);

    if (__atomic_sub_fetch(&group->tasks, 1, __ATOMIC_ACQ_REL) == 0) {
        group->tasks = 1;
        end_group(task, status);
    }
    futex_release_robust(task);
    message_begin(&message, PROCESS_THREAD_EXIT);
    message.words[0] = (uint64_t)(uint32_t)status;
    (void)request_process(task, &message);
    vanish(task);
}

void end_broken(const char *reason)
{
    char line[LOG_LINE];
    size_t length = text_format(line, sizeof(line), "posix: %s", reason);

    (void)native_log_write(line, length < sizeof(line) ? length : sizeof(line) - 1);
    (void)native_process_end(library.self, LINUX_SIGABRT);
    __builtin_trap();
}
