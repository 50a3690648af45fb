/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Moving bytes of the kernel's own: words, eight in a turn, where both sides are aligned. */
#include <kernel/string.h>

#include <stdint.h>

#define WORD sizeof(uint64_t)
#define TURN 8 /* words */

typedef uint64_t __attribute__((may_alias)) word_t;

void *memcpy(void *to, const void *from, size_t length)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    uint64_t turn[TURN];
    if (((uintptr_t)out | (uintptr_t)in) % WORD == 0) {
        for (; length >= sizeof(turn); length -= sizeof(turn)) {
            for (unsigned i = 0; i < TURN; i++, in += WORD)
                turn[i] = *(const word_t *)in;
            for (unsigned i = 0; i < TURN; i++, out += WORD)
                *(word_t *)out = turn[i];
        }
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
