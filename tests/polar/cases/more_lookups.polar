# Lookups, calls and new

## chain: a chain of keys
#? x = {a: {b: {c: 1}}}.a.b.c
#= x: 1

## key-variable-missing: a bound key that the dictionary lacks fails
#? k = "z" and x = {a: 1}.(k)

## key-number: a key must be a string
#? k = 1 and x = {a: 1}.(k)
#! PolarTypeError: Type error: cannot look up field Number(Integer(1)) on an external instance at line 1, column 5

## key-value-search: the keys with a value
#? {a: 1, b: 2, c: 1}.(k) = 1
#= k: "a"
#= k: "c"

## key-empty: an empty dictionary has no keys
#? x = {}.(k)

## dict-method: a method of a dictionary
#? x = {a: 1}.get("a") and y = {a: 1}.get("z", 5)
#= x: 1, y: 5

## dict-method-is-no-key: a method without its call is a missing key
#? x = {a: 1}.keys

## list-method: a method of a list
#? x = [3, 1, 2].index(1) and y = [1, 1].count(1)
#= x: 1, y: 2

## string-method: a method of a string
#? x = "a,b".split(",") and "abc".startswith("ab")
#= x: ["a", "b"]

## int-method: a method of a number
#? x = (5).bit_length() and y = (1.5).is_integer()
#= x: 3, y: false

## mutation-invisible: a change to a copy is not seen
#? x = [1] and x.append(2) = nil and x = y
#= x: [1], y: [1]

## method-result-condition: a method that gives a Boolean is a condition
#? not "abc".endswith("ab")
#= yes

## method-result-no-boolean: another result is no condition
#? rex.add(1)
#! PolarTypeError: Type error: 11 isn't something that is true or false so can't be a condition

## method-default: a default of Python
#? x = rex.add(1) and y = rex.add(1, 2) and z = rex.add(1, b: 3)
#= x: 11, y: 3, z: 4

## method-unbound: a method of the class gets its object as an argument
#? x = Dog.add(rex, 1)
#= x: 11

## method-exception: an exception of a method comes out as it is
#? rex.boom()
#! ValueError: boom!

## method-wrong-arity: so does a wrong number of arguments
#? x = rex.add()
#! TypeError: Animal.add() missing 1 required positional argument: 'a'

## method-attribute-error: an AttributeError inside a call comes out as it is
#? rex.inner_attr()
#! AttributeError: from inside

## property-attribute-error: one inside a property is a missing attribute
#? x = rex.bad_prop
#! PolarRuntimeError: Application error: 'Dog' object has no attribute 'no_such_thing' at line 1, column 5

## bound-method: a method without its call is a value
#? x = rex.nothing and x.__call__() = nil
#= x: <method>

## none-condition: None is no condition
#? rex.nothing()
#! PolarTypeError: Type error: None TYPE `UNKNOWN` isn't something that is true or false so can't be a condition

## attribute-key-number: an attribute's name must be a string
#? k = 1 and x = rex.(k)
#! PolarTypeError: Type error: cannot look up field Number(Integer(1)) on an external instance at line 1, column 5

## attribute-key-unbound: and known
#? x = rex.(k)
#! PolarTypeError: Type error: cannot look up field Variable(Symbol("k")) on an external instance

## attribute-order: the object comes first, then its arguments
#? x = rex.add({a: 1}.a, [2].index(2))
#= x: 1

## new-each-time: each new is another object
#? x = new Dog("a") and y = new Dog("a") and not x = y
#= x: <Dog>, y: <Dog>

## new-nested: an argument may be new itself
#? x = new Repo("r", new Org("o")).org.name
#= x: "o"

## new-unregistered: a class that nobody registered
#? x = new Nope()
#! UnregisteredClassError: Nope

## new-constant: a constant is no class
#? x = new rex()
#! UnregisteredClassError: rex

## new-error: an exception of a constructor is told with the class
#? x = new Integer("x")
#! PolarRuntimeError: Error constructing instance of Integer: invalid literal for int() with base 10: 'x'

## new-wrong-arity: a wrong number of arguments too
#? x = new Org(1, 2, 3)
#! PolarRuntimeError: Error constructing instance of Org: Org.__init__() takes from 1 to 2 positional arguments but 4 were given

## new-in-condition: a new object in a comparison
#? new Num(1) < 2
#= yes

## constant-native: a constant that is a number
#? x = answer + 1
#= x: 43

## constant-in-head: a constant in a head is compared
f(answer);
#? f(42) and not f(41)
#= yes

## constant-wins: a name that is a constant is never a variable
f(rex, x) if x = rex.name;
#? f(rex, n)
#= n: "rex"

## keyword-arguments: keyword arguments of a method
#? x = rex.add(b: 1, a: 2)
#= x: 3

## args-list-copied: lists and dictionaries go in as Python's
#? x = rex.add([1], [2]) and y = Dog.twice("a") and z = Dog.twice(1.5)
#= x: [1, 2], y: "aa", z: 3.0

## list-attribute: an attribute of a list
#? x = [1].__len__()
#= x: 1

## list-missing-attribute: a missing attribute of a native value is an error
#? x = [1].nope
#! PolarRuntimeError: Application error: 'list' object has no attribute 'nope' at line 1, column 5

## string-missing-attribute: of a string too
#? x = "a".nope
#! PolarRuntimeError: Application error: 'str' object has no attribute 'nope' at line 1, column 5

## class-missing-attribute: of a class too
#? x = Dog.nope
#! PolarRuntimeError: Application error: type object 'Dog' has no attribute 'nope' at line 1, column 5

## head-lookup: a lookup in a head is made at the end
f(x, x.name, n) if n = 1;
#? f(rex, y, n)
#= n: 1, y: "rex"

## lookup-order: lookups in a condition come before it
#? d = {a: 1} and d.a < d.b and d.zz = 1
