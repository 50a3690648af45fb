/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Mappings: Linux' calls in terms of the kernel's, which keeps the map. The
 * library's own region is out of the program's reach.
 */
#include <posix/linux/memory.h>

#include <base/errno.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/file.h>
#include <posix/linux/process.h>
#include <posix/request.h>
#include <posix/task.h>
#include <trellis/native.h>

#define PAGE_MASK ((uint64_t)USER_PAGE_SIZE - 1)
#define PAGE_UP(value) (((value) + PAGE_MASK) & ~PAGE_MASK)
#define PROTECTION (LINUX_PROT_READ | LINUX_PROT_WRITE | LINUX_PROT_EXEC)
#define O_ACCESS_MODE 3
#define O_READ_WRITE 2
#define O_WRITE_ONLY 1

static uint32_t native_protection(uint32_t protection)
{
    uint32_t flags = 0;

    if ((protection & (LINUX_PROT_READ | LINUX_PROT_WRITE | LINUX_PROT_EXEC)) != 0)
        flags |= MAP_READ;
    if ((protection & LINUX_PROT_WRITE) != 0)
        flags |= MAP_WRITE;
    if ((protection & LINUX_PROT_EXEC) != 0)
        flags |= MAP_EXECUTE;
    if ((flags & MAP_WRITE) != 0 && (flags & MAP_EXECUTE) != 0)
        flags |= MAP_ALLOW_WX;
    return flags;
}

/* The errno of a native mapping call. */
static int64_t mapping_result(int64_t result)
{
    if (result >= 0)
        return result;
    enum status status = status_of_result(result);
    if (status == STATUS_NOT_FOUND || status == STATUS_OUT_OF_RANGE || status == STATUS_LIMIT)
        return -LINUX_ENOMEM;
    return request_error(result);
}

static uint64_t mapped_within(uint64_t address, uint64_t end)
{
    struct mapping_information mapping;
    uint64_t sum = 0;

    while (address < end && native_space_inspect(library.self, address, 0, &mapping) >= 0 &&
           mapping.start < end) {
        uint64_t start = mapping.start > address ? mapping.start : address;
        sum += (mapping.end < end ? mapping.end : end) - start;
        address = mapping.end;
    }
    return sum;
}

/* RLIMIT_AS; what the library has mapped counts. */
static bool may_map(const struct task *task, uint64_t length)
{
    uint64_t limit = task_limit(task, LINUX_RLIMIT_AS);
    struct process_information information;

    if (limit == LINUX_RLIM_INFINITY)
        return true;
    return native_process_inspect(library.self, &information) >= 0 &&
           information.mapped_bytes <= limit && length <= limit - information.mapped_bytes;
}

static bool is_range(uint64_t address, uint64_t length)
{
    return (address & PAGE_MASK) == 0 && copy_range_valid(address, length) &&
           PAGE_UP(length) >= length;
}

static int check_map(const struct mmap_arguments *arguments)
{
    uint32_t type = arguments->flags & LINUX_MAP_TYPE;
    bool fixed = (arguments->flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE)) != 0;

    if (arguments->length == 0 || (arguments->offset & PAGE_MASK) != 0)
        return -LINUX_EINVAL;
    if (type != LINUX_MAP_SHARED && type != LINUX_MAP_PRIVATE && type != LINUX_MAP_SHARED_VALIDATE)
        return -LINUX_EINVAL;
    if (PAGE_UP(arguments->length) == 0 || arguments->length > USER_LIBRARY)
        return -LINUX_ENOMEM;
    if (arguments->offset + arguments->length < arguments->offset)
        return -LINUX_EOVERFLOW;
    if (fixed && (arguments->address & PAGE_MASK) != 0)
        return -LINUX_EINVAL;
    if (fixed && (!copy_range_valid(arguments->address, PAGE_UP(arguments->length)) ||
                  arguments->address < USER_START))
        return arguments->address < USER_START ? -LINUX_EPERM : -LINUX_ENOMEM;
    return 0;
}

static int64_t map_at(const struct mmap_arguments *arguments, handle_t memory, uint32_t flags)
{
    uint64_t address = arguments->address & ~PAGE_MASK, length = PAGE_UP(arguments->length);
    uint64_t offset = memory == HANDLE_NONE ? 0 : arguments->offset;

    if ((arguments->flags & LINUX_MAP_FIXED_NOREPLACE) != 0)
        flags |= MAP_FIXED_ADDRESS | MAP_NO_REPLACE;
    else if ((arguments->flags & LINUX_MAP_FIXED) != 0)
        flags |= MAP_FIXED_ADDRESS;
    if ((arguments->flags & LINUX_MAP_POPULATE) != 0)
        flags |= MAP_POPULATE;
    bool hint = (flags & MAP_FIXED_ADDRESS) == 0 && address >= USER_START &&
                copy_range_valid(address, length);
    if (hint) {
        int64_t result = native_map(library.self, memory, offset, address, length,
                                    flags | MAP_FIXED_ADDRESS | MAP_NO_REPLACE);
        if (status_of_result(result) != STATUS_EXISTS)
            return mapping_result(result);
    }
    if ((flags & MAP_FIXED_ADDRESS) == 0)
        address = 0;
    return mapping_result(native_map(library.self, memory, offset, address, length, flags));
}

static int64_t map_anonymous(const struct mmap_arguments *arguments)
{
    uint32_t flags = native_protection(arguments->protection);

    if ((arguments->flags & LINUX_MAP_TYPE) == LINUX_MAP_PRIVATE)
        return map_at(arguments, HANDLE_NONE, flags);
    struct mmap_arguments whole = *arguments;
    whole.offset = 0;
    int64_t memory = native_memory_create(library.account, PAGE_UP(arguments->length), 0);
    if (memory < 0)
        return mapping_result(memory);
    int64_t result = map_at(&whole, (handle_t)memory, flags);
    request_close_handle((handle_t)memory);
    return result;
}

static int check_access(const struct file *file, const struct mmap_arguments *arguments)
{
    uint32_t access = file->status_flags & O_ACCESS_MODE;
    bool shared = (arguments->flags & LINUX_MAP_TYPE) != LINUX_MAP_PRIVATE;

    if (access == O_WRITE_ONLY)
        return -LINUX_EACCES;
    if (shared && (arguments->protection & LINUX_PROT_WRITE) != 0 && access != O_READ_WRITE)
        return -LINUX_EACCES;
    return 0;
}

static int64_t map_pages(const struct mmap_arguments *arguments, const struct file_pages *pages)
{
    uint32_t flags = native_protection(arguments->protection);

    if (pages->device_zero)
        return map_anonymous(arguments);
    if ((arguments->flags & LINUX_MAP_TYPE) == LINUX_MAP_PRIVATE)
        flags |= MAP_PRIVATE_COPY;
    int64_t result = map_at(arguments, pages->memory, flags);
    if (pages->close_memory)
        request_close_handle(pages->memory);
    return result;
}

static int64_t map_file(struct task *task, const struct mmap_arguments *arguments)
{
    struct file_pages pages = {0};
    struct file *file = file_get_open(task, arguments->fd);

    if (file == NULL)
        return -LINUX_EBADF;
    int error = check_access(file, arguments);
    if (error == 0)
        error = file->operations->pages == NULL ? -LINUX_ENODEV
                                                : file->operations->pages(task, file, &pages);
    int64_t result = error != 0 ? error : map_pages(arguments, &pages);
    file_put(file);
    return result;
}

int64_t linux_mmap(struct task *task, const struct mmap_arguments *arguments)
{
    int error = check_map(arguments);

    if (error != 0)
        return error;
    if ((arguments->flags & LINUX_MAP_HUGETLB) != 0)
        return -LINUX_EINVAL;
    uint64_t length = PAGE_UP(arguments->length), replaced = 0;
    if ((arguments->flags & LINUX_MAP_FIXED) != 0)
        replaced = mapped_within(arguments->address, arguments->address + length);
    if (!may_map(task, length - replaced))
        return -LINUX_ENOMEM;
    if ((arguments->flags & LINUX_MAP_ANONYMOUS) != 0)
        return map_anonymous(arguments);
    return map_file(task, arguments);
}

int64_t linux_munmap(struct task *task, const struct munmap_arguments *arguments)
{
    uint64_t length = PAGE_UP(arguments->length);

    if (!is_range(arguments->address, arguments->length) || length == 0)
        return -LINUX_EINVAL;
    if (arguments->address + length <= USER_START)
        return 0;
    return mapping_result(native_unmap(library.self, arguments->address, length));
}

int64_t linux_mprotect(struct task *task, const struct mprotect_arguments *arguments)
{
    uint64_t length = PAGE_UP(arguments->length);

    if ((arguments->protection & ~(PROTECTION | LINUX_PROT_SEM)) != 0 ||
        (arguments->address & PAGE_MASK) != 0)
        return -LINUX_EINVAL;
    if (length == 0)
        return arguments->length == 0 ? 0 : -LINUX_ENOMEM;
    if (!copy_range_valid(arguments->address, length))
        return -LINUX_ENOMEM;
    return mapping_result(native_protect(library.self, arguments->address, length,
                                         native_protection(arguments->protection)));
}

int64_t linux_mremap(struct task *task, const struct mremap_arguments *arguments)
{
    uint64_t old_length = PAGE_UP(arguments->old_length);
    uint64_t new_length = PAGE_UP(arguments->new_length);
    uint32_t flags = 0;
    bool fixed = (arguments->flags & LINUX_MREMAP_FIXED) != 0;

    if ((arguments->flags & ~(LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED)) != 0 ||
        (fixed && (arguments->flags & LINUX_MREMAP_MAYMOVE) == 0))
        return -LINUX_EINVAL;
    if (!is_range(arguments->address, arguments->old_length) || new_length == 0 || old_length == 0)
        return -LINUX_EINVAL;
    if (new_length > USER_LIBRARY || (fixed && !is_range(arguments->new_address, new_length)))
        return fixed ? -LINUX_EINVAL : -LINUX_ENOMEM;
    if (new_length > old_length && !may_map(task, new_length - old_length))
        return -LINUX_ENOMEM;
    if ((arguments->flags & LINUX_MREMAP_MAYMOVE) != 0)
        flags |= REMAP_MAY_MOVE;
    if (fixed)
        flags |= REMAP_FIXED;
    int64_t result = native_remap(library.self, arguments->address, old_length, new_length, flags,
                                  arguments->new_address);
    if (status_of_result(result) == STATUS_NOT_FOUND)
        return -LINUX_EFAULT;
    return status_of_result(result) == STATUS_EXISTS ? -LINUX_ENOMEM : mapping_result(result);
}

/* Grow or shrink to `end`; false if it cannot be. */
static bool move_break(const struct task *task, uint64_t end)
{
    uint64_t old = PAGE_UP(task->group->brk_end), new = PAGE_UP(end);
    int64_t result = 0;

    if (new > old && (end - task->group->brk_start > task_limit(task, LINUX_RLIMIT_DATA) ||
                      !may_map(task, new - old)))
        return false;
    if (new > old)
        result = native_map(library.self, HANDLE_NONE, 0, old, new - old,
                            MAP_READ | MAP_WRITE | MAP_FIXED_ADDRESS | MAP_NO_REPLACE);
    else if (new < old)
        result = native_unmap(library.self, new, old - new);
    return result >= 0;
}

int64_t linux_brk(struct task *task, const struct brk_arguments *arguments)
{
    struct group *group = task->group;
    uint64_t end = arguments->address;

    lock_acquire(&library.lock);
    if (end >= group->brk_start && copy_range_valid(end, USER_PAGE_SIZE) && move_break(task, end)) {
        group->brk_end = end;
        group->signals->layout.heap_end = end;
    }
    end = group->brk_end;
    lock_release(&library.lock);
    return (int64_t)end;
}

/* ENOMEM at a hole, as msync, mincore and mlock have it. */
static int check_mapped(uint64_t address, uint64_t end)
{
    struct mapping_information mapping;

    while (address < end) {
        int64_t result = native_space_inspect(library.self, address, 0, &mapping);
        if (result < 0 || mapping.start > address)
            return -LINUX_ENOMEM;
        address = mapping.end;
    }
    return 0;
}

int64_t linux_madvise(struct task *task, const struct madvise_arguments *arguments)
{
    uint64_t length = PAGE_UP(arguments->length);

    if (!is_range(arguments->address, arguments->length))
        return -LINUX_EINVAL;
    switch (arguments->advice) {
    case LINUX_MADV_DONTNEED:
    case LINUX_MADV_FREE:
        if (length == 0)
            return 0;
        return mapping_result(native_space_discard(library.self, arguments->address, length));
    case LINUX_MADV_NORMAL:
    case LINUX_MADV_RANDOM:
    case LINUX_MADV_SEQUENTIAL:
    case LINUX_MADV_WILLNEED:
    case LINUX_MADV_MERGEABLE:
    case LINUX_MADV_UNMERGEABLE:
    case LINUX_MADV_HUGEPAGE:
    case LINUX_MADV_NOHUGEPAGE:
    case LINUX_MADV_DONTDUMP:
    case LINUX_MADV_DODUMP:
    case LINUX_MADV_COLD:
    case LINUX_MADV_PAGEOUT:
        return check_mapped(arguments->address, arguments->address + length);
    default:
        return -LINUX_EINVAL;
    }
}

/* Pages of files are the file server's own: nothing has to be written anywhere. */
int64_t linux_msync(struct task *task, const struct msync_arguments *arguments)
{
    uint64_t known = LINUX_MS_ASYNC | LINUX_MS_INVALIDATE | LINUX_MS_SYNC;
    uint64_t both = LINUX_MS_ASYNC | LINUX_MS_SYNC;

    if ((arguments->flags & ~known) != 0 || (arguments->flags & both) == both ||
        (arguments->address & PAGE_MASK) != 0)
        return -LINUX_EINVAL;
    uint64_t length = PAGE_UP(arguments->length);
    if (!copy_range_valid(arguments->address, length))
        return -LINUX_ENOMEM;
    return check_mapped(arguments->address, arguments->address + length);
}

/* Memory is never taken away from a program here: what is mapped is locked. */
static int64_t lock_range(uint64_t address, uint64_t length)
{
    uint64_t start = address & ~PAGE_MASK;
    uint64_t end = PAGE_UP(address + length);

    if (end < start || !copy_range_valid(start, end - start))
        return -LINUX_ENOMEM;
    return check_mapped(start, end);
}

int64_t linux_mlock(struct task *task, const struct mlock_arguments *arguments)
{
    return lock_range(arguments->address, arguments->length);
}

int64_t linux_mlock2(struct task *task, const struct mlock2_arguments *arguments)
{
    return arguments->flags > 1 ? -LINUX_EINVAL : lock_range(arguments->address, arguments->length);
}

int64_t linux_munlock(struct task *task, const struct munlock_arguments *arguments)
{
    return lock_range(arguments->address, arguments->length);
}

int64_t linux_mlockall(struct task *task, const struct mlockall_arguments *arguments)
{
    return arguments->flags == 0 || arguments->flags > 7 ? -LINUX_EINVAL : 0;
}

int64_t linux_munlockall(struct task *task, const struct munlockall_arguments *arguments)
{
    return 0;
}
