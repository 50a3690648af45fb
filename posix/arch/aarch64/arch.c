/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/arch.h>

#include <trellis/calls.h>

const uint32_t arch_number_frame_resume = CALL_FRAME_RESUME;
const uint32_t arch_number_thread_end = CALL_THREAD_END;

const char *arch_platform(void)
{
    return "aarch64";
}

const char *arch_machine_name(void)
{
    return "aarch64";
}

uint64_t arch_thread_pointer(const struct task *task)
{
    uint64_t value;

    (void)task;
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(value));
    return value;
}

void arch_set_thread_pointer(struct frame_registers *registers, uint64_t value)
{
    (void)registers;
    __asm__ volatile("msr tpidr_el0, %0" ::"r"(value));
}

void arch_registers_begin(struct frame_registers *registers, uint64_t pc, uint64_t sp)
{
    *registers = (struct frame_registers){.pc = pc, .sp = sp, .number = UINT64_MAX};
}
