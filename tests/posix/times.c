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

static void check_mostly(const char *what, double part, double other)
{
    if (part < 2 * other) {
        fprintf(stderr, "%s: %.3f s beside %.3f s\n", what, part, other);
        exit(1);
    }
}

/*
 * Where instructions are the clock, samples tell the same each time. On Linux, beside other
 * things, they may tell something else once.
 */
static void check_work(const char *what, void (*work)(void), bool is_system)
{
    struct used used = {0, 0};

    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        used = cost_of(work);
        if (is_system ? used.system >= 2 * used.user : used.user >= 2 * used.system)
            return;
    }
    check_mostly(what, is_system ? used.system : used.user, is_system ? used.user : used.system);
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

/* A parent has what its child used, both ways, when it has waited for it. */
static struct used cost_of_child(void)
{
    struct used before = usage_of(RUSAGE_CHILDREN);
    int status;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        (void)cost_of(read_zeroes);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    struct used after = usage_of(RUSAGE_CHILDREN);
    return (struct used){after.user - before.user, after.system - before.system};
}

static void check_child(void)
{
    struct used used = {0, 0};

    for (unsigned attempt = 0; attempt < ATTEMPTS && used.system <= 2 * used.user; attempt++)
        used = cost_of_child();
    check_mostly("a child's reads", used.system, used.user);
}

int main(void)
{
    check_work("computing", compute, false);
    check_work("reading", read_zeroes, true);
    check_work("touching memory", touch_memory, true);
    check_ticks();
    check_child();
    return 0;
}
