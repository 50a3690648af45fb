/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The descriptor table from within.
 */
#pragma once

#include <list/list.h>
#include <posix/file.h>
#include <protocols/process.h>

struct descriptor {
    struct file *file; /* a reference; NULL: free */
    bool close_on_exec;
};

struct file_table {
    uint32_t references; /* atomic */
    struct list_node all_link;
    struct lock lock;         /* guards what follows */
    size_t size, lowest_free; /* no number below lowest_free is free */
    struct descriptor *entries;
    struct process_descriptor *shown;
};

/* Put a file at exactly `install->from`, closing what is there. The number, -EBADF or -ENOMEM. */
int file_replace(struct task *task, const struct file_install *install);
/* FD_CLOEXEC or 0, after setting it if `close_on_exec` is not NULL; -EBADF. */
int file_descriptor_flags(struct task *task, int fd, const bool *close_on_exec);
/* All numbers in use are below. */
size_t file_table_size(struct task *task);
/* Whether this library has no other table: nobody else can hold these files. */
bool file_table_is_alone(void);
