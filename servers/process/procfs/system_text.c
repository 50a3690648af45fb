/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What /proc says of the whole machine, in Linux' formats. */
#include <base/random.h>
#include <base/text.h>
#include <trellis/native.h>

#include "host_name.h"
#include "mounts.h"
#include "node.h"
#include "server.h"
#include "totals.h"

#define TICK_NS UINT64_C(10000000)
#define NS_PER_S UINT64_C(1000000000)
#define PAGE_KIB 4
#define FILE_MAX 1048576

void print_nothing(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "\n");
}

void print_mounts(struct output *output, const struct procfs_node *node)
{
    (void)node;
    for (unsigned i = 0; i < MOUNT_COUNT; i++) {
        const struct mount *mount = &mounts_list()[i];
        output_add(output, "%s %s %s %s 0 0\n", mount->source, mount->directory, mount->type,
                   mount->options);
    }
}

void print_mount_information(struct output *output, const struct procfs_node *node)
{
    (void)node;
    for (unsigned i = 0; i < MOUNT_COUNT; i++) {
        const struct mount *mount = &mounts_list()[i];
        output_add(output, "%u %u 0:%u / %s %s - %s %s rw\n", mount->number,
                   mount->parent == 0 ? mount->number : mount->parent, mount->number,
                   mount->directory, mount->options, mount->type, mount->source);
    }
}

void print_memory_information(struct output *output, const struct procfs_node *node)
{
    struct machine_information machine = {0};

    (void)node;
    (void)native_machine_inspect(server.machine, &machine);
    uint64_t total = machine.pages_total * PAGE_KIB;
    uint64_t unused = machine.pages_free * PAGE_KIB;
    output_add(output, "MemTotal:       %8lu kB\nMemFree:        %8lu kB\n", total, unused);
    output_add(output, "MemAvailable:   %8lu kB\n", unused);
    static const char *const zeroes[] = {
        "Buffers:",   "Cached:",   "SwapCached:", "Active:",      "Inactive:",
        "SwapTotal:", "SwapFree:", "Dirty:",      "Writeback:",   "AnonPages:",
        "Mapped:",    "Shmem:",    "Slab:",       "SReclaimable:"};
    for (unsigned i = 0; i < sizeof(zeroes) / sizeof(zeroes[0]); i++)
        output_add(output, "%-16s%8u kB\n", zeroes[i], 0);
}

void print_uptime(struct output *output, const struct procfs_node *node)
{
    uint64_t uptime_ns = server_clock_ns();
    struct cpu_times times;

    (void)node;
    totals_of_cpus(&times);
    output_add(output, "%lu.%02lu %lu.%02lu\n", uptime_ns / NS_PER_S, uptime_ns / TICK_NS % 100,
               times.idle_ns / NS_PER_S, times.idle_ns / TICK_NS % 100);
}

static void add_times(struct output *output, const struct cpu_times *times)
{
    output_add(output, " %lu 0 %lu %lu 0 0 0 0 0 0\n", times->user_ns / TICK_NS,
               times->system_ns / TICK_NS, times->idle_ns / TICK_NS);
}

void print_machine_stat(struct output *output, const struct procfs_node *node)
{
    struct cpu_times all, one;
    struct process_totals totals;
    uint64_t count = totals_cpu_count();

    (void)node;
    totals_of_cpus(&all);
    totals_get(&totals);
    output_add(output, "cpu ");
    add_times(output, &all);
    for (uint32_t cpu = 0; cpu < count; cpu++) {
        totals_of_cpu(cpu, &one);
        output_add(output, "cpu%u", cpu);
        add_times(output, &one);
    }
    output_add(output, "intr %lu\nctxt %lu\nbtime %ld\n", all.interrupts, all.switches,
               totals_boot_time_s());
    output_add(output, "processes %u\nprocs_running %lu\nprocs_blocked 0\n", table_last_number(),
               totals.running);
}

/* There is no disk and no swap: nothing is ever moved between them and memory. */
void print_memory_events(struct output *output, const struct procfs_node *node)
{
    struct process_totals totals;

    (void)node;
    totals_get(&totals);
    output_add(output, "nr_free_pages %lu\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n",
               totals.pages_free);
}

void print_load_average(struct output *output, const struct procfs_node *node)
{
    struct process_totals totals;

    (void)node;
    totals_get(&totals);
    for (unsigned i = 0; i < 3; i++)
        output_add(output, "%lu.%02lu ", totals.load[i] >> 16,
                   (totals.load[i] & 0xffff) * 100 >> 16);
    output_add(output, "%lu/%lu %u\n", totals.running, totals.threads, table_last_number());
}

void print_version(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "%s version %s (trellis) %s\n", PROCESS_SYSTEM, PROCESS_RELEASE,
               PROCESS_VERSION);
}

void print_file_systems(struct output *output, const struct procfs_node *node)
{
    (void)node;
    for (unsigned i = 0; i < MOUNT_COUNT; i++)
        output_add(output, "nodev\t%s\n", mounts_list()[i].type);
}

void print_swaps(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
}

void print_partitions(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "major minor  #blocks  name\n\n");
}

void print_devices(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n"
                       "  5 /dev/ptmx\n136 pts\n\nBlock devices:\n");
}

void print_host_name(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "%s\n", host_name_get(HOST_NAME));
}

void print_domain_name(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "%s\n", host_name_get(DOMAIN_NAME));
}

void print_system_name(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "%s\n", PROCESS_SYSTEM);
}

void print_release(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "%s\n", PROCESS_RELEASE);
}

void print_system_version(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "%s\n", PROCESS_VERSION);
}

void print_pid_max(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "%u\n", PID_MAX);
}

void print_file_max(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "%u\n", FILE_MAX);
}

void print_map_max(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "65530\n");
}

void print_entropy(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "256\n");
}

/* RFC 4122, version 4. */
static void add_uuid(struct output *output, uint8_t bytes[16])
{
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (unsigned i = 0; i < 16; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;
        output_add(output, "%s%02x", dash ? "-" : "", bytes[i]);
    }
    output_add(output, "\n");
}

void print_new_uuid(struct output *output, const struct procfs_node *node)
{
    uint8_t bytes[16];

    (void)node;
    random_fill(&server_random, bytes, sizeof(bytes));
    add_uuid(output, bytes);
}

void print_boot_id(struct output *output, const struct procfs_node *node)
{
    static uint8_t bytes[16];
    static bool made;

    (void)node;
    if (!made)
        random_fill(&server_random, bytes, sizeof(bytes));
    made = true;
    add_uuid(output, bytes);
}
