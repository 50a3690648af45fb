/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Linux programs that check the system they run on: built on the host by stock
 * gcc, static, with glibc and with musl; each must end with status 0 on Linux
 * too, which is the oracle.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: failed: %s (errno %d, %s)\n", __FILE__, __LINE__, #condition,  \
                    errno, strerror(errno));                                                       \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define CHECK_ERROR(expression, error)                                                             \
    do {                                                                                           \
        errno = 0;                                                                                 \
        CHECK((expression) == -1);                                                                 \
        CHECK(errno == (error));                                                                   \
    } while (0)
