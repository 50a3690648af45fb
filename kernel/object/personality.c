/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * How the kernel sends a thread into the library of its own process.
 *
 * The reflected call has a path of a few instructions in assembly; what is here
 * is everything that is not hurried: interruptions, faults, and calls that come
 * by the slow way. Where the program counter is decides what happens (frame.h):
 * outside the library it is the application that is interrupted; inside, the
 * library looks at the mark itself on its way out, whose last instructions are
 * the restart range.
 */
#include <kernel/personality.h>

#include <arch/thread.h>
#include <kernel/call_arguments.h>
#include <kernel/process.h>

static bool is_inside(uint64_t pc, uint64_t low, uint64_t high)
{
    return pc >= low && pc < high;
}

static bool is_user(uint64_t address)
{
    return address < USER_END;
}

bool personality_is_in_library(const struct thread *thread)
{
    const struct personality *personality = &thread->process->personality;

    return is_inside(arch_thread_pc(thread), personality->text_low, personality->text_high);
}

bool personality_is_valid(const struct personality *personality)
{
    return is_user(personality->reflect) && is_user(personality->interrupt) &&
           is_user(personality->fault) && is_user(personality->restart_entry) &&
           is_user(personality->copy_resume) && personality->text_low <= personality->text_high &&
           personality->restart_low <= personality->restart_high &&
           personality->copy_low <= personality->copy_high;
}

/* Save the application's registers in the frame and go on at `entry`, on the frame. */
static void enter(struct thread *thread, uint64_t entry, enum frame_cause cause)
{
    arch_thread_get_registers(thread, &thread->frame->registers);
    thread->step = (struct call_step){0};
    if (thread->clone != NULL)
        process_leave_clone(thread, false);
    thread->frame->cause = cause;
    arch_thread_redirect(thread, entry, thread->frame_address);
}

bool personality_reflect(struct thread *thread)
{
    uint64_t entry = thread->process->personality.reflect;

    if (entry == 0)
        return false;
    uint64_t number = arch_call_number(thread);
    enter(thread, entry, FRAME_REFLECT);
    thread->frame->registers.number = number;
    return true;
}

/* Only the program counter changes: the copy routine knows what its registers hold. */
static bool resume_copy(struct thread *thread, uint64_t pc)
{
    struct frame_registers registers;

    arch_thread_get_registers(thread, &registers);
    registers.pc = pc;
    return arch_thread_set_registers(thread, &registers) == STATUS_OK;
}

bool personality_fault(struct thread *thread, const struct trap_fault *fault)
{
    const struct personality *personality = &thread->process->personality;
    struct frame *frame = thread->frame;
    uint64_t pc = arch_thread_pc(thread);

    if (is_inside(pc, personality->copy_low, personality->copy_high)) {
        frame->nested_pc = pc;
        frame->nested_address = fault->address;
        return resume_copy(thread, personality->copy_resume);
    }
    if (personality->fault == 0 || personality_is_in_library(thread))
        return false;
    frame->fault_kind = fault->kind;
    frame->fault_access = fault->access;
    frame->fault_address = fault->address;
    frame->fault_code = fault->code;
    enter(thread, personality->fault, FRAME_FAULT);
    return true;
}

void personality_interrupt(struct thread *thread)
{
    const struct personality *personality = &thread->process->personality;
    uint64_t pc = arch_thread_pc(thread);

    /* Before the frame is looked at: whoever marks the thread anew does it the other way round. */
    atomic_fetch_and(&thread->attention, ~ATTENTION_MARKED);
    if (personality->interrupt == 0 ||
        __atomic_load_n(&thread->frame->interrupted, __ATOMIC_SEQ_CST) == 0)
        return; /* the library has seen the mark itself */
    if (is_inside(pc, personality->restart_low, personality->restart_high))
        arch_thread_redirect(thread, personality->restart_entry, thread->frame_address);
    else if (!personality_is_in_library(thread))
        enter(thread, personality->interrupt, FRAME_INTERRUPT);
    else
        atomic_fetch_or(&thread->attention, ATTENTION_MARKED);
}

int64_t call_frame_resume(struct thread *self)
{
    struct frame_registers registers = self->frame->registers;

    enum status status = arch_thread_set_registers(self, &registers);
    return status_to_result(status == STATUS_OK ? STATUS_BLOCKED : status);
}
