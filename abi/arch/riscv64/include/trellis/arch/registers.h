/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: the register area of a frame, the layout of user space, and how a
 * native call looks.
 *
 * A native call is `ecall` with the number in a7 and arguments in a0 to a5; the
 * result is in a0 (trellis/arch/native_call.h has the rest).
 *
 * A reflected call enters the library with the frame's address in sp, as every
 * personality entry does. All other registers are the application's, for Linux'
 * ABI loses none; pc (that of the ecall plus 4), sp and a7 (as `number`) are in
 * the frame. No jump can leave all registers alone, so the way back is
 * frame_resume. tp is the thread pointer and an ordinary register.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <trellis/arch/offsets.h>

/*
 * What the application sees; offsets are known to assembly. pc and then x1 to x31, in
 * the order of Linux' struct user_regs_struct.
 */
struct frame_registers {
    uint64_t pc, ra, sp, gp, tp, t0, t1, t2, s0, s1;
    uint64_t a0, a1, a2, a3, a4, a5, a6, a7;
    uint64_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6;
    uint64_t number; /* the call number of a reflected call, or ~0 */
};

#define REGISTER_PROOF(constant, field)                                                            \
    _Static_assert((constant) == offsetof(struct frame_registers, field), #constant)

REGISTER_PROOF(REGISTER_PC, pc);
REGISTER_PROOF(REGISTER_X(1), ra);
REGISTER_PROOF(REGISTER_SP, sp);
REGISTER_PROOF(REGISTER_X(10), a0);
REGISTER_PROOF(REGISTER_X(31), t6);
REGISTER_PROOF(REGISTER_NUMBER, number);

#define NATIVE_CALL_BASE 0x54520000u /* above every Linux number */

#define NATIVE_ELF_MACHINE 243 /* EM_RISCV */

/* Of Sv39's 256 GiB. */
#define USER_START UINT64_C(0x0000000000010000)   /* nothing is ever mapped below */
#define USER_LIBRARY UINT64_C(0x0000003e00000000) /* from here up: the library, not the program */
#define FRAME_BASE UINT64_C(0x0000003f80000000)   /* frames; only the kernel maps here */
#define FRAME_SLOTS 65536
#define USER_END UINT64_C(0x0000003ff0000000) /* first address that is never user's */
#define USER_PAGE_SIZE 4096
