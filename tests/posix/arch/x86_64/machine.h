/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* x86-64: for machine.c. The registers it looks at are r12 and the low half of xmm9. */
#pragma once

#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#define MACHINE_NAME "x86_64"
#define MACHINE_HAS_PLATFORM 1
#define MACHINE_CPU_NAMES "vendor_id", "model name", "flags"
#define MACHINE_HARDWARE 0ul /* glibc tells its own */

struct registers {
    uint64_t integer, vector;
};

static inline void fault_with(struct registers *registers)
{
    __asm__ volatile("movq (%0), %%r12\n\t"
                     "movq 8(%0), %%xmm9\n\t"
                     "ud2\n\t"
                     "movq %%r12, (%0)\n\t"
                     "movq %%xmm9, 8(%0)"
                     :
                     : "r"(registers)
                     : "r12", "xmm9", "memory");
}

static inline void spoil_vector(void)
{
    __asm__ volatile("pcmpeqd %%xmm9, %%xmm9" ::: "xmm9");
}

static inline void context_read(const ucontext_t *context, struct registers *registers)
{
    registers->integer = (uint64_t)context->uc_mcontext.gregs[REG_R12];
    memcpy(&registers->vector, &context->uc_mcontext.fpregs->_xmm[9], sizeof(registers->vector));
}

static inline void context_write(ucontext_t *context, const struct registers *registers)
{
    context->uc_mcontext.gregs[REG_R12] = (int64_t)registers->integer;
    memcpy(&context->uc_mcontext.fpregs->_xmm[9], &registers->vector, sizeof(registers->vector));
}

static inline void context_skip_fault(ucontext_t *context)
{
    context->uc_mcontext.gregs[REG_RIP] += 2;
}

/* A function that returns `value`: its bytes. */
static inline size_t write_function(uint8_t *at, int value)
{
    const uint8_t code[] = {0xb8, (uint8_t)value, 0, 0, 0, 0xc3}; /* mov eax, value; ret */

    memcpy(at, code, sizeof(code));
    return sizeof(code);
}

/* Nothing that other programs do not use all the time. */
static inline void what_the_machine_allows(void)
{
}
