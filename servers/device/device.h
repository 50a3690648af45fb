/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What the parts of the device server share. */
#pragma once

#include <protocols/start.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <trellis/boot_info.h>

#define DEVICE_NO_LINE UINT32_MAX

struct device {
    const char *driver; /* its program, bin/DRIVER */
    struct start_registers registers;
    uint32_t line;  /* the kernel's number of its interrupt, or DEVICE_NO_LINE */
    uint32_t flags; /* enum interrupt_flag */
};

/* The device of that name ("serial0", "clock0") among the ports of a PC; false if it is not there. */
bool legacy_find_device(const struct boot_info *boot, const char *name, size_t length,
                        struct device *device);

/*
 * The same in a device tree that passed tree_check. "serial0" is the console, if the tree
 * names one; else the devices of a class are numbered in the tree's order.
 */
bool tree_find_device(const void *tree, const char *name, size_t length, struct device *device);
