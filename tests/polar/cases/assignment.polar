# Assignment

## bound: even to the same value
#? x = 1 and x := 1
#! PolarTypeError: Can only assign to unbound variables, x is not unbound.
