# Attributes, keys and calls

## dict-missing: a missing key fails quietly
#? x = {a: 1}.b

## dict-unbound-key: enumerates the keys in order
#? v = {a: 1, b: 2}.(k)
#= k: "a", v: 1
#= k: "b", v: 2

## bool: no attributes on booleans
#? x = true.real
#! PolarTypeError: can only perform lookups on dicts and instances, this is true

## unbound-call: unbound call
#? x = y.go()
#! UnsupportedError: Not supported: cannot call method on unbound variable y

## class-attr: class attr
#? x = rex.kind and y = Dog.kind
#= x: "animal", y: "animal"

## missing-attr: missing attr
#? x = rex.nope
#! PolarRuntimeError: Application error: 'Dog' object has no attribute 'nope' at line 1, column 5

## missing-attr-in-not: a misspelt attribute is an error under not, too: it opens nothing
#? not rex.nope = 1
#! PolarRuntimeError: Application error: 'Dog' object has no attribute 'nope' at line 1, column 5

## missing-attr-in-forall: and under forall
#? forall(x in rex.nope, x = 1)
#! PolarRuntimeError: Application error: 'Dog' object has no attribute 'nope'

## static-class-method: static class method
#? x = Dog.twice(4) and y = Dog.cls_name() and z = bit.cls_name()
#= x: 8, y: "Dog", z: "Puppy"

## not-callable: not callable
#? x = rex.name()
#! InvalidCallError: tried to call 'name' but it is not callable

## none-method: none method
#? rex.nothing() = nil
#= yes

## attr-by-var: attr by var
#? k = "name" and x = rex.(k)
#= k: "name", x: "rex"

## arg-unbound: an unbound argument reaches the host as a Variable
#? x = rex.add([y], b: [])
#= x: [?y]

## reserved-attr: reserved attr
#? x = {type: 1, new: 2, in: 3} and y = x.type and z = x.in
#= x: {in: 3, new: 2, type: 1}, y: 1, z: 3

## paren-string: paren string
#? x = {a: 1}.("a")
#= x: 1
