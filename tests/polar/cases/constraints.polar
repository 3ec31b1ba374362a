# Operands that are not bound yet

## gt: without accept_expression
f(x) if x > 1;
#? f(x)
#! UnexpectedPolarTypeError: Received Expression from Polar VM.

## dot-dict: an equality on a field holds for a dictionary that comes later
#? x.a = 1 and x = {a: 1}
#= x: {a: 1}

## neq: a top-level not over an unbound variable fails
#? not x = 1

## not-rule: through a rule it is a constraint
f(x) if not x = 1;
#? f(x)
#@ accept_expression
#= x: And(Neq(?_this, 1))

## not-constrained: not constrained
#? x > 0 and not x = 3 and x = 3

## isa: isa
#? x matches Dog
#@ accept_expression
#= x: And(Isa(?_this, Dog{}))

## isa-fields: isa fields
#? x matches Dog{name: "a"}
#@ accept_expression
#= x: And(Isa(?_this, Dog{}), Unify(Dot(?_this, "name"), "a"))

## in: in
#? 1 in x.items
#@ accept_expression
#= x: And(In(1, Dot(?_this, "items")))

## unrelated: constraints on a variable that the query cannot see
f(_) if y > 1 and y < 9;
#? f(1)
#! PolarRuntimeError: Found an unhandled partial in the query result: 

## dot-dict-eqeq: nor does ==, which looks the field up first
#? x.a == 1 and x = {a: 1}
#= x: {a: 1}

## in-later: membership in an unbound list is re-run when it is bound
#? x in y and y = [1, 2]
#= x: 1, y: [1, 2]
#= x: 2, y: [1, 2]

## compare-later: compare later
#? x > y and y = 1 and x = 2
#= x: 2, y: 1

## not-facts: negation over an aliased unbound variable turns into inequalities
f(x) if not a(x); a(1); a(2);
#? f(x) and x = 3
#= x: 3

## not-facts-hit: not facts hit
f(x) if not a(x); a(1); a(2);
#? f(x) and x = 2

## or: one result for each branch
#? x > 2 or x < 1
#@ accept_expression
#= x: And(Gt(?_this, 2))
#= x: And(Lt(?_this, 1))

## alias: aliases name each other in their constraints
#? x = y and x > 1
#@ accept_expression
#= x: And(Unify(?_this, ?y), Gt(?_this, 1)), y: And(Unify(?x, ?_this), Gt(?x, 1))

## is-method: is method
f(x) if x.go() = 1;
#? f(x)
#! UnsupportedError: Not supported: cannot call method on unbound variable
