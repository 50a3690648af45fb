/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <boot/place.h>

#include <arch/page_table.h>
#include <boot/init_image.h>
#include <boot/memory_map.h>
#include <kernel/string.h>

#define PAGE_MASK UINT64_C(0xfff)

static _Noreturn void fail(enum stop_kind kind, const char *message)
{
    static const char beginning[] = "trellis: cannot boot: ";
    boot_write(beginning, sizeof(beginning) - 1);
    boot_write(message, strlen(message));
    boot_write("\n", 1);
    boot_end(kind);
}

_Noreturn void boot_fail(const char *message)
{
    fail(STOP_PANIC, message);
}

_Noreturn void boot_fail_memory(const char *message)
{
    fail(STOP_MEMORY, message);
}

void boot_set_memory(struct boot_info *boot, uint64_t start, uint64_t end, uint32_t kind)
{
    if (!memory_map_set(boot, start, end, kind))
        boot_fail("too many memory ranges");
}

static void place_archive(struct boot_info *boot)
{
    uint64_t end = boot->archive_end;
    if ((boot->archive_start & PAGE_MASK) != 0)
        boot_fail("the boot archive is not page aligned");
    for (uint64_t at = boot->archive_start; at < end;) {
        const struct boot_memory *range = memory_map_find(boot, at);
        if (range == NULL || range->kind != BOOT_MEMORY_FREE)
            boot_fail_memory("there is not enough memory for the boot archive");
        at = range->end;
    }
    boot_set_memory(boot, boot->archive_start, end, BOOT_MEMORY_ARCHIVE);
}

void boot_place(struct boot_info *boot, const char *image_start, const char *image_end)
{
    boot->kernel_start = arch_virtual_to_physical(image_start);
    boot->kernel_end = arch_virtual_to_physical(image_end);
    boot_set_memory(boot, boot->kernel_start, boot->kernel_end, BOOT_MEMORY_KERNEL);
    if (boot->archive_end > boot->archive_start)
        place_archive(boot);
}

const struct init_image *boot_find_init(const struct boot_info *boot)
{
    static struct init_image init;
    uint64_t size = boot->archive_end - boot->archive_start;
    struct archive_file file;
    if (size == 0 ||
        !archive_find(arch_physical_to_virtual(boot->archive_start), size, "init", &file) ||
        !init_image_parse(&file, &init))
        init.count = 0;
    return &init;
}
