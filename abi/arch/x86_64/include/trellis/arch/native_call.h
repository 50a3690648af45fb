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

#define NATIVE_CALL_CLOBBERS "rcx", "r11", "memory"

static inline int64_t native_call_0(uint64_t number)
{
    int64_t result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number) : NATIVE_CALL_CLOBBERS);
    return result;
}

static inline int64_t native_call_1(uint64_t number, uint64_t a)
{
    int64_t result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a) : NATIVE_CALL_CLOBBERS);
    return result;
}

static inline int64_t native_call_2(uint64_t number, uint64_t a, uint64_t b)
{
    int64_t result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : NATIVE_CALL_CLOBBERS);
    return result;
}

static inline int64_t native_call_3(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : NATIVE_CALL_CLOBBERS);
    return result;
}

static inline int64_t native_call_4(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    int64_t result;
    register uint64_t r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : NATIVE_CALL_CLOBBERS);
    return result;
}

static inline int64_t native_call_5(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                    uint64_t e)
{
    int64_t result;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : NATIVE_CALL_CLOBBERS);
    return result;
}

static inline int64_t native_call_6(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                    uint64_t e, uint64_t f)
{
    int64_t result;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : NATIVE_CALL_CLOBBERS);
    return result;
}

/* A message call: `message` goes out and is replaced by what comes in, badge and identity included. */
static inline int64_t native_message_call(uint64_t number, handle_t handle, struct message *message)
{
    int64_t result;
    uint64_t rdi = handle, rsi = message->information, rdx = message->words[0];
    register uint64_t r10 __asm__("r10") = message->words[1];
    register uint64_t r8 __asm__("r8") = message->words[2];
    register uint64_t r9 __asm__("r9") = message->words[3];
    register uint64_t r12 __asm__("r12") = message->words[4];
    register uint64_t r13 __asm__("r13") = message->words[5];
    register uint64_t r14 __asm__("r14") = message->words[6];
    register uint64_t r15 __asm__("r15") = message->words[7];
    uint64_t identity;
    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10), "+r"(r8), "+r"(r9),
                       "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15), "=b"(identity)
                     : "a"(number)
                     : NATIVE_CALL_CLOBBERS);
    message->badge = rdi;
    message->identity = identity;
    message->information = rsi;
    message->words[0] = rdx;
    message->words[1] = r10;
    message->words[2] = r8;
    message->words[3] = r9;
    message->words[4] = r12;
    message->words[5] = r13;
    message->words[6] = r14;
    message->words[7] = r15;
    return result;
}

/* The same for the first four words only: cheaper where MESSAGE_LONG is not set either way. */
static inline int64_t native_short_message_call(uint64_t number, handle_t handle,
                                                struct message *message)
{
    int64_t result;
    uint64_t rdi = handle, rsi = message->information, rdx = message->words[0];
    register uint64_t r10 __asm__("r10") = message->words[1];
    register uint64_t r8 __asm__("r8") = message->words[2];
    register uint64_t r9 __asm__("r9") = message->words[3];
    uint64_t identity;
    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10), "+r"(r8), "+r"(r9),
                       "=b"(identity)
                     : "a"(number)
                     : NATIVE_CALL_CLOBBERS, "r12", "r13", "r14", "r15");
    message->badge = rdi;
    message->identity = identity;
    message->information = rsi;
    message->words[0] = rdx;
    message->words[1] = r10;
    message->words[2] = r8;
    message->words[3] = r9;
    return result;
}
