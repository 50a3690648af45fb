/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Formatted text and numbers.
 *
 * A conversion is read into a struct conversion, turned into a sign or prefix
 * and a body, and put out with its padding; struct output counts everything and
 * stores what fits.
 */
#include <base/text.h>

#define DIGITS_MAX 24 /* of a 64-bit number, in octal too */

struct output {
    char *to;
    size_t size;
    size_t length; /* of the whole text, stored or not */
};

struct conversion {
    bool left, zero, plus, space, alternate;
    size_t width;
    size_t precision; /* SIZE_MAX: none given */
    unsigned size;    /* of the integer argument, in bytes */
    char kind;
};

static void put(struct output *output, char character)
{
    if (output->length + 1 < output->size)
        output->to[output->length] = character;
    output->length++;
}

static void put_times(struct output *output, char character, size_t count)
{
    while (count-- > 0)
        put(output, character);
}

static void put_bytes(struct output *output, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        put(output, bytes[i]);
}

static size_t excess(size_t whole, size_t part)
{
    return whole > part ? whole - part : 0;
}

static void put_text(struct output *output, const struct conversion *conversion, const char *text)
{
    if (text == NULL)
        text = "(null)";
    size_t length = strnlen(text, conversion->precision);
    size_t padding = excess(conversion->width, length);
    put_times(output, ' ', conversion->left ? 0 : padding);
    put_bytes(output, text, length);
    put_times(output, ' ', conversion->left ? padding : 0);
}

static size_t digits_of(uint64_t value, unsigned base, bool upper, char digits[DIGITS_MAX])
{
    const char *alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char reversed[DIGITS_MAX];
    size_t count = 0;
    for (; value > 0; value /= base)
        reversed[count++] = alphabet[value % base];
    for (size_t i = 0; i < count; i++)
        digits[i] = reversed[count - 1 - i];
    return count;
}

static void put_number(struct output *output, const struct conversion *conversion, uint64_t value,
                       const char *prefix)
{
    unsigned base = conversion->kind == 'o' ? 8 : conversion->kind == 'x' ? 16 : 10;
    bool upper = conversion->kind == 'X';
    char digits[DIGITS_MAX];
    size_t count = digits_of(value, upper ? 16 : base, upper, digits);
    bool precise = conversion->precision != SIZE_MAX;
    size_t zeroes = excess(precise ? conversion->precision : 1, count);
    size_t body = strlen(prefix) + zeroes + count;
    size_t padding = excess(conversion->width, body);
    if (conversion->zero && !conversion->left && !precise) {
        zeroes += padding;
        padding = 0;
    }
    put_times(output, ' ', conversion->left ? 0 : padding);
    put_bytes(output, prefix, strlen(prefix));
    put_times(output, '0', zeroes);
    put_bytes(output, digits, count);
    put_times(output, ' ', conversion->left ? padding : 0);
}

static void put_signed(struct output *output, const struct conversion *conversion, int64_t value)
{
    const char *sign = value < 0 ? "-" : conversion->plus ? "+" : conversion->space ? " " : "";
    put_number(output, conversion, value < 0 ? -(uint64_t)value : (uint64_t)value, sign);
}

static void put_unsigned(struct output *output, const struct conversion *conversion, uint64_t value)
{
    bool prefixed = conversion->alternate && value != 0;
    const char *prefix = "";
    if (prefixed)
        prefix = conversion->kind == 'x' ? "0x" : conversion->kind == 'X' ? "0X" : "0";
    put_number(output, conversion, value, conversion->kind == 'u' ? "" : prefix);
}

static size_t parse_count(const char **format)
{
    size_t value = 0;
    for (; **format >= '0' && **format <= '9'; (*format)++)
        value = value * 10 + (size_t)(**format - '0');
    return value;
}

static bool parse_flag(char character, struct conversion *conversion)
{
    switch (character) {
    case '-':
        conversion->left = true;
        return true;
    case '0':
        conversion->zero = true;
        return true;
    case '+':
        conversion->plus = true;
        return true;
    case ' ':
        conversion->space = true;
        return true;
    case '#':
        conversion->alternate = true;
        return true;
    default:
        return false;
    }
}

static unsigned parse_size(const char **format)
{
    unsigned size = sizeof(int);
    for (;; (*format)++) {
        if (**format == 'h')
            size /= 2;
        else if (**format == 'l' || **format == 'z' || **format == 'j' || **format == 't')
            size = sizeof(int64_t);
        else
            return size;
    }
}

/* The argument list goes by a structure so that reading from it here moves the caller's on. */
struct arguments {
    va_list list;
};

static size_t parse_width(const char **format, struct arguments *arguments,
                          struct conversion *conversion)
{
    if (**format != '*')
        return parse_count(format);
    (*format)++;
    int width = va_arg(arguments->list, int);
    if (width < 0)
        conversion->left = true;
    return width < 0 ? -(size_t)width : (size_t)width;
}

static size_t parse_precision(const char **format, struct arguments *arguments)
{
    if (**format != '.')
        return SIZE_MAX;
    (*format)++;
    if (**format != '*')
        return parse_count(format);
    (*format)++;
    int precision = va_arg(arguments->list, int);
    return precision < 0 ? SIZE_MAX : (size_t)precision;
}

static void parse_conversion(const char **format, struct arguments *arguments,
                             struct conversion *conversion)
{
    *conversion = (struct conversion){0};
    while (parse_flag(**format, conversion))
        (*format)++;
    conversion->width = parse_width(format, arguments, conversion);
    conversion->precision = parse_precision(format, arguments);
    conversion->size = parse_size(format);
    conversion->kind = **format;
    if (**format != '\0')
        (*format)++;
}

static int64_t next_signed(struct arguments *arguments, unsigned size)
{
    if (size == sizeof(int64_t))
        return va_arg(arguments->list, int64_t);
    int value = va_arg(arguments->list, int);
    return size == sizeof(int16_t)  ? (int16_t)value
           : size == sizeof(int8_t) ? (int8_t)value
                                    : value;
}

static uint64_t next_unsigned(struct arguments *arguments, unsigned size)
{
    if (size == sizeof(uint64_t))
        return va_arg(arguments->list, uint64_t);
    unsigned value = va_arg(arguments->list, unsigned);
    return size == sizeof(uint16_t)  ? (uint16_t)value
           : size == sizeof(uint8_t) ? (uint8_t)value
                                     : value;
}

static void convert(struct output *output, struct conversion *conversion,
                    struct arguments *arguments)
{
    switch (conversion->kind) {
    case 's':
        put_text(output, conversion, va_arg(arguments->list, const char *));
        break;
    case 'c': {
        char text[2] = {(char)va_arg(arguments->list, int), '\0'};
        put_text(output, conversion, text);
        break;
    }
    case 'd':
    case 'i':
        put_signed(output, conversion, next_signed(arguments, conversion->size));
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_unsigned(output, conversion, next_unsigned(arguments, conversion->size));
        break;
    case 'p':
        conversion->kind = 'x';
        put_number(output, conversion, (uintptr_t)va_arg(arguments->list, void *), "0x");
        break;
    default: /* %% and what is none */
        put(output, conversion->kind);
        break;
    }
}

size_t text_format_list(char *to, size_t size, const char *format, va_list list)
{
    struct output output = {.to = to, .size = size};
    struct arguments arguments;
    va_copy(arguments.list, list);
    while (*format != '\0') {
        if (*format != '%') {
            put(&output, *format++);
            continue;
        }
        format++;
        struct conversion conversion;
        parse_conversion(&format, &arguments, &conversion);
        if (conversion.kind != '\0')
            convert(&output, &conversion, &arguments);
    }
    va_end(arguments.list);
    if (size > 0)
        to[output.length < size ? output.length : size - 1] = '\0';
    return output.length;
}

size_t text_format(char *to, size_t size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t length = text_format_list(to, size, format, list);
    va_end(list);
    return length;
}

bool text_copy(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size);
    bool fits = length < size;
    if (!fits)
        length = size - 1;
    memcpy(to, from, length);
    to[length] = '\0';
    return fits;
}

static int digit_value(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return 16;
}

size_t text_parse_number(const char *text, size_t length, uint64_t *number)
{
    bool prefixed = length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    int base = prefixed ? 16 : 10;
    size_t first = prefixed ? 2 : 0, at = first;
    uint64_t value = 0;
    for (; at < length; at++) {
        int digit = digit_value(text[at]);
        if (digit >= base)
            break;
        if (value > (UINT64_MAX - (uint64_t)digit) / (uint64_t)base)
            return 0;
        value = value * (uint64_t)base + (uint64_t)digit;
    }
    if (at == first)
        return 0;
    *number = value;
    return at;
}
