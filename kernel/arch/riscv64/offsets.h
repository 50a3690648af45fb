/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Offsets that the kernel's assembly uses, beside those of trellis/arch/offsets.h.
 * offsets.c refuses to compile if one is wrong. */
#pragma once

#include <trellis/arch/offsets.h>

#define THREAD_FULL 264

#define CPU_STACK_TOP 0
#define CPU_SCRATCH 8
#define CPU_THREAD 24
#define CPU_FRAME 32
#define CPU_FRAME_USER 40
#define CPU_REFLECT 48

#define TRAP_STATUS 256
#define TRAP_SIZE 272

#define CALL_BASE 0x54520000         /* NATIVE_CALL_BASE */
#define CALL_MESSAGE (CALL_BASE + 8) /* CALL_IPC_CALL */
#define CALL_ANSWER (CALL_BASE + 13) /* CALL_IPC_REPLY_AND_WAIT */
#define CALL_RESUME (CALL_BASE + 51) /* CALL_FRAME_RESUME */
#define MESSAGE_SIZE REGISTER_X(16)  /* on the stack: a1 to a5 */
#define MESSAGE_LONG_HIGH 8
#define CALL_SHIFT 12 /* there are no more than 4096 native calls */
#define USER_END_SHIFT 28
#define USER_END_TOP 0x3ff /* USER_END >> USER_END_SHIFT */

#define SSTATUS_USER_MEMORY 0x40000 /* SUM */
#define CAUSE_CALL 8
#define LAST_STACK_SIZE 4096
