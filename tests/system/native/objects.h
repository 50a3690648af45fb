/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * One object of each type, for tests that go through all calls.
 */
#pragma once

#include <stdint.h>

#include <trellis/object.h>

#include "threads.h"

/* A page of the process among the objects that is mapped there, readable and writable. */
#define OBJECTS_PAGE UINT64_C(0x10000000)
#define OBJECTS_PORT 0x80 /* a port that does nothing, where there are ports */
#define OBJECTS_BYTES 64  /* in the stream */

struct test_objects {
    handle_t by_type[OBJECT_TYPE_COUNT]; /* HANDLE_NONE: not on this machine */
    handle_t write_end;                  /* of the stream, whose other end is by_type's */
    struct test_child process;           /* has a suspended thread */
    struct test_thread client;           /* waits for the reply */
};

/* The first page of the memory and that of the process are resident already. `machine`:
 * with an interrupt, ports and the I/O space, where the machine has them. */
void test_objects_make(struct test_objects *objects, bool machine);
void test_objects_close(struct test_objects *objects);
/* One of a type in the mask, which has these rights; HANDLE_NONE if there is none. */
handle_t test_objects_find(const struct test_objects *objects, uint32_t types, uint32_t rights);
