/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The reader of boot archives: every entry lies inside the bytes, and it comes to an end. */
#include <archive/newc.h>

#include <stdio.h>

#include "fuzz.h"

#define SAMPLE_SIZE 600

static size_t add(char *sample, size_t at, const char *name, size_t size)
{
    at += (size_t)snprintf(sample + at, SAMPLE_SIZE - at,
                           "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x%s", 1u,
                           0100644u, 0u, 0u, 1u, 0u, size, 0u, 0u, 0u, 0u, strlen(name) + 1, 0u,
                           name) +
          1;
    at = (at + 3) & ~(size_t)3;
    return at + ((size + 3) & ~(size_t)3);
}

static void touch(const void *bytes, size_t size)
{
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)bytes)[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char sample[SAMPLE_SIZE] = {0};
    size_t sample_size = add(sample, 0, "init", 5);
    sample_size = add(sample, sample_size, "./root/etc", 40);
    sample_size = add(sample, sample_size, "TRAILER!!!", 0);
    uint8_t *input = fuzz_input(data, &size, sample, sample_size);
    struct archive_reader reader;
    struct archive_entry entry;
    archive_begin(&reader, input, size);
    while (archive_next(&reader, &entry) == ARCHIVE_ENTRY) {
        touch(entry.data, entry.size);
        touch(entry.name, entry.name_length + 1);
        if (strlen(entry.name) != entry.name_length)
            abort();
    }
    free(input);
    return 0;
}
