# Negation

## basic: basic
a(1);
#? not a(2)
#= yes

## true: true
a(1);
#? not a(1)

## unbound: negation over an unbound variable fails if there is any solution
a(1);
#? not a(x) and x = 2

## bound-first: bound first
a(1);
#? x = 2 and not a(x)
#= x: 2

## no-binding: nothing bound inside is seen outside
#? not (x = 1 and false) and x = 2
#= x: 2

## undefined: undefined
#? not nope(1)
#! PolarRuntimeError: Query for undefined rule `nope`
