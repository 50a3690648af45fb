/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The trees of /proc and /sys. Nothing of them is stored: a node is made when a walk
 * comes to it, and says which entry of which table it is, and of which process.
 */
#pragma once

#include <vfs/walk.h>

#include "output.h"
#include "table.h"

struct procfs_node;

#define PROCFS_DEPTH 7 /* the deepest is sys/devices/system/cpu/cpu0/topology/core_id */

/* What numbers stand below a directory beside its table. */
enum procfs_numbers {
    NUMBERS_NONE,
    NUMBERS_PROCESSES,
    NUMBERS_THREADS,
    NUMBERS_DESCRIPTORS,
    NUMBERS_CPUS, /* behind "cpu" */
};

/*
 * One name. Files have `print`, links `link` (the target's length, or negative:
 * a Linux errno), directories a table of entries that ends with a NULL name.
 */
struct procfs_entry {
    const char *name;
    uint32_t mode; /* type and permissions */
    void (*print)(struct output *output, const struct procfs_node *node);
    int (*link)(char *target, size_t size, const struct procfs_node *node);
    const struct procfs_entry *children;
    enum procfs_numbers numbers;
    bool is_private; /* for those who may inspect the process only */
};

struct procfs_node {
    struct vfs_node vfs;                           /* first */
    const struct procfs_entry *path[PROCFS_DEPTH]; /* from the root to the node's own */
    unsigned depth;                                /* of its own entry in path */
    uint32_t pid, tid;                             /* 0: not below a process, a thread */
    uint32_t number;                               /* descriptor, CPU */
};

static inline const struct procfs_entry *procfs_entry_of(const struct procfs_node *node)
{
    return node->path[node->depth];
}

static inline struct procfs_node *procfs_node_of(struct vfs_node *node)
{
    return (struct procfs_node *)node;
}

extern const struct vfs_operations procfs_operations;
extern const struct procfs_entry procfs_root_entry, sysfs_root_entry;

/* What a number in this directory stands for; NULL: nothing. */
const struct procfs_entry *procfs_number_entry(const struct procfs_entry *directory);

void procfs_root(struct procfs_node *node, const struct procfs_entry *root);
/* Bring mode and owner up to date. ENOENT: its process is gone. */
fs_error_t procfs_refresh(struct procfs_node *node);
uint64_t procfs_node_number(const struct procfs_node *node);
/* Where it is, from the root and without a slash in front; the length. */
size_t procfs_path(const struct procfs_node *node, char *text, size_t size);
/* The living or dead process it belongs to; NULL: gone, or none. */
struct process *procfs_process(const struct procfs_node *node);
struct thread *procfs_thread(const struct procfs_node *node);
/* May the process that asks see what is private of the node's? */
bool procfs_may_inspect(const struct procfs_node *node);

/* Who asks, for `self` and for permissions; set before each request. */
void procfs_set_viewer(struct thread *viewer);
struct thread *procfs_viewer(void);

/* The name after cookie `at`, with *next the cookie behind it; false at the end. */
struct procfs_name {
    char text[32];
    uint8_t type; /* DT_* */
    uint64_t node, next;
};
bool procfs_next_name(const struct procfs_node *directory, uint64_t at, struct procfs_name *name);

/* The tables' files: process_text.c, memory_text.c, system_text.c, cpu_text.c, links.c. */
void print_stat(struct output *output, const struct procfs_node *node);
void print_status(struct output *output, const struct procfs_node *node);
void print_statm(struct output *output, const struct procfs_node *node);
void print_comm(struct output *output, const struct procfs_node *node);
void print_limits(struct output *output, const struct procfs_node *node);
void print_zero(struct output *output, const struct procfs_node *node);
void print_children(struct output *output, const struct procfs_node *node);
void print_cgroup(struct output *output, const struct procfs_node *node);
void print_login_uid(struct output *output, const struct procfs_node *node);
void print_descriptor_flags(struct output *output, const struct procfs_node *node);
void print_command_line(struct output *output, const struct procfs_node *node);
void print_environment(struct output *output, const struct procfs_node *node);
void print_maps(struct output *output, const struct procfs_node *node);
void print_mounts(struct output *output, const struct procfs_node *node);
void print_mount_information(struct output *output, const struct procfs_node *node);
void print_cpu_information(struct output *output, const struct procfs_node *node);
void print_cpu_range(struct output *output, const struct procfs_node *node);
void print_cpu_last(struct output *output, const struct procfs_node *node);
void print_cpu_itself(struct output *output, const struct procfs_node *node);
void print_cpu_mask(struct output *output, const struct procfs_node *node);
void print_cpu_mask_all(struct output *output, const struct procfs_node *node);
void print_memory_information(struct output *output, const struct procfs_node *node);
void print_uptime(struct output *output, const struct procfs_node *node);
void print_machine_stat(struct output *output, const struct procfs_node *node);
void print_memory_events(struct output *output, const struct procfs_node *node);
void print_load_average(struct output *output, const struct procfs_node *node);
void print_version(struct output *output, const struct procfs_node *node);
void print_file_systems(struct output *output, const struct procfs_node *node);
void print_nothing(struct output *output, const struct procfs_node *node);
void print_swaps(struct output *output, const struct procfs_node *node);
void print_partitions(struct output *output, const struct procfs_node *node);
void print_devices(struct output *output, const struct procfs_node *node);
void print_host_name(struct output *output, const struct procfs_node *node);
void print_domain_name(struct output *output, const struct procfs_node *node);
void print_system_name(struct output *output, const struct procfs_node *node);
void print_release(struct output *output, const struct procfs_node *node);
void print_system_version(struct output *output, const struct procfs_node *node);
void print_pid_max(struct output *output, const struct procfs_node *node);
void print_file_max(struct output *output, const struct procfs_node *node);
void print_map_max(struct output *output, const struct procfs_node *node);
void print_boot_id(struct output *output, const struct procfs_node *node);
void print_new_uuid(struct output *output, const struct procfs_node *node);
void print_entropy(struct output *output, const struct procfs_node *node);

int link_self(char *target, size_t size, const struct procfs_node *node);
int link_thread_self(char *target, size_t size, const struct procfs_node *node);
int link_mounts(char *target, size_t size, const struct procfs_node *node);
int link_executable(char *target, size_t size, const struct procfs_node *node);
int link_directory(char *target, size_t size, const struct procfs_node *node);
int link_root(char *target, size_t size, const struct procfs_node *node);
int link_descriptor(char *target, size_t size, const struct procfs_node *node);

/* The bytes of what a process, which must be alive, has mapped, by what it serves. */
struct memory_use {
    uint64_t data, stack, program, libraries;
};
void procfs_measure_memory(const struct process *process, struct memory_use *use);

/* Whether a descriptor is open, as the library publishes it; `name` its target. */
struct process_descriptor;
bool procfs_read_descriptor(const struct process *process, uint32_t number,
                            struct process_descriptor *descriptor);
