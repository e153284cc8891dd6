//go:build !purego

#include "textflag.h"

// The bit of each byte in the byte that PLAIN makes of eight.
DATA places<>+0(SB)/8, $0x8040201008040201
DATA places<>+8(SB)/8, $0x8040201008040201
GLOBL places<>(SB), RODATA|NOPTR, $16

// SPECIAL sets the bytes of odd to ones where those of text are a quote, a
// backslash, or no less than 0x60 when ' ' is taken from them, as control
// characters are, which wrap around, and what is not ASCII. The instructions for
// comparing with less or greater are not known to the assembler.
#define SPECIAL(text, odd) \
	VSUB  V18.B16, text.B16, odd.B16  \
	VUMAX V19.B16, odd.B16, V24.B16   \
	VCMEQ V24.B16, odd.B16, odd.B16   \
	VCMEQ V16.B16, text.B16, V24.B16  \
	VORR  V24.B16, odd.B16, odd.B16   \
	VCMEQ V17.B16, text.B16, V24.B16  \
	VORR  V24.B16, odd.B16, odd.B16   \
	VAND  V20.B16, odd.B16, odd.B16

// PLAIN sets R4 to which of the 64 bytes in V0 to V3 are plain: the bits of the
// others are added in pairs until each eight bytes are one.
#define PLAIN \
	SPECIAL(V0, V4)                \
	SPECIAL(V1, V5)                \
	SPECIAL(V2, V6)                \
	SPECIAL(V3, V7)                \
	VADDP V5.B16, V4.B16, V4.B16   \
	VADDP V7.B16, V6.B16, V6.B16   \
	VADDP V6.B16, V4.B16, V4.B16   \
	VADDP V4.B16, V4.B16, V4.B16   \
	VMOV  V4.D[0], R4              \
	MVN   R4, R4

// func markBlocks(bits *[markedBits]byte, text []byte)
TEXT ·markBlocks(SB), NOSPLIT, $0-32
	MOVD bits+0(FP), R0
	MOVD text_base+8(FP), R1
	MOVD text_len+16(FP), R2
	MOVD $'"', R3
	VMOV R3, V16.B16
	MOVD $'\\', R3
	VMOV R3, V17.B16
	MOVD $' ', R3
	VMOV R3, V18.B16
	MOVD $0x60, R3
	VMOV R3, V19.B16
	MOVD $places<>(SB), R3
	VLD1 (R3), [V20.B16]
	SUB  $64, R2

	// While there are 64 bytes at R1, of which R2 is how many follow them.
block:
	VLD1.P 64(R1), [V0.B16, V1.B16, V2.B16, V3.B16]
	PLAIN
	MOVD.P R4, 8(R0)
	SUBS   $64, R2
	BGE    block

	// There are 64+R2 bytes left, 63 at most. They are read with as many before
	// them as make 64, which there are, and the bits of those are shifted out. A
	// shift by 64 would be none, but it is by one and by what is left of that.
	ADD  R2, R1
	VLD1 (R1), [V0.B16, V1.B16, V2.B16, V3.B16]
	PLAIN
	MVN  R2, R2
	LSR  $1, R4
	LSR  R2, R4
	MOVD R4, (R0)
	MOVD ZR, 8(R0)
	RET
