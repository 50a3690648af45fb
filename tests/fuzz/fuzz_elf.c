/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The ELF reader: what it accepts can be mapped without a further check of sizes. */
#include <loader/elf.h>

#include <loader/arch/machine.h>

#include "fuzz.h"

#define SAMPLE_SIZE 512

static void put(uint8_t *sample, size_t offset, uint64_t value, size_t size)
{
    memcpy(sample + offset, &value, size);
}

static void put_segment(uint8_t *at, uint32_t type, uint64_t offset, uint64_t address,
                        uint64_t size)
{
    put(at, 0, type, 4);
    put(at, 4, ELF_READ, 4);
    put(at, 8, offset, 8);
    put(at, 16, address, 8);
    put(at, 32, size, 8);
    put(at, 40, size, 8);
}

static void make_sample(uint8_t sample[SAMPLE_SIZE])
{
    memset(sample, 0, SAMPLE_SIZE);
    memcpy(sample, "\177ELF\2\1\1", 7);
    put(sample, 16, 2, 2);
    put(sample, 18, ELF_MACHINE, 2);
    put(sample, 32, 64, 8);
    put(sample, 54, 56, 2);
    put(sample, 56, 3, 2);
    put_segment(sample + 64, 1, 0, 0x400000, 0x100);
    put_segment(sample + 120, 1, 0x100, 0x401100, 0x100);
    put_segment(sample + 176, 3, 0x80, 0x400080, 0x10);
}

static void demand(bool truth)
{
    if (!truth)
        abort();
}

static void check_image(const struct elf_image *image, size_t size)
{
    uint64_t end = image->low;
    demand(image->segment_count >= 1 && image->segment_count <= ELF_SEGMENTS_MAX);
    demand(image->low % ELF_PAGE == 0 && image->high % ELF_PAGE == 0 && image->low < image->high);
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        demand(segment->file_size <= segment->memory_size);
        demand(segment->offset <= size && segment->file_size <= size - segment->offset);
        demand(segment->address % ELF_PAGE == segment->offset % ELF_PAGE);
        demand(segment->address >= end && segment->memory_size <= image->high - segment->address);
        end = segment->address + segment->memory_size;
    }
    demand(!image->interpreted || (image->interpreter_offset < size &&
                                   image->interpreter_size < size - image->interpreter_offset));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t sample[SAMPLE_SIZE];
    struct elf_image image;
    make_sample(sample);
    uint8_t *input = fuzz_input(data, &size, sample, sizeof(sample));
    if (elf_read(input, size, &image) == ELF_OK)
        check_image(&image, size);
    free(input);
    return 0;
}
