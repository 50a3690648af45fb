/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The native call instruction with 0 to 6 arguments, for the generated stubs
 * of <trellis/native.h> and the message stubs of the IPC library.
 */
#pragma once

#include <stdint.h>

#include <trellis/arch/registers.h>
#include <trellis/message.h>

#define MESSAGE_CALL_CLOBBERS "t0", "t1", "t2", "t3", "t4", "t5", "t6", "memory"
#define NATIVE_CALL_CLOBBERS "a6", MESSAGE_CALL_CLOBBERS

static inline int64_t native_call_0(uint64_t number)
{
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t a0 __asm__("a0");
    __asm__ volatile("ecall" : "=r"(a0), "+r"(a7) : : NATIVE_CALL_CLOBBERS);
    return (int64_t)a0;
}

static inline int64_t native_call_1(uint64_t number, uint64_t a)
{
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t a0 __asm__("a0") = a;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a7) : : NATIVE_CALL_CLOBBERS);
    return (int64_t)a0;
}

static inline int64_t native_call_2(uint64_t number, uint64_t a, uint64_t b)
{
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a7) : "r"(a1) : NATIVE_CALL_CLOBBERS);
    return (int64_t)a0;
}

static inline int64_t native_call_3(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    register uint64_t a2 __asm__("a2") = c;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a7) : "r"(a1), "r"(a2) : NATIVE_CALL_CLOBBERS);
    return (int64_t)a0;
}

static inline int64_t native_call_4(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    register uint64_t a2 __asm__("a2") = c;
    register uint64_t a3 __asm__("a3") = d;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a7)
                     : "r"(a1), "r"(a2), "r"(a3)
                     : NATIVE_CALL_CLOBBERS);
    return (int64_t)a0;
}

static inline int64_t native_call_5(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                    uint64_t e)
{
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    register uint64_t a2 __asm__("a2") = c;
    register uint64_t a3 __asm__("a3") = d;
    register uint64_t a4 __asm__("a4") = e;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a7)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4)
                     : NATIVE_CALL_CLOBBERS);
    return (int64_t)a0;
}

static inline int64_t native_call_6(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                    uint64_t e, uint64_t f)
{
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    register uint64_t a2 __asm__("a2") = c;
    register uint64_t a3 __asm__("a3") = d;
    register uint64_t a4 __asm__("a4") = e;
    register uint64_t a5 __asm__("a5") = f;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a7)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : NATIVE_CALL_CLOBBERS);
    return (int64_t)a0;
}

/* A message call: `message` goes out and is replaced by what comes in, badge and identity included. */
static inline int64_t native_message_call(uint64_t number, handle_t handle, struct message *message)
{
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t a0 __asm__("a0") = handle;
    register uint64_t a1 __asm__("a1") = message->information;
    register uint64_t a2 __asm__("a2") = message->words[0];
    register uint64_t a3 __asm__("a3") = message->words[1];
    register uint64_t a4 __asm__("a4") = message->words[2];
    register uint64_t a5 __asm__("a5") = message->words[3];
    register uint64_t s2 __asm__("s2") = message->words[4];
    register uint64_t s3 __asm__("s3") = message->words[5];
    register uint64_t s4 __asm__("s4") = message->words[6];
    register uint64_t s5 __asm__("s5") = message->words[7];
    register uint64_t a6 __asm__("a6");
    __asm__ volatile("ecall"
                     : "+r"(a7), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5),
                       "+r"(s2), "+r"(s3), "+r"(s4), "+r"(s5), "=r"(a6)
                     :
                     : MESSAGE_CALL_CLOBBERS);
    message->badge = a6;
    message->identity = a7;
    message->information = a1;
    message->words[0] = a2;
    message->words[1] = a3;
    message->words[2] = a4;
    message->words[3] = a5;
    message->words[4] = s2;
    message->words[5] = s3;
    message->words[6] = s4;
    message->words[7] = s5;
    return (int64_t)a0;
}

/* The same for the first four words only: cheaper where MESSAGE_LONG is not set either way. */
static inline int64_t native_short_message_call(uint64_t number, handle_t handle,
                                                struct message *message)
{
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t a0 __asm__("a0") = handle;
    register uint64_t a1 __asm__("a1") = message->information;
    register uint64_t a2 __asm__("a2") = message->words[0];
    register uint64_t a3 __asm__("a3") = message->words[1];
    register uint64_t a4 __asm__("a4") = message->words[2];
    register uint64_t a5 __asm__("a5") = message->words[3];
    register uint64_t a6 __asm__("a6");
    __asm__ volatile("ecall"
                     : "+r"(a7), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5),
                       "=r"(a6)
                     :
                     : MESSAGE_CALL_CLOBBERS, "s2", "s3", "s4", "s5");
    message->badge = a6;
    message->identity = a7;
    message->information = a1;
    message->words[0] = a2;
    message->words[1] = a3;
    message->words[2] = a4;
    message->words[3] = a5;
    return (int64_t)a0;
}
