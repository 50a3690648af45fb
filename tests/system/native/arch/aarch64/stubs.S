/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* stubs.h says what each is. */
#include <trellis/arch/offsets.h>

#define FUNCTION(name) .globl name; .type name, @function; name:
#define LABEL(name) .globl name; name:

    .section .text.stubs, "ax"

FUNCTION(stub_thread_entry)
    mov x29, xzr
    mov x30, xzr
    mov x9, sp
    and sp, x9, #-16
    bl test_thread_main
    brk #0

/* Of the registers that a function need not keep, those that a call must. */
FUNCTION(stub_call)
    mov x8, x0
    mov x9, sp
    mov x1, #0x1234
    mov x15, #0x2345
    mov x16, #0x3456
    mov x17, #0x4567
    svc #0
    mov x10, sp
    cmp x10, x9
    b.ne 1f
    mov x11, #0x1234
    cmp x1, x11
    b.ne 1f
    mov x11, #0x2345
    cmp x15, x11
    b.ne 1f
    mov x11, #0x3456
    cmp x16, x11
    b.ne 1f
    mov x11, #0x4567
    cmp x17, x11
    b.ne 1f
    ret
1:  mov sp, x9
    mov x0, #-1
    ret

FUNCTION(stub_load)
    ldr x0, [x0]
LABEL(stub_load_after)
    ret

LABEL(stub_text_low)

/* Everything to the frame, as a library does, and back. */
FUNCTION(stub_reflect)
    stp x0, x1, [sp]
    stp x2, x3, [sp, #REGISTER_X(2)]
    stp x4, x5, [sp, #REGISTER_X(4)]
    stp x6, x7, [sp, #REGISTER_X(6)]
    stp x8, x9, [sp, #REGISTER_X(8)]
    stp x10, x11, [sp, #REGISTER_X(10)]
    stp x12, x13, [sp, #REGISTER_X(12)]
    stp x14, x15, [sp, #REGISTER_X(14)]
    stp x16, x17, [sp, #REGISTER_X(16)]
    stp x18, x19, [sp, #REGISTER_X(18)]
    stp x20, x21, [sp, #REGISTER_X(20)]
    stp x22, x23, [sp, #REGISTER_X(22)]
    stp x24, x25, [sp, #REGISTER_X(24)]
    stp x26, x27, [sp, #REGISTER_X(26)]
    stp x28, x29, [sp, #REGISTER_X(28)]
    str x30, [sp, #REGISTER_X(30)]
    ldr x0, [sp, #REGISTER_NUMBER]
    add x0, x0, #1
    str x0, [sp]
    adrp x8, stub_resume_number
    ldr w8, [x8, :lo12:stub_resume_number]
    svc #0
    brk #0

FUNCTION(stub_interrupt)
FUNCTION(stub_fault)
    mov x0, sp
    ldr x1, [x0, #FRAME_STACK_TOP]
    mov sp, x1
    mov x29, xzr
    mov x30, xzr
    adrp x1, stub_entered
    ldr x1, [x1, :lo12:stub_entered]
    blr x1
    brk #0

FUNCTION(stub_copy)
    cbz x2, stub_copy_high
LABEL(stub_copy_low)
1:  ldrb w3, [x1], #1
    strb w3, [x0], #1
    subs x2, x2, #1
    b.ne 1b
LABEL(stub_copy_high)
    mov x0, #0
    ret
FUNCTION(stub_copy_resume)
    mov x0, #1
    ret

FUNCTION(stub_spin)
    stp x19, x30, [sp, #-16]!
    mov x19, sp
LABEL(stub_restart_low)
1:  ldr w1, [x0]
    cbz w1, 1b
LABEL(stub_restart_high)
    mov x0, #0
2:  ldp x19, x30, [sp], #16
    ret
FUNCTION(stub_restart_entry)
    mov sp, x19
    mov x0, #1
    b 2b

LABEL(stub_text_high)

    .section .note.GNU-stack, "", @progbits
