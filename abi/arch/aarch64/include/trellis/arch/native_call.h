/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The native call instruction with 0 to 6 arguments, for the generated stubs
 * of <trellis/native.h> and the message stubs of the IPC library.
 *
 * A message puts the handle in x0, the information word in x1, words 0 to 3 in
 * x2 to x5 and words 4 to 7 in x6, x7, x9, x10; it arrives in the same
 * registers, with the badge in x11 and the identity in x12. A call loses no
 * other register.
 */
#pragma once

#include <stdint.h>

#include <trellis/arch/registers.h>
#include <trellis/message.h>

/* What a message call loses and no other. */
#define MESSAGE_CALL_CLOBBERS "x13", "x14", "x15", "x16", "x17", "x18", "memory"

static inline int64_t native_call_0(uint64_t number)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0");
    __asm__ volatile("svc #0" : "=r"(x0) : "r"(x8) : "memory");
    return (int64_t)x0;
}

static inline int64_t native_call_1(uint64_t number, uint64_t a)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8) : "memory");
    return (int64_t)x0;
}

static inline int64_t native_call_2(uint64_t number, uint64_t a, uint64_t b)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
    return (int64_t)x0;
}

static inline int64_t native_call_3(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    register uint64_t x2 __asm__("x2") = c;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return (int64_t)x0;
}

static inline int64_t native_call_4(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    register uint64_t x2 __asm__("x2") = c;
    register uint64_t x3 __asm__("x3") = d;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return (int64_t)x0;
}

static inline int64_t native_call_5(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                    uint64_t e)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    register uint64_t x2 __asm__("x2") = c;
    register uint64_t x3 __asm__("x3") = d;
    register uint64_t x4 __asm__("x4") = e;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return (int64_t)x0;
}

static inline int64_t native_call_6(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                    uint64_t e, uint64_t f)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    register uint64_t x2 __asm__("x2") = c;
    register uint64_t x3 __asm__("x3") = d;
    register uint64_t x4 __asm__("x4") = e;
    register uint64_t x5 __asm__("x5") = f;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return (int64_t)x0;
}

/* A message call: `message` goes out and is replaced by what comes in, badge and identity included. */
static inline int64_t native_message_call(uint64_t number, handle_t handle, struct message *message)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = handle;
    register uint64_t x1 __asm__("x1") = message->information;
    register uint64_t x2 __asm__("x2") = message->words[0];
    register uint64_t x3 __asm__("x3") = message->words[1];
    register uint64_t x4 __asm__("x4") = message->words[2];
    register uint64_t x5 __asm__("x5") = message->words[3];
    register uint64_t x6 __asm__("x6") = message->words[4];
    register uint64_t x7 __asm__("x7") = message->words[5];
    register uint64_t x9 __asm__("x9") = message->words[6];
    register uint64_t x10 __asm__("x10") = message->words[7];
    register uint64_t x11 __asm__("x11");
    register uint64_t x12 __asm__("x12");
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6),
                       "+r"(x7), "+r"(x9), "+r"(x10), "=r"(x11), "=r"(x12)
                     : "r"(x8)
                     : MESSAGE_CALL_CLOBBERS);
    *message = (struct message){
        .information = x1,
        .words = {x2, x3, x4, x5, x6, x7, x9, x10},
        .badge = x11,
        .identity = x12,
    };
    return (int64_t)x0;
}

/* The same for the first four words only: cheaper where MESSAGE_LONG is not set either way. */
static inline int64_t native_short_message_call(uint64_t number, handle_t handle,
                                                struct message *message)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = handle;
    register uint64_t x1 __asm__("x1") = message->information;
    register uint64_t x2 __asm__("x2") = message->words[0];
    register uint64_t x3 __asm__("x3") = message->words[1];
    register uint64_t x4 __asm__("x4") = message->words[2];
    register uint64_t x5 __asm__("x5") = message->words[3];
    register uint64_t x11 __asm__("x11");
    register uint64_t x12 __asm__("x12");
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "=r"(x11),
                       "=r"(x12)
                     : "r"(x8)
                     : MESSAGE_CALL_CLOBBERS, "x6", "x7", "x9", "x10");
    message->badge = x11;
    message->identity = x12;
    message->information = x1;
    message->words[0] = x2;
    message->words[1] = x3;
    message->words[2] = x4;
    message->words[3] = x5;
    return (int64_t)x0;
}
