/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The log: a ring of bytes whose newest overwrite its oldest, and the early console. */
#include <kernel/log.h>

#include <kernel/call_arguments.h>
#include <kernel/console.h>
#include <kernel/copy.h>
#include <kernel/lock.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/thread.h>
#include <kernel/time.h>

#define SHOW_MAX 4096 /* of the ring, at the end of the machine */
#define LINE_MAX 256
#define WRITE_MAX 512 /* bytes of one log_write */

static struct spinlock lock = SPINLOCK_INITIAL(LOCK_LOG);
static _Alignas(LOG_HEADER) struct log_memory ring; /* lock, for writing */
static struct {
    const struct process *speaker; /* only compared */
    char text[WRITE_MAX];
} last_words; /* of the critical process that wrote last */
static bool to_console = true;
static bool keep_console;

struct log_memory *log_memory(void)
{
    return &ring;
}

void log_keep_console(void)
{
    keep_console = true;
}

void log_release_console(void)
{
    to_console = keep_console;
}

void log_show_rest(void)
{
    uint64_t end = ring.end, shown = ring.shown_end;
    uint64_t at = end - shown < SHOW_MAX ? shown : end - SHOW_MAX;
    while (at < end) {
        uint64_t until = (at / LOG_SIZE + 1) * LOG_SIZE;
        until = until < end ? until : end;
        console_write(CONSOLE_LOG, &ring.bytes[at % LOG_SIZE], until - at);
        at = until;
    }
    ring.shown_end = end;
}

static void log_text(const char *text, size_t length)
{
    lock_acquire(&lock);
    uint64_t end = ring.end;
    for (size_t i = 0; i < length; i++)
        ring.bytes[end++ % LOG_SIZE] = text[i];
    ring.end = end;
    if (to_console) {
        console_write(CONSOLE_LOG, text, length);
        ring.shown_end = end;
    }
    lock_release(&lock);
}

void log_line(const char *format, ...)
{
    char line[LINE_MAX];
    uint64_t microseconds = time_now() / 1000;
    size_t start = format_line(line, sizeof(line), "[%3lu.%06lu] ", microseconds / 1000000,
                               microseconds % 1000000);
    va_list arguments;
    va_start(arguments, format);
    size_t length = start + format_text(line + start, sizeof(line) - start, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    log_text(line, length);
}

const char *log_last_words(const struct process *process)
{
    return last_words.speaker == process ? last_words.text : "it said nothing";
}

/* Without the newline. */
static void remember_words(const struct process *process, const char *text, size_t length)
{
    memcpy(last_words.text, text, length - 1);
    last_words.text[length - 1] = 0;
    last_words.speaker = process;
}

int64_t call_log_write(struct thread *self, const struct log_write_arguments *arguments)
{
    char text[WRITE_MAX];
    if (arguments->length > WRITE_MAX - 1)
        return status_to_result(STATUS_OUT_OF_RANGE);
    enum status status = copy_in(text, arguments->text, arguments->length);
    if (status != STATUS_OK)
        return status_to_result(status);
    size_t length = arguments->length;
    if (length == 0 || text[length - 1] != '\n')
        text[length++] = '\n';
    if ((self->process->flags & PROCESS_CRITICAL) != 0)
        remember_words(self->process, text, length);
    log_text(text, length);
    return 0;
}
