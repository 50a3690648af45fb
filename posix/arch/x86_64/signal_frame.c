/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: the frame a signal handler runs on, as Linux lays it out (struct
 * rt_sigframe): return address, ucontext, siginfo, and above them the vector
 * state, which the library itself never touches: it is the program's from the
 * interruption to the return.
 *
 * Vector state is saved by XSAVE in the standard format where the kernel has
 * enabled it, with Linux' description of it in the unused bytes of the legacy
 * area; else by FXSAVE.
 */
#include "x86.h"

#include <base/text.h>
#include <posix/arch.h>
#include <posix/copy.h>
#include <posix/signal.h>
#include <posix/task.h>

#define RED_ZONE 128
#define LEGACY_SIZE 512
#define HEADER_SIZE 64
#define SOFTWARE_BYTES 464 /* offset in the legacy area */
#define MAGIC1 0x46505853u
#define MAGIC2 0x46505845u
#define CONTEXT_XSTATE 1u                  /* uc_flags: UC_FP_XSTATE */
#define CONTEXT_SS 6u                      /* UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS */
#define FLAGS_PROGRAM 0x250dd5u            /* what a program may have in its flags */
#define FLAGS_CLEARED_FOR_HANDLER 0x10500u /* RF, DF, TF */

struct sigcontext {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, flags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap, old_mask, address;
    uint64_t vector; /* address of the vector state */
    uint64_t reserved[8];
};

struct signal_frame {
    uint64_t return_address;
    uint64_t context_flags;
    uint64_t link;
    struct linux_stack stack;
    struct sigcontext registers;
    uint64_t mask;
    struct linux_siginfo information;
};

struct software_bytes {
    uint32_t magic1, size;
    uint64_t components;
    uint32_t state_size, padding[7];
};

struct vector_shape {
    uint32_t components; /* 0: FXSAVE only */
    uint32_t size;       /* bytes of the state itself */
};

/* What the kernel has enabled (CPUID leaf 13, XGETBV), the low 32 components. */
static struct vector_shape vector_shape(void)
{
    struct vector_shape shape = {.size = LEGACY_SIZE};
    uint32_t a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if ((c & (1u << 27)) == 0)
        return shape;
    __asm__ volatile("xgetbv" : "=a"(shape.components), "=d"(d) : "c"(0));
    a = 13;
    c = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    shape.size = b;
    return shape;
}

static uint32_t vector_total(const struct vector_shape *shape)
{
    return shape->components == 0 ? LEGACY_SIZE : shape->size + (uint32_t)sizeof(uint32_t);
}

uint64_t arch_signal_frame_size(void)
{
    struct vector_shape shape = vector_shape();
    return RED_ZONE + sizeof(struct signal_frame) + vector_total(&shape) + HEADER_SIZE + 16;
}

static bool save_vector(uint64_t area, const struct vector_shape *shape)
{
    struct software_bytes software = {
        .magic1 = MAGIC1,
        .size = vector_total(shape),
        .components = shape->components,
        .state_size = shape->size,
    };
    uint32_t magic2 = MAGIC2;

    if (!copy_range_valid(area, vector_total(shape)))
        return false;
    if (shape->components == 0)
        return x86_save_vector((void *)area, 0) == 0;
    return copy_zero_program(area + LEGACY_SIZE, HEADER_SIZE) == 0 &&
           x86_save_vector((void *)area, shape->components) == 0 &&
           copy_to_program(area + SOFTWARE_BYTES, &software, sizeof(software)) == 0 &&
           copy_to_program(area + shape->size, &magic2, sizeof(magic2)) == 0;
}

static bool load_vector(uint64_t area)
{
    struct vector_shape shape = vector_shape();
    struct software_bytes software;

    if (!copy_range_valid(area, vector_total(&shape)) || (area & 15) != 0 ||
        copy_from_program(&software, area + SOFTWARE_BYTES, sizeof(software)) != 0)
        return false;
    bool extended = shape.components != 0 && software.magic1 == MAGIC1 &&
                    software.state_size == shape.size && (area & 63) == 0;
    return x86_load_vector((const void *)area, extended ? shape.components : 0) == 0;
}

static void fill_registers(struct sigcontext *context, const struct frame *frame)
{
    const struct frame_registers *from = &frame->registers;

    *context = (struct sigcontext){
        .r8 = from->r8,
        .r9 = from->r9,
        .r10 = from->r10,
        .r11 = from->r11,
        .r12 = from->r12,
        .r13 = from->r13,
        .r14 = from->r14,
        .r15 = from->r15,
        .rdi = from->rdi,
        .rsi = from->rsi,
        .rbp = from->rbp,
        .rbx = from->rbx,
        .rdx = from->rdx,
        .rax = from->rax,
        .rcx = from->rcx,
        .rsp = from->sp,
        .rip = from->pc,
        .flags = from->flags,
        .cs = 0x33,
        .ss = 0x2b,
        .error = frame->fault_code,
        .address = frame->fault_address,
        .trap = frame->fault_kind <= FAULT_PAGE_MEMORY ? 14 : 0,
    };
}

bool arch_signal_push(struct task *task, const struct signal_call *call)
{
    struct frame_registers *registers = &task->frame->registers;
    struct vector_shape shape = vector_shape();
    struct signal_frame frame = {
        .return_address = call->action->restorer,
        .context_flags = CONTEXT_SS | (shape.components != 0 ? CONTEXT_XSTATE : 0),
        .stack = call->stack,
        .mask = call->mask,
        .information = *call->information,
    };

    uint64_t top = call->on_signal_stack ? call->signal_stack_top : registers->sp - RED_ZONE;
    uint64_t area = (top - vector_total(&shape)) & ~(uint64_t)63;
    uint64_t sp = ((area - sizeof(frame)) & ~(uint64_t)15) - 8;
    fill_registers(&frame.registers, task->frame);
    frame.registers.vector = area;
    frame.registers.old_mask = call->mask;
    if ((call->action->flags & LINUX_SA_RESTORER) == 0 || !save_vector(area, &shape) ||
        copy_to_program(sp, &frame, sizeof(frame)) != 0)
        return false;
    registers->rdi = (uint64_t)call->number;
    registers->rsi = sp + offsetof(struct signal_frame, information);
    registers->rdx = sp + offsetof(struct signal_frame, context_flags);
    registers->rax = 0;
    registers->pc = call->action->handler;
    registers->sp = sp;
    registers->flags &= ~(uint64_t)FLAGS_CLEARED_FOR_HANDLER;
    return true;
}

static void load_registers(struct frame_registers *to, const struct sigcontext *context)
{
    uint64_t flags = (context->flags & FLAGS_PROGRAM) | 0x202;

    *to = (struct frame_registers){
        .rax = context->rax,
        .rbx = context->rbx,
        .rcx = context->rcx,
        .rdx = context->rdx,
        .rsi = context->rsi,
        .rdi = context->rdi,
        .rbp = context->rbp,
        .r8 = context->r8,
        .r9 = context->r9,
        .r10 = context->r10,
        .r11 = context->r11,
        .r12 = context->r12,
        .r13 = context->r13,
        .r14 = context->r14,
        .r15 = context->r15,
        .pc = context->rip,
        .sp = context->rsp,
        .flags = flags,
        .number = UINT64_MAX,
    };
}

bool arch_signal_pop(struct task *task, uint64_t *mask, struct linux_stack *stack)
{
    struct frame_registers *registers = &task->frame->registers;
    struct signal_frame frame;

    if (copy_from_program(&frame, registers->sp - sizeof(uint64_t), sizeof(frame)) != 0 ||
        !library_lets_resume(frame.registers.rip))
        return false;
    if (frame.registers.vector != 0 && !load_vector(frame.registers.vector))
        return false;
    load_registers(registers, &frame.registers);
    *mask = frame.mask;
    *stack = frame.stack;
    return true;
}
