/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What of a program's time is its own and what the system's, as getrusage, times
 * and /proc tell: by samples, so only roughly, and only of what takes long.
 */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LONG_NS INT64_C(300000000)
#define ATTEMPTS 4
#define TOUCHED (4 << 20)
#define PAGE 4096

struct used {
    double user, system;
};

static double seconds(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static struct used usage_of(int who)
{
    struct rusage usage;

    CHECK(getrusage(who, &usage) == 0);
    return (struct used){seconds(&usage.ru_utime), seconds(&usage.ru_stime)};
}

static int64_t cpu_ns(void)
{
    struct timespec time;

    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void compute(void)
{
    for (volatile unsigned i = 0; i < 1000000; i++)
        continue;
}

static void read_zeroes(void)
{
    static char buffer[65536];
    int fd = open("/dev/zero", O_RDONLY);

    for (unsigned i = 0; i < 200; i++)
        CHECK(read(fd, buffer, sizeof(buffer)) == sizeof(buffer));
    close(fd);
}

static void touch_memory(void)
{
    for (unsigned i = 0; i < 4; i++) {
        char *memory =
            mmap(NULL, TOUCHED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(memory != MAP_FAILED);
        for (size_t at = 0; at < TOUCHED; at += PAGE)
            memory[at] = 1;
        CHECK(munmap(memory, TOUCHED) == 0);
    }
}

/* What doing it for long has cost. */
static struct used cost_of(void (*work)(void))
{
    int64_t end = cpu_ns() + LONG_NS;
    struct used before = usage_of(RUSAGE_SELF);

    while (cpu_ns() < end)
        work();
    struct used after = usage_of(RUSAGE_SELF);
    return (struct used){after.user - before.user, after.system - before.system};
}

/* The same of a child that does it: a parent has what its child used when it has waited for it. */
static struct used cost_of_child(void (*work)(void))
{
    struct used before = usage_of(RUSAGE_CHILDREN);
    int status;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        (void)cost_of(work);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    struct used after = usage_of(RUSAGE_CHILDREN);
    return (struct used){after.user - before.user, after.system - before.system};
}

struct sort_of_work {
    const char *name;
    struct used (*cost)(void (*work)(void));
    void (*work)(void);
    bool is_system;
};

/*
 * Where instructions are the clock, samples tell the same each time. On Linux, beside other
 * things, they may tell something else once.
 */
static void check_work(const struct sort_of_work *sort)
{
    struct used used = {0, 0};

    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        used = sort->cost(sort->work);
        if (sort->is_system ? used.system >= 2 * used.user : used.user >= 2 * used.system)
            return;
    }
    fprintf(stderr, "%s: %.3f s, and %.3f s of the system's\n", sort->name, used.user, used.system);
    exit(1);
}

/* The same by other ways: fields 14 and 15 of /proc/self/stat, and times, in ticks. */
static void check_ticks(void)
{
    struct used used = usage_of(RUSAGE_SELF);
    struct tms ticks;
    unsigned long user, system;
    long second = sysconf(_SC_CLK_TCK);
    FILE *stat = fopen("/proc/self/stat", "r");

    CHECK(times(&ticks) != (clock_t)-1);
    CHECK(fscanf(stat, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                 &system) == 2);
    fclose(stat);
    CHECK((double)user / (double)second >= used.user - 0.05);
    CHECK((double)system / (double)second >= used.system - 0.05);
    CHECK((double)ticks.tms_utime / (double)second >= used.user - 0.05);
    CHECK((double)ticks.tms_stime / (double)second >= used.system - 0.05);
}

int main(void)
{
    static const struct sort_of_work sorts[] = {
        {"computing", cost_of, compute, false},
        {"reading", cost_of, read_zeroes, true},
        {"touching memory", cost_of, touch_memory, true},
        {"a child's reads", cost_of_child, read_zeroes, true},
    };

    for (unsigned i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++)
        check_work(&sorts[i]);
    check_ticks();
    return 0;
}
