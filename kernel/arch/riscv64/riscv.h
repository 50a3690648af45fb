/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: registers, calls of the firmware, and what the files of this folder share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct boot_info;
struct thread;

/* What entry.S saves for a trap taken in the kernel. */
struct riscv_trap {
    uint64_t pc;
    uint64_t x[31]; /* x1 to x31 */
    uint64_t status;
};

/* scause: privileged specification 1.12, table 4.2. */
#define CAUSE_INTERRUPT (UINT64_C(1) << 63)
enum riscv_cause {
    CAUSE_FETCH_MISALIGNED = 0,
    CAUSE_ILLEGAL = 2,
    CAUSE_BREAKPOINT = 3,
    CAUSE_LOAD_MISALIGNED = 4,
    CAUSE_STORE_MISALIGNED = 6,
    CAUSE_CALL = 8,
    CAUSE_FETCH_PAGE = 12,
    CAUSE_LOAD_PAGE = 13,
    CAUSE_STORE_PAGE = 15,
};
enum riscv_interrupt {
    INTERRUPT_SOFTWARE = 1,
    INTERRUPT_TIMER = 5,
    INTERRUPT_EXTERNAL = 9,
};

#define STATUS_INTERRUPTS (UINT64_C(1) << 1)
#define STATUS_FLOATING (UINT64_C(3) << 13) /* FS. 0: off; all: the registers have changed */
#define STATUS_FLOATING_CLEAN (UINT64_C(2) << 13)
#define STATUS_PREVIOUS_KERNEL (UINT64_C(1) << 8)
#define STATUS_USER_MEMORY (UINT64_C(1) << 18) /* SUM */

#define riscv_read(name)                                                                           \
    ({                                                                                             \
        uint64_t riscv_value;                                                                      \
        __asm__ volatile("csrr %0, " #name : "=r"(riscv_value));                                   \
        riscv_value;                                                                               \
    })
#define riscv_write(name, value) __asm__ volatile("csrw " #name ", %0" : : "r"(value) : "memory")
#define riscv_set(name, bits) __asm__ volatile("csrs " #name ", %0" : : "r"(bits) : "memory")
#define riscv_clear(name, bits) __asm__ volatile("csrc " #name ", %0" : : "r"(bits) : "memory")

/* Supervisor Binary Interface 1.0: extensions and their functions. */
enum sbi_extension {
    SBI_PUT_CHARACTER = 0x01, /* legacy; has no function number */
    SBI_TIME = 0x54494d45,
    SBI_SEND_INTERRUPT = 0x735049,
    SBI_HART_STATE = 0x48534d,
    SBI_RESET = 0x53525354,
};
enum sbi_reset { SBI_SHUT_DOWN = 0, SBI_COLD_REBOOT = 1 };

struct sbi_call {
    uint64_t extension, function;
    uint64_t arguments[5];
};
/* 0, or the firmware's error, which is negative. */
int64_t sbi_call(const struct sbi_call *call);

/* boot/riscv64/start.S: the first CPU's stack. */
extern char boot_stack_top[];

/* entry.S */
void riscv_entry(void);
_Noreturn void riscv_return_call(struct thread *thread);
_Noreturn void riscv_return_full(struct thread *thread);
/* For a trap with the stack full. */
#define LAST_STACK_SIZE 4096
extern char riscv_last_stack[LAST_STACK_SIZE];

/* traps.c, called by entry.S */
_Noreturn void riscv_trap_user(void);
void riscv_trap_kernel(struct riscv_trap *trap);

/* floating.c */
/* Make the state of `thread` the one in the registers; false without memory for it. */
bool riscv_floating_load(struct thread *thread);
/* The loaded thread leaves the CPU: its state is in memory, and the next one's first use traps. */
void riscv_floating_leave(struct thread *thread);

/* plic.c */
/* NULL, or what is missing. */
const char *riscv_plic_init(const struct boot_info *boot);
void riscv_plic_interrupt(void);

/* harts.c */
void riscv_poked(void);
