/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Sockets with names: bind, listen, connect, accept; who may, who was it, and what is left of them. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "socket"

static const struct sockaddr *address_of(const char *name)
{
    static struct sockaddr_un address;

    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path, name);
    return (const struct sockaddr *)&address;
}

static int make(int type)
{
    int fd = socket(AF_UNIX, type, 0);
    CHECK(fd >= 0);
    return fd;
}

static int connect_to(int fd, const char *name)
{
    return connect(fd, address_of(name), sizeof(struct sockaddr_un));
}

static int server(int type)
{
    int fd = make(type);

    CHECK(bind(fd, address_of(NAME), sizeof(struct sockaddr_un)) == 0);
    CHECK(listen(fd, 5) == 0);
    return fd;
}

static int client(int type)
{
    int fd = make(type);
    CHECK(connect_to(fd, NAME) == 0);
    return fd;
}

static void close_server(int fd)
{
    CHECK(close(fd) == 0 && unlink(NAME) == 0);
}

static void before_there_is_one(void)
{
    struct stat status;
    char byte;
    int fd = make(SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);

    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode));
    CHECK_ERROR(connect_to(fd, NAME), ENOENT);
    CHECK_ERROR(listen(fd, 1), EINVAL);
    CHECK_ERROR(accept(fd, NULL, NULL), EINVAL);
    CHECK_ERROR(send(fd, "x", 1, MSG_NOSIGNAL), ENOTCONN);
    CHECK_ERROR(recv(fd, &byte, 1, 0), EINVAL);
    CHECK_ERROR(bind(fd, address_of(NAME), 1), EINVAL);
    CHECK_ERROR(bind(fd, address_of("no/such/directory"), sizeof(struct sockaddr_un)), ENOENT);
    struct sockaddr_un other = {.sun_family = AF_INET};
    CHECK_ERROR(bind(fd, (struct sockaddr *)&other, sizeof(other)), EINVAL);
    struct pollfd item = {fd, POLLIN | POLLOUT, 0};
    CHECK(poll(&item, 1, 0) == 1 && item.revents == (POLLOUT | POLLHUP));
    CHECK(bind(fd, address_of(NAME), sizeof(struct sockaddr_un)) == 0);
    CHECK(stat(NAME, &status) == 0 && S_ISSOCK(status.st_mode));
    CHECK_ERROR(bind(fd, address_of("another"), sizeof(struct sockaddr_un)), EINVAL);
    CHECK_ERROR(open(NAME, O_RDWR), ENXIO);
    int second = make(SOCK_STREAM);
    CHECK_ERROR(bind(second, address_of(NAME), sizeof(struct sockaddr_un)), EADDRINUSE);
    CHECK_ERROR(connect_to(second, NAME), ECONNREFUSED);
    CHECK(close(open("file", O_CREAT | O_WRONLY, 0600)) == 0);
    CHECK_ERROR(connect_to(second, "file"), ECONNREFUSED);
    CHECK(unlink("file") == 0 && close(second) == 0);
    close_server(fd);
    CHECK_ERROR(socket(AF_UNIX, 99, 0), EINVAL);
    CHECK_ERROR(socket(AF_UNIX, SOCK_STREAM, 99), EPROTONOSUPPORT);
}

static void conversation(int type)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);
    char text[16];
    int status;
    int listener = server(type);

    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        int fd = client(type);
        CHECK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0);
        CHECK(peer.pid == parent && peer.uid == getuid());
        CHECK(send(fd, "question", 8, 0) == 8 && recv(fd, text, sizeof(text), 0) == 6);
        _exit(memcmp(text, "answer", 6) == 0 ? 0 : 1);
    }
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0);
    CHECK(peer.pid == child && peer.uid == getuid() && peer.gid == getgid());
    CHECK(recv(fd, text, sizeof(text), 0) == 8 && memcmp(text, "question", 8) == 0);
    CHECK(send(fd, "answer", 6, 0) == 6);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(recv(fd, text, sizeof(text), 0) == 0);
    CHECK(close(fd) == 0);
    close_server(listener);
}

static void names(void)
{
    struct sockaddr_un address;
    socklen_t length = sizeof(address);
    int listener = server(SOCK_STREAM), fd = client(SOCK_STREAM), value;

    int accepted = accept(listener, (struct sockaddr *)&address, &length);
    CHECK(accepted >= 0 && length == sizeof(sa_family_t) && address.sun_family == AF_UNIX);
    length = sizeof(address);
    CHECK(getsockname(accepted, (struct sockaddr *)&address, &length) == 0);
    CHECK(length == offsetof(struct sockaddr_un, sun_path) + sizeof(NAME));
    CHECK(strcmp(address.sun_path, NAME) == 0);
    length = sizeof(address);
    CHECK(getpeername(fd, (struct sockaddr *)&address, &length) == 0);
    CHECK(strcmp(address.sun_path, NAME) == 0);
    length = sizeof(address);
    CHECK(getpeername(accepted, (struct sockaddr *)&address, &length) == 0 && length == 2);
    length = sizeof(address);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &length) == 0 && length == 2);
    CHECK_ERROR(getpeername(listener, (struct sockaddr *)&address, &length), ENOTCONN);
    length = sizeof(value);
    CHECK(getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value == 1);
    CHECK_ERROR(connect_to(fd, NAME), EISCONN);
    CHECK_ERROR(connect_to(listener, NAME), EINVAL);
    CHECK_ERROR(accept(fd, NULL, NULL), EINVAL);
    CHECK_ERROR(send(listener, "x", 1, MSG_NOSIGNAL), ENOTCONN);
    CHECK(close(fd) == 0 && close(accepted) == 0);
    int other = make(SOCK_SEQPACKET);
    CHECK_ERROR(connect_to(other, NAME), EPROTOTYPE);
    CHECK(close(other) == 0);
    close_server(listener);
}

static void readiness(void)
{
    struct epoll_event event = {.events = EPOLLIN}, fired;
    int listener = server(SOCK_STREAM | SOCK_NONBLOCK), set = epoll_create1(0);
    struct pollfd item = {listener, POLLIN | POLLOUT, 0};

    CHECK_ERROR(accept(listener, NULL, NULL), EAGAIN);
    CHECK(poll(&item, 1, 0) == 0);
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, listener, &event) == 0 &&
          epoll_wait(set, &fired, 1, 0) == 0);
    int first = client(SOCK_STREAM), second = client(SOCK_STREAM);
    CHECK(write(first, "early", 5) == 5);
    CHECK(poll(&item, 1, 0) == 1 && item.revents == POLLIN);
    CHECK(epoll_wait(set, &fired, 1, 1000) == 1);
    int fd = accept(listener, NULL, NULL);
    char text[8];
    CHECK(fd >= 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 && read(fd, text, 8) == 5);
    CHECK(close(fd) == 0 && read(first, text, 1) == 0);
    CHECK((fd = accept(listener, NULL, NULL)) >= 0 && close(fd) == 0);
    CHECK_ERROR(accept(listener, NULL, NULL), EAGAIN);
    CHECK(close(first) == 0 && close(second) == 0 && close(set) == 0);
    close_server(listener);
}

static void many_at_once(void)
{
    enum { CLIENTS = 40 };
    int status, sum = 0;
    char byte;
    int listener = server(SOCK_STREAM);

    CHECK(listen(listener, CLIENTS) == 0);
    for (int i = 0; i < CLIENTS; i++) {
        if (fork() == 0) {
            byte = (char)i;
            int fd = client(SOCK_STREAM);
            _exit(write(fd, &byte, 1) == 1 && read(fd, &byte, 1) == 1 && byte == i + 1 ? 0 : 1);
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        int fd = accept(listener, NULL, NULL);
        CHECK(fd >= 0 && read(fd, &byte, 1) == 1);
        sum += byte++;
        CHECK(write(fd, &byte, 1) == 1 && close(fd) == 0);
    }
    for (int i = 0; i < CLIENTS; i++)
        CHECK(wait(&status) > 0 && status == 0);
    CHECK(sum == CLIENTS * (CLIENTS - 1) / 2);
    close_server(listener);
}

/* The listening process dies with a connection that it has not accepted. */
static void death(void)
{
    int ends[2], status;
    char byte;

    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        (void)server(SOCK_STREAM);
        CHECK(write(ends[1], "x", 1) == 1);
        for (;;)
            pause();
    }
    CHECK(read(ends[0], &byte, 1) == 1);
    int fd = client(SOCK_STREAM);
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
    CHECK(recv(fd, &byte, 1, 0) <= 0);
    int second = make(SOCK_STREAM);
    CHECK_ERROR(connect_to(second, NAME), ECONNREFUSED);
    CHECK_ERROR(bind(second, address_of(NAME), sizeof(struct sockaddr_un)), EADDRINUSE);
    CHECK(unlink(NAME) == 0);
    CHECK_ERROR(connect_to(second, NAME), ENOENT);
    CHECK(close(fd) == 0 && close(second) == 0 && close(ends[0]) == 0 && close(ends[1]) == 0);
}

static void permissions(void)
{
    int status, listener = server(SOCK_STREAM);

    if (getuid() == 0) {
        CHECK(chmod(".", 0755) == 0 && chmod(NAME, 0600) == 0);
        pid_t child = fork();
        if (child == 0) {
            CHECK(setgid(1000) == 0 && setuid(1000) == 0);
            CHECK_ERROR(connect_to(make(SOCK_STREAM), NAME), EACCES);
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    }
    close_server(listener);
}

static void descriptor_through_it(void)
{
    char control[CMSG_SPACE(sizeof(int))] = {0}, byte;
    struct iovec piece = {&byte, 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    int listener = server(SOCK_STREAM), fd = client(SOCK_STREAM), ends[2], got;
    int accepted = accept(listener, NULL, NULL);

    CHECK(accepted >= 0 && pipe(ends) == 0);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &ends[1], sizeof(int));
    CHECK(sendmsg(fd, &message, 0) == 1 && recvmsg(accepted, &message, 0) == 1);
    memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(got));
    CHECK(write(got, "y", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'y');
    CHECK(close(got) == 0 && close(ends[0]) == 0 && close(ends[1]) == 0);
    CHECK(close(fd) == 0 && close(accepted) == 0);
    close_server(listener);
}

/* A server that was given its listening socket at exec. */
static void across_exec(void)
{
    int status, listener = server(SOCK_STREAM);
    char text[8], number[12];

    pid_t child = fork();
    if (child == 0) {
        snprintf(number, sizeof(number), "%d", listener);
        execl("/proc/self/exe", "server", number, NULL);
        _exit(9);
    }
    int fd = client(SOCK_STREAM);
    CHECK(read(fd, text, sizeof(text)) == 5 && memcmp(text, "hello", 5) == 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0 && close(fd) == 0);
    close_server(listener);
}

static void datagrams(void)
{
    char text[16];
    int inbox = make(SOCK_DGRAM | SOCK_NONBLOCK), fd = make(SOCK_DGRAM);
    const struct sockaddr *address = address_of(NAME);
    struct iovec piece = {"third", 5};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_name = (void *)address,
                             .msg_namelen = sizeof(struct sockaddr_un)};
    struct pollfd item = {inbox, POLLIN, 0};

    CHECK_ERROR(recv(inbox, text, sizeof(text), 0), EAGAIN);
    CHECK_ERROR(send(fd, "x", 1, 0), ENOTCONN);
    CHECK_ERROR(sendto(fd, "x", 1, 0, address, sizeof(struct sockaddr_un)), ENOENT);
    CHECK(bind(inbox, address, sizeof(struct sockaddr_un)) == 0);
    CHECK_ERROR(listen(inbox, 1), EOPNOTSUPP);
    CHECK(poll(&item, 1, 0) == 0);
    CHECK(sendto(fd, "first", 5, 0, address, sizeof(struct sockaddr_un)) == 5);
    CHECK(connect_to(fd, NAME) == 0 && connect_to(fd, NAME) == 0);
    CHECK(send(fd, "second", 6, 0) == 6 && sendmsg(fd, &message, 0) == 5);
    CHECK(poll(&item, 1, 0) == 1 && item.revents == POLLIN);
    CHECK(recv(inbox, text, sizeof(text), 0) == 5 && memcmp(text, "first", 5) == 0);
    CHECK(recv(inbox, text, 3, 0) == 3 && memcmp(text, "sec", 3) == 0);
    CHECK(recv(inbox, text, sizeof(text), 0) == 5 && memcmp(text, "third", 5) == 0);
    int other = make(SOCK_STREAM);
    CHECK_ERROR(connect_to(other, NAME), EPROTOTYPE);
    CHECK_ERROR(sendto(other, "x", 1, 0, address, sizeof(struct sockaddr_un)), EOPNOTSUPP);
    CHECK(close(other) == 0 && close(inbox) == 0);
    CHECK_ERROR(send(fd, "x", 1, 0), ECONNREFUSED);
    CHECK_ERROR(sendto(fd, "x", 1, 0, address, sizeof(struct sockaddr_un)), ECONNREFUSED);
    CHECK(close(fd) == 0 && unlink(NAME) == 0);
}

int main(int count, char **arguments)
{
    char root[] = "/tmp/socketsXXXXXX";

    if (count > 1)
        return write(accept(atoi(arguments[1]), NULL, NULL), "hello", 5) == 5 ? 0 : 1;
    CHECK(mkdtemp(root) != NULL && chdir(root) == 0);
    before_there_is_one();
    conversation(SOCK_STREAM);
    conversation(SOCK_SEQPACKET);
    names();
    readiness();
    many_at_once();
    death();
    permissions();
    descriptor_through_it();
    across_exec();
    datagrams();
    CHECK(chdir("/") == 0 && rmdir(root) == 0);
    return 0;
}
