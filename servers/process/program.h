/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * New programs: a kernel process with the library in it, and the start block.
 */
#pragma once

#include <stddef.h>

#include <protocols/posix_start.h>

#include "table.h"

/* Prepare the library's image from the boot archive. False, with a log line, if it is unusable. */
bool program_init(handle_t archive);

/* A kernel process that is to become a process' next, before its thread runs. */
struct program {
    struct process *process;
    handle_t kernel_process;
    handle_t block;            /* memory; the start block in it is at offset 0 */
    struct posix_start *start; /* its head, to be written back */
    struct account *account;
    uint64_t cpus;                /* its first thread may run on; 0: all */
    struct process_tokens tokens; /* inherited; those that are missing are given */
    struct page_addresses at;     /* out */
};

/*
 * Fill a new, empty kernel process: library, pages, start block, handles. The
 * head of the block is completed and written. 0 or a Linux errno.
 */
int program_prepare(struct program *program);
/* Make its first thread, whose number is the pid; `flags` as in struct thread_start. The kernel's result. */
int64_t program_make_thread(const struct program *program, uint32_t flags);
/* A token for `handle` in another process; HANDLE_NONE if there is no room. */
handle_t program_give(handle_t kernel_process, handle_t handle, uint32_t rights, uint32_t flags);
/* Its handles to itself and to its account, which are never cloned. */
handle_t program_give_self(handle_t kernel_process);
handle_t program_give_account(handle_t kernel_process, const struct account *account);
handle_t program_give_child_event(handle_t kernel_process, handle_t event);

/* The last component of a path becomes the name ps shows. */
void program_set_name(struct process *process, const char *name, size_t length);
