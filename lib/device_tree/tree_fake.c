/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <device_tree/tree_fake.h>

#include <assert.h>
#include <libfdt.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define CPU_CONTROLLER(cpu) (0x10u + (cpu))
#define PLIC 9u
#define GIC 0x8003u

static void demand(int result)
{
    assert(result == 0);
}

static void put_cells(void *tree, const char *name, const uint32_t *cells, size_t count)
{
    fdt32_t value[16];
    for (size_t i = 0; i < count; i++)
        value[i] = cpu_to_fdt32(cells[i]);
    demand(fdt_property(tree, name, value, (int)(count * sizeof(value[0]))));
}

#define CELLS(tree, name, ...)                                                                     \
    put_cells(tree, name, (const uint32_t[]){__VA_ARGS__},                                         \
              sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void begin(void *tree)
{
    demand(fdt_create(tree, TREE_FAKE_SIZE));
    demand(fdt_add_reservemap_entry(tree, 0x8f000000, 0x1000));
    demand(fdt_finish_reservemap(tree));
    demand(fdt_begin_node(tree, ""));
    CELLS(tree, "#address-cells", 2);
    CELLS(tree, "#size-cells", 2);
}

static void finish(void *tree)
{
    demand(fdt_end_node(tree));
    demand(fdt_finish(tree));
}

static void put_memory(void *tree, uint32_t start)
{
    demand(fdt_begin_node(tree, "memory"));
    demand(fdt_property_string(tree, "device_type", "memory"));
    CELLS(tree, "reg", 0, start, 0, 0x10000000);
    demand(fdt_end_node(tree));
}

static void put_reserved(void *tree, uint32_t start)
{
    demand(fdt_begin_node(tree, "reserved-memory"));
    CELLS(tree, "#address-cells", 2);
    CELLS(tree, "#size-cells", 2);
    demand(fdt_property(tree, "ranges", "", 0));
    demand(fdt_begin_node(tree, "firmware"));
    CELLS(tree, "reg", 0, start, 0, 0x80000);
    demand(fdt_end_node(tree));
    demand(fdt_end_node(tree));
}

static void put_chosen(void *tree, const char *console, uint32_t archive)
{
    demand(fdt_begin_node(tree, "chosen"));
    demand(fdt_property_string(tree, "bootargs", "console=framed init.run=bin/test"));
    demand(fdt_property_string(tree, "stdout-path", console));
    CELLS(tree, "linux,initrd-start", 0, archive);
    CELLS(tree, "linux,initrd-end", 0, archive + 0x12345);
    CELLS(tree, "rng-seed", 1, 2, 3, 4, 5, 6, 7, 8);
    demand(fdt_end_node(tree));
}

static void put_extensions(void *tree, bool as_list)
{
    static const char list[] = "i\0m\0zba\0unknown\0sstc";
    if (as_list)
        demand(fdt_property(tree, "riscv,isa-extensions", list, sizeof(list)));
    else
        demand(fdt_property_string(tree, "riscv,isa", "rv64imafdch_zicsr_zbs_sstc"));
}

static void put_riscv_cpu(void *tree, uint32_t number, bool as_list)
{
    demand(fdt_begin_node(tree, number == 0 ? "cpu@0" : "cpu@1"));
    demand(fdt_property_string(tree, "device_type", "cpu"));
    CELLS(tree, "reg", number);
    demand(fdt_property_string(tree, "status", "okay"));
    demand(fdt_property_string(tree, "compatible", "riscv"));
    put_extensions(tree, as_list);
    demand(fdt_begin_node(tree, "interrupt-controller"));
    CELLS(tree, "#interrupt-cells", 1);
    demand(fdt_property(tree, "interrupt-controller", "", 0));
    demand(fdt_property_string(tree, "compatible", "riscv,cpu-intc"));
    CELLS(tree, "phandle", CPU_CONTROLLER(number));
    demand(fdt_end_node(tree));
    demand(fdt_end_node(tree));
}

static void put_device(void *tree, const char *name, const char *compatible, uint32_t start)
{
    demand(fdt_begin_node(tree, name));
    demand(fdt_property_string(tree, "compatible", compatible));
    CELLS(tree, "reg", 0, start, 0, 0x1000);
}

static void put_plic(void *tree)
{
    put_device(tree, "plic@c000000", "riscv,plic0", 0xc000000);
    demand(fdt_property(tree, "interrupt-controller", "", 0));
    CELLS(tree, "#interrupt-cells", 1);
    CELLS(tree, "phandle", PLIC);
    CELLS(tree, "riscv,ndev", 95);
    CELLS(tree, "interrupts-extended", CPU_CONTROLLER(0), 11, CPU_CONTROLLER(0), 9,
          CPU_CONTROLLER(1), 11, CPU_CONTROLLER(1), 9);
    demand(fdt_end_node(tree));
}

static void put_riscv_devices(void *tree)
{
    demand(fdt_begin_node(tree, "soc"));
    CELLS(tree, "#address-cells", 2);
    CELLS(tree, "#size-cells", 2);
    CELLS(tree, "ranges", 0, 0, 0, 0, 0, 0x80000000);
    put_device(tree, "serial@10000000", "ns16550a", 0x10000000);
    CELLS(tree, "interrupts", 10);
    CELLS(tree, "interrupt-parent", PLIC);
    demand(fdt_end_node(tree));
    put_device(tree, "serial@20000000", "ns16550a", 0x20000000);
    demand(fdt_property_string(tree, "status", "disabled"));
    demand(fdt_end_node(tree));
    put_device(tree, "test@100000", "sifive,test0", 0x100000);
    demand(fdt_end_node(tree));
    put_plic(tree);
    demand(fdt_end_node(tree));
}

static void make_riscv(void *tree, bool as_list)
{
    begin(tree);
    put_memory(tree, 0x80000000);
    put_reserved(tree, 0x80000000);
    put_chosen(tree, "/soc/serial@10000000:115200", 0x88000000);
    demand(fdt_begin_node(tree, "cpus"));
    CELLS(tree, "#address-cells", 1);
    CELLS(tree, "#size-cells", 0);
    CELLS(tree, "timebase-frequency", 10000000);
    put_riscv_cpu(tree, 0, as_list);
    put_riscv_cpu(tree, 1, as_list);
    demand(fdt_end_node(tree));
    put_riscv_devices(tree);
    finish(tree);
}

void tree_fake_riscv(void *tree)
{
    make_riscv(tree, false);
}

void tree_fake_riscv_list(void *tree)
{
    make_riscv(tree, true);
}

static void put_arm_cpu(void *tree, uint32_t number)
{
    demand(fdt_begin_node(tree, number == 0 ? "cpu@0" : "cpu@1"));
    demand(fdt_property_string(tree, "device_type", "cpu"));
    CELLS(tree, "reg", number);
    demand(fdt_property_string(tree, "enable-method", "psci"));
    demand(fdt_end_node(tree));
}

void tree_fake_arm(void *tree)
{
    begin(tree);
    CELLS(tree, "interrupt-parent", GIC);
    put_memory(tree, 0x40000000);
    put_chosen(tree, "/pl011@9000000", 0x48000000);
    demand(fdt_begin_node(tree, "psci"));
    demand(fdt_property(tree, "compatible", "arm,psci-1.0\0arm,psci-0.2", 26));
    demand(fdt_property_string(tree, "method", "smc"));
    demand(fdt_end_node(tree));
    demand(fdt_begin_node(tree, "cpus"));
    CELLS(tree, "#address-cells", 1);
    CELLS(tree, "#size-cells", 0);
    put_arm_cpu(tree, 0);
    put_arm_cpu(tree, 1);
    demand(fdt_end_node(tree));
    demand(fdt_begin_node(tree, "timer"));
    demand(fdt_property_string(tree, "compatible", "arm,armv8-timer"));
    CELLS(tree, "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
    demand(fdt_end_node(tree));
    put_device(tree, "pl011@9000000", "arm,pl011", 0x9000000);
    CELLS(tree, "interrupts", 0, 1, 4);
    demand(fdt_end_node(tree));
    demand(fdt_begin_node(tree, "intc@8000000"));
    demand(fdt_property_string(tree, "compatible", "arm,gic-v3"));
    demand(fdt_property(tree, "interrupt-controller", "", 0));
    CELLS(tree, "reg", 0, 0x8000000, 0, 0x10000, 0, 0x80a0000, 0, 0xf60000);
    CELLS(tree, "#interrupt-cells", 3);
    CELLS(tree, "phandle", GIC);
    demand(fdt_end_node(tree));
    finish(tree);
}
