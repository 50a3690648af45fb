/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Host: what a test sets before a call and looks at after it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <trellis/frame.h>

#define HOST_CALL_ARGUMENTS 6

struct arch_thread {
    uint64_t number;
    uint64_t arguments[HOST_CALL_ARGUMENTS];
    int64_t result;
    uint64_t rewinds; /* how often the call was to be started anew */
    uint64_t information;
    uint64_t words[MESSAGE_WORDS];
    uint64_t badge, identity;
    struct frame_registers registers;
    uint64_t bases[2];
};
