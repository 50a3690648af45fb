/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <loader/load.h>

#include <trellis/native.h>

static uint64_t page_floor(uint64_t value)
{
    return value & ~(ELF_PAGE - 1);
}

static uint64_t page_ceiling(uint64_t value)
{
    return page_floor(value + ELF_PAGE - 1);
}

/* Bytes of whole pages that the file part of a segment takes. */
static uint64_t file_pages_size(const struct elf_segment *segment)
{
    if (segment->file_size == 0)
        return 0;
    return page_ceiling(segment->address + segment->file_size) - page_floor(segment->address);
}

/* A memory object with a segment's bytes; zeroes before and behind them. */
static int64_t make_memory(const struct elf_segment *segment, const uint8_t *bytes,
                           handle_t account)
{
    int64_t memory = native_memory_create(account, file_pages_size(segment), MEMORY_FIXED_SIZE);
    if (memory < 0)
        return memory;
    int64_t written = native_memory_write((handle_t)memory, segment->address % ELF_PAGE,
                                          bytes + segment->offset, segment->file_size);
    if (written == (int64_t)segment->file_size)
        return memory;
    (void)native_handle_close((handle_t)memory);
    return written < 0 ? written : status_to_result(STATUS_NO_MEMORY);
}

static bool is_acceptable(const struct elf_image *image)
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        if ((image->segments[i].access & ELF_WRITE) != 0 &&
            (image->segments[i].access & ELF_EXECUTE) != 0)
            return false;
    }
    return !image->interpreted;
}

enum status loader_prepare(const void *bytes, size_t size, handle_t account,
                           struct loader_program *program, enum elf_outcome *outcome)
{
    *program = (struct loader_program){0};
    *outcome = elf_read(bytes, size, &program->image);
    if (*outcome == ELF_OK && !is_acceptable(&program->image))
        *outcome = ELF_DAMAGED;
    if (*outcome != ELF_OK) {
        *program = (struct loader_program){0};
        return STATUS_INVALID;
    }
    for (unsigned i = 0; i < program->image.segment_count; i++) {
        const struct elf_segment *segment = &program->image.segments[i];
        if (segment->file_size == 0)
            continue;
        int64_t memory = make_memory(segment, bytes, account);
        if (memory < 0) {
            loader_release(program);
            *program = (struct loader_program){0};
            return status_of_result(memory);
        }
        program->memory[i] = (handle_t)memory;
    }
    return STATUS_OK;
}

void loader_release(struct loader_program *program)
{
    for (unsigned i = 0; i < ELF_SEGMENTS_MAX; i++) {
        if (program->memory[i] != HANDLE_NONE)
            (void)native_handle_close(program->memory[i]);
        program->memory[i] = HANDLE_NONE;
    }
}

static uint32_t map_flags(const struct elf_segment *segment)
{
    uint32_t flags = MAP_FIXED_ADDRESS;
    flags |= (segment->access & ELF_READ) != 0 ? MAP_READ : 0;
    flags |= (segment->access & ELF_WRITE) != 0 ? MAP_WRITE | MAP_PRIVATE_COPY : 0;
    flags |= (segment->access & ELF_EXECUTE) != 0 ? MAP_EXECUTE : 0;
    return flags;
}

static enum status map_segment(handle_t process, const struct elf_segment *segment, handle_t memory,
                               uint64_t base, uint32_t flags)
{
    uint64_t start = base + page_floor(segment->address);
    uint64_t end = base + page_ceiling(segment->address + segment->memory_size);
    uint64_t file_end = start + file_pages_size(segment);
    int64_t result = 0;
    if (file_end > start)
        result = native_map(process, memory, 0, start, file_end - start, flags);
    if (result >= 0 && end > file_end)
        result = native_map(process, HANDLE_NONE, 0, file_end, end - file_end,
                            flags & ~(uint32_t)MAP_PRIVATE_COPY);
    return status_of_result(result);
}

enum status loader_map(const struct loader_program *program, handle_t process, uint64_t base,
                       uint32_t flags)
{
    for (unsigned i = 0; i < program->image.segment_count; i++) {
        const struct elf_segment *segment = &program->image.segments[i];
        enum status status =
            map_segment(process, segment, program->memory[i], base, map_flags(segment) | flags);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
