/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* From boot/ to the first process. */
#include <kernel/main.h>

#include <arch/cpu.h>
#include <kernel/account.h>
#include <kernel/console.h>
#include <kernel/cpu.h>
#include <kernel/init.h>
#include <kernel/log.h>
#include <kernel/page.h>
#include <kernel/scheduler.h>
#include <kernel/string.h>
#include <kernel/time.h>

/* Whether this word stands on the command line. */
static bool has_option(const struct boot_info *boot, const char *option)
{
    const char *word = boot->command_line;
    while (*word != 0) {
        size_t length = 0;
        while (word[length] != 0 && word[length] != ' ')
            length++;
        if (length == strlen(option) && memcmp(word, option, length) == 0)
            return true;
        word += word[length] == ' ' ? length + 1 : length;
    }
    return false;
}

void must_succeed(enum status status, const char *what)
{
    if (status == STATUS_NO_MEMORY)
        machine_fail(STOP_MEMORY, "no memory for %s", what);
    if (status != STATUS_OK)
        panic("cannot start: %s failed with status %d", what, (int)status);
}

static void create_root_account(void)
{
    struct account_limits limits = ACCOUNT_UNLIMITED;

    limits.pages = page_count_total();
    must_succeed(account_create(NULL, &limits, &account_root), "the root account");
}

/* From the last of the boot entropy, which nobody else gets then. */
static void draw_canary(struct boot_info *boot)
{
    if (boot->entropy_bytes < sizeof(uint64_t))
        return;
    boot->entropy_bytes -= sizeof(uint64_t);
    uint64_t *word = &boot->entropy[boot->entropy_bytes / sizeof(uint64_t)];
    __stack_chk_guard = *word << 8;
    *word = 0;
}

_Noreturn void kernel_main(struct boot_info *boot, const struct init_image *init)
{
    draw_canary(boot);
    struct cpu *cpu = cpu_get(0);
    arch_cpu_init(cpu);
    cpu->node = boot->cpu_nodes[0];
    console_init(has_option(boot, "console=framed"), boot->console_registers);
    if (has_option(boot, "log=uart"))
        log_keep_console();
    log_line("Trellis");
    page_init(boot);
    const char *missing = arch_machine_init(boot);
    if (missing != NULL)
        panic("this machine lacks %s", missing);
    must_succeed(time_init(), "the clock");
    scheduler_init_cpu(0);
    cpu_start_others(boot);
    create_root_account(); /* accounts have room for as many CPUs as there are */
    log_line("%lu MiB of memory, %u CPU%s", page_count_total() * PAGE_SIZE >> 20, cpu_count(),
             cpu_count() == 1 ? "" : "s");
    init_start(boot, init);
    scheduler_leave_kernel();
}
