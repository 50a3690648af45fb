/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A machine whose CPUs are threads of the host, so that ThreadSanitizer sees what
 * the generic kernel does on several of them at once. User mode is a function:
 * it runs when the kernel returns to user mode, and ends by entering the kernel.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct thread;

#define RACE_CPUS 4

/* User mode; ends in trap_call or the like, or in race_leave. */
extern void (*race_user)(struct thread *thread);
/* A CPU found nothing to do; may call race_leave. */
extern void (*race_idle)(void);

void race_memory_init(uint64_t pages);
/* The calling thread is the first CPU; starts the others, which run from here on. */
void race_start(void);
/* Be the first CPU until race_leave. */
void race_run(void);
/* The first CPU comes back from race_run; the others go on. */
_Noreturn void race_leave(void);
/* All but the first end. */
void race_stop(void);
