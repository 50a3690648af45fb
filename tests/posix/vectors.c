/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Vector registers are each thread's own, also for who saves and loads them whole and touches them
 * in no other way: the linker of dynamic programs does when a function is called for the first time.
 */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vectors.h>

#define ROUNDS 2000
#define THREADS 3

/* Fill them, let others run, and see what is in them, again and again. */
static void *keep(void *argument)
{
    uint64_t seed = (uint64_t)(uintptr_t)argument * 0x0101010101010101;

    for (unsigned i = 0; i < ROUNDS; i++) {
        if (!machine_vectors_survive(seed + i))
            return "lost";
    }
    return NULL;
}

/* One that has never used them loads what it saved, and leaves those of others as they are. */
static void *save_and_load(void *argument)
{
    for (unsigned i = 0; i < ROUNDS; i++)
        machine_vectors_renew();
    return argument;
}

int main(void)
{
    pthread_t threads[THREADS + 1];
    void *lost;
    int status;

    pid_t child = fork();
    CHECK(child != -1);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, keep, (void *)(i + (child == 0 ? 1 : 9))) == 0);
    CHECK(pthread_create(&threads[THREADS], NULL, save_and_load, NULL) == 0);
    for (unsigned i = 0; i < THREADS + 1; i++) {
        CHECK(pthread_join(threads[i], &lost) == 0);
        CHECK(lost == NULL);
    }
    if (child == 0)
        return 0;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    return 0;
}
