/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: the frame a signal handler runs on, as Linux lays it out (struct
 * rt_sigframe): siginfo and ucontext with the integer registers, as struct
 * frame_registers has them, and the floating-point state, which the library itself
 * never touches.
 */
#include "riscv.h"

#include <base/text.h>
#include <posix/arch.h>
#include <posix/copy.h>
#include <posix/signal.h>
#include <posix/task.h>

#define REGISTERS_SIZE (32 * sizeof(uint64_t)) /* pc and x1 to x31 */
#define FLOATING_SIZE 528                      /* room for 128-bit registers */

struct signal_frame {
    struct linux_siginfo information;
    uint64_t context_flags;
    uint64_t link;
    struct linux_stack stack;
    uint64_t mask;
    uint8_t reserved[128];
    uint8_t registers[REGISTERS_SIZE];
    uint8_t floating[FLOATING_SIZE]; /* f0 to f31, fcsr; the rest zero */
};
_Static_assert(offsetof(struct signal_frame, registers) == 128 + 176, "struct ucontext");
_Static_assert(sizeof(struct signal_frame) == 1088, "struct rt_sigframe");
_Static_assert(offsetof(struct frame_registers, number) == REGISTERS_SIZE, "user_regs_struct");

uint64_t arch_signal_frame_size(void)
{
    return sizeof(struct signal_frame) + 16;
}

bool arch_signal_push(struct task *task, const struct signal_call *call)
{
    struct frame_registers *registers = &task->frame->registers;
    struct signal_frame frame = {
        .information = *call->information,
        .stack = call->stack,
        .mask = call->mask,
    };

    uint64_t top = call->on_signal_stack ? call->signal_stack_top : registers->sp;
    uint64_t sp = (top - sizeof(frame)) & ~(uint64_t)15;
    uint64_t floating = sp + offsetof(struct signal_frame, floating);
    memcpy(frame.registers, registers, REGISTERS_SIZE);
    if (copy_to_program(sp, &frame, sizeof(frame)) != 0 ||
        riscv_save_floating((void *)floating) != 0)
        return false;
    registers->a0 = (uint64_t)call->number;
    registers->a1 = sp + offsetof(struct signal_frame, information);
    registers->a2 = sp + offsetof(struct signal_frame, context_flags);
    registers->ra = (uint64_t)library_vdso + RISCV_SIGNAL_RETURN;
    registers->pc = call->action->handler;
    registers->sp = sp;
    return true;
}

bool arch_signal_pop(struct task *task, uint64_t *mask, struct linux_stack *stack)
{
    struct frame_registers *registers = &task->frame->registers;
    struct frame_registers loaded = {.number = UINT64_MAX};
    struct signal_frame frame;
    uint64_t sp = registers->sp;

    if ((sp & 15) != 0 || copy_from_program(&frame, sp, sizeof(frame)) != 0)
        return false;
    memcpy(&loaded, frame.registers, REGISTERS_SIZE);
    if (!library_lets_resume(loaded.pc) ||
        riscv_load_floating((const void *)(sp + offsetof(struct signal_frame, floating))) != 0)
        return false;
    *registers = loaded;
    *mask = frame.mask;
    *stack = frame.stack;
    return true;
}
