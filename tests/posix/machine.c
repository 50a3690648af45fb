/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What each architecture has its own way of: a handler's context with integer and
 * vector registers, code made at run time, the vDSO, the auxiliary vector.
 */
#define _GNU_SOURCE
#include "check.h"

#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "machine.h"

#define INTEGER UINT64_C(0x1122334455667788)
#define VECTOR UINT64_C(0x99aabbccddeeff00)
#define READINGS 1000
#define ANSWER 42

static struct registers expected;
static volatile sig_atomic_t handled;

/* Sees the registers at the fault, changes them in the frame, spoils the real ones. */
static void on_fault(int number, siginfo_t *information, void *context)
{
    struct registers found = {0};

    (void)information;
    CHECK(number == SIGILL);
    context_read(context, &found);
    CHECK(found.integer == expected.integer && found.vector == expected.vector);
    found.integer++;
    found.vector ^= VECTOR;
    context_skip_fault(context);
    context_write(context, &found);
    spoil_vector();
    handled++;
}

static void context_of_a_handler(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    CHECK(sigaction(SIGILL, &action, NULL) == 0);
    for (unsigned i = 0; i < 3; i++) {
        struct registers registers = {INTEGER + i, VECTOR - i};
        expected = registers;
        fault_with(&registers);
        CHECK(registers.integer == INTEGER + i + 1);
        CHECK(registers.vector == ((VECTOR - i) ^ VECTOR));
    }
    CHECK(handled == 3);
}

static volatile double kept;

static void spoiler(int number)
{
    (void)number;
    spoil_vector();
    kept = kept * 3 + 1;
}

/* Signals that come between two instructions leave no trace in either. */
static void vectors_survive_signals(void)
{
    struct sigaction action = {.sa_handler = spoiler};
    struct itimerspec often = {{0, 1000000}, {0, 1000000}};
    timer_t timer;

    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0);
    CHECK(timer_settime(timer, 0, &often, NULL) == 0);
    double sum = 0;
    for (unsigned i = 1; i <= 2000000; i++)
        sum += (double)i * 0.5;
    CHECK(sum == 1000000.0 * 2000001.0 * 0.5);
    CHECK(timer_delete(timer) == 0);
    CHECK(kept != 0);
}

/* Code is written, made executable and called; then other code at the same place. */
static void code_made_at_run_time(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(page != MAP_FAILED);
    for (int value = ANSWER; value < ANSWER + 3; value++) {
        CHECK(mprotect(page, size, PROT_READ | PROT_WRITE) == 0);
        size_t used = write_function(page, value);
        CHECK(mprotect(page, size, PROT_READ | PROT_EXEC) == 0);
        __builtin___clear_cache((char *)page, (char *)page + used);
        CHECK(((int (*)(void))(uintptr_t)page)() == value);
    }
    CHECK(munmap(page, size) == 0);
}

static int64_t ns_of(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static void clocks_agree(clockid_t clock)
{
    struct timespec before, between, after;

    for (unsigned i = 0; i < READINGS; i++) {
        CHECK(syscall(SYS_clock_gettime, clock, &before) == 0);
        CHECK(clock_gettime(clock, &between) == 0);
        CHECK(syscall(SYS_clock_gettime, clock, &after) == 0);
        CHECK(ns_of(&before) <= ns_of(&between) && ns_of(&between) <= ns_of(&after));
    }
}

static void what_the_program_is_told(void)
{
    const char *vdso = (const char *)getauxval(AT_SYSINFO_EHDR);
    struct utsname name;

    CHECK(vdso != NULL && memcmp(vdso, "\177ELF", 4) == 0);
    CHECK(uname(&name) == 0 && strcmp(name.machine, MACHINE_NAME) == 0);
    const char *platform = (const char *)getauxval(AT_PLATFORM);
    CHECK(platform == NULL || strcmp(platform, MACHINE_NAME) == 0);
    CHECK((platform != NULL) == MACHINE_HAS_PLATFORM);
    CHECK((getauxval(AT_HWCAP) & MACHINE_HARDWARE) == MACHINE_HARDWARE);
    CHECK(getauxval(AT_PAGESZ) == 4096);
}

static void what_the_processor_is_called(void)
{
    static const char *const names[] = {"processor", MACHINE_CPU_NAMES};
    char line[4096];
    unsigned found = 0;
    FILE *file = fopen("/proc/cpuinfo", "r");

    CHECK(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            if (strncmp(line, names[i], strlen(names[i])) == 0)
                found |= 1u << i;
        }
    }
    CHECK(found == (1u << sizeof(names) / sizeof(names[0])) - 1);
    CHECK(fclose(file) == 0);
}

int main(void)
{
    context_of_a_handler();
    vectors_survive_signals();
    code_made_at_run_time();
    clocks_agree(CLOCK_MONOTONIC);
    clocks_agree(CLOCK_REALTIME);
    what_the_program_is_told();
    what_the_processor_is_called();
    what_the_machine_allows();
    return 0;
}
