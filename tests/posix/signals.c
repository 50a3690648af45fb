/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Signals: handlers with siginfo, masks, the alternate stack, sigsuspend, queues, restarts, timers. */
#define _GNU_SOURCE
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t got, got_code, got_value;
static volatile pid_t got_pid;
static volatile uintptr_t got_address, handler_stack;
static sigjmp_buf back;

static void note(int number, siginfo_t *information, void *context)
{
    (void)context;
    got = number;
    got_code = information->si_code;
    got_pid = information->si_pid;
    got_value = information->si_value.sival_int;
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    sigemptyset(&action.sa_mask);
    CHECK(sigaction(number, &action, NULL) == 0);
}

static void handlers_and_information(void)
{
    double value = 1.5;

    handle(SIGUSR1, note, 0);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    CHECK(got == SIGUSR1 && got_code == SI_USER && got_pid == getpid());
    CHECK(value * 2 == 3.0);
    CHECK(raise(SIGUSR1) == 0);
    CHECK(got_code == SI_TKILL);
    got = 0;
    union sigval sent = {.sival_int = 42};
    CHECK(sigqueue(getpid(), SIGUSR1, sent) == 0);
    CHECK(got == SIGUSR1 && got_code == SI_QUEUE && got_value == 42);
}

static void masks_and_pending(void)
{
    sigset_t set, old, pending;
    siginfo_t information;
    struct timespec none = {0, 1000000};

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    got = 0;
    CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    CHECK(got == 0);
    CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
    CHECK(sigtimedwait(&set, &information, &none) == SIGUSR1);
    CHECK(information.si_pid == getpid());
    CHECK(sigpending(&pending) == 0 && !sigismember(&pending, SIGUSR1));
    CHECK_ERROR(sigtimedwait(&set, &information, &none), EAGAIN);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    CHECK_ERROR(sigsuspend(&old), EINTR);
    CHECK(got == SIGUSR1);
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
}

static void real_time_signals_queue(void)
{
    sigset_t set;
    siginfo_t information;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    for (int i = 0; i < 5; i++)
        CHECK(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i}) == 0);
    for (int i = 0; i < 5; i++) {
        CHECK(sigwaitinfo(&set, &information) == SIGRTMIN);
        CHECK(information.si_value.sival_int == i);
    }
}

static void on_stack(int number, siginfo_t *information, void *context)
{
    int here;

    note(number, information, context);
    handler_stack = (uintptr_t)&here;
}

static void alternate_stack(void)
{
    static char stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    stack_t old;

    CHECK(sigaltstack(&alternate, NULL) == 0);
    handle(SIGUSR2, on_stack, SA_ONSTACK);
    CHECK(raise(SIGUSR2) == 0);
    CHECK(handler_stack >= (uintptr_t)stack && handler_stack < (uintptr_t)stack + sizeof(stack));
    CHECK(sigaltstack(NULL, &old) == 0);
    CHECK(old.ss_sp == stack);
}

static void on_fault(int number, siginfo_t *information, void *context)
{
    (void)context;
    got = number;
    got_code = information->si_code;
    got_address = (uintptr_t)information->si_addr;
    siglongjmp(back, 1);
}

static void faults(void)
{
    char *volatile low = (char *)16;
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(page != MAP_FAILED);
    handle(SIGSEGV, on_fault, 0);
    handle(SIGFPE, on_fault, 0);
    handle(SIGILL, on_fault, 0);
    if (sigsetjmp(back, 1) == 0)
        *(volatile char *)low = 1;
    CHECK(got == SIGSEGV && got_code == SEGV_MAPERR && got_address == 16);
    if (sigsetjmp(back, 1) == 0)
        *(volatile char *)(page + 100) = 1;
    CHECK(got_code == SEGV_ACCERR && got_address == (uintptr_t)page + 100);
#ifdef __x86_64__
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("xorl %%edx, %%edx; xorl %%ecx, %%ecx; idivl %%ecx" ::
                             : "eax", "ecx", "edx");
    CHECK(got == SIGFPE && got_code == FPE_INTDIV);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("ud2");
#else
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile(".word 0");
#endif
    CHECK(got == SIGILL);
    signal(SIGSEGV, SIG_DFL);
}

static void interrupted_and_restarted_reads(void)
{
    int ends[2];
    char byte;
    struct itimerval soon = {.it_value = {0, 20000}};
    struct itimerval often = {.it_value = {0, 20000}, .it_interval = {0, 20000}};

    CHECK(pipe(ends) == 0);
    handle(SIGALRM, note, 0);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    CHECK_ERROR(read(ends[0], &byte, 1), EINTR);
    CHECK(got == SIGALRM);
    handle(SIGALRM, note, SA_RESTART);
    got = 0;
    pid_t child = fork();
    if (child == 0) {
        usleep(60000);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    CHECK(read(ends[0], &byte, 1) == 1);
    CHECK(got == SIGALRM);
    CHECK(waitpid(child, NULL, 0) == child);
}

static void ends_by_signal(void)
{
    int status;

    for (int number = SIGTERM; number == SIGTERM || number == SIGKILL;
         number = number == SIGTERM ? SIGKILL : 0) {
        pid_t child = fork();
        if (child == 0) {
            for (;;)
                pause();
        }
        CHECK(kill(child, number) == 0);
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == number);
    }
    pid_t child = fork();
    if (child == 0)
        abort();
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void stops_and_continues(void)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        for (;;)
            pause();
    }
    CHECK(kill(child, SIGSTOP) == 0);
    CHECK(waitpid(child, &status, WUNTRACED) == child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK(kill(child, SIGCONT) == 0);
    CHECK(waitpid(child, &status, WCONTINUED) == child);
    CHECK(WIFCONTINUED(status));
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(waitpid(child, &status, 0) == child);
}

static void posix_timers(void)
{
    timer_t timer;
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 9};
    struct itimerspec soon = {{0, 10000000}, {0, 10000000}};

    got = 0;
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    CHECK(timer_settime(timer, 0, &soon, NULL) == 0);
    while (got == 0)
        pause();
    CHECK(got == SIGUSR1 && got_code == SI_TIMER && got_value == 9);
    CHECK(timer_delete(timer) == 0);
}

static void work_until_told(void)
{
    got = 0;
    while (got == 0)
        continue;
}

static void timers_of_processor_time(void)
{
    struct itimerval soon = {.it_value = {0, 20000}, .it_interval = {0, 20000}}, off = {0}, left;

    handle(SIGVTALRM, note, 0);
    handle(SIGPROF, note, 0);
    CHECK(setitimer(ITIMER_VIRTUAL, &soon, NULL) == 0);
    usleep(50000);
    work_until_told();
    CHECK(got == SIGVTALRM && got_code == SI_KERNEL);
    work_until_told();
    CHECK(setitimer(ITIMER_VIRTUAL, &off, &left) == 0);
    CHECK(left.it_interval.tv_usec == 20000 && left.it_value.tv_usec <= 20000);
    soon.it_interval.tv_usec = 0;
    CHECK(setitimer(ITIMER_PROF, &soon, NULL) == 0);
    work_until_told();
    CHECK(got == SIGPROF);
    CHECK(getitimer(ITIMER_PROF, &left) == 0 && left.it_value.tv_usec == 0);
    CHECK_ERROR(setitimer(9, &soon, NULL), EINVAL);
}

static void limit_of_processor_time(void)
{
    struct rlimit limit = {1, 2};
    int status;
    pid_t child = fork();

    if (child == 0) {
        handle(SIGXCPU, note, 0);
        CHECK(setrlimit(RLIMIT_CPU, &limit) == 0);
        work_until_told();
        if (got != SIGXCPU)
            _exit(1);
        if (fork() == 0)
            _exit(0);
        for (;;)
            continue;
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int main(void)
{
    handlers_and_information();
    masks_and_pending();
    real_time_signals_queue();
    alternate_stack();
    faults();
    interrupted_and_restarted_reads();
    ends_by_signal();
    stops_and_continues();
    posix_timers();
    timers_of_processor_time();
    limit_of_processor_time();
    return 0;
}
