/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <archive/newc.h>

#include <base/text.h>

#define MAGIC "070701"
#define MAGIC_LENGTH 6
#define FIELD_DIGITS 8
#define ALIGNMENT 4
#define TRAILER "TRAILER!!!"

/* The header's fields, in their order. */
enum field {
    FIELD_NODE,
    FIELD_MODE,
    FIELD_UID,
    FIELD_GID,
    FIELD_LINKS,
    FIELD_MODIFIED,
    FIELD_SIZE,
    FIELD_OWN_MAJOR,
    FIELD_OWN_MINOR,
    FIELD_DEVICE_MAJOR,
    FIELD_DEVICE_MINOR,
    FIELD_NAME_SIZE, /* with its NUL */
    FIELD_CHECK,
    FIELD_COUNT
};

#define HEADER_SIZE (MAGIC_LENGTH + FIELD_COUNT * FIELD_DIGITS)

void archive_begin(struct archive_reader *reader, const void *bytes, size_t size)
{
    *reader = (struct archive_reader){.bytes = bytes, .size = size};
}

static bool parse_field(const uint8_t *digits, uint32_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < FIELD_DIGITS; i++) {
        uint8_t digit = digits[i], lower = digit | 0x20;
        if (digit >= '0' && digit <= '9')
            *value = *value << 4 | (uint32_t)(digit - '0');
        else if (lower >= 'a' && lower <= 'f')
            *value = *value << 4 | (uint32_t)(lower - 'a' + 10);
        else
            return false;
    }
    return true;
}

static bool parse_header(const uint8_t *header, uint32_t fields[FIELD_COUNT])
{
    if (memcmp(header, MAGIC, MAGIC_LENGTH) != 0)
        return false;
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        if (!parse_field(header + MAGIC_LENGTH + i * FIELD_DIGITS, &fields[i]))
            return false;
    }
    return true;
}

static size_t aligned(size_t offset)
{
    return (offset + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static void set_name(struct archive_entry *entry, const char *name, size_t length)
{
    size_t skipped = 0;
    if (length >= 2 && name[0] == '.' && name[1] == '/')
        skipped = 2;
    while (skipped < length && name[skipped] == '/')
        skipped++;
    entry->name = name + skipped;
    entry->name_length = length - skipped;
}

/* Sizes are 32-bit numbers, so that no sum of them wraps around. */
enum archive_outcome archive_next(struct archive_reader *reader, struct archive_entry *entry)
{
    uint32_t fields[FIELD_COUNT];
    size_t start = reader->offset;
    if (start >= reader->size)
        return ARCHIVE_END;
    if (reader->size - start < HEADER_SIZE || !parse_header(reader->bytes + start, fields))
        return ARCHIVE_DAMAGED;
    size_t name = start + HEADER_SIZE;
    size_t name_size = fields[FIELD_NAME_SIZE];
    if (name_size == 0 || name_size > reader->size - name)
        return ARCHIVE_DAMAGED;
    const char *text = (const char *)reader->bytes + name;
    if (strnlen(text, name_size) != name_size - 1)
        return ARCHIVE_DAMAGED;
    if (strcmp(text, TRAILER) == 0)
        return ARCHIVE_END;
    size_t data = aligned(name + name_size);
    size_t size = fields[FIELD_SIZE];
    if (data > reader->size || size > reader->size - data)
        return ARCHIVE_DAMAGED;
    *entry = (struct archive_entry){
        .data = reader->bytes + data,
        .size = size,
        .node = fields[FIELD_NODE],
        .mode = fields[FIELD_MODE],
        .uid = fields[FIELD_UID],
        .gid = fields[FIELD_GID],
        .links = fields[FIELD_LINKS],
        .modified_s = fields[FIELD_MODIFIED],
        .device_major = fields[FIELD_DEVICE_MAJOR],
        .device_minor = fields[FIELD_DEVICE_MINOR],
    };
    set_name(entry, text, name_size - 1);
    reader->offset = aligned(data + size);
    return ARCHIVE_ENTRY;
}

enum archive_outcome archive_find(const void *bytes, size_t size, const char *name,
                                  struct archive_entry *entry)
{
    struct archive_reader reader;
    enum archive_outcome outcome;
    archive_begin(&reader, bytes, size);
    while ((outcome = archive_next(&reader, entry)) == ARCHIVE_ENTRY) {
        if (strcmp(entry->name, name) == 0)
            break;
    }
    return outcome;
}
