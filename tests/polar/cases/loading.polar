# Loading a policy

## singleton: singleton
f(x, y) if x = 1;
#! ValidationError: Singleton variable y is unused or undefined; try renaming to _y or _ at line 1, column 6:
#| 	001: f(x, y) if x = 1;
#| 	          ^

## undefined-in-not: undefined in not
f(x) if not g(x);
#! ValidationError: Call to undefined rule: g(x)

## order-free: rules may be used before they are defined
f(x) if g(x); g(1);
#? f(x)
#= x: 1

## allow-no-warning: allow no warning
allow(1, 2, 3);
#@ silent [warning]

## allow-arity: allow arity
allow(1, 2);
#! ValidationError: Invalid rule: allow(1, 2); Must match one of the following rule types:
#| 
#| allow(actor, _action, resource);
#| 	Failed to match because: Different number of parameters. Rule has 2 parameter(s) but rule type has 3.
#|  at line 1, column 1:

## inline-ok: inline ok
f(1); ?= f(1);
#? f(x)
#= x: 1

## inline-fail: inline fail
f(1); ?= f(2);
#! InlineQueryFailedError: Inline query failed: f(2) at line 1, column 10
