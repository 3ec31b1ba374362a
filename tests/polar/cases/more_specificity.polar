# The order in which rules are tried

## literal-parameter-ties: a literal parameter counts as one without a specializer
f(_, 1);
f("a", 2);
#? f("a", r)
#= r: 1
#= r: 2

## literal-specializer-first: a literal behind the colon is a specializer
f(_, 1);
f(_: "a", 2);
#? f("a", r)
#= r: 2
#= r: 1

## unbound-argument: an unbound argument too puts rules with a specializer first
f(x, 1) if x = 5;
f(_: Dog, 2);
f(x: Integer, 3) if x = 6;
#? f(rex, r)
#= r: 2

## native-tags-tie: tags tie on native values and keep the order of the text
f(_: Integer, 1);
f(_: Boolean, 2);
#? f(true, r)
#= r: 1
#= r: 2

## native-tags-tie-turned: in either order
f(_: Boolean, 1);
f(_: Integer, 2);
#? f(true, r)
#= r: 1
#= r: 2

## fields-decide: of one class the pattern with more fields comes first
f(_: Dog, 1);
f(_: Dog{name: "rex"}, 2);
f(_: Dog{name: "rex", kind: "animal"}, 3);
#? f(rex, r)
#= r: 3
#= r: 2
#= r: 1

## fields-tie: as many fields tie, whatever they are
f(_: Dog{kind: "animal"}, 1);
f(_: Dog{name: "rex"}, 2);
#? f(rex, r)
#= r: 1
#= r: 2

## class-beats-fields: a class further down wins over more fields
f(_: Dog{name: "bit", kind: "animal"}, 1);
f(_: Puppy, 2);
#? f(bit, r)
#= r: 2
#= r: 1

## dict-fields: more fields first among dictionaries
f(_: {name: "rex"}, 1);
f(_: {name: "rex", kind: "animal"}, 2);
#? f(rex, r)
#= r: 2
#= r: 1

## tag-before-dict: a tag comes before any dictionary pattern
f(_: {name: "rex", kind: "animal"}, 1);
f(_: Animal, 2);
#? f(rex, r)
#= r: 2
#= r: 1

## second-parameter: the second parameter decides where the first ties
f(_: Dog, _, 1);
f(_: Dog, _: Dog, 2);
#? f(rex, rex, r)
#= r: 2
#= r: 1

## first-difference-decides: the first parameter that differs decides, whatever follows
f(_: Animal, _: Puppy, 1);
f(_: Dog, _, 2);
#? f(bit, bit, r)
#= r: 2
#= r: 1

## incomparable-stops: a parameter on which two rules are incomparable ends the comparison
f(_: {name: "rex"}, _, 1);
f(_: {kind: "animal"}, _: Dog, 2);
#? f(rex, rex, r)
#= r: 1
#= r: 2

## union-last: a union is less specific than a class and more than nothing
actor Dog {}
f(_, 1);
f(_: Actor, 2);
f(_: Dog, 3);
#? f(rex, r)
#= r: 3
#= r: 2
#= r: 1

## unions-tie: unions tie with each other
actor Dog {}
f(_: Resource, 1);
f(_: Actor, 2);
#? f(rex, r)
#= r: 1
#= r: 2

## insertion-sort-stops: a rule is moved only while it is more specific than its left neighbour
f(_: Animal, _, 1);
f(_: {name: "rex"}, _, 2);
f(_: {kind: "animal"}, _, 3);
f(_: Dog, _, 4);
#? f(rex, rex, r)
#= r: 4
#= r: 1
#= r: 2
#= r: 3

## specialized-before-others: all rules with a specializer come first, in the order of the text
f(_, 1);
f("a", 2);
f(_: String, 3);
f(_: "a", 4);
#? f("a", r)
#= r: 3
#= r: 4
#= r: 1
#= r: 2

## shield-native: a tag that ties on a native value shields a dictionary pattern behind it
f(_: {a: 1}, 1);
f(_: {a: 1, b: 2}, 2);
f(_: Dictionary, 3);
f(_: {a: 1, b: 2, c: 3}, 4);
#? f({a: 1, b: 2, c: 3}, r)
#= r: 3
#= r: 4
#= r: 2
#= r: 1

## not-applicable-between: a rule that does not match shields nothing
f(_: Animal, 1);
f(_: Num, 2);
f(_: Dog, 3);
#? f(rex, r)
#= r: 3
#= r: 1

## only-applicable: rules that do not match take no part
f(_: Cat, 1);
f(_: Dog, 2);
#? f(rex, r)
#= r: 2

## list-specializers-tie: lists tie
f(_: [_, *_], 1);
f(_: [1, 2], 2);
#? f([1, 2], r)
#= r: 1
#= r: 2

## equal-specializers-go-on: equal specializers leave it to the next parameter
f(_: Dog{name: "rex"}, _, 1);
f(_: Dog{name: "rex"}, _: Animal, 2);
#? f(rex, rex, r)
#= r: 2
#= r: 1

## unregistered-spoils: a class that nobody registered spoils the call, before any rule runs
f(1);
f(_: Nope) if false;
#? f(1)
#! UnregisteredClassError: Nope

## arity-is-separate: rules with another number of parameters do not take part
f(_: Nope, 1, 2);
f(1);
#? f(1)
#= yes

## different-literals-stop: two different literals end the comparison
f(_: {a: 1}, _, 1);
f(_: {b: 2}, _: Dog, 2);
#? f({a: 1, b: 2}, rex, r)
#= r: 1
#= r: 2

## pattern-variable-names: patterns with different variables are different patterns
f(_: Dog{name: a}, _, a, 1);
f(_: Dog{name: b}, _: Animal, b, 2);
#? f(rex, rex, _, r)
#= r: 1
#= r: 2

## pattern-same-variable: patterns with the same variable are equal, so the next parameter decides
f(_: Dog{name: n}, _, n, 1);
f(_: Dog{name: n}, _: Dog, n, 2);
#? f(rex, rex, _, r)
#= r: 2
#= r: 1
