/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Takes all that one user may have of something and keeps it: `greedy WHAT`. It prints the
 * error by which it was told that it has all, and waits to be ended. Where one process may
 * not have so many, others go on, each a child of the last.
 */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OWN "/tmp/greedy"

static char bytes[4096];

/* To tell the end by, when there is no memory left for a copy of a page. */
static void have_pages(void)
{
    memset(bytes, 'x', sizeof(bytes));
}

static void keep(const char *how)
{
    strcat(strcpy(bytes, how), "\n");
    CHECK(write(STDOUT_FILENO, bytes, strlen(bytes)) > 0);
    for (;;)
        pause();
}

static void keep_error(void)
{
    keep(strerrorname_np(errno));
}

/*
 * Another process goes on with what one may not have more of; only the last one returns. One that
 * is killed, for the memory has ended before, cannot tell so itself.
 */
static void go_on_in_a_child(void)
{
    int status;
    pid_t child = fork();
    if (child == -1)
        keep_error();
    if (child != 0) {
        while (waitpid(child, &status, 0) != child)
            ;
        keep("killed");
    }
    have_pages();
}

static void zombies(void)
{
    for (;;) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        if (child == -1)
            keep_error();
    }
}

static void signals(void)
{
    const union sigval value = {.sival_int = 1};
    sigset_t blocked;
    CHECK(sigemptyset(&blocked) == 0 && sigaddset(&blocked, SIGRTMIN) == 0);
    CHECK(sigprocmask(SIG_BLOCK, &blocked, NULL) == 0);
    for (int sent = 0;; sent++) {
        if (sent == 600) {
            sent = 0;
            go_on_in_a_child();
        }
        if (sigqueue(getpid(), SIGRTMIN, value) == -1)
            keep_error();
    }
}

static void timers(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    timer_t timer;
    for (int made = 0;; made++) {
        if (made == 50) {
            made = 0;
            go_on_in_a_child();
        }
        if (timer_create(CLOCK_MONOTONIC, &event, &timer) == -1)
            keep_error();
    }
}

/* Descriptors of one file, in as many processes as it takes. */
static void open_often(const char *path, int flags)
{
    for (;;) {
        if (open(path, flags, 0600) != -1)
            continue;
        if (errno != EMFILE)
            keep_error();
        go_on_in_a_child();
        for (int fd = 3; fd < 1024; fd++)
            close(fd); /* the parent has them still */
    }
}

static void proc(void)
{
    open_often("/proc/self/stat", O_RDONLY);
}

static void files(void)
{
    open_often(OWN, O_RDWR | O_CREAT);
}

static void locks(void)
{
    int fd = open(OWN, O_RDWR | O_CREAT, 0600);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    for (;; lock.l_start += 2) {
        if (fcntl(fd, F_SETLK, &lock) == -1)
            keep_error();
    }
}

static void terminals(void)
{
    open_often("/dev/ptmx", O_RDWR | O_NOCTTY);
}

static void *wait_for_ever(void *unused)
{
    for (;;)
        pause();
    return unused;
}

static void threads(void)
{
    pthread_attr_t small;
    pthread_t thread;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 16384);
    for (;;) {
        /* EAGAIN says that their number has ended, or memory: the fork knows which. */
        if (pthread_create(&thread, &small, wait_for_ever, NULL) != 0)
            go_on_in_a_child();
    }
}

/* Connections that nobody accepts. */
static void backlog(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(name.sun_path, OWN ".socket");
    unlink(name.sun_path);
    CHECK(bind(listener, (struct sockaddr *)&name, sizeof(name)) == 0 && listen(listener, 5) == 0);
    for (;;) {
        int client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (client == -1 || connect(client, (struct sockaddr *)&name, sizeof(name)) == -1)
            keep_error();
    }
}

/* Messages that nobody reads, in pairs of sockets; false: no more can be had. */
static bool fill_pair(bool with_descriptor)
{
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec vector = {bytes, with_descriptor ? 1 : sizeof(bytes)};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == -1)
        return errno == EMFILE ? (go_on_in_a_child(), closefrom(3), true) : false;
    if (with_descriptor) {
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(header), &(int){0}, sizeof(int));
    }
    while (sendmsg(pair[0], &message, 0) > 0)
        ;
    return errno == EAGAIN;
}

static void unread(void)
{
    while (fill_pair(false))
        ;
    keep_error();
}

static void passed(void)
{
    while (fill_pair(true))
        ;
    keep_error();
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*take)(void);
    } greeds[] = {{"zombies", zombies}, {"signals", signals},    {"timers", timers},
                  {"proc", proc},       {"files", files},        {"locks", locks},
                  {"threads", threads}, {"backlog", backlog},    {"unread", unread},
                  {"passed", passed},   {"terminals", terminals}};
    CHECK(count == 2);
    have_pages();
    for (unsigned i = 0; i < sizeof(greeds) / sizeof(greeds[0]); i++) {
        if (strcmp(arguments[1], greeds[i].name) == 0)
            greeds[i].take();
    }
    return 2;
}
