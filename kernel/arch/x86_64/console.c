/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* x86-64: the first serial line, ports, random numbers, the end of the machine. */
#include "x86.h"

#include <arch/cpu.h>
#include <kernel/log.h>

#define SERIAL 0x3f8
#define SERIAL_PORTS 8
#define SERIAL_STATUS (SERIAL + 5)
#define SERIAL_ROOM 0x20
#define SERIAL_SPINS 1000000  /* a line that is not there never has room */
#define EXIT_PORT 0xf4        /* QEMU's isa-debug-exit */
#define POWER_SLEEP 0x2000    /* SLP_EN; the sleep type of S5 is 0 on the machines we know */
#define KEYBOARD_COMMAND 0x64 /* IBM PC/AT: this command pulses the reset line */
#define KEYBOARD_PULSE_RESET 0xfe
#define PORTS 0x10000
#define RANDOM_TRIES 10

static uint16_t power_port;

void x86_set_power_port(uint64_t port)
{
    power_port = port < PORTS ? (uint16_t)port : 0;
}

void arch_console_put(uint8_t byte)
{
    for (unsigned spins = 0; (x86_in8(SERIAL_STATUS) & SERIAL_ROOM) == 0; spins++)
        if (spins == SERIAL_SPINS)
            return;
    x86_out8(SERIAL, byte);
}

/* CPUID leaf 1, ecx bit 30. */
bool arch_random(uint64_t *value)
{
    if ((x86_identify(1, 0).ecx & 1u << 30) == 0)
        return false;
    for (unsigned i = 0; i < RANDOM_TRIES; i++) {
        bool good;
        __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(good));
        if (good)
            return true;
    }
    return false;
}

uint32_t arch_port_count(void)
{
    return PORTS;
}

uint32_t arch_port_read(uint32_t port, uint32_t width)
{
    if (width == 1)
        return x86_in8((uint16_t)port);
    return width == 2 ? x86_in16((uint16_t)port) : x86_in32((uint16_t)port);
}

void arch_port_write(uint32_t port, uint32_t width, uint32_t value)
{
    if (port - SERIAL < SERIAL_PORTS)
        log_release_console();
    if (width == 1)
        x86_out8((uint16_t)port, (uint8_t)value);
    else if (width == 2)
        x86_out16((uint16_t)port, (uint16_t)value);
    else
        x86_out32((uint16_t)port, value);
}

_Noreturn void arch_machine_restart(void)
{
    x86_out8(KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* A machine that cannot be turned off starts again, unless there is a panic to be read. */
_Noreturn void arch_machine_stop(enum stop_kind kind)
{
    x86_out8(EXIT_PORT, (uint8_t)kind);
    if (power_port != 0)
        x86_out16(power_port, POWER_SLEEP);
    if (kind == STOP_ORDERLY)
        arch_machine_restart();
    for (;;)
        __asm__ volatile("cli; hlt");
}
