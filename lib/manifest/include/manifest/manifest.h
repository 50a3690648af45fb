/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The manifest: which services run, what each may hold and whom it may call.
 *
 * A text of lines. `#` begins a comment, blank lines and indentation mean
 * nothing. `service NAME` begins a service; the lines below it say about it:
 *
 *   program PATH               file in the boot archive; may be left out with a device,
 *                              whose driver it then is
 *   arguments TEXT             handed over as it stands
 *   priority LEVEL             idle, batch, normal (the default), server, driver
 *   limit WHAT NUMBER          of its account: pages, handles, threads, processes
 *   holds RESOURCE...          machine resources by name (enum manifest_resource)
 *   device NAME                a device's registers and interrupt
 *   endpoint                   it is called: has an endpoint that outlives it
 *   ledger BYTES               memory that outlives it
 *   calls SERVICE [badge N]    a session with it; without N the badge is the caller's number
 *   ring NAME BYTES            one side of a ring; exactly two services name it
 *   needs SERVICE...           is started after them, as after those it calls
 *   restart never|always|critical  after its end: leave it, start it again, stop the machine
 *   restart always N in S      give it up when it ends N times within S seconds
 *   restart always N in S else stop   and then stop the machine
 *
 * Numbers may end in K or M. Everything is checked before anything runs: names
 * that do not exist, calls in a circle, rings with one end, what stands twice.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protocols/start.h>
#include <trellis/structures.h>

#define MANIFEST_SERVICES 32
#define MANIFEST_CALLS 12
#define MANIFEST_RINGS 4
#define MANIFEST_PATH 64
#define MANIFEST_MESSAGE 128
#define MANIFEST_RESTARTS 16 /* the most ends that are counted */
#define MANIFEST_DEFAULT_RESTARTS 5
#define MANIFEST_DEFAULT_WINDOW_S 10

/* X(NAME, name, meaning): what `holds` can name. */
#define MANIFEST_RESOURCES(X)                                                                      \
    X(ARCHIVE, archive, "memory: the boot archive, read and execute")                              \
    X(BOOT_INFO, boot_info, "memory: struct boot_info, read")                                      \
    X(IOPORTS, ioports, "ioport: every port")                                                      \
    X(IOSPACE, iospace, "iospace: physical memory that is not RAM")                                \
    X(INTERRUPTS, interrupts, "iospace: from which interrupts are made")                           \
    X(SET_TIME, set_time, "its \"time\" handle may be written: real time is its to set")           \
    X(LOG, log, "memory: struct log_memory, read")                                                 \
    X(MACHINE, machine, "account: the root account, to inspect the machine as a whole")            \
    X(IDENTITIES, identities, "it may set the identity words of threads in processes it makes")    \
    X(RESERVE, reserve, "its \"account\" may make budgets: processor time before all others")

enum manifest_resource {
#define X(NAME, name, meaning) MANIFEST_##NAME,
    MANIFEST_RESOURCES(X)
#undef X
        MANIFEST_RESOURCE_COUNT
};

enum manifest_restart { MANIFEST_NEVER, MANIFEST_ALWAYS, MANIFEST_CRITICAL };

struct manifest_call {
    uint32_t service; /* index of the service that is called */
    uint64_t badge;
};

struct manifest_ring {
    char name[START_NAME];
    uint64_t size;
    unsigned line;
};

struct manifest_service {
    char name[START_NAME];
    char program[MANIFEST_PATH]; /* empty: the device's driver */
    char arguments[START_ARGUMENTS];
    char device[START_NAME]; /* empty: none */
    uint32_t priority;
    struct account_limits limits; /* UINT64_MAX: no limit of its own */
    uint32_t resources;           /* bits 1 << enum manifest_resource */
    uint64_t ledger_size;         /* 0: none */
    bool endpoint;
    enum manifest_restart restart;
    uint32_t restart_count, restart_window_s; /* given up when it ended so often in so long */
    bool stop_if_given_up;                    /* the machine */
    uint32_t needs;                           /* bit per service: started before */
    unsigned call_count, ring_count;
    struct manifest_call calls[MANIFEST_CALLS];
    struct manifest_ring rings[MANIFEST_RINGS];
    unsigned line; /* where it begins */
};

struct manifest {
    unsigned count;
    struct manifest_service services[MANIFEST_SERVICES];
    unsigned order[MANIFEST_SERVICES]; /* indices, each after those it needs */
};

struct manifest_error {
    unsigned line;
    char message[MANIFEST_MESSAGE];
};

/* False, with what is wrong and where, if the text is not a manifest. */
bool manifest_parse(const char *text, size_t length, struct manifest *manifest,
                    struct manifest_error *error);

/* The names of resources, as `holds` and the start block have them. */
const char *manifest_resource_name(enum manifest_resource resource);
