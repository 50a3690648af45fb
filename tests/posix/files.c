/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Files: the openat family, directories, links, times, permissions, locks, vectors. */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void reading_and_writing(void)
{
    char text[16];
    struct stat status;
    struct iovec pieces[2] = {{"ab", 2}, {"cd", 2}};
    int fd = open("file", O_RDWR | O_CREAT | O_EXCL, 0640);

    CHECK(fd >= 0);
    CHECK_ERROR(open("file", O_CREAT | O_EXCL, 0), EEXIST);
    CHECK(write(fd, "hello world", 11) == 11);
    CHECK(pread(fd, text, 5, 6) == 5 && memcmp(text, "world", 5) == 0);
    CHECK(lseek(fd, -5, SEEK_END) == 6);
    CHECK(read(fd, text, sizeof(text)) == 5);
    CHECK(read(fd, text, sizeof(text)) == 0);
    CHECK(lseek(fd, 100, SEEK_SET) == 100 && writev(fd, pieces, 2) == 4);
    CHECK(fstat(fd, &status) == 0 && status.st_size == 104 && (status.st_mode & 0777) == 0640);
    CHECK(pread(fd, text, 4, 50) == 4 && memcmp(text, "\0\0\0\0", 4) == 0);
    CHECK(ftruncate(fd, 3) == 0 && fstat(fd, &status) == 0 && status.st_size == 3);
    int appender = open("file", O_WRONLY | O_APPEND);
    CHECK(write(appender, "!", 1) == 1);
    CHECK(fstat(fd, &status) == 0 && status.st_size == 4);
    CHECK_ERROR(read(appender, text, 1), EBADF);
    CHECK_ERROR(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK(close(appender) == 0 && close(fd) == 0);
    CHECK_ERROR(close(fd), EBADF);
}

static void names(void)
{
    char target[32];
    struct stat first, second;
    int directory;

    CHECK(mkdir("dir", 0755) == 0);
    CHECK_ERROR(mkdir("dir", 0755), EEXIST);
    CHECK(symlink("dir/inner", "link") == 0);
    CHECK(readlink("link", target, sizeof(target)) == 9);
    CHECK_ERROR(open("link", O_RDONLY), ENOENT);
    CHECK(close(open("link", O_WRONLY | O_CREAT, 0644)) == 0);
    CHECK(stat("dir/inner", &first) == 0 && stat("link", &second) == 0 &&
          first.st_ino == second.st_ino);
    CHECK(lstat("link", &second) == 0 && S_ISLNK(second.st_mode));
    CHECK_ERROR(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK((directory = open("dir", O_RDONLY | O_DIRECTORY)) >= 0);
    CHECK(linkat(directory, "inner", AT_FDCWD, "hard", 0) == 0);
    CHECK(stat("hard", &second) == 0 && second.st_ino == first.st_ino && second.st_nlink == 2);
    CHECK(renameat(AT_FDCWD, "hard", directory, "moved") == 0);
    CHECK(faccessat(directory, "moved", R_OK, 0) == 0);
    CHECK_ERROR(faccessat(directory, "nothing", F_OK, 0), ENOENT);
    CHECK_ERROR(rmdir("dir"), ENOTEMPTY);
    CHECK(unlinkat(directory, "moved", 0) == 0 && unlinkat(directory, "inner", 0) == 0);
    CHECK(unlinkat(AT_FDCWD, "dir", AT_REMOVEDIR) == 0 && unlink("link") == 0);
    CHECK(close(directory) == 0);
    CHECK_ERROR(open("file/x", O_RDONLY), ENOTDIR);
}

static void directories(void)
{
    char name[16], here[256], again[256];
    unsigned seen = 0;
    struct dirent *entry;

    CHECK(mkdir("many", 0755) == 0 && chdir("many") == 0);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "f%03d", i);
        CHECK(close(open(name, O_CREAT | O_WRONLY, 0600)) == 0);
    }
    DIR *stream = opendir(".");
    CHECK(stream != NULL);
    while ((entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] == 'f') {
            seen++;
            CHECK(unlink(entry->d_name) == 0);
        }
    }
    CHECK(seen == 300);
    CHECK(closedir(stream) == 0);
    CHECK(getcwd(here, sizeof(here)) != NULL && chdir("..") == 0 &&
          getcwd(again, sizeof(again)) != NULL);
    CHECK(strlen(here) == strlen(again) + 5 && strcmp(here + strlen(again), "/many") == 0);
    CHECK(rmdir("many") == 0);
}

static void extended_attributes(const struct stat *status)
{
#ifdef STATX_BASIC_STATS /* not in musl before 1.2.4 */
    struct statx extended;

    CHECK(statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS, &extended) == 0);
    CHECK(extended.stx_ino == status->st_ino && extended.stx_mode == status->st_mode);
#else
    CHECK(status->st_ino != 0);
#endif
}

static void attributes(void)
{
    struct stat status;
    struct statfs system;
    struct timespec times[2] = {{1000, 500}, {2000, 600}};

    CHECK(chmod("file", 0600) == 0);
    CHECK(utimensat(AT_FDCWD, "file", times, 0) == 0);
    CHECK(stat("file", &status) == 0);
    CHECK(status.st_mtim.tv_sec == 2000 && status.st_mtim.tv_nsec == 600 &&
          status.st_atim.tv_sec == 1000);
    CHECK((status.st_mode & 07777) == 0600);
    extended_attributes(&status);
    CHECK(statfs(".", &system) == 0 && system.f_bsize > 0);
    mode_t old = umask(077);
    CHECK(close(open("masked", O_CREAT | O_WRONLY, 0666)) == 0);
    CHECK(stat("masked", &status) == 0 && (status.st_mode & 0777) == 0600);
    CHECK(umask(old) == 077 && unlink("masked") == 0);
}

static void descriptors(void)
{
    int fd = open("file", O_RDWR);

    CHECK(dup2(fd, 50) == 50 && fcntl(50, F_GETFD) == 0);
    CHECK(fcntl(fd, F_DUPFD_CLOEXEC, 60) == 60 && fcntl(60, F_GETFD) == FD_CLOEXEC);
    CHECK(lseek(fd, 2, SEEK_SET) == 2 && lseek(50, 0, SEEK_CUR) == 2);
    CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
    CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && (fcntl(50, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(close(50) == 0 && close(60) == 0 && close(fd) == 0);
    CHECK_ERROR(dup2(fd, 50), EBADF);
    CHECK_ERROR(fcntl(12345, F_GETFD), EBADF);
}

static void locks(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
    int fd = open("file", O_RDWR);
    int status, seen[2];
    char byte = 0;

    CHECK(pipe(seen) == 0 && fcntl(fd, F_SETLK, &lock) == 0);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        CHECK_ERROR(fcntl(fd, F_SETLK, &lock), EAGAIN);
        CHECK(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK && lock.l_pid == parent);
        int other = open("file", O_RDWR);
        CHECK(flock(other, LOCK_EX) == 0);
        CHECK(write(seen[1], &byte, 1) == 1);
        lock.l_type = F_WRLCK;
        CHECK(fcntl(fd, F_SETLKW, &lock) == 0);
        _exit(0);
    }
    CHECK(read(seen[0], &byte, 1) == 1 && close(seen[0]) == 0 && close(seen[1]) == 0);
    usleep(50000);
    lock.l_type = F_UNLCK;
    CHECK(fcntl(fd, F_SETLK, &lock) == 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    int other = open("file", O_RDWR);
    CHECK(flock(fd, LOCK_EX) == 0);
    CHECK_ERROR(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK(flock(fd, LOCK_UN) == 0 && flock(other, LOCK_EX | LOCK_NB) == 0);
    CHECK(close(other) == 0 && close(fd) == 0);
}

int main(void)
{
    char root[] = "/tmp/filesXXXXXX";

    CHECK(mkdtemp(root) != NULL && chdir(root) == 0);
    reading_and_writing();
    names();
    directories();
    attributes();
    descriptors();
    locks();
    CHECK(unlink("file") == 0 && chdir("/") == 0 && rmdir(root) == 0);
    return 0;
}
