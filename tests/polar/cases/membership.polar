# Membership

## list-ground-dups: one result for each match
#? 1 in [1, 2, 1.0]
#= yes
#= yes

## empty: empty
#? x in []

## dict-pairs: a dict yields [key, value] lists in key order
#? [k, v] in {b: 2, a: 1}
#= k: "a", v: 1
#= k: "b", v: 2

## string-chars: string chars
#? x in "aba"
#= x: "a"
#= x: "b"
#= x: "a"

## string-no-substring: single characters only
#? "ab" in "abc"

## number: number
#? x in 5
#! PolarTypeError: can only use `in` on an iterable value, this is Number(Integer(5))

## host-generator: host generator
#? x in rex.nums() and x > 1
#= x: 2
#= x: 3

## nil: nil
#? x in nil
#! InvalidIteratorError: None is not iterable

## rest-that-is-no-list: behind the elements of a list, a rest that is none is an error
f(x) if 1 in [1, *x];
#? f(2)
#= yes
#! PolarTypeError: can only use `in` on an iterable value, this is Number(Integer(2))

## rest-that-is-a-dictionary: it is gone through like any other
f(x, y) if y in [1, *x];
#? f({a: 2}, y)
#= y: 1
#= y: ["a", 2]

## nan-is-not-iterable: a number that is none is shown as oso shows it
#? x in nan
#! PolarTypeError: can only use `in` on an iterable value, this is Number(Float(NaN))
