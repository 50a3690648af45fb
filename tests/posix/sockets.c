/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Pairs of sockets and what travels through them; sets of watched files in sets, threads and children. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int pair[2];

static void make_pair(int type)
{
    CHECK(socketpair(AF_UNIX, type, 0, pair) == 0);
}

static void close_pair(void)
{
    CHECK(close(pair[0]) == 0 && close(pair[1]) == 0);
}

static void streams(void)
{
    char text[16];
    struct iovec out[2] = {{"ab", 2}, {"cde", 3}}, in[2] = {{text, 3}, {text + 3, 9}};
    struct msghdr message = {.msg_iov = out, .msg_iovlen = 2};

    make_pair(SOCK_STREAM | SOCK_CLOEXEC);
    CHECK(fcntl(pair[0], F_GETFD) == FD_CLOEXEC);
    CHECK(sendmsg(pair[0], &message, 0) == 5);
    CHECK(recv(pair[1], text, 16, MSG_PEEK) == 5 && memcmp(text, "abcde", 5) == 0);
    message.msg_iov = in;
    CHECK(recvmsg(pair[1], &message, 0) == 5 && memcmp(text, "abcde", 5) == 0);
    CHECK_ERROR(recv(pair[1], text, 16, MSG_DONTWAIT), EAGAIN);
    CHECK(write(pair[0], "1", 1) == 1 && write(pair[0], "2", 1) == 1);
    CHECK(recv(pair[1], text, 2, MSG_WAITALL) == 2);
    CHECK_ERROR(lseek(pair[0], 0, SEEK_SET), ESPIPE);
    CHECK(shutdown(pair[0], SHUT_WR) == 0 && read(pair[1], text, 16) == 0);
    CHECK_ERROR(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK(send(pair[1], "back", 4, 0) == 4 && recv(pair[0], text, 16, 0) == 4);
    struct pollfd item = {pair[1], POLLIN | POLLRDHUP, 0};
    CHECK(poll(&item, 1, 0) == 1 && item.revents == (POLLIN | POLLRDHUP));
    CHECK(close(pair[0]) == 0 && poll(&item, 1, 0) == 1 && (item.revents & POLLHUP) != 0);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERROR(write(pair[1], "x", 1), EPIPE);
    CHECK(close(pair[1]) == 0);
}

static void packets(int type)
{
    char text[16];
    static char big[60000];

    make_pair(type);
    CHECK(send(pair[0], "first", 5, 0) == 5 && send(pair[0], "", 0, 0) == 0 &&
          send(pair[0], "third", 5, 0) == 5);
    CHECK(recv(pair[1], text, 2, MSG_TRUNC) == 5 && memcmp(text, "fi", 2) == 0);
    CHECK(recv(pair[1], text, 16, 0) == 0);
    struct iovec in = {text, 3};
    struct msghdr message = {.msg_iov = &in, .msg_iovlen = 1};
    CHECK(recvmsg(pair[1], &message, 0) == 3 && (message.msg_flags & MSG_TRUNC) != 0);
    CHECK(send(pair[1], big, sizeof(big), 0) == sizeof(big) &&
          recv(pair[0], big, sizeof(big), 0) == sizeof(big));
    close_pair();
}

static void options(void)
{
    struct sockaddr_un name;
    struct ucred credentials;
    socklen_t length = sizeof(int);
    int value;

    make_pair(SOCK_SEQPACKET);
    CHECK(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &value, &length) == 0 &&
          value == SOCK_SEQPACKET);
    CHECK(getsockopt(pair[0], SOL_SOCKET, SO_ERROR, &value, &length) == 0 && value == 0);
    length = sizeof(credentials);
    CHECK(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0);
    CHECK(credentials.pid == getpid() && credentials.uid == getuid());
    length = sizeof(name);
    CHECK(getsockname(pair[0], (struct sockaddr *)&name, &length) == 0 &&
          name.sun_family == AF_UNIX && length == 2);
    close_pair();
    CHECK_ERROR(send(0, "x", 1, 0), ENOTSOCK);
    CHECK_ERROR(socketpair(AF_MAX + 1, SOCK_STREAM, 0, pair), EAFNOSUPPORT);
}

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(3 * sizeof(int))];
};

static void pass(int socket, const int *fds, unsigned count)
{
    union control control = {0};
    struct iovec piece = {"f", 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(count * sizeof(int))};

    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)),
                                      .cmsg_level = SOL_SOCKET,
                                      .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    CHECK(sendmsg(socket, &message, 0) == 1);
}

static unsigned receive(int socket, int *fds, int flags)
{
    union control control;
    char byte;
    struct iovec piece = {&byte, 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    CHECK(recvmsg(socket, &message, flags) == 1);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL)
        return 0;
    unsigned count = (unsigned)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(fds, CMSG_DATA(header), count * sizeof(int));
    return count;
}

static void descriptors_of_files(void)
{
    char name[] = "/tmp/socketsXXXXXX", text[8];
    int file = mkstemp(name), got[3], status;

    CHECK(file >= 0 && unlink(name) == 0 && write(file, "0123456789", 10) == 10 &&
          lseek(file, 4, SEEK_SET) == 4);
    make_pair(SOCK_STREAM);
    pass(pair[0], &file, 1);
    CHECK(receive(pair[1], got, MSG_CMSG_CLOEXEC) == 1 && fcntl(got[0], F_GETFD) == FD_CLOEXEC);
    CHECK(read(got[0], text, 2) == 2 && memcmp(text, "45", 2) == 0 &&
          lseek(file, 0, SEEK_CUR) == 6);
    pid_t child = fork();
    if (child == 0) {
        int other;
        CHECK(receive(pair[1], &other, 0) == 1 && read(other, text, 1) == 1 && text[0] == '6');
        _exit(0);
    }
    pass(pair[0], got, 1);
    CHECK(waitpid(child, &status, 0) == child && status == 0 && lseek(file, 0, SEEK_CUR) == 7);
    CHECK(close(got[0]) == 0 && close(file) == 0);
    close_pair();
}

static void descriptors_of_pipes(void)
{
    int ends[2], got[3], inner[2];
    char text[8];

    CHECK(pipe(ends) == 0);
    make_pair(SOCK_DGRAM);
    pass(pair[0], ends, 2);
    CHECK(close(ends[1]) == 0);
    CHECK(receive(pair[1], got, 0) == 2);
    CHECK(write(got[1], "through", 7) == 7 && close(got[1]) == 0);
    CHECK(read(ends[0], text, 8) == 7 && read(ends[0], text, 8) == 0);
    CHECK(close(got[0]) == 0 && close(ends[0]) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, inner) == 0);
    pass(pair[0], inner, 1);
    CHECK(receive(pair[1], got, 0) == 1 && write(got[0], "in", 2) == 2 &&
          read(inner[1], text, 8) == 2);
    pass(pair[0], inner, 1);
    CHECK(read(pair[1], text, 8) == 1);
    CHECK(close(got[0]) == 0 && close(inner[0]) == 0 && read(inner[1], text, 1) == 0 &&
          close(inner[1]) == 0);
    close_pair();
}

static void sets_in_sets(void)
{
    int inner = epoll_create1(0), outer = epoll_create1(0), counter = eventfd(0, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = 5}, fired[2];
    uint64_t one = 1;

    CHECK(epoll_ctl(inner, EPOLL_CTL_ADD, counter, &event) == 0);
    CHECK(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event) == 0);
    CHECK(epoll_wait(outer, fired, 2, 0) == 0 && epoll_wait(outer, fired, 2, 5) == 0);
    CHECK(write(counter, &one, 8) == 8);
    CHECK(epoll_wait(outer, fired, 2, -1) == 1 && fired[0].data.fd == 5);
    struct pollfd item = {outer, POLLIN, 0};
    CHECK(poll(&item, 1, 0) == 1 && item.revents == POLLIN);
    CHECK_ERROR(epoll_ctl(inner, EPOLL_CTL_ADD, inner, &event), EINVAL);
    int file = open("/proc/self/exe", O_RDONLY);
    CHECK_ERROR(epoll_ctl(inner, EPOLL_CTL_ADD, file, &event), EPERM);
    CHECK(close(file) == 0 && close(counter) == 0);
    CHECK(epoll_wait(inner, fired, 2, 0) == 0);
    CHECK(close(inner) == 0 && close(outer) == 0);
}

static void sets_and_children(void)
{
    int ends[2], set = epoll_create1(0), status;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = 7}, fired[2];

    CHECK(pipe(ends) == 0 && epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event) == 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        close(set);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(epoll_wait(set, fired, 2, 1000) == 1 && fired[0].data.u32 == 7);
    CHECK(close(ends[1]) == 0 && epoll_wait(set, fired, 2, 1000) == 1 &&
          (fired[0].events & EPOLLHUP) != 0);
    CHECK(close(ends[0]) == 0 && close(set) == 0);
}

static void *add_later(void *argument)
{
    uint64_t one = 1;

    usleep(10000);
    CHECK(write(*(int *)argument, &one, 8) == 8);
    return NULL;
}

static void threads_wake(void)
{
    int counter = eventfd(0, 0), set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN}, fired[1];
    uint64_t value;
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, add_later, &counter) == 0);
    CHECK(read(counter, &value, 8) == 8 && value == 1 && pthread_join(thread, NULL) == 0);
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, counter, &event) == 0);
    CHECK(pthread_create(&thread, NULL, add_later, &counter) == 0);
    CHECK(epoll_wait(set, fired, 1, -1) == 1 && pthread_join(thread, NULL) == 0);
    CHECK(close(counter) == 0 && close(set) == 0);
}

static void timers(void)
{
    struct timespec now;
    struct itimerspec when = {0};
    uint64_t count;
    int timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);

    CHECK(timer >= 0 && clock_gettime(CLOCK_REALTIME, &now) == 0);
    CHECK_ERROR(read(timer, &count, 8), EAGAIN);
    when.it_value = now;
    when.it_value.tv_sec -= 1;
    CHECK(timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) == 0);
    struct pollfd item = {timer, POLLIN, 0};
    CHECK(poll(&item, 1, 1000) == 1 && read(timer, &count, 8) == 8 && count == 1);
    when.it_value = (struct timespec){100, 0};
    CHECK(timerfd_settime(timer, 0, &when, NULL) == 0 && timerfd_gettime(timer, &when) == 0 &&
          when.it_value.tv_sec == 99);
    CHECK(poll(&item, 1, 5) == 0 && close(timer) == 0);
    CHECK_ERROR(timerfd_create(77, 0), EINVAL);
}

static void signals(void)
{
    struct signalfd_siginfo information;
    union sigval value = {.sival_int = 42};
    sigset_t set;
    int status;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGRTMIN);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    int fd = signalfd(-1, &set, SFD_CLOEXEC), poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN}, fired[1];
    CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0 &&
          epoll_wait(poller, fired, 1, 0) == 0);
    pid_t child = fork();
    if (child == 0)
        _exit(3);
    CHECK(read(fd, &information, sizeof(information)) == sizeof(information));
    CHECK(information.ssi_signo == SIGCHLD && information.ssi_pid == (uint32_t)child &&
          information.ssi_status == 3);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(sigqueue(getpid(), SIGRTMIN, value) == 0 && epoll_wait(poller, fired, 1, 1000) == 1);
    CHECK(read(fd, &information, sizeof(information)) == sizeof(information) &&
          information.ssi_int == 42);
    CHECK(close(fd) == 0 && close(poller) == 0);
}

int main(void)
{
    streams();
    packets(SOCK_DGRAM);
    packets(SOCK_SEQPACKET);
    options();
    descriptors_of_files();
    descriptors_of_pipes();
    sets_in_sets();
    sets_and_children();
    threads_wake();
    timers();
    signals();
    return 0;
}
