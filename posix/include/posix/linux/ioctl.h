/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Linux' ioctl requests (asm-generic numbers).
 */
#pragma once

#include <stdint.h>

#define LINUX_TCGETS 0x5401u
#define LINUX_TCSETS 0x5402u
#define LINUX_TCSETSW 0x5403u
#define LINUX_TCSETSF 0x5404u
#define LINUX_TCSBRK 0x5409u
#define LINUX_TCXONC 0x540au
#define LINUX_TCFLSH 0x540bu
#define LINUX_TIOCEXCL 0x540cu
#define LINUX_TIOCNXCL 0x540du
#define LINUX_TIOCSCTTY 0x540eu
#define LINUX_TIOCGPGRP 0x540fu
#define LINUX_TIOCSPGRP 0x5410u
#define LINUX_TIOCOUTQ 0x5411u
#define LINUX_TIOCGWINSZ 0x5413u
#define LINUX_TIOCSWINSZ 0x5414u
#define LINUX_FIONREAD 0x541bu
#define LINUX_FIONBIO 0x5421u
#define LINUX_TIOCNOTTY 0x5422u
#define LINUX_TCSBRKP 0x5425u
#define LINUX_TIOCGSID 0x5429u
#define LINUX_TIOCGPTN 0x80045430u
#define LINUX_TIOCSPTLCK 0x40045431u
#define LINUX_TIOCGPTPEER 0x5441u
#define LINUX_FIONCLEX 0x5450u
#define LINUX_FIOCLEX 0x5451u
#define LINUX_FIOASYNC 0x5452u
