/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <native/sweep.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the process of one step tells. */
struct report {
    struct fake_use use;
    int error;
    bool failed; /* something was refused */
};

static void run_step(const struct fake_sweep *sweep, unsigned n, struct report *report)
{
    fake_begin();
    sweep->set_up();
    fake_fail_after(n);
    report->error = sweep->work();
    report->failed = n != 0 && !fake_still_to_fail();
    fake_fail_after(0);
    if (report->error != 0 && (!sweep->may_be(report->error) || sweep->work() != 0))
        abort();
    if (sweep->check != NULL)
        sweep->check();
    report->use = fake_use();
}

static void print_use(const char *what, const struct fake_use *use)
{
    (void)fprintf(
        stderr, "%s: objects %lu, handles %lu, mappings %lu, observations %lu, pieces %lu\n", what,
        (unsigned long)use->objects, (unsigned long)use->handles, (unsigned long)use->mappings,
        (unsigned long)use->observations, (unsigned long)use->pieces);
}

static void require(bool holds, unsigned n, const char *what, const struct report *report)
{
    if (holds)
        return;
    (void)fprintf(stderr, "with failure %u: %s (error %d)\n", n, what, report->error);
    print_use("there is", &report->use);
    abort();
}

static void step(const struct fake_sweep *sweep, unsigned n, struct report *report)
{
    int status = 0;
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        run_step(sweep, n, report);
        _exit(0);
    }
    require(child > 0 && waitpid(child, &status, 0) == child && status == 0, n, "it did not end",
            report);
}

unsigned fake_sweep(const struct fake_sweep *sweep)
{
    struct report *report =
        mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned n = 0;

    step(sweep, n, report);
    require(report->error == 0, n, "it fails by itself", report);
    const struct fake_use expected = report->use;
    do {
        step(sweep, ++n, report);
        bool same = memcmp(&report->use, &expected, sizeof(expected)) == 0;
        if (!same)
            print_use("there should be", &expected);
        require(same, n, "the machine is not as it is without", report);
    } while (report->failed);
    (void)munmap(report, sizeof(*report));
    return n - 1;
}
