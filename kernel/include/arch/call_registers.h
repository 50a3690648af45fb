/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Calls and messages in a thread's saved registers: what of the thread contract
 * (arch/thread.h) is on the path of every call. A thread begins with those registers; an
 * architecture says in <arch/thread_state.h> which of them is what, by the offsets of
 * trellis/arch/offsets.h:
 *
 *   CALL_NUMBER, CALL_RESULT, call_arguments[]
 *   MESSAGE_INFORMATION, MESSAGE_BADGE, MESSAGE_IDENTITY, message_words[]
 *
 * and by CALL_SIZE how many bytes the instruction of a call has. When a call starts anew its
 * number and arguments are still where they were: no result was set.
 */
#pragma once

#include <arch/thread_state.h>
#include <stdint.h>
#include <trellis/message.h>

struct thread;

static inline uint64_t *saved_register(struct thread *thread, unsigned offset)
{
    return (uint64_t *)((char *)thread + offset);
}

static inline uint64_t saved_value(const struct thread *thread, unsigned offset)
{
    return *(const uint64_t *)((const char *)thread + offset);
}

static inline uint64_t arch_call_argument(const struct thread *thread, unsigned n)
{
    return saved_value(thread, call_arguments[n]);
}

static inline uint64_t arch_call_number(const struct thread *thread)
{
    return saved_value(thread, CALL_NUMBER);
}

static inline void arch_call_set_result(struct thread *thread, int64_t result)
{
    *saved_register(thread, CALL_RESULT) = (uint64_t)result;
}

static inline void arch_call_rewind(struct thread *thread)
{
    *saved_register(thread, REGISTER_PC) -= CALL_SIZE;
}

static inline uint64_t arch_message_information(const struct thread *thread)
{
    return saved_value(thread, MESSAGE_INFORMATION);
}

static inline void arch_message_set_information(struct thread *thread, uint64_t information)
{
    *saved_register(thread, MESSAGE_INFORMATION) = information;
}

static inline void arch_message_set_word(struct thread *thread, unsigned n, uint64_t value)
{
    *saved_register(thread, message_words[n]) = value;
}

static inline void arch_message_copy(const struct thread *from, struct thread *to)
{
    uint64_t information = arch_message_information(from);
    arch_message_set_information(to, information);
    for (unsigned n = 0; n < MESSAGE_SHORT_WORDS; n++)
        arch_message_set_word(to, n, saved_value(from, message_words[n]));
    if ((information & MESSAGE_LONG) == 0)
        return;
    for (unsigned n = MESSAGE_SHORT_WORDS; n < MESSAGE_WORDS; n++)
        arch_message_set_word(to, n, saved_value(from, message_words[n]));
}

static inline void arch_message_set_source(struct thread *thread, uint64_t badge, uint64_t identity)
{
    *saved_register(thread, MESSAGE_BADGE) = badge;
    *saved_register(thread, MESSAGE_IDENTITY) = identity;
}

static inline uint64_t arch_thread_pc(const struct thread *thread)
{
    return saved_value(thread, REGISTER_PC);
}
