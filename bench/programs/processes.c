/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What a process costs to create and to end, in counter steps, depending on how many
 * there are: all of them wait at one pipe, until it is closed. "bench: NAME VALUE".
 */
#include "counter.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define STAGES (sizeof(stages) / sizeof(stages[0]))

/* Up to so many: what one of those since the stage before costs. */
static const unsigned stages[] = {10, 100, 1000, 2000, 5000, 10000};

static void fail_unless(int condition, const char *what)
{
    if (!condition) {
        perror(what);
        exit(1);
    }
}

static void print(const char *what, unsigned count, uint64_t steps)
{
    printf("bench: %s_%u %llu\n", what, count, (unsigned long long)steps);
    fflush(stdout);
}

/* Until each child says that it runs. */
static void create(int gate, int closer, int birth, int birth_end)
{
    char byte = 0;
    pid_t pid = fork();

    fail_unless(pid >= 0, "fork");
    if (pid > 0) {
        fail_unless(read(birth, &byte, 1) == 1, "read");
        return;
    }
    close(closer);
    fail_unless(write(birth_end, &byte, 1) == 1, "write");
    _exit(read(gate, &byte, 1) != 0);
}

static void end_all(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        int status;
        fail_unless(wait(&status) > 0 && status == 0, "wait");
    }
    fail_unless(wait(NULL) == -1, "nobody to wait for");
}

int main(void)
{
    const struct rlimit many = {2 * 10000, 2 * 10000};
    int gate[2], birth[2];
    unsigned count = 0;

    (void)setrlimit(RLIMIT_NPROC, &many);
    fail_unless(pipe(gate) == 0 && pipe(birth) == 0, "pipe");
    for (unsigned stage = 0; stage < STAGES; stage++) {
        unsigned before = count;
        uint64_t start = counter_read();
        for (; count < stages[stage]; count++)
            create(gate[0], gate[1], birth[0], birth[1]);
        print("create_to", count, (counter_read() - start) / (count - before));
    }
    uint64_t start = counter_read();
    close(gate[1]);
    end_all(count);
    print("end", count, (counter_read() - start) / count);
    return 0;
}
