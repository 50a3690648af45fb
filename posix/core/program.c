/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * All segments are private copies of the file's pages, written or not: mprotect
 * may make any of them writable, as dynamic linkers do for relocations in code.
 */
#include "program.h"

#include <base/errno.h>
#include <posix/copy.h>
#include <posix/memory.h>
#include <posix/naming.h>
#include <posix/request.h>
#include <posix/task.h>
#include <trellis/native.h>

#define PAGE_UP(value) (((value) + ELF_PAGE - 1) & ~(ELF_PAGE - 1))
#define PAGE_DOWN(value) ((value) & ~(ELF_PAGE - 1))

int64_t program_read_beginning(handle_t memory, void *bytes, size_t size)
{
    int64_t count = native_memory_read(memory, 0, bytes, size);
    return count < 0 ? request_error(count) : count;
}

/* The program headers: in what was read already, or elsewhere in the file. */
static int read_headers(handle_t memory, const uint8_t *bytes, uint64_t length,
                        struct elf_image *image)
{
    uint64_t offset, size;

    if (elf_find_headers(bytes, length, &offset, &size) != ELF_OK)
        return -LINUX_ENOEXEC;
    bool is_here = offset <= length && size <= length - offset;
    void *elsewhere = is_here ? NULL : memory_allocate(size);
    enum elf_outcome outcome = ELF_DAMAGED;
    if (is_here)
        outcome = elf_read_headers(bytes, bytes + offset, UINT64_MAX, image);
    else if (elsewhere == NULL)
        return -LINUX_ENOMEM;
    else if (native_memory_read(memory, offset, elsewhere, size) == (int64_t)size)
        outcome = elf_read_headers(bytes, elsewhere, UINT64_MAX, image);
    memory_release(elsewhere);
    return outcome == ELF_OK || outcome == ELF_UNMAPPABLE ? 0 : -LINUX_ENOEXEC;
}

int program_read(handle_t memory, struct elf_image *image)
{
    uint8_t bytes[ELF_PAGE];

    int64_t length = native_memory_read(memory, 0, bytes, sizeof(bytes));
    if (length < 0)
        return request_error(length);
    int error = read_headers(memory, bytes, (uint64_t)length, image);
    if (error == 0 && image->segment_count > 0 && image->high > USER_LIBRARY)
        image->segment_count = 0;
    return error;
}

int program_read_interpreter(handle_t memory, const struct elf_image *image, char *path)
{
    uint64_t size = image->interpreter_size + 1; /* with its NUL */

    if (size > PATH_SIZE)
        return -LINUX_ENOEXEC;
    if (native_memory_read(memory, image->interpreter_offset, path, size) != (int64_t)size)
        return -LINUX_EIO;
    return path[size - 1] == 0 ? 0 : -LINUX_ENOEXEC;
}

static uint32_t protection(const struct elf_segment *segment)
{
    uint32_t flags = MAP_PRIVATE_COPY | MAP_FIXED_ADDRESS;

    if ((segment->access & ELF_READ) != 0)
        flags |= MAP_READ;
    if ((segment->access & ELF_WRITE) != 0)
        flags |= MAP_WRITE | MAP_READ;
    if ((segment->access & ELF_EXECUTE) != 0)
        flags |= MAP_EXECUTE | MAP_READ;
    if ((flags & MAP_WRITE) != 0 && (flags & MAP_EXECUTE) != 0)
        flags |= MAP_ALLOW_WX;
    return flags;
}

/*
 * Zeroes from behind the file's bytes to the end of their last page, which is made the program's
 * own by a call that stores the last of them again: unlike a fault it tells that memory is lacking.
 */
static int zero_rest(handle_t memory, const struct elf_segment *segment, uint64_t start,
                     uint64_t end)
{
    if (start == end || (segment->access & ELF_WRITE) == 0)
        return 0;
    int64_t result = native_memory_read(memory, segment->offset + segment->file_size - 1,
                                        (void *)(start - 1), 1);
    return result < 0 ? request_error(result) : copy_zero_program(start, end - start);
}

/* Zeroes behind the file's bytes: the rest of their last page, then new pages. */
static int map_zeroes(handle_t memory, const struct elf_segment *segment, uint64_t bias)
{
    uint64_t start = segment->address + bias + segment->file_size;
    uint64_t end = PAGE_UP(segment->address + bias + segment->memory_size);
    uint64_t fresh = segment->file_size == 0 ? PAGE_DOWN(start) : PAGE_UP(start);

    if (segment->memory_size == segment->file_size)
        return 0;
    int error = segment->file_size == 0 ? 0 : zero_rest(memory, segment, start, fresh);
    if (error != 0 || end <= fresh)
        return error;
    uint32_t flags = protection(segment) & ~(uint32_t)MAP_PRIVATE_COPY;
    int64_t result = native_map(library.self, HANDLE_NONE, 0, fresh, end - fresh, flags);
    return result < 0 ? request_error(result) : 0;
}

static int map_segment(handle_t memory, const struct elf_segment *segment, uint64_t bias)
{
    uint64_t start = PAGE_DOWN(segment->address + bias);
    uint64_t end = PAGE_UP(segment->address + bias + segment->file_size);

    if (segment->file_size != 0) {
        int64_t result = native_map(library.self, memory, PAGE_DOWN(segment->offset), start,
                                    end - start, protection(segment));
        if (result < 0)
            return request_error(result);
    }
    return map_zeroes(memory, segment, bias);
}

/* The whole range first, so that the segments lie together and nothing else gets between. */
static int reserve(const struct elf_image *image, uint64_t place, uint64_t *bias)
{
    uint64_t size = image->high - image->low;
    uint64_t wanted = image->relocatable ? place : image->low;
    uint32_t flags = wanted == 0 ? 0 : MAP_FIXED_ADDRESS | MAP_NO_REPLACE;

    int64_t address = native_map(library.self, HANDLE_NONE, 0, wanted, size, flags);
    if (address < 0)
        return request_error(address);
    *bias = (uint64_t)address - image->low;
    return 0;
}

int program_map(handle_t memory, const struct elf_image *image, uint64_t place, uint64_t *bias)
{
    int error = image->segment_count == 0 ? -LINUX_ENOEXEC : reserve(image, place, bias);

    for (unsigned i = 0; i < image->segment_count && error == 0; i++)
        error = map_segment(memory, &image->segments[i], *bias);
    return error;
}
