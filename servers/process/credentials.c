/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The rules of setuid(2), setreuid(2), setresuid(2) and setfsuid(2) of Linux,
 * written once for users and groups: what is allowed to the unprivileged
 * differs only in which of the present ids may be taken.
 */
#include "credentials.h"

#include <base/errno.h>

#include "signal.h"

#define UNCHANGED UINT32_MAX

struct ids {
    uint32_t real, effective, saved, file;
};

static bool is_one_of(uint32_t id, const struct ids *ids, bool with_saved)
{
    return id == UNCHANGED || id == ids->real || id == ids->effective ||
           (with_saved && id == ids->saved);
}

static int set_one(struct ids *ids, uint32_t id, bool privileged)
{
    if (id == UNCHANGED)
        return LINUX_EINVAL;
    if (!privileged && id != ids->real && id != ids->saved)
        return LINUX_EPERM;
    if (privileged)
        ids->real = ids->saved = id;
    ids->effective = ids->file = id;
    return 0;
}

static int set_two(struct ids *ids, const uint32_t wanted[3], bool privileged)
{
    struct ids old = *ids;
    bool real_allowed = is_one_of(wanted[0], &old, false);
    bool effective_allowed = is_one_of(wanted[1], &old, true);

    if (!privileged && !(real_allowed && effective_allowed))
        return LINUX_EPERM;
    if (wanted[0] != UNCHANGED)
        ids->real = wanted[0];
    if (wanted[1] != UNCHANGED)
        ids->effective = wanted[1];
    if (wanted[0] != UNCHANGED || (wanted[1] != UNCHANGED && wanted[1] != old.real))
        ids->saved = ids->effective;
    ids->file = ids->effective;
    return 0;
}

static int set_three(struct ids *ids, const uint32_t wanted[3], bool privileged)
{
    struct ids old = *ids;

    for (unsigned i = 0; i < 3; i++) {
        if (!privileged && !is_one_of(wanted[i], &old, true))
            return LINUX_EPERM;
    }
    ids->real = wanted[0] == UNCHANGED ? old.real : wanted[0];
    ids->effective = wanted[1] == UNCHANGED ? old.effective : wanted[1];
    ids->saved = wanted[2] == UNCHANGED ? old.saved : wanted[2];
    ids->file = ids->effective;
    return 0;
}

/* Never an error: the library compares. */
static int set_file(struct ids *ids, uint32_t id, bool privileged)
{
    if (id != UNCHANGED && (privileged || id == ids->file || is_one_of(id, ids, true)))
        ids->file = id;
    return 0;
}

/* In order, as Linux gives them back. */
static void insert_group(uint32_t *groups, uint32_t count, uint32_t group)
{
    for (; count > 0 && groups[count - 1] > group; count--)
        groups[count] = groups[count - 1];
    groups[count] = group;
}

static int set_groups(struct process *process, const struct credentials_change *change)
{
    if (process->info->euid != 0)
        return LINUX_EPERM;
    if (change->group_count > FS_GROUPS)
        return LINUX_EINVAL;
    info_begin(process);
    for (uint32_t i = 0; i < change->group_count; i++)
        insert_group(process->info->groups, i, change->groups[i]);
    process->info->group_count = change->group_count;
    info_end(process);
    return 0;
}

static int apply(struct ids *ids, const struct credentials_change *change, bool privileged)
{
    switch (change->call) {
    case PROCESS_SET_UID:
    case PROCESS_SET_GID:
        return set_one(ids, change->ids[0], privileged);
    case PROCESS_SET_REUID:
    case PROCESS_SET_REGID:
        return set_two(ids, change->ids, privileged);
    case PROCESS_SET_RESUID:
    case PROCESS_SET_RESGID:
        return set_three(ids, change->ids, privileged);
    case PROCESS_SET_FSUID:
    case PROCESS_SET_FSGID:
        return set_file(ids, change->ids[0], privileged);
    default:
        return LINUX_EINVAL;
    }
}

static bool is_about_users(uint32_t call)
{
    return call == PROCESS_SET_UID || call == PROCESS_SET_REUID || call == PROCESS_SET_RESUID ||
           call == PROCESS_SET_FSUID;
}

static void store(struct process *process, const struct ids *ids, bool users)
{
    struct process_info_page *info = process->info;

    info_begin(process);
    if (users) {
        info->uid = ids->real;
        info->euid = ids->effective;
        info->suid = ids->saved;
        info->fsuid = ids->file;
    } else {
        info->gid = ids->real;
        info->egid = ids->effective;
        info->sgid = ids->saved;
        info->fsgid = ids->file;
    }
    info_end(process);
}

int credentials_change(struct process *process, const struct credentials_change *change)
{
    const struct process_info_page *info = process->info;
    bool users = is_about_users(change->call);
    struct ids ids = users ? (struct ids){info->uid, info->euid, info->suid, info->fsuid}
                           : (struct ids){info->gid, info->egid, info->sgid, info->fsgid};

    if (change->call == PROCESS_SET_GROUPS)
        return set_groups(process, change);
    int error = apply(&ids, change, info->euid == 0);
    if (error == 0)
        store(process, &ids, users);
    return error;
}

void credentials_enter_program(struct process *process, const struct fs_attributes *file)
{
    enum { SET_UID = 04000, SET_GID = 02000, GROUP_EXECUTE = 0010 };
    struct process_info_page *info = process->info;

    info_begin(process);
    if ((file->mode & SET_UID) != 0)
        info->euid = info->fsuid = file->uid;
    if ((file->mode & (SET_GID | GROUP_EXECUTE)) == (SET_GID | GROUP_EXECUTE))
        info->egid = info->fsgid = file->gid;
    info->suid = info->euid;
    info->sgid = info->egid;
    info->secure = info->euid != info->uid || info->egid != info->gid;
    info_end(process);
}

void credentials_for_files(const struct process_info_page *info, struct fs_credentials *credentials)
{
    *credentials = (struct fs_credentials){.uid = info->fsuid,
                                           .gid = info->fsgid,
                                           .real_uid = info->uid,
                                           .real_gid = info->gid,
                                           .group_count = info->group_count};
    for (uint32_t i = 0; i < info->group_count; i++)
        credentials->groups[i] = info->groups[i];
}

bool credentials_may_signal(const struct process *sender, const struct process *target,
                            unsigned number)
{
    const struct process_info_page *mine = sender->info;
    const struct process_info_page *its = target->info;

    if (mine->euid == 0 || mine->euid == its->suid || mine->euid == its->uid ||
        mine->uid == its->suid || mine->uid == its->uid)
        return true;
    return number == SIGNAL_CONT && mine->session == its->session;
}

bool credentials_may_inspect(const struct process *viewer, const struct process *target)
{
    const struct process_info_page *mine = viewer->info;
    const struct process_info_page *its = target->info;

    if (mine->fsuid == 0 || viewer == target)
        return true;
    return target->dumpable && mine->fsuid == its->uid && mine->fsuid == its->euid &&
           mine->fsuid == its->suid && mine->fsgid == its->gid && mine->fsgid == its->egid &&
           mine->fsgid == its->sgid;
}
