/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Readiness: pipes, poll, select, epoll, eventfd, timerfd, signalfd, socketpairs with descriptors. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void pipes(void)
{
    static char bulk[100000];
    int ends[2], count, status;
    ssize_t total = 0;
    char byte;

    CHECK(pipe2(ends, O_NONBLOCK) == 0);
    CHECK_ERROR(read(ends[0], &byte, 1), EAGAIN);
    CHECK(write(ends[1], "abc", 3) == 3);
    CHECK(ioctl(ends[0], FIONREAD, &count) == 0 && count == 3);
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'a');
    CHECK(write(ends[1], bulk, sizeof(bulk)) > 0);
    CHECK_ERROR(write(ends[1], bulk, 4096), EAGAIN);
    CHECK(close(ends[1]) == 0);
    while (read(ends[0], bulk, sizeof(bulk)) > 0)
        continue;
    CHECK(read(ends[0], &byte, 1) == 0);
    CHECK(close(ends[0]) == 0);
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        CHECK(close(ends[0]) == 0);
        _exit(write(ends[1], bulk, sizeof(bulk)) == sizeof(bulk) ? 0 : 1);
    }
    CHECK(close(ends[1]) == 0);
    for (ssize_t length; (length = read(ends[0], bulk, 5000)) > 0;)
        total += length;
    CHECK(total == sizeof(bulk));
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    signal(SIGPIPE, SIG_IGN);
    CHECK(close(ends[0]) == 0 && pipe(ends) == 0 && close(ends[0]) == 0);
    CHECK_ERROR(write(ends[1], "x", 1), EPIPE);
    CHECK(close(ends[1]) == 0);
}

static void polling(void)
{
    int ends[2];

    CHECK(pipe(ends) == 0);
    struct pollfd items[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
    CHECK(poll(items, 2, 0) == 1 && items[0].revents == 0 && items[1].revents == POLLOUT);
    CHECK(poll(items, 1, 20) == 0);
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK(poll(items, 2, -1) == 2 && items[0].revents == POLLIN);
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(ends[0], &readable);
    struct timeval none = {0, 0};
    CHECK(select(ends[0] + 1, &readable, NULL, NULL, &none) == 1 && FD_ISSET(ends[0], &readable));
    CHECK(close(ends[1]) == 0);
    CHECK(poll(items, 1, 0) == 1 && items[0].revents == (POLLIN | POLLHUP));
    CHECK(close(ends[0]) == 0);
    CHECK(poll(items, 1, 0) == 1 && items[0].revents == POLLNVAL);
}

static void epolls(void)
{
    int ends[2];
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 99}, fired[4];
    char byte;

    CHECK(set >= 0 && pipe(ends) == 0);
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event) == 0);
    CHECK_ERROR(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event), EEXIST);
    CHECK(epoll_wait(set, fired, 4, 0) == 0);
    CHECK(write(ends[1], "xy", 2) == 2);
    CHECK(epoll_wait(set, fired, 4, -1) == 1 && fired[0].data.u64 == 99 &&
          fired[0].events == EPOLLIN);
    CHECK(epoll_wait(set, fired, 4, 0) == 1);
    event.events = EPOLLIN | EPOLLET;
    CHECK(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event) == 0);
    CHECK(epoll_wait(set, fired, 4, 0) == 1 && epoll_wait(set, fired, 4, 0) == 0);
    CHECK(write(ends[1], "z", 1) == 1 && epoll_wait(set, fired, 4, 0) == 1);
    event.events = EPOLLIN | EPOLLONESHOT;
    CHECK(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event) == 0);
    CHECK(epoll_wait(set, fired, 4, 0) == 1 && epoll_wait(set, fired, 4, 0) == 0);
    CHECK(read(ends[0], &byte, 1) == 1);
    CHECK(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL) == 0);
    CHECK_ERROR(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL), ENOENT);
    CHECK(epoll_wait(set, fired, 4, 10) == 0);
    CHECK(close(set) == 0 && close(ends[0]) == 0 && close(ends[1]) == 0);
}

static void counters_and_timers(void)
{
    uint64_t value = 5;
    int counter = eventfd(2, EFD_NONBLOCK);
    int semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec soon = {.it_value = {0, 5000000}, .it_interval = {0, 5000000}}, left;

    CHECK(write(counter, &value, 8) == 8 && read(counter, &value, 8) == 8 && value == 7);
    CHECK_ERROR(read(counter, &value, 8), EAGAIN);
    CHECK(read(semaphore, &value, 8) == 8 && value == 1 && read(semaphore, &value, 8) == 8);
    CHECK_ERROR(read(semaphore, &value, 8), EAGAIN);
    CHECK(timerfd_settime(timer, 0, &soon, NULL) == 0);
    CHECK(read(timer, &value, 8) == 8 && value >= 1);
    usleep(30000);
    CHECK(read(timer, &value, 8) == 8 && value >= 3);
    CHECK(timerfd_gettime(timer, &left) == 0 && left.it_interval.tv_nsec == 5000000);
    CHECK(close(counter) == 0 && close(semaphore) == 0 && close(timer) == 0);
}

static void signals_as_descriptors(void)
{
    sigset_t set;
    struct signalfd_siginfo information;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    int fd = signalfd(-1, &set, SFD_NONBLOCK);
    CHECK(fd >= 0);
    CHECK_ERROR(read(fd, &information, sizeof(information)), EAGAIN);
    CHECK(kill(getpid(), SIGUSR2) == 0);
    struct pollfd item = {fd, POLLIN, 0};
    CHECK(poll(&item, 1, 1000) == 1);
    CHECK(read(fd, &information, sizeof(information)) == sizeof(information));
    CHECK(information.ssi_signo == SIGUSR2 && information.ssi_pid == (uint32_t)getpid());
    CHECK(close(fd) == 0);
}

static void send_descriptor(int socket, int fd)
{
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec piece = {"f", 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    CHECK(sendmsg(socket, &message, 0) == 1);
}

static int receive_descriptor(int socket)
{
    char control[CMSG_SPACE(sizeof(int))], byte;
    struct iovec piece = {&byte, 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    int fd;

    CHECK(recvmsg(socket, &message, 0) == 1);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    CHECK(header != NULL && header->cmsg_type == SCM_RIGHTS);
    memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    return fd;
}

static void socket_pairs(void)
{
    int pair[2], ends[2], status;
    char text[8];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(pipe(ends) == 0);
    CHECK(send(pair[0], "ping", 4, 0) == 4 && recv(pair[1], text, sizeof(text), 0) == 4);
    CHECK(write(pair[1], "pong", 4) == 4 && read(pair[0], text, sizeof(text)) == 4);
    pid_t child = fork();
    if (child == 0) {
        int fd = receive_descriptor(pair[1]);
        _exit(write(fd, "passed", 6) == 6 ? 0 : 1);
    }
    send_descriptor(pair[0], ends[1]);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(read(ends[0], text, sizeof(text)) == 6);
    CHECK(close(pair[1]) == 0 && read(pair[0], text, 1) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    CHECK(send(pair[0], "one", 3, 0) == 3 && send(pair[0], "three", 5, 0) == 5);
    CHECK(recv(pair[1], text, 2, 0) == 2 && recv(pair[1], text, sizeof(text), 0) == 5);
}

static void clocks(void)
{
    struct timespec before, after, nap = {0, 20000000};

    CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
    CHECK(nanosleep(&nap, NULL) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
    long elapsed = (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec;
    CHECK(elapsed >= 20000000);
    CHECK(clock_gettime(CLOCK_REALTIME, &after) == 0 && after.tv_sec > 1600000000);
    CHECK(clock_getres(CLOCK_MONOTONIC, &after) == 0);
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after) == 0);
    CHECK_ERROR(clock_gettime(1234, &after), EINVAL);
}

int main(void)
{
    pipes();
    polling();
    epolls();
    counters_and_timers();
    signals_as_descriptors();
    socket_pairs();
    clocks();
    return 0;
}
