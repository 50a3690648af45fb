/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * libfdt walks the structure; here is what properties mean. A node's registers are
 * addresses of its parent's bus; each bus up to the root says by "ranges" where it
 * stands in the one above (Devicetree Specification 0.4, section 2.3.8).
 */
#include <device_tree/tree.h>

#include <libfdt.h>
#include <trellis/boot_info.h>
#include <trellis/structures.h>

#define CELL sizeof(fdt32_t)
#define CELLS_MAX 2 /* of an address or a size that is one number */
#define DEFAULT_ADDRESS_CELLS 2
#define DEFAULT_SIZE_CELLS 1
#define DEPTH_MAX 16

/* What an interrupt specifier means at one sort of controller. */
struct controller {
    const char *compatible;
    uint32_t kind;
};

static const struct controller controllers[] = {
    {"arm,gic-v3", BOOT_INTERRUPTS_GIC3},        {"arm,cortex-a15-gic", BOOT_INTERRUPTS_GIC2},
    {"arm,gic-400", BOOT_INTERRUPTS_GIC2},       {"riscv,plic0", BOOT_INTERRUPTS_PLIC},
    {"sifive,plic-1.0.0", BOOT_INTERRUPTS_PLIC},
};

/* Bindings of the ARM GIC: type, number, trigger. */
#define GIC_CELLS 3
#define GIC_SHARED 0
#define GIC_PRIVATE 1
#define GIC_PRIVATE_BASE 16
#define GIC_SHARED_BASE 32
#define GIC_LINES_MAX 1020
#define TRIGGER_LEVEL_HIGH 4u
#define TRIGGER_LEVEL_LOW 8u
#define TRIGGER_FALLING 2u

size_t tree_size(const void *tree)
{
    return fdt_magic(tree) == FDT_MAGIC && fdt_totalsize(tree) <= TREE_SIZE_MAX
               ? fdt_totalsize(tree)
               : 0;
}

/* libfdt reads whole words where the header says they are. */
static bool is_aligned(const void *tree)
{
    return (uintptr_t)tree % sizeof(uint64_t) == 0 &&
           fdt_off_mem_rsvmap(tree) % sizeof(uint64_t) == 0 && fdt_off_dt_struct(tree) % CELL == 0;
}

bool tree_check(const void *tree, size_t size)
{
    return size >= sizeof(struct fdt_header) && tree_size(tree) != 0 && tree_size(tree) <= size &&
           is_aligned(tree) && fdt_check_full(tree, size) == 0;
}

static bool is_okay(const void *tree, int node)
{
    return fdt_getprop(tree, node, "status", NULL) == NULL ||
           tree_lists(tree, node, "status", "okay") || tree_lists(tree, node, "status", "ok");
}

static int checked(const void *tree, int node)
{
    return node >= 0 && is_okay(tree, node) ? node : TREE_NONE;
}

int tree_find(const void *tree, const char *path)
{
    return checked(tree, fdt_path_offset(tree, path));
}

int tree_parent(const void *tree, int node)
{
    return node == TREE_NONE ? TREE_NONE : checked(tree, fdt_parent_offset(tree, node));
}

int tree_of_phandle(const void *tree, uint32_t phandle)
{
    return checked(tree, fdt_node_offset_by_phandle(tree, phandle));
}

/* The path may end in a colon and the line's speed. */
int tree_console(const void *tree)
{
    int chosen = tree_find(tree, "/chosen"), length = 0;
    const char *path = chosen == TREE_NONE ? NULL : tree_text(tree, chosen, "stdout-path");
    if (path == NULL)
        return TREE_NONE;
    while (path[length] != 0 && path[length] != ':')
        length++;
    return checked(tree, fdt_path_offset_namelen(tree, path, length));
}

int tree_next(const void *tree, int parent, int after)
{
    int node = after == TREE_NONE ? fdt_first_subnode(tree, parent) : fdt_next_subnode(tree, after);
    while (node >= 0 && !is_okay(tree, node))
        node = fdt_next_subnode(tree, node);
    return node < 0 ? TREE_NONE : node;
}

int tree_next_compatible(const void *tree, int after, const char *compatible)
{
    int node = after;
    do
        node = fdt_node_offset_by_compatible(tree, node, compatible);
    while (node >= 0 && !is_okay(tree, node));
    return node < 0 ? TREE_NONE : node;
}

int tree_next_with(const void *tree, int after, const char *name)
{
    int node = after;
    do
        node = fdt_next_node(tree, node, NULL);
    while (node >= 0 && (fdt_getprop(tree, node, name, NULL) == NULL || !is_okay(tree, node)));
    return node < 0 ? TREE_NONE : node;
}

bool tree_reservation(const void *tree, unsigned index, uint64_t *start, uint64_t *size)
{
    return index < (unsigned)fdt_num_mem_rsv(tree) &&
           fdt_get_mem_rsv(tree, (int)index, start, size) == 0;
}

const void *tree_bytes(const void *tree, int node, const char *name, size_t *length)
{
    int found;
    const void *bytes = fdt_getprop(tree, node, name, &found);
    *length = bytes == NULL ? 0 : (size_t)found;
    return bytes;
}

bool tree_cell(const void *tree, int node, const char *name, unsigned index, uint32_t *value)
{
    size_t length;
    const fdt32_t *cells = tree_bytes(tree, node, name, &length);
    if (cells == NULL || index >= length / CELL)
        return false;
    *value = fdt32_ld(cells + index);
    return true;
}

static uint64_t join_cells(const fdt32_t *cells, size_t count)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value << 32 | fdt32_ld(cells + i);
    return value;
}

bool tree_number(const void *tree, int node, const char *name, uint64_t *value)
{
    size_t length;
    const fdt32_t *cells = tree_bytes(tree, node, name, &length);
    if (cells == NULL || (length != CELL && length != 2 * CELL))
        return false;
    *value = join_cells(cells, length / CELL);
    return true;
}

const char *tree_text(const void *tree, int node, const char *name)
{
    return fdt_stringlist_get(tree, node, name, 0, NULL);
}

bool tree_lists(const void *tree, int node, const char *name, const char *text)
{
    return fdt_stringlist_search(tree, node, name, text) >= 0;
}

/* How many cells an address or a size takes on the bus that `node` is; false if it is no number. */
static bool bus_cells(const void *tree, int node, uint32_t *address, uint32_t *size)
{
    if (!tree_cell(tree, node, "#address-cells", 0, address))
        *address = DEFAULT_ADDRESS_CELLS;
    if (!tree_cell(tree, node, "#size-cells", 0, size))
        *size = DEFAULT_SIZE_CELLS;
    return *address > 0 && *address <= CELLS_MAX && *size <= CELLS_MAX;
}

/* The address of `bus` in the bus above, which is `parent`. */
static bool translate(const void *tree, int bus, int parent, struct tree_registers *registers)
{
    uint32_t child_cells, size_cells, parent_cells, parent_size_cells;
    size_t length;
    const fdt32_t *ranges = tree_bytes(tree, bus, "ranges", &length);
    if (ranges == NULL || !bus_cells(tree, bus, &child_cells, &size_cells) ||
        !bus_cells(tree, parent, &parent_cells, &parent_size_cells))
        return false;
    size_t entry = child_cells + parent_cells + size_cells;
    for (size_t left = length / CELL; left >= entry; left -= entry, ranges += entry) {
        uint64_t child = join_cells(ranges, child_cells);
        uint64_t above = join_cells(ranges + child_cells, parent_cells);
        uint64_t size = join_cells(ranges + child_cells + parent_cells, size_cells);
        uint64_t offset = registers->start - child;
        if (registers->start < child || offset >= size || registers->size > size - offset)
            continue;
        registers->start = above + offset;
        return registers->start >= above && registers->size <= UINT64_MAX - registers->start;
    }
    return length == 0;
}

bool tree_registers(const void *tree, int node, unsigned index, struct tree_registers *registers)
{
    size_t length;
    uint32_t address_cells, size_cells;
    int bus = fdt_parent_offset(tree, node);
    const fdt32_t *cells = tree_bytes(tree, node, "reg", &length);
    if (bus < 0 || cells == NULL || !bus_cells(tree, bus, &address_cells, &size_cells))
        return false;
    size_t entry = address_cells + size_cells;
    if (index >= length / CELL / entry)
        return false;
    cells += index * entry;
    registers->start = join_cells(cells, address_cells);
    registers->size = join_cells(cells + address_cells, size_cells);
    if (registers->size == 0 || registers->size > UINT64_MAX - registers->start)
        return false;
    for (unsigned depth = 0; bus != 0 && depth < DEPTH_MAX; depth++) {
        int parent = fdt_parent_offset(tree, bus);
        if (parent < 0 || !translate(tree, bus, parent, registers))
            return false;
        bus = parent;
    }
    return bus == 0;
}

uint32_t tree_controller(const void *tree, int node)
{
    for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
        if (fdt_node_check_compatible(tree, node, controllers[i].compatible) == 0)
            return controllers[i].kind;
    return BOOT_INTERRUPTS_NONE;
}

/* The node's own or the nearest ancestor's interrupt-parent. */
static int interrupt_parent(const void *tree, int node)
{
    uint32_t phandle;
    for (unsigned depth = 0; node >= 0 && depth < DEPTH_MAX; depth++) {
        if (tree_cell(tree, node, "interrupt-parent", 0, &phandle))
            return fdt_node_offset_by_phandle(tree, phandle);
        node = fdt_parent_offset(tree, node);
    }
    return TREE_NONE;
}

static bool decode_gic(const fdt32_t cells[GIC_CELLS], struct tree_interrupt *interrupt)
{
    uint32_t type = fdt32_ld(cells), number = fdt32_ld(cells + 1), trigger = fdt32_ld(cells + 2);
    if (type > GIC_PRIVATE || number >= GIC_LINES_MAX)
        return false;
    interrupt->line = number + (type == GIC_SHARED ? GIC_SHARED_BASE : GIC_PRIVATE_BASE);
    interrupt->flags =
        ((trigger & (TRIGGER_LEVEL_HIGH | TRIGGER_LEVEL_LOW)) != 0 ? INTERRUPT_LEVEL : 0) |
        ((trigger & (TRIGGER_FALLING | TRIGGER_LEVEL_LOW)) != 0 ? INTERRUPT_ACTIVE_LOW : 0);
    return true;
}

bool tree_interrupt(const void *tree, int node, unsigned index, struct tree_interrupt *interrupt)
{
    size_t length;
    const fdt32_t *cells = tree_bytes(tree, node, "interrupts", &length);
    int controller = interrupt_parent(tree, node);
    uint32_t count,
        kind = controller < 0 ? BOOT_INTERRUPTS_NONE : tree_controller(tree, controller);
    if (cells == NULL || kind == BOOT_INTERRUPTS_NONE ||
        !tree_cell(tree, controller, "#interrupt-cells", 0, &count) || count == 0 ||
        index >= length / CELL / count)
        return false;
    cells += index * count;
    if (kind != BOOT_INTERRUPTS_PLIC)
        return count == GIC_CELLS && decode_gic(cells, interrupt);
    *interrupt = (struct tree_interrupt){.line = fdt32_ld(cells), .flags = INTERRUPT_LEVEL};
    return true;
}
