/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: the saved state of a thread, and those parts of the thread contract
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

struct arch_thread {
    struct frame_registers registers; /* first: the stack pointer is here while user mode runs */
    void *floating;                   /* struct arm_floating; NULL until first used */
    struct account *floating_account; /* who was charged for it */
};

/* Where a message's words, and who sent it, are: see trellis/arch/registers.h. */
enum arm_register {
    ARM_RESULT = 0,
    ARM_INFORMATION = 1,
    ARM_FIRST_WORD = 2,
    ARM_NUMBER = 8,
    ARM_BADGE = 11,
    ARM_IDENTITY = 12,
};

static inline uint64_t *arm_registers(struct thread *thread)
{
    return ((struct arch_thread *)thread)->registers.x;
}

static inline const uint64_t *arm_registers_const(const struct thread *thread)
{
    return ((const struct arch_thread *)thread)->registers.x;
}

static inline uint64_t arch_call_argument(const struct thread *thread, unsigned n)
{
    return arm_registers_const(thread)[n];
}

static inline uint64_t arch_call_number(const struct thread *thread)
{
    return arm_registers_const(thread)[ARM_NUMBER];
}

static inline void arch_call_set_result(struct thread *thread, int64_t result)
{
    arm_registers(thread)[ARM_RESULT] = (uint64_t)result;
}

/* x8 still holds the number, and x0 its argument: no result was set. */
static inline void arch_call_rewind(struct thread *thread)
{
    ((struct arch_thread *)thread)->registers.pc -= 4;
}

static inline uint64_t arch_message_information(const struct thread *thread)
{
    return arm_registers_const(thread)[ARM_INFORMATION];
}

static inline __attribute__((always_inline)) void arch_message_copy(const struct thread *from,
                                                                    struct thread *to)
{
    const uint64_t *source = arm_registers_const(from);
    uint64_t *target = arm_registers(to);
    for (unsigned n = ARM_INFORMATION; n < ARM_FIRST_WORD + MESSAGE_SHORT_WORDS; n++)
        target[n] = source[n];
    if ((source[ARM_INFORMATION] & MESSAGE_LONG) == 0)
        return;
    target[6] = source[6];
    target[7] = source[7];
    target[9] = source[9];
    target[10] = source[10];
}

static inline void arch_message_set_information(struct thread *thread, uint64_t information)
{
    arm_registers(thread)[ARM_INFORMATION] = information;
}

static inline void arch_message_set_source(struct thread *thread, uint64_t badge, uint64_t identity)
{
    arm_registers(thread)[ARM_BADGE] = badge;
    arm_registers(thread)[ARM_IDENTITY] = identity;
}

static inline uint64_t arch_thread_pc(const struct thread *thread)
{
    return ((const struct arch_thread *)thread)->registers.pc;
}
