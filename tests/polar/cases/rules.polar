# Rule calls and their order

## facts: load order, duplicates kept
f(1); f(2); f(1);
#? f(x)
#= x: 1
#= x: 2
#= x: 1

## arity: the wrong number of arguments just finds no rule
f(1);
#? f(1, 2)

## head-dot: expressions in the head move to the end of the body
f(x, x.name);
#? f(rex, n)
#= n: "rex"

## head-arith: head arith
fib(0, 1) if cut; fib(1, 1) if cut; fib(n, a + b) if fib(n - 1, a) and fib(n - 2, b);
#? fib(6, x)
#= x: 13

## unbound-result: a variable that stays unbound is reported as itself
f(_);
#? f(x)
#= x: ?x

## order-class: most specific class first, unspecialized last
f(_: Animal, 1); f(_, 2); f(_: Puppy, 3); f(_: Dog, 4);
#? f(bit, r)
#= r: 3
#= r: 4
#= r: 1
#= r: 2

## order-fields: class before dict pattern; same class: more fields first
f(_: Dog, 1); f(_: Dog{name: "bit"}, 2); f(_: {name: "bit"}, 3); f(_: Puppy, 4); f(_, 5);
#? f(bit, r)
#= r: 4
#= r: 2
#= r: 1
#= r: 3
#= r: 5

## order-first-arg: the first differing parameter decides
f(_: Animal, _: Dog, 1); f(_: Dog, _: Animal, 2); f(_: Animal, _: Animal, 3); f(_: Dog, _: Dog, 4);
#? f(rex, rex, r)
#= r: 4
#= r: 2
#= r: 1
#= r: 3

## order-native-dict: tagged before dict patterns; tagged patterns tie on native values
f(_: {a: 1}, 1); f(_: Dictionary, 2); f(_: Dictionary{a: 1}, 3); f(_, 4);
#? f({a: 1}, r)
#= r: 2
#= r: 3
#= r: 1
#= r: 4

## spec-unregistered: a warning on load, an error when it is tried
f(_: Nope, 1);
#? f(5, r)
#@ prints [warning] Unknown specializer Nope at line 1, column 6:
#! UnregisteredClassError: Nope

## spec-list-rest-tag: class patterns may stand before a rest
f(_: [Integer{}, *_]); f(1);
#? f([1, 2])
#= yes

## new-head-bound: an object in a head is made before it is compared
f(new Num(1));
#? f(1)
#= yes

## bindings: bindings option
f(1); f(2);
#? f(x)
#@ bind x: 2
#= x: 2

## bindings-constant: bindings constant
#? x = answer
#@ bind answer: 1
#! PolarRuntimeError: Attempted binding was incompatible: Cannot rebind Symbol("answer")

## literal-excludes: a rule whose literals exclude it is not tried at all
f(_: Nope, "a");
f(_: Dog, "b");
#? f(rex, "b")
#= yes

## literal-excludes-all: nor is it an error if all are excluded
f(_: Nope, "a");
#? f(rex, "b")

## literal-excludes-patterns: nor are attributes read for its patterns
f(_: {bad_prop: 1, name: new_name}, "a", new_name);
f(_, "b", 1);
#? f(rex, "b", 1)
#= yes

## order-anonymous: patterns that differ in what `_` stands for are not the same
f(_: [_], _, 1); f(_: [_], _: Dog, 2);
#? f([1], rex, r)
#= r: 1
#= r: 2

## order-numbers: patterns with equal numbers are the same
f(_: 1, _, 1); f(_: 1.0, _: Dog, 2);
#? f(1, rex, r)
#= r: 2
#= r: 1

## literal-excludes-lists: lists and dictionaries count as literals
f(_: Nope, [1]);
f(_: Nope, {a: 1});
f(_: Dog, "b");
#? f(rex, "b")
#= yes

## unregistered-behind-mismatch: a class is not looked for if a parameter before it differs
f({c: 1}, _: Nobody);
f(_, _);
f(_: {c: _}, _: Nobody);
#? f({}, rex)
#= yes
