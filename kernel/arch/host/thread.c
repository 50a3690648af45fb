/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Threads of the host never run; their registers are what tests read and write. */
#include <arch/thread.h>

#include <kernel/log.h>
#include <kernel/thread.h>
#include <string.h>

enum status arch_thread_init(struct thread *thread, const struct thread_start *start)
{
    thread->arch = (struct arch_thread){0};
    thread->arch.registers.pc = start->pc;
    thread->arch.registers.sp = start->sp;
    thread->arch.registers.rdi = start->argument;
    thread->arch.registers.rsi = thread->frame_address;
    thread->arch.bases[0] = start->tls;
    return STATUS_OK;
}

enum status arch_thread_clone(struct thread *thread, struct thread *from)
{
    thread->arch = from->arch;
    return STATUS_OK;
}

void arch_thread_free(struct thread *thread)
{
    (void)thread;
}

uint64_t arch_call_argument(const struct thread *thread, unsigned n)
{
    return thread->arch.arguments[n];
}

uint64_t arch_call_number(const struct thread *thread)
{
    return thread->arch.number;
}

void arch_call_set_result(struct thread *thread, int64_t result)
{
    thread->arch.result = result;
}

void arch_call_rewind(struct thread *thread)
{
    thread->arch.rewinds++;
}

uint64_t arch_message_information(const struct thread *thread)
{
    return thread->arch.information;
}

void arch_message_copy(const struct thread *from, struct thread *to)
{
    unsigned words = from->arch.information & MESSAGE_LONG ? MESSAGE_WORDS : MESSAGE_SHORT_WORDS;
    to->arch.information = from->arch.information;
    memcpy(to->arch.words, from->arch.words, words * sizeof(uint64_t));
}

void arch_message_set_word(struct thread *thread, unsigned n, uint64_t value)
{
    thread->arch.words[n] = value;
}

void arch_message_set_information(struct thread *thread, uint64_t information)
{
    thread->arch.information = information;
}

void arch_message_set_source(struct thread *thread, uint64_t badge, uint64_t identity)
{
    thread->arch.badge = badge;
    thread->arch.identity = identity;
}

void arch_thread_get_registers(struct thread *thread, struct frame_registers *registers)
{
    *registers = thread->arch.registers;
}

enum status arch_thread_set_registers(struct thread *thread,
                                      const struct frame_registers *registers)
{
    if (registers->pc >= USER_END || registers->sp >= USER_END)
        return STATUS_INVALID;
    thread->arch.registers = *registers;
    return STATUS_OK;
}

uint64_t arch_thread_pc(const struct thread *thread)
{
    return thread->arch.registers.pc;
}

void arch_thread_redirect(struct thread *thread, uint64_t pc, uint64_t sp)
{
    thread->arch.registers.pc = pc;
    thread->arch.registers.sp = sp;
}

enum status arch_thread_set_base(struct thread *thread, uint32_t which, uint64_t value)
{
    if (which > 1)
        return STATUS_INVALID;
    thread->arch.bases[which] = value;
    return STATUS_OK;
}
