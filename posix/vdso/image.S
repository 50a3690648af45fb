/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The vDSO within the library's image; meson says where the file is. */
    .section .vdso, "ax"
    .balign 4096
    .globl library_vdso
library_vdso:
    .incbin "posix/vdso.bin"
    .balign 4096
    .globl library_vdso_end
library_vdso_end:
