# Variables that are constrained and not bound

## eq: an equality
#? x == 1
#@ accept_expression
#= x: And(Eq(?_this, 1))

## neq: an inequality
#? x != 1
#@ accept_expression
#= x: And(Neq(?_this, 1))

## turned: a value on the left stays on the left
#? 1 < x
#@ accept_expression
#= x: And(Lt(1, ?_this))

## two: constraints add up in the order they were made
#? x > 1 and x < 5 and x != 3
#@ accept_expression
#= x: And(Gt(?_this, 1), Lt(?_this, 5), Neq(?_this, 3))

## duplicates: the same constraint twice is one
#? x > 1 and x > 1
#@ accept_expression
#= x: And(Gt(?_this, 1))

## contradiction: a contradiction is not noticed
#? x > 1 and x < 1
#@ accept_expression
#= x: And(Gt(?_this, 1), Lt(?_this, 1))

## field: a field that equals a value
#? x.k = 1
#@ accept_expression
#= x: And(Unify(1, Dot(?_this, "k")))

## field-turned: written the other way round
#? 1 = x.k
#@ accept_expression
#= x: And(Unify(1, Dot(?_this, "k")))

## field-eqeq: compared with ==
#? x.k == 1
#@ accept_expression
#= x: And(Eq(Dot(?_this, "k"), 1))

## field-compare: a field in a comparison
#? x.k > 1
#@ accept_expression
#= x: And(Gt(Dot(?_this, "k"), 1))

## field-nested: a field of a field
#? x.a.b = 1
#@ accept_expression
#= x: And(Unify(1, Dot(Dot(?_this, "a"), "b")))

## field-condition: a field as a condition must be true
#? x.k
#@ accept_expression
#= x: And(Unify(true, Dot(?_this, "k")))

## field-pattern: a field in a pattern
#? x matches {k: 1}
#@ accept_expression
#= x: And(Unify(Dot(?_this, "k"), 1))

## field-in-list: a field is one of some values
#? x.k in [1, 2]
#@ accept_expression
#= x: And(Unify(1, Dot(?_this, "k")))
#= x: And(Unify(2, Dot(?_this, "k")))

## value-in-field: a value is in a field
#? 1 in x.ks
#@ accept_expression
#= x: And(In(1, Dot(?_this, "ks")))

## element-of-field: an element of a field that is constrained
#? e in x.ks and e.n = 1
#@ accept_expression
#= e: And(In(?_this, Dot(?x, "ks")), Unify(1, Dot(?_this, "n"))), x: And(In(?e, Dot(?_this, "ks")), Unify(1, Dot(?e, "n")))

## between-two: a comparison of two variables is shown for both
#? x > y
#@ accept_expression
#= x: And(Gt(?_this, ?y)), y: And(Gt(?x, ?_this))

## between-two-bound: and evaluated when both are bound
#? x > y and x = 1 and y in [0, 1]
#= x: 1, y: 0

## one-bound: a variable that is bound stands as its value in the constraint of the other
#? x > y and y = 3
#@ accept_expression
#= x: And(Gt(?_this, 3)), y: 3

## alias-merges: aliases share their constraints
#? x > 1 and y < 5 and x = y and x in [0, 3, 9]
#= x: 3, y: 3

## rule-alias: a rule's constraint is the query's
f(a) if a > 1;
g(b) if f(b) and b < 9;
#? g(x)
#@ accept_expression
#= x: And(Gt(?_this, 1), Lt(?_this, 9))

## rules-two: one result for each rule
f(x) if x > 1;
f(x) if x.k = 2;
#? f(x)
#@ accept_expression
#= x: And(Gt(?_this, 1))
#= x: And(Unify(2, Dot(?_this, "k")))

## isa-rule: a specializer on an unbound argument is a constraint
f(_: Dog);
#? f(x)
#@ accept_expression
#= x: And(Isa(?_this, Dog{}))

## isa-union: a union has one alternative for each member
actor Dog {}
actor User {}
f(_: Actor);
#? f(x)
#@ accept_expression
#= x: And(Isa(?_this, Dog{}))
#= x: And(Isa(?_this, User{}))

## isa-twice: the narrower of two classes is added
#? x matches Animal and x matches Dog
#@ accept_expression
#= x: And(Isa(?_this, Animal{}), Isa(?_this, Dog{}))

## not-eq: the negation of a field that equals
f(x) if not x.k = 1;
#? f(x)
#@ accept_expression
#= x: And(Neq(1, Dot(?_this, "k")))

## not-isa: the negation of a class
f(x) if not x matches Dog;
#? f(x)
#@ accept_expression
#= x: And(Not(Isa(?_this, Dog{})))

## not-and: the negation of a conjunction is a disjunction
f(x) if not (x > 1 and x < 5);
#? f(x)
#@ accept_expression
#= x: And(Or(Leq(?_this, 1), Geq(?_this, 5)))

## not-or: the negation of a disjunction is a conjunction
f(x) if not (x < 1 or x > 5);
#? f(x)
#@ accept_expression
#= x: And(Geq(?_this, 1), Leq(?_this, 5))

## not-in: the negation of a membership
f(x) if not x in [1, 2];
#? f(x)
#@ accept_expression
#= x: And(Neq(?_this, 1), Neq(?_this, 2))

## not-in-field: the negation of a membership in a field
f(x) if not 1 in x.ks;
#? f(x)
#@ accept_expression
#= x: And(Not(In(1, Dot(?_this, "ks"))))

## error-when-bound: an operation that cannot be is an error when the value comes
#? x > 1 and x = "a"
#! UnsupportedError: Not supported: "a" > 1 at line 1, column 1

## missing-when-bound: a missing attribute too
#? x.nope == 1 and x = rex
#! PolarRuntimeError: Application error: 'Dog' object has no attribute 'nope'

## missing-key-when-bound: a missing key fails
#? x.nope == 1 and x = {a: 1}

## object-when-bound: a field of an object that comes later
#? x.name = "rex" and x in [bit, rex]
#= x: <Dog>

## nested-when-bound: a nested lookup is followed when the value comes
#? x.a.b = 1 and x in [{a: {b: 2}}, {a: {b: 1}}]
#= x: {a: {b: 1}}

## accepted-bound: a value that is bound is not affected by the option
#? x > 1 and x = 2
#@ accept_expression
#= x: 2

## refused: without the option a constraint is an error
#? x != 1
#! UnexpectedPolarTypeError: Received Expression from Polar VM. The Expression type is only supported when

## refused-second: an error when the second result is one
#? x = 1 or x > 1
#= x: 1
#! UnexpectedPolarTypeError: Received Expression from Polar VM. The Expression type is only supported when

## hidden: a constraint on a variable that the query cannot see
f(_) if _x > 1;
#? f(1)
#! PolarRuntimeError: Found an unhandled partial in the query result: 

## binding-given: a value given from outside decides
f(x) if x > 1;
#? f(x)
#@ bind x: 5
#= x: 5

## binding-given-fails: or fails
f(x) if x > 1;
#? f(x)
#@ bind x: 0

## binding-not-in-query: a value that the query does not name is reported all the same
#? y = 1
#@ bind x: 5
#= x: 5, y: 1

## isa-narrowed: two classes, the narrower one is enough when the value comes
#? x matches Animal and x matches Dog and x in [new Cat(), rex]
#= x: <Dog>

## call-on-unbound-arg: a method gets the unbound variable as it is
f(x) if rex.add([x], []) = [1];
#? f(x)
#= x: 1

## negated-fields: of a negated conjunction of fields one must differ
f(x) if not (x.a = 1 and x.b = 1);
#? f(x)
#@ accept_expression
#= x: And(Or(Neq(1, Dot(?_this, "a")), Neq(1, Dot(?_this, "b"))))

## negated-fields-later: which is decided when the object comes
f(x) if not (x.a = 1 and x.b = 1);
#? f(x) and x in [new Dog("n", a: 1, b: 1), new Dog("y", a: 1, b: 2)] and x.name = n
#= n: "y", x: <Dog>

## field-of-alias: a field that is given a name in a rule
f(x, y) if x.a = y and y > 1;
#? f(x, y)
#@ accept_expression
#= x: And(Unify(?y, Dot(?_this, "a")), Gt(?y, 1)), y: And(Unify(?_this, Dot(?x, "a")), Gt(?_this, 1))

## field-matches: a class pattern on a field
f(x) if x.a matches Dog{name: "z"};
#? f(x)
#@ accept_expression
#= x: And(Isa(Dot(?_this, "a"), Dog{}), Unify(Dot(Dot(?_this, "a"), "name"), "z"))

## field-variable-compared: a variable in a pattern's field stands for the field
f(x) if x matches Dog{name: n} and n > 1;
#? f(x)
#@ accept_expression
#= x: And(Isa(?_this, Dog{}), Gt(Dot(?_this, "name"), 1))

## fields-of-two: fields of a variable that equal those of an object
f(x, y) if x.a = y.b and x.c = y.d;
#? f(new Dog("z", a: 1, c: 2), y)
#@ accept_expression
#= y: And(Unify(1, Dot(?_this, "b")), Unify(2, Dot(?_this, "d")))

## equation-that-waited: values of another kind differ from what a variable had to equal
f(x) if x == 1;
#? f(x) and x in ["a", true, [1], 1, 1.0]
#= x: 1
#= x: 1.0

## equation-of-lists-that-waited: lists are equal if their elements are
#? x == [1] and x in [[2], [1]]
#= x: [1]

## inequation-that-waited: and the other way round
f(x) if x != 1;
#? f(x) and x in ["a", true, [1], 1, 1.0]
#= x: "a"
#= x: true
#= x: [1]

## equation-of-two-that-waited: so they are if both sides were unknown
#? x == y and x = 1 and y in ["a", 1]
#= x: 1, y: 1
