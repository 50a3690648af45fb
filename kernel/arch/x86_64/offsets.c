/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "offsets.h"

#include <arch/cpu_state.h>
#include <arch/thread_state.h>
#include <kernel/cpu.h>
#include <kernel/thread.h>
#include <stddef.h>
#include <trellis/frame.h>

#define CHECK(type, member, offset)                                                                \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member)

_Static_assert(CALL_BASE == NATIVE_CALL_BASE, "the first native call");
CHECK(frame_registers, rax, REGISTER_RAX);
CHECK(frame_registers, rbx, REGISTER_RBX);
CHECK(frame_registers, rcx, REGISTER_RCX);
CHECK(frame_registers, rdx, REGISTER_RDX);
CHECK(frame_registers, rsi, REGISTER_RSI);
CHECK(frame_registers, rdi, REGISTER_RDI);
CHECK(frame_registers, rbp, REGISTER_RBP);
CHECK(frame_registers, r8, REGISTER_R8);
CHECK(frame_registers, r9, REGISTER_R9);
CHECK(frame_registers, r10, REGISTER_R10);
CHECK(frame_registers, r11, REGISTER_R11);
CHECK(frame_registers, r12, REGISTER_R12);
CHECK(frame_registers, r13, REGISTER_R13);
CHECK(frame_registers, r14, REGISTER_R14);
CHECK(frame_registers, r15, REGISTER_R15);
CHECK(frame_registers, pc, REGISTER_PC);
CHECK(frame_registers, sp, REGISTER_SP);
CHECK(frame_registers, flags, REGISTER_FLAGS);
CHECK(frame_registers, number, REGISTER_NUMBER);
CHECK(arch_thread, full, THREAD_FULL);
CHECK(thread, arch, 0);
CHECK(frame, registers, 0);
CHECK(frame, cause, FRAME_CAUSE);
CHECK(cpu, arch, 0);
CHECK(arch_cpu, self, CPU_SELF);
CHECK(arch_cpu, stack_top, CPU_STACK_TOP);
CHECK(arch_cpu, scratch, CPU_SCRATCH);
CHECK(arch_cpu, thread, CPU_THREAD);
CHECK(arch_cpu, frame, CPU_FRAME);
CHECK(arch_cpu, frame_user, CPU_FRAME_USER);
CHECK(arch_cpu, reflect, CPU_REFLECT);
