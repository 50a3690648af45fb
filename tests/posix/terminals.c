/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Pseudo-terminals: the line discipline, sizes, sessions, job control, hanging up. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int master, slave;
static char slave_name[64];

static void open_pair(void)
{
    CHECK((master = posix_openpt(O_RDWR | O_NOCTTY)) >= 0);
    CHECK(grantpt(master) == 0 && unlockpt(master) == 0);
    CHECK(ptsname_r(master, slave_name, sizeof(slave_name)) == 0);
    CHECK((slave = open(slave_name, O_RDWR | O_NOCTTY)) >= 0);
}

static void close_pair(void)
{
    CHECK(close(slave) == 0 && close(master) == 0);
}

/* What the other side reads next is this. */
static void expect(int fd, const char *text)
{
    char got[256];
    size_t length = strlen(text), done = 0;

    while (done < length) {
        ssize_t count = read(fd, got + done, length - done);
        CHECK(count > 0);
        done += (size_t)count;
    }
    CHECK(memcmp(got, text, length) == 0);
}

static void say(int fd, const char *text)
{
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void lines(void)
{
    struct stat status;
    char text[16], name[64];
    int count;

    open_pair();
    CHECK(isatty(slave) && isatty(master) && !isatty(-1));
    CHECK(ttyname_r(slave, name, sizeof(name)) == 0 && strcmp(name, slave_name) == 0);
    CHECK(fstat(slave, &status) == 0 && S_ISCHR(status.st_mode) && major(status.st_rdev) == 136);
    say(master, "hello\n");
    expect(slave, "hello\n");
    expect(master, "hello\r\n");
    say(slave, "out\n");
    expect(master, "out\r\n");
    say(master, "abx\177c\n");
    expect(slave, "abc\n");
    expect(master, "abx\b \bc\r\n");
    say(master, "kill\025kept\n");
    expect(slave, "kept\n");
    CHECK(tcflush(master, TCIFLUSH) == 0);
    CHECK(fcntl(slave, F_SETFL, O_NONBLOCK) == 0);
    CHECK_ERROR(read(slave, text, sizeof(text)), EAGAIN);
    say(master, "part");
    usleep(1000);
    CHECK_ERROR(read(slave, text, sizeof(text)), EAGAIN);
    say(master, "\004");
    expect(slave, "part");
    say(master, "\004");
    usleep(1000);
    CHECK(read(slave, text, sizeof(text)) == 0);
    say(master, "one\ntwo\n");
    do {
        usleep(1000);
        CHECK(ioctl(slave, FIONREAD, &count) == 0);
    } while (count < 4);
    CHECK(read(slave, text, 2) == 2 && read(slave, text, sizeof(text)) == 2 && text[1] == '\n');
    expect(slave, "two\n");
    close_pair();
}

static void raw(void)
{
    struct termios settings, before;
    char text[16];

    open_pair();
    CHECK(tcgetattr(slave, &settings) == 0);
    before = settings;
    cfmakeraw(&settings);
    settings.c_cc[VMIN] = 1;
    CHECK(tcsetattr(slave, TCSANOW, &settings) == 0);
    say(master, "x\003\r");
    expect(slave, "x\003\r");
    say(slave, "\n");
    expect(master, "\n");
    settings.c_cc[VMIN] = 0;
    settings.c_cc[VTIME] = 1;
    CHECK(tcsetattr(slave, TCSADRAIN, &settings) == 0);
    CHECK(read(slave, text, sizeof(text)) == 0);
    settings.c_cc[VTIME] = 0;
    CHECK(tcsetattr(slave, TCSAFLUSH, &settings) == 0);
    CHECK(read(slave, text, sizeof(text)) == 0);
    struct pollfd item = {slave, POLLIN, 0};
    CHECK(poll(&item, 1, 10) == 0);
    say(master, "y");
    CHECK(poll(&item, 1, 1000) == 1 && read(slave, text, sizeof(text)) == 1);
    CHECK(tcsetattr(slave, TCSANOW, &before) == 0 && tcgetattr(slave, &settings) == 0);
    CHECK(settings.c_lflag == before.c_lflag);
    close_pair();
}

/* What was typed before a change of ICANON can be read after it. */
static void change_of_mode(void)
{
    struct termios settings;
    char text[16];

    open_pair();
    CHECK(tcgetattr(slave, &settings) == 0);
    settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    CHECK(tcsetattr(slave, TCSANOW, &settings) == 0);
    say(master, "raw\nleft");
    usleep(1000);
    settings.c_lflag |= ICANON;
    CHECK(tcsetattr(slave, TCSANOW, &settings) == 0);
    say(master, "over\n");
    CHECK(read(slave, text, sizeof(text)) == 8 && memcmp(text, "raw\nleft", 8) == 0);
    CHECK(read(slave, text, sizeof(text)) == 5 && memcmp(text, "over\n", 5) == 0);
    say(master, "half");
    usleep(1000);
    settings.c_lflag &= ~(tcflag_t)ICANON;
    CHECK(tcsetattr(slave, TCSANOW, &settings) == 0);
    expect(slave, "half");
    close_pair();
}

/* Write without waiting until no more is taken; how much was. */
static size_t fill(int fd)
{
    char bytes[1000];
    size_t done = 0;
    ssize_t count;

    memset(bytes, 'x', sizeof(bytes));
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    while ((count = write(fd, bytes, sizeof(bytes))) > 0)
        done += (size_t)count;
    CHECK(errno == EAGAIN);
    return done;
}

static void drain(int fd, size_t size)
{
    char bytes[1000];

    while (size > 0) {
        ssize_t count = read(fd, bytes, size < sizeof(bytes) ? size : sizeof(bytes));
        CHECK(count > 0);
        size -= (size_t)count;
    }
}

/* Whoever writes faster than the other side reads has to wait, and nothing is lost. */
static void nothing_is_lost(void)
{
    struct termios settings;
    struct pollfd item = {.events = POLLOUT};

    open_pair();
    CHECK(tcgetattr(slave, &settings) == 0);
    cfmakeraw(&settings);
    CHECK(tcsetattr(slave, TCSANOW, &settings) == 0);
    size_t size = fill(master);
    item.fd = master;
    CHECK(size >= 4000 && poll(&item, 1, 0) == 0);
    drain(slave, size);
    CHECK(poll(&item, 1, 1000) == 1 && (item.revents & POLLOUT) != 0);
    size = fill(slave);
    item.fd = slave;
    CHECK(size >= 4000 && poll(&item, 1, 0) == 0);
    CHECK(fcntl(master, F_SETFL, 0) == 0);
    drain(master, size);
    CHECK(poll(&item, 1, 1000) == 1 && (item.revents & POLLOUT) != 0);
    close_pair();
}

static void flow(void)
{
    struct pollfd item = {.events = POLLIN};

    open_pair();
    item.fd = master;
    CHECK(tcflow(slave, TCOOFF) == 0);
    CHECK(fcntl(slave, F_SETFL, O_NONBLOCK) == 0);
    (void)!write(slave, "held", 4);
    CHECK(poll(&item, 1, 20) == 0);
    CHECK(tcflow(slave, TCOON) == 0);
    say(slave, "on");
    CHECK(tcdrain(slave) == 0);
    CHECK(poll(&item, 1, 1000) == 1);
    CHECK_ERROR(tcflow(slave, 17), EINVAL);
    close_pair();
}

static volatile sig_atomic_t last_signal;

static void note(int number)
{
    last_signal = number;
}

/* In a child: a session of its own, with the slave as its terminal. */
static void own_session(void)
{
    struct sigaction action = {.sa_handler = note};

    CHECK(close(master) == 0);
    CHECK(setsid() == getpid() && ioctl(slave, TIOCSCTTY, 0) == 0);
    CHECK(tcgetpgrp(slave) == getpgrp() && tcgetsid(slave) == getpid());
    CHECK(sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGWINCH, &action, NULL) == 0);
    CHECK(sigaction(SIGHUP, &action, NULL) == 0);
}

static void await_signal(int number)
{
    for (int i = 0; i < 2000 && last_signal != number; i++)
        usleep(1000);
    CHECK(last_signal == number);
    last_signal = 0;
}

static void signals_from_the_terminal(void)
{
    struct winsize size = {.ws_row = 30, .ws_col = 90}, told;
    int status;
    char byte;

    open_pair();
    pid_t child = fork();
    if (child == 0) {
        own_session();
        int tty = open("/dev/tty", O_RDWR);
        CHECK(tty >= 0 && isatty(tty));
        say(tty, "ready\n");
        await_signal(SIGWINCH);
        CHECK(ioctl(tty, TIOCGWINSZ, &told) == 0 && told.ws_row == 30 && told.ws_col == 90);
        say(tty, "sized\n");
        await_signal(SIGINT);
        say(tty, "interrupted\n");
        CHECK(close(tty) == 0);
        await_signal(SIGHUP);
        CHECK(read(slave, &byte, 1) == 0);
        CHECK_ERROR(write(slave, "x", 1), EIO);
        _exit(0);
    }
    CHECK(close(slave) == 0);
    expect(master, "ready\r\n");
    CHECK(ioctl(master, TIOCSWINSZ, &size) == 0);
    expect(master, "sized\r\n");
    say(master, "\003");
    expect(master, "^C");
    expect(master, "interrupted\r\n");
    CHECK(close(master) == 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* Nobody has the slave open for a while: the session is not hung up, and goes on. */
static void slaves_come_and_go(void)
{
    int wake[2], status;
    char byte = 0;

    open_pair();
    CHECK(pipe(wake) == 0);
    pid_t child = fork();
    if (child == 0) {
        own_session();
        CHECK(close(slave) == 0 && read(wake[0], &byte, 1) == 1);
        int tty = open("/dev/tty", O_RDWR);
        CHECK(tty >= 0 && last_signal == 0);
        say(tty, "again\n");
        CHECK(read(wake[0], &byte, 1) == 1);
        _exit(0);
    }
    CHECK(close(slave) == 0);
    CHECK_ERROR(read(master, &byte, 1), EIO);
    struct pollfd item = {master, POLLIN, 0};
    CHECK(poll(&item, 1, 0) == 1 && item.revents == POLLHUP);
    CHECK(write(wake[1], &byte, 1) == 1);
    for (int i = 0; i < 2000 && (item.revents & POLLIN) == 0; i++)
        CHECK(usleep(1000) == 0 && poll(&item, 1, 0) >= 0);
    expect(master, "again\r\n");
    CHECK(write(wake[1], &byte, 1) == 1 && waitpid(child, &status, 0) == child && status == 0);
    CHECK(close(master) == 0 && close(wake[0]) == 0 && close(wake[1]) == 0);
}

/* In the session's leader: a job that reads in the background is stopped, and goes on in front. */
static void control_job(void)
{
    int status;
    char text[8];

    signal(SIGTTOU, SIG_IGN);
    pid_t job = fork();
    if (job == 0) {
        CHECK(setpgid(0, 0) == 0);
        CHECK(read(slave, text, sizeof(text)) == 3);
        _exit(7);
    }
    CHECK(setpgid(job, job) == 0 || errno == EACCES);
    CHECK(waitpid(job, &status, WUNTRACED) == job);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
    CHECK(tcsetpgrp(slave, job) == 0 && tcgetpgrp(slave) == job);
    CHECK(kill(-job, SIGCONT) == 0);
    say(slave, "go\n");
    CHECK(waitpid(job, &status, 0) == job && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK(tcsetpgrp(slave, getpgrp()) == 0);
}

static void jobs(void)
{
    int status;

    open_pair();
    pid_t child = fork();
    if (child == 0) {
        own_session();
        control_job();
        _exit(0);
    }
    CHECK(close(slave) == 0);
    expect(master, "go\r\n");
    say(master, "ok\n");
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(close(master) == 0);
}

static void refusals(void)
{
    char byte;

    CHECK((master = posix_openpt(O_RDWR | O_NOCTTY)) >= 0);
    CHECK(ptsname_r(master, slave_name, sizeof(slave_name)) == 0);
    CHECK_ERROR(open(slave_name, O_RDWR | O_NOCTTY), EIO);
    CHECK(unlockpt(master) == 0 && (slave = open(slave_name, O_RDWR | O_NOCTTY)) >= 0);
    CHECK(close(slave) == 0);
    CHECK_ERROR(read(master, &byte, 1), EIO);
    CHECK(close(master) == 0);
    CHECK_ERROR(open(slave_name, O_RDWR | O_NOCTTY), ENOENT);
    CHECK(mknod("/tmp/no-terminal", S_IFCHR | 0600, makedev(136, 200)) == 0);
    CHECK_ERROR(open("/tmp/no-terminal", O_RDWR | O_NOCTTY), EIO);
    CHECK(unlink("/tmp/no-terminal") == 0);
}

/* Keeps the server busy until it is killed. */
static void ask_on_and_on(void)
{
    struct winsize size;

    for (;;)
        CHECK(ioctl(slave, TIOCGWINSZ, &size) == 0);
}

/* Whoever closed a terminal does not find it afterwards, whatever else its server has to do. */
static void closing_comes_before_what_follows(void)
{
    pid_t busy[2];

    open_pair();
    for (int i = 0; i < 2; i++) {
        if ((busy[i] = fork()) == 0)
            ask_on_and_on();
    }
    close_pair();
    for (int i = 0; i < 100; i++) {
        open_pair();
        close_pair();
        CHECK_ERROR(open(slave_name, O_RDWR | O_NOCTTY), ENOENT);
    }
    for (int i = 0; i < 2; i++)
        CHECK(kill(busy[i], SIGKILL) == 0 && waitpid(busy[i], NULL, 0) == busy[i]);
}

int main(void)
{
    lines();
    raw();
    change_of_mode();
    nothing_is_lost();
    flow();
    signals_from_the_terminal();
    slaves_come_and_go();
    jobs();
    refusals();
    closing_comes_before_what_follows();
    return 0;
}
