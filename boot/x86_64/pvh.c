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

#include <arch/layout.h>
#include <boot/acpi.h>
#include <boot/init_image.h>
#include <boot/memory_map.h>
#include <boot/tables.h>
#include <kernel/main.h>
#include <protocols/console.h>
#include <stddef.h>

#define EARLY_REACH (UINT64_C(1) << 32)
#define LEGACY_START 0x80000 /* the extended BIOS data area and the BIOS */
#define LEGACY_END 0x100000
#define LOCAL_APIC_DEFAULT 0xfee00000
#define IO_APIC_DEFAULT 0xfec00000
#define SERIAL_DATA 0x3f8
#define SERIAL_STATUS 0x3fd
#define SERIAL_ROOM 0x20
#define RANDOM_TRIES 10

/* A page of its own: mapped, read-only, into init and the device server. */
static struct boot_info boot_information __attribute__((aligned(4096)));
static struct init_image init_image;

_Static_assert(sizeof(struct boot_info) <= 4096, "one page");

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

static void serial_put(char character)
{
    uint8_t status;
    do
        __asm__ volatile("inb %w1, %0" : "=a"(status) : "d"(SERIAL_STATUS));
    while ((status & SERIAL_ROOM) == 0);
    __asm__ volatile("outb %0, %w1" : : "a"(character), "d"(SERIAL_DATA));
}

static _Noreturn void stop(const char *message, enum console_power power)
{
    for (const char *text = "trellis: cannot boot: "; *text != 0; text++)
        serial_put(*text);
    for (; *message != 0; message++)
        serial_put(*message);
    serial_put('\n');
    __asm__ volatile("outb %b0, %w1" : : "a"(power), "d"(CONSOLE_POWER_PORT));
    for (;;)
        __asm__ volatile("cli; hlt");
}

_Noreturn void boot_fail(const char *message)
{
    stop(message, CONSOLE_POWER_PANIC);
}

_Noreturn void boot_fail_memory(const char *message)
{
    stop(message, CONSOLE_POWER_OUT_OF_MEMORY);
}

static void set_memory(struct boot_info *boot, uint64_t start, uint64_t end, uint32_t kind)
{
    if (!memory_map_set(boot, start, end, kind))
        boot_fail("too many memory ranges");
}

static void read_memory(struct boot_info *boot, const struct hvm_start_info *info)
{
    if (info->version < 1 || info->memory_map_count == 0)
        boot_fail("the loader gave no memory map");
    const struct hvm_memory *map =
        view_needed(info->memory_map, info->memory_map_count * sizeof(*map));
    for (uint32_t i = 0; i < info->memory_map_count; i++)
        if (map[i].kind == HVM_MEMORY_RAM)
            set_memory(boot, map[i].start, map[i].start + map[i].size, BOOT_MEMORY_FREE);
    for (uint32_t i = 0; i < info->memory_map_count; i++)
        if (map[i].kind != HVM_MEMORY_RAM)
            set_memory(boot, map[i].start, map[i].start + map[i].size,
                       map[i].kind == HVM_MEMORY_ACPI ? BOOT_MEMORY_TABLES : BOOT_MEMORY_RESERVED);
    set_memory(boot, 0, 0x1000, BOOT_MEMORY_RESERVED);
    set_memory(boot, LAYOUT_STARTUP, LAYOUT_STARTUP + 0x1000, BOOT_MEMORY_KERNEL);
}

static void read_command_line(struct boot_info *boot, uint64_t physical)
{
    if (physical == 0)
        return;
    const char *text = view_needed(physical, BOOT_COMMAND_LINE);
    for (unsigned i = 0; i < BOOT_COMMAND_LINE - 1 && text[i] != 0; i++)
        boot->command_line[i] = text[i];
}

static void place_image(struct boot_info *boot)
{
    boot->kernel_start = (uint64_t)image_start - LAYOUT_KERNEL;
    boot->kernel_end = (uint64_t)image_end - LAYOUT_KERNEL;
    set_memory(boot, boot->kernel_start, boot->kernel_end, BOOT_MEMORY_KERNEL);
}

static void place_archive(struct boot_info *boot, const struct hvm_start_info *info)
{
    if (info->module_count == 0)
        return;
    const struct hvm_module *module = view_needed(info->modules, sizeof(*module));
    if ((module->start & 0xfff) != 0)
        boot_fail("the boot archive is not page aligned");
    boot->archive_start = module->start;
    boot->archive_end = module->start + module->size;
    set_memory(boot, boot->archive_start, boot->archive_end, BOOT_MEMORY_ARCHIVE);
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

/* CPUID 1, ecx bit 30: RDRAND. */
static void gather_entropy(struct boot_info *boot)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if ((ecx & 1u << 30) == 0)
        return;
    unsigned words = 0;
    while (words < 8 && random_word(&boot->entropy[words]))
        words++;
    boot->entropy_bytes = words * 8;
}

/* Through the kernel's own direct map: the archive may be anywhere. */
static void find_init(const struct boot_info *boot)
{
    const uint8_t *archive = (const uint8_t *)LAYOUT_DIRECT_MAP + boot->archive_start;
    struct archive_file file;
    if (!archive_find(archive, boot->archive_end - boot->archive_start, "init", &file) ||
        !init_image_parse(&file, &init_image))
        init_image.count = 0;
}

_Noreturn void boot_pvh(uint64_t start_info)
{
    struct boot_info *boot = &boot_information;
    const struct hvm_start_info *info = view_needed(start_info, sizeof(*info));
    if (info->magic != PVH_MAGIC)
        boot_fail("the loader does not speak PVH");
    boot->magic = BOOT_INFO_MAGIC;
    read_memory(boot, info);
    read_command_line(boot, info->command_line);
    place_image(boot);
    place_archive(boot, info);
    read_tables(boot, info->acpi_root);
    gather_entropy(boot);
    if (!boot_build_tables(boot))
        boot_fail_memory("no memory for page tables");
    find_init(boot);
    kernel_main(boot, &init_image);
}
