/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Each function reads one matter; what is missing or makes no sense is passed over.
 * Properties are those of the Devicetree Specification 0.4, chapter 3, and of the
 * bindings of the ARM GIC, timer and PSCI and of the RISC-V CPU, PLIC and test finisher.
 */
#include <boot/device_tree.h>

#include <boot/memory_map.h>
#include <boot/nodes.h>
#include <boot/string.h>
#include <device_tree/tree.h>
#include <kernel/string.h>
#include <stddef.h>

#define SUPERVISOR_EXTERNAL 9 /* RISC-V privileged, table 4.2: the PLIC's interrupt at a CPU */
#define VIRTUAL_TIMER 2       /* of the interrupts of the ARM timer */

static bool set_memory(struct boot_info *boot, uint64_t start, uint64_t size, uint32_t kind)
{
    return size > UINT64_MAX - start || memory_map_set(boot, start, start + size, kind);
}

static bool set_registers(struct boot_info *boot, const void *tree, int node, uint32_t kind)
{
    struct tree_registers range;
    for (unsigned i = 0; tree_registers(tree, node, i, &range); i++)
        if (!set_memory(boot, range.start, range.size, kind))
            return false;
    return true;
}

static bool read_memory(struct boot_info *boot, const void *tree)
{
    int node = TREE_NONE;
    while ((node = tree_next(tree, 0, node)) != TREE_NONE)
        if (tree_lists(tree, node, "device_type", "memory") &&
            !set_registers(boot, tree, node, BOOT_MEMORY_FREE))
            return false;
    return boot->memory_count != 0;
}

static bool read_reserved(struct boot_info *boot, const void *tree)
{
    uint64_t start, size;
    for (unsigned i = 0; tree_reservation(tree, i, &start, &size); i++)
        if (!set_memory(boot, start, size, BOOT_MEMORY_RESERVED))
            return false;
    int parent = tree_find(tree, "/reserved-memory"), node = TREE_NONE;
    while (parent != TREE_NONE && (node = tree_next(tree, parent, node)) != TREE_NONE)
        if (!set_registers(boot, tree, node, BOOT_MEMORY_RESERVED))
            return false;
    return set_memory(boot, boot->device_tree, boot->device_tree_size, BOOT_MEMORY_TABLES);
}

static void read_command_line(struct boot_info *boot, const char *text)
{
    for (size_t i = 0; text != NULL && text[i] != 0 && i < BOOT_COMMAND_LINE - 1; i++)
        boot->command_line[i] = text[i];
}

static void read_entropy(struct boot_info *boot, const void *tree, int chosen)
{
    size_t length;
    const void *seed = tree_bytes(tree, chosen, "rng-seed", &length);
    if (seed == NULL)
        return;
    boot->entropy_bytes =
        (uint32_t)(length < sizeof(boot->entropy) ? length & ~(size_t)7 : sizeof(boot->entropy));
    memcpy(boot->entropy, seed, boot->entropy_bytes);
}

static void read_chosen(struct boot_info *boot, const void *tree)
{
    uint64_t start, end;
    int chosen = tree_find(tree, "/chosen");
    if (chosen == TREE_NONE)
        return;
    read_command_line(boot, tree_text(tree, chosen, "bootargs"));
    read_entropy(boot, tree, chosen);
    if (!tree_number(tree, chosen, "linux,initrd-start", &start) ||
        !tree_number(tree, chosen, "linux,initrd-end", &end) || start >= end)
        return;
    boot->archive_start = start;
    boot->archive_end = end;
}

static void read_console(struct boot_info *boot, const void *tree)
{
    struct tree_registers registers;
    int node = tree_console(tree);
    if (node != TREE_NONE && tree_registers(tree, node, 0, &registers))
        boot->console_registers = registers.start;
}

static void add_cpu(struct boot_info *boot, uint64_t id, uint64_t boot_cpu)
{
    if (boot->cpu_count == BOOT_CPUS)
        return;
    uint32_t at = boot->cpu_count++;
    boot->cpu_ids[at] = id;
    if (id == boot_cpu) {
        boot->cpu_ids[at] = boot->cpu_ids[0];
        boot->cpu_ids[0] = id;
    }
}

static void read_cpus(struct boot_info *boot, const void *tree, uint64_t boot_cpu)
{
    uint64_t id;
    int parent = tree_find(tree, "/cpus"), node = TREE_NONE;
    if (parent == TREE_NONE)
        return;
    (void)tree_number(tree, parent, "timebase-frequency", &boot->timer_frequency);
    while ((node = tree_next(tree, parent, node)) != TREE_NONE)
        if (tree_lists(tree, node, "device_type", "cpu") && tree_number(tree, node, "reg", &id))
            add_cpu(boot, id, boot_cpu);
}

/* The extension that these bytes are the name of, as a bit; 0 for one that is not known here. */
static uint64_t extension_named(const char *name, size_t length)
{
    static const char *const names[] = {
#define X(word, name) #name,
        RISCV_EXTENSIONS(X)
#undef X
    };
    if (length == 1 && *name >= 'a' && *name <= 'z')
        return RISCV_LETTER(*name);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
            return UINT64_C(1) << (RISCV_LETTERS + 1 + i);
    return 0;
}

/* "rv64imafdc_zicsr_sstc": letters, then names (RISC-V unprivileged, chapter 27). */
static uint64_t extensions_of_string(const char *isa)
{
    uint64_t found = 0;
    if (memcmp(isa, "rv64", 4) != 0)
        return 0;
    for (isa += 4; *isa != 0 && *isa != '_'; isa++)
        found |= extension_named(isa, 1);
    while (*isa == '_') {
        const char *name = ++isa;
        while (*isa != 0 && *isa != '_')
            isa++;
        found |= extension_named(name, (size_t)(isa - name));
    }
    return found;
}

/* "riscv,isa-extensions", a list of strings, or where it is missing "riscv,isa". */
static uint64_t extensions_of(const void *tree, int cpu)
{
    size_t size, length;
    uint64_t found = 0;
    const char *list = tree_bytes(tree, cpu, "riscv,isa-extensions", &size);
    const char *isa = tree_text(tree, cpu, "riscv,isa");
    if (list == NULL)
        return isa != NULL && strlen(isa) >= 4 ? extensions_of_string(isa) : 0;
    for (; size != 0; list += length + 1, size -= length + 1) {
        length = strnlen(list, size);
        found |= extension_named(list, length);
        if (length == size)
            break;
    }
    return found;
}

/* What every hart has. */
static void read_extensions(struct boot_info *boot, const void *tree)
{
    uint64_t all = UINT64_MAX;
    int cpu = TREE_NONE;
    while ((cpu = tree_next_compatible(tree, cpu, "riscv")) != TREE_NONE)
        all &= extensions_of(tree, cpu);
    if (all == UINT64_MAX)
        return;
    boot->processor[PROCESSOR_RISCV_EXTENSIONS] = all;
    boot->timer_compares = all >> RISCV_SSTC & 1;
}

static void read_timer(struct boot_info *boot, const void *tree)
{
    struct tree_interrupt interrupt;
    int node = tree_next_compatible(tree, TREE_NONE, "arm,armv8-timer");
    if (node != TREE_NONE && tree_interrupt(tree, node, VIRTUAL_TIMER, &interrupt))
        boot->timer_line = interrupt.line;
}

/* The CPU whose own controller has this phandle; cpu_count if none has. */
static uint32_t cpu_of_controller(const struct boot_info *boot, const void *tree, uint32_t phandle)
{
    uint64_t id;
    uint32_t cpu = 0;
    int node = tree_parent(tree, tree_of_phandle(tree, phandle));
    if (node == TREE_NONE || !tree_number(tree, node, "reg", &id))
        return boot->cpu_count;
    while (cpu < boot->cpu_count && boot->cpu_ids[cpu] != id)
        cpu++;
    return cpu;
}

/* "interrupts-extended" of a PLIC: for each context the CPU's own controller and the cause there. */
static void read_contexts(struct boot_info *boot, const void *tree, int node)
{
    uint32_t phandle, cause;
    for (unsigned i = 0; tree_cell(tree, node, "interrupts-extended", 2 * i, &phandle) &&
                         tree_cell(tree, node, "interrupts-extended", 2 * i + 1, &cause);
         i++) {
        uint32_t cpu = cpu_of_controller(boot, tree, phandle);
        if (cause == SUPERVISOR_EXTERNAL && cpu < boot->cpu_count)
            boot->cpu_contexts[cpu] = i;
    }
}

static void read_interrupts(struct boot_info *boot, const void *tree)
{
    struct tree_registers shared, local = {0, 0};
    int node = TREE_NONE;
    do
        node = tree_next_with(tree, node, "interrupt-controller");
    while (node != TREE_NONE && tree_controller(tree, node) == BOOT_INTERRUPTS_NONE);
    if (node == TREE_NONE || !tree_registers(tree, node, 0, &shared))
        return;
    boot->interrupts = tree_controller(tree, node);
    boot->shared_interrupts = shared.start;
    boot->shared_interrupts_size = shared.size;
    if (boot->interrupts == BOOT_INTERRUPTS_PLIC) {
        (void)tree_cell(tree, node, "riscv,ndev", 0, &boot->interrupt_lines);
        read_contexts(boot, tree, node);
    } else if (tree_registers(tree, node, 1, &local)) {
        boot->local_interrupts = local.start;
        boot->local_interrupts_size = local.size;
    }
}

static void read_firmware(struct boot_info *boot, const void *tree)
{
    struct tree_registers registers;
    int node = tree_next_compatible(tree, TREE_NONE, "arm,psci-0.2");
    if (node != TREE_NONE)
        boot->firmware = tree_lists(tree, node, "method", "smc") ? BOOT_FIRMWARE_PSCI_SMC
                                                                 : BOOT_FIRMWARE_PSCI_HVC;
    node = tree_next_compatible(tree, TREE_NONE, "sifive,test0");
    if (node != TREE_NONE && tree_registers(tree, node, 0, &registers))
        boot->power_registers = registers.start;
}

/* "numa-node-id" of memory and CPUs (bindings/numa.txt). */
static void read_node(const void *tree, int node)
{
    uint32_t domain;
    uint64_t id;
    struct tree_registers range;
    if (!tree_cell(tree, node, "numa-node-id", 0, &domain))
        return;
    if (tree_lists(tree, node, "device_type", "memory")) {
        for (unsigned i = 0; tree_registers(tree, node, i, &range); i++)
            nodes_add_memory(domain, range.start, range.size);
    } else if (tree_lists(tree, node, "device_type", "cpu") &&
               tree_number(tree, node, "reg", &id)) {
        nodes_add_cpu(domain, id);
    }
}

static void read_nodes(const void *tree)
{
    uint32_t cells[3];
    int node = TREE_NONE;
    while ((node = tree_next_with(tree, node, "numa-node-id")) != TREE_NONE)
        read_node(tree, node);
    node = tree_next_compatible(tree, TREE_NONE, "numa-distance-map-v1");
    for (unsigned i = 0;
         node != TREE_NONE && tree_cell(tree, node, "distance-matrix", 3 * i, &cells[0]) &&
         tree_cell(tree, node, "distance-matrix", 3 * i + 1, &cells[1]) &&
         tree_cell(tree, node, "distance-matrix", 3 * i + 2, &cells[2]);
         i++)
        nodes_add_distance(cells[0], cells[1],
                           cells[2] < UINT8_MAX ? (uint8_t)cells[2] : UINT8_MAX);
}

bool device_tree_read(struct boot_info *boot, const void *tree, uint64_t boot_cpu)
{
    read_console(boot, tree);
    read_chosen(boot, tree);
    read_cpus(boot, tree, boot_cpu);
    read_timer(boot, tree);
    read_extensions(boot, tree);
    read_interrupts(boot, tree);
    read_firmware(boot, tree);
    read_nodes(tree);
    return read_memory(boot, tree) && read_reserved(boot, tree);
}
