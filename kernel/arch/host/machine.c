/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The host's CPU, clock and console. */
#include <arch/host.h>

#include <arch/cpu.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/thread.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t host_clock_ns;
uint64_t host_timer_counter;

static struct cpu host_cpu = {.bit = 1};
struct cpu *host_current_cpu = &host_cpu;

#define replaceable __attribute__((weak)) /* by a test that waits or leaves the kernel */

void host_run_thread(struct thread *thread)
{
    if (host_cpu.current != NULL)
        atomic_store_explicit(&host_cpu.current->holder, 0, memory_order_release);
    if (thread != NULL)
        atomic_store_explicit(&thread->holder, 1, memory_order_release);
    host_cpu.current = thread;
}

void arch_cpu_init(struct cpu *cpu)
{
    (void)cpu;
}

struct cpu *arch_cpu_current(void)
{
    return host_current_cpu;
}

uint64_t arch_counter_read(void)
{
    return host_clock_ns;
}

void arch_timer_set(uint64_t deadline_counter)
{
    host_timer_counter = deadline_counter;
}

void arch_console_put(uint8_t byte)
{
    fputc(byte, stderr);
}

bool arch_random(uint64_t *value)
{
    static uint64_t state = 1;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    *value = state;
    return true;
}

void arch_machine_stop(enum stop_kind kind)
{
    fprintf(stderr, "machine stopped: %#x\n", (unsigned)kind);
    abort();
}

void arch_machine_restart(void)
{
    abort();
}

void arch_backtrace(void (*line)(uint64_t address))
{
    (void)line;
}

replaceable void arch_cpu_relax(void)
{
}

enum status arch_cpu_start(struct cpu *cpu, uint64_t hardware_id)
{
    (void)cpu;
    (void)hardware_id;
    return STATUS_UNSUPPORTED;
}

unsigned host_pokes;

void arch_cpu_poke(const struct cpu *cpu)
{
    (void)cpu;
    host_pokes++;
}

void arch_cpu_stop(const struct cpu *cpu)
{
}

/* Nothing ever runs. */

void arch_thread_switch(struct thread *from, struct thread *to)
{
    (void)from;
    (void)to;
}

replaceable void arch_return_to_user(struct thread *thread)
{
    panic("thread %p: the host has no user mode", (void *)thread);
}

replaceable void arch_idle(bool sleep)
{
    panic("idle: nothing can ever wake the host");
}
