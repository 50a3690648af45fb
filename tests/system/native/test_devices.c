/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What a driver can reach: its own device's registers and interrupt, and nothing else. The
 * devices are had as init has them, from the device server; a process that holds what a
 * driver holds tries everything else.
 */
#include <archive/newc.h>
#include <base/ipc.h>
#include <base/service.h>
#include <base/text.h>
#include <loader/load.h>
#include <protocols/device.h>
#include <protocols/start.h>
#include <trellis/boot_info.h>

#include "harness.h"
#include "machine.h"
#include "threads.h"

#define STACK_SIZE UINT64_C(65536)
#define SERVER "bin/device"
#define STRANGER_BADGE 1
#define LEGACY_PORTS 8 /* no device of a PC that has a driver has more */

/* What CLAIM gives. */
struct device {
    struct start_registers about;
    handle_t registers, interrupt; /* HANDLE_NONE: it has none */
    char driver[32];
};

static handle_t session, stranger; /* init's with the device server, and another's */

/* The device server. */

static void give(struct start_block *block, handle_t process, const char *name, handle_t handle)
{
    struct start_handle *entry = &block->handles[block->handle_count];
    if (handle == HANDLE_NONE)
        return;
    (void)text_copy(entry->name, sizeof(entry->name), name);
    entry->handle = SUCCEED(native_process_give(process, handle, RIGHT_SAME, 0));
    block->handle_count++;
}

static void prepare_server(struct loader_program *program)
{
    struct memory_information information;
    struct archive_entry file;
    enum elf_outcome outcome;
    handle_t archive = service_need_handle("archive");
    SUCCEED(native_memory_inspect(archive, &information));
    uint64_t bytes =
        SUCCEED(native_map(test_world.self, archive, 0, 0, information.size, MAP_READ));
    CHECK(archive_find((const void *)bytes, information.size, SERVER, &file) == ARCHIVE_ENTRY);
    CHECK_EQUAL(loader_prepare(file.data, file.size, test_world.account, program, &outcome),
                STATUS_OK);
    SUCCEED(native_unmap(test_world.self, bytes, information.size));
}

static void start_server(handle_t endpoint)
{
    static const char *const names[] = {"account", "boot_info", "ioports", "iospace", "interrupts"};
    static struct start_block block = {.size = sizeof(block), .name = "device"};
    static struct loader_program program;
    struct thread_start start = {.priority = PRIORITY_NORMAL};
    handle_t process =
        SUCCEED(native_process_create(test_world.account, HANDLE_NONE, "device", 6, 0));
    prepare_server(&program);
    give(&block, process, "self", process);
    give(&block, process, "endpoint", endpoint);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        give(&block, process, names[i], service_handle(names[i]));
    handle_t memory = SUCCEED(native_memory_create(test_world.account, sizeof(block), 0));
    CHECK_EQUAL(native_memory_write(memory, 0, &block, sizeof(block)), sizeof(block));
    CHECK_EQUAL(loader_map(&program, process, 0, 0), STATUS_OK);
    start.argument = SUCCEED(native_map(process, memory, 0, 0, USER_PAGE_SIZE, MAP_READ));
    start.sp = STACK_SIZE +
               SUCCEED(native_map(process, HANDLE_NONE, 0, 0, STACK_SIZE, MAP_READ | MAP_WRITE));
    start.pc = program.image.entry;
    SUCCEED(native_thread_create(process, &start));
}

/* The status in the reply; what it gave. */
static enum status claim(handle_t by, const char *name, struct device *device)
{
    struct message message;
    const struct frame *frame = ipc_frame();
    message_begin(&message, DEVICE_CLAIM);
    message_copy_text(&message, ipc_frame(), name, strlen(name));
    CHECK_STATUS(ipc_call(by, &message), OK);
    unsigned count = message_handle_count(message.information);
    *device = (struct device){
        .about = {.kind = (uint32_t)message.words[0],
                  .first = message.words[1],
                  .count = message.words[2]},
        .registers = count > 0 ? frame->handles[0].handle : HANDLE_NONE,
        .interrupt = count > 1 ? frame->handles[1].handle : HANDLE_NONE,
    };
    text_format(device->driver, sizeof(device->driver), "%.*s",
                (int)message_text_length(message.information), frame_text(ipc_frame()));
    return (enum status)message_label(message.information);
}

static void give_up(const struct device *device)
{
    CLOSE(device->registers);
    if (device->interrupt != HANDLE_NONE)
        CLOSE(device->interrupt);
}

/* The driver: a copy of this program that holds no more than one. */

static void reach_ports(const struct device *device)
{
    uint32_t first = (uint32_t)device->about.first, count = (uint32_t)device->about.count;
    handle_t ports = device->registers;
    uint8_t bytes[4] = {0};
    SUCCEED(native_ioport_read(ports, first + count - 1, 1, bytes, 1));
    CHECK_STATUS(native_ioport_read(ports, first - 1, 1, bytes, 1), OUT_OF_RANGE);
    CHECK_STATUS(native_ioport_read(ports, first + count, 1, bytes, 1), OUT_OF_RANGE);
    CHECK_STATUS(native_ioport_read(ports, first + count - 1, 2, bytes, 2), OUT_OF_RANGE);
    CHECK_STATUS(native_ioport_write(ports, first - 1, 1, bytes, 1), OUT_OF_RANGE);
    CHECK_STATUS(native_ioport_write(ports, first + count, 1, bytes, 1), OUT_OF_RANGE);
    CHECK_STATUS(native_ioport_create(ports, first - 1, 2), OUT_OF_RANGE);
    CHECK_STATUS(native_ioport_create(ports, first, count + 1), OUT_OF_RANGE);
}

static uint64_t size_of(const struct device *device)
{
    return (device->about.count + USER_PAGE_SIZE - 1) & ~(USER_PAGE_SIZE - 1);
}

static void reach_memory(const struct device *device)
{
    uint64_t size = size_of(device);
    uint64_t address =
        SUCCEED(native_map(test_world.self, device->registers, 0, 0, size, MAP_READ | MAP_WRITE));
    CHECK(native_memory_resize(device->registers, size + USER_PAGE_SIZE) < 0);
    SUCCEED(native_unmap(test_world.self, address, size));
}

/* Neither of its handles is one from which other devices could be had. */
static void reach_others(handle_t own)
{
    uint8_t byte = 0;
    CHECK_STATUS(native_memory_create_physical(own, 0, USER_PAGE_SIZE), WRONG_TYPE);
    CHECK_STATUS(native_interrupt_create(own, test_world.account, UNUSED_LINE, 0), WRONG_TYPE);
    CHECK_STATUS(native_machine_stop(own, MACHINE_OFF, 0), WRONG_TYPE);
    CHECK_STATUS(native_ioport_read(service_handle("iospace"), 0, 1, &byte, 1), BAD_HANDLE);
}

static uint64_t be_driver(uint64_t argument, struct frame *frame)
{
    const struct device *device = (const struct device *)argument;
    if (device->about.kind == START_REGISTERS_PORTS)
        reach_ports(device);
    else
        reach_memory(device);
    reach_others(device->registers);
    if (device->interrupt == HANDLE_NONE)
        return 0;
    reach_others(device->interrupt);
    SUCCEED(native_interrupt_acknowledge(device->interrupt));
    return 0;
}

/* Behind its registers there is nothing, if it maps more or not. */
static uint64_t be_greedy(uint64_t argument, struct frame *frame)
{
    const struct device *device = (const struct device *)argument;
    uint64_t size = size_of(device);
    uint64_t address = SUCCEED(native_map(test_world.self, device->registers, 0, 0,
                                          size + USER_PAGE_SIZE, MAP_READ | MAP_WRITE));
    (void)*(const volatile uint32_t *)(address + size);
    return 0;
}

/* Past the kernel. */
static uint64_t be_bold(uint64_t argument, struct frame *frame)
{
    reach_device(((const struct device *)argument)->about.first);
    return 0;
}

static void run_driver(const struct device *device, test_function *function,
                       struct process_information *information)
{
    static struct device its;
    struct test_child child = {.function = function, .argument = (uint64_t)&its};
    its = *device;
    test_child_create(&child);
    its.registers = test_child_give(&child, device->registers, RIGHT_SAME);
    if (device->interrupt != HANDLE_NONE)
        its.interrupt = test_child_give(&child, device->interrupt, RIGHT_SAME);
    CHECK_EQUAL(native_process_write(child.process, (uint64_t)&its, &its, sizeof(its)),
                sizeof(its));
    test_child_start(&child);
    test_child_join(&child, information);
}

/* Cases. */

static const char *const names[] = {"serial0", "clock0"};

static void check_registers(const struct device *device)
{
    struct ioport_information ports;
    struct memory_information memory;
    CHECK(device->about.count > 0 && device->about.count <= USER_PAGE_SIZE);
    if (device->about.kind == START_REGISTERS_PORTS) {
        SUCCEED(native_ioport_inspect(device->registers, &ports));
        CHECK_EQUAL(ports.first, device->about.first);
        CHECK_EQUAL(ports.count, device->about.count);
        CHECK(ports.count <= LEGACY_PORTS);
        return;
    }
    CHECK_EQUAL(device->about.kind, START_REGISTERS_MEMORY);
    SUCCEED(native_memory_inspect(device->registers, &memory));
    CHECK_EQUAL(memory.size, USER_PAGE_SIZE);
}

static void test_claim(void)
{
    struct device devices[2], again;
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQUAL(claim(session, names[i], &devices[i]), STATUS_OK);
        CHECK(devices[i].driver[0] != '\0');
        check_registers(&devices[i]);
    }
    CHECK(devices[0].interrupt != HANDLE_NONE);
    CHECK(devices[0].about.first + devices[0].about.count <= devices[1].about.first ||
          devices[1].about.first + devices[1].about.count <= devices[0].about.first);
    CHECK_EQUAL(claim(session, "serial0", &again), STATUS_BUSY); /* its interrupt is */
    CHECK_EQUAL(claim(session, "serial7", &again), STATUS_NOT_FOUND);
    CHECK_EQUAL(claim(stranger, "serial0", &again), STATUS_NO_RIGHT);
    for (unsigned i = 0; i < 2; i++)
        give_up(&devices[i]);
}

static void test_driver(void)
{
    struct process_information information;
    struct device device;
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQUAL(claim(session, names[i], &device), STATUS_OK);
        run_driver(&device, be_driver, &information);
        CHECK_EQUAL(information.reason, END_EXIT);
        CHECK_EQUAL(information.code, 0);
        run_driver(&device, be_bold, &information);
        CHECK_EQUAL(information.reason, END_FAULT);
        if (device.about.kind == START_REGISTERS_MEMORY) {
            run_driver(&device, be_greedy, &information);
            CHECK_EQUAL(information.reason, END_FAULT);
        }
        give_up(&device);
    }
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"what the device server gives", test_claim},
        {"what a driver reaches", test_driver},
    };
    test_begin();
    handle_t endpoint = SUCCEED(native_endpoint_create(test_world.account));
    start_server(endpoint);
    session = SUCCEED(native_session_create(endpoint, START_INIT_BADGE));
    stranger = SUCCEED(native_session_create(endpoint, STRANGER_BADGE));
    TEST_RUN(cases);
}
