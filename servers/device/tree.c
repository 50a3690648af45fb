/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Devices of the device tree: a class and a number are a name, and what the tree calls
 * them says which driver is theirs.
 */
#include "device.h"

#include <base/text.h>
#include <device_tree/tree.h>

struct kind {
    const char *class, *compatible, *driver;
};

static const struct kind kinds[] = {
    {"serial", "ns16550a", "uart16550"},
    {"serial", "arm,pl011", "pl011"},
    {"clock", "google,goldfish-rtc", "goldfish"},
    {"clock", "arm,pl031", "pl031"},
};

/* "serial3": the class' length, and the number behind it; 0 without one. */
static size_t split_name(const char *name, size_t length, uint64_t *number)
{
    size_t class = 0;
    while (class < length && (name[class] < '0' || name[class] > '9'))
        class ++;
    size_t digits = text_parse_number(name + class, length - class, number);
    return digits > 0 && class + digits == length ? class : 0;
}

static bool is_of_class(const struct kind *kind, const char *name, size_t length)
{
    return strlen(kind->class) == length && memcmp(kind->class, name, length) == 0;
}

static bool describe(const void *tree, const struct kind *kind, int node, struct device *device)
{
    struct tree_registers registers;
    struct tree_interrupt interrupt = {DEVICE_NO_LINE, 0};
    if (!tree_registers(tree, node, 0, &registers))
        return false;
    (void)tree_interrupt(tree, node, 0, &interrupt);
    *device = (struct device){
        .driver = kind->driver,
        .registers = {.kind = START_REGISTERS_MEMORY,
                      .first = registers.start,
                      .count = registers.size},
        .line = interrupt.line,
        .flags = interrupt.flags,
    };
    return true;
}

static bool find_console(const void *tree, const char *name, size_t length, struct device *device)
{
    int console = tree_console(tree);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && console != TREE_NONE; i++) {
        if (is_of_class(&kinds[i], name, length) &&
            tree_lists(tree, console, "compatible", kinds[i].compatible))
            return describe(tree, &kinds[i], console, device);
    }
    return false;
}

bool tree_find_device(const void *tree, const char *name, size_t length, struct device *device)
{
    uint64_t number;
    size_t class = split_name(name, length, &number);
    if (class == 0)
        return false;
    if (number == 0 && find_console(tree, name, class, device))
        return true;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!is_of_class(&kinds[i], name, class))
            continue;
        for (int node = TREE_NONE;
             (node = tree_next_compatible(tree, node, kinds[i].compatible)) != TREE_NONE;) {
            if (number-- == 0)
                return describe(tree, &kinds[i], node, device);
        }
    }
    return false;
}
