/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * For unit tests of what threads wait for: threads that are only their waits,
 * one handle table, and user memory of which one address is bad.
 */
#pragma once

#include <arch/test_memory.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/thread.h>

extern struct process fake_process; /* what every thread is in */
extern struct account *fake_account;
extern uint64_t fake_bad_address; /* copies that touch it fail with fake_bad_status */
extern enum status fake_bad_status;
extern uint32_t fake_handles_left; /* LIMIT after so many more */
extern uint64_t fake_shared;       /* a page that is shared memory */

/* Give the process and its account, and take them away again; nothing may be left of either. */
int fake_setup(void **state);
int fake_teardown(void **state);

struct thread *fake_thread_create(void);
void fake_thread_free(struct thread *thread);
bool fake_thread_waits(const struct thread *thread);

/* What a token stands for, without any check. */
struct object *fake_object(int64_t token);
void fake_close(int64_t token);
uint32_t fake_handle_count(void);
