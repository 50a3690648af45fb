/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * `scheduler`: runs every policy on every workload and prints a line of JSON for each.
 * `scheduler decide POLICY TASKS COUNT`: makes decisions, for who counts instructions.
 */
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECISIONS 20000 /* and TURNS_EACH for each task, if these are more */
#define TURNS_EACH 5

static const struct policy *const policies[] = {
    &policy_golden,      &policy_eevdf,   &policy_stride, &policy_start_time,
    &policy_round_robin, &policy_lottery, &policy_weyl,
};
static const char *const behaviours[] = {"fixed", "random", "bursty", "forks"};
static const char *const weights[] = {"equal", "skewed", "heavy"};
static const uint32_t sizes[] = {2, 10, 100, 1000, 10000};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void run(const struct policy *policy, const struct workload *workload)
{
    struct outcome outcome;
    workload_run(policy, workload, &outcome);
    printf("{\"policy\": \"%s\", \"behaviour\": \"%s\", \"weights\": \"%s\", \"tasks\": %u, "
           "\"ahead\": %.3f, \"behind\": %.3f, \"mean_lag\": %.3f, \"latency\": %.3f, "
           "\"wait\": %.3f, \"gap\": %.3f}\n",
           policy->name, behaviours[workload->behaviour], weights[workload->weights],
           workload->tasks, outcome.ahead, outcome.behind, outcome.mean, outcome.latency,
           outcome.wait, outcome.gap);
}

static void run_all(enum behaviour behaviour, enum weights weight)
{
    for (unsigned size = 0; size < COUNT(sizes); size++) {
        struct workload workload = {behaviour, weight, sizes[size], TURNS_EACH * sizes[size]};
        if (workload.decisions < DECISIONS)
            workload.decisions = DECISIONS;
        for (unsigned i = 0; i < COUNT(policies); i++)
            run(policies[i], &workload);
    }
}

static int decide(const char *name, uint32_t tasks, uint64_t decisions)
{
    for (unsigned i = 0; i < COUNT(policies); i++) {
        if (strcmp(policies[i]->name, name) != 0)
            continue;
        workload_decide(policies[i], tasks, decisions);
        return EXIT_SUCCESS;
    }
    return EXIT_FAILURE;
}

int main(int count, char **arguments)
{
    if (count == 5 && strcmp(arguments[1], "decide") == 0)
        return decide(arguments[2], (uint32_t)atoi(arguments[3]), (uint64_t)atoi(arguments[4]));
    for (enum behaviour behaviour = 0; behaviour < COUNT(behaviours); behaviour++)
        for (enum weights weight = 0; weight < COUNT(weights); weight++)
            run_all(behaviour, weight);
    return EXIT_SUCCESS;
}
