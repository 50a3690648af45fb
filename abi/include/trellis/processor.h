/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What boot/ finds out about the first CPU that programs cannot ask for themselves: words
 * that the architecture gives a meaning. 0 where it has none.
 */
#pragma once

#define PROCESSOR_WORDS 8

/* AArch64: identification registers (Arm ARM, D17.2). */
enum processor_arm {
    PROCESSOR_ARM_MAIN = 0,         /* MIDR_EL1 */
    PROCESSOR_ARM_FEATURES = 1,     /* ID_AA64PFR0_EL1 */
    PROCESSOR_ARM_INSTRUCTIONS = 2, /* ID_AA64ISAR0_EL1 and the two behind it */
    PROCESSOR_ARM_MEMORY = 5,       /* ID_AA64MMFR0_EL1 */
    PROCESSOR_ARM_MEMORY_MORE = 6,  /* ID_AA64MMFR2_EL1 */
};

/* RISC-V: who made it (SBI 1.0, section 4), and what every hart has, a bit each. */
enum processor_riscv {
    PROCESSOR_RISCV_VENDOR = 0,
    PROCESSOR_RISCV_ARCHITECTURE = 1,
    PROCESSOR_RISCV_IMPLEMENTATION = 2,
    PROCESSOR_RISCV_EXTENSIONS = 3,
};

/* Extensions with a letter are bit letter - 'a'. */
#define RISCV_LETTER(letter) (1ull << ((letter) - 'a'))

/*
 * Those with a name, in the order in which Linux lists them: the ones that programs can use
 * without the kernel, and those of the supervisor that it uses or may use.
 */
#define RISCV_EXTENSIONS(X)                                                                        \
    X(ZICNTR, zicntr)                                                                              \
    X(ZICOND, zicond)                                                                              \
    X(ZICSR, zicsr)                                                                                \
    X(ZIFENCEI, zifencei)                                                                          \
    X(ZIHINTNTL, zihintntl)                                                                        \
    X(ZIHINTPAUSE, zihintpause)                                                                    \
    X(ZIHPM, zihpm)                                                                                \
    X(ZACAS, zacas)                                                                                \
    X(ZAWRS, zawrs)                                                                                \
    X(ZFA, zfa)                                                                                    \
    X(ZFH, zfh)                                                                                    \
    X(ZFHMIN, zfhmin)                                                                              \
    X(ZCA, zca)                                                                                    \
    X(ZCB, zcb)                                                                                    \
    X(ZCD, zcd)                                                                                    \
    X(ZBA, zba)                                                                                    \
    X(ZBB, zbb)                                                                                    \
    X(ZBC, zbc)                                                                                    \
    X(ZBKB, zbkb)                                                                                  \
    X(ZBKC, zbkc)                                                                                  \
    X(ZBKX, zbkx)                                                                                  \
    X(ZBS, zbs)                                                                                    \
    X(ZKND, zknd)                                                                                  \
    X(ZKNE, zkne)                                                                                  \
    X(ZKNH, zknh)                                                                                  \
    X(ZKSED, zksed)                                                                                \
    X(ZKSH, zksh)                                                                                  \
    X(ZKT, zkt)                                                                                    \
    X(SSCOFPMF, sscofpmf)                                                                          \
    X(SSTC, sstc)                                                                                  \
    X(SVINVAL, svinval)                                                                            \
    X(SVNAPOT, svnapot)                                                                            \
    X(SVPBMT, svpbmt)

enum riscv_extension {
    RISCV_LETTERS = 25, /* the named ones begin behind them */
#define X(word, name) RISCV_##word,
    RISCV_EXTENSIONS(X)
#undef X
        RISCV_EXTENSIONS_END
};
_Static_assert(RISCV_EXTENSIONS_END <= 64, "one word");

/* What Debian's programs are compiled for. */
#define RISCV_GENERAL                                                                              \
    (RISCV_LETTER('i') | RISCV_LETTER('m') | RISCV_LETTER('a') | RISCV_LETTER('f') |               \
     RISCV_LETTER('d') | RISCV_LETTER('c'))
