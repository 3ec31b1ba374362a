# Cut, negation, forall, or

## cut-first: a cut that comes first keeps the other rules from being tried
f(1) if cut;
f(2);
#? f(x)
#= x: 1

## cut-after-failure: a rule that fails before its cut commits to nothing
f(x) if x = 1 and false and cut;
f(2);
#? f(x)
#= x: 2

## cut-then-fail: a rule that fails after its cut ends the call
f(_) if cut and false;
f(2);
#? f(x)

## cut-last: a cut at the end keeps the first solution
a(1); a(2); a(3);
f(x) if a(x) and x > 1 and cut;
#? f(x)
#= x: 2

## cut-twice: a second cut drops what came between
a(1); a(2);
f(x, y) if a(x) and cut and a(y) and cut;
#? f(x, y)
#= x: 1, y: 1

## cut-query: a cut in a query drops everything before it
#? x in [1, 2, 3] and cut
#= x: 1

## cut-query-middle: and nothing after it
#? x in [1, 2] and cut and y in [3, 4]
#= x: 1, y: 3
#= x: 1, y: 4

## cut-in-not: a cut in a negation stays there
a(1); a(2);
f(x) if a(x) and not (x = 3 and cut);
#? f(x)
#= x: 1
#= x: 2

## cut-in-forall: so does one in a forall
a(1); a(2);
f(x) if a(x) and forall(cut, true);
#? f(x)
#= x: 1
#= x: 2

## cut-in-or-second: a cut in the second branch of an or does not take back the first
f(x) if x = 1 or (x = 2 and cut) or x = 3;
f(4);
#? f(x)
#= x: 1
#= x: 2
#= x: 4

## cut-alone-in-or: a cut alone as a branch
f(x) if (x = 1 or cut) and true;
f(2);
#? f(x)
#= x: 1
#= x: ?x
#= x: 2

## cut-right-group: a right group is part of the body
a(1); a(2);
f(x) if a(x) and (true and cut);
f(3);
#? f(x)
#= x: 1

## cut-nested-calls: each call has its own cut
g(x) if x in [1, 2, 3] and cut;
f(x, y) if g(x) and y in [1, 2];
f(7, 7);
#? f(x, y)
#= x: 1, y: 1
#= x: 1, y: 2
#= x: 7, y: 7

## cut-in-callee-of-negation: a cut in a rule called under not
g(x) if x in [1, 2] and cut;
#? not g(2)

## cut-more-specific: a cut in the most specific rule overrides the others
f(_: Puppy, "puppy") if cut;
f(_: Dog, "dog");
f(_: Animal, "animal") if cut;
#? f(rex, r)
#= r: "dog"
#= r: "animal"

## cut-less-specific: a cut in a rule for a union drops those for everything
actor Dog {}
actor User {}
f(_: Actor) if cut;
f(_);
#? f(rex)
#= yes

## not-and: a negated conjunction
#? x in [1, 2, 3] and not (x > 1 and x < 3)
#= x: 1
#= x: 3

## not-or: a negated disjunction
#? x in [1, 2, 3] and not (x = 1 or x = 3)
#= x: 2

## not-double: two negations through parentheses
#? x in [1, 2] and not (not x = 1)
#= x: 1

## not-false: false is negated to true
#? not false and not {a: false}.a
#= yes

## not-call-no-args: a negated call
f() if false;
#? not f()
#= yes

## not-alias-inequality: a negation through a rule constrains the variable of the query
f(x) if not x = 1;
#? f(x) and x in [1, 2, 3]
#= x: 2
#= x: 3

## not-alias-two-solutions: each solution of the inside is excluded
f(x) if not (x = 1 or x = 2);
#? f(x) and x in [1, 2, 3]
#= x: 3

## not-constrained: a variable with a constraint gets the negation added
#? x > 0 and not x = 3 and x in [-1, 3, 5]
#= x: 5

## not-comparison-alias: the inverse of a comparison
f(x) if not x > 2;
#? f(x)
#@ accept_expression
#= x: And(Leq(?_this, 2))

## not-isa-alias: a class that is excluded
f(x) if not x matches Dog;
#? f(x) and x in [rex, new Cat("tom"), 1] and x matches Animal
#= x: <Cat>

## not-local: a variable that occurs in the negation alone stands for any value
a(1, 2);
f(x) if x in [1, 2] and not a(x, _);
#? f(x)
#= x: 2

## not-error: an error under not is an error
#? not 1 < "a"
#! UnsupportedError: Not supported: 1 < "a" at line 1, column 5

## not-host-error: an exception of the host too
#? not rex.boom() = 1
#! ValueError: boom!

## not-then-bind: what is bound after a failed negation is never reached
#? not x = 1 and x = 2

## not-binding-undone: bindings made inside are gone
#? not (y = 1 and y = 2) and y = 3
#= y: 3

## forall-true: all members satisfy it
#? forall(x in [1, 2], x > 0)
#= yes

## forall-one-fails: one that does not spoils it
#? forall(x in [1, 0, 2], x > 0)

## forall-bound-outside: variables bound outside count inside
#? n = 2 and forall(x in [1, 2], x <= n)
#= n: 2

## forall-condition-rule: the condition may be a rule
a(1); a(3);
f(n) if forall(a(x), x < n);
#? n in [2, 3, 4] and f(n)
#= n: 4

## forall-nested: foralls nest
#? forall(x in [[1, 2], [3]], forall(y in x, y > 0))
#= yes

## forall-not-inside: with a negation inside
#? forall(x in [1, 2], not x = 3)
#= yes

## forall-attribute: over attributes of objects
#? forall(d in [rex, bit], d.kind = "animal")
#= yes

## forall-once: it gives one solution, however many the condition has
#? forall(x in [1, 1, 1], x = 1)
#= yes

## or-three: an or of three
#? x = 1 or x = 2 or x = 3
#= x: 1
#= x: 2
#= x: 3

## or-fails-first: a branch that fails is passed over, wherever it stands
#? (false or x = 2) and (y = 1 or false)
#= x: 2, y: 1

## or-product: two ors give all combinations
#? (x = 1 or x = 2) and (y = 3 or y = 4)
#= x: 1, y: 3
#= x: 1, y: 4
#= x: 2, y: 3
#= x: 2, y: 4

## or-in-rule: an or in a rule comes before the next rule
f(x) if x = 1 or x = 2;
f(3);
#? f(x)
#= x: 1
#= x: 2
#= x: 3

## or-unbound-branch: a variable that a branch does not bind is left out
#? x = 1 or y = 2
#= x: 1
#= y: 2

## print-order: print shows the values of the moment
#? x in [1, 2] and print(x, "a", [x], {k: x})
#@ prints 1, "a", [1], {k: 1}
#@ prints 2, "a", [2], {k: 2}
#= x: 1
#= x: 2

## print-numbers: numbers are printed as short as they can be
#? print(1.0, 1e21, -0.0, inf, nan) and print(nil)
#@ prints 1, 1000000000000000000000, -0, inf, NaN
#@ prints None TYPE `UNKNOWN`
#= yes
