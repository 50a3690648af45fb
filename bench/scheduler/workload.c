/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * One processor, time in nanoseconds. A turn ends after TURN_NS or when its task has done its
 * work. Lag is what a task has had less what the fluid of reference.c has given it by then.
 */
#include "workload.h"

#include "reference.h"

#define ENDLESS (UINT64_C(1) << 62)
#define SAMPLES 8 /* so many tasks, drawn at random, are looked at after each turn */

struct actor {
    struct task task;
    bool runnable, has_run;
    uint64_t work;          /* left to do, ns */
    double served;          /* turns */
    double woke, last_run;  /* turns of time ... */
    double last_entitled;   /* ... and when these were so, in `entitled` */
    struct heap_node alarm; /* asleep until then */
};

static struct actor actors[TASKS_MAX];
static struct heap_node *alarms;
static uint64_t now_ns, next_burst;
static double entitled; /* the integral of 1 / the weights of the runnable */
static double runnable_weight;
static double latencies, lags;
static uint64_t latency_count, lag_count;
static uint64_t random_state;

void random_begin(void)
{
    random_state = UINT64_C(88172645463325252);
}

/* Marsaglia's xorshift. */
uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static double now(void)
{
    return (double)now_ns / TURN_NS;
}

static uint32_t weight_of(enum weights weights, uint32_t number, uint32_t count)
{
    uint32_t light = count < 64 ? SHARE_WEIGHT_NORMAL : SHARE_WEIGHT_MAX / count;
    switch (weights) {
    case WEIGHTS_SKEWED:
        return 32u << number % 11;
    case WEIGHTS_HEAVY:
        return number == 0 ? light * (count - 1) : light;
    default:
        return SHARE_WEIGHT_NORMAL;
    }
}

static void sample(const struct actor *actor, struct outcome *outcome)
{
    double lag = actor->served - reference_service(actor->task.number);
    outcome->ahead = lag > outcome->ahead ? lag : outcome->ahead;
    outcome->behind = -lag > outcome->behind ? -lag : outcome->behind;
    lags += lag < 0 ? -lag : lag;
    lag_count++;
}

static void wake(const struct policy *policy, struct actor *actor, uint64_t work)
{
    actor->work = work;
    actor->runnable = true;
    actor->has_run = false;
    actor->woke = now();
    actor->last_entitled = entitled;
    runnable_weight += actor->task.weight;
    reference_arrive(actor->task.number, actor->task.weight, (double)work / TURN_NS);
    policy->add(&actor->task);
    actor->task.is_new = false;
}

static uint64_t some_work(uint32_t turns)
{
    return 1 + random_next() % (turns * TURN_NS);
}

static void begin(const struct policy *policy, const struct workload *workload)
{
    random_begin();
    reference_begin();
    policy->begin();
    alarms = NULL;
    now_ns = 0;
    next_burst = workload->tasks * TURN_NS;
    entitled = runnable_weight = latencies = lags = 0;
    latency_count = lag_count = 0;
    for (uint32_t i = 0; i < workload->tasks; i++) {
        actors[i] = (struct actor){.task = {.number = i, .is_new = true}};
        actors[i].task.weight = weight_of(workload->weights, i, workload->tasks);
        actors[i].task.stride = share_stride(actors[i].task.weight);
    }
}

static void begin_tasks(const struct policy *policy, const struct workload *workload)
{
    for (uint32_t i = 0; i < workload->tasks; i++) {
        if (workload->behaviour == BEHAVIOUR_RANDOM && i % 2 == 1)
            wake(policy, &actors[i], some_work(4));
        else if (workload->behaviour <= BEHAVIOUR_RANDOM || i < (workload->tasks + 1) / 2)
            wake(policy, &actors[i], ENDLESS);
    }
}

/* Whoever is to wake by now. */
static void pass_alarms(const struct policy *policy, const struct workload *workload)
{
    while (alarms != NULL && alarms->key <= now_ns) {
        struct actor *actor = container_of(alarms, struct actor, alarm);
        heap_remove(&alarms, &actor->alarm);
        wake(policy, actor, some_work(4));
    }
    if (workload->behaviour < BEHAVIOUR_BURSTY || now_ns < next_burst)
        return;
    next_burst = now_ns + workload->tasks * TURN_NS * (1 + random_next() % 3);
    for (uint32_t i = (workload->tasks + 1) / 2; i < workload->tasks; i++) {
        if (actors[i].runnable)
            continue;
        actors[i].task.is_new = workload->behaviour == BEHAVIOUR_FORKS;
        wake(policy, &actors[i], some_work(2));
    }
}

/* How long it has waited. */
static void note_start(struct actor *actor, struct outcome *outcome)
{
    double turns = (entitled - actor->last_entitled) * actor->task.weight;
    if (actor->has_run) {
        outcome->gap = turns > outcome->gap ? turns : outcome->gap;
    } else {
        outcome->wait = turns > outcome->wait ? turns : outcome->wait;
        latencies += now() - actor->woke;
        latency_count++;
    }
    actor->has_run = true;
    actor->last_entitled = entitled;
}

static void sleep(const struct policy *policy, const struct workload *workload, struct actor *actor)
{
    policy->remove(&actor->task);
    actor->runnable = false;
    runnable_weight -= actor->task.weight;
    if (workload->behaviour != BEHAVIOUR_RANDOM)
        return;
    actor->alarm.key = now_ns + random_next() % (2 * TURN_NS * workload->tasks);
    heap_insert(&alarms, &actor->alarm);
}

static void take_turn(const struct policy *policy, const struct workload *workload,
                      struct outcome *outcome)
{
    struct actor *actor = container_of(policy->pick(), struct actor, task);
    uint64_t spent = actor->work < TURN_NS ? actor->work : TURN_NS;
    double turns = (double)spent / TURN_NS;
    note_start(actor, outcome);
    sample(actor, outcome);
    now_ns += spent;
    entitled += turns / runnable_weight;
    actor->served += turns;
    actor->work -= spent;
    reference_advance(turns);
    policy->charge(&actor->task, spent);
    sample(actor, outcome);
    if (actor->work == 0)
        sleep(policy, workload, actor);
}

void workload_run(const struct policy *policy, const struct workload *workload,
                  struct outcome *outcome)
{
    *outcome = (struct outcome){0};
    begin(policy, workload);
    begin_tasks(policy, workload);
    for (uint64_t i = 0; i < workload->decisions; i++) {
        pass_alarms(policy, workload);
        take_turn(policy, workload, outcome);
        for (uint32_t at = 0; at < SAMPLES; at++)
            sample(&actors[random_next() % workload->tasks], outcome);
    }
    outcome->mean = lags / (double)lag_count;
    outcome->latency = latencies / (double)latency_count;
}

void workload_decide(const struct policy *policy, uint32_t tasks, uint64_t decisions)
{
    const struct workload workload = {BEHAVIOUR_FIXED, WEIGHTS_EQUAL, tasks, decisions};
    begin(policy, &workload);
    begin_tasks(policy, &workload);
    for (uint64_t i = 0; i < 4 * tasks + decisions; i++)
        policy->charge(policy->pick(), TURN_NS);
}
