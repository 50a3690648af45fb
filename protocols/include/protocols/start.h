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
 *   registers, interrupt    of its device; `registers` below says what the first is
 *   RING.mine, RING.theirs, RING.event, RING.peer    a ring (ring/ring.h)
 */
#pragma once

#include <stdint.h>

#include <trellis/arch/registers.h>
#include <trellis/object.h>

#define START_NAME 24
#define START_HANDLES 32
#define START_ARGUMENTS 512

/* The badge of init's own sessions; every other caller has one above it. */
#define START_INIT_BADGE 0

enum start_registers_kind {
    START_REGISTERS_NONE = 0,
    START_REGISTERS_PORTS = 1,  /* handle: ioport; first: its first port */
    START_REGISTERS_MEMORY = 2, /* handle: memory; first: its physical address */
};

struct start_registers {
    uint32_t kind; /* enum start_registers_kind */
    uint32_t unused;
    uint64_t first, count;
};

struct start_handle {
    char name[START_NAME]; /* NUL-terminated */
    handle_t handle;
};

struct start_block {
    uint64_t size;     /* of this structure */
    uint32_t instance; /* 0 at the first start, 1 after the first restart ... */
    uint32_t handle_count;
    char name[START_NAME];            /* the service's, NUL-terminated */
    struct start_registers registers; /* of the service's device */
    struct start_handle handles[START_HANDLES];
    struct frame_registers predecessor; /* of the last instance's thread at its end; or zeroes */
    char arguments[START_ARGUMENTS];    /* the manifest's argument line, NUL-terminated */
};
