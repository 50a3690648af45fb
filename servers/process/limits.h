/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Resource limits and nice values.
 */
#pragma once

#include "table.h"

/* RLIMIT_*, asm-generic. */
enum limit {
    LIMIT_CPU = 0,
    LIMIT_FILE_SIZE = 1,
    LIMIT_DATA = 2,
    LIMIT_STACK = 3,
    LIMIT_CORE = 4,
    LIMIT_RSS = 5,
    LIMIT_PROCESSES = 6,
    LIMIT_FILES = 7,
    LIMIT_LOCKED = 8,
    LIMIT_SPACE = 9,
    LIMIT_LOCKS = 10,
    LIMIT_SIGPENDING = 11,
    LIMIT_QUEUES = 12,
    LIMIT_NICE = 13,
    LIMIT_REALTIME = 14,
    LIMIT_REALTIME_US = 15,
    LIMIT_COUNT = 16,
};
#define LIMIT_NONE UINT64_MAX
#define LIMIT_FILES_MAX 1048576

/* Those the first program begins with. */
void limits_init(struct process_info_page *info);
/* EINVAL, EPERM. `limit` is soft and hard. */
int limits_set(struct process *caller, struct process *process, uint32_t which,
               const uint64_t limit[2]);
/* Whether `caller` may see or set limits of `process`. */
bool limits_may_change(const struct process *caller, const struct process *process);
/* How many processes and threads a user has. */
uint32_t limits_count_threads(uint32_t uid);

#define NICE_MIN (-20)
#define NICE_MAX 19
struct nice_request {
    uint32_t which; /* PRIO_PROCESS 0, PRIO_PGRP 1, PRIO_USER 2 */
    uint32_t who;   /* 0: the caller's own */
    bool set;
    int32_t nice;
};
/* ESRCH, EPERM, EACCES, EINVAL. *lowest: the lowest nice value among those meant. */
int nice_change(struct process *caller, const struct nice_request *request, int32_t *lowest);
/* Whether `caller` may say when and where the threads of `process` run. */
bool nice_may_change(const struct process *caller, const struct process *process);
/* The weight of a nice value: a fifth less for each, and a quarter more. */
uint32_t nice_weight(int32_t nice);
