/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * CPUs that ask each other all the time, as threads of the host under ThreadSanitizer. A CPU
 * serves when it has been interrupted and while it waits itself, as those of a machine do.
 * Whoever was asked, and nobody else, has served once when an asker goes on, and sees what
 * it wrote before.
 */
#include <arch/ask.h>

#include <arch/cpu.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "../draw.h"

#define CPUS 4
#define ROUNDS 20000

struct question {
    uint64_t value;
    uint64_t answers[CPUS];
};

static struct cpu cpus[CPUS];
static _Atomic bool poked[CPUS];
static _Atomic uint32_t running = CPUS;
static _Thread_local struct cpu *own;

struct cpu *arch_cpu_current(void)
{
    return own;
}

struct cpu *cpu_get(uint32_t number)
{
    return &cpus[number];
}

void arch_cpu_poke(const struct cpu *cpu)
{
    atomic_store(&poked[cpu->number], true);
}

void arch_cpu_relax(void)
{
    sched_yield();
    cpu_serve();
}

static void interrupt(void)
{
    if (atomic_exchange(&poked[own->number], false))
        cpu_serve();
}

static void serve(void *argument)
{
    struct question *question = argument;
    question->answers[own->number] += question->value;
}

static void ask(uint64_t asked, uint64_t value)
{
    struct question question = {.value = value};
    cpu_ask(asked, serve, &question);
    for (uint32_t i = 0; i < CPUS; i++)
        assert(question.answers[i] == ((asked >> i & 1) != 0 ? value : 0));
}

static void *run(void *cpu)
{
    own = cpu;
    uint64_t random = own->number + 1;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        uint64_t asked = (draw_next(&random) >> 32) % (1 << CPUS) & ~own->bit;
        if (asked != 0)
            ask(asked, round);
        interrupt();
    }
    for (atomic_fetch_sub(&running, 1); atomic_load(&running) != 0; sched_yield())
        interrupt();
    return NULL;
}

_Noreturn void panic(const char *format, ...)
{
    fprintf(stderr, "%s\n", format);
    abort();
}

int main(void)
{
    pthread_t threads[CPUS];
    for (uint32_t i = 0; i < CPUS; i++) {
        cpus[i].number = i;
        cpus[i].bit = UINT64_C(1) << i;
    }
    for (uint32_t i = 0; i < CPUS; i++)
        if (pthread_create(&threads[i], NULL, run, &cpus[i]) != 0)
            return 1;
    for (uint32_t i = 0; i < CPUS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
