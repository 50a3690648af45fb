/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A new range cuts what it overlaps: at most one old range is split in two,
 * others shrink or vanish, then neighbours of one kind are joined. The table
 * is rebuilt in a copy, so that a full table changes nothing.
 */
#include <boot/memory_map.h>

#define PAGE_MASK UINT64_C(0xfff)

struct builder {
    struct boot_memory ranges[BOOT_MEMORY_RANGES];
    uint32_t count;
    bool full;
};

static void builder_add(struct builder *builder, uint64_t start, uint64_t end, uint32_t kind)
{
    if (start >= end)
        return;
    struct boot_memory *last = builder->count == 0 ? NULL : &builder->ranges[builder->count - 1];
    if (last != NULL && last->end == start && last->kind == kind) {
        last->end = end;
        return;
    }
    if (builder->count == BOOT_MEMORY_RANGES) {
        builder->full = true;
        return;
    }
    builder->ranges[builder->count++] =
        (struct boot_memory){.start = start, .end = end, .kind = kind};
}

static uint64_t least(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

static uint64_t greatest(uint64_t left, uint64_t right)
{
    return left > right ? left : right;
}

static bool round_to_pages(uint64_t *start, uint64_t *end, bool inwards)
{
    if (*end < *start || *end > UINT64_MAX - PAGE_MASK)
        return false;
    *start = inwards ? (*start + PAGE_MASK) & ~PAGE_MASK : *start & ~PAGE_MASK;
    *end = inwards ? *end & ~PAGE_MASK : (*end + PAGE_MASK) & ~PAGE_MASK;
    return *start < *end;
}

bool memory_map_set(struct boot_info *boot, uint64_t start, uint64_t end, uint32_t kind)
{
    if (!round_to_pages(&start, &end, kind == BOOT_MEMORY_FREE))
        return true;
    static struct builder builder;
    builder = (struct builder){.count = 0};
    bool placed = false;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct boot_memory *old = &boot->memory[i];
        builder_add(&builder, old->start, least(old->end, start), old->kind);
        if (!placed && old->end > start) {
            builder_add(&builder, start, end, kind);
            placed = true;
        }
        builder_add(&builder, greatest(old->start, end), old->end, old->kind);
    }
    if (!placed)
        builder_add(&builder, start, end, kind);
    if (builder.full)
        return false;
    for (uint32_t i = 0; i < builder.count; i++)
        boot->memory[i] = builder.ranges[i];
    boot->memory_count = builder.count;
    return true;
}

const struct boot_memory *memory_map_find(const struct boot_info *boot, uint64_t address)
{
    for (uint32_t i = 0; i < boot->memory_count; i++)
        if (address >= boot->memory[i].start && address < boot->memory[i].end)
            return &boot->memory[i];
    return NULL;
}
