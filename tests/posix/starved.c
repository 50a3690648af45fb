/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What needs memory is done with none left to the user, then with one page, with two, and so on
 * until it works: it fails with an error that Linux has for that, or a program that cannot go on
 * is killed; nothing else happens, and all memory is had back each time.
 *
 * Unread bytes in pipes hold the user's memory, all but the pages that a worker, a program of its
 * own, is given. `starved` is the keeper; `starved WORK` is a worker, which does its work once
 * before and says so.
 */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define PIPES 480
#define PAGES_OF_PIPE 16
#define RESERVE 60         /* pipes that are emptied for a worker to begin in */
#define PAGES_MAX 400      /* with so many anything works */
#define ENOUGH_SUCCESSES 3 /* in a row */
#define SLACK_PAGES 4      /* in the order of what the kernel rounds up */
#define FILES 200
#define THREADS 8

enum outcome { DONE = 0, REFUSED = 10, WRONG = 11 };

static char own_path[] = "/proc/self/exe";
static char page[PAGE];
static int pipes[PIPES][2];
static int pipe_count;

/* Work */

static bool is_refusal(int error)
{
    return error == EAGAIN || error == ENOMEM || error == ENFILE || error == EMFILE;
}

static enum outcome refused(const char *what, int error)
{
    if (is_refusal(error))
        return REFUSED;
    fprintf(stderr, "%s: %s\n", what, strerror(error));
    return WRONG;
}

static enum outcome await(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child)
        return refused("waitpid", errno);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? DONE : REFUSED;
}

static enum outcome work_fork(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child == -1 ? refused("fork", errno) : await(child);
}

static enum outcome work_spawn(void)
{
    char *const arguments[] = {"starved", "nothing", NULL};
    pid_t child;
    int error = posix_spawn(&child, own_path, NULL, NULL, arguments, NULL);
    return error != 0 ? refused("posix_spawn", error) : await(child);
}

static enum outcome work_nothing(void)
{
    return DONE;
}

static void *end_at_once(void *argument)
{
    return argument;
}

static bool starving; /* there is little memory now */

/* One at first, for what one used is kept for the next. */
static enum outcome work_thread(void)
{
    pthread_t threads[THREADS];
    int error = 0, made = 0, count = starving ? THREADS : 1;
    while (made < count && (error = pthread_create(&threads[made], NULL, end_at_once, NULL)) == 0)
        made++;
    for (int i = 0; i < made; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    return made == count ? DONE : refused("pthread_create", error);
}

/* Few at first, so that descriptors and handles want memory. */
static enum outcome work_files(void)
{
    int files[FILES], opened = 0, count = starving ? FILES : 1;
    while (opened < count && (files[opened] = open("/tmp/starved", O_RDWR)) != -1)
        opened++;
    enum outcome outcome = opened == count ? DONE : refused("open", errno);
    while (opened > 0)
        close(files[--opened]);
    return outcome;
}

static enum outcome work_exec(void)
{
    char *const arguments[] = {"starved", "nothing", NULL};
    execv(own_path, arguments);
    return refused("execv", errno);
}

static const struct work {
    const char *name;
    enum outcome (*run)(void);
} works[] = {
    {"fork", work_fork},   {"spawn", work_spawn}, {"thread", work_thread},
    {"files", work_files}, {"exec", work_exec},   {"nothing", work_nothing},
};

/* Once with enough memory, so that only the work itself is wanting then; but exec does not return. */
static int run_worker(const struct work *work)
{
    if (work->run == work_nothing)
        return 0;
    if (work->run != work_exec)
        CHECK(work->run() == DONE);
    /* A program that cannot start for lack of memory may say so. */
    CHECK(fcntl(STDERR_FILENO, F_SETFD, FD_CLOEXEC) == 0);
    CHECK(write(STDOUT_FILENO, "r", 1) == 1);
    CHECK(read(STDIN_FILENO, page, 1) == 0); /* a byte would need a page */
    starving = true;
    return (int)work->run();
}

/* The keeper */

/* As many pages as there are still, into the pipes from `first` on. */
static int fill(int first)
{
    int pages = 0;
    for (int i = first; i < pipe_count; i++) {
        while (write(pipes[i][1], page, PAGE) == PAGE)
            pages++;
        if (errno != EAGAIN && errno != ENOMEM)
            CHECK(!"a pipe takes pages, is full, or there is no memory");
    }
    return pages;
}

static int empty(int first, int pages)
{
    int taken = 0;
    for (int i = first; i < pipe_count; i++) {
        while (taken < pages && read(pipes[i][0], page, PAGE) == PAGE)
            taken++;
    }
    return taken;
}

/* All of the user's memory is in pipes; those from the result on are emptied again, the reserve. */
static int take_all(void)
{
    int last = 0;
    while (pipe_count < PIPES && pipe2(pipes[pipe_count], O_NONBLOCK | O_CLOEXEC) == 0)
        pipe_count++;
    for (errno = EAGAIN; errno == EAGAIN; last++) {
        CHECK(last < pipe_count);
        while (write(pipes[last][1], page, PAGE) == PAGE)
            ;
    }
    CHECK(errno == ENOMEM && last > 2 * RESERVE);
    empty(last - RESERVE, RESERVE * PAGES_OF_PIPE);
    return last - RESERVE;
}

struct worker {
    pid_t pid;
    int go, ready;
};

static struct worker start_worker(const struct work *work)
{
    char *const arguments[] = {"starved", (char *)work->name, NULL};
    posix_spawn_file_actions_t actions;
    struct worker worker;
    int go[2], ready[2];
    CHECK(pipe2(go, O_CLOEXEC) == 0 && pipe2(ready, O_CLOEXEC) == 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, go[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ready[1], STDOUT_FILENO);
    errno = posix_spawn(&worker.pid, own_path, &actions, NULL, arguments, NULL);
    CHECK(errno == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(go[0]);
    close(ready[1]);
    worker.go = go[1];
    worker.ready = ready[0];
    if (read(worker.ready, page, 1) != 1) {
        int status;
        CHECK(waitpid(worker.pid, &status, 0) == worker.pid);
        fprintf(stderr, "%s does not begin: status %#x\n", work->name, status);
        exit(1);
    }
    return worker;
}

/* Let it do its work with so many pages; whether it was done. */
static bool run_with(const struct work *work, int first, int pages)
{
    int status;
    struct worker worker = start_worker(work);
    fill(first);
    empty(first, pages);
    close(worker.go);
    CHECK(waitpid(worker.pid, &status, 0) == worker.pid);
    close(worker.ready);
    bool killed =
        WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGBUS);
    if (!killed &&
        !(WIFEXITED(status) && WEXITSTATUS(status) != WRONG && WEXITSTATUS(status) != 1)) {
        fprintf(stderr, "%s with %d pages: status %#x\n", work->name, pages, status);
        exit(1);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == DONE;
}

static void empty_reserve(int first)
{
    while (empty(first, 1000) != 0)
        ;
}

/* How many pages there are when nothing runs: asked again for a while, for some go in steps. */
static int capacity(int first, int expected)
{
    const struct timespec moment = {.tv_nsec = 10000000};
    int pages = 0;
    for (int i = 0; i < 500; i++) {
        empty_reserve(first);
        pages = fill(first);
        if (pages >= expected)
            break;
        nanosleep(&moment, NULL);
    }
    empty_reserve(first);
    return pages;
}

static void sweep(const struct work *work, int first)
{
    int successes = 0, pages = 0, refusals = 0;
    run_with(work, first, PAGES_MAX); /* what is kept after the first time is there */
    empty_reserve(first);
    int before = capacity(first, 0);
    for (; pages < PAGES_MAX && successes < ENOUGH_SUCCESSES; pages++) {
        bool done = run_with(work, first, pages);
        successes = done ? successes + 1 : 0;
        refusals += !done;
        empty_reserve(first);
    }
    int after = capacity(first, before - SLACK_PAGES);
    if (successes < ENOUGH_SUCCESSES || refusals == 0 || after < before - SLACK_PAGES) {
        fprintf(stderr, "%s: %d refusals, up to %d pages; %d pages before, %d after\n", work->name,
                refusals, pages, before, after);
        exit(1);
    }
}

/* The keeper itself must not want a page while there is none: it has touched what it will use. */
static void touch_all(void)
{
    const struct timespec moment = {.tv_nsec = 1};
    volatile char stack[65536];
    for (size_t i = 0; i < sizeof(stack); i += PAGE)
        stack[i] = 1;
    nanosleep(&moment, NULL);
    CHECK_ERROR(waitpid(-1, NULL, WNOHANG), ECHILD);
    CHECK(pipe2(pipes[0], O_NONBLOCK | O_CLOEXEC) == 0);
    pipe_count = 1;
    CHECK(fill(0) == PAGES_OF_PIPE && empty(0, PAGES_MAX) == PAGES_OF_PIPE);
}

int main(int count, char **arguments)
{
    memset(page, 'x', sizeof(page));
    for (unsigned i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        if (count == 2 && strcmp(arguments[1], works[i].name) == 0)
            return run_worker(&works[i]);
    }
    close(open("/tmp/starved", O_RDWR | O_CREAT, 0600));
    touch_all();
    int first = take_all();
    for (unsigned i = 0; works[i].run != work_nothing; i++) {
        sweep(&works[i], first);
        printf("%s\n", works[i].name);
        fflush(stdout);
    }
    return 0;
}
