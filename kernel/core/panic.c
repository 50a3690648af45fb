/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The end, wished for or not. A panic takes no locks and allocates nothing; a second one inside the first only stops. */
#include <kernel/log.h>

#include <arch/cpu.h>
#include <kernel/call_arguments.h>
#include <kernel/console.h>
#include <kernel/cpu.h>

#define MESSAGE_MAX 768

static _Atomic(struct cpu *) panicking; /* who came first */

/* Only one CPU says why, and when it fails again while it does there is no more to say. */
static void stop_others(void)
{
    struct cpu *first = NULL;
    if (!atomic_compare_exchange_strong(&panicking, &first, cpu_current())) {
        if (first == cpu_current())
            arch_machine_stop(STOP_PANIC);
        for (;;)
            arch_cpu_relax();
    }
    for (uint32_t number = 0; number < cpu_count(); number++)
        if (cpu_get(number) != cpu_current())
            arch_cpu_stop(cpu_get(number));
}

static void write_formatted(enum console_frame frame, const char *format, va_list arguments)
{
    static char message[MESSAGE_MAX];
    size_t length = format_text(message, sizeof(message), format, arguments);
    console_write(frame, message, length);
    console_write(frame, "\n", 1);
}

static void backtrace_line(uint64_t address)
{
    char line[32];
    console_write(CONSOLE_PANIC, line, format_line(line, sizeof(line), "  at 0x%lx\n", address));
}

_Noreturn void panic(const char *format, ...)
{
    stop_others();
    log_show_rest();
    va_list arguments;
    va_start(arguments, format);
    console_write(CONSOLE_PANIC, "panic: ", sizeof("panic: ") - 1);
    write_formatted(CONSOLE_PANIC, format, arguments);
    va_end(arguments);
    arch_backtrace(backtrace_line);
    arch_machine_stop(STOP_PANIC);
}

int64_t call_machine_stop(struct thread *self, const struct machine_stop_arguments *arguments)
{
    const char ended[] = {CONSOLE_EXITED, (char)arguments->code};
    if (arguments->how > MACHINE_EXIT)
        return status_to_result(STATUS_INVALID);
    if (arguments->how == MACHINE_RESTART)
        arch_machine_restart();
    if (arguments->how == MACHINE_EXIT)
        console_write(CONSOLE_EXIT, ended, sizeof(ended));
    arch_machine_stop(STOP_ORDERLY);
}

_Noreturn void machine_fail(enum stop_kind kind, const char *format, ...)
{
    stop_others();
    log_show_rest();
    va_list arguments;
    va_start(arguments, format);
    write_formatted(kind == STOP_MEMORY ? CONSOLE_OUT_OF_MEMORY : CONSOLE_PANIC, format, arguments);
    va_end(arguments);
    arch_machine_stop(kind);
}

/* The stack protector's: what it puts below return addresses (kernel_main draws it), and where it ends. */
uintptr_t __stack_chk_guard = 0x595e9fbd94fda700;
_Noreturn void __stack_chk_fail(void);

_Noreturn void __stack_chk_fail(void)
{
    panic("a kernel function has overrun its stack frame");
}
