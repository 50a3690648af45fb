/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What assembly knows of C: the build makes <arch/offsets.h> of the constants that the offsets.c of
 * an architecture names in a function, which nobody calls (kernel/include/arch/meson.build).
 */
#pragma once

#include <kernel/thread.h>
#include <stddef.h>
#include <trellis/calls.h>

#define CONSTANT(name, value)                                                                      \
    __asm__ volatile(".pushsection .offsets, \"a\"\n"                                              \
                     ".ascii \"#define " #name " %c0\\n\"\n"                                       \
                     ".popsection"                                                                 \
                     :                                                                             \
                     : "i"(value))
#define OFFSET(name, type, member) CONSTANT(name, offsetof(struct type, member))

_Static_assert(offsetof(struct thread, arch.registers) == 0, "a thread is its registers first");
_Static_assert(offsetof(struct frame, registers) == 0, "so is a frame");

/* The function of the architecture. */
void arch_name_offsets(void);

/* What all of them need. */
static inline __attribute__((always_inline)) void name_shared_offsets(void)
{
    OFFSET(CPU_STACK_TOP, cpu, arch.stack_top);
    OFFSET(CPU_FRAME, cpu, arch.frame);
    OFFSET(CPU_FRAME_USER, cpu, arch.frame_user);
    OFFSET(CPU_REFLECT, cpu, arch.reflect);
    CONSTANT(CALL_BASE, NATIVE_CALL_BASE);
    CONSTANT(CALL_MESSAGE, CALL_IPC_CALL);
    CONSTANT(CALL_ANSWER, CALL_IPC_REPLY_AND_WAIT);
    CONSTANT(CALL_RESUME, CALL_FRAME_RESUME);
    CONSTANT(MESSAGE_LONG_SHIFT, __builtin_ctzll(MESSAGE_LONG));
    CONSTANT(MESSAGE_LONG_HIGH, MESSAGE_LONG >> 32);
}
