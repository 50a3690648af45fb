/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Reading and writing files by their operations.
 */
#pragma once

#include "sorts.h"

/* With access mode, range and length checked. */
int64_t file_read(struct task *task, struct file *file, const struct transfer *transfer);
int64_t file_write(struct task *task, struct file *file, const struct transfer *transfer);

/* An array of struct linux_iovec in the program's memory. */
struct vectors {
    uint64_t address, count;
    uint64_t total; /* bytes, when it was looked at */
};

/* -EINVAL for too many or too long ones, -EFAULT. */
int vectors_begin(struct vectors *vectors, uint64_t address, uint64_t count);
int vectors_get(const struct vectors *vectors, uint64_t index, struct linux_iovec *vector);
/* At most `size` bytes from, or to, what they name. How many, or -EFAULT. */
int64_t vectors_gather(const struct vectors *vectors, void *to, size_t size);
int64_t vectors_scatter(const struct vectors *vectors, void *from, size_t size);

struct vector_request {
    int fd;
    uint64_t address, count;
    bool positioned;
    uint64_t offset;
    int64_t (*operation)(struct task *task, struct file *file, const struct transfer *transfer);
};
