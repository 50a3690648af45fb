/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Who calls: the library's notion of a thread, and what clone shares or copies.
 *
 * One library image serves one kernel process. Usually that is one pid; a child
 * of vfork is a second pid in it until it execs. So everything that belongs to
 * a pid hangs from struct group, everything that CLONE_* can share from the
 * structure named for it, and only what belongs to the kernel process is in the
 * one struct library.
 *
 * A task stands at the lowest address of its library stack, which is aligned to
 * its size: the current task is the stack pointer, rounded down.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <list/list.h>
#include <posix/arch/task.h>
#include <posix/lock.h>
#include <posix/signal.h>
#include <posix/task_stack.h>
#include <protocols/process.h>
#include <trellis/frame.h>
#include <trellis/structures.h>

struct file_table;
struct naming;

#define TASK_NAME 16

/* What belongs to the kernel process. Set at the start and by the child of a fork; else constant. */
struct library {
    handle_t self;    /* process: this one */
    handle_t account; /* what it makes is charged here */
    handle_t process; /* session with the process server */
    handle_t tty;     /* session with the tty server: OPEN only */
    handle_t trace;   /* stream for trace lines, or HANDLE_NONE */
    const struct time_page *time;
    struct lock lock;   /* guards the lists, and what says so below */
    struct list tasks;  /* of struct task, by library_link: those alive */
    struct list vacant; /* of struct task: those whose thread has ended, or is about to */
};

extern struct library library;

/* What belongs to a pid: one thread group. */
struct group {
    uint32_t references; /* atomic */
    uint32_t tasks;      /* atomic; how many are alive */
    uint32_t exiting;    /* atomic; exit_group or exec has begun */
    const struct process_info_page *info;
    struct process_signal_page *signals;
    handle_t child_event;
    bool borrowed;               /* a vfork child: the kernel process is its parent's */
    uint32_t vfork_busy;         /* atomic, address wait: a task waits for its vfork child */
    uint64_t brk_start, brk_end; /* library.lock */
    uint32_t dumpable;
};

/* A call that is to go on after a signal that had no handler: restart_syscall. */
struct task_restart {
    int64_t (*resume)(struct task *task, const uint64_t *saved);
    uint64_t saved[5];
};

/* All fields belong to the task itself unless stated. */
struct task {
    struct frame *frame;
    struct group *group;            /* a reference */
    struct file_table *files;       /* a reference; CLONE_FILES */
    struct naming *naming;          /* a reference; CLONE_FS: root, cwd, umask */
    struct signal_actions *actions; /* a reference; CLONE_SIGHAND */
    struct list_node library_link;  /* library.lock */

    uint32_t tid, slot;
    uint32_t locks_held; /* fork gate: entered while above zero */
    bool load_all;       /* leave by loading every register of the frame */
    bool restore_mask;   /* sigsuspend: saved_mask comes back behind the handler */
    uint64_t saved_mask;
    struct signal_stack signal_stack;
    struct task_restart restart;
    uint64_t tls;
    uint64_t clear_child_tid;
    uint64_t robust_list;
    char name[TASK_NAME];

    /* A task's beginning: see clone.c */
    struct process_thread_result born; /* written by the process server before it runs */
    uint32_t released;                 /* atomic, address wait: the parent has finished with it */
    uint64_t set_child_tid;
    struct frame_registers first; /* what it begins with in the program */
    struct exec_work *exec;       /* atomic; EXEC has been sent: the server ends the thread */
    uint32_t vacant;              /* atomic; the thread has left the stack: may be used anew */
};

/* NULL if there is no memory. No tasks yet. */
struct group *group_create(void);

/*
 * A task on a stack of its own, which no thread runs on and which refers to
 * nothing. NULL if there is no memory.
 */
struct task *task_create(void);
/* Add it to those alive. */
void task_publish(struct task *task);
/* Give up all it refers to. */
void task_release(struct task *task);
/* Take it from those alive; its stack is used anew once `vacant` is set. */
void task_retire(struct task *task);

/* Where a new thread's stack pointer begins. */
static inline uint64_t task_stack_top(const struct task *task)
{
    return (uint64_t)task + TASK_STACK_SIZE;
}

/* The pid of the caller. */
static inline uint32_t task_pid(const struct task *task)
{
    return task->group->info->pid;
}

/* The soft limit RLIMIT_`resource`. */
static inline uint64_t task_limit(const struct task *task, unsigned resource)
{
    return task->group->info->limits[resource][0];
}

/* The blocked signals; they stand in the signal page. */
static inline uint64_t task_mask(const struct task *task)
{
    return task->group->signals->threads[task->slot].mask;
}
