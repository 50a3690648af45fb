/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What fuzz targets share. libFuzzer calls LLVMFuzzerTestOneInput with inputs
 * that it invents; a target must not crash, whatever they are.
 *
 * To get past magic numbers without a collection of samples, an input whose
 * first byte is odd is laid over a valid sample: what differs from zero changes
 * the sample there. An input whose first byte is even stands for itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly *size bytes, to be freed, so that reading beyond it is noticed. */
static inline uint8_t *fuzz_input(const uint8_t *data, size_t *size, const void *sample,
                                  size_t sample_size)
{
    bool overlaid = *size > 0 && (data[0] & 1) != 0;
    size_t rest = *size > 0 ? *size - 1 : 0;
    *size = overlaid ? sample_size : rest;
    uint8_t *input = malloc(*size + (*size == 0));
    if (overlaid)
        memcpy(input, sample, sample_size);
    else
        memset(input, 0, rest);
    for (size_t i = 0; i < rest && i < *size; i++)
        input[i] ^= data[1 + i];
    return input;
}
