# Places and traces

## query-alone: in the query itself
#? x = rex.nope
#! PolarRuntimeError: trace (most recent evaluation last):
#|   001: rex.nope
#|     in query at line 1, column 5
#|   000: rex.nope
#|     in query at line 1, column 5
#| 
#| Application error: 'Dog' object has no attribute 'nope' at line 1, column 5:
#| 	001: x = rex.nope
#| 	         ^
#| 

## nested-not-or: an or takes no number
f(x) if g(x) or x;
g(x) if false and x = 1;
#? f(3)
#! PolarTypeError: trace (most recent evaluation last):
#|   002: f(3)
#|     in query at line 1, column 1
#|   001: 3
#|     in rule f at line 1, column 3
#| 
#| Type error: 3 isn't something that is true or false so can't be a condition at line 1, column 3:
#| 	001: f(3)
#| 	       ^
#| 

## list-goal: a body that is one condition prints no line
f(x) if x;
#? f([1])
#! PolarTypeError: trace (most recent evaluation last):
#|   002: f([1])
#|     in query at line 1, column 1
#|   001: [1]
#|     in rule f at line 1, column 3
#| 
#| Type error: [1] isn't something that is true or false so can't be a condition at line 1, column 3:
#| 	001: f([1])
#| 	       ^
#| 

## second-line: the place is a line and a column
f(x) if
    x > 0 and
    x.a = 1;
#? f(5)
#! PolarRuntimeError: trace (most recent evaluation last):
#|   003: f(5)
#|     in query at line 1, column 1
#|   002: x > 0 and
#|     x.a = 1
#|     in rule f at line 2, column 5
#|   001: x.a = 1
#|     in rule f at line 3, column 5
#|   000: x.a
#|     in rule f at line 3, column 5
#| 
#| Application error: 'int' object has no attribute 'a' at line 3, column 5:
#| 	003:     x.a = 1;
#| 	         ^
#| 

## in-number: membership in a number
f(x) if 1 in x;
#? f(2)
#! PolarTypeError: trace (most recent evaluation last):
#|   002: f(2)
#|     in query at line 1, column 1
#|   001: 1 in x
#|     in rule f at line 1, column 9
#| 
#| Type error: can only use `in` on an iterable value, this is Number(Integer(2)) at line 1, column 3:
#| 	001: f(2)
#| 	       ^
#| 

## undefined-in-query: a rule that nobody defined has no place
#? nope(1)
#! PolarRuntimeError: Query for undefined rule `nope`

## compare: the place of a comparison
f(x) if true and x < "a";
#? f(1)
#! UnsupportedError: Not supported: 1 < "a" at line 1, column 18

## arithmetic: the place of an arithmetic operation
f(x) if true and 1 = x + "a";
#? f(1)
#! UnsupportedError: Not supported: unsupported arithmetic operands: 1 + "a" = 

## new: the place of a new
f(x) if
  x = new Integer("q");
#? f(x)
#! PolarRuntimeError: Error constructing instance of Integer: invalid literal for int() with base 10: 'q'

## call: the place of a call
f(x) if
  true and x.name() = 1;
#? f(rex)
#! InvalidCallError: tried to call 'name' but it is not callable

## unregistered: the place of a class that nobody registered
f(x) if true and x matches Nope;
#? f(1)
#! UnregisteredClassError: Nope

## application-error: the trace of a missing attribute
allow(_, _, x) if helper(x);
helper(x) if x.nope = 1;
#? allow(1, 2, "a")
#! PolarRuntimeError: trace (most recent evaluation last):
#|   005: allow(1, 2, "a")
#|     in query at line 1, column 1
#|   004: helper(x)
#|     in rule allow at line 1, column 19
#|   003: x.nope = 1
#|     in rule helper at line 2, column 14
#|   002: x.nope
#|     in rule helper at line 2, column 14
#| 
#| Application error: 'str' object has no attribute 'nope' at line 2, column 14:
#| 	002: helper(x) if x.nope = 1;
#| 	                  ^
#| 
