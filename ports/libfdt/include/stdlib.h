/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* libfdt includes it and uses nothing of it. */
#pragma once
