# Arithmetic

## zero-div-zero: a division by zero has no result, so it is an error
#? x = 0 / 0
#! PolarRuntimeError: Arithmetic error: 0 / 0 = _

## mod-sign: mod takes the divisor's sign, rem the dividend's
#? a = -7 mod 3 and b = 7 mod -3 and c = -7 rem 3 and d = 7 rem -3
#= a: 2, b: -2, c: -1, d: 1

## mod-zero-float: mod zero float
#? x = 1 mod 0.0
#= x: nan

## add-overflow: add overflow
#? x = 9223372036854775807 + 1
#! PolarRuntimeError: Arithmetic error: 9223372036854775807 + 1 = 

## mixed: mixed
#? x = 1 + 0.5
#= x: 1.5

## bool-add: bool add
#? x = true + 1
#! UnsupportedError: unsupported arithmetic operands: true + 1

## least-by-minus-one: the quotient of the least integer and -1 has no 64 bits
#? x = -9223372036854775808 rem -1
#! PolarRuntimeError: Arithmetic error: -9223372036854775808 rem -1 = _

## least-mod-minus-one: nor has it for mod
#? x = -9223372036854775808 mod -1
#! PolarRuntimeError: Arithmetic error: -9223372036854775808 mod -1 = _
