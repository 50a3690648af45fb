/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Reading a flattened device tree (Devicetree Specification 0.4), for boot/ and for
 * the device server. A node is its offset in the tree, TREE_NONE is no node. Every
 * function but tree_check expects a tree that passed it, and stays inside it whatever
 * the tree says. Nodes whose status is not "okay" are not found.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_NONE (-1)
#define TREE_SIZE_MAX 0x200000

/* How long the tree that begins at `tree` says it is; 0 if no tree begins there.
 * Looks at the header's first bytes only. */
size_t tree_size(const void *tree);
/* Whether all of it is well formed and within `size` bytes. */
bool tree_check(const void *tree, size_t size);

int tree_find(const void *tree, const char *path);
int tree_parent(const void *tree, int node);
int tree_of_phandle(const void *tree, uint32_t phandle);
/* What /chosen names as the console. */
int tree_console(const void *tree);
/* The child of `parent` after `after`; the first for TREE_NONE. */
int tree_next(const void *tree, int parent, int after);
/* The same of all nodes that call themselves `compatible`, or have the property `name`. */
int tree_next_compatible(const void *tree, int after, const char *compatible);
int tree_next_with(const void *tree, int after, const char *name);

/* Entry `index` of the memory that the tree's head says is reserved. */
bool tree_reservation(const void *tree, unsigned index, uint64_t *start, uint64_t *size);

/* The bytes of a property, or NULL. */
const void *tree_bytes(const void *tree, int node, const char *name, size_t *length);
/* One 32-bit cell of a property. */
bool tree_cell(const void *tree, int node, const char *name, unsigned index, uint32_t *value);
/* A property of one or two cells that is a number. */
bool tree_number(const void *tree, int node, const char *name, uint64_t *value);
/* A property that is a string, or NULL. */
const char *tree_text(const void *tree, int node, const char *name);
/* Whether a property that is a list of strings has this one. */
bool tree_lists(const void *tree, int node, const char *name, const char *text);

struct tree_registers {
    uint64_t start, size; /* as the CPU sees them; start + size does not overflow */
};
/* Block `index` of the node's registers. False if it has none, or none the CPU can reach. */
bool tree_registers(const void *tree, int node, unsigned index, struct tree_registers *registers);
/* The interrupt controllers known here; enum boot_interrupts, BOOT_INTERRUPTS_NONE for another node. */
uint32_t tree_controller(const void *tree, int node);

struct tree_interrupt {
    uint32_t line;  /* as the kernel numbers them */
    uint32_t flags; /* INTERRUPT_LEVEL, INTERRUPT_ACTIVE_LOW */
};
/* Interrupt `index` of the node. False if it has none, or at a controller not known here. */
bool tree_interrupt(const void *tree, int node, unsigned index, struct tree_interrupt *interrupt);
