/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What init gives a service at its start.
 *
 * A service's first thread begins at its ELF entry with the address of a
 * struct start_block as argument, mapped read-only. Handles are found by name.
 * Every service has:
 *   self      process: itself
 *   account   account: what it may use
 *   time      memory: struct time_page, read
 * and, as its manifest entry says:
 *   endpoint  endpoint: where it receives; outlives it
 *   ledger    memory: state that outlives it (zeroes at the first start)
 *   NAME      session: with the service NAME it may call
 *   others    as `holds` lines name them (archive, boot_info, ioports ...)
 */
#pragma once

#include <stdint.h>

#include <trellis/object.h>

#define START_NAME 24
#define START_HANDLES 24
#define START_ARGUMENTS 512

struct start_handle {
    char name[START_NAME]; /* NUL-terminated */
    handle_t handle;
};

struct start_block {
    uint64_t size;         /* of this structure */
    uint32_t instance;     /* 0 at the first start, 1 after the first restart ... */
    uint32_t handle_count;
    char name[START_NAME]; /* the service's, NUL-terminated */
    struct start_handle handles[START_HANDLES];
    char arguments[START_ARGUMENTS]; /* the manifest's argument line, NUL-terminated */
};
