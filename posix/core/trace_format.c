/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * How calls look in a trace: as strace shows them, but that a call stands on one line
 * when it has returned, and so shows what its arguments point to as it is then.
 * Everything of the program is read by copy routines.
 */
#include "trace_format.h"

#include <stdarg.h>
#include <stdbool.h>

#include <base/errno.h>
#include <base/text.h>
#include <posix/copy.h>
#include <posix/linux/file.h>
#include <posix/linux/process.h>
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

void trace_add_bytes(struct trace_line *line, const char *bytes, size_t size)
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

void trace_add_pointer(struct trace_line *line, uint64_t address)
{
    if (address == 0)
        trace_add(line, "NULL");
    else
        trace_add(line, "%#lx", (unsigned long)address);
}

void trace_add_buffer(struct trace_line *line, uint64_t address, uint64_t size)
{
    char bytes[SHOWN_BYTES];
    size_t shown = size < SHOWN_BYTES ? (size_t)size : SHOWN_BYTES;

    if (address == 0 || copy_from_program(bytes, address, shown) != 0) {
        trace_add_pointer(line, address);
        return;
    }
    trace_add_bytes(line, bytes, shown);
    if (shown < size)
        trace_add(line, "...");
}

static void add_string(struct trace_line *line, uint64_t address)
{
    char bytes[256];
    int64_t length = address == 0 ? -1 : copy_string_from_program(bytes, address, sizeof(bytes));

    if (address != 0 && length == -LINUX_ENAMETOOLONG) { /* longer than shown */
        trace_add_bytes(line, bytes, sizeof(bytes));
        trace_add(line, "...");
    } else if (length < 0) {
        trace_add_pointer(line, address);
    } else {
        trace_add_bytes(line, bytes, (size_t)length);
    }
}

static void add_strings(struct trace_line *line, uint64_t address)
{
    uint64_t pointer = 0;

    if (address == 0 || copy_from_program(&pointer, address, sizeof(pointer)) != 0) {
        trace_add_pointer(line, address);
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

static const char *name_of(const struct flag_name *names, uint32_t value)
{
    for (; names->name != NULL; names++) {
        if (names->value == value)
            return names->name;
    }
    return NULL;
}

/* One of the names below the mask, then each flag above it, then what has no name. */
void trace_add_flags(struct trace_line *line, const struct flag_name *names, uint32_t mask,
                     uint32_t value)
{
    const char *separator = "";
    const char *choice = name_of(names, value & mask);

    if (choice != NULL && (mask != 0 || value == 0)) {
        trace_add(line, "%s", choice);
        separator = "|";
        value &= ~mask;
        if (value == 0)
            return;
    } else if (value == 0) {
        trace_add(line, "0");
    }
    for (; names->name != NULL; names++) {
        if ((names->value & ~(uint64_t)mask) != 0 && (value & names->value) == names->value) {
            trace_add(line, "%s%s", separator, names->name);
            separator = "|";
            value &= ~(uint32_t)names->value;
        }
    }
    if (value != 0)
        trace_add(line, "%s%#x", separator, value);
}

static void add_choice(struct trace_line *line, const struct flag_name *names, uint32_t value)
{
    const char *name = name_of(names, value);

    if (name != NULL)
        trace_add(line, "%s", name);
    else
        trace_add(line, "%#x", value);
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
    else if (kind == ARGUMENT_OCTAL || kind == ARGUMENT_CREATE_MODE)
        trace_add(line, "%#o", (unsigned)value);
    else if (kind == ARGUMENT_DIRFD && (int32_t)value == LINUX_AT_FDCWD)
        trace_add(line, "AT_FDCWD");
    else if (kind == ARGUMENT_DIRFD)
        trace_add(line, "%d", (int32_t)value);
    else if (kind == ARGUMENT_SIGNAL)
        trace_add_signal(line, (int)value);
    else if (kind == ARGUMENT_MODE)
        trace_add_mode(line, (uint32_t)value);
    else if (kind == ARGUMENT_POINTER)
        trace_add_pointer(line, value);
    else
        return false;
    return true;
}

/* Whether what an argument points to is there: not if it is what the call did not give. */
static bool is_filled(const struct trace_argument *argument)
{
    int64_t least = argument->shape->kind == ARGUMENT_STATUS ? 1 : 0;

    return trace_value(argument, 0) != 0 && (!argument->shape->out || argument->result >= least);
}

static void add_argument(struct trace_line *line, const struct trace_argument *argument)
{
    const struct argument_shape *shape = argument->shape;
    uint64_t value = trace_value(argument, 0);

    if (add_number(line, shape->kind, value))
        return;
    if (shape->kind == ARGUMENT_FLAGS)
        trace_add_flags(line, shape->flags, shape->mask, (uint32_t)value);
    else if (shape->kind == ARGUMENT_CHOICE)
        add_choice(line, shape->flags, (uint32_t)value);
    else if (shape->kind == ARGUMENT_COMMAND)
        (void)trace_add_list(line, argument);
    else if (!is_filled(argument))
        trace_add_pointer(line, value);
    else if (shape->kind == ARGUMENT_STRING)
        add_string(line, value);
    else if (shape->kind == ARGUMENT_STRINGS)
        add_strings(line, value);
    else if (shape->kind == ARGUMENT_BUFFER_IN)
        trace_add_buffer(line, value, trace_value(argument, 1));
    else if (shape->kind == ARGUMENT_BUFFER_OUT)
        trace_add_buffer(line, value, (uint64_t)argument->result);
    else if (!trace_add_list(line, argument))
        trace_add_structure(line, shape->kind, value);
}

/* The mode of open stands for something only if the flags before it say so. */
static bool is_shown(const struct trace_argument *argument)
{
    return argument->shape->kind != ARGUMENT_CREATE_MODE ||
           (argument->all[argument->index - 1] & LINUX_O_CREAT) != 0;
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
        struct trace_argument argument = {&entry->arguments[i], arguments, i, result};
        if (!is_shown(&argument))
            continue;
        trace_add(line, i == 0 ? "" : ", ");
        add_argument(line, &argument);
    }
    trace_add(line, ")");
}

void trace_add_result(struct trace_line *line, uint64_t number, int64_t result)
{
    enum argument_kind kind = number < call_table_size ? call_table[number].result : ARGUMENT_NONE;

    if (result >= 0 || result < -LINUX_ERRNO_MAX)
        (void)add_number(line, kind == ARGUMENT_NONE ? ARGUMENT_LONG : kind, (uint64_t)result);
    else if (result == -POSIX_RESTART)
        trace_add(line, "? ERESTARTSYS (To be restarted if SA_RESTART is set)");
    else if (result == -POSIX_RESTART_UNLESS_HANDLED)
        trace_add(line, "? ERESTARTNOHAND (To be restarted if no handler)");
    else if (result == -POSIX_RESTART_RESUME)
        trace_add(line, "? ERESTART_RESTARTBLOCK (Interrupted by signal)");
    else
        trace_add_error(line, (int)-result);
}
