# Patterns: matches, and what stands behind the colon of a parameter

## subclass: an instance of a subclass matches
#? bit matches Dog and bit matches Animal and not rex matches Puppy
#= yes

## sibling: an instance of another class does not
#? rex matches Cat

## unregistered-type: an object of a class that nobody registered matches no class
#? stray matches Dog

## nil-none: nil matches no class
#? nil matches Dog

## datetime: a class of the standard library
#? rex matches Datetime

## two-fields: all fields must match
#? new Dog("z", age: 3) matches Dog{name: "z", age: 3}
#= yes

## one-field-differs: one that differs spoils it
#? new Dog("z", age: 3) matches Dog{name: "z", age: 4}

## field-missing: a missing attribute fails quietly
#? rex matches Dog{age: _}

## field-bound: a bound variable in a field is compared
#? n = "bit" and bit matches {name: n} and not rex matches {name: n}
#= n: "bit"

## field-shorthand: {name} binds the variable of that name
#? rex matches Dog{name}
#= name: "rex"

## field-nested-class: a class with braces in a field is a pattern
#? new Repo("r", new Org("o")) matches Repo{org: Org{name: n}}
#= n: "o"

## field-nested-dict: a dictionary in a field is a pattern too
#? {a: {b: 1, c: 2}} matches {a: {b: x}}
#= x: 1

## field-class-without-braces: without braces it is the class object itself
#? {a: 1} matches {a: Integer}

## field-class-object: which it then equals
#? {a: Dog} matches {a: Dog}
#= yes

## field-literal: a literal in a field is unified
#? {a: 1.0} matches {a: 1}
#= yes

## field-list: a list in a field is matched element by element
#? {a: [1, "x"]} matches {a: [Integer{}, y]}
#= y: "x"

## dictionary-tag: the tag Dictionary with fields
#? {a: 1, b: 2} matches Dictionary{b: x}
#= x: 2

## dictionary-not-object: an object is no dictionary
#? rex matches Dictionary

## native-field: attributes of native values can be matched
#? 5 matches Integer{real: x}
#= x: 5

## internal-field: a name that Python keeps for itself is refused in a pattern, too
#? not "abc" matches String{__class__: c}
#! PolarRuntimeError: '__class__' is not for policies

## list-exact: a list pattern asks for the same length
#? [1, 2] matches [1]

## list-elements: and for each element
#? [1, "a"] matches [Integer{}, String{}]
#= yes

## list-element-differs: one that differs spoils it
#? [1, 2] matches [Integer{}, String{}]

## list-rest: a rest takes what is left over
#? [1, 2, 3] matches [x, *r]
#= r: [2, 3], x: 1

## list-nested: lists nest
#? [[1], [rex]] matches [[Integer{}], [Dog{name: n}]]
#= n: "rex"

## literal-string: a literal pattern
#? "a" matches "a" and not "a" matches "b"
#= yes

## literal-bool: a Boolean matches itself only
#? true matches true and not 1 matches true
#= yes

## literal-object: an object that equals the literal
#? new Num(3) matches 3
#= yes

## variable-is-a-tag: a name at the top of a pattern is a class, never a variable
#? x = 1 and 1 matches x
#! UnregisteredClassError: x

## tag-namespaced: a tag may be a name with ::
#? 1 matches a::B
#! UnregisteredClassError: a::B

## head-literal: a literal behind the colon
f(_: 1, "one");
f(_: "a", "a");
#? f(1, x)
#= x: "one"

## head-dict: a dictionary behind the colon
f(_: {kind: "animal"});
#? f(rex)
#= yes

## head-binds: fields of a specializer bind variables of the rule
f(_: Dog{name: n}, n);
#? f(bit, x)
#= x: "bit"

## head-two-parameters: a variable in two specializers asks for equal fields
f(_: Dog{name: n}, _: {owner: n});
#? f(rex, {owner: "rex"})
#= yes

## head-same-variable: a parameter repeated asks for equal arguments
f(x, x);
#? f(1, 1.0)
#= yes

## head-same-variable-differs: and fails for others
f(x, x);
#? f(1, 2)

## head-list-specializer: a list behind the colon
f(_: [Integer{}, x], x);
#? f([1, 2], y)
#= y: 2

## unbound-related: a variable may be of two classes if one derives from the other
#? x matches Animal and x matches Puppy and x = bit
#= x: <Puppy>

## unbound-unrelated: never of two that are strangers
#? x matches Dog and x matches Cat

## unbound-checked-later: the class is checked when the value comes
#? x matches Dog and x = new Cat()

## unbound-alias-unrelated: aliases have their classes together
#? x matches Dog and y matches Cat and x = y

## unbound-field-later: fields are checked when the value comes
#? x matches Dog{name: "bit"} and x in [rex, bit]
#= x: <Puppy>

## matches-in-or: a pattern may stand in an or
f(x, r) if (x matches Dog and r = "dog") or (x matches Cat and r = "cat");
#? f(new Cat(), r)
#= r: "cat"

## bool-boolean: booleans match Boolean and Integer, numbers not Boolean
#? true matches Boolean and not 1 matches Boolean
#= yes

## native-subclass: an object made by new matches the class it is of
#? new Integer(5) matches Integer
#= yes

## tuple-list: a tuple is no List
#? pair matches List

## pattern-property-that-fails: a field that is there and fails is an error, and not missing
f(x) if not x matches Animal{bad_prop: 1};
#? f(rex)
#! PolarRuntimeError: Application error: 'Dog' object has no attribute 'no_such_thing'

## pattern-field-that-is-missing: a field that is not there does not match
f(x) if not x matches Animal{nosuch: 1};
#? f(rex)
#= yes

## pattern-with-rest-of-unknown: what stands before the rest is asked of an unknown list, too
f(_: [Integer{}, *_]);
#? f(x) and x = [1, 2]
#= x: [1, 2]

## pattern-with-rest-of-unknown-differs: and may be refused later
f(_: [Integer{}, *_]);
#? f(x) and x = ["a", 2]

## pattern-with-rest-of-open: as it is of a list whose rest is unknown
f(_: [Integer{}, *_]);
#? x = [1, *y] and f(x) and y = [2]
#= x: [1, 2], y: [2]

## pattern-in-field-of-unknown: a class in a field needs no declaration of the field
f(_: Cat{tame: Boolean{}});
#? f(x) and x = misty
#= x: <Cat>
