/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <base/random.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* RFC 8439 appendix A.1, vector 2: key zero, block 1, which is our first output. */
static void output_is_chacha20(void **state)
{
    (void)state;
    static const uint8_t expected[] = {0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a,
                                       0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d, 0x08, 0x0d};
    struct random random = {0};
    uint8_t bytes[sizeof(expected)];
    random_fill(&random, bytes, sizeof(bytes));
    assert_memory_equal(bytes, expected, sizeof(expected));
}

/* The key that stays is the first half of block 0 (vector 1). */
static void key_is_erased(void **state)
{
    (void)state;
    static const uint8_t expected[] = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90};
    struct random random = {0};
    (void)random_number(&random);
    assert_memory_equal(random.key, expected, sizeof(expected));
}

static void every_seed_byte_counts(void **state)
{
    (void)state;
    uint8_t seed[70] = {0};
    struct random plain = {0};
    random_seed(&plain, seed, sizeof(seed));
    for (size_t i = 0; i < sizeof(seed); i++) {
        struct random changed = {0};
        seed[i] = 1;
        random_seed(&changed, seed, sizeof(seed));
        seed[i] = 0;
        assert_memory_not_equal(changed.key, plain.key, sizeof(plain.key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_is_chacha20),
        cmocka_unit_test(key_is_erased),
        cmocka_unit_test(every_seed_byte_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
