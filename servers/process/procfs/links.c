/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Links of /proc. Working directory and descriptors are what the library
 * publishes; a root that chroot has changed still shows as "/".
 */
#include <base/errno.h>
#include <base/text.h>
#include <trellis/native.h>

#include "node.h"

static int put(char *target, size_t size, const char *text)
{
    size_t length = strlen(text);

    if (length > size)
        return -LINUX_ENAMETOOLONG;
    memcpy(target, text, length);
    return (int)length;
}

static int put_numbers(char *target, size_t size, uint32_t pid, uint32_t tid)
{
    char text[64];

    if (tid == 0)
        text_format(text, sizeof(text), "%u", pid);
    else
        text_format(text, sizeof(text), "%u/task/%u", pid, tid);
    return put(target, size, text);
}

int link_self(char *target, size_t size, const struct procfs_node *node)
{
    const struct thread *viewer = procfs_viewer();

    (void)node;
    return viewer == NULL ? -LINUX_ENOENT : put_numbers(target, size, viewer->process->pid, 0);
}

int link_thread_self(char *target, size_t size, const struct procfs_node *node)
{
    const struct thread *viewer = procfs_viewer();

    (void)node;
    return viewer == NULL ? -LINUX_ENOENT
                          : put_numbers(target, size, viewer->process->pid, viewer->tid);
}

int link_mounts(char *target, size_t size, const struct procfs_node *node)
{
    (void)node;
    return put(target, size, "self/mounts");
}

int link_executable(char *target, size_t size, const struct procfs_node *node)
{
    const struct process *process = procfs_process(node);

    if (process == NULL || process->path == NULL || process->kernel == NULL)
        return -LINUX_ENOENT;
    return put(target, size, process->path);
}

int link_root(char *target, size_t size, const struct procfs_node *node)
{
    (void)node;
    return put(target, size, "/");
}

int link_directory(char *target, size_t size, const struct procfs_node *node)
{
    const struct process *process = procfs_process(node);

    if (process == NULL || process->kernel == NULL || process->signals->layout.cwd_path == 0)
        return -LINUX_ENOENT;
    int64_t got = native_process_read(process->kernel->process, process->signals->layout.cwd_path,
                                      target, size);
    if (got <= 0)
        return -LINUX_ENOENT;
    size_t length = strnlen(target, (size_t)got);
    return length == (size_t)got ? -LINUX_ENAMETOOLONG : (int)length;
}

bool procfs_read_descriptor(const struct process *process, uint32_t number,
                            struct process_descriptor *descriptor)
{
    const struct process_layout *layout = &process->signals->layout;

    if (process->kernel == NULL || layout->descriptors == 0 || number >= layout->descriptor_count)
        return false;
    int64_t got = native_process_read(process->kernel->process,
                                      layout->descriptors + number * sizeof(*descriptor),
                                      descriptor, sizeof(*descriptor));
    descriptor->name[PROCESS_DESCRIPTOR_NAME - 1] = '\0';
    return got == sizeof(*descriptor) && descriptor->name[0] != '\0';
}

int link_descriptor(char *target, size_t size, const struct procfs_node *node)
{
    const struct process *process = procfs_process(node);
    struct process_descriptor descriptor;

    if (process == NULL || !procfs_read_descriptor(process, node->number, &descriptor))
        return -LINUX_ENOENT;
    return put(target, size, descriptor.name);
}

void print_descriptor_flags(struct output *output, const struct procfs_node *node)
{
    struct process_descriptor descriptor;

    if (procfs_read_descriptor(procfs_process(node), node->number, &descriptor))
        output_add(output, "pos:\t0\nflags:\t0%o\nmnt_id:\t1\n", descriptor.flags);
}
