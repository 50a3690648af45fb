/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Calls that few programs make themselves, down to what each of their flags does. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 50, NS = 1000000000 };

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

struct entry {
    uint64_t node;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

/* Every name once, whatever the buffer's size, and again from where one was. */
static void directories_are_read_in_pieces(void)
{
    char name[32], buffer[96] __attribute__((aligned(8)));
    unsigned seen = 0, others = 0;
    uint64_t found = 0;
    int64_t middle = 0;

    CHECK(mkdir("many", 0700) == 0);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "many/%d", i);
        CHECK(close(open(name, O_CREAT | O_WRONLY, 0600)) == 0);
    }
    int fd = open("many", O_RDONLY | O_DIRECTORY);
    CHECK_ERROR(syscall(SYS_getdents64, fd, buffer, 16), EINVAL);
    for (long size; (size = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) != 0;) {
        CHECK(size > 0);
        const struct entry *entry;
        for (long at = 0; at < size; at += entry->length) {
            entry = (const struct entry *)(buffer + at);
            if (entry->name[0] == '.') {
                CHECK(entry->type == 4);
                others++;
                continue;
            }
            CHECK(entry->type == 8 && entry->node != 0);
            found |= UINT64_C(1) << atoi(entry->name);
            if (++seen == FILES / 2)
                middle = entry->offset;
        }
    }
    CHECK(seen == FILES && others == 2 && found == (UINT64_C(1) << FILES) - 1);
    CHECK(lseek(fd, middle, SEEK_SET) == middle);
    CHECK(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) > 0);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    CHECK(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) > 0);
    CHECK_ERROR(syscall(SYS_getdents64, fd, (void *)8, sizeof(buffer)), EFAULT);
    CHECK(close(fd) == 0);
    fd = open("many/1", O_RDONLY);
    CHECK_ERROR(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)), ENOTDIR);
    CHECK(close(fd) == 0);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof(name), "many/%d", i);
        CHECK(unlink(name) == 0);
    }
    CHECK(rmdir("many") == 0);
}

static void sleeping_until(void)
{
    struct timespec now, end, left = {0, 0}, bad = {0, NS};
    struct itimerspec soon = {{0, 20000000},
                              {0, 20000000}}; /* the first may come before the call */
    timer_t timer;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    end = now;
    end.tv_nsec += 30000000;
    end.tv_sec += end.tv_nsec / NS;
    end.tv_nsec %= NS;
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    CHECK(now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec));
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == 0);
    CHECK(clock_nanosleep(CLOCK_REALTIME, 0, &bad, NULL) == EINVAL);
    CHECK(clock_nanosleep(1000, 0, &left, NULL) == EINVAL);
    CHECK(signal(SIGALRM, on_alarm) != SIG_ERR);
    CHECK(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0);
    CHECK(timer_settime(timer, 0, &soon, NULL) == 0);
    CHECK(clock_nanosleep(CLOCK_REALTIME, 0, &(struct timespec){100, 0}, &left) == EINTR);
    CHECK(alarms >= 1 && left.tv_sec >= 90 && left.tv_sec < 100);
    CHECK(timer_delete(timer) == 0);
    CHECK(clock_getres(CLOCK_MONOTONIC, &now) == 0 && now.tv_sec == 0 && now.tv_nsec > 0);
}

static int64_t ns_of(clockid_t clock)
{
    struct timespec time;

    CHECK(clock_gettime(clock, &time) == 0);
    return time.tv_sec * (int64_t)NS + time.tv_nsec;
}

/* Due when so much processor time has been used, however long it takes. */
static void processor_timers(clockid_t clock)
{
    struct itimerspec soon = {.it_value = {0, 20000000}}, left;
    timer_t timer;

    CHECK(signal(SIGALRM, on_alarm) != SIG_ERR);
    CHECK(timer_create(clock, NULL, &timer) == 0);
    alarms = 0;
    int64_t begin = ns_of(clock);
    CHECK(timer_settime(timer, 0, &soon, NULL) == 0);
    CHECK(timer_gettime(timer, &left) == 0);
    CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_nsec <= 20000000);
    while (alarms == 0)
        continue;
    CHECK(ns_of(clock) - begin >= 20000000);
    int64_t end = ns_of(clock) + 30000000;
    soon.it_value = (struct timespec){end / NS, end % NS};
    soon.it_interval.tv_nsec = 5000000;
    CHECK(timer_settime(timer, TIMER_ABSTIME, &soon, NULL) == 0);
    while (alarms < 3)
        continue;
    CHECK(ns_of(clock) >= end + 5000000);
    CHECK(timer_delete(timer) == 0);
}

/* They come when the C library's call for the time returns, which is in the vDSO. */
static void signals_in_the_vdso(void)
{
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    struct timespec time;

    CHECK(signal(SIGALRM, on_alarm) != SIG_ERR);
    alarms = 0;
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    while (alarms < 20)
        CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
}

static void random_bytes(void)
{
    uint64_t some[4] = {0};

    CHECK(getrandom(some, sizeof(some), 0) == sizeof(some));
    CHECK(some[0] != some[1] && some[1] != some[2] && some[2] != some[3]);
    CHECK(getrandom(some, 8, GRND_NONBLOCK | GRND_RANDOM) == 8);
    CHECK(getrandom(some, 0, 0) == 0);
    CHECK_ERROR(getrandom(some, 8, 0x100), EINVAL);
    CHECK_ERROR(syscall(SYS_getrandom, (void *)8, 8, 0), EFAULT);
}

/* A signal that is blocked but while the call waits. */
static void waiting_with_another_mask(void)
{
    sigset_t blocked, open;
    struct timespec long_time = {60, 0}, no_time = {0, 0};
    struct pollfd polled;
    fd_set set;
    int ends[2];

    CHECK(pipe(ends) == 0);
    CHECK(sigemptyset(&open) == 0 && sigemptyset(&blocked) == 0 &&
          sigaddset(&blocked, SIGALRM) == 0);
    CHECK(sigprocmask(SIG_BLOCK, &blocked, NULL) == 0);
    alarms = 0;
    CHECK(raise(SIGALRM) == 0 && alarms == 0);
    polled = (struct pollfd){ends[0], POLLIN, 0};
    CHECK_ERROR(ppoll(&polled, 1, &long_time, &open), EINTR);
    CHECK(alarms == 1);
    CHECK(raise(SIGALRM) == 0 && alarms == 1);
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    CHECK_ERROR(pselect(ends[0] + 1, &set, NULL, NULL, &long_time, &open), EINTR);
    CHECK(alarms == 2);
    struct epoll_event event = {.events = EPOLLIN}, fired;
    int polls = epoll_create1(0);
    CHECK(polls >= 0 && epoll_ctl(polls, EPOLL_CTL_ADD, ends[0], &event) == 0);
    CHECK(raise(SIGALRM) == 0 && alarms == 2);
    CHECK_ERROR(epoll_pwait(polls, &fired, 1, 60000, &open), EINTR);
    CHECK(alarms == 3 && epoll_pwait(polls, &fired, 1, 0, &blocked) == 0 && close(polls) == 0);
    CHECK(ppoll(&polled, 1, &no_time, &open) == 0);
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK(pselect(ends[0] + 1, &set, NULL, NULL, &long_time, &blocked) == 1 &&
          FD_ISSET(ends[0], &set));
    CHECK(ppoll(&polled, 1, NULL, NULL) == 1 && polled.revents == POLLIN);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
    CHECK(sigprocmask(SIG_UNBLOCK, &blocked, NULL) == 0);
}

/* One that stops ends only when it is told to, for what has ended has not been continued. */
static pid_t child_that(const int *told)
{
    char word;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        if (told != NULL)
            CHECK(raise(SIGSTOP) == 0 && read(told[0], &word, 1) == 1);
        _exit(7);
    }
    return child;
}

static void waiting_for_children(void)
{
    siginfo_t information;
    int tell[2];
    CHECK(pipe(tell) == 0);
    pid_t child = child_that(tell);

    CHECK(waitid(P_PID, (id_t)child, &information, WSTOPPED) == 0);
    CHECK(information.si_pid == child && information.si_code == CLD_STOPPED &&
          information.si_status == SIGSTOP);
    memset(&information, 1, sizeof(information));
    CHECK(waitid(P_ALL, 0, &information, WEXITED | WNOHANG) == 0 && information.si_pid == 0);
    CHECK(kill(child, SIGCONT) == 0);
    CHECK(waitid(P_PID, (id_t)child, &information, WCONTINUED) == 0);
    CHECK(information.si_code == CLD_CONTINUED && information.si_status == SIGCONT);
    CHECK(write(tell[1], "", 1) == 1 && close(tell[0]) == 0 && close(tell[1]) == 0);
    CHECK(waitid(P_PID, (id_t)child, &information, WEXITED | WNOWAIT) == 0);
    CHECK(information.si_code == CLD_EXITED && information.si_status == 7 &&
          information.si_uid == getuid());
    CHECK(waitid(P_PGID, (id_t)getpgrp(), &information, WEXITED) == 0 &&
          information.si_pid == child);
    CHECK_ERROR(waitid(P_ALL, 0, &information, WEXITED), ECHILD);
    CHECK_ERROR(waitid(P_ALL, 0, &information, 0), EINVAL);
    child = child_that(NULL);
    int fd = (int)syscall(SYS_pidfd_open, child, 0);
    CHECK(fd >= 0);
    CHECK(waitid(3 /* P_PIDFD */, (id_t)fd, &information, WEXITED) == 0 &&
          information.si_pid == child);
    CHECK(close(fd) == 0);
}

static void moving_bytes(void)
{
    char left[4], right[8] = "";
    struct iovec out[] = {{"abc", 3}, {"", 0}, {"defgh", 5}}, in[] = {{left, 3}, {right, 5}};
    int one = open("one", O_RDWR | O_CREAT | O_TRUNC, 0600);
    int two = open("two", O_RDWR | O_CREAT | O_TRUNC, 0600), ends[2];
    off_t offset = 2;
    loff_t from = 1, to = 3;

    CHECK(writev(one, out, 3) == 8);
    CHECK(preadv(one, in, 2, 0) == 8 && memcmp(left, "abc", 3) == 0 &&
          memcmp(right, "defgh", 5) == 0);
    CHECK(lseek(one, 0, SEEK_CUR) == 8);
    CHECK_ERROR(syscall(SYS_writev, one, out, -1), EINVAL);
    CHECK_ERROR(preadv(one, in, 2, -1), EINVAL);
    CHECK(sendfile(two, one, &offset, 3) == 3 && offset == 5);
    CHECK(lseek(one, 0, SEEK_CUR) == 8 && lseek(two, 0, SEEK_CUR) == 3);
    CHECK(copy_file_range(one, &from, two, &to, 4, 0) == 4 && from == 5 && to == 7);
    CHECK(pread(two, right, 8, 0) == 7 && memcmp(right, "cdebcde", 7) == 0);
    CHECK(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
    CHECK(fcntl(ends[0], F_GETFD) == FD_CLOEXEC && (fcntl(ends[0], F_GETFL) & O_NONBLOCK) != 0);
    CHECK_ERROR(read(ends[0], left, 1), EAGAIN);
    CHECK(sendfile(ends[1], one, &(off_t){0}, 8) == 8 && read(ends[0], right, 8) == 8);
    CHECK_ERROR(lseek(ends[0], 0, SEEK_SET), ESPIPE);
    CHECK(dup3(ends[0], ends[1], O_CLOEXEC) == ends[1]);
    CHECK_ERROR(dup3(ends[0], ends[0], 0), EINVAL);
    CHECK(read(ends[1], left, 1) == 0);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0 && close(one) == 0 && close(two) == 0);
    CHECK(unlink("one") == 0 && unlink("two") == 0);
}

static void closing_a_range(void)
{
    const int first = 100;

    for (int i = 0; i < 10; i++)
        CHECK(fcntl(0, F_DUPFD, first + i) == first + i);
    CHECK(syscall(SYS_close_range, first + 2, first + 6, 0) == 0);
    CHECK_ERROR(fcntl(first + 2, F_GETFD), EBADF);
    CHECK_ERROR(fcntl(first + 6, F_GETFD), EBADF);
    CHECK(fcntl(first + 1, F_GETFD) == 0 && fcntl(first + 7, F_GETFD) == 0);
    CHECK(syscall(SYS_close_range, first, UINT_MAX, 4 /* CLOSE_RANGE_CLOEXEC */) == 0);
    CHECK(fcntl(first + 9, F_GETFD) == FD_CLOEXEC);
    CHECK_ERROR(syscall(SYS_close_range, 5, 4, 0), EINVAL);
    CHECK(syscall(SYS_close_range, first, UINT_MAX, 0) == 0);
    CHECK_ERROR(fcntl(first, F_GETFD), EBADF);
}

static void checking_access(void)
{
    struct stat status;

    CHECK(close(open("mine", O_CREAT | O_WRONLY, 0604)) == 0);
    CHECK(access("mine", R_OK | W_OK) == 0 && access("mine", F_OK) == 0);
    CHECK_ERROR(access("none", F_OK), ENOENT);
    CHECK_ERROR(access("mine", 8), EINVAL);
    CHECK_ERROR(access("mine/below", F_OK), ENOTDIR);
    CHECK_ERROR(fchmodat(AT_FDCWD, "none", 0600, 0), ENOENT);
    CHECK(chmod("mine", 0100) == 0 && stat("mine", &status) == 0 &&
          (status.st_mode & 07777) == 0100);
    CHECK(access("mine", X_OK) == 0);
    CHECK(chmod("mine", 0) == 0);
    if (geteuid() == 0)
        CHECK_ERROR(access("mine", X_OK), EACCES);
    CHECK(unlink("mine") == 0);
    CHECK(symlink("loop", "loop") == 0);
    CHECK_ERROR(open("loop", O_RDONLY), ELOOP);
    CHECK_ERROR(open("loop", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK(open("loop", O_PATH | O_NOFOLLOW) >= 0);
    CHECK(unlink("loop") == 0);
}

int main(void)
{
    char place[] = "/tmp/calls.XXXXXX";

    CHECK(mkdtemp(place) != NULL && chdir(place) == 0);
    directories_are_read_in_pieces();
    sleeping_until();
    processor_timers(CLOCK_PROCESS_CPUTIME_ID);
    processor_timers(CLOCK_THREAD_CPUTIME_ID);
    signals_in_the_vdso();
    random_bytes();
    waiting_with_another_mask();
    waiting_for_children();
    moving_bytes();
    closing_a_range();
    checking_access();
    CHECK(rmdir(place) == 0);
    return 0;
}
