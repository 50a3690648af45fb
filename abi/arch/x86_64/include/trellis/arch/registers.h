/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: the register area of a frame, the layout of user space, and how a
 * native call looks.
 *
 * A native call is `syscall` with the number in rax and arguments in rdi, rsi,
 * rdx, r10, r8, r9; the result is in rax; rcx and r11 are lost. A message puts
 * the handle in rdi, the information word in rsi, words 0 to 3 in rdx, r10, r8,
 * r9 and words 4 to 7 in r12, r13, r14, r15; it arrives in the same registers,
 * with the badge in rdi and the identity in rbx.
 *
 * A reflected call enters the library with the frame's address in rsp: sysret
 * takes the flags from r11, so r11 cannot carry it. rcx and r11 are lost (as
 * Linux' ABI has it), every other register is the application's; pc, sp, flags
 * and rax (as `number`) are in the frame.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <trellis/arch/offsets.h>

/* What the application sees; offsets are known to assembly (frame_offsets). */
struct frame_registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t pc, sp, flags;
    uint64_t fs_base,
        gs_base;     /* for debuggers; not saved by a reflected call, left alone by frame_resume */
    uint64_t number; /* the call number of a reflected call, or ~0 */
};

#define REGISTER_PROOF(constant, field)                                                            \
    _Static_assert((constant) == offsetof(struct frame_registers, field), #constant)

REGISTER_PROOF(REGISTER_RAX, rax);
REGISTER_PROOF(REGISTER_RBX, rbx);
REGISTER_PROOF(REGISTER_RCX, rcx);
REGISTER_PROOF(REGISTER_RDX, rdx);
REGISTER_PROOF(REGISTER_RSI, rsi);
REGISTER_PROOF(REGISTER_RDI, rdi);
REGISTER_PROOF(REGISTER_RBP, rbp);
REGISTER_PROOF(REGISTER_R8, r8);
REGISTER_PROOF(REGISTER_R9, r9);
REGISTER_PROOF(REGISTER_R10, r10);
REGISTER_PROOF(REGISTER_R11, r11);
REGISTER_PROOF(REGISTER_R12, r12);
REGISTER_PROOF(REGISTER_R13, r13);
REGISTER_PROOF(REGISTER_R14, r14);
REGISTER_PROOF(REGISTER_R15, r15);
REGISTER_PROOF(REGISTER_PC, pc);
REGISTER_PROOF(REGISTER_SP, sp);
REGISTER_PROOF(REGISTER_FLAGS, flags);
REGISTER_PROOF(REGISTER_NUMBER, number);

/* LSL with this selector gives the number of the processor. */
#define CPU_NUMBER_SELECTOR 0x3b

#define NATIVE_CALL_BASE 0x54520000u /* above every Linux number, x32's bit included */

#define NATIVE_ELF_MACHINE 62 /* EM_X86_64 */

#define USER_START UINT64_C(0x0000000000010000)   /* nothing is ever mapped below */
#define USER_LIBRARY UINT64_C(0x00007ffe00000000) /* from here up: the library, not the program */
#define FRAME_BASE UINT64_C(0x00007fff80000000)   /* frames; only the kernel maps here */
#define FRAME_SLOTS 65536
#define USER_END UINT64_C(0x00007ffff0000000) /* first address that is never user's */
#define USER_PAGE_SIZE 4096
