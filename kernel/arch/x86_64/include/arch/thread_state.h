/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: the saved state of a thread, and which register of a call or message is what
 * (arch/call_registers.h).
 */
#pragma once

#include <stdint.h>
#include <trellis/frame.h>

struct cpu;

struct arch_thread {
    struct frame_registers registers; /* first: assembly stores here */
    uint64_t full;                    /* rcx and r11 matter too: return by iretq, not sysretq */
    void *floating;                   /* as allocated; NULL until first used */
    struct cpu *_Atomic floating_cpu; /* in whose registers it is; NULL: in memory */
};

enum x86_saved_register {
    CALL_NUMBER = REGISTER_RAX,
    CALL_RESULT = REGISTER_RAX,
    MESSAGE_INFORMATION = REGISTER_RSI,
    MESSAGE_BADGE = REGISTER_RDI,
    MESSAGE_IDENTITY = REGISTER_RBX,
};
static const uint16_t call_arguments[] = {REGISTER_RDI, REGISTER_RSI, REGISTER_RDX,
                                          REGISTER_R10, REGISTER_R8,  REGISTER_R9};
static const uint16_t message_words[] = {REGISTER_RDX, REGISTER_R10, REGISTER_R8,  REGISTER_R9,
                                         REGISTER_R12, REGISTER_R13, REGISTER_R14, REGISTER_R15};
#define CALL_SIZE 2

#include <arch/call_registers.h>
