/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/arch.h>

#include <posix/task.h>
#include <trellis/calls.h>

const uint32_t arch_number_frame_resume = CALL_FRAME_RESUME;
const uint32_t arch_number_thread_end = CALL_THREAD_END;

const char *arch_platform(void)
{
    return NULL;
}

const char *arch_machine_name(void)
{
    return "riscv64";
}

uint64_t arch_thread_pointer(const struct task *task)
{
    return task->frame->registers.tp;
}

void arch_set_thread_pointer(struct frame_registers *registers, uint64_t value)
{
    registers->tp = value;
}

void arch_registers_begin(struct frame_registers *registers, uint64_t pc, uint64_t sp)
{
    *registers = (struct frame_registers){.pc = pc, .sp = sp, .number = UINT64_MAX};
}
