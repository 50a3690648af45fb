/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Failure sweeps on the fake kernel: a piece of work is done again and again, each time
 * from the beginning in a process of its own, with its first call that can fail failing,
 * then its second, and so on to the last.
 */
#pragma once

#include <native/fake.h>

struct fake_sweep {
    void (*set_up)(void); /* of the machine and the server; nothing fails here */
    /*
     * 0 or an error, which must be one that `may_be` accepts. After an error it is called
     * once more, with nothing to fail, and must succeed.
     */
    int (*work)(void);
    bool (*may_be)(int error);
    void (*check)(void); /* what it should have come to; or NULL */
};

/*
 * Each time, the machine must be in the end as it is where nothing has failed. How many
 * calls have failed; the test fails if that is not so.
 */
unsigned fake_sweep(const struct fake_sweep *sweep);
