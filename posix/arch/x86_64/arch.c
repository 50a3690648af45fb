/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/arch.h>

#include <posix/task.h>
#include <trellis/native.h>

const uint32_t arch_number_frame_resume = CALL_FRAME_RESUME;
const uint32_t arch_number_thread_end = CALL_THREAD_END;

const char *arch_platform(void)
{
    return "x86_64";
}

uint64_t arch_thread_pointer(const struct task *task)
{
    return task->tls;
}

void arch_set_thread_pointer(struct frame_registers *registers, uint64_t value)
{
    (void)registers;
    (void)native_thread_set_base(0, value);
}

const char *arch_machine_name(void)
{
    return "x86_64";
}

void arch_registers_begin(struct frame_registers *registers, uint64_t pc, uint64_t sp)
{
    *registers = (struct frame_registers){.pc = pc, .sp = sp, .flags = 0x202, .number = UINT64_MAX};
}
