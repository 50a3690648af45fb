/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the tasks of a run do, and how they fared.
 */
#pragma once

#include "policy.h"

enum weights {
    WEIGHTS_EQUAL,
    WEIGHTS_SKEWED, /* eleven powers of two, the greatest a thousand times the least */
    WEIGHTS_HEAVY,  /* one weighs as much as all others together */
};

enum behaviour {
    BEHAVIOUR_FIXED, /* all compute without end */
    BEHAVIOUR_RANDOM, /* every second one works for up to four turns, then sleeps for as long as it likes */
    BEHAVIOUR_BURSTY, /* half compute; all others wake at once again and again, for up to two turns */
    BEHAVIOUR_FORKS, /* the same, but those are new programs each time */
};

struct workload {
    enum behaviour behaviour;
    enum weights weights;
    uint32_t tasks;
    uint64_t decisions;
};

struct outcome {
    double ahead, behind; /* the greatest lags, in turns */
    double mean;          /* of the lag's size */
    double latency;       /* turns from waking to running, the mean */
    double wait;          /* the longest such time, in turns that it was entitled to in that time */
    double gap;           /* the longest time from one turn to the next, likewise */
};

void workload_run(const struct policy *policy, const struct workload *workload,
                  struct outcome *outcome);

/* As many decisions by `tasks` tasks of equal weight that all compute; for who counts instructions. */
void workload_decide(const struct policy *policy, uint32_t tasks, uint64_t decisions);
