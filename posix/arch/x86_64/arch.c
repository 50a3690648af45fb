/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/arch.h>

#include <trellis/calls.h>

#include "x86.h"

const uint32_t x86_number_frame_resume = CALL_FRAME_RESUME;
const uint32_t x86_number_thread_end = CALL_THREAD_END;

void arch_personality(struct personality *entries)
{
    *entries = (struct personality){
        .reflect = (uint64_t)arch_reflect,
        .interrupt = (uint64_t)arch_interrupt,
        .fault = (uint64_t)arch_fault,
        .text_low = (uint64_t)library_text_low,
        .text_high = (uint64_t)library_text_high,
        .restart_low = (uint64_t)arch_restart_low,
        .restart_high = (uint64_t)arch_restart_high,
        .restart_entry = (uint64_t)arch_restart,
        .copy_low = (uint64_t)arch_copy_low,
        .copy_high = (uint64_t)arch_copy_high,
        .copy_resume = (uint64_t)arch_copy_resume,
    };
}

/* CPUID leaf 1, edx: what Linux gives. */
uint64_t arch_hardware(void)
{
    uint32_t a = 1, b, c, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    return d;
}

/* Bit 1, that user mode may use wrfsbase, is not promised. */
uint64_t arch_hardware2(void)
{
    return 0;
}

uint64_t arch_vdso(void)
{
    return (uint64_t)library_vdso;
}

const char *arch_machine_name(void)
{
    return "x86_64";
}

void arch_registers_begin(struct frame_registers *registers, uint64_t pc, uint64_t sp)
{
    *registers = (struct frame_registers){.pc = pc, .sp = sp, .flags = 0x202, .number = UINT64_MAX};
}
