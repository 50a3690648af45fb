/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "script.h"

#include <base/text.h>

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

static void take(char *to, const char *from, const char *end)
{
    memcpy(to, from, (size_t)(end - from));
    to[end - from] = 0;
}

bool script_parse(const char *bytes, size_t size, struct script *script)
{
    size_t limit = size < SCRIPT_LINE ? size : SCRIPT_LINE;
    if (limit < 2 || bytes[0] != '#' || bytes[1] != '!')
        return false;
    const char *line = bytes + 2, *last = bytes + limit;
    const char *end = memchr(line, '\n', (size_t)(last - line));
    bool complete = end != NULL || size < SCRIPT_LINE;

    end = end != NULL ? end : last;
    while (line < end && is_blank(*line))
        line++;
    const char *name = line;
    while (line < end && !is_blank(*line) && *line != 0)
        line++;
    if (line == name || (line == end && !complete))
        return false;
    take(script->interpreter, name, line);
    while (line < end && is_blank(*line))
        line++;
    const char *argument = line;
    const char *nul = memchr(argument, 0, (size_t)(end - argument));
    end = nul != NULL ? nul : end;
    while (end > argument && is_blank(end[-1]))
        end--;
    take(script->argument, argument, end);
    return true;
}
