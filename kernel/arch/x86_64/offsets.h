/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Offsets that assembly uses. offsets.c refuses to compile if one is wrong. */
#pragma once

#include <trellis/arch/offsets.h>

#define THREAD_FULL 168

#define CPU_SELF 0
#define CPU_STACK_TOP 8
#define CPU_SCRATCH 16
#define CPU_THREAD 24
#define CPU_FRAME 32
#define CPU_FRAME_USER 40
#define CPU_REFLECT 48

#define CALL_BASE 0x54520000    /* NATIVE_CALL_BASE */
#define CALL_MESSAGE 0x54520008 /* CALL_IPC_CALL */
#define CALL_ANSWER 0x5452000d  /* CALL_IPC_REPLY_AND_WAIT */
#define MESSAGE_LONG_SHIFT 35
#define MESSAGE_LONG_HIGH 8
#define TRAP_VECTORS 256
