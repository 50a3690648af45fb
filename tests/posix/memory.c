/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Memory: mmap, mprotect, mremap, shared mappings, brk, futexes across processes. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, FUTEX_WAIT = 0, FUTEX_WAKE = 1 };

static sigjmp_buf back;

static void on_fault(int number)
{
    siglongjmp(back, number);
}

static int fault_of(volatile char *address, int write_it)
{
    int number = sigsetjmp(back, 1);

    if (number != 0)
        return number;
    if (write_it)
        *address = 1;
    else
        (void)*address;
    return 0;
}

static void anonymous(void)
{
    char *area = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(area != MAP_FAILED);
    for (int i = 0; i < 8 * PAGE; i++)
        CHECK(area[i] == 0);
    memset(area, 5, 8 * PAGE);
    CHECK(mprotect(area + PAGE, PAGE, PROT_READ) == 0);
    CHECK(fault_of(area + PAGE, 1) == SIGSEGV);
    CHECK(fault_of(area + PAGE, 0) == 0);
    CHECK(mprotect(area + PAGE, PAGE, PROT_NONE) == 0);
    CHECK(fault_of(area + PAGE, 0) == SIGSEGV);
    CHECK(mprotect(area + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
    CHECK(area[PAGE] == 5);
    CHECK(munmap(area + 2 * PAGE, PAGE) == 0);
    CHECK(fault_of(area + 2 * PAGE, 0) == SIGSEGV);
    CHECK(area[3 * PAGE] == 5);
    CHECK_ERROR(mprotect(area, 4 * PAGE, PROT_READ), ENOMEM);
    CHECK(madvise(area + 4 * PAGE, PAGE, MADV_DONTNEED) == 0);
    CHECK(area[4 * PAGE] == 0 && area[5 * PAGE] == 5);
    CHECK(munmap(area, 8 * PAGE) == 0);
    CHECK_ERROR((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_ERROR(munmap((void *)1, PAGE), EINVAL);
}

static void moving(void)
{
    char *area = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(area != MAP_FAILED);
    for (int i = 0; i < 4; i++)
        area[i * PAGE] = (char)(i + 1);
    char *larger = mremap(area, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    CHECK(larger != MAP_FAILED);
    for (int i = 0; i < 4; i++)
        CHECK(larger[i * PAGE] == i + 1);
    CHECK(larger[63 * PAGE] == 0);
    CHECK(mremap(larger, 64 * PAGE, 2 * PAGE, 0) == larger);
    CHECK(fault_of(larger + 2 * PAGE, 0) == SIGSEGV);
    CHECK(munmap(larger, 2 * PAGE) == 0);
}

static void shared_memory(void)
{
    atomic_int *shared =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(shared != MAP_FAILED);
    pid_t child = fork();
    if (child == 0) {
        atomic_store(shared, 77);
        _exit(0);
    }
    CHECK(waitpid(child, NULL, 0) == child);
    CHECK(atomic_load(shared) == 77);
    CHECK(munmap(shared, PAGE) == 0);
}

static void file_mappings(void)
{
    char name[] = "/tmp/mapXXXXXX";
    char text[6];
    int fd = mkstemp(name);

    CHECK(fd >= 0);
    CHECK(ftruncate(fd, 3 * PAGE) == 0);
    CHECK(pwrite(fd, "hello", 5, 10) == 5);
    char *shared = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(shared != MAP_FAILED && private != MAP_FAILED);
    CHECK(memcmp(shared + 10, "hello", 5) == 0 && memcmp(private + 10, "hello", 5) == 0);
    private[10] = 'J';
    CHECK(shared[10] == 'h');
    shared[11] = 'E';
    CHECK(pread(fd, text, 5, 10) == 5 && memcmp(text, "hEllo", 5) == 0);
    CHECK(pwrite(fd, "L", 1, 12) == 1 && shared[12] == 'L');
    CHECK(msync(shared, 3 * PAGE, MS_SYNC) == 0);
    CHECK(ftruncate(fd, PAGE) == 0);
    CHECK(fault_of(shared + 2 * PAGE, 0) == SIGBUS);
    CHECK(munmap(shared, 3 * PAGE) == 0 && munmap(private, 3 * PAGE) == 0);
    int read_only = open(name, O_RDONLY);
    CHECK_ERROR((long)mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, read_only, 0), EACCES);
    CHECK(unlink(name) == 0);
}

static void fixed_addresses(void)
{
    char *area = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    memset(area, 1, 4 * PAGE);
    CHECK(mmap(area + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
               -1, 0) == area + PAGE);
    CHECK(area[0] == 1 && area[PAGE] == 0 && area[2 * PAGE] == 1);
    CHECK_ERROR(
        (long)mmap(area, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
        EEXIST);
    CHECK(munmap(area, 4 * PAGE) == 0);
}

/* By the call itself: musl's sbrk moves nothing. */
static char *move_break(char *to)
{
    return (char *)syscall(SYS_brk, to);
}

static void break_moves(void)
{
    char *start = move_break(NULL);
    char *page = (char *)(((uintptr_t)start + PAGE - 1) & ~(uintptr_t)(PAGE - 1));

    CHECK(move_break(page + 5 * PAGE) == page + 5 * PAGE);
    memset(page, 3, 5 * PAGE);
    CHECK(move_break(page) == page);
    CHECK(fault_of(page + PAGE, 0) == SIGSEGV);
    CHECK(move_break(page + PAGE) == page + PAGE && page[0] == 0);
    CHECK(move_break(start) == start);
}

static long futex(atomic_int *word, int operation, int value, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

static void futexes_across_processes(void)
{
    atomic_int *shared =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct timespec soon = {0, 10000000};
    int status;

    CHECK(futex(shared, FUTEX_WAIT, 1, NULL) == -1 && errno == EAGAIN);
    CHECK(futex(shared, FUTEX_WAIT, 0, &soon) == -1 && errno == ETIMEDOUT);
    pid_t child = fork();
    if (child == 0) {
        while (atomic_load(&shared[0]) == 0)
            futex(shared, FUTEX_WAIT, 0, NULL);
        atomic_store(&shared[1], 1);
        futex(&shared[1], FUTEX_WAKE, 1, NULL);
        _exit(0);
    }
    usleep(10000);
    atomic_store(&shared[0], 1);
    futex(shared, FUTEX_WAKE, 1, NULL);
    while (atomic_load(&shared[1]) == 0)
        futex(&shared[1], FUTEX_WAIT, 0, NULL);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* In a child, whose limits are its own. */
static void limits_hold(void)
{
    const size_t large = 512 << 20, half = 128 << 20, small = 4 << 20;
    struct rlimit limit = {256 << 20, 256 << 20};
    int flags = MAP_PRIVATE | MAP_ANONYMOUS, status;
    pid_t child = fork();

    if (child == 0) {
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
        CHECK_ERROR((long)mmap(NULL, large, PROT_READ, flags, -1, 0), ENOMEM);
        char *area = mmap(NULL, half, PROT_READ, flags, -1, 0);
        CHECK(area != MAP_FAILED);
        CHECK(mmap(area, half, PROT_READ, flags | MAP_FIXED, -1, 0) == area);
        CHECK_ERROR((long)mremap(area, half, large, MREMAP_MAYMOVE), ENOMEM);
        long end = syscall(SYS_brk, 0);
        CHECK(syscall(SYS_brk, end + (long)large) == end);
        limit.rlim_cur = small;
        CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
        CHECK_ERROR((long)mmap(NULL, PAGE, PROT_READ, flags, -1, 0), ENOMEM);
        limit = (struct rlimit){0, 0};
        CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
        CHECK(syscall(SYS_brk, end + PAGE) == end);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void bad_pointers_are_errors(void)
{
    int ends[2];
    void *volatile bad = (void *)16;

    CHECK(pipe(ends) == 0);
    CHECK_ERROR(write(ends[1], bad, 10), EFAULT);
    CHECK_ERROR(pipe(bad), EFAULT);
    CHECK(write(ends[1], "x", 1) == 1);
    bad = (void *)UINTPTR_MAX;
    CHECK_ERROR(read(ends[0], bad, 1), EFAULT);
    CHECK_ERROR(open(bad, O_RDONLY), EFAULT);
}

int main(void)
{
    signal(SIGSEGV, on_fault);
    signal(SIGBUS, on_fault);
    anonymous();
    moving();
    shared_memory();
    file_mappings();
    fixed_addresses();
    break_moves();
    futexes_across_processes();
    limits_hold();
    bad_pointers_are_errors();
    return 0;
}
