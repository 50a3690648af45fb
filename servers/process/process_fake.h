/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* For unit tests: processes without a kernel, and effects that are only noted. */
#pragma once

#include "signal.h"

struct fake_effects {
    unsigned interrupts, suspends, resumes, ends, releases, terminals;
    struct thread *interrupted; /* the last one */
    uint32_t raised;            /* bits of all child events */
    struct process *raised_for; /* the last one */
    uint32_t terminal_session, terminal_group;
    int power; /* -1: not asked for */
};

extern struct fake_effects fake;

/* An empty table with init in it. As cmocka's set-up and tear-down. */
int fake_setup(void **state);
int fake_teardown(void **state);

/* A running child with one thread; `uid` is all its user ids. */
struct process *fake_child(struct process *parent, uint32_t uid);
/* What the kernel would announce behind effect_end. */
void fake_finish(struct process *process);
/* From then on the n-th allocation fails, once; 0: none. */
void fake_fail_allocation(unsigned n);
/* How many pieces of memory are in use. */
unsigned fake_allocations(void);

int fake_send(struct process *process, unsigned number);
