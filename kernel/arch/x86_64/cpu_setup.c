/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: segments, the trap table, control registers and the syscall
 * instruction of one CPU (Intel SDM volume 3, chapters 2, 3, 5 and 6).
 */
#include "x86.h"

#include <arch/cpu.h>
#include <arch/layout.h>
#include <arch/thread.h>
#include <kernel/cpu.h>
#include <kernel/log.h>

#define CR0_MONITOR_COPROCESSOR (UINT64_C(1) << 1)
#define CR0_EMULATION (UINT64_C(1) << 2)
#define CR0_WRITE_PROTECT (UINT64_C(1) << 16)
#define CR0_ALIGNMENT (UINT64_C(1) << 18)
#define CR4_PAGE_GLOBAL (UINT64_C(1) << 7)
#define CR4_FXSR (UINT64_C(1) << 9)
#define CR4_SIMD_EXCEPTIONS (UINT64_C(1) << 10)
#define CR4_NO_USER_DESCRIPTORS (UINT64_C(1) << 11) /* UMIP */
#define CR4_BASE_INSTRUCTIONS (UINT64_C(1) << 16)
#define CR4_EXTENDED_STATE (UINT64_C(1) << 18)
#define CR4_EXECUTION_PREVENTION (UINT64_C(1) << 20) /* SMEP */
#define CR4_ACCESS_PREVENTION (UINT64_C(1) << 21)    /* SMAP */

#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_SYSCALL_MASK 0xc0000084
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define EFER_SYSCALL UINT64_C(1)

#define GATE_INTERRUPT 0x8e
#define GATE_FROM_USER 0x60
#define FATAL_STACK_SIZE 4096

enum fatal_stack { FATAL_NMI = 1, FATAL_DOUBLE_FAULT, FATAL_MACHINE_CHECK, FATAL_COUNT = 3 };

/* Intel SDM volume 3, figure 6-8. */
struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t stack;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

struct x86_features x86_features;
bool x86_has_access_prevention;

static struct gate gates[256] __attribute__((aligned(16)));
/* The first CPU's; the others' are allocated when they are started. */
static char fatal_stacks[FATAL_COUNT * FATAL_STACK_SIZE] __attribute__((aligned(16)));

static void set_gate(unsigned vector, const void *entry, unsigned stack)
{
    uint64_t offset = (uint64_t)entry;
    gates[vector] = (struct gate){
        .offset_low = (uint16_t)offset,
        .selector = SELECTOR_KERNEL_CODE,
        .stack = (uint8_t)stack,
        .type = GATE_INTERRUPT | (vector == VECTOR_BREAKPOINT ? GATE_FROM_USER : 0),
        .offset_middle = (uint16_t)(offset >> 16),
        .offset_high = (uint32_t)(offset >> 32),
    };
}

static void fill_gates(void)
{
    for (unsigned vector = 0; vector < 256; vector++)
        set_gate(vector, x86_trap_stubs + 16 * vector, 0);
    set_gate(VECTOR_NMI, (const void *)x86_entry_nmi, FATAL_NMI);
    set_gate(VECTOR_DOUBLE_FAULT, (const void *)x86_entry_double_fault, FATAL_DOUBLE_FAULT);
    set_gate(VECTOR_MACHINE_CHECK, (const void *)x86_entry_machine_check, FATAL_MACHINE_CHECK);
}

static void fill_task(struct cpu *cpu)
{
    struct x86_task *task = &cpu->arch.task;
    task->stacks[0] = cpu->arch.stack_top;
    task->port_bitmap = sizeof(*task);
    for (unsigned i = 0; i < FATAL_COUNT; i++) {
        uint64_t top = (uint64_t)cpu->arch.fatal_stacks + (i + 1) * FATAL_STACK_SIZE - 16;
        *(struct cpu **)top = cpu;
        task->interrupt_stacks[i] = top;
    }
}

/* Intel SDM volume 3, figures 3-8 and 8-4. */
static void fill_segments(struct cpu *cpu)
{
    uint64_t *segments = cpu->arch.segments;
    uint64_t task = (uint64_t)&cpu->arch.task;
    segments[SELECTOR_KERNEL_CODE / 8] = 0x00209b0000000000;
    segments[SELECTOR_KERNEL_DATA / 8] = 0x0000930000000000;
    segments[SELECTOR_USER_DATA / 8] = 0x0000f30000000000;
    segments[SELECTOR_USER_CODE / 8] = 0x0020fb0000000000;
    segments[SELECTOR_TASK / 8] = (sizeof(struct x86_task) - 1) | (task & 0xffffff) << 16 |
                                  UINT64_C(0x89) << 40 | (task >> 24 & 0xff) << 56;
    segments[SELECTOR_TASK / 8 + 1] = task >> 32;
    segments[CPU_NUMBER_SELECTOR / 8] = 0x0000f10000000000 | cpu->number;
}

static void load_segments(struct cpu *cpu)
{
    struct table_pointer pointer = {sizeof(cpu->arch.segments) - 1, (uint64_t)cpu->arch.segments};
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %2, %%ds\n\t"
                     "movl %2, %%es\n\t"
                     "movl %2, %%ss\n\t"
                     "movl %3, %%fs\n\t"
                     "movl %3, %%gs\n\t"
                     "ltr %w4"
                     :
                     : "m"(pointer), "i"(SELECTOR_KERNEL_CODE), "r"(SELECTOR_KERNEL_DATA), "r"(0),
                       "r"(SELECTOR_TASK)
                     : "rax", "memory");
    pointer = (struct table_pointer){sizeof(gates) - 1, (uint64_t)gates};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

/* CPUID leaf 7: ebx bit 0 FSGSBASE, 7 SMEP, 20 SMAP, ecx bit 2 UMIP; leaf 1: ecx bit 26 XSAVE. */
static void enable_features(void)
{
    uint32_t leaves = x86_identify(0, 0).eax;
    struct x86_identification basic = x86_identify(1, 0), more = {0};
    if (leaves >= 7)
        more = x86_identify(7, 0);
    uint64_t cr4 = x86_read(cr4) | CR4_PAGE_GLOBAL | CR4_FXSR | CR4_SIMD_EXCEPTIONS;
    x86_features.base_instructions = (more.ebx & 1) != 0;
    x86_features.extended_state = (basic.ecx & 1u << 26) != 0;
    x86_has_access_prevention = (more.ebx & 1u << 20) != 0;
    cr4 |= x86_features.base_instructions ? CR4_BASE_INSTRUCTIONS : 0;
    cr4 |= x86_features.extended_state ? CR4_EXTENDED_STATE : 0;
    cr4 |= x86_has_access_prevention ? CR4_ACCESS_PREVENTION : 0;
    cr4 |= (more.ebx & 1u << 7) != 0 ? CR4_EXECUTION_PREVENTION : 0;
    cr4 |= (more.ecx & 1u << 2) != 0 ? CR4_NO_USER_DESCRIPTORS : 0;
    x86_write(cr4, cr4);
    uint64_t cr0 = x86_read(cr0) & ~CR0_EMULATION;
    x86_write(cr0, cr0 | CR0_MONITOR_COPROCESSOR | CR0_WRITE_PROTECT | CR0_ALIGNMENT);
}

static void enable_calls(struct cpu *cpu)
{
    x86_write_msr(MSR_GS_BASE, (uint64_t)cpu);
    x86_write_msr(MSR_KERNEL_GS_BASE, 0);
    x86_write_msr(MSR_EFER, x86_read_msr(MSR_EFER) | EFER_SYSCALL);
    x86_write_msr(MSR_STAR,
                  (uint64_t)(SELECTOR_USER_DATA - 8) << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    x86_write_msr(MSR_LSTAR, (uint64_t)x86_entry_call);
    x86_write_msr(MSR_SYSCALL_MASK, FLAGS_CARRY | FLAGS_TRAP | FLAGS_INTERRUPT | FLAGS_DIRECTION |
                                        FLAGS_NESTED_TASK | FLAGS_ALIGNMENT);
}

void arch_cpu_init(struct cpu *cpu)
{
    cpu->arch.self = cpu;
    if (cpu->number == 0) {
        fill_gates();
        x86_translation_init();
        cpu->arch.stack_top = (uint64_t)boot_stack_top;
        cpu->arch.fatal_stacks = fatal_stacks;
    }
    fill_task(cpu);
    fill_segments(cpu);
    load_segments(cpu);
    enable_features();
    enable_calls(cpu);
    x86_floating_init();
}

void arch_idle(bool sleep)
{
    if (sleep)
        __asm__ volatile("sti; hlt; cli" : : : "memory");
    else
        __asm__ volatile("sti; nop; cli" : : : "memory");
}
