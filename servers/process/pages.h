/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The pages that processes share with this server: info and signal pages.
 */
#pragma once

#include "table.h"

/* With the account that pays for all of them. False: no memory. */
bool pages_init(handle_t account, handle_t self);
/* All zero. False: there are none, or only those that are kept for root. */
bool pages_take(struct process_pages *pages, bool root);
void pages_release(const struct process_pages *pages);
/*
 * Map a process' pages into a kernel process: at these addresses, or where there
 * is room if they are 0. The kernel's result, negative on failure; `at` is set.
 */
int64_t pages_map(const struct process *process, handle_t kernel_process,
                  struct page_addresses *at);
void pages_unmap(const struct page_addresses *at, handle_t kernel_process);
