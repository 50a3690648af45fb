/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <base/service.h>

#include <base/log.h>
#include <base/text.h>
#include <trellis/native.h>

static const char *own_name = "service";
static handle_t own_process;

void service_adopt(const char *name, handle_t self)
{
    own_name = name;
    own_process = self;
}

const char *service_name(void)
{
    return own_name;
}

handle_t service_self(void)
{
    return own_process;
}

static _Noreturn void end(uint64_t code)
{
    (void)native_process_end(own_process, code);
    for (;;)
        (void)native_thread_end(code, 0);
}

_Noreturn void service_end(void)
{
    end(0);
}

_Noreturn void service_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_print_list(format, arguments);
    va_end(arguments);
    end(1);
}

_Noreturn void service_fail_status(enum status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_print_list(format, arguments);
    va_end(arguments);
    end(status == STATUS_NO_MEMORY ? END_NO_MEMORY : 1);
}
