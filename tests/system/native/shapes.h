/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What every native call takes, as a table made from abi/calls.toml.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <trellis/status.h>

#define SHAPE_ARGUMENTS 6

enum shape_kind {
    SHAPE_HANDLE,    /* resolved before the call is begun */
    SHAPE_TOKEN,     /* any handle, resolved by the call itself */
    SHAPE_IN,        /* a structure read */
    SHAPE_OUT,       /* a structure written */
    SHAPE_BYTES_IN,  /* bytes read */
    SHAPE_BYTES_OUT, /* bytes written */
    SHAPE_ARRAY,     /* elements read and written */
    SHAPE_VALUE,     /* a number */
};

struct shape_argument {
    enum shape_kind kind;
    uint32_t types;    /* mask of enum object_type */
    uint32_t rights;   /* all needed */
    bool optional;     /* HANDLE_NONE may be */
    uint64_t size;     /* of the structure, the element, the number */
    uint64_t defined;  /* bits of a number */
    int length;        /* position of the argument with a buffer's length, or -1 */
    enum status great; /* of a number that is too great; STATUS_OK: none is */
};

struct shape {
    const char *name;
    bool raw; /* a message call */
    unsigned count;
    struct shape_argument arguments[SHAPE_ARGUMENTS];
};

/* The number of shapes[i] is NATIVE_CALL_BASE + i. */
extern const struct shape shapes[];
extern const unsigned shape_count;
