/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Names and descriptors where it is easy to go wrong: links, dot-dot, /proc/self/fd, shared offsets, exec. */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void make_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static void refusals(void)
{
    char text[PATH_MAX];

    CHECK_ERROR(readlink("d", text, sizeof(text)), EINVAL);
    CHECK_ERROR(link("d", "hard"), EPERM);
    CHECK_ERROR(mkdir("", 0755), ENOENT);
    CHECK_ERROR(open("", O_RDONLY), ENOENT);
    CHECK_ERROR(unlink("d"), EISDIR);
    CHECK_ERROR(rmdir("d/file"), ENOTDIR);
    CHECK_ERROR(mkdir("d/file/x", 0755), ENOTDIR);
    CHECK_ERROR(open("d", O_WRONLY), EISDIR);
    CHECK_ERROR(open("d/file", O_RDONLY | O_DIRECTORY), ENOTDIR);
    memset(text, 'a', 300);
    text[300] = '\0';
    CHECK_ERROR(open(text, O_RDONLY), ENAMETOOLONG);
    CHECK_ERROR(open((const char *)8, O_RDONLY), EFAULT);
}

static void links(const char *root)
{
    char text[PATH_MAX], name[PATH_MAX];
    struct stat first, second;

    CHECK(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0);
    make_file("d/file", "content");
    snprintf(name, sizeof(name), "%s/d", root);
    CHECK(symlink(name, "absolute") == 0 && symlink("d/e", "relative") == 0);
    CHECK(stat("absolute/file", &first) == 0 && stat("relative/../file", &second) == 0);
    CHECK(first.st_ino == second.st_ino);
    CHECK(symlink("loop2", "loop1") == 0 && symlink("loop1", "loop2") == 0);
    CHECK_ERROR(open("loop1", O_RDONLY), ELOOP);
    CHECK(lstat("loop1", &first) == 0 && S_ISLNK(first.st_mode) && first.st_size == 5);
    CHECK(chdir("relative") == 0 && getcwd(text, sizeof(text)) != NULL);
    snprintf(name, sizeof(name), "%s/d/e", root);
    CHECK(strcmp(text, name) == 0);
    CHECK(rename("../e", "../f") == 0 && getcwd(text, sizeof(text)) != NULL);
    snprintf(name, sizeof(name), "%s/d/f", root);
    CHECK(strcmp(text, name) == 0);
    CHECK(rmdir("../f") == 0);
    CHECK(syscall(SYS_getcwd, text, sizeof(text)) == -1 && errno == ENOENT);
    CHECK_ERROR(open("x", O_CREAT | O_WRONLY, 0600), ENOENT);
    CHECK(chdir(root) == 0);
    refusals();
    CHECK(mkdir("d/sub/", 0700) == 0 && rmdir("d/sub/") == 0);
    CHECK(unlink("absolute") == 0 && unlink("relative") == 0 && unlink("loop1") == 0);
    CHECK(unlink("loop2") == 0 && unlink("d/file") == 0 && rmdir("d") == 0);
}

static void dot_dot_through_mounts(void)
{
    struct stat root, other;

    CHECK(stat("/", &root) == 0 && stat("/proc/..", &other) == 0 && root.st_ino == other.st_ino);
    CHECK(stat("/../..", &other) == 0 && root.st_ino == other.st_ino);
    CHECK(stat("/proc/self/../../etc", &other) == 0 && S_ISDIR(other.st_mode));
    CHECK(stat("/dev/pts/../null", &other) == 0 && S_ISCHR(other.st_mode));
    CHECK(chdir("/proc") == 0 && stat("..", &other) == 0 && root.st_ino == other.st_ino);
    CHECK(chdir("..") == 0);
    int fd = open("/proc", O_RDONLY | O_DIRECTORY);
    CHECK(fd >= 0 && fstatat(fd, "..", &other, 0) == 0 && root.st_ino == other.st_ino);
    CHECK(fstatat(fd, "self/status", &other, 0) == 0 && S_ISREG(other.st_mode));
    CHECK(close(fd) == 0);
}

static void descriptors_as_names(void)
{
    char name[64], target[PATH_MAX], text[8];
    int ends[2];
    int fd = open("named", O_RDWR | O_CREAT, 0600);

    CHECK(write(fd, "hello", 5) == 5);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, target, sizeof(target) - 1);
    CHECK(length > 6);
    target[length] = '\0';
    CHECK(strcmp(target + length - 6, "/named") == 0);
    int again = open(name, O_RDONLY);
    CHECK(again >= 0 && read(again, text, 8) == 5);
    CHECK_ERROR(write(again, "x", 1), EBADF);
    CHECK(close(again) == 0);
    snprintf(name, sizeof(name), "/dev/fd/%d", fd);
    CHECK((again = open(name, O_WRONLY | O_APPEND)) >= 0 && write(again, "!", 1) == 1 &&
          close(again) == 0);
    CHECK(lseek(fd, 0, SEEK_END) == 6);
    CHECK(unlink("named") == 0);
    CHECK((again = open(name, O_RDONLY)) >= 0 && read(again, text, 8) == 6 && close(again) == 0);
    CHECK(close(fd) == 0);
    CHECK_ERROR(open(name, O_RDONLY), ENOENT);
    CHECK(pipe(ends) == 0);
    snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
    CHECK((again = open(name, O_RDONLY)) >= 0 && write(ends[1], "pipe", 4) == 4 &&
          read(again, text, 8) == 4);
    CHECK(close(again) == 0 && close(ends[0]) == 0 && close(ends[1]) == 0);
}

static void paths_only(void)
{
    struct stat status;
    char text[4];

    make_file("p", "data");
    int fd = open("p", O_PATH);
    CHECK(fd >= 0 && fstat(fd, &status) == 0 && status.st_size == 4);
    CHECK_ERROR(read(fd, text, 4), EBADF);
    CHECK_ERROR(syscall(SYS_fchmod, fd, 0600), EBADF);
    CHECK((fcntl(fd, F_GETFL) & O_PATH) != 0);
    CHECK(symlink("p", "l") == 0 && close(fd) == 0);
    fd = open("l", O_PATH | O_NOFOLLOW);
    CHECK(fd >= 0 && fstat(fd, &status) == 0 && S_ISLNK(status.st_mode));
    CHECK(readlinkat(fd, "", text, sizeof(text)) == 1 && text[0] == 'p');
    CHECK(close(fd) == 0 && unlink("l") == 0 && unlink("p") == 0);
}

static void shared_offsets(void)
{
    char text[16];
    int status;
    int fd = open("shared", O_RDWR | O_CREAT, 0600);

    CHECK(write(fd, "0123456789", 10) == 10 && lseek(fd, 2, SEEK_SET) == 2);
    pid_t child = fork();
    if (child == 0)
        _exit(read(fd, text, 3) == 3 && memcmp(text, "234", 3) == 0 && write(fd, "x", 1) == 1 ? 0
                                                                                              : 1);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(lseek(fd, 0, SEEK_CUR) == 6);
    CHECK(read(fd, text, sizeof(text)) == 4 && memcmp(text, "6789", 4) == 0);
    CHECK(read(fd, text, sizeof(text)) == 0);
    CHECK(pread(fd, text, 10, 0) == 10 && memcmp(text, "01234x6789", 10) == 0);
    CHECK(lseek(fd, 0, SEEK_SET) == 0 && lseek(fd, 0, SEEK_CUR) == 0);
    CHECK(close(fd) == 0 && unlink("shared") == 0);
}

static void shared_directory(void)
{
    int status;
    DIR *stream = opendir(".");

    CHECK(stream != NULL && readdir(stream) != NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    rewinddir(stream);
    unsigned seen = 0;
    while (readdir(stream) != NULL)
        seen++;
    CHECK(seen == 2 && closedir(stream) == 0);
}

static void across_exec(const char *self)
{
    char first[12], second[12];
    int ends[2], status;
    int fd = open("kept", O_RDWR | O_CREAT, 0600);
    int closed = open("kept", O_RDONLY | O_CLOEXEC);

    CHECK(write(fd, "abcdef", 6) == 6 && lseek(fd, 3, SEEK_SET) == 3 && pipe(ends) == 0);
    CHECK(dup2(fd, 40) == 40);
    pid_t child = fork();
    if (child == 0) {
        snprintf(first, sizeof(first), "%d", closed);
        snprintf(second, sizeof(second), "%d", ends[1]);
        execl(self, self, "inner", first, second, NULL);
        _exit(9);
    }
    CHECK(close(ends[1]) == 0);
    CHECK(read(ends[0], first, sizeof(first)) == 4 && memcmp(first, "done", 4) == 0);
    CHECK(read(ends[0], first, sizeof(first)) == 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(lseek(fd, 0, SEEK_CUR) == 5);
    CHECK(close(fd) == 0 && close(40) == 0 && close(closed) == 0 && close(ends[0]) == 0);
    CHECK(unlink("kept") == 0);
}

static int inner(char **arguments)
{
    char text[4];

    CHECK_ERROR(fcntl(atoi(arguments[2]), F_GETFD), EBADF);
    CHECK(read(40, text, 2) == 2 && memcmp(text, "de", 2) == 0);
    CHECK(write(atoi(arguments[3]), "done", 4) == 4);
    return 0;
}

static void moving_between(void)
{
    char text[32];
    int ends[2];
    off_t offset = 2;

    make_file("source", "0123456789");
    int from = open("source", O_RDONLY);
    int to = open("target", O_RDWR | O_CREAT, 0600);
    CHECK(sendfile(to, from, &offset, 5) == 5 && offset == 7 && lseek(from, 0, SEEK_CUR) == 0);
    CHECK(sendfile(to, from, NULL, 100) == 10 && lseek(from, 0, SEEK_CUR) == 10);
    CHECK(pread(to, text, sizeof(text), 0) == 15 && memcmp(text, "234560123456789", 15) == 0);
    CHECK(pipe(ends) == 0 && lseek(from, 8, SEEK_SET) == 8 &&
          sendfile(ends[1], from, NULL, 10) == 2);
    CHECK(read(ends[0], text, sizeof(text)) == 2);
    loff_t in = 0, out = 15;
    CHECK(syscall(SYS_copy_file_range, from, &in, to, &out, 4, 0) == 4 && in == 4 && out == 19);
    CHECK(pread(to, text, sizeof(text), 15) == 4 && memcmp(text, "0123", 4) == 0);
    CHECK(close(from) == 0 && close(to) == 0 && close(ends[0]) == 0 && close(ends[1]) == 0);
    CHECK(unlink("source") == 0 && unlink("target") == 0);
}

static void *volatile nowhere = (void *)8; /* where nothing is mapped */

static void vectors(void)
{
    char a[3], b[5], c[50];
    struct iovec in[2000] = {{a, 3}, {b, 5}, {c, 50}};
    int ends[2];

    CHECK(pipe(ends) == 0 && write(ends[1], "abcdefghij", 10) == 10);
    CHECK(readv(ends[0], in, 3) == 10 && memcmp(a, "abc", 3) == 0 && memcmp(b, "defgh", 5) == 0 &&
          memcmp(c, "ij", 2) == 0);
    CHECK_ERROR(readv(ends[0], in, 2000), EINVAL);
    CHECK_ERROR(pread(ends[0], a, 1, 0), ESPIPE);
    CHECK_ERROR(lseek(ends[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERROR(write(ends[1], nowhere, 4), EFAULT);
    CHECK(write(ends[1], "z", 1) == 1);
    CHECK_ERROR(read(ends[0], nowhere, 4), EFAULT);
    CHECK_ERROR(read(ends[1], a, 1), EBADF);
    CHECK_ERROR(write(ends[0], a, 1), EBADF);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
}

static void devices(void)
{
    char text[64];
    int fd = open("/dev/zero", O_RDWR);

    memset(text, 1, sizeof(text));
    CHECK(fd >= 0 && read(fd, text, sizeof(text)) == sizeof(text) && text[0] == 0 && text[63] == 0);
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(map != MAP_FAILED && map[100] == 0);
    map[100] = 1;
    CHECK(munmap(map, 4096) == 0 && close(fd) == 0);
    CHECK((fd = open("/dev/null", O_RDWR)) >= 0 && write(fd, "x", 1) == 1 &&
          read(fd, text, 1) == 0 && close(fd) == 0);
    CHECK((fd = open("/dev/full", O_RDWR)) >= 0);
    CHECK_ERROR(write(fd, "x", 1), ENOSPC);
    CHECK(close(fd) == 0);
    CHECK((fd = open("/dev/urandom", O_RDONLY)) >= 0 && read(fd, text, 32) == 32 && close(fd) == 0);
    CHECK(isatty(fd) == 0);
}

static void mapped(void)
{
    int fd = open("map", O_RDWR | O_CREAT, 0600);

    CHECK(ftruncate(fd, 8192) == 0);
    char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED);
    memcpy(map + 5000, "mapped", 6);
    char text[6];
    CHECK(pread(fd, text, 6, 5000) == 6 && memcmp(text, "mapped", 6) == 0);
    CHECK(pwrite(fd, "WRITTEN", 7, 0) == 7 && memcmp(map, "WRITTEN", 7) == 0);
    CHECK(msync(map, 8192, MS_SYNC) == 0 && munmap(map, 8192) == 0);
    CHECK(close(fd) == 0 && unlink("map") == 0);
    fd = memfd_create("anonymous", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, "memory", 6) == 6 && lseek(fd, 0, SEEK_SET) == 0 &&
          read(fd, text, 6) == 6);
    CHECK(close(fd) == 0);
}

static void locks_end_with_their_process(const char *self)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open("locked", O_RDWR | O_CREAT, 0600);
    int ends[2];
    char byte;

    CHECK(fd >= 0 && pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        CHECK(fcntl(fd, F_SETLK, &lock) == 0);
        execl(self, self, "hold", NULL);
        _exit(9);
    }
    CHECK(close(ends[1]) == 0);
    while (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_UNLCK)
        lock.l_type = F_WRLCK;
    CHECK(lock.l_pid == child);
    usleep(20000); /* it has called exec */
    lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    CHECK_ERROR(fcntl(fd, F_SETLK, &lock), EAGAIN);
    CHECK(kill(child, SIGKILL) == 0 && read(ends[0], &byte, 1) == 0);
    CHECK(waitpid(child, NULL, 0) == child);
    CHECK(fcntl(fd, F_SETLK, &lock) == 0);
    CHECK(close(fd) == 0 && close(ends[0]) == 0 && unlink("locked") == 0);
}

static void fifo(void)
{
    char text[8];
    int status;

    CHECK(mkfifo("fifo", 0600) == 0);
    CHECK_ERROR(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    CHECK(reader >= 0 && read(reader, text, 1) == 0);
    int writer = open("fifo", O_WRONLY);
    CHECK(writer >= 0 && write(writer, "abc", 3) == 3 && read(reader, text, 8) == 3);
    CHECK_ERROR(read(reader, text, 1), EAGAIN);
    CHECK(close(writer) == 0 && read(reader, text, 1) == 0 && close(reader) == 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = open("fifo", O_WRONLY);
        _exit(fd >= 0 && close(fd) == 0 ? 0 : 1);
    }
    CHECK((reader = open("fifo", O_RDONLY)) >= 0 && read(reader, text, 1) == 0 &&
          close(reader) == 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0 && unlink("fifo") == 0);
}

static void limits_and_tables(void)
{
    struct rlimit limit = {20, 20}, old;
    int fd, count = 0;

    CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
    limit.rlim_max = old.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while ((fd = open("/dev/null", O_RDONLY)) >= 0)
        count++;
    CHECK(errno == EMFILE && count > 10);
    CHECK_ERROR(dup(0), EMFILE);
    CHECK_ERROR(dup2(0, 20), EBADF);
    CHECK(syscall(SYS_close_range, 3, ~0u, 0) == 0);
    CHECK((fd = open("/dev/null", O_RDONLY)) == 3 && close(3) == 0);
    CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
    CHECK(fcntl(0, F_DUPFD, 500) == 500 && close(500) == 0);
}

static void many_polled(void)
{
    struct pollfd items[300];
    int ends[2];

    CHECK(pipe(ends) == 0);
    for (int i = 0; i < 300; i++)
        items[i] = (struct pollfd){ends[0], POLLIN, 0};
    CHECK(poll(items, 300, 10) == 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(300000);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    CHECK(poll(items, 300, 5000) > 0); /* those looked at before the byte came are not among them */
    CHECK(waitpid(child, NULL, 0) == child);
    CHECK(poll(items, 300, 0) == 300);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
}

static void alarmed(int number)
{
    (void)number;
}

static void interrupted(void)
{
    struct sigaction action = {.sa_handler = alarmed, .sa_flags = SA_RESTART};
    struct itimerval often = {.it_value = {0, 20000}, .it_interval = {0, 20000}}, off = {0};
    int ends[2];
    char byte;

    CHECK(pipe(ends) == 0 && sigaction(SIGALRM, &action, NULL) == 0);
    struct pollfd item = {ends[0], POLLIN, 0};
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    CHECK_ERROR(poll(&item, 1, 5000), EINTR);
    action.sa_flags = 0;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK_ERROR(read(ends[0], &byte, 1), EINTR);
    CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
}

int main(int count, char **arguments)
{
    char root[] = "/tmp/namesXXXXXX", self[PATH_MAX];

    if (count == 4)
        return inner(arguments);
    if (count == 2)
        return pause();
    CHECK(realpath("/proc/self/exe", self) != NULL);
    CHECK(mkdtemp(root) != NULL && chdir(root) == 0);
    links(root);
    dot_dot_through_mounts();
    CHECK(chdir(root) == 0);
    descriptors_as_names();
    paths_only();
    shared_offsets();
    shared_directory();
    across_exec(self);
    moving_between();
    vectors();
    devices();
    mapped();
    locks_end_with_their_process(self);
    fifo();
    limits_and_tables();
    many_polled();
    interrupted();
    CHECK(chdir("/") == 0 && rmdir(root) == 0);
    return 0;
}
