/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "offsets.h"

#include <stddef.h>
#include <trellis/frame.h>

#define PROVE(constant, field)                                                                     \
    _Static_assert((constant) == offsetof(struct frame, field), #constant)

PROVE(REGISTER_RAX, registers.rax);
PROVE(REGISTER_RBX, registers.rbx);
PROVE(REGISTER_RCX, registers.rcx);
PROVE(REGISTER_RDX, registers.rdx);
PROVE(REGISTER_RSI, registers.rsi);
PROVE(REGISTER_RDI, registers.rdi);
PROVE(REGISTER_RBP, registers.rbp);
PROVE(REGISTER_R8, registers.r8);
PROVE(REGISTER_R9, registers.r9);
PROVE(REGISTER_R10, registers.r10);
PROVE(REGISTER_R11, registers.r11);
PROVE(REGISTER_R12, registers.r12);
PROVE(REGISTER_R13, registers.r13);
PROVE(REGISTER_R14, registers.r14);
PROVE(REGISTER_R15, registers.r15);
PROVE(REGISTER_PC, registers.pc);
PROVE(REGISTER_SP, registers.sp);
PROVE(REGISTER_FLAGS, registers.flags);
PROVE(FRAME_INTERRUPTED, interrupted);
PROVE(FRAME_STACK_TOP, stack_top);
