/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Weights of accounts and threads: account_set_weight, thread_set_weight.
 */
#pragma once

#define SHARE_WEIGHT_NORMAL 1024
#define SHARE_WEIGHT_MAX 65536 /* the least is 1 */
