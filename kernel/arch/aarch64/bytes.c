/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Moving bytes of the kernel's own, eight at a time where there are as many. */
#include <kernel/string.h>

#include <stdint.h>

struct word {
    uint64_t bytes;
} __attribute__((packed));

#define WORD sizeof(struct word)

void *memcpy(void *to, const void *from, size_t length)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    for (; length >= 4 * WORD; length -= 4 * WORD, target += 4 * WORD, source += 4 * WORD) {
        const struct word *in = (const struct word *)source;
        struct word *out = (struct word *)target;
        uint64_t a = in[0].bytes, b = in[1].bytes, c = in[2].bytes, d = in[3].bytes;
        out[0].bytes = a;
        out[1].bytes = b;
        out[2].bytes = c;
        out[3].bytes = d;
    }
    for (; length >= WORD; length -= WORD, target += WORD, source += WORD)
        ((struct word *)target)->bytes = ((const struct word *)source)->bytes;
    while (length-- > 0)
        *target++ = *source++;
    return to;
}

void *memset(void *to, int value, size_t length)
{
    uint8_t *target = to;
    uint64_t word = (uint8_t)value * UINT64_C(0x0101010101010101);
    for (; length >= 4 * WORD; length -= 4 * WORD, target += 4 * WORD)
        for (unsigned i = 0; i < 4; i++)
            ((struct word *)target)[i].bytes = word;
    while (length-- > 0)
        *target++ = (uint8_t)value;
    return to;
}
