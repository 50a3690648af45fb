/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The architecture contract on host threads. The kernel never returns: it leaves
 * through arch_return_to_user or waits in arch_idle, and both jump back to the
 * loop of their CPU. Nothing interrupts a CPU; user mode and idling are short, so
 * what a poke would make it see it sees soon.
 *
 * User memory is what the page tables say. Where a processor would finish the
 * access before it lets another have the page, the space's lock is held here.
 */
#include "machine.h"

#include <arch/cpu.h>
#include <arch/host.h>
#include <arch/page_table.h>
#include <arch/radix.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/main.h>
#include <kernel/page.h>
#include <kernel/process.h>
#include <kernel/rcu.h>
#include <kernel/scheduler.h>
#include <kernel/time.h>
#include <kernel/trap.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <trellis/boot_info.h>
#include <unistd.h>

enum way_out { ENTER, USER, LEAVE };

void (*race_user)(struct thread *thread);
void (*race_idle)(void);

static _Thread_local struct cpu *own;
static _Thread_local jmp_buf outside; /* of the kernel */
static pthread_t threads[RACE_CPUS];
static _Atomic bool stopping;

void race_memory_init(uint64_t pages)
{
    own = cpu_get(0);
    host_memory_init(pages);
}

/* CPUs. */

static void run(void)
{
    switch (setjmp(outside)) {
    case ENTER:
        rcu_wake(); /* it may have been left while it idled */
        scheduler_leave_kernel();
    case USER:
        race_user(own->current);
        abort();
    default:
        return;
    }
}

static void *run_other(void *cpu)
{
    own = cpu;
    if (setjmp(outside) == ENTER)
        kernel_main_secondary(own);
    run();
    return NULL;
}

void race_start(void)
{
    static const struct boot_info boot = {.cpu_count = RACE_CPUS};
    scheduler_init_cpu(0);
    cpu_start_others(&boot);
}

void race_run(void)
{
    run();
}

void race_leave(void)
{
    longjmp(outside, LEAVE);
}

void race_stop(void)
{
    atomic_store(&stopping, true);
    for (uint32_t i = 1; i < cpu_count(); i++)
        pthread_join(threads[i], NULL);
}

struct cpu *arch_cpu_current(void)
{
    return own;
}

enum status arch_cpu_start(struct cpu *cpu, uint64_t hardware_id)
{
    (void)hardware_id;
    bool started = pthread_create(&threads[cpu->number], NULL, run_other, cpu) == 0;
    return started ? STATUS_OK : STATUS_NO_MEMORY;
}

void arch_cpu_poke(const struct cpu *cpu)
{
    (void)cpu;
}

void arch_cpu_stop(const struct cpu *cpu)
{
}

void arch_cpu_relax(void)
{
    sched_yield();
}

void arch_return_to_user(struct thread *thread)
{
    assert(thread == own->current);
    longjmp(outside, USER);
}

void arch_idle(bool sleep)
{
    if (!sleep) {
        trap_timer();
        return;
    }
    if (own->number != 0 && atomic_load(&stopping))
        race_leave();
    if (own->number == 0)
        race_idle();
    sched_yield();
    trap_timer();
}

void arch_thread_switch(struct thread *from, struct thread *to)
{
    (void)from;
    (void)to;
}

/* Memory. */

/* Programs race for their memory as they please: that is not looked at. */
static __attribute__((no_sanitize("thread"))) void move(volatile char *to, const char *from,
                                                        size_t length)
{
    for (size_t i = 0; i < length; i++)
        to[i] = from[i];
}

bool host_access_page(uint64_t user, char *kernel, size_t length, enum fault_access access)
{
    struct space *space = &own->current->process->space;
    uint64_t physical;
    uint32_t flags, needed = access == FAULT_WRITE ? PTE_WRITE : PTE_READ;
    lock_acquire(&space->lock);
    bool found = arch_table_lookup(&space->table, user & ~(PAGE_SIZE - 1), &physical, &flags) &&
                 (flags & needed) != 0;
    if (found) {
        char *page = (char *)arch_physical_to_virtual(physical) + user % PAGE_SIZE;
        move(access == FAULT_WRITE ? page : kernel, access == FAULT_WRITE ? kernel : page, length);
    }
    lock_release(&space->lock);
    return found;
}

/* Nobody has entries cached: page tables are walked at each access. */

uint64_t arch_kernel_root(void)
{
    return 0;
}

void arch_translation_forget(struct page_table *table, struct translation_change *change)
{
    (void)table, (void)change;
}

void arch_translation_renew(uint64_t address)
{
    (void)address;
}

void arch_translation_added(void)
{
}

void arch_translation_fetch(struct page_table *table, uint64_t physical)
{
    (void)table, (void)physical;
}

void arch_table_switch(struct page_table *table)
{
    (void)table;
}

/* Time. */

uint64_t arch_counter_read(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t time_now(void)
{
    return arch_counter_read();
}

uint64_t time_to_ticks(uint64_t nanoseconds)
{
    return nanoseconds;
}

void arch_timer_set(uint64_t ticks)
{
    (void)ticks; /* user mode and idling look at the clock themselves */
}

/* The rest of the machine. */

void arch_console_put(uint8_t byte)
{
    (void)!write(STDERR_FILENO, &byte, 1);
}

bool arch_random(uint64_t *value)
{
    *value = arch_counter_read() * UINT64_C(0x9e3779b97f4a7c15);
    return true;
}

void arch_machine_stop(enum stop_kind kind)
{
    fprintf(stderr, "machine stopped: %#x\n", (unsigned)kind);
    abort();
}

void arch_backtrace(void (*line)(uint64_t address))
{
    (void)line;
}

void arch_machine_restart(void)
{
    abort();
}
