/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * How calls look in a trace. Everything of the program is read by copy routines;
 * what cannot be read is shown as an address.
 */
#include <posix/trace.h>

#include <stdarg.h>
#include <stdbool.h>

#include <base/errno.h>
#include <base/text.h>
#include <posix/copy.h>
#include <posix/linux/process.h>
#include <posix/linux/signal.h>
#include <posix/linux/time.h>
#include <posix/wait.h>

#define SHOWN_BYTES 32
#define SHOWN_STRINGS 12

void trace_add(struct trace_line *line, const char *format, ...)
{
    va_list arguments;
    size_t room = TRACE_LINE - line->length;

    va_start(arguments, format);
    size_t length = text_format_list(line->text + line->length, room, format, arguments);
    va_end(arguments);
    line->length += length < room ? length : room - 1;
}

static void add_bytes(struct trace_line *line, const char *bytes, size_t size)
{
    static const char escapes[] = "abtnvfr"; /* from 7 on */

    trace_add(line, "\"");
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte >= 7 && byte <= 13)
            trace_add(line, "\\%c", escapes[byte - 7]);
        else if (byte == '"' || byte == '\\')
            trace_add(line, "\\%c", byte);
        else if (byte >= ' ' && byte < 127)
            trace_add(line, "%c", byte);
        else
            trace_add(line, "\\%o", byte);
    }
    trace_add(line, "\"");
}

static void add_pointer(struct trace_line *line, uint64_t address)
{
    if (address == 0)
        trace_add(line, "NULL");
    else
        trace_add(line, "%#lx", (unsigned long)address);
}

static void add_buffer(struct trace_line *line, uint64_t address, uint64_t size)
{
    char bytes[SHOWN_BYTES];
    size_t shown = size < SHOWN_BYTES ? (size_t)size : SHOWN_BYTES;

    if (address == 0 || copy_from_program(bytes, address, shown) != 0) {
        add_pointer(line, address);
        return;
    }
    add_bytes(line, bytes, shown);
    if (shown < size)
        trace_add(line, "...");
}

static void add_string(struct trace_line *line, uint64_t address)
{
    char bytes[256];
    int64_t length = address == 0 ? -1 : copy_string_from_program(bytes, address, sizeof(bytes));

    if (address != 0 && length == -LINUX_ENAMETOOLONG) { /* longer than shown */
        add_bytes(line, bytes, sizeof(bytes));
        trace_add(line, "...");
    } else if (length < 0) {
        add_pointer(line, address);
    } else {
        add_bytes(line, bytes, (size_t)length);
    }
}

static void add_strings(struct trace_line *line, uint64_t address)
{
    uint64_t pointer = 0;

    if (address == 0 || copy_from_program(&pointer, address, sizeof(pointer)) != 0) {
        add_pointer(line, address);
        return;
    }
    trace_add(line, "[");
    for (unsigned i = 0; pointer != 0; i++) {
        trace_add(line, i == 0 ? "" : ", ");
        if (i == SHOWN_STRINGS) {
            trace_add(line, "...");
            break;
        }
        add_string(line, pointer);
        address += sizeof(pointer);
        if (copy_from_program(&pointer, address, sizeof(pointer)) != 0)
            break;
    }
    trace_add(line, "]");
}

static void add_flags(struct trace_line *line, const struct flag_name *flags, uint32_t value)
{
    const char *separator = "";

    if (value == 0)
        trace_add(line, "%s", flags->value == 0 && flags->name != NULL ? flags->name : "0");
    for (; flags->name != NULL; flags++) {
        if (flags->value != 0 && (value & flags->value) == flags->value) {
            trace_add(line, "%s%s", separator, flags->name);
            separator = "|";
            value &= ~(uint32_t)flags->value;
        }
    }
    if (value != 0)
        trace_add(line, "%s%#x", separator, value);
}

static void add_choice(struct trace_line *line, const struct flag_name *names, uint32_t value)
{
    for (; names->name != NULL; names++) {
        if (names->value == value) {
            trace_add(line, "%s", names->name);
            return;
        }
    }
    trace_add(line, "%#x", value);
}

static void add_words(struct trace_line *line, uint64_t address, unsigned count, int64_t result)
{
    int32_t words[2];

    if (result < 0 || address == 0 || copy_from_program(words, address, count * 4) != 0)
        add_pointer(line, address);
    else if (count == 2)
        trace_add(line, "[%d, %d]", words[0], words[1]);
    else
        trace_add(line, "[%#x]", (unsigned)words[0]);
}

static void add_timespec(struct trace_line *line, uint64_t address)
{
    struct linux_timespec time;

    if (address == 0 || copy_from_program(&time, address, sizeof(time)) != 0)
        add_pointer(line, address);
    else
        trace_add(line, "{tv_sec=%ld, tv_nsec=%ld}", (long)time.seconds, (long)time.nanoseconds);
}

/* Those that are numbers and need nothing else. False: another kind. */
static bool add_number(struct trace_line *line, enum argument_kind kind, uint64_t value)
{
    if (kind == ARGUMENT_INT || kind == ARGUMENT_FD)
        trace_add(line, "%d", (int32_t)value);
    else if (kind == ARGUMENT_UINT)
        trace_add(line, "%u", (uint32_t)value);
    else if (kind == ARGUMENT_LONG)
        trace_add(line, "%ld", (long)value);
    else if (kind == ARGUMENT_SIZE)
        trace_add(line, "%lu", (unsigned long)value);
    else if (kind == ARGUMENT_HEX)
        trace_add(line, value == 0 ? "%lu" : "%#lx", (unsigned long)value);
    else if (kind == ARGUMENT_OCTAL)
        trace_add(line, "%#o", (unsigned)value);
    else if (kind == ARGUMENT_DIRFD && (int32_t)value == LINUX_AT_FDCWD)
        trace_add(line, "AT_FDCWD");
    else if (kind == ARGUMENT_DIRFD)
        trace_add(line, "%d", (int32_t)value);
    else if (kind == ARGUMENT_SIGNAL)
        trace_add(line, "%s", trace_signal_name((int)value));
    else if (kind == ARGUMENT_POINTER)
        add_pointer(line, value);
    else
        return false;
    return true;
}

static void add_argument(struct trace_line *line, const struct argument_shape *shape,
                         const uint64_t *value, int64_t result)
{
    if (add_number(line, shape->kind, *value))
        return;
    if (shape->kind == ARGUMENT_STRING)
        add_string(line, *value);
    else if (shape->kind == ARGUMENT_STRINGS)
        add_strings(line, *value);
    else if (shape->kind == ARGUMENT_BUFFER_IN)
        add_buffer(line, *value, value[1]);
    else if (shape->kind == ARGUMENT_BUFFER_OUT && result >= 0)
        add_buffer(line, *value, (uint64_t)result);
    else if (shape->kind == ARGUMENT_FLAGS)
        add_flags(line, shape->flags, (uint32_t)*value);
    else if (shape->kind == ARGUMENT_CHOICE)
        add_choice(line, shape->flags, (uint32_t)*value);
    else if (shape->kind == ARGUMENT_PIPE || shape->kind == ARGUMENT_STATUS)
        add_words(line, *value, shape->kind == ARGUMENT_PIPE ? 2 : 1, result);
    else if (shape->kind == ARGUMENT_TIMESPEC)
        add_timespec(line, *value);
    else
        add_pointer(line, *value);
}

void trace_add_call(struct trace_line *line, uint64_t number, const uint64_t *arguments,
                    int64_t result)
{
    const struct call_entry *entry = number < call_table_size ? &call_table[number] : NULL;

    if (entry == NULL || entry->name == NULL) {
        trace_add(line, "syscall_%#lx(...)", (unsigned long)number);
        return;
    }
    trace_add(line, "%s(", entry->name);
    for (unsigned i = 0; i < entry->argument_count; i++) {
        trace_add(line, i == 0 ? "" : ", ");
        add_argument(line, &entry->arguments[i], &arguments[i], result);
    }
    trace_add(line, ")");
}

void trace_add_result(struct trace_line *line, int64_t result)
{
    if (result >= 0)
        trace_add(line, result > 0xffffffff ? "%#lx" : "%ld", (long)result);
    else if (result == -POSIX_RESTART || result == -POSIX_RESTART_UNLESS_HANDLED ||
             result == -POSIX_RESTART_RESUME)
        trace_add(line, "? (to be restarted)");
    else if (result >= -LINUX_ERRNO_MAX)
        trace_add(line, "-1 %s", trace_error_name((int)-result));
    else
        trace_add(line, "%#lx", (unsigned long)result);
}
