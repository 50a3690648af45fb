/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The line discipline, as termios(3) and POSIX chapter 11 describe it.
 *
 * Whatever is typed goes to the end of one queue. In canonical mode its last part,
 * from input.line on, is the line being edited and becomes readable when a byte ends
 * it; in raw mode there is no such part. An element of the queue says of its byte
 * whether it ends a line, so a change of mode moves nothing.
 */
#include "terminal.h"

#include <base/text.h>

#define DISABLED 0 /* _POSIX_VDISABLE */

static uint8_t control(const struct terminal *terminal, enum control_character which)
{
    return terminal->settings.characters[which];
}

static bool is_control(const struct terminal *terminal, enum control_character which, uint8_t byte)
{
    return byte != DISABLED && byte == control(terminal, which);
}

static bool local(const struct terminal *terminal, uint32_t flag)
{
    return (terminal->settings.local & flag) != 0;
}

void terminal_init(struct terminal *terminal, uint32_t number)
{
    static const uint8_t characters[19] = {3,  28, 127, 21, 4,  0,  1,  0, 17,
                                           19, 26, 0,   18, 15, 23, 22, 0};

    memset(terminal, 0, sizeof(*terminal));
    terminal->number = number;
    terminal->settings.input = TERMIOS_ICRNL | TERMIOS_IXON | TERMIOS_IUTF8;
    terminal->settings.output = TERMIOS_OPOST | TERMIOS_ONLCR;
    terminal->settings.control = 0277; /* 38400 baud, 8 bits, receiver on */
    terminal->settings.local = TERMIOS_ISIG | TERMIOS_ICANON | TERMIOS_ECHO | TERMIOS_ECHOE |
                               TERMIOS_ECHOK | TERMIOS_ECHOCTL | TERMIOS_ECHOKE | TERMIOS_IEXTEN;
    terminal->settings.input_speed = terminal->settings.output_speed = 15;
    memcpy(terminal->settings.characters, characters, sizeof(characters));
    terminal->in_use = 1;
}

struct transaction terminal_begin(const struct terminal *terminal)
{
    return (struct transaction){
        .input_taken = terminal->input.taken,
        .output_put = terminal->output.put,
        .output_taken = terminal->output.taken,
        .column = terminal->column,
    };
}

void terminal_apply(struct terminal *terminal, const struct transaction *transaction)
{
    terminal->input.taken = transaction->input_taken;
    terminal->output.put = transaction->output_put;
    terminal->output.taken = transaction->output_taken;
    terminal->column = transaction->column;
}

/* How an echoed byte looks: control characters as ^X where ECHOCTL is on. */
static bool shows_as_caret(const struct terminal *terminal, uint8_t byte)
{
    return local(terminal, TERMIOS_ECHOCTL) &&
           ((byte < ' ' && byte != '\t' && byte != '\n') || byte == 127);
}

static void echo(struct terminal *terminal, uint8_t byte)
{
    struct transaction to = terminal_begin(terminal);

    if (shows_as_caret(terminal, byte)) {
        output_put(terminal, &to, '^');
        byte ^= 0x40;
    }
    output_put(terminal, &to, byte);
    terminal_apply(terminal, &to);
}

static void echo_text(struct terminal *terminal, const char *text)
{
    struct transaction to = terminal_begin(terminal);

    for (; *text != 0; text++)
        output_put(terminal, &to, (uint8_t)*text);
    terminal_apply(terminal, &to);
}

static uint32_t line_length(const struct terminal *terminal)
{
    return terminal->input.put - terminal->input.line;
}

static uint8_t line_byte(const struct terminal *terminal, uint32_t index)
{
    return (uint8_t)terminal->input.elements[(terminal->input.line + index) % TERMINAL_INPUT];
}

/* Where the cursor would be after the first `length` bytes of the line. */
static uint32_t column_after(const struct terminal *terminal, uint32_t length)
{
    uint32_t column = terminal->line_column;

    for (uint32_t i = 0; i < length; i++) {
        uint8_t byte = line_byte(terminal, i);
        if (byte == '\t')
            column += TERMINAL_TAB_STOP - column % TERMINAL_TAB_STOP;
        else
            column += shows_as_caret(terminal, byte) ? 2 : (byte & 0xc0) != 0x80;
    }
    return column;
}

static void erase_to(struct terminal *terminal, uint32_t length)
{
    uint32_t from = column_after(terminal, line_length(terminal));
    uint32_t to = column_after(terminal, length);

    terminal->input.put = terminal->input.line + length;
    if (!local(terminal, TERMIOS_ECHO))
        return;
    if (!local(terminal, TERMIOS_ECHOE)) {
        echo(terminal, control(terminal, TERMIOS_VERASE));
        return;
    }
    for (; from > to; from--)
        echo_text(terminal, "\b \b");
}

static void erase_character(struct terminal *terminal)
{
    uint32_t length = line_length(terminal);

    if (length == 0)
        return;
    length--;
    while ((terminal->settings.input & TERMIOS_IUTF8) != 0 && length > 0 &&
           (line_byte(terminal, length) & 0xc0) == 0x80)
        length--;
    erase_to(terminal, length);
}

static bool is_blank_before(const struct terminal *terminal, uint32_t length)
{
    uint8_t byte = line_byte(terminal, length - 1);
    return byte == ' ' || byte == '\t';
}

static void erase_word(struct terminal *terminal)
{
    uint32_t length = line_length(terminal);

    while (length > 0 && is_blank_before(terminal, length))
        length--;
    while (length > 0 && !is_blank_before(terminal, length))
        length--;
    erase_to(terminal, length);
}

static void kill_line(struct terminal *terminal)
{
    if (local(terminal, TERMIOS_ECHOKE) && local(terminal, TERMIOS_ECHOE)) {
        erase_to(terminal, 0);
        return;
    }
    terminal->input.put = terminal->input.line;
    if (local(terminal, TERMIOS_ECHO))
        echo(terminal, control(terminal, TERMIOS_VKILL));
    if (local(terminal, TERMIOS_ECHO) && local(terminal, TERMIOS_ECHOK))
        echo_text(terminal, "\n");
}

static void reprint(struct terminal *terminal)
{
    echo(terminal, control(terminal, TERMIOS_VREPRINT));
    echo_text(terminal, "\n");
    terminal->line_column = terminal->column;
    for (uint32_t i = 0; i < line_length(terminal); i++)
        echo(terminal, line_byte(terminal, i));
}

/* One place is kept for what ends a line. */
uint32_t line_room(const struct terminal *terminal)
{
    uint32_t used = terminal->input.put - terminal->input.taken;

    if (local(terminal, TERMIOS_ICANON) && terminal->input.line == terminal->input.taken)
        return TERMINAL_INPUT;
    return used < TERMINAL_INPUT ? TERMINAL_INPUT - 1 - used : 0;
}

static bool queue(struct terminal *terminal, uint16_t element)
{
    struct input_queue *input = &terminal->input;

    if (input->put - input->taken == TERMINAL_INPUT)
        return false;
    input->elements[input->put % TERMINAL_INPUT] = element;
    input->put++;
    return true;
}

static void end_line(struct terminal *terminal, uint16_t last)
{
    if (queue(terminal, last))
        terminal->input.line = terminal->input.put;
}

static void add_to_line(struct terminal *terminal, uint8_t byte)
{
    if (terminal->input.put - terminal->input.taken >= TERMINAL_INPUT - 1) {
        if ((terminal->settings.input & TERMIOS_IMAXBEL) != 0)
            echo_text(terminal, "\a");
        return;
    }
    if (line_length(terminal) == 0)
        terminal->line_column = terminal->column;
    queue(terminal, byte);
    if (local(terminal, TERMIOS_ECHO))
        echo(terminal, byte);
}

void line_flush_input(struct terminal *terminal)
{
    terminal->input.line = terminal->input.put;
    terminal->input.taken = terminal->input.put;
}

static uint32_t signal_of(const struct terminal *terminal, uint8_t byte)
{
    if (!local(terminal, TERMIOS_ISIG))
        return 0;
    if (is_control(terminal, TERMIOS_VINTR, byte))
        return TERMINAL_SIGINT;
    if (is_control(terminal, TERMIOS_VQUIT, byte))
        return TERMINAL_SIGQUIT;
    return is_control(terminal, TERMIOS_VSUSP, byte) ? TERMINAL_SIGTSTP : 0;
}

/* True if the byte edits the line instead of joining it. */
static bool edit(struct terminal *terminal, uint8_t byte)
{
    bool extended = local(terminal, TERMIOS_IEXTEN);

    if (is_control(terminal, TERMIOS_VERASE, byte))
        erase_character(terminal);
    else if (is_control(terminal, TERMIOS_VKILL, byte))
        kill_line(terminal);
    else if (extended && is_control(terminal, TERMIOS_VWERASE, byte))
        erase_word(terminal);
    else if (extended && is_control(terminal, TERMIOS_VREPRINT, byte))
        reprint(terminal);
    else if (is_control(terminal, TERMIOS_VEOF, byte))
        end_line(terminal, INPUT_END_OF_FILE);
    else
        return false;
    return true;
}

static void receive_canonical(struct terminal *terminal, uint8_t byte)
{
    bool ends = byte == '\n' || is_control(terminal, TERMIOS_VEOL, byte) ||
                (local(terminal, TERMIOS_IEXTEN) && is_control(terminal, TERMIOS_VEOL2, byte));

    if (edit(terminal, byte))
        return;
    if (!ends) {
        add_to_line(terminal, byte);
        return;
    }
    if (local(terminal, TERMIOS_ECHO) || (byte == '\n' && local(terminal, TERMIOS_ECHONL)))
        echo(terminal, byte);
    end_line(terminal, byte | INPUT_ENDS_LINE);
}

static void receive_raw(struct terminal *terminal, uint8_t byte)
{
    if (!queue(terminal, byte))
        return;
    terminal->input.line = terminal->input.put;
    if (local(terminal, TERMIOS_ECHO))
        echo(terminal, byte);
}

/* The flags that hold for literal bytes as well. */
static uint8_t narrow(const struct terminal *terminal, uint8_t byte)
{
    uint32_t flags = terminal->settings.input;

    if ((flags & TERMIOS_ISTRIP) != 0)
        byte &= 0x7f;
    if ((flags & TERMIOS_IUCLC) != 0 && byte >= 'A' && byte <= 'Z')
        byte = (uint8_t)(byte - 'A' + 'a');
    return byte;
}

/* Returns and newlines; false if the byte is swallowed. */
static bool translate(const struct terminal *terminal, uint8_t *byte)
{
    uint32_t flags = terminal->settings.input;

    if (*byte == '\r' && (flags & TERMIOS_IGNCR) != 0)
        return false;
    if (*byte == '\r' && (flags & TERMIOS_ICRNL) != 0)
        *byte = '\n';
    else if (*byte == '\n' && (flags & TERMIOS_INLCR) != 0)
        *byte = '\r';
    return true;
}

/* Stop and start characters; true if the byte was one. */
static bool control_flow(struct terminal *terminal, uint8_t byte)
{
    uint32_t flags = terminal->settings.input;

    if ((flags & TERMIOS_IXON) == 0)
        return false;
    if (is_control(terminal, TERMIOS_VSTART, byte)) {
        terminal->stopped = 0;
        return true;
    }
    if (is_control(terminal, TERMIOS_VSTOP, byte)) {
        terminal->stopped = 1;
        return true;
    }
    if (terminal->stopped && (flags & TERMIOS_IXANY) != 0)
        terminal->stopped = 0;
    return false;
}

static uint32_t receive_signal(struct terminal *terminal, uint8_t byte, uint32_t signal)
{
    terminal->stopped = 0;
    if (!local(terminal, TERMIOS_NOFLSH)) {
        line_flush_input(terminal);
        if (signal != TERMINAL_SIGTSTP)
            terminal->output.taken = terminal->output.put;
    }
    if (local(terminal, TERMIOS_ECHO))
        echo(terminal, byte);
    return signal;
}

/* VLNEXT; true if the byte was it, or the one after it. */
static bool quote(struct terminal *terminal, uint8_t byte)
{
    if (!local(terminal, TERMIOS_ICANON))
        return false;
    if (terminal->literal) {
        terminal->literal = 0;
        add_to_line(terminal, byte);
        return true;
    }
    if (!local(terminal, TERMIOS_IEXTEN) || !is_control(terminal, TERMIOS_VLNEXT, byte))
        return false;
    terminal->literal = 1;
    if (local(terminal, TERMIOS_ECHO) && local(terminal, TERMIOS_ECHOCTL))
        echo_text(terminal, "^\b");
    return true;
}

uint32_t line_receive(struct terminal *terminal, uint8_t byte)
{
    byte = narrow(terminal, byte);
    if (quote(terminal, byte) || !translate(terminal, &byte) || control_flow(terminal, byte))
        return 0;
    uint32_t signal = signal_of(terminal, byte);
    if (signal != 0)
        return receive_signal(terminal, byte, signal);
    if (local(terminal, TERMIOS_ICANON))
        receive_canonical(terminal, byte);
    else
        receive_raw(terminal, byte);
    return 0;
}

uint32_t line_waiting(const struct terminal *terminal)
{
    return terminal->input.line - terminal->input.taken;
}

bool line_is_readable(const struct terminal *terminal)
{
    uint8_t least = control(terminal, TERMIOS_VMIN);

    if (local(terminal, TERMIOS_ICANON) || control(terminal, TERMIOS_VTIME) != 0 || least == 0)
        least = 1;
    return line_waiting(terminal) >= least;
}

/* VEOF is no byte, except that a raw reader gets it as 0, as on Linux. */
size_t line_read(const struct terminal *terminal, struct transaction *transaction, void *bytes,
                 size_t size)
{
    uint8_t *to = bytes;
    size_t count = 0;
    bool canonical = local(terminal, TERMIOS_ICANON);

    while (transaction->input_taken != terminal->input.line) {
        uint16_t element = terminal->input.elements[transaction->input_taken % TERMINAL_INPUT];
        bool is_byte = !canonical || element != INPUT_END_OF_FILE;
        if (count == size && is_byte)
            break;
        if (is_byte)
            to[count++] = (uint8_t)element;
        transaction->input_taken++;
        if (canonical && element > 0xff)
            break;
    }
    return count;
}

/* Each step can be repeated, should this server be killed and the request come again. */
void line_set(struct terminal *terminal, const struct tty_settings *settings)
{
    struct input_queue *input = &terminal->input;
    bool canonical = (settings->local & TERMIOS_ICANON) != 0;
    uint32_t last = (input->put - 1) % TERMINAL_INPUT;

    if (!canonical)
        input->line = input->put;
    else if (!local(terminal, TERMIOS_ICANON) && line_waiting(terminal) > 0 &&
             input->elements[last] <= 0xff)
        input->elements[last] |= INPUT_ENDS_LINE;
    terminal->literal = 0;
    terminal->settings = *settings;
    if ((settings->input & TERMIOS_IXON) == 0)
        terminal->stopped = 0;
}
