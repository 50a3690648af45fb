/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What boot/ found out about the machine and hands to the kernel, which hands
 * the same page, read-only, to init and the device server.
 */
#pragma once

#include <stdint.h>
#include <trellis/processor.h>

#define BOOT_INFO_MAGIC UINT64_C(0x6f6e66495f6c6c54) /* "Tll_Info" */
#define BOOT_MEMORY_RANGES 64
#define BOOT_COMMAND_LINE 1024
#define BOOT_CPUS 64
#define BOOT_NODES 8
#define BOOT_INTERRUPT_OVERRIDES 16

enum boot_memory_kind {
    BOOT_MEMORY_FREE = 1,     /* the kernel's to use */
    BOOT_MEMORY_RESERVED = 2, /* firmware, devices, unknown */
    BOOT_MEMORY_KERNEL = 3,   /* the kernel image and what boot/ left in use */
    BOOT_MEMORY_ARCHIVE = 4,  /* the boot archive */
    BOOT_MEMORY_TABLES = 5,   /* ACPI tables, device tree: kept readable */
};

/* Physical [start, end), page aligned, sorted by start, no two overlap. */
struct boot_memory {
    uint64_t start;
    uint64_t end;
    uint32_t kind; /* enum boot_memory_kind */
    uint32_t node; /* NUMA node; below boot_info.node_count */
};

/* An interrupt source that is not wired one to one (ACPI MADT type 2). */
struct boot_interrupt_override {
    uint32_t source; /* legacy line */
    uint32_t line;   /* global interrupt it arrives at */
    uint32_t flags;  /* bit 0: active low, bit 1: level triggered */
    uint32_t unused;
};

/* The machine's interrupt controller. */
enum boot_interrupts {
    BOOT_INTERRUPTS_NONE = 0,
    BOOT_INTERRUPTS_APIC = 1,
    BOOT_INTERRUPTS_GIC2 = 2,
    BOOT_INTERRUPTS_GIC3 = 3,
    BOOT_INTERRUPTS_PLIC = 4,
};

/* How CPUs are started and the machine is turned off, where firmware does it. */
enum boot_firmware {
    BOOT_FIRMWARE_NONE = 0,
    BOOT_FIRMWARE_PSCI_HVC = 1,
    BOOT_FIRMWARE_PSCI_SMC = 2,
    BOOT_FIRMWARE_SBI = 3,
};

/*
 * Addresses are physical; 0 where the machine has no such thing. What is called x86
 * is 0 elsewhere. The controller's two parts are, by `interrupts`:
 *     APIC     local: each CPU's APIC           shared: the IOAPIC
 *     GIC2     local: the CPU interface         shared: the distributor
 *     GIC3     local: the redistributors        shared: the distributor
 *     PLIC     local: nothing                   shared: the PLIC
 */
struct boot_info {
    uint64_t magic;
    uint64_t kernel_start, kernel_end;
    uint64_t archive_start, archive_end; /* the newc archive, start page aligned */
    uint64_t acpi_root;                  /* the RSDP */
    uint64_t device_tree, device_tree_size;
    uint64_t local_interrupts, local_interrupts_size;
    uint64_t shared_interrupts, shared_interrupts_size;
    uint64_t shared_interrupts_base; /* x86: its first global interrupt */
    uint64_t timer_port;             /* x86: ACPI power-management timer port */
    uint64_t power_port;             /* x86: PM1a control port */
    uint64_t timer_frequency;        /* ticks a second; 0: the CPU says, or it is measured */
    uint64_t power_registers;        /* a register that ends the machine with an exit status */
    uint64_t console_registers;      /* the UART of the early console, where firmware has none */
    uint64_t entropy[8];             /* from the machine's generator; zero where it has none */
    uint32_t entropy_bytes;          /* how many of them are real */
    uint32_t interrupts;             /* enum boot_interrupts */
    uint32_t interrupt_lines;        /* the last of the PLIC's */
    uint32_t firmware;               /* enum boot_firmware */
    uint32_t timer_line;             /* the interrupt of the timer, where it is a line */
    uint32_t timer_compares;         /* RISC-V: the timer is set by a register of the CPU (Sstc) */
    uint32_t cpu_count;
    uint32_t override_count;
    uint32_t memory_count;
    uint32_t node_count; /* NUMA nodes; at least 1 */
    uint8_t
        nearest[BOOT_NODES * BOOT_NODES]; /* a row for each: all nodes, itself first, by distance */
    uint8_t cpu_nodes[BOOT_CPUS];         /* as in cpu_ids */
    uint64_t processor[PROCESSOR_WORDS];  /* what the CPUs are: trellis/processor.h */
    uint64_t cpu_ids[BOOT_CPUS];          /* hardware ids; the first is the boot CPU */
    uint32_t cpu_contexts[BOOT_CPUS];     /* which of the PLIC's contexts is this CPU's */
    struct boot_interrupt_override overrides[BOOT_INTERRUPT_OVERRIDES];
    struct boot_memory memory[BOOT_MEMORY_RANGES];
    char command_line[BOOT_COMMAND_LINE]; /* NUL-terminated */
};
