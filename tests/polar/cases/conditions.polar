# Conditions

## boolean: a boolean value is a condition
#? {a: true}.a
#= yes

## false: false
#? {a: false}.a

## nonbool: truthiness is not used
#? {a: 1}.a
#! PolarTypeError: 1 isn't something that is true or false so can't be a condition

## unbound: an unbound condition is bound to true
#? x
#= x: true
