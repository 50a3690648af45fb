/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "process_fake.h"

#include <stdlib.h>
#include <string.h>

#include <base/heap.h>

#include "effects.h"
#include "family.h"
#include "limits.h"

struct fake_effects fake;

static struct kernel_process kernels[256];
static unsigned kernel_count;
static unsigned fail_at, allocations;

void *allocate(size_t size)
{
    if (fail_at != 0 && --fail_at == 0)
        return NULL;
    allocations++;
    return malloc(size == 0 ? 1 : size);
}

void *allocate_zeroed(size_t count, size_t size)
{
    void *piece = allocate(count * size);

    if (piece != NULL)
        memset(piece, 0, count * size);
    return piece;
}

void release(void *piece)
{
    allocations -= piece != NULL;
    free(piece);
}

void fake_fail_allocation(unsigned n)
{
    fail_at = n;
}

unsigned fake_allocations(void)
{
    return allocations;
}

void effect_interrupt(struct thread *thread)
{
    fake.interrupts++;
    fake.interrupted = thread;
}

void effect_watch_limits(void)
{
}

void effect_suspend(struct process *process)
{
    (void)process;
    fake.suspends++;
}

void effect_resume(struct process *process)
{
    (void)process;
    fake.resumes++;
}

void effect_end(struct process *process)
{
    (void)process;
    fake.ends++;
}

void effect_raise(struct process *process, uint32_t bits)
{
    fake.raised |= bits;
    fake.raised_for = process;
}

void effect_release(struct process *process)
{
    fake.releases++;
    free(process->info);
    free(process->signals);
}

void effect_set_terminal(uint32_t rdev, uint32_t session, uint32_t group)
{
    (void)rdev;
    fake.terminals++;
    fake.terminal_session = session;
    fake.terminal_group = group;
}

void effect_set_weight(struct process *process)
{
    (void)process;
}

void effect_power(enum process_power power)
{
    fake.power = (int)power;
}

static struct process_pages new_pages(void)
{
    return (struct process_pages){calloc(1, sizeof(struct process_info_page)),
                                  calloc(1, sizeof(struct process_signal_page))};
}

int fake_setup(void **state)
{
    struct process_pages pages = new_pages();

    (void)state;
    fake = (struct fake_effects){.power = -1};
    kernel_count = 0;
    fail_at = 0;
    if (!table_init(&pages))
        return -1;
    limits_init(pages.info);
    return 0;
}

int fake_teardown(void **state)
{
    (void)state;
    while (list_first(process_all())->next != &process_all()->head) {
        struct process *last = container_of_process(process_all()->head.previous, all_link);
        process_destroy(last);
    }
    struct process *init = table_init_process();
    process_destroy(init);
    return allocations == 0 ? 0 : -1;
}

struct process *fake_child(struct process *parent, uint32_t uid)
{
    struct process_pages pages = new_pages();
    struct process *child = process_create(parent, &pages);

    if (child == NULL) {
        free(pages.info);
        free(pages.signals);
        return NULL;
    }
    struct kernel_process *kernel = &kernels[kernel_count++];
    *kernel = (struct kernel_process){.process = 1, .observer = child->pid};
    list_init(&kernel->members);
    kernel_process_join(kernel, child);
    child->exit_signal = SIGNAL_CHLD;
    child->info->uid = child->info->euid = child->info->suid = child->info->fsuid = uid;
    if (thread_create(child, child->pid) == NULL) {
        process_destroy(child);
        return NULL;
    }
    return child;
}

void fake_finish(struct process *process)
{
    list_for_each_safe (&process->threads, node)
        thread_destroy(container_of_thread(node));
    list_remove(&process->kernel_link);
    process->kernel = NULL;
    process_finish(process);
}

int fake_send(struct process *process, unsigned number)
{
    struct process_signal signal = {.number = (int32_t)number, .code = SIGNAL_CODE_QUEUE};

    return signal_send(process, NULL, &signal);
}
