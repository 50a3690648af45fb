/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <boot/init_image.h>

#include <kernel/string.h>
#include <trellis/arch/registers.h>
#include <trellis/structures.h>

/* newc: a header of 13 fields of 8 hexadecimal digits after the magic; names and data padded to 4. */
#define CPIO_MAGIC "070701"
#define CPIO_HEADER 110
#define CPIO_FILE_SIZE 6
#define CPIO_NAME_SIZE 11
#define CPIO_END "TRAILER!!!"

/* ELF-64 object file format, version 1.5. */
#define ELF_CLASS_64 2
#define ELF_LITTLE_ENDIAN 1
#define ELF_EXECUTABLE 2
#define ELF_LOAD 1
#define ELF_INTERPRETER 3
#define SEGMENT_EXECUTE 1
#define SEGMENT_WRITE 2
#define SEGMENT_READ 4

struct elf_header {
    uint8_t identification[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments, sections;
    uint32_t flags;
    uint16_t header_size, segment_size, segment_count;
    uint16_t section_size, section_count, section_names;
};

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};

static bool parse_hexadecimal(const uint8_t *digits, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t digit = digits[i] | 0x20;
        bool is_letter = digit >= 'a' && digit <= 'f';
        if (!is_letter && (digits[i] < '0' || digits[i] > '9'))
            return false;
        *value = *value << 4 | (uint64_t)(is_letter ? digit - 'a' + 10 : digits[i] - '0');
    }
    return true;
}

static size_t padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

struct archive_entry {
    const char *name;
    size_t name_length;
    struct archive_file file;
};

/* The entry at `*at`, which then stands at the next one. */
static bool read_entry(const uint8_t *archive, size_t size, size_t *at, struct archive_entry *entry)
{
    const uint8_t *header = archive + *at;
    uint64_t file_size, name_size;
    if (*at > size || size - *at < CPIO_HEADER || memcmp(header, CPIO_MAGIC, 6) != 0 ||
        !parse_hexadecimal(header + 6 + 8 * CPIO_FILE_SIZE, &file_size) ||
        !parse_hexadecimal(header + 6 + 8 * CPIO_NAME_SIZE, &name_size))
        return false;
    size_t data = *at + padded(CPIO_HEADER + name_size);
    if (name_size == 0 || data > size || file_size > size - data)
        return false;
    if (header[CPIO_HEADER + name_size - 1] != 0)
        return false;
    entry->name = (const char *)header + CPIO_HEADER;
    entry->name_length = name_size - 1;
    entry->file = (struct archive_file){archive + data, file_size};
    *at = data + padded(file_size);
    return true;
}

static bool name_is(const struct archive_entry *entry, const char *name)
{
    return entry->name_length == strlen(name) && memcmp(entry->name, name, entry->name_length) == 0;
}

bool archive_find(const uint8_t *archive, size_t size, const char *name, struct archive_file *file)
{
    struct archive_entry entry;
    for (size_t at = 0; read_entry(archive, size, &at, &entry);) {
        if (name_is(&entry, CPIO_END))
            return false;
        if (name_is(&entry, name)) {
            *file = entry.file;
            return true;
        }
    }
    return false;
}

static uint32_t map_flags(uint32_t segment_flags)
{
    return ((segment_flags & SEGMENT_READ) != 0 ? MAP_READ : 0) |
           ((segment_flags & SEGMENT_WRITE) != 0 ? MAP_WRITE : 0) |
           ((segment_flags & SEGMENT_EXECUTE) != 0 ? MAP_EXECUTE : 0);
}

static bool header_good(const struct elf_header *header, size_t size)
{
    const uint8_t *identification = header->identification;
    return memcmp(identification, "\177ELF", 4) == 0 && identification[4] == ELF_CLASS_64 &&
           identification[5] == ELF_LITTLE_ENDIAN && header->type == ELF_EXECUTABLE &&
           header->machine == NATIVE_ELF_MACHINE &&
           header->segment_size == sizeof(struct elf_segment) && header->segments <= size &&
           (size - header->segments) / sizeof(struct elf_segment) >= header->segment_count;
}

static bool in_user_space(uint64_t address, uint64_t size)
{
    return address >= USER_START && address < USER_END && size <= USER_END - address;
}

static bool add_segment(struct init_image *image, const struct elf_segment *segment,
                        const struct archive_file *file)
{
    size_t size = file->size;
    uint64_t page_offset = segment->address & (USER_PAGE_SIZE - 1);
    if (image->count == INIT_SEGMENTS || segment->memory_size == 0 || segment->offset > size ||
        segment->file_size > size - segment->offset || segment->file_size > segment->memory_size ||
        !in_user_space(segment->address, segment->memory_size) ||
        (segment->flags & (SEGMENT_WRITE | SEGMENT_EXECUTE)) == (SEGMENT_WRITE | SEGMENT_EXECUTE))
        return false;
    struct init_segment *added = &image->segments[image->count];
    *added = (struct init_segment){
        .address = segment->address - page_offset,
        .size = (page_offset + segment->memory_size + USER_PAGE_SIZE - 1) &
                ~(uint64_t)(USER_PAGE_SIZE - 1),
        .page_offset = page_offset,
        .bytes = file->bytes + segment->offset,
        .byte_count = segment->file_size,
        .flags = map_flags(segment->flags),
    };
    const struct init_segment *before = added - 1;
    if (image->count > 0 && added->address < before->address + before->size)
        return false;
    image->count++;
    return true;
}

bool init_image_parse(const struct archive_file *file, struct init_image *image)
{
    struct elf_header header;
    if (file->size < sizeof(header))
        return false;
    memcpy(&header, file->bytes, sizeof(header));
    if (!header_good(&header, file->size))
        return false;
    *image = (struct init_image){.entry = header.entry};
    for (uint32_t i = 0; i < header.segment_count; i++) {
        struct elf_segment segment;
        memcpy(&segment, file->bytes + header.segments + i * sizeof(segment), sizeof(segment));
        if (segment.type == ELF_INTERPRETER)
            return false;
        if (segment.type == ELF_LOAD && segment.memory_size != 0 &&
            !add_segment(image, &segment, file))
            return false;
    }
    return image->count != 0;
}
