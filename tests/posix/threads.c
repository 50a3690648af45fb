/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Threads: mutexes, condition variables, join, thread-local storage, cancellation, once, barriers. */
#include "check.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 500 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static long counter;
static int turn;
static __thread int own = 7;
static pthread_key_t key;
static atomic_int destroyed, cleaned, initialised;

static void *count(void *argument)
{
    own = (int)(long)argument;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    CHECK(own == (int)(long)argument);
    return (void *)(long)(own * 2);
}

static void mutexes_and_join(void)
{
    pthread_t threads[THREADS];
    void *result;

    for (long i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, count, (void *)i) == 0);
    for (long i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], &result) == 0);
        CHECK(result == (void *)(i * 2));
    }
    CHECK(counter == THREADS * ROUNDS);
    CHECK(own == 7);
}

static void *take_turns(void *argument)
{
    int self = (int)(long)argument;

    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != self)
            pthread_cond_wait(&turned, &mutex);
        turn = !turn;
        pthread_cond_broadcast(&turned);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void conditions(void)
{
    pthread_t other;
    struct timespec soon;

    CHECK(pthread_create(&other, NULL, take_turns, (void *)1) == 0);
    take_turns((void *)0);
    CHECK(pthread_join(other, NULL) == 0);
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    if (soon.tv_nsec >= 1000000000) {
        soon.tv_nsec -= 1000000000;
        soon.tv_sec++;
    }
    pthread_mutex_lock(&mutex);
    CHECK(pthread_cond_timedwait(&turned, &mutex, &soon) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

static void destroy(void *value)
{
    CHECK(value == &key);
    destroyed++;
}

static void *use_key(void *argument)
{
    CHECK(pthread_setspecific(key, &key) == 0);
    return argument;
}

static void clean(void *argument)
{
    cleaned += (int)(long)argument;
}

static void *sleep_for_ever(void *argument)
{
    sem_t *started = argument;

    pthread_cleanup_push(clean, (void *)1);
    sem_post(started);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    return NULL;
}

static void keys_and_cancellation(void)
{
    pthread_t thread;
    sem_t started;
    void *result;

    CHECK(pthread_key_create(&key, destroy) == 0);
    CHECK(pthread_create(&thread, NULL, use_key, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(destroyed == 1);
    CHECK(sem_init(&started, 0, 0) == 0);
    CHECK(pthread_create(&thread, NULL, sleep_for_ever, &started) == 0);
    CHECK(sem_wait(&started) == 0);
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(cleaned == 1);
}

static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int serial;

static void initialise(void)
{
    initialised++;
}

static void *meet(void *argument)
{
    pthread_once(&once, initialise);
    for (int i = 0; i < 20; i++) {
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            serial++;
    }
    CHECK((pid_t)syscall(SYS_gettid) != getpid());
    return argument;
}

static void barriers(void)
{
    pthread_t threads[4];

    CHECK(pthread_barrier_init(&barrier, NULL, 4) == 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, meet, NULL) == 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(serial == 20);
    CHECK(initialised == 1);
}

static void *lock_and_end(void *mutex)
{
    CHECK(pthread_mutex_lock(mutex) == 0);
    return NULL;
}

/* A mutex whose owner has ended goes to the next one, who is told. */
static void owners_that_end(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    pthread_t thread;

    CHECK(pthread_mutexattr_init(&attributes) == 0);
    CHECK(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
    CHECK(pthread_mutex_init(&mutex, &attributes) == 0);
    for (int i = 0; i < 3; i++) {
        CHECK(pthread_create(&thread, NULL, lock_and_end, &mutex) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(pthread_mutex_lock(&mutex) == EOWNERDEAD);
        CHECK(pthread_mutex_consistent(&mutex) == 0);
        CHECK(pthread_mutex_unlock(&mutex) == 0);
    }
    CHECK(pthread_mutex_lock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
}

static void many_short_threads(void)
{
    for (int i = 0; i < 200; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, use_key, NULL) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
}

int main(void)
{
    mutexes_and_join();
    conditions();
    keys_and_cancellation();
    barriers();
    owners_that_end();
    many_short_threads();
    return 0;
}
