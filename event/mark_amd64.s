//go:build !purego

#include "textflag.h"

// FILL makes 32 bytes of eight, with which those of a text are compared.
#define FILL(name, bytes) \
	DATA name<>+0(SB)/8, bytes  \
	DATA name<>+8(SB)/8, bytes  \
	DATA name<>+16(SB)/8, bytes \
	DATA name<>+24(SB)/8, bytes \
	GLOBL name<>(SB), RODATA|NOPTR, $32

FILL(quotes, $0x2222222222222222)
FILL(backslashes, $0x5c5c5c5c5c5c5c5c)
FILL(controls, $0x1f1f1f1f1f1f1f1f)

// A byte is plain if it is greater than 0x1f, which what is not ASCII is not
// because bytes are compared as signed numbers, and no quote and no backslash.

// PLAIN32 sets the low half of AX to which of the bytes in Y0 are plain, and the
// high half to zero.
#define PLAIN32 \
	VPCMPEQB  Y0, Y1, Y4 \
	VPCMPEQB  Y0, Y2, Y5 \
	VPCMPGTB  Y3, Y0, Y0 \
	VPOR      Y4, Y5, Y4 \
	VPANDN    Y0, Y4, Y0 \
	VPMOVMSKB Y0, AX

// func markBlocksAVX2(bits *[markedBits]byte, text []byte)
TEXT ·markBlocksAVX2(SB), NOSPLIT, $0-32
	MOVQ    bits+0(FP), DI
	MOVQ    text_base+8(FP), SI
	MOVQ    text_len+16(FP), CX
	VMOVDQU quotes<>(SB), Y1
	VMOVDQU backslashes<>(SB), Y2
	VMOVDQU controls<>(SB), Y3
	SUBQ    $32, CX

	// There are 32 bytes at SI, and CX is how many follow them.
block:
	VMOVDQU (SI), Y0
	PLAIN32
	MOVL    AX, (DI)
	ADDQ    $32, SI
	ADDQ    $4, DI
	SUBQ    $32, CX
	JGE     block

	// There are 32+CX bytes left, 31 at most. They are read with as many before
	// them as make 32, which there are, and the bits of those are shifted out.
	VMOVDQU (SI)(CX*1), Y0
	PLAIN32
	VZEROUPPER
	NEGQ    CX
	SHRQ    CX, AX
	MOVQ    AX, (DI)
	MOVQ    $0, 8(DI)
	RET

// PLAIN16 sets the low 16 bits of AX to which of the bytes in X0 are plain, and
// the others to zero.
#define PLAIN16 \
	MOVO     X0, X4 \
	MOVO     X0, X5 \
	PCMPGTB  X3, X0 \
	PCMPEQB  X1, X4 \
	PCMPEQB  X2, X5 \
	POR      X5, X4 \
	PANDN    X0, X4 \
	PMOVMSKB X4, AX

// func markBlocksSSE2(bits *[markedBits]byte, text []byte)
//
// The same with half as many bytes at a time, as every amd64 can do it.
TEXT ·markBlocksSSE2(SB), NOSPLIT, $0-32
	MOVQ  bits+0(FP), DI
	MOVQ  text_base+8(FP), SI
	MOVQ  text_len+16(FP), CX
	MOVOU quotes<>(SB), X1
	MOVOU backslashes<>(SB), X2
	MOVOU controls<>(SB), X3
	SUBQ  $16, CX

block:
	MOVOU (SI), X0
	PLAIN16
	MOVW  AX, (DI)
	ADDQ  $16, SI
	ADDQ  $2, DI
	SUBQ  $16, CX
	JGE   block

	MOVOU (SI)(CX*1), X0
	PLAIN16
	NEGQ  CX
	SHRQ  CX, AX
	MOVQ  AX, (DI)
	MOVQ  $0, 8(DI)
	RET
