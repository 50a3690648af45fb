/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Random Linux calls with random arguments, by children that have given up being root:
 * `fuzz_linux_calls SEED ROUNDS`. A child may come to any end; whoever started it, and what
 * it asks for services, must work as before. A seed fixes what is called, not the order in
 * which several processes of one round get to it.
 */
#define _GNU_SOURCE
#include "../draw.h"
#include "check.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 500, NUMBERS = 470, NOBODY = 1000, BUFFER = 1 << 16, PATIENCE_MS = 500 };
#define PLACE "/tmp/fuzz"

static uint64_t state;
static char *buffer;   /* readable and writable; the page behind it is not there */
static char *constant; /* readable */

static uint64_t draw(void)
{
    return draw_next(&state);
}

static uint64_t below(uint64_t limit)
{
    return draw() % limit;
}

static uint64_t a_number(void)
{
    static const uint64_t odd[] = {0,
                                   1,
                                   2,
                                   4095,
                                   4096,
                                   4097,
                                   65536,
                                   INT32_MAX,
                                   (uint64_t)INT32_MIN,
                                   UINT32_MAX,
                                   INT64_MAX,
                                   (uint64_t)INT64_MIN,
                                   UINT64_MAX,
                                   UINT64_MAX - 1,
                                   UINT64_MAX - 99};
    switch (below(4)) {
    case 0:
        return odd[below(sizeof(odd) / sizeof(odd[0]))];
    case 1:
        return UINT64_C(1) << below(64);
    case 2:
        return draw() & draw() & 0xffffff;
    default:
        return below(64);
    }
}

static uint64_t a_path(void)
{
    static const char *const paths[] = {PLACE "/a",
                                        PLACE "/b",
                                        PLACE,
                                        "a",
                                        ".",
                                        "..",
                                        "",
                                        "/",
                                        "/proc/self/stat",
                                        "/proc/self/fd",
                                        "/proc/1/status",
                                        "/dev/null",
                                        "/dev/ptmx",
                                        "/dev/tty",
                                        "/bin/true",
                                        "/no/such/name",
                                        "/proc/self/root/bin"};
    char *at = buffer + below(BUFFER - 64);
    strcpy(at, paths[below(sizeof(paths) / sizeof(paths[0]))]);
    return (uint64_t)at;
}

static uint64_t an_address(void)
{
    switch (below(8)) {
    case 0:
        return 0;
    case 1:
        return UINT64_C(0xffffffff80000000) + below(1 << 20);
    case 2:
        return (uint64_t)buffer + BUFFER - below(64); /* runs out of what is there */
    case 3:
        return (uint64_t)constant + below(4096);
    case 4:
        return draw();
    default:
        return (uint64_t)buffer + (below(BUFFER) & ~UINT64_C(7));
    }
}

static uint64_t an_argument(void)
{
    switch (below(8)) {
    case 0:
    case 1:
        return a_path();
    case 2:
    case 3:
        return an_address();
    case 4:
    case 5:
        return below(12); /* a descriptor, a small flag */
    default:
        return a_number();
    }
}

static void fill_buffer(void)
{
    for (size_t i = 0; i < 64; i++) {
        uint64_t *at = (uint64_t *)(buffer + (below(BUFFER) & ~UINT64_C(7)));
        *at = below(2) != 0 ? an_argument() : a_number();
    }
}

/* One more of the calls that end the program would leave little to the others. */
static bool is_an_end(uint64_t number)
{
    return number == SYS_exit || number == SYS_exit_group || number == SYS_execve ||
           number == SYS_rt_sigreturn;
}

static void call_at_random(void)
{
    uint64_t number = below(NUMBERS);
    if (is_an_end(number) && below(50) != 0)
        return;
    fill_buffer();
    uint64_t first = an_argument(), second = an_argument(), third = an_argument();
    uint64_t fourth = an_argument(), fifth = an_argument(), sixth = an_argument();
    alarm(1);
    syscall((long)number, first, second, third, fourth, fifth, sixth);
}

static void give_up_root(void)
{
    const struct rlimit few = {64, 64};
    CHECK(setsid() != -1 && chdir(PLACE) == 0);
    CHECK(setgroups(0, NULL) == 0 && setgid(NOBODY) == 0);
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0 && setrlimit(RLIMIT_NPROC, &few) == 0);
    CHECK(setuid(NOBODY) == 0);
}

static void ignore(int number)
{
    (void)number;
}

static void run_child(void)
{
    struct sigaction action = {.sa_handler = ignore};
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    give_up_root();
    sigaction(SIGALRM, &action, NULL);
    for (int i = 0; i < CALLS; i++)
        call_at_random();
    _exit(0);
}

/* All of that user's, in whatever session they are by now. */
static void kill_the_rest(void)
{
    pid_t killer = fork();
    CHECK(killer != -1);
    if (killer == 0) {
        if (setuid(NOBODY) != 0)
            _exit(1);
        kill(-1, SIGCONT);
        kill(-1, SIGKILL);
        _exit(0);
    }
    int status;
    CHECK(waitpid(killer, &status, 0) == killer && status == 0);
}

static void wait_for(pid_t child)
{
    const struct timespec step = {.tv_nsec = 10000000};
    for (int ms = 0; ms < PATIENCE_MS; ms += 10) {
        if (waitpid(child, NULL, WNOHANG) == child)
            return;
        nanosleep(&step, NULL);
    }
    kill(child, SIGKILL);
    CHECK(waitpid(child, NULL, 0) == child);
}

/* Files, processes and pipes are as they were. */
static void check_services(void)
{
    char text[8] = "";
    int ends[2], fd = open("/tmp/fuzz_check", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(fd != -1 && write(fd, "content", 8) == 8 && pread(fd, text, 8, 0) == 8);
    CHECK(strcmp(text, "content") == 0 && close(fd) == 0 && unlink("/tmp/fuzz_check") == 0);
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    CHECK(child != -1);
    if (child == 0)
        _exit(write(ends[1], "x", 1) == 1 ? 7 : 1);
    int status;
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7);
    CHECK(read(ends[0], text, 1) == 1 && close(ends[0]) == 0 && close(ends[1]) == 0);
    fd = open("/proc/self/stat", O_RDONLY);
    CHECK(fd != -1 && read(fd, text, 8) == 8 && close(fd) == 0);
}

int main(int count, char **arguments)
{
    CHECK(count == 3);
    uint64_t seed = strtoull(arguments[1], NULL, 0), rounds = strtoull(arguments[2], NULL, 0);
    buffer = mmap(NULL, BUFFER + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(buffer != MAP_FAILED && munmap(buffer + BUFFER, 4096) == 0);
    constant = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(constant != MAP_FAILED);
    for (uint64_t round = 0; round < rounds; round++) {
        printf("seed %lu\n", (unsigned long)(seed + round));
        fflush(stdout);
        state = (seed + round) * UINT64_C(0x9e3779b97f4a7c15) | 1;
        pid_t child = fork();
        CHECK(child != -1);
        if (child == 0)
            run_child();
        wait_for(child);
        kill_the_rest();
        check_services();
    }
    printf("%lu rounds of %d calls\n", (unsigned long)rounds, CALLS);
    return 0;
}
