/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What stands in a process' own memory: arguments, environment, mappings. Where
 * to look the library has published in the signal pages; it is the process' own
 * word, and all it can do is mislead about itself.
 */
#include <base/text.h>
#include <trellis/native.h>

#include "node.h"

#define PIECE 1024

static void add_range(struct output *output, const struct process *process, uint64_t start,
                      uint64_t end)
{
    char piece[PIECE];

    while (process->kernel != NULL && start < end && output->length < OUTPUT_SIZE) {
        uint64_t wanted = end - start < PIECE ? end - start : PIECE;
        int64_t got = native_process_read(process->kernel->process, start, piece, wanted);
        if (got <= 0)
            return;
        output_add_bytes(output, piece, (size_t)got);
        start += (uint64_t)got;
    }
}

void print_command_line(struct output *output, const struct procfs_node *node)
{
    const struct process *process = procfs_process(node);
    const struct process_layout *layout = &process->signals->layout;

    if (layout->arguments_start != 0)
        add_range(output, process, layout->arguments_start, layout->arguments_end);
}

void print_environment(struct output *output, const struct procfs_node *node)
{
    const struct process *process = procfs_process(node);
    const struct process_layout *layout = &process->signals->layout;

    if (layout->environment_start != 0)
        add_range(output, process, layout->environment_start, layout->environment_end);
}

static bool is_stack(const struct process_layout *layout, const struct mapping_information *mapping)
{
    return layout->stack_top > mapping->start && layout->stack_top <= mapping->end;
}

static bool is_program(const struct process_layout *layout,
                       const struct mapping_information *mapping)
{
    return mapping->object_id != 0 && mapping->start <= layout->code_end &&
           mapping->end > layout->code_start;
}

static const char *name_of_mapping(const struct process *process,
                                   const struct mapping_information *mapping)
{
    const struct process_layout *layout = &process->signals->layout;

    if (layout->heap_start >= mapping->start && layout->heap_start < mapping->end &&
        layout->heap_end > layout->heap_start)
        return "[heap]";
    if (is_stack(layout, mapping))
        return "[stack]";
    if (is_program(layout, mapping) && process->path != NULL)
        return process->path;
    return "";
}

static void add_mapping(struct output *output, const struct process *process,
                        const struct mapping_information *mapping)
{
    uint64_t flags = mapping->flags;
    bool is_private = mapping->object_id == 0 || (flags & MAP_PRIVATE_COPY) != 0;
    const char *name = name_of_mapping(process, mapping);
    size_t start = output->length;

    output_add(output, "%08lx-%08lx %c%c%c%c %08lx 00:%02x %lu", mapping->start, mapping->end,
               (flags & MAP_READ) != 0 ? 'r' : '-', (flags & MAP_WRITE) != 0 ? 'w' : '-',
               (flags & MAP_EXECUTE) != 0 ? 'x' : '-', is_private ? 'p' : 's',
               mapping->object_offset, mapping->object_id == 0 ? 0 : 1, mapping->tag);
    if (name[0] != '\0') {
        int padding = 73 - (int)(output->length - start);
        output_add(output, "%*s%s", padding > 1 ? padding : 1, "", name);
    }
    output_add(output, "\n");
}

void print_maps(struct output *output, const struct procfs_node *node)
{
    const struct process *process = procfs_process(node);
    struct mapping_information mapping;
    uint64_t address = 0;

    if (process->kernel == NULL)
        return;
    while (native_space_inspect(process->kernel->process, address, 0, &mapping) >= 0) {
        add_mapping(output, process, &mapping);
        address = mapping.end;
    }
}

static void count_mapping(struct memory_use *use, const struct process_layout *layout,
                          const struct mapping_information *mapping)
{
    uint64_t size = mapping->end - mapping->start;
    bool is_private = mapping->object_id == 0 || (mapping->flags & MAP_PRIVATE_COPY) != 0;

    if (is_stack(layout, mapping))
        use->stack += size;
    else if (is_private && (mapping->flags & MAP_WRITE) != 0)
        use->data += size;
    else if ((mapping->flags & MAP_EXECUTE) != 0 && is_program(layout, mapping))
        use->program += size;
    else if ((mapping->flags & MAP_EXECUTE) != 0)
        use->libraries += size;
}

void procfs_measure_memory(const struct process *process, struct memory_use *use)
{
    struct mapping_information mapping;
    uint64_t address = 0;

    *use = (struct memory_use){0};
    while (native_space_inspect(process->kernel->process, address, 0, &mapping) >= 0) {
        count_mapping(use, &process->signals->layout, &mapping);
        address = mapping.end;
    }
}
