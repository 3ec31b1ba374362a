# Tokens

## string-escapes: \n \t \" \\ are escapes; an unknown escape is the character itself
#? x = "a\n\t\"\\\q"
#= x: "a\n\t"\\q"

## string-nul-escape: \0 is U+0000
#? x = "a\0b"
#= x: "a\x00b"

## string-unclosed: the error points at the end of input
#? x = "abc
#! InvalidTokenCharacter: '\0' is not a valid character. Found in abc

## int-overflow: past i64
#? x = 9223372036854775808
#! IntegerOverflow: '9223372036854775808' caused an integer overflow at line 1, column 5

## float-trailing-dot: a dot makes a float even with no digit after it
#? x = 1.
#= x: 1.0

## float-dot-exp: float dot exp
#? x = 1.e+3
#= x: 1000.0

## float-exp-upper: an exponent makes a float
#? x = 2E3
#= x: 2000.0

## float-no-leading-digit: must start with a digit
#? x = .5
#! UnrecognizedToken: did not expect to find the token '5'

## nan: nan
#? x = nan
#= x: nan

## int-dot-method: `5.` is a float token
#? x = 5.bit_length()
#! UnrecognizedToken: did not expect to find the token 'bit_length'

## symbol-question: ? may end a symbol
#? ok? = 1
#= ok?: 1

## symbol-namespace-tail: :: may not end it
#? a:: = 1
#! InvalidTokenCharacter: ':' is not a valid character. Found in a::

## symbol-unicode: any non-ASCII character may be part of a symbol
#? naïve = 1
#= naïve: 1

## at-sign: at sign
#? x @ 1
#! InvalidTokenCharacter: '@' is not a valid character. Found in  at line 1, column 3

## pipe: a token with no use
#? x | y
#! UnrecognizedToken: did not expect to find the token '|'

## bang: a token with no use
#? !x
#! UnrecognizedToken: did not expect to find the token '!'
