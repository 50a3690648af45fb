/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The pinned frame: two pages that the kernel and one user thread share.
 *
 * The kernel makes them with the thread, maps them at FRAME_BASE + slot *
 * FRAME_STRIDE of the thread's process and never lets them be unmapped or
 * protected, so that it can read and write them without faults. Nothing in
 * them is trusted: the kernel checks what it reads as it checks a register.
 *
 * The first page holds what the personality entries save and load; the second
 * is the text of messages. The register area's shape is each architecture's
 * own (trellis/arch/registers.h); generic code uses the fields here.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <trellis/arch/registers.h>
#include <trellis/message.h>

#define FRAME_PAGE 4096
#define FRAME_SIZE (2 * FRAME_PAGE)
#define FRAME_STRIDE (4 * FRAME_PAGE) /* two pages of the stride are never mapped */

/* Why a personality entry was entered; in frame.cause. */
enum frame_cause {
    FRAME_REFLECT = 0,   /* a call number that is not native */
    FRAME_INTERRUPT = 1, /* the thread was marked interrupted while outside the library */
    FRAME_FAULT = 2,     /* an exception outside the library that nobody resolved */
};

/* Kinds of exception, the same on every architecture; in frame.fault_kind. */
enum fault_kind {
    FAULT_PAGE_ABSENT = 0, /* nothing is mapped at fault_address */
    FAULT_PAGE_ACCESS = 1, /* something is mapped, without this access */
    FAULT_PAGE_PAGER = 2,  /* beyond the end of the object, or its pager failed: SIGBUS */
    FAULT_PAGE_MEMORY = 3, /* no memory for the page: the account is exhausted */
    FAULT_INSTRUCTION = 4, /* illegal or privileged instruction */
    FAULT_ARITHMETIC = 5,  /* integer division */
    FAULT_FLOAT = 6,       /* floating point exception */
    FAULT_BREAKPOINT = 7,
    FAULT_STEP = 8,
    FAULT_ALIGNMENT = 9,
    FAULT_OTHER = 10,
};

enum fault_access {
    FAULT_READ = 0,
    FAULT_WRITE = 1,
    FAULT_EXECUTE = 2,
};

/*
 * K: the kernel writes it. U: the thread writes it. KU: both.
 *
 * `registers` is written by the kernel at an entry: at FRAME_REFLECT only pc,
 * sp, flags and the scratch registers that the entry itself needs, the stub
 * saves the rest; at the two others all of it.
 */
struct frame {
    struct frame_registers registers; /* KU: the application's, while the library runs */
    uint64_t self;                    /* K: user address of this frame */
    uint64_t cause;                   /* K: enum frame_cause */
    uint64_t interrupted;    /* KU: the sticky mark: the kernel sets it, the library clears it */
    uint64_t stack_top;      /* U: where the stub finds the library's stack */
    uint64_t task;           /* U: the library's own pointer */
    uint64_t fault_kind;     /* K: enum fault_kind */
    uint64_t fault_access;   /* K: enum fault_access */
    uint64_t fault_address;  /* K */
    uint64_t fault_code;     /* K: the architecture's own code, for siginfo and core dumps */
    uint64_t nested_pc;      /* K: where a copy routine of the library faulted */
    uint64_t nested_address; /* K: the address it touched */
    uint64_t deadline;       /* U: for the calls that take it from here; ns since boot */
    uint64_t identity;       /* K: this thread's identity word, for its own information */
    uint64_t slot;           /* K: which frame of the process this is */
    uint64_t handle_count;   /* KU: with STREAM_HANDLES: how many of `handles` */
    struct message_handle handles[MESSAGE_HANDLES]; /* KU */
};

_Static_assert(sizeof(struct frame) <= FRAME_PAGE, "the frame's first page");
_Static_assert(FRAME_CAUSE == offsetof(struct frame, cause), "offsets.h");
_Static_assert(FRAME_INTERRUPTED == offsetof(struct frame, interrupted), "offsets.h");
_Static_assert(FRAME_STACK_TOP == offsetof(struct frame, stack_top), "offsets.h");

/* The text of a message to send, or of the one received. */
static inline char *frame_text(struct frame *frame)
{
    return (char *)frame + FRAME_PAGE;
}

/*
 * What a process registers to have its calls, interrupts and faults delivered
 * to a library in its own address space. All are user addresses; `text` bounds
 * the library's code. A range is [low, high).
 *
 * An entry begins with the frame's address in the stack pointer. An exception
 * inside the copy range continues at copy_resume with the other registers
 * untouched (nested_pc and nested_address say what happened); any other
 * exception inside the text ends the process. A thread marked interrupted
 * is sent to `interrupt` when it is about to run outside the text; inside the
 * text nothing happens, except that in the restart range it continues at
 * restart_entry with the frame's address in the stack pointer.
 */
struct personality {
    uint64_t reflect;
    uint64_t interrupt;
    uint64_t fault;
    uint64_t text_low, text_high;
    uint64_t restart_low, restart_high, restart_entry;
    uint64_t copy_low, copy_high, copy_resume;
};
