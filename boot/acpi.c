/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Every length comes from firmware, so each table is viewed by its header
 * first, then whole, and each entry is checked against its table's end. Fields
 * are not aligned; they are read byte by byte.
 */
#include <boot/acpi.h>

#include <boot/nodes.h>

#define HEADER_SIZE 36
#define TABLE_LENGTH_MAX 0x100000
#define ROOT_SIZE_V1 20
#define ROOT_SIZE_V2 36

enum madt_entry {
    MADT_LOCAL_APIC = 0,
    MADT_IO_APIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LOCAL_ADDRESS = 5,
};

enum srat_entry {
    SRAT_LOCAL_APIC = 0,
    SRAT_MEMORY = 1,
    SRAT_LOCAL_X2APIC = 2,
};

static uint64_t read_bytes(const uint8_t *from, unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = count; i > 0; i--)
        value = value << 8 | from[i - 1];
    return value;
}

static bool checksum_good(const uint8_t *bytes, size_t length)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

static bool text_equal(const uint8_t *bytes, const char *text)
{
    for (; *text != 0; text++, bytes++)
        if (*bytes != (uint8_t)*text)
            return false;
    return true;
}

uint64_t acpi_find_root(acpi_view *view, uint64_t start, uint64_t end)
{
    for (uint64_t at = (start + 15) & ~UINT64_C(15); at + ROOT_SIZE_V1 <= end; at += 16) {
        const uint8_t *bytes = view(at, ROOT_SIZE_V1);
        if (bytes != NULL && text_equal(bytes, "RSD PTR ") && checksum_good(bytes, ROOT_SIZE_V1))
            return at;
    }
    return 0;
}

/* A whole table with a good checksum, or NULL. */
static const uint8_t *view_table(acpi_view *view, uint64_t physical, size_t *length)
{
    const uint8_t *table = view(physical, HEADER_SIZE);
    if (table == NULL)
        return NULL;
    *length = read_bytes(table + 4, 4);
    if (*length < HEADER_SIZE || *length > TABLE_LENGTH_MAX)
        return NULL;
    table = view(physical, *length);
    return table != NULL && checksum_good(table, *length) ? table : NULL;
}

static void add_cpu(struct boot_info *boot, const uint8_t *entry, size_t length)
{
    if (length < 8 || (read_bytes(entry + 4, 4) & 1) == 0 || boot->cpu_count == BOOT_CPUS)
        return;
    boot->cpu_ids[boot->cpu_count++] = entry[3];
}

static void add_io_apic(struct boot_info *boot, const uint8_t *entry, size_t length)
{
    if (length < 12 || boot->shared_interrupts != 0)
        return;
    boot->shared_interrupts = read_bytes(entry + 4, 4);
    boot->shared_interrupts_base = read_bytes(entry + 8, 4);
}

/* ACPI 6.5, table 5.26: polarity in bits 0-1 (3: active low), trigger in bits 2-3 (3: level). */
static void add_override(struct boot_info *boot, const uint8_t *entry, size_t length)
{
    if (length < 10 || boot->override_count == BOOT_INTERRUPT_OVERRIDES)
        return;
    uint64_t flags = read_bytes(entry + 8, 2);
    boot->overrides[boot->override_count++] = (struct boot_interrupt_override){
        .source = entry[3],
        .line = (uint32_t)read_bytes(entry + 4, 4),
        .flags = ((flags & 3) == 3 ? 1u : 0) | ((flags >> 2 & 3) == 3 ? 2u : 0),
    };
}

static void read_madt(struct boot_info *boot, const uint8_t *table, size_t length)
{
    if (length < 44)
        return;
    boot->local_interrupts = read_bytes(table + 36, 4);
    for (size_t at = 44; at + 2 <= length;) {
        const uint8_t *entry = table + at;
        size_t size = entry[1];
        if (size < 2 || size > length - at)
            return;
        if (entry[0] == MADT_LOCAL_APIC)
            add_cpu(boot, entry, size);
        else if (entry[0] == MADT_IO_APIC)
            add_io_apic(boot, entry, size);
        else if (entry[0] == MADT_OVERRIDE)
            add_override(boot, entry, size);
        else if (entry[0] == MADT_LOCAL_ADDRESS && size >= 12)
            boot->local_interrupts = read_bytes(entry + 4, 8);
        at += size;
    }
}

static void read_fadt(struct boot_info *boot, const uint8_t *table, size_t length)
{
    if (length < 80)
        return;
    boot->power_port = read_bytes(table + 64, 4);
    boot->timer_port = read_bytes(table + 76, 4);
}

/* ACPI 6.5, tables 5.57 to 5.59; bit 0 of the flags: the entry counts. */
static void read_affinity(const uint8_t *entry, size_t length)
{
    if (entry[0] == SRAT_LOCAL_APIC && length >= 16 && (entry[4] & 1) != 0)
        nodes_add_cpu((uint32_t)(entry[2] | read_bytes(entry + 9, 3) << 8), entry[3]);
    else if (entry[0] == SRAT_MEMORY && length >= 40 && (entry[28] & 1) != 0)
        nodes_add_memory((uint32_t)read_bytes(entry + 2, 4), read_bytes(entry + 8, 8),
                         read_bytes(entry + 16, 8));
    else if (entry[0] == SRAT_LOCAL_X2APIC && length >= 24 && (entry[12] & 1) != 0)
        nodes_add_cpu((uint32_t)read_bytes(entry + 4, 4), read_bytes(entry + 8, 4));
}

static void read_srat(const uint8_t *table, size_t length)
{
    for (size_t at = 48; at + 2 <= length;) {
        size_t size = table[at + 1];
        if (size < 2 || size > length - at)
            return;
        read_affinity(table + at, size);
        at += size;
    }
}

static void read_slit(const uint8_t *table, size_t length)
{
    uint64_t count = length < 44 ? 0 : read_bytes(table + 36, 8);
    if (count > 256 || count * count > length - 44)
        return;
    for (uint32_t at = 0; at < count * count; at++)
        nodes_add_distance((uint32_t)(at / count), (uint32_t)(at % count), table[44 + at]);
}

static void read_table(struct boot_info *boot, acpi_view *view, uint64_t physical)
{
    size_t length;
    const uint8_t *table = view_table(view, physical, &length);
    if (table == NULL)
        return;
    if (text_equal(table, "APIC"))
        read_madt(boot, table, length);
    else if (text_equal(table, "FACP"))
        read_fadt(boot, table, length);
    else if (text_equal(table, "SRAT"))
        read_srat(table, length);
    else if (text_equal(table, "SLIT"))
        read_slit(table, length);
}

/* The list of tables: RSDT with 32-bit addresses or, from revision 2 on, XSDT with 64-bit ones. */
static uint64_t find_list(struct boot_info *boot, acpi_view *view, unsigned *entry_size)
{
    const uint8_t *root = view(boot->acpi_root, ROOT_SIZE_V1);
    if (root == NULL || !text_equal(root, "RSD PTR ") || !checksum_good(root, ROOT_SIZE_V1))
        return 0;
    *entry_size = 4;
    uint64_t list = read_bytes(root + 16, 4);
    if (root[15] < 2)
        return list;
    root = view(boot->acpi_root, ROOT_SIZE_V2);
    if (root == NULL || !checksum_good(root, ROOT_SIZE_V2) || read_bytes(root + 24, 8) == 0)
        return list;
    *entry_size = 8;
    return read_bytes(root + 24, 8);
}

bool acpi_read(struct boot_info *boot, acpi_view *view)
{
    unsigned entry_size;
    uint64_t list = find_list(boot, view, &entry_size);
    size_t length;
    const uint8_t *table = list == 0 ? NULL : view_table(view, list, &length);
    if (table == NULL)
        return false;
    for (size_t at = HEADER_SIZE; at + entry_size <= length; at += entry_size)
        read_table(boot, view, read_bytes(table + at, entry_size));
    return true;
}
