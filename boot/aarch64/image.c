/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* From the device tree that the loader left in memory to struct boot_info. */
#include "boot.h"

#include <arch/cpu.h>
#include <arch/page_table_state.h>
#include <boot/device_tree.h>
#include <boot/nodes.h>
#include <boot/place.h>
#include <boot/tables.h>
#include <device_tree/tree.h>
#include <kernel/main.h>
#include <stddef.h>

#define SERIAL_DATA 0x00 /* PL011 */
#define SERIAL_FLAGS 0x18
#define SERIAL_FULL (1u << 5)
#define AFFINITY_MASK UINT64_C(0xff00ffffff) /* of MPIDR_EL1: what the tree calls a CPU */

/* A page of its own: mapped, read-only, into init and the device server. */
static struct boot_info boot_information __attribute__((aligned(4096)));

_Static_assert(sizeof(struct boot_info) <= 4096, "one page");

void boot_write(const char *text, size_t length)
{
    if (boot_information.console_registers == 0)
        return;
    volatile uint8_t *serial = arch_physical_to_virtual(boot_information.console_registers);
    for (size_t i = 0; i < length; i++) {
        while ((*(volatile uint32_t *)(serial + SERIAL_FLAGS) & SERIAL_FULL) != 0)
            continue;
        *(volatile uint32_t *)(serial + SERIAL_DATA) = (uint8_t)text[i];
    }
}

_Noreturn void boot_end(enum stop_kind kind)
{
    arch_machine_stop(kind);
}

static void read_tree(struct boot_info *boot, uint64_t physical)
{
    uint64_t cpu;
    const void *tree = arch_physical_to_virtual(physical);
    boot->device_tree = physical;
    boot->device_tree_size = tree_size(tree);
    if (boot->device_tree_size == 0 || !tree_check(tree, boot->device_tree_size))
        boot_fail("no device tree in x0");
    __asm__("mrs %0, mpidr_el1" : "=r"(cpu));
    bool complete = device_tree_read(boot, tree, cpu & AFFINITY_MASK);
    if (boot->console_registers != 0)
        boot_show_devices(boot->console_registers);
    if (!complete)
        boot_fail("the device tree names no memory, or too many ranges of it");
}

#define READ(name)                                                                                 \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__("mrs %0, " name : "=r"(value_));                                                   \
        value_;                                                                                    \
    })

static void read_processor(uint64_t *words)
{
    words[PROCESSOR_ARM_MAIN] = READ("midr_el1");
    words[PROCESSOR_ARM_FEATURES] = READ("id_aa64pfr0_el1");
    words[PROCESSOR_ARM_INSTRUCTIONS] = READ("id_aa64isar0_el1");
    words[PROCESSOR_ARM_INSTRUCTIONS + 1] = READ("id_aa64isar1_el1");
    words[PROCESSOR_ARM_INSTRUCTIONS + 2] = READ("s3_0_c0_c6_2"); /* id_aa64isar2_el1 */
    words[PROCESSOR_ARM_MEMORY] = READ("id_aa64mmfr0_el1");
    words[PROCESSOR_ARM_MEMORY_MORE] = READ("id_aa64mmfr2_el1");
}

_Noreturn void boot_image(uint64_t tree, uint64_t image)
{
    struct boot_info *boot = &boot_information;
    image_displacement = image - LAYOUT_KERNEL;
    boot->magic = BOOT_INFO_MAGIC;
    read_tree(boot, tree);
    read_processor(boot->processor);
    boot_place(boot, image_start, image_end);
    if (!boot_build_tables(boot))
        boot_fail_memory("no memory for page tables");
    nodes_finish(boot);
    kernel_main(boot, boot_find_init(boot));
}
