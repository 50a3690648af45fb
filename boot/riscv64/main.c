/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: what the firmware left becomes struct boot_info. */
#include "boot.h"

#include <arch/layout.h>
#include <boot/device_tree.h>
#include <boot/init_image.h>
#include <boot/memory_map.h>
#include <boot/tables.h>
#include <device_tree/tree.h>
#include <kernel/main.h>
#include <stddef.h>

#define SBI_PUT_CHARACTER 1

static struct boot_info boot_information __attribute__((aligned(4096)));
static struct init_image init_image;

static void put_character(char character)
{
    register uint64_t a0 __asm__("a0") = (uint8_t)character;
    register uint64_t a7 __asm__("a7") = SBI_PUT_CHARACTER;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "a1", "memory");
}

_Noreturn void boot_fail(const char *message)
{
    for (const char *text = "trellis: cannot boot: "; *text != 0; text++)
        put_character(*text);
    for (; *message != 0; message++)
        put_character(*message);
    put_character('\n');
    for (;;)
        __asm__ volatile("wfi");
}

static const uint8_t *view(uint64_t physical)
{
    return (const uint8_t *)LAYOUT_DIRECT_MAP + physical;
}

static void read_tree(struct boot_info *boot, uint64_t hart, uint64_t address)
{
    if (address == 0 || address % sizeof(uint64_t) != 0 ||
        address > LAYOUT_DIRECT_SIZE - TREE_SIZE_MAX)
        boot_fail("the firmware gave no device tree");
    const void *tree = view(address);
    boot->device_tree = address;
    boot->device_tree_size = tree_size(tree);
    boot->firmware = BOOT_FIRMWARE_SBI;
    if (!tree_check(tree, boot->device_tree_size))
        boot_fail("the device tree is damaged");
    if (!device_tree_read(boot, tree, hart))
        boot_fail("the device tree has no memory, or too many ranges of it");
}

static void set_memory(struct boot_info *boot, uint64_t start, uint64_t end, uint32_t kind)
{
    if (!memory_map_set(boot, start, end, kind))
        boot_fail("too many memory ranges");
}

static void place_image(struct boot_info *boot)
{
    boot->kernel_start = (uint64_t)image_start - LAYOUT_KERNEL;
    boot->kernel_end = (uint64_t)image_end - LAYOUT_KERNEL;
    set_memory(boot, boot->kernel_start, boot->kernel_end, BOOT_MEMORY_KERNEL);
    set_memory(boot, LAYOUT_DIRECT_SIZE, UINT64_MAX - 0xfff, BOOT_MEMORY_RESERVED);
    if ((boot->archive_start & 0xfff) != 0)
        boot_fail("the boot archive is not page aligned");
}

static void find_init(const struct boot_info *boot)
{
    struct archive_file file;
    if (!archive_find(view(boot->archive_start), boot->archive_end - boot->archive_start, "init",
                      &file) ||
        !init_image_parse(&file, &init_image))
        init_image.count = 0;
}

_Noreturn void boot_main(uint64_t hart, uint64_t tree)
{
    struct boot_info *boot = &boot_information;
    boot->magic = BOOT_INFO_MAGIC;
    read_tree(boot, hart, tree);
    place_image(boot);
    if (!boot_build_tables(boot))
        boot_fail("no memory for page tables");
    find_init(boot);
    kernel_main(boot, &init_image);
}
