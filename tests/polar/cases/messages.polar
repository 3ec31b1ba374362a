# Places and traces in messages

## trace: the full text of a run-time error with its trace
f(x) if g(x);
g(x) if x > 0 and x;
#? f(5)
#! PolarTypeError: trace (most recent evaluation last):
#|   004: f(5)
#|     in query at line 1, column 1
#|   003: g(x)
#|     in rule f at line 1, column 9
#|   002: x > 0 and x
#|     in rule g at line 2, column 9
#|   001: 5
#|     in rule g at line 1, column 3
#| 
#| Type error: 5 isn't something that is true or false so can't be a condition at line 1, column 3:
#| 	001: f(5)
#| 	       ^
#| 

## arith: temporary names appear
f(x, y) if y = x mod 0;
#? f(1, y)
#! PolarRuntimeError: Arithmetic error: 1 mod 0 = _

## empty-policy: an empty policy loads

## eof-empty-query: eof empty query
#? # only a comment
#! UnrecognizedEOF: Did you forget a semi-colon at line 1, column 1:
#| 	001: # only a comment
#| 	     ^
#| 
