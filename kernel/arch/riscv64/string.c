/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: memory functions. Words, eight in a turn, where both sides are aligned, else bytes. */
#include <kernel/string.h>

#include <stdint.h>

#define WORD sizeof(uint64_t)
#define TURN 8 /* words */

typedef uint64_t __attribute__((may_alias)) word_t;

void *memcpy(void *to, const void *from, size_t length)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    if (((uintptr_t)out | (uintptr_t)in) % WORD == 0) {
        for (; length >= TURN * WORD; length -= TURN * WORD, out += TURN * WORD, in += TURN * WORD)
            for (unsigned i = 0; i < TURN; i++)
                ((word_t *)out)[i] = ((const word_t *)in)[i];
        for (; length >= WORD; length -= WORD, out += WORD, in += WORD)
            *(word_t *)out = *(const word_t *)in;
    }
    while (length-- > 0)
        *out++ = *in++;
    return to;
}

void *memset(void *to, int value, size_t length)
{
    uint8_t *out = to;
    uint64_t pattern = UINT64_C(0x0101010101010101) * (uint8_t)value;
    for (; length > 0 && (uintptr_t)out % WORD != 0; length--)
        *out++ = (uint8_t)value;
    for (; length >= TURN * WORD; length -= TURN * WORD, out += TURN * WORD)
        for (unsigned i = 0; i < TURN; i++)
            ((word_t *)out)[i] = pattern;
    for (; length >= WORD; length -= WORD, out += WORD)
        *(word_t *)out = pattern;
    while (length-- > 0)
        *out++ = (uint8_t)value;
    return to;
}
