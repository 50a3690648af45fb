/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: the frame a signal handler runs on, as Linux lays it out (struct
 * rt_sigframe): siginfo and ucontext, whose reserved bytes hold records, each with
 * a magic number and its size, up to an empty one: the vector state, which the
 * library itself never touches, and the fault's syndrome. Above it stands a frame
 * record for those who walk the stack.
 */
#include "aarch64.h"

#include <base/text.h>
#include <posix/arch.h>
#include <posix/copy.h>
#include <posix/signal.h>
#include <posix/task.h>

#define FPSIMD_MAGIC 0x46508001u
#define SYNDROME_MAGIC 0x45535201u
#define RECORDS_SIZE 4096
#define RECORDS_MAX 32 /* of 16 bytes at least, before the search ends */
#define FRAME_POINTER 29
#define LINK 30

struct record {
    uint32_t magic, size;
};

struct fpsimd_context {
    struct record head;
    uint32_t status, control; /* FPSR, FPCR */
    uint64_t vectors[64];
};

struct syndrome_context {
    struct record head;
    uint64_t syndrome;
};

struct sigcontext {
    uint64_t fault_address;
    uint64_t x[31];
    uint64_t sp, pc, flags;
    uint64_t padding;
    uint8_t records[RECORDS_SIZE];
};

struct signal_frame {
    struct linux_siginfo information;
    uint64_t context_flags;
    uint64_t link;
    struct linux_stack stack;
    uint64_t mask;
    uint8_t reserved[128];
    struct sigcontext registers;
};
_Static_assert(offsetof(struct signal_frame, registers) == 128 + 176, "struct ucontext");
_Static_assert(sizeof(struct signal_frame) == 4688, "struct rt_sigframe");

struct frame_record {
    uint64_t frame_pointer, link;
};

/* What of the frame is written: without the records that are empty. */
#define WRITTEN_SIZE                                                                               \
    (offsetof(struct signal_frame, registers.records) + sizeof(struct fpsimd_context) +            \
     sizeof(struct syndrome_context) + sizeof(struct record))

uint64_t arch_signal_frame_size(void)
{
    return sizeof(struct signal_frame) + sizeof(struct frame_record) + 16;
}

/* The records but for the vectors themselves, which are the program's registers still. */
static void fill_records(struct signal_frame *to, const struct frame *frame)
{
    const struct record vectors = {FPSIMD_MAGIC, sizeof(struct fpsimd_context)};
    const struct syndrome_context syndrome = {
        {SYNDROME_MAGIC, sizeof(syndrome)},
        frame->fault_code,
    };

    memcpy(to->registers.records, &vectors, sizeof(vectors));
    if (frame->fault_code != 0)
        memcpy(to->registers.records + vectors.size, &syndrome, sizeof(syndrome));
}

static void fill_frame(struct signal_frame *to, const struct signal_call *call,
                       const struct frame *frame)
{
    const struct frame_registers *registers = &frame->registers;

    memset(to, 0, WRITTEN_SIZE);
    to->information = *call->information;
    to->stack = call->stack;
    to->mask = call->mask;
    to->registers.fault_address = frame->fault_address;
    memcpy(to->registers.x, registers->x, sizeof(to->registers.x));
    to->registers.sp = registers->sp;
    to->registers.pc = registers->pc;
    to->registers.flags = registers->flags;
    fill_records(to, frame);
}

bool arch_signal_push(struct task *task, const struct signal_call *call)
{
    struct frame_registers *registers = &task->frame->registers;
    const struct frame_record record = {registers->x[FRAME_POINTER], registers->x[LINK]};
    struct signal_frame frame;

    uint64_t top = call->on_signal_stack ? call->signal_stack_top : registers->sp;
    uint64_t record_at = (top - sizeof(record)) & ~(uint64_t)15;
    uint64_t sp = record_at - sizeof(frame);
    uint64_t vectors = sp + offsetof(struct signal_frame, registers.records);
    fill_frame(&frame, call, task->frame);
    if (!copy_range_valid(sp, sizeof(frame)) ||
        copy_to_program(record_at, &record, sizeof(record)) != 0 ||
        copy_to_program(sp, &frame, WRITTEN_SIZE) != 0 || aarch64_save_vector((void *)vectors) != 0)
        return false;
    registers->x[0] = (uint64_t)call->number;
    registers->x[1] = sp + offsetof(struct signal_frame, information);
    registers->x[2] = sp + offsetof(struct signal_frame, context_flags);
    registers->x[FRAME_POINTER] = record_at;
    registers->x[LINK] = (call->action->flags & LINUX_SA_RESTORER) != 0
                             ? call->action->restorer
                             : (uint64_t)library_vdso + AARCH64_SIGNAL_RETURN;
    registers->pc = call->action->handler;
    registers->sp = sp;
    return true;
}

/* Load what the frame's vector record holds; there is one always. */
static bool load_vectors(uint64_t at)
{
    uint64_t end = at + RECORDS_SIZE;
    struct record head;

    for (unsigned i = 0; i < RECORDS_MAX; i++) {
        if (at + sizeof(head) > end || copy_from_program(&head, at, sizeof(head)) != 0 ||
            head.size < sizeof(head) || head.size > end - at)
            return false;
        if (head.magic == FPSIMD_MAGIC)
            return head.size == sizeof(struct fpsimd_context) &&
                   aarch64_load_vector((const void *)at) == 0;
        at += head.size;
    }
    return false;
}

bool arch_signal_pop(struct task *task, uint64_t *mask, struct linux_stack *stack)
{
    struct frame_registers *registers = &task->frame->registers;
    const size_t size = offsetof(struct signal_frame, registers.records);
    struct signal_frame frame;
    uint64_t sp = registers->sp;

    if ((sp & 15) != 0 || !copy_range_valid(sp, sizeof(frame)) ||
        copy_from_program(&frame, sp, size) != 0 || !library_lets_resume(frame.registers.pc) ||
        !load_vectors(sp + size))
        return false;
    memcpy(registers->x, frame.registers.x, sizeof(registers->x));
    registers->sp = frame.registers.sp;
    registers->pc = frame.registers.pc;
    registers->flags = frame.registers.flags;
    registers->number = UINT64_MAX;
    *mask = frame.mask;
    *stack = frame.stack;
    return true;
}
