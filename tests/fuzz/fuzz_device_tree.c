/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The device tree: whatever passes tree_check can be read, and memory stays in order. */
#include <boot/device_tree.h>

#include <device_tree/tree.h>
#include <device_tree/tree_fake.h>

#include "fuzz.h"

static void demand(bool truth)
{
    if (!truth)
        abort();
}

static void check_memory(const struct boot_info *boot)
{
    uint64_t end = 0;
    demand(boot->memory_count <= BOOT_MEMORY_RANGES && boot->cpu_count <= BOOT_CPUS);
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        demand(boot->memory[i].start >= end && boot->memory[i].end > boot->memory[i].start);
        end = boot->memory[i].end;
    }
}

static void check_devices(const void *tree)
{
    struct tree_registers registers;
    struct tree_interrupt interrupt;
    for (int node = TREE_NONE; (node = tree_next_with(tree, node, "reg")) != TREE_NONE;) {
        for (unsigned i = 0; tree_registers(tree, node, i, &registers); i++)
            demand(registers.size != 0 && registers.start + registers.size > registers.start);
        (void)tree_interrupt(tree, node, 0, &interrupt);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint64_t samples[2][TREE_FAKE_SIZE / sizeof(uint64_t)];
    struct boot_info boot = {0};
    if (samples[0][0] == 0) {
        tree_fake_riscv(samples[0]);
        tree_fake_arm(samples[1]);
    }
    const void *sample = samples[size > 0 && (data[0] & 2) != 0];
    uint8_t *input = fuzz_input(data, &size, sample, TREE_FAKE_SIZE);
    if (tree_check(input, size)) {
        if (device_tree_read(&boot, input, 0))
            check_memory(&boot);
        check_devices(input);
    }
    free(input);
    return 0;
}
