# Membership in everything that has members

## nested-list: each element is unified with the item
#? [x, 2] in [[1, 2], [3, 4], [5, 2]]
#= x: 1
#= x: 5

## duplicates: each match is a solution
#? x in [1, 1]
#= x: 1
#= x: 1

## unbound-element: an unbound element may be the item
#? 1 in [x, 2]
#= x: 1

## list-rest-bound: the elements of a bound rest are members
#? r = [2, 3] and x in [1, *r]
#= r: [2, 3], x: 1
#= r: [2, 3], x: 2
#= r: [2, 3], x: 3

## list-rest-unbound: an unbound rest constrains
#? x in [1, *r]
#@ accept_expression
#= x: 1
#= r: And(In(?x, ?_this)), x: And(In(?_this, ?r))

## list-rest-later: a rest that is bound later gives its members then
#? x in [1, *r] and r = [2]
#= r: [2], x: 1
#= r: [2], x: 2

## dict-bound-key: the value of one key
#? ["b", v] in {a: 1, b: 2}
#= v: 2

## dict-bound-value: the keys that have a value
#? [k, 1] in {a: 1, b: 2, c: 1}
#= k: "a"
#= k: "c"

## dict-key-alone: a key alone is no member
#? "a" in {a: 1}

## dict-empty: an empty dictionary has none
#? x in {}

## string-bound: a character of a string
#? "l" in "hello"
#= yes
#= yes

## string-empty: the empty string has no members
#? x in ""

## string-empty-in: the empty string is no member
#? "" in "abc"

## string-code-points: characters are code points
#? x in "é💯"
#= x: "é"
#= x: "💯"

## tuple: a tuple is iterated
#? x in pair
#= x: 1
#= x: 2

## nested-host-list: a list of the host is a list of Polar
#? x in nested
#= x: 1
#= x: [2, 3]

## host-dict: a dictionary of the host is a dictionary of Polar
#? x in table
#= x: ["a", [true, nil]]
#= x: ["b", 1]

## object-list-of-objects: objects are found with ==
#? new Num(1) in [new Num(2), new Num(1)]
#= yes

## generator-cut: an iteration can be cut short
#? x in rex.nums() and cut
#= x: 1

## boolean: a Boolean has no members
#? x in true
#! PolarTypeError: Type error: can only use `in` on an iterable value, this is Boolean(true) at line 1, column 6

## float: nor has a number
#? x in 1.5
#! PolarTypeError: Type error: can only use `in` on an iterable value, this is Number(Float(1.5)) at line 1, column 6

## large-float: a large number is written with its exponent
#? x in 1e300
#! PolarTypeError: Type error: can only use `in` on an iterable value, this is Number(Float(1e300)) at line 1, column 6

## small-float: so is a small one
#? x in 1.5e-7
#! PolarTypeError: Type error: can only use `in` on an iterable value, this is Number(Float(1.5e-7)) at line 1, column 6

## object-not-iterable: nor has an object that cannot be iterated
#? x in stray
#! InvalidIteratorError: is not iterable

## class-not-iterable: a class
#? x in Dog
#! InvalidIteratorError: tests.support.models.world.Dog'> is not iterable

## not-in: a negated membership
#? not 3 in [1, 2]
#= yes

## in-dot: in binds tighter than the comparison around it and looser than a dot
#? d = {xs: [1, 2]} and x in d.xs and x > 1
#= d: {xs: [1, 2]}, x: 2

## in-unbound-both: an unbound collection constrains both
#? x in y
#@ accept_expression
#= x: And(In(?_this, ?y)), y: And(In(?x, ?_this))

## in-later-empty: a collection that is bound to an empty list later has none
#? x in y and y = []

## in-later-number: a collection that is bound to a number later is an error then
#? x in y and y = 5
#! PolarTypeError: Type error: can only use `in` on an iterable value, this is Number(Integer(5)) at line 1, column 16

## item-pattern: membership with a rule's fields
f(x) if x in [rex, bit] and x matches Puppy;
#? f(x) and x.name = n
#= n: "bit", x: <Puppy>
