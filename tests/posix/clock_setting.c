/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Setting real time. Not run on the host, whose clock it would set: what is
 * checked is what clock_settime(2), settimeofday(2) and kernel/time/ of Linux say.
 */
#define _GNU_SOURCE
#include "check.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DATE 1000000000 /* 2001 */
#define LATER 4000000000
#define NS 1000000000

static struct timespec read_clock(clockid_t clock)
{
    struct timespec time;

    CHECK(clock_gettime(clock, &time) == 0);
    return time;
}

/* What each way of asking says is within two seconds of this. */
static void check_date(time_t date)
{
    struct timeval day;
    struct timespec by_call;

    CHECK(gettimeofday(&day, NULL) == 0);
    CHECK(syscall(SYS_clock_gettime, CLOCK_REALTIME, &by_call) == 0);
    CHECK(day.tv_sec - date <= 2 && day.tv_sec >= date);
    CHECK(by_call.tv_sec - date <= 2 && by_call.tv_sec >= date);
    CHECK(read_clock(CLOCK_REALTIME).tv_sec - date <= 2);
    CHECK(read_clock(CLOCK_REALTIME_COARSE).tv_sec - date <= 2);
    CHECK(labs((long)(time(NULL) - date)) <= 2);
}

static void test_setting(void)
{
    const struct timespec dates[] = {{DATE, NS - 1}, {LATER, 0}, {DATE, 5}};
    struct timespec before = read_clock(CLOCK_MONOTONIC);

    for (unsigned i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        CHECK(clock_settime(CLOCK_REALTIME, &dates[i]) == 0);
        check_date(dates[i].tv_sec);
    }
    CHECK(settimeofday(&(struct timeval){LATER, 999999}, NULL) == 0);
    check_date(LATER);
    CHECK(settimeofday(NULL, &(struct timezone){0, 0}) == 0);
    struct timespec after = read_clock(CLOCK_MONOTONIC);
    CHECK(after.tv_sec >= before.tv_sec && after.tv_sec < before.tv_sec + 60);
}

static void test_bad_dates(void)
{
    const struct timespec bad[] = {{DATE, NS}, {DATE, -1}, {-1, 0}, {9000000000, 0}, {0, 0}};

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_ERROR(clock_settime(CLOCK_REALTIME, &bad[i]), EINVAL);
    CHECK_ERROR(clock_settime(CLOCK_MONOTONIC, &(struct timespec){DATE, 0}), EINVAL);
    CHECK_ERROR(clock_settime(77, &(struct timespec){DATE, 0}), EINVAL);
    CHECK_ERROR(syscall(SYS_clock_settime, CLOCK_REALTIME, (void *)8), EFAULT);
    CHECK_ERROR(syscall(SYS_settimeofday, (void *)8, NULL), EFAULT);
    CHECK_ERROR(syscall(SYS_settimeofday, NULL, (void *)8), EFAULT);
    CHECK_ERROR(syscall(SYS_settimeofday, &(struct timeval){DATE, 1000000}, NULL), EINVAL);
    check_date(LATER);
}

/* Deadlines of a real time follow the clock that was set before they were asked for. */
static void test_deadlines(void)
{
    struct timespec now, wanted;
    int fd = timerfd_create(CLOCK_REALTIME, 0);

    CHECK(clock_settime(CLOCK_REALTIME, &(struct timespec){DATE, 0}) == 0);
    wanted = (struct timespec){DATE + 1, 0};
    CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &wanted, NULL) == 0);
    now = read_clock(CLOCK_REALTIME);
    CHECK(now.tv_sec >= DATE + 1 && now.tv_sec < DATE + 30);
    wanted.tv_sec = now.tv_sec + 1;
    CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &(struct itimerspec){.it_value = wanted}, NULL) ==
          0);
    CHECK(poll(&(struct pollfd){fd, POLLIN, 0}, 1, 30000) == 1);
    CHECK(read_clock(CLOCK_REALTIME).tv_sec >= wanted.tv_sec);
    close(fd);
}

static void test_other_users(void)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        CHECK(setuid(1000) == 0);
        CHECK_ERROR(clock_settime(CLOCK_REALTIME, &(struct timespec){LATER, 0}), EPERM);
        CHECK_ERROR(clock_settime(CLOCK_REALTIME, &(struct timespec){LATER, NS}), EINVAL);
        CHECK_ERROR(syscall(SYS_settimeofday, &(struct timeval){LATER, 0}, NULL), EPERM);
        CHECK_ERROR(syscall(SYS_settimeofday, NULL, &(struct timezone){0, 0}), EPERM);
        CHECK(read_clock(CLOCK_REALTIME).tv_sec < LATER);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    test_setting();
    test_bad_dates();
    test_deadlines();
    test_other_users();
    return 0;
}
