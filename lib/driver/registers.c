/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <driver/registers.h>

#include <base/service.h>
#include <trellis/native.h>

static void check(int64_t result)
{
    if (result < 0)
        service_fail("a register cannot be reached: status %d", (int)-result);
}

void driver_open_registers(struct driver_registers *registers, const struct start_block *start)
{
    *registers = (struct driver_registers){
        .handle = service_need_handle("registers"),
        .kind = start->registers.kind,
        .first = (uint32_t)start->registers.first,
    };
    if (registers->kind == START_REGISTERS_PORTS) {
        struct ioport_information information;
        check(native_ioport_inspect(registers->handle, &information));
        registers->read = information.read;
        registers->written = information.written;
    }
    if (registers->kind != START_REGISTERS_MEMORY)
        return;
    int64_t address = native_map(service_self(), registers->handle, 0, 0, start->registers.count,
                                 MAP_READ | MAP_WRITE);
    if (address < 0)
        service_fail("the registers cannot be mapped: status %d", (int)-address);
    registers->bytes = (volatile uint8_t *)address;
}

void driver_read_bytes(struct driver_registers *registers, uint32_t offset, uint8_t *bytes,
                       uint32_t count)
{
    if (registers->kind == START_REGISTERS_PORTS) {
        check(native_ioport_read(registers->handle, registers->first + offset, 1, bytes, count));
        registers->read += count;
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = registers->bytes[offset];
}

void driver_write_bytes(struct driver_registers *registers, uint32_t offset, const uint8_t *bytes,
                        uint32_t count)
{
    if (registers->kind == START_REGISTERS_PORTS) {
        check(native_ioport_write(registers->handle, registers->first + offset, 1, bytes, count));
        registers->written += count;
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        registers->bytes[offset] = bytes[i];
}

uint8_t driver_read8(struct driver_registers *registers, uint32_t offset)
{
    uint8_t value;
    driver_read_bytes(registers, offset, &value, 1);
    return value;
}

void driver_write8(struct driver_registers *registers, uint32_t offset, uint8_t value)
{
    driver_write_bytes(registers, offset, &value, 1);
}

static volatile uint32_t *wide(const struct driver_registers *registers, uint32_t offset)
{
    if (registers->kind != START_REGISTERS_MEMORY)
        service_fail("the registers are not in memory");
    return (volatile uint32_t *)(registers->bytes + offset);
}

uint32_t driver_read32(const struct driver_registers *registers, uint32_t offset)
{
    return *wide(registers, offset);
}

void driver_write32(const struct driver_registers *registers, uint32_t offset, uint32_t value)
{
    *wide(registers, offset) = value;
}
