/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A plugin of QEMU that writes the address of every instruction executed between
 * two places: eight bytes each, in the host's order. The instruction at the first
 * place is the first of a stretch, and the one at the second ends it.
 *
 *   -plugin trace.so,begin=ADDRESS,end=ADDRESS,output=PATH
 *
 * For one processor.
 */
#include "qemu_plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const int qemu_plugin_version = QEMU_PLUGIN_INTERFACE;

static uint64_t begin, end;
static FILE *file;
static bool recording;

static void executed(unsigned cpu, void *data)
{
    uint64_t address = (uint64_t)data;
    (void)cpu;
    if (address == begin || address == end)
        recording = address == begin;
    if (recording && fwrite(&address, sizeof(address), 1, file) != 1)
        abort();
}

static void translated(uint64_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (uint64_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        qemu_plugin_register_vcpu_insn_exec_cb(instruction, executed, QEMU_PLUGIN_NO_REGISTERS,
                                               (void *)qemu_plugin_insn_vaddr(instruction));
    }
}

static void finish(uint64_t id, void *data)
{
    (void)id;
    (void)data;
    if (fclose(file) != 0)
        abort();
}

/* The value of `name`=... among the arguments, or an empty string. */
static const char *value_of(const char *name, int count, char **arguments)
{
    size_t length = strlen(name);
    for (int i = 0; i < count; i++) {
        if (strncmp(arguments[i], name, length) == 0 && arguments[i][length] == '=')
            return arguments[i] + length + 1;
    }
    return "";
}

int qemu_plugin_install(uint64_t id, const void *information, int count, char **arguments)
{
    (void)information;
    begin = strtoull(value_of("begin", count, arguments), NULL, 0);
    end = strtoull(value_of("end", count, arguments), NULL, 0);
    file = fopen(value_of("output", count, arguments), "wb");
    if (begin == 0 || end == 0 || file == NULL) {
        fprintf(stderr, "trace: begin=ADDRESS,end=ADDRESS,output=PATH\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
