/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * In the fluid's virtual time everybody's work ends at a moment that only its own next
 * work can change; so who ends first is at the root of a binary heap, and time passes
 * from one end to the next.
 */
#include "reference.h"

#include "policy.h"

struct fluid_task {
    double end; /* virtual time */
    double arrived, weight;
    uint32_t place; /* in the heap, from 1; 0: none, it has nothing to do */
};

static struct fluid_task tasks[TASKS_MAX];
static uint32_t heap[TASKS_MAX + 1], count;
static double now, weights;

void reference_begin(void)
{
    for (unsigned i = 0; i < TASKS_MAX; i++)
        tasks[i] = (struct fluid_task){0};
    count = 0;
    now = weights = 0;
}

static double end_at(uint32_t place)
{
    return tasks[heap[place]].end;
}

static void put(uint32_t place, uint32_t task)
{
    heap[place] = task;
    tasks[task].place = place;
}

static void move_up(uint32_t place)
{
    uint32_t task = heap[place];
    for (; place > 1 && tasks[task].end < end_at(place / 2); place /= 2)
        put(place, heap[place / 2]);
    put(place, task);
}

static void move_down(uint32_t place)
{
    uint32_t task = heap[place];
    for (uint32_t below = 2 * place; below <= count; below = 2 * place) {
        if (below < count && end_at(below + 1) < end_at(below))
            below++;
        if (tasks[task].end <= end_at(below))
            break;
        put(place, heap[below]);
        place = below;
    }
    put(place, task);
}

void reference_arrive(uint32_t number, uint32_t weight, double turns)
{
    struct fluid_task *task = &tasks[number];
    task->arrived += turns;
    if (task->place != 0) {
        task->end += turns / task->weight;
        move_down(task->place);
        return;
    }
    task->weight = weight;
    task->end = now + turns / task->weight;
    weights += weight;
    put(++count, number);
    move_up(count);
}

static void end_first(void)
{
    struct fluid_task *task = &tasks[heap[1]];
    now = task->end;
    task->place = 0;
    weights -= task->weight;
    uint32_t last = heap[count--];
    if (count == 0)
        return;
    put(1, last);
    move_down(1);
}

void reference_advance(double turns)
{
    while (count > 0) {
        double until = (end_at(1) - now) * weights;
        if (until > turns)
            break;
        turns -= until > 0 ? until : 0;
        end_first();
    }
    if (count > 0)
        now += turns / weights;
}

double reference_service(uint32_t number)
{
    const struct fluid_task *task = &tasks[number];
    return task->place == 0 ? task->arrived : task->arrived - (task->end - now) * task->weight;
}
