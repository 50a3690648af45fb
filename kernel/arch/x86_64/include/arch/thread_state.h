/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: the saved state of a thread, and those parts of the thread contract
 * (arch/thread.h) that are short and on the path of every call.
 */
#pragma once

#include <kernel/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <trellis/frame.h>
#include <trellis/message.h>

struct account;
struct cpu;
struct thread;

struct arch_thread {
    struct frame_registers registers; /* first: assembly stores here */
    uint64_t full;                    /* rcx and r11 matter too: return by iretq, not sysretq */
    void *floating;                   /* as allocated; NULL until first used */
    struct account *floating_account; /* who was charged for it */
    struct cpu *_Atomic floating_cpu; /* in whose registers it is; NULL: in memory */
};

static inline struct frame_registers *x86_registers(struct thread *thread)
{
    return &((struct arch_thread *)thread)->registers;
}

static inline const struct frame_registers *x86_registers_const(const struct thread *thread)
{
    return &((const struct arch_thread *)thread)->registers;
}

static inline uint64_t arch_call_argument(const struct thread *thread, unsigned n)
{
    const struct frame_registers *registers = x86_registers_const(thread);
    switch (n) {
    case 0:
        return registers->rdi;
    case 1:
        return registers->rsi;
    case 2:
        return registers->rdx;
    case 3:
        return registers->r10;
    case 4:
        return registers->r8;
    default:
        return registers->r9;
    }
}

static inline uint64_t arch_call_number(const struct thread *thread)
{
    return x86_registers_const(thread)->rax;
}

static inline void arch_call_set_result(struct thread *thread, int64_t result)
{
    x86_registers(thread)->rax = (uint64_t)result;
}

/* `syscall` is two bytes long; rax still holds the number. */
static inline void arch_call_rewind(struct thread *thread)
{
    x86_registers(thread)->pc -= 2;
}

static inline uint64_t arch_message_information(const struct thread *thread)
{
    return x86_registers_const(thread)->rsi;
}

static inline __attribute__((always_inline)) void arch_message_copy(const struct thread *from,
                                                                    struct thread *to)
{
    const struct frame_registers *source = x86_registers_const(from);
    struct frame_registers *target = x86_registers(to);
    target->rsi = source->rsi;
    target->rdx = source->rdx;
    target->r10 = source->r10;
    target->r8 = source->r8;
    target->r9 = source->r9;
    if ((source->rsi & MESSAGE_LONG) == 0)
        return;
    target->r12 = source->r12;
    target->r13 = source->r13;
    target->r14 = source->r14;
    target->r15 = source->r15;
}

static inline void arch_message_set_information(struct thread *thread, uint64_t information)
{
    x86_registers(thread)->rsi = information;
}

static inline void arch_message_set_source(struct thread *thread, uint64_t badge, uint64_t identity)
{
    x86_registers(thread)->rdi = badge;
    x86_registers(thread)->rbx = identity;
}

static inline uint64_t arch_thread_pc(const struct thread *thread)
{
    return x86_registers_const(thread)->pc;
}
