/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Three passes: the first finds the services' names, so that lines may name a
 * service that stands further down; the second reads the lines; the third
 * checks what concerns more than one line, and orders the services so that each
 * stands behind those it calls or needs.
 */
#include <manifest/manifest.h>

#include <base/text.h>

#include "parser.h"

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r';
}

static bool find_names(struct parser *parser)
{
    return !parser_is_word(parser->words[0], "service") || parser_add_service(parser);
}

/* Fill in words and rest. */
static bool split_line(struct parser *parser, const char *text, size_t length)
{
    const char *end = memchr(text, '#', length);
    size_t at = 0;
    if (end != NULL)
        length = (size_t)(end - text);
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    parser->word_count = 0;
    parser->rest = (struct word){text + length, 0};
    while (at < length) {
        while (at < length && is_blank(text[at]))
            at++;
        size_t start = at;
        while (at < length && !is_blank(text[at]))
            at++;
        if (parser->word_count == 1)
            parser->rest = (struct word){text + start, length - start};
        if (at > start && parser->word_count < WORDS_MAX)
            parser->words[parser->word_count++] = (struct word){text + start, at - start};
    }
    return parser->word_count > 0;
}

static bool each_line(struct parser *parser, const char *text, size_t length,
                      bool (*read)(struct parser *))
{
    size_t at = 0;
    parser->service = NULL;
    for (parser->line = 1; at < length; parser->line++) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t line_length = end != NULL ? (size_t)(end - (text + at)) : length - at;
        if (split_line(parser, text + at, line_length) && !read(parser))
            return false;
        at += line_length + 1;
    }
    return true;
}

/* How many services have a ring of that name; 0 if they differ in its size. */
static unsigned count_ends(const struct manifest *manifest, const struct manifest_ring *ring)
{
    unsigned count = 0;
    for (unsigned i = 0; i < manifest->count; i++) {
        const struct manifest_service *service = &manifest->services[i];
        for (unsigned j = 0; j < service->ring_count; j++) {
            const struct manifest_ring *other = &service->rings[j];
            if (strcmp(other->name, ring->name) != 0)
                continue;
            if (other->size != ring->size)
                return 0;
            count++;
        }
    }
    return count;
}

static bool check_ring(struct parser *parser, const struct manifest_ring *ring)
{
    unsigned ends = count_ends(parser->manifest, ring);
    parser->line = ring->line;
    if (ends == 0)
        return parser_fail(parser, "the ends of \"%s\" differ in size", ring->name);
    if (ends != 2)
        return parser_fail(parser, "the ring \"%s\" needs two ends and has %u", ring->name, ends);
    return true;
}

static bool check_service(struct parser *parser, const struct manifest_service *service)
{
    parser->line = service->line;
    if (service->program[0] == '\0' && service->device[0] == '\0')
        return parser_fail(parser, "%s has no program", service->name);
    for (unsigned i = 0; i < service->call_count; i++) {
        const struct manifest_service *called =
            &parser->manifest->services[service->calls[i].service];
        if (!called->endpoint)
            return parser_fail(parser, "%s calls %s, which has no endpoint", service->name,
                               called->name);
    }
    for (unsigned i = 0; i < service->ring_count; i++) {
        if (!check_ring(parser, &service->rings[i]))
            return false;
    }
    return true;
}

/* Repeatedly take the first service all of whose needs have been taken. */
static bool order_services(struct parser *parser)
{
    struct manifest *manifest = parser->manifest;
    uint32_t taken = 0;
    for (unsigned place = 0; place < manifest->count; place++) {
        unsigned next = 0;
        while (next < manifest->count &&
               ((taken >> next & 1) != 0 || (manifest->services[next].needs & ~taken) != 0))
            next++;
        if (next == manifest->count) {
            unsigned stuck = (unsigned)__builtin_ctz(~taken);
            parser->line = manifest->services[stuck].line;
            return parser_fail(parser, "%s and others call or need each other in a circle",
                               manifest->services[stuck].name);
        }
        manifest->order[place] = next;
        taken |= 1u << next;
    }
    return true;
}

bool manifest_parse(const char *text, size_t length, struct manifest *manifest,
                    struct manifest_error *error)
{
    struct parser parser = {.manifest = manifest, .error = error};
    manifest->count = 0;
    if (!each_line(&parser, text, length, find_names) ||
        !each_line(&parser, text, length, parser_read_line))
        return false;
    for (unsigned i = 0; i < manifest->count; i++) {
        if (!check_service(&parser, &manifest->services[i]))
            return false;
    }
    return order_services(&parser);
}
