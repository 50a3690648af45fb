/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The part of printf that the kernel uses: %s %c %d %u %x %p %%, with 0, -, #, width and l, z. */
#include <kernel/log.h>

#include <kernel/string.h>
#include <stdbool.h>

struct output {
    char *buffer;
    size_t size, length;
};

struct specification {
    bool zero, left, prefix;
    unsigned width;
    bool is_long;
    char conversion;
};

static void put(struct output *output, char character)
{
    if (output->length + 1 < output->size)
        output->buffer[output->length] = character;
    output->length++;
}

static void put_padding(struct output *output, char character, size_t length, size_t width)
{
    for (; length < width; length++)
        put(output, character);
}

static void put_field(struct output *output, const struct specification *specification,
                      const char *text, size_t length)
{
    if (!specification->left)
        put_padding(output, specification->zero ? '0' : ' ', length, specification->width);
    for (size_t i = 0; i < length; i++)
        put(output, text[i]);
    if (specification->left)
        put_padding(output, ' ', length, specification->width);
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
    if (specification->prefix && base == 16) {
        digits[--at] = 'x';
        digits[--at] = '0';
    }
    put_field(output, specification, digits + at, sizeof(digits) - at);
}

static const char *parse(const char *format, struct specification *specification)
{
    *specification = (struct specification){.zero = false};
    for (; *format == '0' || *format == '-' || *format == '#'; format++) {
        specification->zero |= *format == '0';
        specification->left |= *format == '-';
        specification->prefix |= *format == '#';
    }
    for (; *format >= '0' && *format <= '9'; format++)
        specification->width = specification->width * 10 + (unsigned)(*format - '0');
    for (; *format == 'l' || *format == 'z'; format++)
        specification->is_long = true;
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
    } else if (specification->conversion == 'c') {
        char character = (char)va_arg(*arguments, int);
        put_field(output, specification, &character, 1);
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
        buffer[output.length < size ? output.length : size - 1] = 0;
    return output.length;
}
