/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Collected here, entered at the end: the memory map joins and cuts ranges until then. */
#include <boot/nodes.h>

#include <kernel/string.h>
#include <stdbool.h>

#define NODE_RANGES 32
#define DISTANCE_UNKNOWN 20 /* to another node (ACPI 6.5, 5.2.17); 10 to itself */

static struct {
    uint32_t domains[BOOT_NODES]; /* of nodes */
    uint32_t count;
    struct boot_memory ranges[NODE_RANGES];
    uint32_t range_count;
    uint64_t cpu_ids[BOOT_CPUS];
    uint8_t cpu_nodes[BOOT_CPUS];
    uint32_t cpu_count;
    uint8_t distances[BOOT_NODES][BOOT_NODES]; /* of domains; 0: not told */
} found;

/* One too many is taken for the first. */
static uint8_t node_of(uint32_t domain)
{
    for (uint8_t node = 0; node < found.count; node++)
        if (found.domains[node] == domain)
            return node;
    if (found.count == BOOT_NODES)
        return 0;
    found.domains[found.count] = domain;
    return (uint8_t)found.count++;
}

void nodes_add_memory(uint32_t domain, uint64_t start, uint64_t size)
{
    if (size == 0 || size > UINT64_MAX - start || found.range_count == NODE_RANGES)
        return;
    found.ranges[found.range_count++] =
        (struct boot_memory){.start = start, .end = start + size, .node = node_of(domain)};
}

void nodes_add_cpu(uint32_t domain, uint64_t hardware_id)
{
    if (found.cpu_count == BOOT_CPUS)
        return;
    found.cpu_ids[found.cpu_count] = hardware_id;
    found.cpu_nodes[found.cpu_count++] = node_of(domain);
}

void nodes_add_distance(uint32_t from, uint32_t to, uint8_t distance)
{
    if (from < BOOT_NODES && to < BOOT_NODES)
        found.distances[from][to] = distance;
}

void nodes_forget(void)
{
    memset(&found, 0, sizeof(found));
}

/* The node at an address, and where what is true of it ends, at `end` at the latest. */
static uint32_t node_at(uint64_t address, uint64_t *end)
{
    for (uint32_t i = 0; i < found.range_count; i++) {
        const struct boot_memory *range = &found.ranges[i];
        if (range->start <= address && address < range->end) {
            *end = range->end < *end ? range->end : *end;
            return range->node;
        }
        if (range->start > address && range->start < *end)
            *end = range->start;
    }
    return 0;
}

static void split_memory(struct boot_info *boot)
{
    static struct boot_memory split[BOOT_MEMORY_RANGES];
    uint32_t count = 0;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        struct boot_memory piece = boot->memory[i];
        uint32_t left = boot->memory_count - i - 1;
        for (uint64_t end = piece.end; piece.start < end; piece.start = piece.end) {
            piece.end = end;
            piece.node = node_at(piece.start, &piece.end);
            if (piece.end % 4096 != 0 || count + left + 1 == BOOT_MEMORY_RANGES)
                piece.end = end;
            split[count++] = piece;
        }
    }
    memcpy(boot->memory, split, sizeof(split));
    boot->memory_count = count;
}

static unsigned distance(uint8_t from, uint8_t to)
{
    uint32_t a = found.domains[from], b = found.domains[to];
    if (from == to)
        return 0;
    bool told = a < BOOT_NODES && b < BOOT_NODES && found.distances[a][b] != 0;
    return told ? found.distances[a][b] : DISTANCE_UNKNOWN;
}

/* By insertion, so that those as far as one another keep the order of their numbers. */
static void sort_nearest(struct boot_info *boot, uint8_t from)
{
    uint8_t *nearest = &boot->nearest[from * BOOT_NODES];
    for (uint8_t node = 0; node < boot->node_count; node++) {
        uint8_t at = node;
        for (; at > 0 && distance(from, nearest[at - 1]) > distance(from, node); at--)
            nearest[at] = nearest[at - 1];
        nearest[at] = node;
    }
}

void nodes_finish(struct boot_info *boot)
{
    boot->node_count = found.count != 0 ? found.count : 1;
    for (uint8_t node = 0; node < boot->node_count; node++)
        sort_nearest(boot, node);
    for (uint32_t cpu = 0; cpu < boot->cpu_count; cpu++)
        for (uint32_t i = 0; i < found.cpu_count; i++)
            if (found.cpu_ids[i] == boot->cpu_ids[cpu])
                boot->cpu_nodes[cpu] = found.cpu_nodes[i];
    split_memory(boot);
}
