/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: the saved state of a thread, and those parts of the thread contract
 * (arch/thread.h) that are short and on the path of every call.
 */
#pragma once

#include <kernel/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <trellis/frame.h>
#include <trellis/message.h>

struct thread;
struct account;
struct riscv_floating;

struct arch_thread {
    struct frame_registers registers; /* first: assembly stores here */
    uint64_t full;                    /* the registers that a call loses matter too */
    struct riscv_floating *floating;  /* NULL until first used */
    struct account *floating_account; /* who was charged for it */
};

static inline struct frame_registers *riscv_registers(struct thread *thread)
{
    return &((struct arch_thread *)thread)->registers;
}

static inline const struct frame_registers *riscv_registers_const(const struct thread *thread)
{
    return &((const struct arch_thread *)thread)->registers;
}

/* a0 to a5 stand one behind the other. */
static inline uint64_t arch_call_argument(const struct thread *thread, unsigned n)
{
    return (&riscv_registers_const(thread)->a0)[n];
}

static inline uint64_t arch_call_number(const struct thread *thread)
{
    return riscv_registers_const(thread)->a7;
}

static inline void arch_call_set_result(struct thread *thread, int64_t result)
{
    riscv_registers(thread)->a0 = (uint64_t)result;
}

/* `ecall` is four bytes long; a7 still holds the number. */
static inline void arch_call_rewind(struct thread *thread)
{
    riscv_registers(thread)->pc -= 4;
}

static inline uint64_t arch_message_information(const struct thread *thread)
{
    return riscv_registers_const(thread)->a1;
}

static inline __attribute__((always_inline)) void arch_message_copy(const struct thread *from,
                                                                    struct thread *to)
{
    const struct frame_registers *source = riscv_registers_const(from);
    struct frame_registers *target = riscv_registers(to);
    target->a1 = source->a1;
    target->a2 = source->a2;
    target->a3 = source->a3;
    target->a4 = source->a4;
    target->a5 = source->a5;
    if ((source->a1 & MESSAGE_LONG) == 0)
        return;
    target->s2 = source->s2;
    target->s3 = source->s3;
    target->s4 = source->s4;
    target->s5 = source->s5;
}

static inline void arch_message_set_information(struct thread *thread, uint64_t information)
{
    riscv_registers(thread)->a1 = information;
}

static inline void arch_message_set_source(struct thread *thread, uint64_t badge, uint64_t identity)
{
    riscv_registers(thread)->a6 = badge;
    riscv_registers(thread)->a7 = identity;
}

static inline uint64_t arch_thread_pc(const struct thread *thread)
{
    return riscv_registers_const(thread)->pc;
}
