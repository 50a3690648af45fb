/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/personality.h>

#include <posix/arch.h>

void personality_describe(struct personality *entries)
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
