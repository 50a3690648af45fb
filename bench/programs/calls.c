/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What Linux calls cost, in counter steps per operation. Each line of output is
 * "bench: NAME VALUE". A warm-up round goes before each measured one.
 */
#include "counter.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_SIZE 4096

static char *const true_arguments[] = {"true", NULL};
static char *const no_environment[] = {NULL};

struct operation {
    const char *name;
    unsigned rounds;
    void (*run)(void);
};

static void fail_unless(int condition, const char *what)
{
    if (!condition) {
        perror(what);
        exit(1);
    }
}

static void run_getppid(void)
{
    syscall(SYS_getppid);
}

/* Two processes hand one byte back and forth; the partner is set up before. */
static int to_partner[2], from_partner[2];

static void run_pipe_round_trip(void)
{
    char byte = 0;
    fail_unless(write(to_partner[1], &byte, 1) == 1, "write");
    fail_unless(read(from_partner[0], &byte, 1) == 1, "read");
}

static void start_partner(void)
{
    fail_unless(pipe(to_partner) == 0 && pipe(from_partner) == 0, "pipe");
    pid_t pid = fork();
    fail_unless(pid >= 0, "fork");
    if (pid > 0)
        return;
    close(to_partner[1]);
    char byte;
    while (read(to_partner[0], &byte, 1) == 1)
        fail_unless(write(from_partner[1], &byte, 1) == 1, "write");
    _exit(0);
}

static void run_fork_exit_wait(void)
{
    pid_t pid = fork();
    fail_unless(pid >= 0, "fork");
    if (pid == 0)
        _exit(0);
    fail_unless(waitpid(pid, NULL, 0) == pid, "waitpid");
}

static void run_fork_exec_true(void)
{
    pid_t pid = fork();
    fail_unless(pid >= 0, "fork");
    if (pid == 0) {
        execve("/bin/true", true_arguments, no_environment);
        _exit(127);
    }
    int status;
    fail_unless(waitpid(pid, &status, 0) == pid && status == 0, "true");
}

static void run_map_touch_unmap(void)
{
    char *pages =
        mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fail_unless(pages != MAP_FAILED, "mmap");
    pages[0] = 1;
    pages[PAGE_SIZE] = 1;
    fail_unless(munmap(pages, 2 * PAGE_SIZE) == 0, "munmap");
}

static const struct operation operations[] = {
    {"getppid", 1000, run_getppid},
    {"pipe_round_trip", 200, run_pipe_round_trip},
    {"fork_exit_wait", 20, run_fork_exit_wait},
    {"fork_exec_true", 20, run_fork_exec_true},
    {"map_touch_unmap", 100, run_map_touch_unmap},
};

static void measure(const struct operation *operation)
{
    for (unsigned round = 0; round < operation->rounds / 10 + 1; round++)
        operation->run();
    uint64_t start = counter_read();
    for (unsigned round = 0; round < operation->rounds; round++)
        operation->run();
    uint64_t steps = (counter_read() - start) / operation->rounds;
    printf("bench: %s %llu\n", operation->name, (unsigned long long)steps);
    fflush(stdout);
}

int main(void)
{
    start_partner();
    for (size_t at = 0; at < sizeof(operations) / sizeof(operations[0]); at++)
        measure(&operations[at]);
    return 0;
}
