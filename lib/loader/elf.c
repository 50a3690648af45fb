/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <loader/elf.h>

#include <base/text.h>
#include <loader/arch/machine.h>
#include <trellis/arch/registers.h>

#define INTERPRETER_MAX 4096

/* Figure 4-3 of the System V ABI, 64-bit class; as on Linux the machine alone says which class it is. */
struct elf_header {
    uint8_t magic[4], identification[12];
    uint16_t type, machine;
    uint32_t file_version;
    uint64_t entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t size, program_size, program_count, section_size, section_count, names;
};

_Static_assert(sizeof(struct elf_header) == ELF_HEADER_SIZE, "ELF header");

/* Figure 5-1. */
struct program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};

enum {
    TYPE_EXECUTABLE = 2,
    TYPE_SHARED = 3,
    SEGMENT_LOAD = 1,
    SEGMENT_INTERPRETER = 3,
    SEGMENT_GNU_STACK = 0x6474e551,
};

static enum elf_outcome check_header(const struct elf_header *header)
{
    if (memcmp(header->magic, "\177ELF", sizeof(header->magic)) != 0)
        return ELF_NOT_ELF;
    if (header->machine != ELF_MACHINE)
        return ELF_OTHER_MACHINE;
    if (header->type != TYPE_EXECUTABLE && header->type != TYPE_SHARED)
        return ELF_NOT_PROGRAM;
    if (header->program_size != sizeof(struct program_header) || header->program_count == 0 ||
        header->program_count > ELF_HEADERS_MAX / sizeof(struct program_header))
        return ELF_DAMAGED;
    return ELF_OK;
}

static uint64_t page_floor(uint64_t address)
{
    return address & ~(ELF_PAGE - 1);
}

static uint64_t page_ceiling(uint64_t address)
{
    return page_floor(address + ELF_PAGE - 1);
}

static bool is_inside(uint64_t offset, uint64_t length, uint64_t size)
{
    return offset <= size && length <= size - offset;
}

static bool add_segment(struct elf_image *image, const struct program_header *header,
                        uint64_t file_size)
{
    if (header->memory_size == 0)
        return header->file_size == 0;
    if (image->segment_count == ELF_SEGMENTS_MAX || header->file_size > header->memory_size ||
        !is_inside(header->offset, header->file_size, file_size) ||
        !is_inside(header->address, header->memory_size, USER_END) ||
        (header->address - header->offset) % ELF_PAGE != 0)
        return false;
    if (image->segment_count > 0 && page_floor(header->address) < image->high)
        return false;
    if (image->segment_count == 0)
        image->low = page_floor(header->address);
    image->high = page_ceiling(header->address + header->memory_size);
    image->segments[image->segment_count++] = (struct elf_segment){
        .address = header->address,
        .memory_size = header->memory_size,
        .offset = header->offset,
        .file_size = header->file_size,
        .access = header->flags & (ELF_EXECUTE | ELF_WRITE | ELF_READ),
    };
    return true;
}

static bool set_interpreter(struct elf_image *image, const struct program_header *header,
                            uint64_t file_size)
{
    if (image->interpreted || header->file_size < 2 || header->file_size > INTERPRETER_MAX ||
        !is_inside(header->offset, header->file_size, file_size))
        return false;
    image->interpreted = true;
    image->interpreter_offset = header->offset;
    image->interpreter_size = header->file_size - 1;
    return true;
}

/* A segment that cannot be mapped is no reason not to look at the others. */
static enum elf_outcome take_program_header(struct elf_image *image,
                                            const struct program_header *header, uint64_t file_size)
{
    switch (header->type) {
    case SEGMENT_LOAD:
        return add_segment(image, header, file_size) ? ELF_OK : ELF_UNMAPPABLE;
    case SEGMENT_INTERPRETER:
        return set_interpreter(image, header, file_size) ? ELF_OK : ELF_DAMAGED;
    case SEGMENT_GNU_STACK:
        image->stack_executable = (header->flags & ELF_EXECUTE) != 0;
        return ELF_OK;
    default:
        return ELF_OK;
    }
}

/* Where the file's program headers are in memory: the segment that has the first byte of them. */
static void find_headers(struct elf_image *image, const struct elf_header *header)
{
    image->header_count = header->program_count;
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        if (header->program_offset >= segment->offset &&
            header->program_offset - segment->offset < segment->file_size) {
            image->headers = segment->address + (header->program_offset - segment->offset);
            return;
        }
    }
}

static enum elf_outcome take_program_headers(struct elf_image *image, const uint8_t *bytes,
                                             unsigned count, uint64_t file_size)
{
    enum elf_outcome outcome = ELF_OK;
    for (unsigned i = 0; i < count; i++) {
        struct program_header header;
        memcpy(&header, bytes + i * sizeof(header), sizeof(header));
        enum elf_outcome one = take_program_header(image, &header, file_size);
        if (one == ELF_DAMAGED)
            return one;
        outcome = one == ELF_OK ? outcome : one;
    }
    if (outcome == ELF_UNMAPPABLE)
        image->segment_count = 0;
    return image->segment_count == 0 ? ELF_UNMAPPABLE : ELF_OK;
}

enum elf_outcome elf_find_headers(const void *bytes, size_t size, uint64_t *offset,
                                  uint64_t *length)
{
    struct elf_header header;
    if (size < sizeof(header))
        return ELF_NOT_ELF;
    memcpy(&header, bytes, sizeof(header));
    *offset = header.program_offset;
    *length = (uint64_t)header.program_count * sizeof(struct program_header);
    return check_header(&header);
}

enum elf_outcome elf_read_headers(const void *bytes, const void *headers, uint64_t file_size,
                                  struct elf_image *image)
{
    struct elf_header header;
    memcpy(&header, bytes, sizeof(header));
    *image = (struct elf_image){
        .entry = header.entry,
        .relocatable = header.type == TYPE_SHARED,
        .stack_executable = true,
    };
    enum elf_outcome outcome =
        take_program_headers(image, headers, header.program_count, file_size);
    find_headers(image, &header);
    return outcome;
}

enum elf_outcome elf_read(const void *bytes, size_t size, struct elf_image *image)
{
    uint64_t offset, length;
    enum elf_outcome outcome = elf_find_headers(bytes, size, &offset, &length);
    if (outcome != ELF_OK)
        return outcome;
    if (!is_inside(offset, length, size))
        return ELF_DAMAGED;
    return elf_read_headers(bytes, (const uint8_t *)bytes + offset, size, image);
}

const char *elf_outcome_text(enum elf_outcome outcome)
{
    static const char *const texts[] = {
        [ELF_OK] = "a program",
        [ELF_NOT_ELF] = "not an ELF file",
        [ELF_OTHER_MACHINE] = "for another machine",
        [ELF_NOT_PROGRAM] = "an object file or a core dump",
        [ELF_DAMAGED] = "damaged",
        [ELF_UNMAPPABLE] = "without segments that can be mapped",
    };
    return texts[outcome];
}
