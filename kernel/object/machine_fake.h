/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * For unit tests of the kernel's objects: a machine whose threads are real but
 * for their code. A test makes calls for them and looks at what becomes of them.
 */
#pragma once

#include <arch/test_memory.h>
#include <kernel/ipc.h>
#include <kernel/process.h>
#include <kernel/scheduler.h>
#include <kernel/thread.h>

/* What a call left in the thread when it waits now, or has been started anew. */
#define MACHINE_BLOCKED INT64_C(-1000)

/* A machine with one account below the root; and everything given back. */
int machine_setup(void **state);
int machine_teardown(void **state);
extern struct account *machine_account;

struct process *machine_process(void);
/* A thread, made in a process that lives as long as its threads. */
struct thread *machine_thread(struct process *process, uint32_t priority);
/* The same, each in a process of its own. */
struct thread *machine_program(uint32_t priority);

/* A thread makes a call: its result, or MACHINE_BLOCKED. */
int64_t machine_call(struct thread *thread, int64_t (*call)(struct thread *self), uint64_t argument,
                     uint64_t information);
/* The result of a call that has waited; fails if it waits still. */
int64_t machine_result(struct thread *thread);
bool machine_waits(const struct thread *thread);

/* An endpoint of a thread's, and its handle; a session with it that another thread has. */
struct endpoint *machine_endpoint(struct thread *server, handle_t *token);
handle_t machine_session(struct endpoint *endpoint, uint64_t badge, struct thread *holder);

handle_t machine_give(struct thread *to, struct object *object, uint32_t rights);
struct object *machine_object(struct thread *thread, handle_t token);
/* Let time pass, with all that is due. */
void machine_pass_time(uint64_t nanoseconds);
/* Do what the kernel puts off. */
void machine_settle(void);
/* No thread runs: one that was to end is ended. */
void machine_leave(void);
