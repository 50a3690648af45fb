/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * From what a PVH loader left in memory to struct boot_info.
 *
 * The loader's structures lie in memory it calls free, so everything wanted is
 * copied before the kernel's allocator starts. All are read through the early
 * direct map, which reaches 4 GiB.
 */
#include "pvh.h"
#include "boot.h"
#include "power.h"

#include <arch/cpu.h>
#include <arch/layout.h>
#include <boot/acpi.h>
#include <boot/nodes.h>
#include <boot/place.h>
#include <boot/tables.h>
#include <kernel/main.h>
#include <protocols/console.h>
#include <stddef.h>

#define EARLY_REACH (UINT64_C(1) << 32)
#define LEGACY_START 0x80000 /* the extended BIOS data area and the BIOS */
#define LEGACY_END 0x100000
#define LOCAL_APIC_DEFAULT 0xfee00000
#define IO_APIC_DEFAULT 0xfec00000
#define RANDOM_TRIES 10

/* A page of its own: mapped, read-only, into init and the device server. */
static struct boot_info boot_information __attribute__((aligned(4096)));

_Static_assert(sizeof(struct boot_info) <= 4096, "one page");
_Static_assert(BOOT_POWER_PORT == CONSOLE_POWER_PORT && BOOT_POWER_PANIC == STOP_PANIC, "power.h");

static const void *view_early(uint64_t physical, size_t length)
{
    if (physical >= EARLY_REACH || length > EARLY_REACH - physical)
        return NULL;
    return (const void *)(LAYOUT_DIRECT_MAP + physical);
}

static const void *view_needed(uint64_t physical, size_t length)
{
    const void *view = view_early(physical, length);
    if (view == NULL)
        boot_fail("the loader's structures are above 4 GiB");
    return view;
}

void boot_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        arch_console_put((uint8_t)text[i]);
}

_Noreturn void boot_end(enum stop_kind kind)
{
    arch_machine_stop(kind);
}

static void read_memory(struct boot_info *boot, const struct hvm_start_info *info)
{
    if (info->version < 1 || info->memory_map_count == 0)
        boot_fail("the loader gave no memory map");
    const struct hvm_memory *map =
        view_needed(info->memory_map, info->memory_map_count * sizeof(*map));
    for (uint32_t i = 0; i < info->memory_map_count; i++)
        if (map[i].kind == HVM_MEMORY_RAM)
            boot_set_memory(boot, map[i].start, map[i].start + map[i].size, BOOT_MEMORY_FREE);
    for (uint32_t i = 0; i < info->memory_map_count; i++)
        if (map[i].kind != HVM_MEMORY_RAM)
            boot_set_memory(boot, map[i].start, map[i].start + map[i].size,
                            map[i].kind == HVM_MEMORY_ACPI ? BOOT_MEMORY_TABLES
                                                           : BOOT_MEMORY_RESERVED);
    boot_set_memory(boot, 0, 0x1000, BOOT_MEMORY_RESERVED);
    boot_set_memory(boot, LAYOUT_STARTUP, LAYOUT_STARTUP + 0x1000, BOOT_MEMORY_KERNEL);
}

static void read_command_line(struct boot_info *boot, uint64_t physical)
{
    if (physical == 0)
        return;
    const char *text = view_needed(physical, BOOT_COMMAND_LINE);
    for (unsigned i = 0; i < BOOT_COMMAND_LINE - 1 && text[i] != 0; i++)
        boot->command_line[i] = text[i];
}

static void find_archive(struct boot_info *boot, const struct hvm_start_info *info)
{
    if (info->module_count == 0)
        return;
    const struct hvm_module *module = view_needed(info->modules, sizeof(*module));
    boot->archive_start = module->start;
    boot->archive_end = module->start + module->size;
}

static void read_tables(struct boot_info *boot, uint64_t acpi_root)
{
    boot->interrupts = BOOT_INTERRUPTS_APIC;
    boot->acpi_root = acpi_root;
    if (boot->acpi_root == 0)
        boot->acpi_root = acpi_find_root(view_early, LEGACY_START, LEGACY_END);
    if (boot->acpi_root == 0 || !acpi_read(boot, view_early))
        boot->acpi_root = 0;
    if (boot->local_interrupts == 0)
        boot->local_interrupts = LOCAL_APIC_DEFAULT;
    if (boot->shared_interrupts == 0)
        boot->shared_interrupts = IO_APIC_DEFAULT;
    if (boot->cpu_count == 0)
        boot->cpu_count = 1;
}

static bool random_word(uint64_t *value)
{
    for (unsigned i = 0; i < RANDOM_TRIES; i++) {
        bool good;
        __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(good));
        if (good)
            return true;
    }
    return false;
}

struct identification {
    uint32_t eax, ebx, ecx, edx;
};

static struct identification identify(uint32_t leaf)
{
    struct identification found = {.eax = leaf};
    __asm__ volatile("cpuid" : "+a"(found.eax), "=b"(found.ebx), "+c"(found.ecx), "=d"(found.edx));
    return found;
}

/* What kernel and programs use without asking (SDM volume 2A, CPUID; edx of both leaves). */
static void check_processor(void)
{
    static const struct {
        uint32_t leaf;
        uint8_t bit;
        const char *message;
    } needed[] = {
        {1, 0, "the processor lacks floating point"},
        {1, 4, "the processor lacks a time stamp counter"},
        {1, 9, "the processor lacks a local APIC"},
        {1, 13, "the processor lacks global pages"},
        {1, 24, "the processor lacks FXSAVE"},
        {1, 26, "the processor lacks SSE2"},
        {0x80000001, 11, "the processor lacks SYSCALL"},
    };
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if ((identify(needed[i].leaf).edx >> needed[i].bit & 1) == 0)
            boot_fail(needed[i].message);
}

/* CPUID 1, ecx bit 30: RDRAND. */
static void gather_entropy(struct boot_info *boot)
{
    if ((identify(1).ecx & 1u << 30) == 0)
        return;
    unsigned words = 0;
    while (words < 8 && random_word(&boot->entropy[words]))
        words++;
    boot->entropy_bytes = words * 8;
}

_Noreturn void boot_pvh(uint64_t start_info)
{
    struct boot_info *boot = &boot_information;
    check_processor();
    const struct hvm_start_info *info = view_needed(start_info, sizeof(*info));
    if (info->magic != PVH_MAGIC)
        boot_fail("the loader does not speak PVH");
    boot->magic = BOOT_INFO_MAGIC;
    read_memory(boot, info);
    read_command_line(boot, info->command_line);
    find_archive(boot, info);
    boot_place(boot, image_start, image_end);
    read_tables(boot, info->acpi_root);
    gather_entropy(boot);
    if (!boot_build_tables(boot))
        boot_fail_memory("no memory for page tables");
    nodes_finish(boot);
    kernel_main(boot, boot_find_init(boot));
}
