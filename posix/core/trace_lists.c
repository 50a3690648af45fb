/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What a trace shows of arguments whose length stands in another one or in the result. */
#include "trace_format.h"

#include <posix/copy.h>
#include <posix/linux/file.h>
#include <posix/linux/socket.h>

#define SHOWN_MAX 16 /* elements of a list */
#define SELECT_MAX 1024

/* The next of a list's elements; false: no more are shown. */
static bool next_element(struct trace_line *line, uint64_t *address, unsigned at, void *element,
                         size_t size)
{
    if (at > 0)
        trace_add(line, ", ");
    if (at == SHOWN_MAX) {
        trace_add(line, "...");
        return false;
    }
    if (copy_from_program(element, *address, size) != 0) {
        trace_add_pointer(line, *address);
        return false;
    }
    *address += size;
    return true;
}

/* The pieces of readv hold `filled` bytes together, those of writev all they can. */
static void add_vectors(struct trace_line *line, uint64_t address, uint64_t count, uint64_t filled)
{
    struct linux_iovec piece;

    trace_add(line, "[");
    for (unsigned i = 0; i < count && next_element(line, &address, i, &piece, sizeof(piece)); i++) {
        uint64_t shown = piece.length < filled ? piece.length : filled;
        trace_add(line, "{iov_base=");
        trace_add_buffer(line, piece.base, shown);
        trace_add(line, ", iov_len=%lu}", (unsigned long)piece.length);
        filled -= shown;
    }
    trace_add(line, "]");
}

static void add_polled(struct trace_line *line, uint64_t address, uint64_t count, bool answered)
{
    struct linux_pollfd polled;

    trace_add(line, "[");
    for (unsigned i = 0; i < count && next_element(line, &address, i, &polled, sizeof(polled));
         i++) {
        trace_add(line, "{fd=%d, events=", polled.fd);
        trace_add_poll_bits(line, "POLL", polled.events);
        if (answered && polled.revents != 0) {
            trace_add(line, ", revents=");
            trace_add_poll_bits(line, "POLL", polled.revents);
        }
        trace_add(line, "}");
    }
    trace_add(line, "]");
}

static void add_events(struct trace_line *line, uint64_t address, int64_t count)
{
    trace_add(line, "[");
    for (unsigned i = 0; i < (uint64_t)count && i < SHOWN_MAX; i++) {
        trace_add(line, i == 0 ? "" : ", ");
        trace_add_structure(line, ARGUMENT_EVENT, address + i * sizeof(struct linux_epoll_event));
    }
    trace_add(line, count > SHOWN_MAX ? ", ...]" : "]");
}

static void add_words(struct trace_line *line, uint64_t address, int64_t count)
{
    int32_t word;

    trace_add(line, "[");
    for (unsigned i = 0;
         i < (uint64_t)count && next_element(line, &address, i, &word, sizeof(word)); i++)
        trace_add(line, "%d", word);
    trace_add(line, "]");
}

static void add_selected(struct trace_line *line, uint64_t address, uint64_t count)
{
    uint8_t set[SELECT_MAX / 8];
    const char *separator = "";

    count = count < SELECT_MAX ? count : SELECT_MAX;
    if (address == 0 || copy_from_program(set, address, (count + 7) / 8) != 0) {
        trace_add_pointer(line, address);
        return;
    }
    trace_add(line, "[");
    for (unsigned fd = 0; fd < count; fd++) {
        if ((set[fd / 8] >> fd % 8 & 1) == 0)
            continue;
        trace_add(line, "%s%u", separator, fd);
        separator = " ";
    }
    trace_add(line, "]");
}

static void add_entries(struct trace_line *line, uint64_t address, uint64_t size)
{
    struct linux_dirent64 entry;
    unsigned count = 0;

    trace_add_pointer(line, address);
    for (uint64_t at = 0; at < size; at += entry.length) {
        if (copy_from_program(&entry, address + at, sizeof(entry)) != 0 || entry.length == 0)
            return;
        count++;
    }
    trace_add(line, " /* %u entries */", count);
}

static void add_environment(struct trace_line *line, uint64_t address)
{
    uint64_t pointer, at = address;
    unsigned count = 0;

    trace_add_pointer(line, address);
    while (address != 0 && copy_from_program(&pointer, at, sizeof(pointer)) == 0 && pointer != 0) {
        at += sizeof(pointer);
        count++;
    }
    if (address != 0)
        trace_add(line, " /* %u vars */", count);
}

/* An address given by a program has its length beside it, one asked for has it in memory. */
static void add_address(struct trace_line *line, uint64_t address, uint64_t length, bool out)
{
    struct linux_sockaddr_un name = {0};
    uint32_t given = (uint32_t)length;

    if (address == 0 || (out && copy_from_program(&given, length, sizeof(given)) != 0)) {
        trace_add_pointer(line, address);
        return;
    }
    given = given < sizeof(name) ? given : sizeof(name);
    if (given < sizeof(name.family) || copy_from_program(&name, address, given) != 0)
        trace_add_pointer(line, address);
    else if (name.family != LINUX_AF_UNIX)
        trace_add(line, "{sa_family=%u}", name.family);
    else if (given == sizeof(name.family))
        trace_add(line, "{sa_family=AF_UNIX}");
    else
        trace_add(line, "{sa_family=AF_UNIX, sun_path=%s\"%.107s\"}", name.path[0] == 0 ? "@" : "",
                  name.path + (name.path[0] == 0));
}

static void add_rights(struct trace_line *line, uint64_t address, uint64_t length)
{
    struct linux_cmsghdr header;

    if (length < sizeof(header) || copy_from_program(&header, address, sizeof(header)) != 0 ||
        header.level != LINUX_SOL_SOCKET || header.type != LINUX_SCM_RIGHTS ||
        header.length < sizeof(header) || header.length > length) {
        trace_add_pointer(line, address);
        return;
    }
    trace_add(line, "[{cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=");
    add_words(line, address + sizeof(header),
              (int64_t)((header.length - sizeof(header)) / sizeof(int32_t)));
    trace_add(line, "}]");
}

static void add_message(struct trace_line *line, uint64_t address, uint64_t filled)
{
    struct linux_msghdr message;

    if (copy_from_program(&message, address, sizeof(message)) != 0) {
        trace_add_pointer(line, address);
        return;
    }
    trace_add(line, "{msg_name=");
    add_address(line, message.name, message.name_length, false);
    trace_add(line, ", msg_iov=");
    add_vectors(line, message.vectors, message.vector_count, filled);
    if (message.control_length > 0 && message.control_length <= UINT32_MAX) {
        trace_add(line, ", msg_control=");
        add_rights(line, message.control, message.control_length);
    }
    trace_add(line, ", msg_flags=%#x}", message.flags);
}

/* The third argument of fcntl. */
static void add_command(struct trace_line *line, uint64_t command, uint64_t value)
{
    static const struct flag_name descriptor_flags[] = {{LINUX_FD_CLOEXEC, "FD_CLOEXEC"},
                                                        {0, NULL}};
    static const struct flag_name file_flags[] = {{LINUX_O_RDONLY, "O_RDONLY"},
                                                  {LINUX_O_WRONLY, "O_WRONLY"},
                                                  {LINUX_O_RDWR, "O_RDWR"},
                                                  {LINUX_O_APPEND, "O_APPEND"},
                                                  {LINUX_O_NONBLOCK, "O_NONBLOCK"},
                                                  {LINUX_O_LARGEFILE, "O_LARGEFILE"},
                                                  {0, NULL}};

    if (command == LINUX_F_SETFD)
        trace_add_flags(line, descriptor_flags, 0, (uint32_t)value);
    else if (command == LINUX_F_SETFL)
        trace_add_flags(line, file_flags, LINUX_O_ACCMODE, (uint32_t)value);
    else if ((command >= LINUX_F_GETLK && command <= LINUX_F_SETLKW) ||
             (command >= LINUX_F_OFD_GETLK && command <= LINUX_F_OFD_SETLKW))
        trace_add_structure(line, ARGUMENT_LOCK, value);
    else
        trace_add(line, "%ld", (long)value);
}

bool trace_add_list(struct trace_line *line, const struct trace_argument *argument)
{
    enum argument_kind kind = argument->shape->kind;
    uint64_t value = trace_value(argument, 0);
    uint64_t filled = argument->shape->out ? (uint64_t)argument->result : UINT64_MAX;

    if (kind == ARGUMENT_VECTORS)
        add_vectors(line, value, trace_value(argument, 1), filled);
    else if (kind == ARGUMENT_POLL)
        add_polled(line, value, trace_value(argument, 1), argument->result >= 0);
    else if (kind == ARGUMENT_SELECT)
        add_selected(line, value, argument->all[0]);
    else if (kind == ARGUMENT_EVENTS)
        add_events(line, value, argument->result);
    else if (kind == ARGUMENT_ENTRIES)
        add_entries(line, value, (uint64_t)argument->result);
    else if (kind == ARGUMENT_WORDS)
        add_words(line, value, argument->result);
    else if (kind == ARGUMENT_ENVIRONMENT)
        add_environment(line, value);
    else if (kind == ARGUMENT_ADDRESS)
        add_address(line, value, trace_value(argument, 1), argument->shape->out);
    else if (kind == ARGUMENT_MESSAGE)
        add_message(line, value, filled);
    else if (kind == ARGUMENT_COMMAND)
        add_command(line, argument->all[argument->index - 1], value);
    else
        return false;
    return true;
}
