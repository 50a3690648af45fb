/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: the register area of a frame, the layout of user space, and how a
 * native call looks.
 *
 * A native call is `svc #0` with the number in x8 and arguments in x0 to x5; the
 * result is in x0 (trellis/arch/native_call.h has the rest).
 *
 * A reflected call enters the library with the frame's address in sp, as every
 * personality entry does. All other registers are the application's, for Linux'
 * ABI loses none; pc, sp, flags and x8 (as `number`) are in the frame. No jump
 * can leave x0 to x30 alone, so the way back is frame_resume.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <trellis/arch/offsets.h>

/* What the application sees; offsets are known to assembly. */
struct frame_registers {
    uint64_t x[31];
    uint64_t sp, pc, flags; /* flags: PSTATE as SPSR_EL1 has it */
    uint64_t tls;           /* TPIDR_EL0, for debuggers; not saved by a reflected call,
                               left alone by frame_resume */
    uint64_t number;        /* the call number of a reflected call, or ~0 */
};

#define REGISTER_PROOF(constant, field)                                                            \
    _Static_assert((constant) == offsetof(struct frame_registers, field), #constant)

REGISTER_PROOF(REGISTER_X(30), x[30]);
REGISTER_PROOF(REGISTER_SP, sp);
REGISTER_PROOF(REGISTER_PC, pc);
REGISTER_PROOF(REGISTER_FLAGS, flags);
REGISTER_PROOF(REGISTER_TLS, tls);
REGISTER_PROOF(REGISTER_NUMBER, number);

#define NATIVE_CALL_BASE 0x54520000u /* above every Linux number */

#define NATIVE_ELF_MACHINE 183 /* EM_AARCH64 */

#define USER_START UINT64_C(0x0000000000010000)   /* nothing is ever mapped below */
#define USER_LIBRARY UINT64_C(0x0000fffe00000000) /* from here up: the library, not the program */
#define FRAME_BASE UINT64_C(0x0000ffff80000000)   /* frames; only the kernel maps here */
#define FRAME_SLOTS 65536
#define USER_END UINT64_C(0x0000fffff0000000) /* first address that is never user's */
#define USER_PAGE_SIZE 4096
