/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Record locks (fcntl) and whole-file locks (flock): the file server's.
 */
#pragma once

#include "sorts.h"

/* F_GETLK ... F_OFD_SETLKW. */
int64_t record_lock_control(struct task *task, struct file *file, int command, uint64_t address);
/* A descriptor to the file is closed: POSIX has the process' record locks end with it. */
void record_lock_closed(struct task *task, struct file *file);
/* A node came through exec: locks taken by it are this process' still. */
void record_lock_restored(const struct file *file);
/* In the child of a fork: the locks are the parent's. */
void record_lock_leave_parent(struct file *file);
