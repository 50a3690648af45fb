/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Host: there is one CPU and it keeps nothing. */
#pragma once

struct arch_cpu {
    int unused;
};
