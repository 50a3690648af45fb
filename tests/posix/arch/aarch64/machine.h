/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* AArch64: for machine.c. The registers it looks at are x20 and the low half of v9. */
#pragma once

#include <stdint.h>
#include <string.h>
#include <ucontext.h>
#ifdef __GLIBC__ /* elsewhere <signal.h> has it */
#include <asm/sigcontext.h>
#endif

#define MACHINE_NAME "aarch64"
#define MACHINE_HAS_PLATFORM 1
#define MACHINE_CPU_NAMES "Features", "CPU architecture"
#define MACHINE_HARDWARE 3ul /* FP, ASIMD */

struct registers {
    uint64_t integer, vector;
};

static inline void fault_with(struct registers *registers)
{
    __asm__ volatile("ldr x20, [%0]\n\t"
                     "ldr d9, [%0, #8]\n\t"
                     ".word 0\n\t"
                     "str x20, [%0]\n\t"
                     "str d9, [%0, #8]"
                     :
                     : "r"(registers)
                     : "x20", "v9", "memory");
}

static inline void spoil_vector(void)
{
    __asm__ volatile("movi v9.2d, #0" ::: "v9");
}

static inline struct fpsimd_context *vectors_of(const ucontext_t *context)
{
    return (struct fpsimd_context *)context->uc_mcontext.__reserved;
}

static inline void context_read(const ucontext_t *context, struct registers *registers)
{
    registers->integer = context->uc_mcontext.regs[20];
    if (vectors_of(context)->head.magic == FPSIMD_MAGIC)
        registers->vector = (uint64_t)vectors_of(context)->vregs[9];
}

static inline void context_write(ucontext_t *context, const struct registers *registers)
{
    context->uc_mcontext.regs[20] = registers->integer;
    vectors_of(context)->vregs[9] = registers->vector;
}

static inline void context_skip_fault(ucontext_t *context)
{
    context->uc_mcontext.pc += 4;
}

/* A function that returns `value`: its bytes. */
static inline size_t write_function(uint8_t *at, int value)
{
    const uint32_t code[] = {0x52800000u | (uint32_t)value << 5, 0xd65f03c0u}; /* mov w0; ret */

    memcpy(at, code, sizeof(code));
    return sizeof(code);
}
