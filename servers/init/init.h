/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the parts of init share.
 *
 * init.c      reads the archive and the manifest, starts all services
 * create.c    makes a service's process, with what the manifest gives it
 * rings.c     the memory and events that joined pairs of services share
 * supervise.c waits for ends and starts again, as restart.c says
 * inject.c    init.kill=... and init.crash=...: ends of services on purpose
 * single.c    init.run=PROGRAM: one test program instead of the system
 */
#pragma once

#include <loader/load.h>
#include <manifest/manifest.h>
#include <trellis/boot_info.h>
#include <trellis/status.h>
#include <trellis/structures.h>

#include "restart.h"

/* A service of the manifest and its present instance. */
struct service {
    const struct manifest_service *entry;
    struct loader_program program; /* prepared at the first start */
    handle_t process, thread;      /* HANDLE_NONE before the first start */
    handle_t account, endpoint, ledger;
    char driver[MANIFEST_PATH]; /* the program that the device wants */
    handle_t device[2];         /* registers and interrupt, until they are given */
    handle_t block_memory;      /* a page: struct start_block */
    struct start_block block;
    bool ending;         /* on purpose, and its end has not been seen yet */
    uint64_t restart_ns; /* when it is to be started again; DEADLINE_NEVER: not waiting */
    struct restart_history history;
};

/* Set once, before the first service is made. */
struct init {
    const struct init_handles *handles;
    const struct boot_info *boot;
    const void *archive; /* mapped */
    handle_t port;       /* where the ends of services are told */
    handle_t devices;    /* session with the device server, made at first use */
    struct manifest manifest;
    struct service services[MANIFEST_SERVICES]; /* as in the manifest */
};

extern struct init init;

/* Is the word NAME, or NAME=..., on the kernel's command line? The value's length, -1 if not. */
int init_option(const char *name, const char **value);

/* The service of that name, or NULL. */
struct service *service_find(const char *name);

/*
 * Make the first or a new instance and let it run. Fails with a message in the log; called
 * again, it goes on.
 */
enum status service_create(struct service *service);

/* The endpoint that `service` provides, made when it is first asked for. */
enum status service_endpoint(struct service *service, handle_t *endpoint);

/* What a call made, if it did, is to be found at `where`. */
enum status init_keep(handle_t *where, int64_t handle);

/* Give a handle to the service and note it in its start block, if it has none of that name yet. */
enum status service_give(struct service *service, const char *name, handle_t handle,
                         uint32_t rights);

/* Give the service its side of a ring of the manifest. */
enum status rings_give(struct service *service, const struct manifest_ring *ring);

/*
 * Start all services in the manifest's order. One that cannot be started is told of; if that is
 * for want of memory it is tried again, as after an end, or fatal where it is critical.
 */
void supervise_start(void);

/* Wait for ends and act upon them, for ever. */
_Noreturn void supervise(void);

/* Read what the command line says; fails with a message if that is nonsense. */
void inject_start(void);

/* End what is due and runs; when to come again, if no service has ended or begun before. */
uint64_t inject_due(void);

/* How a process ended, in words; its information too. */
void supervise_describe_end(handle_t process, struct process_information *information, char *text,
                            size_t size);

/* Run one program with everything there is, tell the host how it ended, turn the machine off. */
_Noreturn void single_run(const char *program, size_t length);
