/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The processors a thread may run on: set, asked, kept by threads, children and new
 * programs; where it runs now; and how two share one.
 */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY_HAS 0x3fffffff /* as a pid */
#define LOOKS 50
#define SHARE_US 800000
#define STEPS 1000

static cpu_set_t allowed;

static int only(cpu_set_t *set, int cpu)
{
    CPU_ZERO(set);
    CPU_SET(cpu, set);
    return cpu;
}

static int first_allowed(void)
{
    int cpu = 0;

    while (!CPU_ISSET(cpu, &allowed))
        cpu++;
    return cpu;
}

static int last_allowed(void)
{
    int cpu = CPU_SETSIZE - 1;

    while (!CPU_ISSET(cpu, &allowed))
        cpu--;
    return cpu;
}

static void check_only(int pid, int cpu)
{
    cpu_set_t found;

    CHECK(sched_getaffinity(pid, sizeof(found), &found) == 0);
    CHECK(CPU_COUNT(&found) == 1 && CPU_ISSET(cpu, &found));
}

/* By the vDSO, if the C library has it from there, and by the call. */
static void check_runs_on(int cpu)
{
    for (unsigned i = 0; i < LOOKS; i++) {
        unsigned number = ~0u, node = ~0u;
        CHECK(sched_getcpu() == cpu);
        CHECK(syscall(SYS_getcpu, &number, &node, NULL) == 0);
        CHECK(number == (unsigned)cpu && node < 64);
        if (i % 4 == 0)
            usleep(100);
    }
    CHECK(syscall(SYS_getcpu, NULL, NULL, NULL) == 0);
}

static void bad_arguments(void)
{
    cpu_set_t set;

    CHECK(sched_getaffinity(0, sizeof(allowed), &allowed) == 0);
    CHECK(CPU_COUNT(&allowed) >= 1 && CPU_COUNT(&allowed) <= sysconf(_SC_NPROCESSORS_ONLN));
    CHECK(sysconf(_SC_NPROCESSORS_CONF) >= sysconf(_SC_NPROCESSORS_ONLN));
    CHECK_ERROR(syscall(SYS_sched_getaffinity, 0, 0, &set), EINVAL);
    CHECK_ERROR(syscall(SYS_sched_getaffinity, 0, sizeof(set) - 1, &set), EINVAL);
    CHECK_ERROR(syscall(SYS_sched_getaffinity, 0, sizeof(set), (void *)1), EFAULT);
    CHECK_ERROR(syscall(SYS_sched_getaffinity, NOBODY_HAS, sizeof(set), &set), ESRCH);
    CHECK(syscall(SYS_sched_getaffinity, 0, sizeof(set), &set) % (long)sizeof(long) == 0);
    CPU_ZERO(&set);
    CHECK_ERROR(sched_setaffinity(0, sizeof(set), &set), EINVAL);
    CPU_SET(CPU_SETSIZE - 1, &set);
    CHECK_ERROR(sched_setaffinity(0, sizeof(set), &set), EINVAL);
    CHECK_ERROR(syscall(SYS_sched_setaffinity, 0, sizeof(set), (void *)1), EFAULT);
    CHECK_ERROR(sched_setaffinity(NOBODY_HAS, sizeof(allowed), &allowed), ESRCH);
    CHECK_ERROR(sched_setaffinity(-1, sizeof(allowed), &allowed), ESRCH);
}

static void each_in_turn(void)
{
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        cpu_set_t set;
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        only(&set, cpu);
        CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
        check_only(0, cpu);
        check_only(getpid(), cpu);
        check_runs_on(cpu);
    }
    CHECK(sched_setaffinity(0, sizeof(allowed), &allowed) == 0);
}

static void proc_says_so(int cpu)
{
    char line[256], wanted[64];
    int found = 0, processors = 0;
    FILE *status = fopen("/proc/thread-self/status", "r"), *stat = fopen("/proc/stat", "r");

    CHECK(status != NULL && stat != NULL);
    snprintf(wanted, sizeof(wanted), "Cpus_allowed_list:\t%d\n", cpu);
    while (fgets(line, sizeof(line), status) != NULL)
        found += strcmp(line, wanted) == 0;
    CHECK(found == 1);
    while (fgets(line, sizeof(line), stat) != NULL)
        processors += strncmp(line, "cpu", 3) == 0 && line[3] != ' ';
    CHECK(processors >= CPU_COUNT(&allowed));
    fclose(status);
    fclose(stat);
}

static atomic_int thread_id, go_on;

static void *thread_main(void *cpu)
{
    int own = *(int *)cpu, other = first_allowed();

    check_only(0, own);
    check_runs_on(own);
    proc_says_so(own);
    thread_id = (int)syscall(SYS_gettid);
    while (!go_on)
        usleep(100);
    check_only(0, other);
    check_runs_on(other);
    return NULL;
}

/* A thread begins with its maker's, then it has its own. */
static void threads(void)
{
    pthread_t thread;
    cpu_set_t set;
    int cpu = only(&set, last_allowed());

    CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
    CHECK(pthread_create(&thread, NULL, thread_main, &cpu) == 0);
    while (thread_id == 0)
        usleep(100);
    only(&set, first_allowed());
    CHECK(sched_setaffinity(thread_id, sizeof(set), &set) == 0);
    check_only(thread_id, first_allowed());
    check_only(0, cpu);
    go_on = 1;
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(sched_setaffinity(0, sizeof(allowed), &allowed) == 0);
}

static void check_child(pid_t child)
{
    int status;

    CHECK(child > 0);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

/* A child has them too, and the program it becomes, by fork as by vfork. */
static void children(const char *program)
{
    cpu_set_t set;
    char number[16];
    int cpu = only(&set, last_allowed());

    snprintf(number, sizeof(number), "%d", cpu);
    CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
    pid_t child = fork();
    if (child == 0) {
        check_only(0, cpu);
        check_runs_on(cpu);
        execl(program, program, number, NULL);
        _exit(99);
    }
    check_child(child);
    child = vfork();
    if (child == 0) {
        execl(program, program, number, NULL);
        _exit(99);
    }
    check_child(child);
    CHECK(sched_setaffinity(0, sizeof(allowed), &allowed) == 0);
}

static void of_others(void)
{
    if (geteuid() != 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        cpu_set_t set;
        CHECK(setuid(1000) == 0);
        CHECK(sched_getaffinity(getppid(), sizeof(set), &set) == 0);
        CHECK_ERROR(sched_setaffinity(getppid(), sizeof(set), &set), EPERM);
        CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
        _exit(0);
    }
    check_child(child);
}

static pid_t worker(atomic_ulong *work, int nice_value)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    CHECK(setpriority(PRIO_PROCESS, 0, nice_value) == 0);
    for (;; atomic_fetch_add(work, 1))
        for (volatile unsigned i = 0; i < STEPS; i++)
            continue;
}

/* Who is nicer by five has a third as much; strictly after the other it would have nothing. */
static void nice_is_a_share(void)
{
    cpu_set_t set;
    pid_t workers[2];
    unsigned long done[2];
    atomic_ulong *work =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(work != MAP_FAILED);
    only(&set, first_allowed());
    CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
    for (int i = 0; i < 2; i++)
        workers[i] = worker(&work[i], 10 + 5 * i);
    usleep(SHARE_US);
    for (int i = 0; i < 2; i++)
        done[i] = atomic_load(&work[i]);
    for (int i = 0; i < 2; i++) {
        CHECK(kill(workers[i], SIGKILL) == 0);
        CHECK(waitpid(workers[i], NULL, 0) == workers[i]);
    }
    CHECK(done[0] > done[1] * 3 / 2 && done[0] < done[1] * 6);
    CHECK(munmap(work, 4096) == 0);
    CHECK(sched_setaffinity(0, sizeof(allowed), &allowed) == 0);
}

int main(int count, char **arguments)
{
    if (count == 2) {
        check_only(0, atoi(arguments[1]));
        check_runs_on(atoi(arguments[1]));
        return 0;
    }
    bad_arguments();
    each_in_turn();
    threads();
    children("/proc/self/exe");
    of_others();
    nice_is_a_share();
    return 0;
}
