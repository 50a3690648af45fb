/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The host architecture: the generic kernel as part of an ordinary program.
 *
 * Physical memory is an arena, page tables are in it, the clock is a variable.
 * User addresses are resolved through the address space of the CPU; where none
 * is loaded they are the test's own pointers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <trellis/frame.h>

struct boot_info;
struct cpu;
struct thread;

/* Physical memory from 0 of so many pages, and its boot information; calls page_init. */
void host_memory_init(uint64_t pages);

/* One access of a program within a page; false if it faults. */
bool host_access_page(uint64_t user, char *kernel, size_t length, enum fault_access access);

/* The clock of arch_counter_read: nanoseconds. */
extern uint64_t host_clock_ns;
/* What was last asked of arch_timer_set. */
extern uint64_t host_timer_counter;
/* How often arch_cpu_poke was called. */
extern unsigned host_pokes;

/* How often translation caches had to be told something, and about how many entries. */
struct host_translation {
    uint64_t forgets, forgotten, renewed, added, fetched;
};
extern struct host_translation host_translation;

/* The CPU that the test is on: at first the machine's own. */
extern struct cpu *host_current_cpu;

/* The thread that the machine's own CPU runs. Its address space is not loaded by this: see cpu_current()->arch.space. */
void host_run_thread(struct thread *thread);

/* What entry code does first with a message call: the thread that the CPU was given to, with the
 * words of the message; or NULL, and the call is to be made as any other. */
struct thread *host_message(struct thread *self);
