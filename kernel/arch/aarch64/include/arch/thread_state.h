/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: the saved state of a thread, and which register of a call or message is what
 * (arch/call_registers.h).
 */
#pragma once

#include <stdint.h>
#include <trellis/frame.h>

struct arch_floating {
    uint64_t vectors[64];
    uint64_t status, control; /* FPSR, FPCR */
};

struct arch_thread {
    struct frame_registers registers; /* first: the stack pointer is here while user mode runs */
    struct arch_floating *floating;   /* NULL until first used */
};

enum arm_saved_register {
    CALL_NUMBER = REGISTER_X(8),
    CALL_RESULT = REGISTER_X(0),
    MESSAGE_INFORMATION = REGISTER_X(1),
    MESSAGE_BADGE = REGISTER_X(11),
    MESSAGE_IDENTITY = REGISTER_X(12),
};
static const uint16_t call_arguments[] = {REGISTER_X(0), REGISTER_X(1), REGISTER_X(2),
                                          REGISTER_X(3), REGISTER_X(4), REGISTER_X(5)};
static const uint16_t message_words[] = {REGISTER_X(2), REGISTER_X(3), REGISTER_X(4),
                                         REGISTER_X(5), REGISTER_X(6), REGISTER_X(7),
                                         REGISTER_X(9), REGISTER_X(10)};
#define CALL_SIZE 4

#include <arch/call_registers.h>
