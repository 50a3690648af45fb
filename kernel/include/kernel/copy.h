/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Moving bytes across the user boundary. No user pointer is touched otherwise.
 *
 * All of them resolve faults on anonymous memory themselves; STATUS_RESTART
 * means the thread now waits for a page and the call must return it at once.
 * BAD_ADDRESS covers null, kernel, unmapped, wrongly protected and overflowing
 * ranges. They act on the current thread's address space.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <kernel/status.h>

enum status copy_in(void *to, uint64_t from, size_t length) must_check;
enum status copy_out(uint64_t to, const void *from, size_t length) must_check;
/* Make sure that copy_out of this range will succeed. */
enum status copy_prepare_out(uint64_t to, size_t length) must_check;
/* Inside user space, no overflow, not empty unless length is 0: says nothing of what is mapped. */
enum status copy_check_range(uint64_t address, size_t length) must_check;
