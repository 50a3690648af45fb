/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: what the firmware left becomes struct boot_info. */
#include "boot.h"

#include <arch/cpu.h>
#include <arch/layout.h>
#include <boot/device_tree.h>
#include <boot/nodes.h>
#include <boot/place.h>
#include <boot/tables.h>
#include <device_tree/tree.h>
#include <kernel/main.h>
#include <stddef.h>

#define FINISHER_FAIL 0x3333 /* of sifive,test0, with the exit status above it */

/* SBI 1.0, chapter 4. */
#define SBI_BASE 0x10
enum sbi_base { SBI_VENDOR = 4, SBI_ARCHITECTURE = 5, SBI_IMPLEMENTATION = 6 };

static struct boot_info boot_information __attribute__((aligned(4096)));

void boot_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        arch_console_put((uint8_t)text[i]);
}

/* The kernel has not mapped the finisher yet; the early tables show it. */
_Noreturn void boot_end(enum stop_kind kind)
{
    uint64_t finisher = boot_information.power_registers;
    if (finisher != 0 && finisher < LAYOUT_DIRECT_SIZE)
        *(volatile uint32_t *)(LAYOUT_DIRECT_MAP + finisher) = FINISHER_FAIL | (uint32_t)kind << 16;
    arch_machine_stop(kind);
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

/* 0 where the firmware does not say. */
static uint64_t ask_firmware(enum sbi_base what)
{
    register uint64_t error __asm__("a0");
    register uint64_t value __asm__("a1");
    register uint64_t function __asm__("a6") = what;
    register uint64_t extension __asm__("a7") = SBI_BASE;
    __asm__ volatile("ecall" : "=r"(error), "=r"(value) : "r"(function), "r"(extension) : "memory");
    return error == 0 ? value : 0;
}

static void check_processor(struct boot_info *boot)
{
    boot->processor[PROCESSOR_RISCV_VENDOR] = ask_firmware(SBI_VENDOR);
    boot->processor[PROCESSOR_RISCV_ARCHITECTURE] = ask_firmware(SBI_ARCHITECTURE);
    boot->processor[PROCESSOR_RISCV_IMPLEMENTATION] = ask_firmware(SBI_IMPLEMENTATION);
    if ((~boot->processor[PROCESSOR_RISCV_EXTENSIONS] & RISCV_GENERAL) != 0)
        boot_fail("the processor lacks a part of rv64gc");
}

_Noreturn void boot_main(uint64_t hart, uint64_t tree)
{
    struct boot_info *boot = &boot_information;
    boot->magic = BOOT_INFO_MAGIC;
    read_tree(boot, hart, tree);
    check_processor(boot);
    boot_set_memory(boot, LAYOUT_DIRECT_SIZE, UINT64_MAX - 0xfff, BOOT_MEMORY_RESERVED);
    boot_place(boot, image_start, image_end);
    if (!boot_build_tables(boot))
        boot_fail_memory("no memory for page tables");
    nodes_finish(boot);
    kernel_main(boot, boot_find_init(boot));
}
