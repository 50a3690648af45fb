/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The strings and the start block of the first program. No native calls.
 */
#pragma once

#include <stdbool.h>

#include <protocols/posix_start.h>

#include "start.h"

/* Arguments, then environment, each with its NUL. */
struct start_strings {
    char *arguments; /* allocated; also the environment's beginning behind them */
    size_t size;
    uint32_t argument_count, environment_count;
};

/* Checked and copied; false: malformed, or no memory. */
bool start_strings_take(struct start_strings *strings, const struct start_request *request);
void start_strings_release(struct start_strings *strings);
/* The value of NAME, or NULL. */
const char *start_strings_environment(const struct start_strings *strings, const char *name);

struct script_line {
    char *interpreter;
    char *argument; /* NULL: none */
};
/* `head` is NUL-terminated, begins with #! and is cut into pieces. False: no interpreter in it. */
bool start_parse_script(char *head, struct script_line *line);
/* argv[0] becomes interpreter, argument and the script's path. False: no memory. */
bool start_strings_interpose(struct start_strings *strings, const struct script_line *line,
                             const char *path);

bool start_has_terminal(const struct tty_message *message);
/* Number, kind and flags of one of descriptors 0, 1 and 2. */
void start_describe(struct posix_start_descriptor *descriptor, int number, uint8_t kind);

struct start_block_builder {
    struct posix_start *start; /* allocated, the whole block */
    struct posix_start_descriptor *descriptors;
    size_t size; /* of the block, in whole pages */
};
/* Everything but handles. False: no memory. */
bool start_block_build(struct start_block_builder *builder, const struct start_strings *strings,
                       const char *path);
void start_block_release(struct start_block_builder *builder);
