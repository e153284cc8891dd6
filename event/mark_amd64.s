//go:build !purego

#include "textflag.h"

// The bytes that PLAIN compares with, sixteen times each.
DATA quotes<>+0(SB)/8, $0x2222222222222222
DATA quotes<>+8(SB)/8, $0x2222222222222222
GLOBL quotes<>(SB), RODATA|NOPTR, $16
DATA backslashes<>+0(SB)/8, $0x5c5c5c5c5c5c5c5c
DATA backslashes<>+8(SB)/8, $0x5c5c5c5c5c5c5c5c
GLOBL backslashes<>(SB), RODATA|NOPTR, $16
DATA controls<>+0(SB)/8, $0x1f1f1f1f1f1f1f1f
DATA controls<>+8(SB)/8, $0x1f1f1f1f1f1f1f1f
GLOBL controls<>(SB), RODATA|NOPTR, $16

// PLAIN sets the low 16 bits of AX, and no others, to which of the bytes in X0
// are plain: greater than 0x1f, which a byte that is not ASCII is not because it
// is compared as a negative number, and neither a quote nor a backslash.
#define PLAIN \
	MOVO     X0, X4   \
	MOVO     X0, X5   \
	PCMPGTB  X3, X0   \
	PCMPEQB  X1, X4   \
	PCMPEQB  X2, X5   \
	POR      X5, X4   \
	PANDN    X0, X4   \
	PMOVMSKB X4, AX

// func markBlocks(bits *[markedBits]byte, text []byte)
//
// SSE2, which every amd64 has, is all that is needed.
TEXT ·markBlocks(SB), NOSPLIT, $0-32
	MOVQ  bits+0(FP), DI
	MOVQ  text_base+8(FP), SI
	MOVQ  text_len+16(FP), CX
	MOVOU quotes<>(SB), X1
	MOVOU backslashes<>(SB), X2
	MOVOU controls<>(SB), X3
	SUBQ  $16, CX

	// While there are 16 bytes at SI, of which CX is how many follow them.
block:
	MOVOU (SI), X0
	PLAIN
	MOVW  AX, (DI)
	ADDQ  $16, SI
	ADDQ  $2, DI
	SUBQ  $16, CX
	JGE   block

	// There are 16+CX bytes left, 15 at most. They are read with as many before
	// them as make 16, which there are, and the bits of those are shifted out.
	MOVOU (SI)(CX*1), X0
	PLAIN
	NEGQ  CX
	SHRQ  CX, AX
	MOVQ  AX, (DI)
	MOVQ  $0, 8(DI)
	RET
