# Unification: numbers, lists with a rest, dictionaries, objects

## numbers-by-value: an integer and a float of the same value unify, and the first one bound stays
#? x = 1 and x = 1.0
#= x: 1

## minus-zero: both zeros unify
#? 0 = -0.0 and 0.0 = -0.0
#= yes

## nan-through-variable: a variable that holds NaN unifies with itself, NaN with nothing
#? x = nan and x = x
#= x: nan

## nan-by-name: the name nan is NaN, so the value is not what it equals
#? x = nan and x = nan

## infinity: infinities of one sign unify
#? inf = inf and not inf = -inf
#= yes

## mixed-kinds: kinds that have no equality with each other fail quietly
#? [1] = {a: 1}

## list-nested: lists unify element by element
#? [1, [x, 3], y] = [1, [2, 3], x]
#= x: 2, y: 2

## list-same-variable: one variable in two places asks for equal elements
#? [x, x] = [1, 2]

## rest-takes-remaining: a rest takes what is left over
#? [a, b, *r] = [1, 2, 3, 4]
#= a: 1, b: 2, r: [3, 4]

## rest-too-short: a list shorter than the fixed elements does not unify
#? [a, b, *_] = [1] and a = b

## rest-both-sides: of two open lists the shorter one's rest takes the tail of the longer one
#? [a, *r] = [1, 2, *s] and s = [3]
#= a: 1, r: [2, 3], s: [3]

## rest-both-sides-turned: also when the longer one stands on the left
#? [1, 2, *s] = [a, *r] and s = []
#= a: 1, r: [2], s: []

## rest-equal-lengths: open lists of one length share their rest
#? [1, *r] = [x, *s] and s = [2, 3]
#= r: [2, 3], s: [2, 3], x: 1

## rest-bound-later: a rest that is bound after the unification counts
#? x = [1, *r] and r = [2] and x = [1, 2]
#= r: [2], x: [1, 2]

## rest-conflict: a rest that is bound to something else does not unify
#? r = [5] and [1, *r] = [1, 2]

## rest-not-a-list: a rest bound to a number never fits
#? r = 5 and [1, *r] = [1, 2]

## rest-only: a list that is only a rest is that list
#? [*r] = [1, 2]
#= r: [1, 2]

## rest-chain: rests bound to open lists are followed to their end
#? x = [1, *a] and a = [2, *b] and b = [3] and x = [p, q, s]
#= a: [2, 3], b: [3], p: 1, q: 2, s: 3, x: [1, 2, 3]

## rest-open-result: a list whose rest is unknown cannot be returned
#? x = [1, *r]
#! UnexpectedPolarTypeError: RestVariable

## rest-open-hidden: also if the rest has no name in the query
f([1, *_]);
#? f(x)
#! UnexpectedPolarTypeError: RestVariable

## rest-in-head: a rule may take a list apart
len([], 0);
len([_, *rest], n + 1) if len(rest, n);
#? len(["a", "b", "c"], n)
#= n: 3

## append: a rule over open lists runs in every direction
append([], x, x);
append([a, *x], y, [a, *z]) if append(x, y, z);
#? append(x, y, [1, 2])
#= x: [], y: [1, 2]
#= x: [1], y: [2]
#= x: [1, 2], y: []

## dictionary-order-of-keys: dictionaries come back with their keys in order
#? x = {b: 1, a: 2, c: 3}
#= x: {a: 2, b: 1, c: 3}

## dictionary-capitals-first: keys stand in the order of their bytes, capitals before small letters
#? [k, _] in {b: 1, B: 2, a: 3, _c: 4}
#= k: "B"
#= k: "_c"
#= k: "a"
#= k: "b"

## dictionary-unicode-order: letters beyond ASCII come last
#? [k, _] in {é: 1, z: 2, a: 3}
#= k: "a"
#= k: "z"
#= k: "é"

## dictionary-last-key-first: values unify from the last key to the first
#? {a: x, b: x} = {a: y, b: 1} and y = 1
#= x: 1, y: 1

## dictionary-nested: values unify like any others
#? {a: {b: [x]}} = {a: {b: [1]}}
#= x: 1

## dictionary-value-conflict: one value that differs spoils it
#? {a: 1, b: x} = {a: 2, b: 3}

## object-itself: an object unifies with itself
#? x = rex and x = rex
#= x: <Dog>

## object-by-equality: objects without == are the same only if they are one
#? new Dog("a") = new Dog("a")

## object-with-number: == of the object decides, on either side
#? 2 = new Num(2) and new Num(2) = 2
#= yes

## object-in-list: the elements of a list are compared the same way
#? [new Num(1), x] = [1, new Num(3)] and x = 3
#= x: <Num>

## tuple-equals-tuple: tuples are Python objects
#? pair = pair
#= yes

## alias-chain: a value reaches all aliases
#? x = y and y = z and z = 1
#= x: 1, y: 1, z: 1

## alias-unbound: aliases that stay unbound name each other
#? x = y
#= x: ?y, y: ?x

## alias-with-itself: a variable unified with itself does not appear in the result
#? x = x
#= yes

## assign: := binds a variable that is not bound
#? x := 1 and y = x
#= x: 1, y: 1

## assign-alias: an alias is no longer unbound
#? x = y and x := 1
#! PolarTypeError: Type error: Can only assign to unbound variables, x is not unbound. at line 1, column 11

## assign-constrained: nor is a variable that is constrained
#? x > 1 and x := 2
#! PolarTypeError: Type error: Can only assign to unbound variables, x is not unbound. at line 1, column 11

## assign-unbound: := may make an alias
#? x := y and y = 1
#= x: 1, y: 1

## strings-by-code-point: composed and decomposed letters are different strings
#? "é" = "é"
