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

## nested: a negation inside a negation keeps what it says of each variable
f(x, y) if not (not (x = 1 and y = 1));
#? f(x, y) and x in [1, 2] and y in [1, 2]
#= x: 1, y: 1

## nested-rules: and the same through rules
g(x, y) if not (x = 1 and y = 1);
f(x, y) if not g(x, y);
#? f(x, y) and x = 1 and y = 2

## objects: the negations of two objects are two constraints
f(x) if not x in [rex, bit];
#? f(x) and x in [rex, bit, stray]
#= x: <Stray>

## before-class-test: a negation may come before the variable of a head has a value
up(above: Integer, below) if not below = 0 and above = below - 1;
at(n) if n = 0;
at(n) if up(m, n) and at(m);
#? at(3)
#= yes

## before-class-test-fails: and the class is tested where it has one
up(above: String, below) if not below = 0 and above = below - 1;
at(n) if n = 0;
at(n) if up(m, n) and at(m);
#? at(3)

## double-forall: what is no forall, with a comparison that waits
#? x = 2 and not forall(y in [1, 2], y != x)
#= x: 2

## or-and-or: two alternatives before two others
f(x, y) if (x = 1 or x = 2) and (y = 3 or y = 4) and x != y;
#? f(2, 3)
#= yes
