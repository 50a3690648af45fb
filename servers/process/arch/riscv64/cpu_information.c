/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * By what the device tree says of the harts and the firmware of their maker; lines as
 * Linux has them (arch/riscv/kernel/cpu.c). Vectors are not promised: the kernel does
 * not save their registers.
 */
#include "cpu_information.h"

#include "server.h"

static const char letters[] = "imafdqch"; /* in the order of the specification */

static const char *const names[] = {
#define X(word, name) #name,
    RISCV_EXTENSIONS(X)
#undef X
};

static uint64_t extensions(void)
{
    return server_boot.processor[PROCESSOR_RISCV_EXTENSIONS];
}

static void add_extensions(struct output *output)
{
    for (const char *letter = letters; *letter != '\0'; letter++) {
        if ((extensions() & RISCV_LETTER(*letter)) != 0)
            output_add(output, "%c", *letter);
    }
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((extensions() >> (RISCV_LETTERS + 1 + i) & 1) != 0)
            output_add(output, "_%s", names[i]);
    }
}

void cpu_describe(struct output *output, uint32_t cpu, uint32_t count)
{
    const uint64_t *words = server_boot.processor;

    (void)count;
    output_add(output, "hart\t\t: %lu\nisa\t\t: rv64", server_boot.cpu_ids[cpu]);
    add_extensions(output);
    output_add(output,
               "\nmmu\t\t: sv39\nmvendorid\t: 0x%lx\nmarchid\t\t: 0x%lx\nmimpid\t\t: 0x%lx\n",
               words[PROCESSOR_RISCV_VENDOR], words[PROCESSOR_RISCV_ARCHITECTURE],
               words[PROCESSOR_RISCV_IMPLEMENTATION]);
}

void cpu_identify(struct process_hardware *hardware)
{
    hardware->capabilities[0] = extensions() & RISCV_GENERAL;
}
