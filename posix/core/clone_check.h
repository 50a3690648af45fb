/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#pragma once

#include <posix/clone.h>

/* 0, or -EINVAL: the flags contradict one another, or ask for what is not there. */
int clone_check(const struct clone_request *request);
