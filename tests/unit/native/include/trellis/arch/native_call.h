/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* In place of an architecture's: the stubs of <trellis/native.h> call a kernel that is a fake. */
#pragma once

#include <stdint.h>

#include <trellis/message.h>

int64_t fake_native_call(uint64_t number, const uint64_t *arguments);
int64_t fake_message_call(uint64_t number, handle_t handle, struct message *message);

#define FAKE_CALL(number, ...) fake_native_call(number, (const uint64_t[]){__VA_ARGS__})

static inline int64_t native_call_0(uint64_t number)
{
    return FAKE_CALL(number, 0);
}

static inline int64_t native_call_1(uint64_t number, uint64_t a)
{
    return FAKE_CALL(number, a);
}

static inline int64_t native_call_2(uint64_t number, uint64_t a, uint64_t b)
{
    return FAKE_CALL(number, a, b);
}

static inline int64_t native_call_3(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    return FAKE_CALL(number, a, b, c);
}

static inline int64_t native_call_4(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return FAKE_CALL(number, a, b, c, d);
}

static inline int64_t native_call_5(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                    uint64_t e)
{
    return FAKE_CALL(number, a, b, c, d, e);
}

static inline int64_t native_call_6(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                    uint64_t e, uint64_t f)
{
    return FAKE_CALL(number, a, b, c, d, e, f);
}

static inline int64_t native_message_call(uint64_t number, handle_t handle, struct message *message)
{
    return fake_message_call(number, handle, message);
}

static inline int64_t native_short_message_call(uint64_t number, handle_t handle,
                                                struct message *message)
{
    return fake_message_call(number, handle, message);
}
