/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What ELF calls this machine. */
#pragma once

#define ELF_MACHINE 243 /* EM_RISCV */
