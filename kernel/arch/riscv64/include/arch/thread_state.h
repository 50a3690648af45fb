/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: the saved state of a thread, and which register of a call or message is what
 * (arch/call_registers.h).
 */
#pragma once

#include <stdint.h>
#include <trellis/frame.h>

struct arch_floating {
    uint64_t registers[32];
    uint64_t control; /* fcsr */
};

struct arch_thread {
    struct frame_registers registers; /* first: assembly stores here */
    uint64_t full;                    /* the registers that a call loses matter too */
    struct arch_floating *floating;   /* NULL until first used */
};

enum riscv_saved_register {
    CALL_NUMBER = REGISTER_X(17),
    CALL_RESULT = REGISTER_X(10),
    MESSAGE_INFORMATION = REGISTER_X(11),
    MESSAGE_BADGE = REGISTER_X(16),
    MESSAGE_IDENTITY = REGISTER_X(17),
};
static const uint16_t call_arguments[] = {REGISTER_X(10), REGISTER_X(11), REGISTER_X(12),
                                          REGISTER_X(13), REGISTER_X(14), REGISTER_X(15)};
static const uint16_t message_words[] = {REGISTER_X(12), REGISTER_X(13), REGISTER_X(14),
                                         REGISTER_X(15), REGISTER_X(18), REGISTER_X(19),
                                         REGISTER_X(20), REGISTER_X(21)};
#define CALL_SIZE 4

#include <arch/call_registers.h>
