/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Interrupts.
 *
 * A line belongs to at most one object. The table is read by the interrupt
 * itself without a lock: an object taken out of it lives on until every CPU has
 * left the kernel (rcu.h). The signal stays raised until the driver
 * acknowledges, so a line that fires again meanwhile is not lost.
 *
 * Who raises a line may be slow, and the line another object's by then. So it is masked
 * first, then looked at whose it is, and the other way round taken first, then opened: of a
 * mask that comes after the opening the new owner is told. And a line is off before another
 * object can take it.
 */
#include <kernel/interrupt.h>

#include <arch/cpu.h>
#include <kernel/call_arguments.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/thread.h>

#define LINES_MAX 256

static struct interrupt *_Atomic lines[LINES_MAX];

void interrupt_raise(uint32_t line)
{
    arch_interrupt_set(line, LINE_MASKED);
    atomic_thread_fence(memory_order_seq_cst);
    struct interrupt *interrupt = line < LINES_MAX ? atomic_load(&lines[line]) : NULL;
    if (interrupt != NULL)
        object_signal(&interrupt->object, 0, SIGNAL_INTERRUPT);
}

/* Only whose line it still is: an object that never got one is unreachable too. */
void interrupt_unreachable(struct object *object)
{
    struct interrupt *interrupt = container_of(object, struct interrupt, object);
    if (atomic_load(&lines[interrupt->line]) != interrupt)
        return;
    arch_interrupt_set(interrupt->line, LINE_OFF);
    ordered_store(&lines[interrupt->line], NULL);
}

/* Take the line, then have it delivered. */
static enum status interrupt_connect(struct interrupt *interrupt, uint32_t flags)
{
    struct interrupt *expected = NULL;
    if (!atomic_compare_exchange_strong(&lines[interrupt->line], &expected, interrupt))
        return STATUS_BUSY;
    atomic_thread_fence(memory_order_seq_cst);
    enum status status = arch_interrupt_enable(interrupt->line, flags);
    if (status != STATUS_OK)
        atomic_store_explicit(&lines[interrupt->line], NULL, memory_order_release);
    return status;
}

int64_t call_interrupt_create(struct thread *self,
                              const struct interrupt_create_arguments *arguments)
{
    if (arguments->line >= LINES_MAX || arguments->line >= arch_interrupt_lines())
        return status_to_result(STATUS_OUT_OF_RANGE);
    struct interrupt *interrupt = object_create(OBJECT_INTERRUPT, arguments->account);
    if (interrupt == NULL)
        return status_to_result(STATUS_NO_MEMORY);
    interrupt->line = arguments->line;
    enum status status = interrupt_connect(interrupt, arguments->flags);
    if (status != STATUS_OK) {
        object_release(&interrupt->object);
        return status_to_result(status);
    }
    int64_t result = handle_of_created(&self->process->handles, &interrupt->object, RIGHT_ALL);
    if (result < 0)
        interrupt_unreachable(&interrupt->object);
    return result;
}

int64_t call_interrupt_acknowledge(struct thread *self,
                                   const struct interrupt_acknowledge_arguments *arguments)
{
    object_signal(&arguments->interrupt->object, SIGNAL_INTERRUPT, 0);
    arch_interrupt_set(arguments->interrupt->line, LINE_OPEN);
    return 0;
}
