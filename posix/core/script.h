/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The first line of an interpreted script (Linux' binfmt_script).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SCRIPT_LINE 256 /* bytes of the file that are looked at */

struct script {
    char interpreter[SCRIPT_LINE];
    char argument[SCRIPT_LINE]; /* all that follows, as one; empty: none */
};

/* False: `bytes` do not begin a script, or its interpreter's name is missing or cut off. */
bool script_parse(const char *bytes, size_t size, struct script *script);
