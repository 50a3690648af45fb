/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the passes of manifest.c and the readers of lines.c share.
 */
#pragma once

#include <manifest/manifest.h>

#define WORDS_MAX 16

struct word {
    const char *text;
    size_t length;
};

struct parser {
    struct manifest *manifest;
    struct manifest_error *error;
    struct manifest_service *service; /* the one whose lines are read, or NULL */
    unsigned line;
    struct word words[WORDS_MAX];
    unsigned word_count;
    struct word rest; /* from the second word to the end of the line */
};

/* Note what is wrong with the current line; false, for the caller to return. */
bool parser_fail(struct parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

bool parser_is_word(struct word word, const char *text);

/* Pass one: a line that begins a service makes it. */
bool parser_add_service(struct parser *parser);
/* Pass two: what a line says about its service is noted there. */
bool parser_read_line(struct parser *parser);
