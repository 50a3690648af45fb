/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Processes and threads share one space of numbers, given out in rising order.
 * A number may stand for a thread, a process, a group and a session at once; it
 * is free again when it stands for none of them. Before the numbers have gone
 * round for the first time none can be taken, so nothing is looked through.
 */
#include "table.h"

#include <base/heap.h>
#include <base/text.h>

#include "allowance.h"
#include "effects.h"
#include "signal.h"

#define BUCKETS 1024
#define FIRST_NUMBER_AGAIN 300 /* below: only once, for what the system starts first */

static struct list processes_by_number[BUCKETS];
static struct list threads_by_number[BUCKETS];
static struct list all_processes;
static struct process *init_process;
static uint32_t next_number = PID_INIT + 1;
static bool numbers_went_round;

const struct list *process_all(void)
{
    return &all_processes;
}

struct process *table_init_process(void)
{
    return init_process;
}

struct process *process_find(uint32_t pid)
{
    list_for_each (&processes_by_number[pid % BUCKETS], node) {
        struct process *process = container_of_process(node, number_link);
        if (process->pid == pid)
            return process;
    }
    return NULL;
}

struct thread *thread_find(uint32_t tid)
{
    list_for_each (&threads_by_number[tid % BUCKETS], node) {
        struct thread *thread = container_of(node, struct thread, number_link);
        if (thread->tid == tid)
            return thread;
    }
    return NULL;
}

struct process *process_from(uint32_t pid)
{
    const struct process *before = pid == 0 ? NULL : process_find(pid - 1);
    struct list_node *node = before == NULL ? all_processes.head.next : before->all_link.next;

    while (node != &all_processes.head && container_of_process(node, all_link)->pid < pid)
        node = node->next;
    return node == &all_processes.head ? NULL : container_of_process(node, all_link);
}

struct kernel_process *kernel_process_create(handle_t handle, uint32_t observer)
{
    struct kernel_process *kernel = allocate_zeroed(1, sizeof(*kernel));

    if (kernel == NULL)
        return NULL;
    *kernel = (struct kernel_process){.process = handle, .observer = observer};
    list_init(&kernel->members);
    return kernel;
}

void kernel_process_join(struct kernel_process *kernel, struct process *process)
{
    process->kernel = kernel;
    list_push_back(&kernel->members, &process->kernel_link);
}

uint32_t table_last_number(void)
{
    return next_number - 1;
}

static bool is_taken(uint32_t number)
{
    if (process_find(number) != NULL || thread_find(number) != NULL)
        return true;
    list_for_each (&all_processes, node) {
        const struct process *process = container_of_process(node, all_link);
        if (process->info->group == number || process->info->session == number)
            return true;
    }
    return false;
}

/* 0: all are taken. */
static uint32_t take_number(void)
{
    for (uint32_t tries = 0; tries < PID_MAX; tries++) {
        uint32_t number = next_number++;
        if (next_number == PID_MAX) {
            next_number = FIRST_NUMBER_AGAIN;
            numbers_went_round = true;
        }
        if (!numbers_went_round || !is_taken(number))
            return number;
    }
    return 0;
}

/* Numbers rise but for once in 32768 times, so its place is most often the last. */
static void insert_by_number(struct process *process)
{
    struct list_node *before = all_processes.head.previous;

    while (before != &all_processes.head &&
           container_of_process(before, all_link)->pid > process->pid)
        before = before->previous;
    list_insert_between(&process->all_link, before, before->next);
}

static struct process *new_process(uint32_t pid, const struct process_pages *pages)
{
    struct process *process = allocate_zeroed(1, sizeof(*process));

    if (process == NULL)
        return NULL;
    process->pid = pid;
    process->info = pages->info;
    process->signals = pages->signals;
    process->dumpable = true;
    list_init(&process->children);
    list_init(&process->threads);
    list_node_init(&process->sibling);
    list_node_init(&process->kernel_link);
    pending_init(&process->pending);
    list_push_back(&processes_by_number[pid % BUCKETS], &process->number_link);
    insert_by_number(process);
    return process;
}

bool table_init(const struct process_pages *pages)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        list_init(&processes_by_number[i]);
        list_init(&threads_by_number[i]);
    }
    list_init(&all_processes);
    next_number = PID_INIT + 1;
    numbers_went_round = false;
    init_process = new_process(PID_INIT, pages);
    if (init_process == NULL)
        return false;
    pages->info->pid = pages->info->group = pages->info->session = PID_INIT;
    (void)text_copy(init_process->name, sizeof(init_process->name), "init");
    return true;
}

struct process *process_create(struct process *parent, const struct process_pages *pages)
{
    uint32_t pid = take_number();
    struct process *process = pid == 0 ? NULL : new_process(pid, pages);

    if (process == NULL)
        return NULL;
    *pages->info = *parent->info;
    pages->info->version = 0;
    pages->info->pid = pid;
    pages->info->parent = parent->pid;
    pages->info->pending = 0;
    process->parent = parent;
    list_push_back(&parent->children, &process->sibling);
    return process;
}

void process_destroy(struct process *process)
{
    list_for_each_safe (&process->threads, node)
        thread_destroy(container_of_thread(node));
    pending_clear(&process->pending);
    allowance_give_back(process->allowances, ALLOWANCE_PIDS);
    effect_release(process);
    list_remove(&process->sibling);
    list_remove(&process->kernel_link);
    list_remove(&process->number_link);
    list_remove(&process->all_link);
    release(process->path);
    release(process);
}

/* The first that nobody has, from `slot` on. */
static bool find_slot(const struct process *process, uint32_t *slot)
{
    for (uint32_t i = 0; i < PROCESS_SIGNAL_THREADS; i++) {
        if (process->signals->threads[i].tid == 0) {
            *slot = i;
            return true;
        }
    }
    return false;
}

struct thread *thread_create(struct process *process, uint32_t tid)
{
    uint32_t slot = 0;
    bool found = find_slot(process, &slot);

    return found ? thread_create_at(process, tid, slot) : NULL;
}

struct thread *thread_create_at(struct process *process, uint32_t tid, uint32_t slot)
{
    struct thread *thread = thread_reserve();

    if (thread == NULL)
        return NULL;
    if (tid == 0)
        tid = take_number();
    if (tid == 0) {
        release(thread);
        return NULL;
    }
    thread_place(thread, process, tid, slot);
    return thread;
}

struct thread *thread_reserve(void)
{
    return allocate_zeroed(1, sizeof(struct thread));
}

void thread_place(struct thread *thread, struct process *process, uint32_t tid, uint32_t slot)
{
    thread->tid = tid;
    thread->process = process;
    thread->slot = slot;
    memcpy(thread->name, process->name, sizeof(thread->name));
    pending_init(&thread->pending);
    memset(&process->signals->threads[slot], 0, sizeof(process->signals->threads[slot]));
    process->signals->threads[slot].tid = thread->tid;
    list_push_back(&threads_by_number[thread->tid % BUCKETS], &thread->number_link);
    list_push_back(&process->threads, &thread->link);
    process->thread_count++;
}

void thread_destroy(struct thread *thread)
{
    struct process *process = thread->process;

    memset(&process->signals->threads[thread->slot], 0,
           sizeof(process->signals->threads[thread->slot]));
    pending_clear(&thread->pending);
    list_remove(&thread->number_link);
    list_remove(&thread->link);
    process->thread_count--;
    release(thread);
}

void thread_rename(struct thread *thread, const char *name, size_t length)
{
    length = strnlen(name, length);
    if (length >= PROCESS_COMM)
        length = PROCESS_COMM - 1;
    memset(thread->name, 0, PROCESS_COMM);
    memcpy(thread->name, name, length);
    if (thread->tid == thread->process->pid)
        memcpy(thread->process->name, thread->name, PROCESS_COMM);
}

struct thread *process_first_thread(const struct process *process)
{
    struct thread *leader = thread_find(process->pid);

    if (leader != NULL && leader->process == process)
        return leader;
    struct list_node *first = list_first(&process->threads);
    return first == NULL ? NULL : container_of_thread(first);
}
