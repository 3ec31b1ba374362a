# Expressions and statements

## mul-before-add: mul before add
#? x = 2 + 3 * 4
#= x: 14

## left-assoc-div: division is always float
#? x = 8 / 4 / 2
#= x: 1.0

## mod-same-level-as-mul: left associative with *
#? x = 7 mod 4 * 2
#= x: 6

## double-minus: binary minus then signed literal
#? x = 3--1
#= x: 4

## no-unary-minus: a sign may only precede a numeric literal
#? y = 1 and x = -y
#! UnrecognizedToken: did not expect to find the token 'y'

## and-over-or: and binds tighter
#? x = 1 or x = 2 and x = 3
#= x: 1

## and-over-or-2: and over or 2
#? x = 1 and x = 2 or x = 3
#= x: 3

## not-not: needs parentheses
#? not not true
#! UnrecognizedToken: did not expect to find the token 'not'

## paren-in: paren in
#? (1 + 1) in [2]
#= yes

## chained-compare: chained compare
#? 1 < 2 < 3
#! ParserError: Wrong value type: 1 < 2. Expected a value

## chained-unify: chained unify
#? x = y = 1
#! ParserError: Wrong value type: x = y. Expected a value

## call-as-value: a rule call is no value
f(1);
#? x = f(1)
#! ParserError: Wrong value type: f(1). Expected a value at line 1, column 5

## value-as-condition: value as condition
#? 1 and true
#! ParserError: Wrong value type: 1. Expected a logical expression at line 1, column 1

## number-as-whole-query: parses, then fails at run time
#? 1
#! PolarTypeError: Type error: 1 isn't something that is true or false so can't be a condition

## dict-shorthand: {a} is {a: a}
#? a = 1 and x = {a, b: 2}
#= a: 1, x: {a: 1, b: 2}

## dict-trailing-comma: dict trailing comma
#? x = {a: 1,}
#= x: {a: 1}

## dict-dup-key: dict dup key
#? x = {a: 1, a: 2}
#! ParserError: Duplicate key: a at line 1, column 6

## dict-reserved-key: reserved words may be keys and attributes
#? x = {if: 1, new: 2}.if
#= x: 1

## dict-mod-key: but not mod, rem, true, false, inf, nan, isa
#? x = {mod: 1}
#! UnrecognizedToken: did not expect to find the token 'mod'

## list-double-comma: a comma too many is a mistake
#? x = [1,,2]
#! UnrecognizedToken: did not expect to find the token ',' at line 1, column 8

## rest-not-last: rest not last
#? [*a, 1] = [1]
#! UnrecognizedToken: did not expect to find the token ','

## prefix-in: prefix form of in
#? in(x, [1, 2])
#= x: 1
#= x: 2

## reserved-head: ParserError
cut(x) if x;
#! ParserError: cut is a reserved Polar word and cannot be used here at line 1, column 1

## if-head: if is reported as a token
if(x) if x;
#! UnrecognizedToken: did not expect to find the token 'if' at line 1, column 1

## comma-conj: a comma is not and
f(x) if x = 1, x = 1;
#! UnrecognizedToken: did not expect to find the token ','

## contextual-actor: actor, resource, on, roles ... are ordinary names outside blocks
actor(x) if x = 1; resource(x) if x = 2; on(3);
#? resource(x)
#= x: 2

## legacy-resource-rule: the 0.15 role configuration form still parses as a rule
resource(_t: Dog, "dog", acts, defs) if acts = ["read"] and defs = {guest: {permissions: ["read"]}};
#? resource(rex, name, acts, defs)
#= acts: ["read"], defs: {guest: {permissions: ["read"]}}, name: "dog"

## forall-args: both arguments must be conditions
#? forall(x in [1], 2)
#! ParserError: Wrong value type: 2. Expected a logical expression

## rule-no-args: rule no args
f(); g() if f();
#? g()
#= yes

## spec-paren: spec paren
f(x: (Dog)) if x = 1;
#! UnrecognizedToken: did not expect to find the token '('

## spec-on-literal: spec on literal
f(1: Integer);
#! UnrecognizedToken: did not expect to find the token ':'

## union-spec: union spec
f(x: Dog | Cat) if x = 1;
#! UnrecognizedToken: did not expect to find the token '|'

## inline-needs-semicolon: inline needs semicolon
?= 1 = 1
#! UnrecognizedEOF: hit the end of the file unexpectedly
