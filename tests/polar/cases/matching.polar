# Specializers and patterns

## literal: literal
#? 1 matches 1 and 1 matches 1.0
#= yes

## builtin: builtin
#? 1 matches Integer and 1.5 matches Float and "a" matches String and [1] matches List and {a: 1} matches Dictionary and true matches Boolean
#= yes

## bool-is-integer: Python's bool is an int
#? true matches Integer
#= yes

## int-not-float: int not float
#? 1 matches Float

## no-number: there is no Number tag
#? 1 matches Number
#! UnregisteredClassError: Number

## class-object: a class is not one of its instances
#? Dog matches Animal

## fields: fields
#? rex matches Dog{name: "rex"} and not rex matches Dog{name: "x"}
#= yes

## fields-bind: fields bind
#? rex matches Dog{name: n}
#= n: "rex"

## missing-attr: a missing attribute only fails in a pattern
#? rex matches {nope: 1}

## dict-subset: dict subset
#? {a: 1, b: 2} matches {a: 1}
#= yes

## dict-missing: dict missing
#? {a: 1} matches {a: 1, b: 2}

## nested-tag: braces make a nested tag a class pattern
#? {a: 1} matches {a: Integer{}}
#= yes

## empty-pattern: everything matches {}
#? 1 matches {}
#= yes

## host-attr-of-int: attributes of host views of native values
#? 1 matches {real: x}
#= x: 1

## unbound-then-bound: unbound then bound
#? x matches Integer and x = 1
#= x: 1

## fields-last-first: the last field of a pattern is matched first
#? {a: 1, b: 2} matches {a: Nope1{}, b: Nope2{}}
#! UnregisteredClassError: Nope2
