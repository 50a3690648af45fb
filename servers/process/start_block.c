/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "start_block.h"

#include <base/heap.h>
#include <base/text.h>

#define PAGE 4096
#define LINUX_O_WRONLY 1
#define LINUX_O_RDWR 2

static bool are_strings(const char *bytes, size_t size, uint64_t count)
{
    uint64_t found = 0;

    for (size_t i = 0; i < size; i++)
        found += bytes[i] == '\0';
    return found == count && size > 0 && bytes[size - 1] == '\0';
}

bool start_strings_take(struct start_strings *strings, const struct start_request *request)
{
    const struct tty_message *message = request->message;
    uint64_t count = (uint64_t)message->argument_count + message->environment_count;

    *strings = (struct start_strings){0};
    if (message->argument_count == 0 ||
        !are_strings(request->strings, request->strings_size, count))
        return false;
    strings->arguments = allocate(request->strings_size);
    if (strings->arguments == NULL)
        return false;
    memcpy(strings->arguments, request->strings, request->strings_size);
    strings->size = request->strings_size;
    strings->argument_count = message->argument_count;
    strings->environment_count = message->environment_count;
    return true;
}

void start_strings_release(struct start_strings *strings)
{
    release(strings->arguments);
    *strings = (struct start_strings){0};
}

const char *start_strings_environment(const struct start_strings *strings, const char *name)
{
    const char *string = strings->arguments;
    size_t length = strlen(name);

    for (uint32_t i = 0; i < strings->argument_count; i++)
        string += strlen(string) + 1;
    for (uint32_t i = 0; i < strings->environment_count; i++) {
        if (strncmp(string, name, length) == 0 && string[length] == '=')
            return string + length + 1;
        string += strlen(string) + 1;
    }
    return NULL;
}

static char *skip_blanks(char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

static char *find_blank(char *text)
{
    while (*text != '\0' && *text != ' ' && *text != '\t')
        text++;
    return text;
}

bool start_parse_script(char *head, struct script_line *line)
{
    char *end = strchr(head, '\n');

    if (end == NULL)
        end = head + strlen(head);
    while (end > head + 2 && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    line->interpreter = skip_blanks(head + 2);
    line->argument = NULL;
    if (*line->interpreter == '\0')
        return false;
    char *blank = find_blank(line->interpreter);
    if (*blank != '\0') {
        *blank = '\0';
        line->argument = skip_blanks(blank + 1);
    }
    return true;
}

static char *append(char *at, const char *string)
{
    size_t size = strlen(string) + 1;

    memcpy(at, string, size);
    return at + size;
}

bool start_strings_interpose(struct start_strings *strings, const struct script_line *line,
                             const char *path)
{
    size_t first = strlen(strings->arguments) + 1;
    size_t rest = strings->size - first;
    size_t extra = strlen(line->interpreter) + strlen(path) + 2;

    if (line->argument != NULL)
        extra += strlen(line->argument) + 1;
    char *all = allocate(extra + rest);
    if (all == NULL)
        return false;
    char *at = append(all, line->interpreter);
    if (line->argument != NULL)
        at = append(at, line->argument);
    at = append(at, path);
    memcpy(at, strings->arguments + first, rest);
    release(strings->arguments);
    strings->arguments = all;
    strings->size = extra + rest;
    strings->argument_count += line->argument == NULL ? 1 : 2;
    return true;
}

bool start_has_terminal(const struct tty_message *message)
{
    for (int number = 0; number < 3; number++) {
        if (message->descriptor_kind[number] == TTY_DESCRIPTOR_TERMINAL)
            return true;
    }
    return false;
}

void start_describe(struct posix_start_descriptor *descriptor, int number, uint8_t kind)
{
    bool terminal = kind == TTY_DESCRIPTOR_TERMINAL;

    *descriptor = (struct posix_start_descriptor){
        .number = number,
        .kind = terminal ? POSIX_FILE_TERMINAL : POSIX_FILE_STREAM,
        .offset = UINT64_MAX,
        .group = terminal ? 1 : 0,
    };
    if (terminal)
        descriptor->status_flags = LINUX_O_RDWR;
    else
        descriptor->status_flags = number == 0 ? 0 : LINUX_O_WRONLY;
}

static uint32_t put_bytes(struct start_block_builder *builder, const void *bytes, size_t size)
{
    uint64_t at = builder->start->size;

    memcpy((char *)builder->start + at, bytes, size);
    builder->start->size += size;
    return (uint32_t)at;
}

bool start_block_build(struct start_block_builder *builder, const struct start_strings *strings,
                       const char *path)
{
    static const char directory[] = "/";
    size_t descriptors = 3 * sizeof(struct posix_start_descriptor);
    size_t size = sizeof(struct posix_start) + descriptors + strings->size + strlen(path) + 1 +
                  sizeof(directory);

    builder->size = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
    builder->start = allocate_zeroed(1, builder->size);
    if (builder->start == NULL)
        return false;
    struct posix_start *start = builder->start;
    start->magic = POSIX_START_MAGIC;
    start->size = sizeof(*start) + descriptors;
    start->umask = 022;
    start->dumpable = 1;
    start->descriptors = sizeof(*start);
    start->descriptor_count = 3;
    builder->descriptors = (struct posix_start_descriptor *)(start + 1);
    start->argument_count = strings->argument_count;
    start->environment_count = strings->environment_count;
    start->strings_size = (uint32_t)strings->size;
    start->strings = put_bytes(builder, strings->arguments, strings->size);
    start->path_size = (uint32_t)strlen(path) + 1;
    start->path = put_bytes(builder, path, start->path_size);
    start->cwd_path_size = sizeof(directory);
    start->cwd_path = put_bytes(builder, directory, sizeof(directory));
    return true;
}

void start_block_release(struct start_block_builder *builder)
{
    release(builder->start);
    *builder = (struct start_block_builder){0};
}
