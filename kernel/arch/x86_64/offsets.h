/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Offsets that assembly uses. offsets.c refuses to compile if one is wrong. */
#pragma once

#define REGISTER_RAX 0
#define REGISTER_RBX 8
#define REGISTER_RCX 16
#define REGISTER_RDX 24
#define REGISTER_RSI 32
#define REGISTER_RDI 40
#define REGISTER_RBP 48
#define REGISTER_R8 56
#define REGISTER_R9 64
#define REGISTER_R10 72
#define REGISTER_R11 80
#define REGISTER_R12 88
#define REGISTER_R13 96
#define REGISTER_R14 104
#define REGISTER_R15 112
#define REGISTER_PC 120
#define REGISTER_SP 128
#define REGISTER_FLAGS 136
#define REGISTER_NUMBER 160

#define THREAD_FULL 168

#define FRAME_CAUSE 176

#define CPU_SELF 0
#define CPU_STACK_TOP 8
#define CPU_SCRATCH 16
#define CPU_THREAD 24
#define CPU_FRAME 32
#define CPU_FRAME_USER 40
#define CPU_REFLECT 48

#define CALL_BASE 0x54520000 /* NATIVE_CALL_BASE */
#define TRAP_VECTORS 256
