/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: for machine.c. The registers it looks at are s4 and fs1. */
#pragma once

#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#define MACHINE_NAME "riscv64"
#define MACHINE_HAS_PLATFORM 0
#define MACHINE_CPU_NAMES "isa", "mmu"
#define MACHINE_HARDWARE 0x112dul /* I, M, A, F, D, C */
#define NUMBER_S4 20
#define NUMBER_FS1 9

struct registers {
    uint64_t integer, vector;
};

static inline void fault_with(struct registers *registers)
{
    __asm__ volatile("ld s4, 0(%0)\n\t"
                     "fld fs1, 8(%0)\n\t"
                     ".word 0\n\t"
                     "sd s4, 0(%0)\n\t"
                     "fsd fs1, 8(%0)"
                     :
                     : "r"(registers)
                     : "s4", "fs1", "memory");
}

static inline void spoil_vector(void)
{
    __asm__ volatile("fmv.d.x fs1, zero" ::: "fs1");
}

static inline void context_read(const ucontext_t *context, struct registers *registers)
{
    registers->integer = context->uc_mcontext.__gregs[NUMBER_S4];
    registers->vector = context->uc_mcontext.__fpregs.__d.__f[NUMBER_FS1];
}

static inline void context_write(ucontext_t *context, const struct registers *registers)
{
    context->uc_mcontext.__gregs[NUMBER_S4] = registers->integer;
    context->uc_mcontext.__fpregs.__d.__f[NUMBER_FS1] = registers->vector;
}

static inline void context_skip_fault(ucontext_t *context)
{
    context->uc_mcontext.__gregs[REG_PC] += 4;
}

/* A function that returns `value`: its bytes. */
static inline size_t write_function(uint8_t *at, int value)
{
    const uint32_t code[] = {0x00000513u | (uint32_t)value << 20, 0x00008067u}; /* li a0; ret */

    memcpy(at, code, sizeof(code));
    return sizeof(code);
}
