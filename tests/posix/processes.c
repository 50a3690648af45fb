/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Processes: fork, exec, wait, vfork, posix_spawn, groups, limits, credentials. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *self;

static int wait_for(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void fork_copies(void)
{
    int value = 1;
    pid_t parent = getpid();
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        value = 2;
        _exit(getppid() == parent && getpid() != parent && value == 2 ? 33 : 1);
    }
    CHECK(wait_for(child) == 33);
    CHECK(value == 1);
    CHECK_ERROR(waitpid(child, NULL, 0), ECHILD);
}

static void exec_replaces(void)
{
    int ends[2];
    char text[64] = {0};

    CHECK(pipe(ends) == 0);
    CHECK(fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0);
    pid_t child = fork();
    if (child == 0) {
        char number[16];
        snprintf(number, sizeof(number), "%d", ends[1]);
        execle(self, "renamed", "child", number, NULL, (char *[]){"COLOUR=blue", NULL});
        _exit(99);
    }
    CHECK(close(ends[1]) == 0);
    CHECK(wait_for(child) == 44);
    CHECK(read(ends[0], text, sizeof(text)) > 0);
    CHECK(strcmp(text, "renamed child blue") == 0);
    CHECK_ERROR(execl("/nonexistent", "x", NULL), ENOENT);
    CHECK_ERROR(execl("/tmp", "x", NULL), EACCES);
}

static int run_child(char **arguments)
{
    char text[64];
    int length =
        snprintf(text, sizeof(text), "%s %s %s", arguments[0], arguments[1], getenv("COLOUR"));
    return write(atoi(arguments[2]), text, (size_t)length) == length ? 44 : 1;
}

static void vfork_shares(void)
{
    volatile int value = 1;
    pid_t child = vfork();

    if (child == 0) {
        value = 2;
        _exit(5);
    }
    CHECK(child > 0);
    CHECK(value == 2);
    CHECK(wait_for(child) == 5);
    child = vfork();
    if (child == 0) {
        execl(self, self, "status", "6", NULL);
        _exit(99);
    }
    CHECK(wait_for(child) == 6);
}

static long resident_kib(void)
{
    char line[128];
    long kib = -1;
    FILE *file = fopen("/proc/self/status", "r");
    CHECK(file != NULL);
    while (kib == -1 && fgets(line, sizeof(line), file) != NULL)
        (void)sscanf(line, "VmRSS: %ld", &kib);
    (void)fclose(file);
    return kib;
}

static void vfork_and_end(int times)
{
    for (int i = 0; i < times; i++) {
        pid_t child = vfork();
        if (child == 0)
            _exit(7);
        CHECK(wait_for(child) == 7);
    }
}

/* Ends each child whose pid is put there, every time a little later. */
static void kill_on_and_on(volatile pid_t *victim)
{
    for (unsigned round = 0;; round++) {
        while (*victim == 0)
            (void)sched_yield();
        for (volatile unsigned i = 0; i < round * 7919 % 30000; i++)
            continue;
        CHECK(kill(*victim, SIGKILL) == 0);
        *victim = 0;
    }
}

/* Whatever the child is doing with the memory it shares, its parent goes on. */
static void vfork_is_killed(void)
{
    char *const environment[] = {"A=1234567890", "B=1234567890", "C=1234567890", NULL};
    volatile pid_t *victim =
        mmap(NULL, sizeof(*victim), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;

    CHECK(victim != MAP_FAILED);
    pid_t killer = fork();
    if (killer == 0)
        kill_on_and_on(victim);
    for (int i = 0; i < 100; i++) {
        pid_t child = vfork();
        if (child == 0) {
            *victim = getpid();
            for (;;)
                (void)execve("/proc/self/exe/none", environment, environment);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        while (*victim != 0)
            (void)sched_yield();
    }
    CHECK(kill(killer, SIGKILL) == 0 && waitpid(killer, &status, 0) == killer);
    CHECK(munmap((void *)victim, sizeof(*victim)) == 0);
}

static void vfork_leaves_nothing(void)
{
    vfork_and_end(10);
    long before = resident_kib();
    vfork_and_end(200);
    vfork_is_killed();
    CHECK(resident_kib() - before < 500);
}

/* A child that shares the memory until it has a program of its own leaves nothing there. */
static void spawn_often(char *const *arguments)
{
    pid_t child;
    int status;
    long before = resident_kib();
    for (int i = 0; i < 200; i++) {
        CHECK(posix_spawn(&child, self, NULL, NULL, arguments, environ) == 0);
        CHECK(waitpid(child, &status, 0) == child);
    }
    CHECK(resident_kib() - before < 1024);
}

static void spawn(void)
{
    pid_t child;
    char *good[] = {self, "status", "7", NULL};

    CHECK(posix_spawn(&child, self, NULL, NULL, good, environ) == 0);
    CHECK(wait_for(child) == 7);
    CHECK(posix_spawn(&child, "/nonexistent", NULL, NULL, good, environ) == ENOENT);
    spawn_often(good);
}

static void many_children(void)
{
    int sum = 0;

    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(i);
        CHECK(child > 0);
    }
    for (int i = 0; i < 20; i++) {
        int status;
        CHECK(wait(&status) > 0);
        sum += WEXITSTATUS(status);
    }
    CHECK(sum == 190);
}

static void groups_and_sessions(void)
{
    pid_t child = fork();

    if (child == 0) {
        CHECK(setpgid(0, 0) == 0);
        CHECK(getpgrp() == getpid());
        CHECK_ERROR(setsid(), EPERM);
        pid_t grandchild = fork();
        if (grandchild == 0) {
            CHECK(setsid() == getpid());
            _exit(getsid(0) == getpid() ? 0 : 1);
        }
        _exit(wait_for(grandchild));
    }
    CHECK(wait_for(child) == 0);
}

static void limits(void)
{
    struct rlimit limit, again;
    struct rusage usage;

    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(limit.rlim_cur >= 256);
    pid_t child = fork();
    if (child == 0) {
        limit.rlim_cur = 16;
        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        CHECK(prlimit(0, RLIMIT_NOFILE, NULL, &again) == 0);
        CHECK(again.rlim_cur == 16);
        int fd = 0;
        while (fd >= 0 && fd < 100)
            fd = dup(0);
        _exit(fd == -1 && errno == EMFILE ? 0 : 1);
    }
    CHECK(wait_for(child) == 0);
    CHECK(getrusage(RUSAGE_CHILDREN, &usage) == 0);
}

static void credentials(void)
{
    if (getuid() != 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        gid_t groups[2] = {101, 100};
        CHECK(setgroups(2, groups) == 0);
        CHECK(getgroups(2, groups) == 2 && groups[0] == 100 && groups[1] == 101);
        CHECK(setresgid(1000, 1000, 1000) == 0);
        CHECK(setresuid(1000, 1000, 1000) == 0);
        CHECK(getuid() == 1000 && geteuid() == 1000 && getgid() == 1000);
        CHECK_ERROR(setuid(0), EPERM);
        CHECK_ERROR(open("/etc/shadow", O_RDONLY), EACCES);
        CHECK_ERROR(kill(1, SIGTERM), EPERM);
        _exit(0);
    }
    CHECK(wait_for(child) == 0);
    child = fork();
    if (child == 0) { /* as a set-id program: access goes by who started it, opening does not */
        CHECK(setgroups(0, NULL) == 0 && setresgid(1000, 0, 0) == 0 && setresuid(1000, 0, 0) == 0);
        CHECK_ERROR(access("/etc/shadow", R_OK), EACCES);
        CHECK_ERROR(access("/proc/1/environ", R_OK), EACCES);
        CHECK(syscall(SYS_faccessat2, AT_FDCWD, "/etc/shadow", R_OK, AT_EACCESS) == 0);
        CHECK(access("/etc/passwd", R_OK) == 0);
        CHECK(close(open("/etc/shadow", O_RDONLY)) == 0);
        _exit(0);
    }
    CHECK(wait_for(child) == 0);
}

static void fork_shares_offsets(void)
{
    char name[] = "/tmp/offsetXXXXXX";
    char byte;
    int fd = mkstemp(name);

    CHECK(fd >= 0);
    CHECK(write(fd, "abcdef", 6) == 6);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    CHECK(read(fd, &byte, 1) == 1 && byte == 'a');
    pid_t child = fork();
    if (child == 0)
        _exit(read(fd, &byte, 1) == 1 && byte == 'b' ? 0 : 1);
    CHECK(wait_for(child) == 0);
    CHECK(read(fd, &byte, 1) == 1 && byte == 'c');
    CHECK(lseek(fd, 0, SEEK_CUR) == 3);
    CHECK(unlink(name) == 0);
}

int main(int count, char **arguments)
{
    self = "/proc/self/exe";
    if (count > 2 && strcmp(arguments[1], "child") == 0)
        return run_child(arguments);
    if (count > 2 && strcmp(arguments[1], "status") == 0)
        return atoi(arguments[2]);
    fork_copies();
    exec_replaces();
    vfork_shares();
    vfork_leaves_nothing();
    spawn();
    many_children();
    groups_and_sessions();
    limits();
    credentials();
    fork_shares_offsets();
    return 0;
}
