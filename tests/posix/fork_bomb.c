/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Forks without end, and goes on when it may have no more processes. */
#include <unistd.h>

int main(void)
{
    for (;;)
        (void)!fork();
}
