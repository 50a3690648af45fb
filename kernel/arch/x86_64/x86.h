/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* x86-64: instructions, and what the files of this folder share. */
#pragma once

#include <arch/cpu_state.h>
#include <arch/startup.h>
#include <stdbool.h>
#include <stdint.h>

struct boot_info;
struct cpu;
struct thread;

/* What entry.S pushes for a trap taken in the kernel. */
struct x86_trap {
    uint64_t rbp, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
    uint64_t vector, code;
    uint64_t pc, cs, flags, sp, ss;
};

enum x86_vector {
    VECTOR_DIVIDE = 0,
    VECTOR_DEBUG = 1,
    VECTOR_NMI = 2,
    VECTOR_BREAKPOINT = 3,
    VECTOR_INVALID_OPCODE = 6,
    VECTOR_NO_FLOATING = 7,
    VECTOR_DOUBLE_FAULT = 8,
    VECTOR_PAGE_FAULT = 14,
    VECTOR_FLOATING = 16,
    VECTOR_ALIGNMENT = 17,
    VECTOR_MACHINE_CHECK = 18,
    VECTOR_VECTOR_FLOATING = 19,
    VECTOR_EXCEPTIONS = 32, /* how many are the CPU's own */
    VECTOR_LEGACY = 0x20,   /* the 8259s, masked: only spurious ones */
    VECTOR_LINES = 0x30,    /* IOAPIC line 0 */
    VECTOR_TIMER = 0xf0,
    VECTOR_POKE = 0xf1, /* from another CPU */
    VECTOR_SPURIOUS = 0xff,
};

/* Set once, by the first CPU. */
struct x86_features {
    bool base_instructions; /* rdfsbase and its like */
    bool extended_state;    /* xsave */
    uint32_t state_size;    /* bytes of floating point state */
    uint64_t state_mask;    /* XCR0 */
};
extern struct x86_features x86_features;
extern bool x86_has_access_prevention; /* SMAP; assembly reads it */

/* boot/x86_64/start.S: the first CPU's stack. */
extern char boot_stack_top[];

/* entry.S */
void x86_entry_call(void);
void x86_entry_nmi(void);
void x86_entry_double_fault(void);
void x86_entry_machine_check(void);
extern const char x86_trap_stubs[];
_Noreturn void x86_return_call(struct thread *thread);
_Noreturn void x86_return_full(struct thread *thread);

/* traps.c, called by entry.S */
_Noreturn void x86_trap_user(uint64_t vector, uint64_t code);
void x86_trap_kernel(struct x86_trap *trap);

/* floating.c */
void x86_floating_init(void);
/* Make the state of `thread` the one in the registers; false without memory for it. */
bool x86_floating_load(struct thread *thread);
/* `to` is next on this CPU: have its state in the registers or, if it has none, its first use trap. */
ARCH_COLD void x86_floating_switch(struct cpu *cpu, struct thread *to);
/* The state in this CPU's registers to memory. */
void x86_floating_put_away(struct cpu *cpu);

/* apic.c */
/* NULL, or what is missing. */
const char *x86_apic_init(const struct boot_info *boot);
void x86_apic_interrupt(uint64_t vector);
/* The local timer at full speed, to be measured; counts down from the largest value. */
void x86_apic_timer_free_run(void);
uint32_t x86_apic_timer_read(void);
void x86_apic_timer_start(uint32_t ticks);

/* smp.c */
/* Set by a panic: the next non-maskable interrupt is the end of a CPU. */
extern bool x86_is_stopping;

/* translation.c */
void x86_translation_init(void);

/* console.c */
void x86_set_power_port(uint64_t port);

/* x86_in8 to x86_in32 and x86_out8 to x86_out32. */
#define X86_PORT_ACCESS(bits, suffix)                                                              \
    static inline uint##bits##_t x86_in##bits(uint16_t port)                                       \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        __asm__ volatile("in" suffix " %1, %0" : "=a"(value) : "Nd"(port));                        \
        return value;                                                                              \
    }                                                                                              \
    static inline void x86_out##bits(uint16_t port, uint##bits##_t value)                          \
    {                                                                                              \
        __asm__ volatile("out" suffix " %0, %1" : : "a"(value), "Nd"(port));                       \
    }
X86_PORT_ACCESS(8, "b")
X86_PORT_ACCESS(16, "w")
X86_PORT_ACCESS(32, "l")

/* Control registers. */
#define x86_read(name)                                                                             \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value_));                                    \
        value_;                                                                                    \
    })
#define x86_write(name, value) __asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory")

static inline void x86_write_msr(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline uint64_t x86_read_msr(uint32_t number)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}

struct x86_identification {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct x86_identification x86_identify(uint32_t leaf, uint32_t subleaf)
{
    struct x86_identification result = {.eax = leaf, .ecx = subleaf};
    __asm__ volatile("cpuid"
                     : "+a"(result.eax), "=b"(result.ebx), "+c"(result.ecx), "=d"(result.edx));
    return result;
}

/* After a trap the user's AC flag may stand, which opens user memory. */
static inline void x86_close_user_memory(void)
{
    if (x86_has_access_prevention)
        __asm__ volatile("clac" : : : "memory");
}
