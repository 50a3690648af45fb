/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The least guest: says READY, prints "stub" to standard output, says EXIT 7 and
 * powers off. It shows that QEMU's command line boots a PVH image, carries the
 * console and hands the last word on. Frames are encoded by the test, at `frames`.
 */
	.section .note.pvh, "a", @note
	.long 4, 4, 18
	.asciz "Xen"
	.long start

	.text
	.code32
	.globl start
start:
	movl $frames, %esi
1:	lodsb
	movb %al, %bl
	cmpl $frames_end, %esi
	ja 3f
2:	movw $0x3fd, %dx
	inb %dx, %al
	testb $0x20, %al
	jz 2b
	movw $0x3f8, %dx
	movb %bl, %al
	outb %al, %dx
	jmp 1b
3:	movw $POWER_PORT, %dx
	movl $POWER_WORD, %eax
	outl %eax, %dx
4:	hlt
	jmp 4b

	.data
frames:
	.incbin FRAMES_FILE
frames_end:
