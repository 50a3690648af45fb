/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What /proc and /sys say of the processors, in Linux' formats. All that were started are
 * on line for good; the number of a CPU below /sys is the node's own.
 */
#include <trellis/boot_info.h>

#include "cpu_information.h"
#include "node.h"
#include "totals.h"

void print_cpu_information(struct output *output, const struct procfs_node *node)
{
    uint32_t count = (uint32_t)totals_cpu_count();

    (void)node;
    for (uint32_t cpu = 0; cpu < count; cpu++) {
        output_add(output, "processor\t: %u\n", cpu);
        cpu_describe(output, cpu, count);
        output_add(output, "\n");
    }
}

void print_cpu_range(struct output *output, const struct procfs_node *node)
{
    uint64_t count = totals_cpu_count();

    (void)node;
    output_add(output, count == 1 ? "0\n" : "0-%lu\n", count - 1);
}

/* The highest number that there could ever be. */
void print_cpu_last(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "%u\n", BOOT_CPUS - 1);
}

void print_cpu_itself(struct output *output, const struct procfs_node *node)
{
    output_add(output, "%u\n", node->number);
}

/* As many digits as the highest CPU needs, in groups of eight. */
static void add_mask(struct output *output, uint64_t mask)
{
    uint64_t count = totals_cpu_count();

    if (count > 32)
        output_add(output, "%0*lx,%08lx\n", (int)(count - 32 + 3) / 4, mask >> 32,
                   mask & UINT32_MAX);
    else
        output_add(output, "%0*lx\n", (int)(count + 3) / 4, mask);
}

void print_cpu_mask(struct output *output, const struct procfs_node *node)
{
    add_mask(output, UINT64_C(1) << node->number);
}

void print_cpu_mask_all(struct output *output, const struct procfs_node *node)
{
    (void)node;
    add_mask(output, UINT64_MAX >> (64 - totals_cpu_count()));
}
