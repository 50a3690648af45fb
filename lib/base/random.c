/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The state is a ChaCha20 key. A fill runs the cipher under it with a counter
 * from 0: the first half block becomes the next key, what follows is the output
 * (D. J. Bernstein, "Fast-key-erasure random-number generators", 2017).
 */
#include <base/random.h>

#include <base/text.h>

#define BLOCK_WORDS 16
#define BLOCK_SIZE (BLOCK_WORDS * sizeof(uint32_t))
#define ROUNDS 20

static uint32_t rotate(uint32_t value, unsigned count)
{
    return value << count | value >> (32 - count);
}

/* RFC 8439 section 2.1. */
static void quarter_round(uint32_t *state, unsigned a, unsigned b, unsigned c, unsigned d)
{
    state[a] += state[b];
    state[d] = rotate(state[d] ^ state[a], 16);
    state[c] += state[d];
    state[b] = rotate(state[b] ^ state[c], 12);
    state[a] += state[b];
    state[d] = rotate(state[d] ^ state[a], 8);
    state[c] += state[d];
    state[b] = rotate(state[b] ^ state[c], 7);
}

/* RFC 8439 section 2.3, with a nonce of zero: a key is used once. */
static void make_block(const uint32_t key[RANDOM_KEY_WORDS], uint64_t counter,
                       uint32_t block[BLOCK_WORDS])
{
    uint32_t start[BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    memcpy(start + 4, key, RANDOM_KEY_WORDS * sizeof(uint32_t));
    start[12] = (uint32_t)counter;
    start[13] = (uint32_t)(counter >> 32);
    memcpy(block, start, BLOCK_SIZE);
    for (unsigned round = 0; round < ROUNDS; round += 2) {
        for (unsigned i = 0; i < 4; i++)
            quarter_round(block, i, 4 + i, 8 + i, 12 + i);
        for (unsigned i = 0; i < 4; i++)
            quarter_round(block, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    for (unsigned i = 0; i < BLOCK_WORDS; i++)
        block[i] += start[i];
}

/* Absorbs a key's length at a time: xor, then a new key from the cipher. */
void random_seed(struct random *random, const void *bytes, size_t length)
{
    const uint8_t *in = bytes;
    uint32_t block[BLOCK_WORDS];
    while (length > 0) {
        uint32_t piece[RANDOM_KEY_WORDS] = {0};
        size_t taken = length < sizeof(piece) ? length : sizeof(piece);
        memcpy(piece, in, taken);
        for (unsigned i = 0; i < RANDOM_KEY_WORDS; i++)
            random->key[i] ^= piece[i];
        make_block(random->key, 0, block);
        memcpy(random->key, block, sizeof(random->key));
        in += taken;
        length -= taken;
    }
}

void random_fill(struct random *random, void *bytes, size_t length)
{
    uint32_t key[RANDOM_KEY_WORDS], block[BLOCK_WORDS];
    uint8_t *out = bytes;
    memcpy(key, random->key, sizeof(key));
    make_block(key, 0, block);
    memcpy(random->key, block, sizeof(random->key));
    for (uint64_t counter = 1; length > 0; counter++) {
        size_t taken = length < BLOCK_SIZE ? length : BLOCK_SIZE;
        make_block(key, counter, block);
        memcpy(out, block, taken);
        out += taken;
        length -= taken;
    }
}

uint64_t random_number(struct random *random)
{
    uint64_t number;
    random_fill(random, &number, sizeof(number));
    return number;
}
