/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The parts of a trace line: what trace_format.c, trace_structures.c and trace_lists.c
 * share. What cannot be read of the program's memory is shown as an address.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <posix/trace.h>

/* One argument of a call that has returned. */
struct trace_argument {
    const struct argument_shape *shape;
    const uint64_t *all; /* the call's arguments */
    unsigned index;
    int64_t result;
};

static inline uint64_t trace_value(const struct trace_argument *argument, unsigned further)
{
    return argument->all[argument->index + further];
}

void trace_add_pointer(struct trace_line *line, uint64_t address);
/* Bytes as C writes them, from Trellis' or the program's memory; of the latter at most 32. */
void trace_add_bytes(struct trace_line *line, const char *bytes, size_t size);
void trace_add_buffer(struct trace_line *line, uint64_t address, uint64_t size);
/* Below the mask one of the names, above it any number of them. */
void trace_add_flags(struct trace_line *line, const struct flag_name *names, uint32_t mask,
                     uint32_t value);
/* S_IFREG|0644 */
void trace_add_mode(struct trace_line *line, uint32_t mode);
void trace_add_poll_bits(struct trace_line *line, const char *prefix, uint32_t events);
/* One structure of the kinds from ARGUMENT_WORD on. */
void trace_add_structure(struct trace_line *line, enum argument_kind kind, uint64_t address);
/* Kinds whose length another argument or the result tells. False: another kind. */
bool trace_add_list(struct trace_line *line, const struct trace_argument *argument);
/* The name of a signal without SIG, NULL for those that have none. */
const char *trace_signal_name(int number);
