/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The names in /proc and /sys. What Linux has and is not here yet: smaps, pagemap, mem,
 * auxv, io, wchan, stack, ns/, net/, interrupts, and everything of sys/ that can
 * be written; of /sys all but the processors.
 */
#include "node.h"

#define DIRECTORY(permissions) (0040000 | (permissions))
#define FILE(permissions) (0100000 | (permissions))
#define LINK (0120000 | 0777)
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const struct procfs_entry random_entries[] = {
    {"boot_id", FILE(0444), .print = print_boot_id},
    {"entropy_avail", FILE(0444), .print = print_entropy},
    {"poolsize", FILE(0444), .print = print_entropy},
    {"uuid", FILE(0444), .print = print_new_uuid},
    END,
};

static const struct procfs_entry kernel_entries[] = {
    {"domainname", FILE(0444), .print = print_domain_name},
    {"hostname", FILE(0444), .print = print_host_name},
    {"osrelease", FILE(0444), .print = print_release},
    {"ostype", FILE(0444), .print = print_system_name},
    {"pid_max", FILE(0444), .print = print_pid_max},
    {"random", DIRECTORY(0555), .children = random_entries},
    {"version", FILE(0444), .print = print_system_version},
    END,
};

static const struct procfs_entry vm_entries[] = {
    {"max_map_count", FILE(0444), .print = print_map_max},
    {"overcommit_memory", FILE(0444), .print = print_zero},
    {"swappiness", FILE(0444), .print = print_zero},
    END,
};

static const struct procfs_entry fs_entries[] = {
    {"file-max", FILE(0444), .print = print_file_max},
    {"nr_open", FILE(0444), .print = print_file_max},
    END,
};

static const struct procfs_entry sys_entries[] = {
    {"fs", DIRECTORY(0555), .children = fs_entries},
    {"kernel", DIRECTORY(0555), .children = kernel_entries},
    {"vm", DIRECTORY(0555), .children = vm_entries},
    END,
};

static const struct procfs_entry thread_entries[] = {
    {"children", FILE(0444), .print = print_children},
    {"cmdline", FILE(0444), .print = print_command_line},
    {"comm", FILE(0444), .print = print_comm},
    {"stat", FILE(0444), .print = print_stat},
    {"statm", FILE(0444), .print = print_statm},
    {"status", FILE(0444), .print = print_status},
    END,
};

static const struct procfs_entry thread_entry = {"thread", DIRECTORY(0555),
                                                 .children = thread_entries};

static const struct procfs_entry descriptor_entry = {"descriptor", LINK, .link = link_descriptor,
                                                     .is_private = true};

static const struct procfs_entry descriptor_flags_entry = {
    "flags", FILE(0400), .print = print_descriptor_flags, .is_private = true};

static const struct procfs_entry process_entries[] = {
    {"cgroup", FILE(0444), .print = print_cgroup},
    {"cmdline", FILE(0444), .print = print_command_line},
    {"comm", FILE(0444), .print = print_comm},
    {"cwd", LINK, .link = link_directory, .is_private = true},
    {"environ", FILE(0400), .print = print_environment, .is_private = true},
    {"exe", LINK, .link = link_executable, .is_private = true},
    {"fd", DIRECTORY(0500), .numbers = NUMBERS_DESCRIPTORS, .is_private = true},
    {"fdinfo", DIRECTORY(0500), .numbers = NUMBERS_DESCRIPTORS, .is_private = true},
    {"limits", FILE(0444), .print = print_limits},
    {"loginuid", FILE(0444), .print = print_login_uid},
    {"maps", FILE(0444), .print = print_maps, .is_private = true},
    {"mountinfo", FILE(0444), .print = print_mount_information},
    {"mounts", FILE(0444), .print = print_mounts},
    {"oom_adj", FILE(0444), .print = print_zero},
    {"oom_score", FILE(0444), .print = print_zero},
    {"oom_score_adj", FILE(0444), .print = print_zero},
    {"root", LINK, .link = link_root, .is_private = true},
    {"stat", FILE(0444), .print = print_stat},
    {"statm", FILE(0444), .print = print_statm},
    {"status", FILE(0444), .print = print_status},
    {"task", DIRECTORY(0555), .numbers = NUMBERS_THREADS},
    END,
};

static const struct procfs_entry process_entry = {"process", DIRECTORY(0555),
                                                  .children = process_entries};

static const struct procfs_entry root_entries[] = {
    {"cmdline", FILE(0444), .print = print_nothing},
    {"cpuinfo", FILE(0444), .print = print_cpu_information},
    {"devices", FILE(0444), .print = print_devices},
    {"diskstats", FILE(0444), .print = print_nothing},
    {"filesystems", FILE(0444), .print = print_file_systems},
    {"loadavg", FILE(0444), .print = print_load_average},
    {"meminfo", FILE(0444), .print = print_memory_information},
    {"mounts", LINK, .link = link_mounts},
    {"partitions", FILE(0444), .print = print_partitions},
    {"self", LINK, .link = link_self},
    {"stat", FILE(0444), .print = print_machine_stat},
    {"swaps", FILE(0444), .print = print_swaps},
    {"sys", DIRECTORY(0555), .children = sys_entries},
    {"thread-self", LINK, .link = link_thread_self},
    {"uptime", FILE(0444), .print = print_uptime},
    {"version", FILE(0444), .print = print_version},
    {"vmstat", FILE(0444), .print = print_memory_events},
    END,
};

const struct procfs_entry procfs_root_entry = {"proc", DIRECTORY(0555), .children = root_entries,
                                               .numbers = NUMBERS_PROCESSES};

/* All are cores of one package. */
static const struct procfs_entry topology_entries[] = {
    {"core_cpus", FILE(0444), .print = print_cpu_mask},
    {"core_cpus_list", FILE(0444), .print = print_cpu_itself},
    {"core_id", FILE(0444), .print = print_cpu_itself},
    {"core_siblings", FILE(0444), .print = print_cpu_mask_all},
    {"core_siblings_list", FILE(0444), .print = print_cpu_range},
    {"package_cpus", FILE(0444), .print = print_cpu_mask_all},
    {"package_cpus_list", FILE(0444), .print = print_cpu_range},
    {"physical_package_id", FILE(0444), .print = print_zero},
    {"thread_siblings", FILE(0444), .print = print_cpu_mask},
    {"thread_siblings_list", FILE(0444), .print = print_cpu_itself},
    END,
};

static const struct procfs_entry cpu_entries[] = {
    {"topology", DIRECTORY(0555), .children = topology_entries}, END};

static const struct procfs_entry cpu_entry = {"cpu", DIRECTORY(0555), .children = cpu_entries};

static const struct procfs_entry cpus_entries[] = {
    {"isolated", FILE(0444), .print = print_nothing},
    {"kernel_max", FILE(0444), .print = print_cpu_last},
    {"offline", FILE(0444), .print = print_nothing},
    {"online", FILE(0444), .print = print_cpu_range},
    {"possible", FILE(0444), .print = print_cpu_range},
    {"present", FILE(0444), .print = print_cpu_range},
    END,
};

static const struct procfs_entry system_entries[] = {
    {"cpu", DIRECTORY(0555), .children = cpus_entries, .numbers = NUMBERS_CPUS}, END};

static const struct procfs_entry devices_entries[] = {
    {"system", DIRECTORY(0555), .children = system_entries}, END};

static const struct procfs_entry sysfs_entries[] = {
    {"devices", DIRECTORY(0555), .children = devices_entries}, END};

const struct procfs_entry sysfs_root_entry = {"sys", DIRECTORY(0555), .children = sysfs_entries};

const struct procfs_entry *procfs_number_entry(const struct procfs_entry *directory)
{
    switch (directory->numbers) {
    case NUMBERS_PROCESSES:
        return &process_entry;
    case NUMBERS_THREADS:
        return &thread_entry;
    case NUMBERS_CPUS:
        return &cpu_entry;
    case NUMBERS_DESCRIPTORS:
        return directory->name[2] == '\0' ? &descriptor_entry : &descriptor_flags_entry;
    default:
        return NULL;
    }
}
