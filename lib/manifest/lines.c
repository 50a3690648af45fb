/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What each line of a manifest says. A reader checks the words of its line and
 * notes them in the service it belongs to, or tells what is wrong.
 */
#include "parser.h"

#include <base/text.h>

typedef bool (*line_reader_t)(struct parser *parser);

bool parser_fail(struct parser *parser, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    parser->error->line = parser->line;
    text_format_list(parser->error->message, sizeof(parser->error->message), format, arguments);
    va_end(arguments);
    return false;
}

/* For messages: a word's text may be as long as the file. */
static int shown(struct word word)
{
    return word.length < 40 ? (int)word.length : 40;
}

bool parser_is_word(struct word word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.text, text, word.length) == 0;
}

static bool is_name_character(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
           character == '_' || character == '-';
}

/* A longer name would leave no room for the suffixes of ring handles. */
#define NAME_MAX_LENGTH (START_NAME - sizeof(".theirs"))

static bool copy_name(struct parser *parser, struct word word, char name[START_NAME])
{
    if (word.length > NAME_MAX_LENGTH)
        return parser_fail(parser, "the name \"%.*s\" is longer than %u characters", shown(word),
                           word.text, (unsigned)NAME_MAX_LENGTH);
    for (size_t i = 0; i < word.length; i++) {
        if (!is_name_character(word.text[i]))
            return parser_fail(parser, "a name has small letters, digits, - and _ only: \"%.*s\"",
                               shown(word), word.text);
    }
    memcpy(name, word.text, word.length);
    name[word.length] = '\0';
    return true;
}

static bool copy_text(struct parser *parser, struct word word, char *text, size_t size)
{
    if (word.length >= size)
        return parser_fail(parser, "the text is longer than %u characters", (unsigned)size - 1);
    if (memchr(word.text, '\0', word.length) != NULL)
        return parser_fail(parser, "the text has a NUL in it");
    memcpy(text, word.text, word.length);
    text[word.length] = '\0';
    return true;
}

static bool read_number(struct parser *parser, struct word word, uint64_t *number)
{
    size_t length = text_parse_number(word.text, word.length, number);
    unsigned shift = 0;
    if (length + 1 == word.length && word.text[length] == 'K')
        shift = 10;
    else if (length + 1 == word.length && word.text[length] == 'M')
        shift = 20;
    else if (length != word.length)
        length = 0;
    if (length == 0 || *number > UINT64_MAX >> shift)
        return parser_fail(parser, "\"%.*s\" is no number", shown(word), word.text);
    *number <<= shift;
    return true;
}

static bool need_words(struct parser *parser, unsigned least, unsigned most, const char *form)
{
    if (parser->word_count < least || parser->word_count > most)
        return parser_fail(parser, "the line must read: %s", form);
    return true;
}

static int find_service(const struct manifest *manifest, struct word word)
{
    for (unsigned i = 0; i < manifest->count; i++) {
        if (parser_is_word(word, manifest->services[i].name))
            return (int)i;
    }
    return -1;
}

static bool need_service(struct parser *parser, struct word word, unsigned *index)
{
    int found = find_service(parser->manifest, word);
    if (found < 0)
        return parser_fail(parser, "there is no service \"%.*s\"", shown(word), word.text);
    if (&parser->manifest->services[found] == parser->service)
        return parser_fail(parser, "%s names itself", parser->service->name);
    *index = (unsigned)found;
    return true;
}

static bool read_program(struct parser *parser)
{
    struct manifest_service *service = parser->service;
    if (!need_words(parser, 2, 2, "program PATH"))
        return false;
    if (service->program[0] != '\0')
        return parser_fail(parser, "%s has a program already", service->name);
    return copy_text(parser, parser->words[1], service->program, sizeof(service->program));
}

static bool read_arguments(struct parser *parser)
{
    struct manifest_service *service = parser->service;
    return copy_text(parser, parser->rest, service->arguments, sizeof(service->arguments));
}

static bool read_priority(struct parser *parser)
{
    static const struct {
        const char *name;
        uint32_t level;
    } levels[] = {
        {"idle", PRIORITY_IDLE},     {"batch", PRIORITY_BATCH},   {"normal", PRIORITY_NORMAL},
        {"server", PRIORITY_SERVER}, {"driver", PRIORITY_DRIVER},
    };
    if (!need_words(parser, 2, 2, "priority idle|batch|normal|server|driver"))
        return false;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (parser_is_word(parser->words[1], levels[i].name)) {
            parser->service->priority = levels[i].level;
            return true;
        }
    }
    return parser_fail(parser, "there is no priority \"%.*s\"", shown(parser->words[1]),
                       parser->words[1].text);
}

static bool read_limit(struct parser *parser)
{
    struct account_limits *limits = &parser->service->limits;
    const struct {
        const char *name;
        uint64_t *value;
    } kinds[] = {
        {"pages", &limits->pages},     {"handles", &limits->handles},
        {"threads", &limits->threads}, {"processes", &limits->processes},
        {"cpu_ns", &limits->cpu_ns},   {"messages", &limits->messages},
    };
    if (!need_words(parser, 3, 3, "limit pages|handles|threads|processes|cpu_ns|messages NUMBER"))
        return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (parser_is_word(parser->words[1], kinds[i].name))
            return read_number(parser, parser->words[2], kinds[i].value);
    }
    return parser_fail(parser, "there is no limit of \"%.*s\"", shown(parser->words[1]),
                       parser->words[1].text);
}

const char *manifest_resource_name(enum manifest_resource resource)
{
    static const char *const names[] = {
#define X(NAME, name, meaning) #name,
        MANIFEST_RESOURCES(X)
#undef X
    };
    return names[resource];
}

static bool add_resource(struct parser *parser, struct word word)
{
    for (unsigned i = 0; i < MANIFEST_RESOURCE_COUNT; i++) {
        if (parser_is_word(word, manifest_resource_name((enum manifest_resource)i))) {
            parser->service->resources |= 1u << i;
            return true;
        }
    }
    return parser_fail(parser, "there is no resource \"%.*s\"", shown(word), word.text);
}

static bool read_holds(struct parser *parser)
{
    if (!need_words(parser, 2, WORDS_MAX, "holds RESOURCE..."))
        return false;
    for (unsigned i = 1; i < parser->word_count; i++) {
        if (!add_resource(parser, parser->words[i]))
            return false;
    }
    return true;
}

static bool read_device(struct parser *parser)
{
    return need_words(parser, 2, 2, "device NAME") &&
           copy_name(parser, parser->words[1], parser->service->device);
}

static bool read_endpoint(struct parser *parser)
{
    parser->service->endpoint = true;
    return need_words(parser, 1, 1, "endpoint");
}

static bool read_ledger(struct parser *parser)
{
    return need_words(parser, 2, 2, "ledger BYTES") &&
           read_number(parser, parser->words[1], &parser->service->ledger_size);
}

static bool read_calls(struct parser *parser)
{
    struct manifest_service *service = parser->service;
    struct manifest_call call = {.badge = (uint64_t)(service - parser->manifest->services) + 1};
    bool with_badge = parser->word_count == 4 && parser_is_word(parser->words[2], "badge");
    if (!with_badge && !need_words(parser, 2, 2, "calls SERVICE [badge NUMBER]"))
        return false;
    if (!need_service(parser, parser->words[1], &call.service))
        return false;
    if (with_badge && !read_number(parser, parser->words[3], &call.badge))
        return false;
    if (call.badge == START_INIT_BADGE)
        return parser_fail(parser, "badge %u is init's own", (unsigned)START_INIT_BADGE);
    for (unsigned i = 0; i < service->call_count; i++) {
        if (service->calls[i].service == call.service)
            return parser_fail(parser, "%s calls it already", service->name);
    }
    if (service->call_count == MANIFEST_CALLS)
        return parser_fail(parser, "%s calls more than %u services", service->name, MANIFEST_CALLS);
    service->calls[service->call_count++] = call;
    service->needs |= 1u << call.service;
    return true;
}

static bool read_ring(struct parser *parser)
{
    struct manifest_service *service = parser->service;
    struct manifest_ring ring = {.line = parser->line};
    if (!need_words(parser, 3, 3, "ring NAME BYTES") ||
        !copy_name(parser, parser->words[1], ring.name) ||
        !read_number(parser, parser->words[2], &ring.size))
        return false;
    if (ring.size < 4096 || ring.size > UINT32_MAX / 2 || (ring.size & (ring.size - 1)) != 0)
        return parser_fail(parser, "the size of a ring is a power of two from 4K to 1024M");
    for (unsigned i = 0; i < service->ring_count; i++) {
        if (strcmp(service->rings[i].name, ring.name) == 0)
            return parser_fail(parser, "%s has \"%s\" already", service->name, ring.name);
    }
    if (service->ring_count == MANIFEST_RINGS)
        return parser_fail(parser, "%s has more than %u rings", service->name, MANIFEST_RINGS);
    service->rings[service->ring_count++] = ring;
    return true;
}

static bool read_needs(struct parser *parser)
{
    if (!need_words(parser, 2, WORDS_MAX, "needs SERVICE..."))
        return false;
    for (unsigned i = 1; i < parser->word_count; i++) {
        unsigned index;
        if (!need_service(parser, parser->words[i], &index))
            return false;
        parser->service->needs |= 1u << index;
    }
    return true;
}

static bool read_restart_limit(struct parser *parser)
{
    uint64_t count, window_s;
    if (!read_number(parser, parser->words[2], &count) ||
        !read_number(parser, parser->words[4], &window_s))
        return false;
    if (count == 0 || count > MANIFEST_RESTARTS || window_s == 0 || window_s > UINT32_MAX)
        return parser_fail(parser, "at most %u restarts are counted, within a second or more",
                           MANIFEST_RESTARTS);
    parser->service->restart_count = (uint32_t)count;
    parser->service->restart_window_s = (uint32_t)window_s;
    return true;
}

static bool read_restart(struct parser *parser)
{
    const char *form = "restart never|critical, or restart always [NUMBER in SECONDS [else stop]]";
    struct manifest_service *service = parser->service;
    const struct word *words = parser->words;
    bool stop = parser->word_count == 7 && parser_is_word(words[5], "else") &&
                parser_is_word(words[6], "stop");
    if ((parser->word_count == 5 || stop) && parser_is_word(words[1], "always") &&
        parser_is_word(words[3], "in")) {
        service->restart = MANIFEST_ALWAYS;
        service->stop_if_given_up = stop;
        return read_restart_limit(parser);
    }
    if (!need_words(parser, 2, 2, form))
        return false;
    if (parser_is_word(words[1], "never"))
        service->restart = MANIFEST_NEVER;
    else if (parser_is_word(words[1], "always"))
        service->restart = MANIFEST_ALWAYS;
    else if (parser_is_word(words[1], "critical"))
        service->restart = MANIFEST_CRITICAL;
    else
        return parser_fail(parser, "the line must read: %s", form);
    return true;
}

/* In the second pass: go to the service that the first pass has made. */
static bool read_service(struct parser *parser)
{
    parser->service = &parser->manifest->services[find_service(parser->manifest, parser->words[1])];
    return true;
}

bool parser_add_service(struct parser *parser)
{
    struct manifest *manifest = parser->manifest;
    if (!need_words(parser, 2, 2, "service NAME"))
        return false;
    if (manifest->count == MANIFEST_SERVICES)
        return parser_fail(parser, "there are more than %u services", MANIFEST_SERVICES);
    int other = find_service(manifest, parser->words[1]);
    if (other >= 0)
        return parser_fail(parser, "there is a service \"%s\" at line %u already",
                           manifest->services[other].name, manifest->services[other].line);
    struct manifest_service *service = &manifest->services[manifest->count];
    *service = (struct manifest_service){
        .priority = PRIORITY_NORMAL,
        .limits = ACCOUNT_UNLIMITED,
        .restart_count = MANIFEST_DEFAULT_RESTARTS,
        .restart_window_s = MANIFEST_DEFAULT_WINDOW_S,
        .line = parser->line,
    };
    if (!copy_name(parser, parser->words[1], service->name))
        return false;
    manifest->count++;
    return true;
}

bool parser_read_line(struct parser *parser)
{
    static const struct {
        const char *keyword;
        line_reader_t read;
    } readers[] = {
        {"program", read_program},   {"arguments", read_arguments}, {"priority", read_priority},
        {"limit", read_limit},       {"holds", read_holds},         {"device", read_device},
        {"endpoint", read_endpoint}, {"ledger", read_ledger},       {"calls", read_calls},
        {"ring", read_ring},         {"needs", read_needs},         {"restart", read_restart},

    };
    struct word keyword = parser->words[0];
    if (parser_is_word(keyword, "service"))
        return read_service(parser);
    if (parser->service == NULL)
        return parser_fail(parser, "the first line must read: service NAME");
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (parser_is_word(keyword, readers[i].keyword))
            return readers[i].read(parser);
    }
    return parser_fail(parser, "\"%.*s\" says nothing about a service", shown(keyword),
                       keyword.text);
}
