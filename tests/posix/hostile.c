/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A program that means harm to the library in its own address space: for Trellis
 * only. Calls that would change the library's memory must be refused; what a
 * plain store or jump does to it must stay within the process that did it.
 *
 * Each attack is made by a child that has given up being root. However it ends,
 * it ends: by itself, or by SIGKILL after PATIENCE.
 */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <trellis/arch/registers.h>

enum { PAGE = USER_PAGE_SIZE, PAGES_MAX = 1024, JUMPS = 200, JUMP_STRIDE = 1237, NOBODY = 1000 };
#define PATIENCE_NS 300000000
#define PAGE_BYTES ((size_t)PAGE)

/* What there is of the library. */
static struct {
    uintptr_t address;
    bool writable;
} pages[PAGES_MAX];
static unsigned page_count;
static sigjmp_buf back;
static unsigned ended, killed;

static void on_fault(int number)
{
    siglongjmp(back, number);
}

static bool touch(volatile char *byte, bool write_it)
{
    if (sigsetjmp(back, 1) != 0)
        return false;
    char value = *byte;
    if (write_it)
        *byte = value;
    return true;
}

static void find_pages(uintptr_t low, uintptr_t high)
{
    for (uintptr_t page = low; page < high; page += PAGE) {
        if (!touch((char *)page, false))
            continue;
        CHECK(page_count < PAGES_MAX);
        pages[page_count].address = page;
        pages[page_count++].writable = touch((char *)page, true);
    }
}

/* The image, the pages shared with the process server, heap and stacks, the frame. */
static void find_library(void)
{
    struct sigaction action = {.sa_handler = on_fault};

    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    find_pages(USER_LIBRARY, USER_LIBRARY + 0x80000);
    find_pages(USER_LIBRARY + 0x1000000, USER_LIBRARY + 0x1028000);
    find_pages(FRAME_BASE - 0x100000, FRAME_BASE + 4 * PAGE);
    CHECK(page_count > 16);
    CHECK(signal(SIGSEGV, SIG_DFL) == on_fault);
}

static void memory_calls_are_refused(void *page)
{
    int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
    char *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, anonymous, -1, 0);

    CHECK(own != MAP_FAILED);
    CHECK_ERROR(munmap(page, PAGE), EINVAL);
    CHECK_ERROR(munmap(own, (uintptr_t)page + PAGE - (uintptr_t)own), EINVAL);
    CHECK_ERROR(mprotect(page, PAGE, PROT_NONE), ENOMEM);
    CHECK_ERROR(mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), ENOMEM);
    CHECK_ERROR((long)mmap(page, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0), ENOMEM);
    CHECK_ERROR((long)mmap(page, PAGE, PROT_READ, anonymous | MAP_FIXED_NOREPLACE, -1, 0), ENOMEM);
    CHECK((uintptr_t)mmap(page, PAGE, PROT_READ, anonymous, -1, 0) < USER_LIBRARY);
    CHECK_ERROR((long)mremap(page, PAGE, 2 * PAGE_BYTES, MREMAP_MAYMOVE), EINVAL);
    CHECK_ERROR((long)mremap(own, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page), EINVAL);
    CHECK_ERROR(madvise(page, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_ERROR(mlock(page, PAGE), ENOMEM);
    CHECK_ERROR(msync(page, PAGE, MS_SYNC), ENOMEM);
    CHECK((void *)syscall(SYS_brk, page) != page);
    *own = 1;
    CHECK(munmap(own, PAGE) == 0);
}

/* No call reads or writes there on the program's behalf. */
static void pointers_are_refused(void *page)
{
    int ends[2];
    char byte = 0;
    struct iovec piece = {page, 1};

    CHECK(pipe(ends) == 0);
    CHECK_ERROR(write(ends[1], page, 1), EFAULT);
    CHECK_ERROR(writev(ends[1], &piece, 1), EFAULT);
    CHECK_ERROR(open(page, O_RDONLY), EFAULT);
    CHECK_ERROR(pipe(page), EFAULT);
    CHECK_ERROR(syscall(SYS_rt_sigaction, SIGUSR1, page, NULL, 8), EFAULT);
    CHECK_ERROR(syscall(SYS_futex, page, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK_ERROR(read(ends[0], page, 1), EFAULT);
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'x');
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
}

static void map_is_silent(void)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");

    CHECK(maps != NULL);
    while (fgets(line, sizeof(line), maps) != NULL) {
        uintptr_t low = strtoul(line, NULL, 16);
        CHECK(low < USER_LIBRARY || strstr(line, "[vdso]") != NULL ||
              strstr(line, "[vvar]") != NULL);
    }
    CHECK(fclose(maps) == 0);
}

/* What a program goes on to do, with what is left of its library. */
static void use_library(void)
{
    char text[16];
    int ends[2];

    if (pipe(ends) == 0 && write(ends[1], "x", 1) == 1)
        (void)!read(ends[0], text, sizeof(text));
    int fd = open("/proc/self/status", O_RDONLY);
    (void)!read(fd, text, sizeof(text));
    raise(SIGUSR1);
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    execl("/bin/true", "true", NULL);
}

static void overwrite(uintptr_t page, unsigned pattern)
{
    memset((void *)page, (int)pattern, PAGE);
    use_library();
}

static void jump(uintptr_t address, unsigned unused)
{
    (void)unused;
    ((void (*)(uintptr_t, uintptr_t, uintptr_t))address)(1, address, 8);
}

/* Everything at once, and then no call any more: what others are shown of it is damaged. */
static void overwrite_all(uintptr_t unused, unsigned pattern)
{
    (void)unused;
    for (unsigned i = 0; i < page_count; i++) {
        if (pages[i].writable)
            memset((void *)pages[i].address, (int)pattern, PAGE);
    }
    for (;;)
        continue;
}

/* A child that jumps into the library may come back behind any call: it goes no further. */
static pid_t begin(void (*attack)(uintptr_t, unsigned), uintptr_t where, unsigned how)
{
    static pid_t leader;

    if (leader == 0)
        leader = getpid();
    if (getpid() != leader)
        _exit(0);
    pid_t child = fork();

    CHECK(child >= 0);
    if (child > 0)
        return child;
    CHECK(setsid() > 0 && setgroups(0, NULL) == 0);
    CHECK(setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
    close(STDERR_FILENO); /* what is left of the C library may complain */
    attack(where, how);
    _exit(0);
}

static void finish(pid_t child)
{
    const struct timespec patience = {0, PATIENCE_NS};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    while (waitpid(child, NULL, WNOHANG) == 0) {
        if (sigtimedwait(&set, NULL, &patience) >= 0)
            continue;
        CHECK(kill(child, SIGKILL) == 0);
        CHECK(waitpid(child, NULL, 0) == child);
        killed++;
        return;
    }
    ended++;
}

/* All that others can ask about a process, much of it from memory that it may write. */
static void look_at(pid_t child)
{
    static const char *const files[] = {"cmdline", "environ", "maps", "stat", "status", "statm"};
    char name[64], text[4096];

    for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(name, sizeof(name), "/proc/%d/%s", child, files[i]);
        int fd = open(name, O_RDONLY);
        for (unsigned reads = 0; fd >= 0 && reads < 1000 && read(fd, text, sizeof(text)) > 0;)
            reads++;
        close(fd);
    }
    snprintf(name, sizeof(name), "/proc/%d/cwd", child);
    (void)!readlink(name, text, sizeof(text));
    snprintf(name, sizeof(name), "/proc/%d/fd", child);
    DIR *stream = opendir(name);
    for (unsigned entries = 0; stream != NULL && entries < 10000 && readdir(stream) != NULL;)
        entries++;
    if (stream != NULL)
        closedir(stream);
}

static void attacks(void)
{
    for (unsigned i = 0; i < page_count; i++) {
        finish(begin(overwrite, pages[i].address, 0xff));
        finish(begin(overwrite, pages[i].address, 0));
    }
    for (unsigned i = 0; i < JUMPS; i++)
        finish(begin(jump, USER_LIBRARY + PAGE + i * JUMP_STRIDE, 0));
    for (unsigned pattern = 0; pattern < 0x100; pattern += 0x33) {
        pid_t child = begin(overwrite_all, 0, pattern);
        usleep(20000);
        look_at(child);
        CHECK(waitpid(child, NULL, WNOHANG) == 0);
        finish(child);
    }
}

int main(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    find_library();
    map_is_silent();
    for (unsigned i = 0; i < page_count; i++) {
        memory_calls_are_refused((void *)pages[i].address);
        pointers_are_refused((void *)pages[i].address);
    }
    attacks();
    printf("%u pages; %u ended, %u were killed\n", page_count, ended, killed);
    return 0;
}
