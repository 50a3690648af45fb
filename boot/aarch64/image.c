/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* From the device tree that the loader left in memory to struct boot_info. */
#include "boot.h"

#include <arch/page_table_state.h>
#include <boot/device_tree.h>
#include <boot/init_image.h>
#include <boot/memory_map.h>
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
static struct init_image init_image;

_Static_assert(sizeof(struct boot_info) <= 4096, "one page");

static void serial_put(char character)
{
    volatile uint8_t *serial = arch_physical_to_virtual(boot_information.console_registers);
    while ((*(volatile uint32_t *)(serial + SERIAL_FLAGS) & SERIAL_FULL) != 0)
        continue;
    *(volatile uint32_t *)(serial + SERIAL_DATA) = (uint8_t)character;
}

static void serial_write(const char *text)
{
    while (*text != 0)
        serial_put(*text++);
}

_Noreturn void boot_fail(const char *message)
{
    if (boot_information.console_registers != 0) {
        serial_write("trellis: cannot boot: ");
        serial_write(message);
        serial_write("\n");
    }
    for (;;)
        __asm__ volatile("wfi");
}

static void place_image(struct boot_info *boot)
{
    boot->kernel_start = arch_virtual_to_physical(image_start);
    boot->kernel_end = arch_virtual_to_physical(image_end);
    if (!memory_map_set(boot, boot->kernel_start, boot->kernel_end, BOOT_MEMORY_KERNEL))
        boot_fail("too many memory ranges");
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

static void find_init(const struct boot_info *boot)
{
    const uint8_t *archive = arch_physical_to_virtual(boot->archive_start);
    struct archive_file file;
    if (!archive_find(archive, boot->archive_end - boot->archive_start, "init", &file) ||
        !init_image_parse(&file, &init_image))
        init_image.count = 0;
}

_Noreturn void boot_image(uint64_t tree, uint64_t image)
{
    struct boot_info *boot = &boot_information;
    image_displacement = image - LAYOUT_KERNEL;
    boot->magic = BOOT_INFO_MAGIC;
    read_tree(boot, tree);
    place_image(boot);
    if (boot->archive_start % 4096 != 0)
        boot_fail("the boot archive is not page aligned");
    if (!boot_build_tables(boot))
        boot_fail("no memory for page tables");
    find_init(boot);
    kernel_main(boot, &init_image);
}
