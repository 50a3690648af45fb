/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Which services are to be ended on purpose, and when: what the options
 * init.kill and init.crash of the kernel's command line say, for tests.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protocols/start.h>

#define FAULTS_MAX 32

struct fault {
    char service[START_NAME];
    uint64_t at_ns; /* since boot */
    bool crash;     /* by a fault of its own instead of from outside */
};

/* Sorted by time, what stands first first. */
struct fault_plan {
    unsigned count;
    struct fault faults[FAULTS_MAX];
};

/*
 * Add what [text, text + length) says: SERVICE@NUMBERUNIT, and more behind
 * commas; UNIT is s, ms or us. False, with the plan unchanged, if it does not.
 */
bool fault_plan_add(struct fault_plan *plan, const char *text, size_t length, bool crash);

/* When the next after `now_ns` is due; DEADLINE_NEVER if there is none. */
uint64_t fault_plan_next_ns(const struct fault_plan *plan, uint64_t now_ns);

/*
 * Take the first that is due out of the plan, but none of a service that may not be
 * ended now: what is due while a service is down waits for its next instance.
 */
bool fault_plan_take(struct fault_plan *plan, uint64_t now_ns, bool (*may_end)(const char *service),
                     struct fault *fault);
