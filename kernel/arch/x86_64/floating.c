/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: floating point and vector state, of those threads that have some.
 *
 * A thread has state from its first use on, for which CR0.TS traps. From then on its state is
 * loaded when it is switched to, if the registers are another's. They belong to one thread,
 * cpu->arch.floating, and stay its own while threads without state run. A thread may have moved
 * to another CPU by then, which asks the first one for its state. Who takes a thread out of
 * cpu->arch.floating, by exchange, is the one to save its state, and says so last in
 * floating_cpu. A server that never computes costs nothing. The kernel itself is compiled
 * without these registers. See docs/decisions/0006-lazy-floating-point.md.
 */
#include "x86.h"

#include <arch/ask.h>
#include <arch/thread.h>
#include <kernel/cpu.h>
#include <kernel/process.h>
#include <kernel/slab.h>
#include <kernel/string.h>
#include <kernel/thread.h>

#define STATE_ALIGNMENT 64
#define STATE_FXSAVE_SIZE 512
#define STATE_X87_SSE UINT64_C(3)
#define STATE_AVX UINT64_C(4)
#define CONTROL_WORD_INITIAL 0x37f
#define MXCSR_OFFSET 24
#define MXCSR_INITIAL 0x1f80
#define CR0_TASK_SWITCHED (UINT64_C(1) << 3)

/* CPUID leaf 13: which components there are, and the size of those enabled in XCR0. */
void x86_floating_init(void)
{
    x86_features.state_size = STATE_FXSAVE_SIZE;
    if (x86_features.extended_state) {
        x86_features.state_mask = x86_identify(13, 0).eax & (STATE_X87_SSE | STATE_AVX);
        __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)x86_features.state_mask), "d"(0));
        x86_features.state_size = x86_identify(13, 0).ebx;
    }
    x86_write(cr0, x86_read(cr0) | CR0_TASK_SWITCHED);
}

static size_t allocation_size(void)
{
    return x86_features.state_size + STATE_ALIGNMENT;
}

static uint8_t *aligned_state(const struct thread *thread)
{
    uint64_t address = (uint64_t)thread->arch.floating;
    return (uint8_t *)((address + STATE_ALIGNMENT - 1) & ~(uint64_t)(STATE_ALIGNMENT - 1));
}

static void save_state(struct thread *thread)
{
    uint8_t *state = aligned_state(thread);
    if (x86_features.extended_state)
        __asm__ volatile("xsave64 (%0)" : : "r"(state), "a"(~0u), "d"(~0u) : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" : : "r"(state) : "memory");
}

static void load_state(struct thread *thread)
{
    const uint8_t *state = aligned_state(thread);
    if (x86_features.extended_state)
        __asm__ volatile("xrstor64 (%0)" : : "r"(state), "a"(~0u), "d"(~0u) : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" : : "r"(state) : "memory");
}

static bool allocate_state(struct thread *thread)
{
    thread->arch.floating = memory_allocate(thread->process->account, allocation_size());
    if (thread->arch.floating == NULL)
        return false;
    uint8_t *state = aligned_state(thread);
    *(uint16_t *)state = CONTROL_WORD_INITIAL;
    *(uint32_t *)(state + MXCSR_OFFSET) = MXCSR_INITIAL;
    return true;
}

/* What is in the registers may be used, or nothing (NULL). */
static void show(struct cpu *cpu, void *state)
{
    if (state != NULL)
        __asm__ volatile("clts");
    else if (cpu->arch.visible != NULL)
        x86_write(cr0, x86_read(cr0) | CR0_TASK_SWITCHED);
    cpu->arch.visible = state;
}

void x86_floating_put_away(struct cpu *cpu)
{
    struct thread *thread = atomic_exchange(&cpu->arch.floating, NULL);
    if (thread == NULL)
        return;
    show(cpu, thread->arch.floating);
    save_state(thread);
    atomic_store_explicit(&thread->arch.floating_cpu, NULL, memory_order_release);
    show(cpu, NULL);
}

static void serve_put_away(void *argument)
{
    struct cpu *cpu = cpu_current();
    if (atomic_load(&cpu->arch.floating) == argument)
        x86_floating_put_away(cpu);
}

/* Have the state of a thread that no CPU runs, or this one, in memory. */
static void fetch(struct thread *thread)
{
    struct cpu *cpu = atomic_load(&thread->arch.floating_cpu);
    if (cpu == cpu_current())
        x86_floating_put_away(cpu);
    else if (cpu != NULL)
        cpu_ask(cpu->bit, serve_put_away, thread);
}

bool x86_floating_load(struct thread *thread)
{
    struct cpu *cpu = cpu_current();
    if (thread->arch.floating == NULL && !allocate_state(thread))
        return false;
    fetch(thread);
    x86_floating_put_away(cpu);
    show(cpu, thread->arch.floating);
    load_state(thread);
    atomic_store_explicit(&thread->arch.floating_cpu, cpu, memory_order_release);
    atomic_store_explicit(&cpu->arch.floating, thread, memory_order_release);
    return true;
}

ARCH_COLD void x86_floating_switch(struct cpu *cpu, struct thread *to)
{
    if (to->arch.floating == NULL || atomic_load(&cpu->arch.floating) == to)
        show(cpu, to->arch.floating);
    else
        (void)x86_floating_load(to); /* it has the memory for it */
}

enum status arch_thread_clone(struct thread *thread, struct thread *from)
{
    if (from->arch.floating != NULL) {
        if (!allocate_state(thread))
            return STATUS_NO_MEMORY;
        fetch(from);
        memcpy(aligned_state(thread), aligned_state(from), x86_features.state_size);
    }
    arch_thread_get_registers(from, &thread->arch.registers);
    thread->arch.full = from->arch.full;
    return STATUS_OK;
}

/* Out of the registers of a CPU unseen, unless that is saving it just now. */
static void forget(struct thread *thread)
{
    struct cpu *cpu = atomic_load(&thread->arch.floating_cpu);
    struct thread *expected = thread;
    if (cpu == NULL || atomic_compare_exchange_strong(&cpu->arch.floating, &expected, NULL))
        return;
    while (atomic_load(&thread->arch.floating_cpu) != NULL)
        arch_cpu_relax();
}

void arch_thread_free(struct thread *thread)
{
    forget(thread);
    if (thread->arch.floating != NULL)
        memory_free(thread->process->account, thread->arch.floating, allocation_size());
}
