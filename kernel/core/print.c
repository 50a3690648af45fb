/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The part of printf that the kernel uses: %s %d %u %x %p %%, with 0, width and l. */
#include <kernel/log.h>

#include <kernel/string.h>
#include <stdbool.h>

struct output {
    char *buffer;
    size_t size, length;
};

struct specification {
    bool zero, is_long;
    unsigned width;
    char conversion;
};

static void put(struct output *output, char character)
{
    if (output->length + 1 < output->size)
        output->buffer[output->length++] = character;
}

static void put_field(struct output *output, const struct specification *specification,
                      const char *text, size_t length)
{
    for (size_t width = specification->width; width > length; width--)
        put(output, specification->zero ? '0' : ' ');
    for (size_t i = 0; i < length; i++)
        put(output, text[i]);
}

static void put_number(struct output *output, const struct specification *specification,
                       uint64_t value, bool negative)
{
    char digits[24];
    size_t at = sizeof(digits);
    unsigned base = specification->conversion == 'x' || specification->conversion == 'p' ? 16 : 10;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative)
        digits[--at] = '-';
    put_field(output, specification, digits + at, sizeof(digits) - at);
}

static const char *parse(const char *format, struct specification *specification)
{
    *specification = (struct specification){.zero = *format == '0'};
    for (; *format >= '0' && *format <= '9'; format++)
        specification->width = specification->width * 10 + (unsigned)(*format - '0');
    specification->is_long = *format == 'l';
    format += specification->is_long;
    specification->conversion = *format;
    return *format == 0 ? format : format + 1;
}

static void put_argument(struct output *output, const struct specification *specification,
                         va_list *arguments)
{
    bool is_long = specification->is_long || specification->conversion == 'p';
    if (specification->conversion == 's') {
        const char *text = va_arg(*arguments, const char *);
        text = text == NULL ? "(null)" : text;
        put_field(output, specification, text, strlen(text));
    } else if (specification->conversion == 'd') {
        int64_t value = is_long ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
        put_number(output, specification, value < 0 ? -(uint64_t)value : (uint64_t)value,
                   value < 0);
    } else {
        uint64_t value = is_long ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);
        put_number(output, specification, value, false);
    }
}

size_t format_text(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct output output = {.buffer = buffer, .size = size};
    va_list rest;
    va_copy(rest, arguments);
    while (*format != 0) {
        if (*format != '%' || format[1] == '%') {
            put(&output, *format);
            format += *format == '%' ? 2 : 1;
            continue;
        }
        struct specification specification;
        format = parse(format + 1, &specification);
        put_argument(&output, &specification, &rest);
    }
    va_end(rest);
    if (size != 0)
        buffer[output.length] = 0;
    return output.length;
}

size_t format_line(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_text(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
