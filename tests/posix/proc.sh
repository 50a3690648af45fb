# SPDX-License-Identifier: MIT
# Copyright The Trellis authors
#
# What ps, top and their like read in /proc and /dev: the same names, the same
# number of fields. Run in an empty directory; its output must be the same on
# Linux, with the same busybox.

section() {
    echo "== $*"
}

# Which of the names stand at the beginning of a line of a file.
names() {
    file=$1
    shift
    for name in "$@"; do
        grep -q "^$name[: 	]" "$file" && echo "$name"
    done
}

section a process
sleep 100 &
child=$!
while [ "$(cat /proc/$child/comm)" != sleep ]; do sleep 0.01; done
names /proc/$child/status Name Umask State Tgid Ngid Pid PPid TracerPid Uid Gid FDSize Groups \
    VmPeak VmSize VmLck VmPin VmHWM VmRSS VmData VmStk VmExe VmLib VmSwap Threads SigQ SigPnd \
    ShdPnd SigBlk SigIgn SigCgt CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Cpus_allowed \
    Cpus_allowed_list voluntary_ctxt_switches nonvoluntary_ctxt_switches
awk '{ print NF }' /proc/$child/stat /proc/$child/statm
awk '{ print $2, $3, $18, $19, $20 }' /proc/$child/stat
cut -d ' ' -f 4 /proc/$child/stat | grep -qx $$ && echo parent
cat /proc/$child/comm
tr '\0' ' ' < /proc/$child/cmdline
echo
tr '\0' '\n' < /proc/$child/environ | grep '^HOME='
readlink /proc/$child/exe | sed 's|.*/||'
[ "$(readlink /proc/$child/cwd)" = "$PWD" ] && echo cwd
readlink /proc/$child/root
ls /proc/$child/task | grep -cx $child
ls /proc/$child/fd | head -n 3
ls /proc/$child/fdinfo | head -n 1
names /proc/$child/fdinfo/1 pos flags
awk '{ print NF }' /proc/$child/limits | sort -n | tail -n 1
grep -c 'r-xp' /proc/$child/maps | awk '{ print ($1 > 0) }'
grep -o '\[heap\]\|\[stack\]' /proc/$child/maps
[ $(($(date +%s) - $(stat -c %Y /proc/$child))) -lt 60 ] && echo began lately
renice -n 5 -p $child
awk '{ print $19 }' /proc/$child/stat
kill -STOP $child
while ! grep -q '^State:.*T' /proc/$child/status; do sleep 0.01; done
grep '^State' /proc/$child/status
kill -CONT $child
kill $child
wait $child
[ -e /proc/$child ] || echo gone
readlink /proc/self | grep -c '^[0-9]*$'

umask 027
grep Umask /proc/self/status
umask 022
grep Umask /proc/self/status

section the machine
names /proc/meminfo MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive \
    SwapTotal SwapFree Dirty Writeback AnonPages Mapped Shmem Slab SReclaimable
names /proc/stat cpu cpu0 intr ctxt btime processes procs_running procs_blocked
awk '/^cpu / { print NF }' /proc/stat
names /proc/cpuinfo processor | sort -u
names /proc/vmstat nr_free_pages pgpgin pgpgout pswpin pswpout
awk '{ print NF }' /proc/uptime /proc/loadavg
awk '{ print NF }' /proc/mounts | sort -u
awk '$2 == "/proc" { print $3 }' /proc/mounts
grep -c proc /proc/filesystems | awk '{ print ($1 > 0) }'
head -n 1 /proc/partitions
[ -r /proc/diskstats ] && echo diskstats
cut -d ' ' -f 1 /proc/version
cat /proc/sys/kernel/ostype
wc -c < /proc/sys/kernel/random/uuid
free | awk '{ print $1, NF }' | head -n 2
top -b -n 1 | awk '/PID/ { print $1, $2, $3, $4; exit }'
ps -o pid,ppid,user,comm,stat,args | head -n 1
ps -o pid,comm | awk -v self=$$ '$1 == self { print $2 }'
[ "$(nproc)" -gt 0 ] && echo processors

section devices
for device in null zero full random urandom tty ptmx console; do
    stat -c '%n %F %t %T' /dev/$device
done
head -c 100 /dev/random | wc -c
head -c 100 /dev/urandom | wc -c
[ "$(head -c 16 /dev/random | md5sum)" != "$(head -c 16 /dev/random | md5sum)" ] && echo differ
head -c 5 /dev/full | od -An -tx1
echo x 2> /dev/null > /dev/full || echo no space
echo input | cat /dev/stdin
echo output > /dev/stdout
echo three | cat /dev/fd/0
cat /dev/fd/3 3<<END
from descriptor 3
END
for link in stdin stdout stderr fd; do readlink /dev/$link; done
: > /dev/null && cat < /dev/null | wc -c
(echo > /dev/tty) 2> /dev/null || echo no terminal
