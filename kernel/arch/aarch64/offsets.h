/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Offsets that assembly uses. offsets.c refuses to compile if one is wrong. */
#pragma once

#include <trellis/arch/offsets.h>

#define CPU_STACK_TOP 0
#define CPU_FRAME 8
#define CPU_FRAME_USER 16
#define CPU_REFLECT 24

#define TRAP_SIZE 192 /* struct arm_trap */
#define TRAP_X18 144
#define TRAP_X30 160
#define TRAP_FLAGS 176

#define CALL_BASE_HIGH 0x5452 /* NATIVE_CALL_BASE >> 16 */
#define CALL_MESSAGE 8        /* CALL_IPC_CALL - NATIVE_CALL_BASE */
#define CALL_ANSWER 13        /* CALL_IPC_REPLY_AND_WAIT - NATIVE_CALL_BASE */
#define CALL_RESUME 51        /* CALL_FRAME_RESUME - NATIVE_CALL_BASE */
#define MESSAGE_SIZE 80       /* ten registers on the stack */
#define MESSAGE_LONG_SHIFT 35
#define MESSAGE_LONG_HIGH 8
#define USER_END_HIGH 0xffff /* USER_END >> 32 */
#define USER_END_LOW 0xf000  /* (USER_END & 0xffffffff) >> 16 */
#define FLAGS_CONDITION 0xf0000000

#define CLASS_CALL 0x15 /* Arm ARM, ESR_EL1.EC: SVC in AArch64 state */
