/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* A file system of memory that is full: each way to need more of it is told so, and all of it
 * comes back. Run as `full DIRECTORY`, which nobody else writes to meanwhile. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096
#define SLACK 64 /* pages for what names and finds the others */

static struct statvfs there;
static sigjmp_buf escape;
static char page[PAGE];

static unsigned long pages_left(void)
{
    CHECK(statvfs(".", &there) == 0);
    CHECK(there.f_bsize == PAGE && there.f_bavail <= there.f_bfree);
    return there.f_bavail;
}

/* What is removed is freed in steps, soon. */
static void check_had_back(unsigned long before)
{
    for (int i = 0; i < 1000 && pages_left() != before; i++)
        usleep(1000);
    CHECK(pages_left() == before);
}

static int make(const char *name)
{
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0);
    return fd;
}

/* Write until it is refused; the bytes that are in it then. */
static off_t fill(int fd)
{
    ssize_t written;
    while ((written = write(fd, page, sizeof(page))) > 0)
        ;
    CHECK(written == -1 && errno == ENOSPC);
    struct stat status;
    CHECK(fstat(fd, &status) == 0);
    CHECK(lseek(fd, 0, SEEK_CUR) == status.st_size);
    return status.st_size;
}

static void writing(void)
{
    unsigned long before = pages_left();
    int fd = make("written");
    off_t size = fill(fd);
    CHECK(size / PAGE <= (off_t)before && size / PAGE + SLACK >= (off_t)before);
    CHECK(pages_left() < SLACK);
    CHECK_ERROR(write(fd, page, 1), ENOSPC);
    CHECK(pwrite(fd, "x", 1, 0) == 1); /* what is there can be written over */
    CHECK(ftruncate(fd, size - 16 * PAGE) == 0);
    CHECK(pwrite(fd, page, sizeof(page), size - 16 * PAGE) == PAGE);
    CHECK(unlink("written") == 0);
    CHECK(pages_left() < SLACK); /* it is open */
    CHECK(close(fd) == 0);
    check_had_back(before);
}

/* A write of many pages has what fitted. */
static void writing_much(void)
{
    unsigned long before = pages_left();
    size_t size = (before + 100) * PAGE;
    char *much = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(much != MAP_FAILED);
    int fd = make("much");
    CHECK(ftruncate(fd, 0) == 0);
    ssize_t written = write(fd, much, 32 * PAGE);
    CHECK(written == 32 * PAGE);
    fill(fd);
    struct stat status;
    CHECK(fstat(fd, &status) == 0);
    CHECK(ftruncate(fd, status.st_size - 32 * PAGE) == 0);
    written = pwrite(fd, much, 64 * PAGE, status.st_size - 32 * PAGE);
    CHECK(written > 16 * PAGE && written < 64 * PAGE && written % PAGE == 0);
    CHECK(unlink("much") == 0 && close(fd) == 0 && munmap(much, size) == 0);
    check_had_back(before);
}

static void reserving(void)
{
    unsigned long before = pages_left();
    int fd = make("reserved");
    CHECK(posix_fallocate(fd, 0, (off_t)(before + SLACK) * PAGE) == ENOSPC);
    CHECK(posix_fallocate(fd, 0, 10 * PAGE) == 0);
    CHECK(unlink("reserved") == 0 && close(fd) == 0);
}

static void on_fault(int number)
{
    siglongjmp(escape, number);
}

/* A file may be longer than there is room; the page that has none is SIGBUS where it is touched. */
static void mapping(void)
{
    unsigned long before = pages_left();
    size_t pages = before + SLACK;
    int fd = make("mapped");
    volatile size_t at = 0;
    CHECK(ftruncate(fd, (off_t)pages * PAGE) == 0);
    struct stat status;
    CHECK(fstat(fd, &status) == 0 && status.st_blocks == 0);
    volatile char *bytes = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(bytes != MAP_FAILED);
    signal(SIGBUS, on_fault);
    signal(SIGSEGV, on_fault);
    int caught = sigsetjmp(escape, 1);
    if (caught == 0) {
        for (; at < pages; at++)
            bytes[at * PAGE] = 1;
    }
    CHECK(caught == SIGBUS && at + SLACK >= before && at <= before);
    CHECK(fstat(fd, &status) == 0 && (size_t)status.st_blocks == at * 8);
    for (size_t i = 0; i < at; i++)
        CHECK(bytes[i * PAGE] == 1);
    void *own = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(own != MAP_FAILED);
    memset(own, 1, 64 * PAGE); /* other memory is there still */
    CHECK(ftruncate(fd, PAGE) == 0);
    bytes[0] = 2;
    CHECK(munmap((void *)bytes, pages * PAGE) == 0 && unlink("mapped") == 0 && close(fd) == 0);
    check_had_back(before);
}

/* As many files as there may be, and one more. */
static void names(void)
{
    char name[32];
    CHECK(statvfs(".", &there) == 0);
    unsigned long before = there.f_favail, made = 0;
    for (int fd;; made++) {
        snprintf(name, sizeof(name), "file%lu", made);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (fd == -1)
            break;
        CHECK(close(fd) == 0);
    }
    CHECK(errno == ENOSPC);
    CHECK_ERROR(mkdir("directory", 0700), ENOSPC);
    CHECK_ERROR(symlink("target", "link"), ENOSPC);
    CHECK_ERROR(link("file0", "another"), ENOSPC);
    CHECK_ERROR(access("another", F_OK), ENOENT);
    CHECK(rename("file0", "renamed") == 0 && rename("renamed", "file0") == 0);
    while (made-- > 0) {
        snprintf(name, sizeof(name), "file%lu", made);
        CHECK(unlink(name) == 0);
    }
    CHECK(statvfs(".", &there) == 0 && there.f_favail == before);
}

int main(int count, char **arguments)
{
    CHECK(count == 2 && chdir(arguments[1]) == 0);
    writing();
    writing_much();
    reserving();
    mapping();
    names();
    return 0;
}
