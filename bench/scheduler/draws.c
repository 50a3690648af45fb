/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The weights one after the other make a line; who lies under a point of it runs.
 * Lottery scheduling (Waldspurger and Weihl, OSDI 1994) draws the point; the Weyl
 * sequence takes k * phi modulo 1, which divides a line that stays as it is evenly.
 * Partial sums: Fenwick, Software: Practice and Experience 1994.
 */
#include "policy.h"

#define SLOTS 16384 /* a power of two above TASKS_MAX */
#define GOLDEN_RATIO UINT64_C(0x9e3779b97f4a7c15)

static uint64_t sums[SLOTS + 1];
static struct task *tasks[TASKS_MAX];
static uint64_t total, weyl;

static void draw_begin(void)
{
    for (unsigned i = 0; i <= SLOTS; i++)
        sums[i] = 0;
    total = weyl = 0;
}

static void change(const struct task *task, uint64_t weight)
{
    total += weight;
    for (uint32_t i = task->number + 1; i <= SLOTS; i += i & -i)
        sums[i] += weight;
}

static void draw_add(struct task *task)
{
    tasks[task->number] = task;
    change(task, task->weight);
}

static void draw_remove(struct task *task)
{
    change(task, -(uint64_t)task->weight);
}

static struct task *under(uint64_t part)
{
    uint64_t point = (uint64_t)((unsigned __int128)part * total >> 64);
    uint32_t found = 0;
    for (uint32_t step = SLOTS / 2; step != 0; step /= 2) {
        if (sums[found + step] <= point) {
            found += step;
            point -= sums[found];
        }
    }
    return tasks[found];
}

static struct task *lottery_pick(void)
{
    return under(random_next());
}

static struct task *weyl_pick(void)
{
    weyl += GOLDEN_RATIO;
    return under(weyl);
}

static void draw_charge(struct task *task, uint64_t nanoseconds)
{
    (void)task;
    (void)nanoseconds;
}

const struct policy policy_lottery = {
    "lottery", draw_begin, draw_add, draw_remove, lottery_pick, draw_charge,
};

const struct policy policy_weyl = {
    "weyl", draw_begin, draw_add, draw_remove, weyl_pick, draw_charge,
};
