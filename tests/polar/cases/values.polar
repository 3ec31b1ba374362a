# Values and unification

## int-float-precise: compared exactly, not as floats
#? 9007199254740993 = 9007199254740992.0

## bool-int-unify: different types do not unify
#? 1 = true

## bool-order: bool order
#? true > false
#= yes

## str-int-unify: str int unify
#? "1" = 1

## str-int-compare: str int compare
#? "a" < 1
#! UnsupportedError: Not supported: "a" < 1 at line 1, column 1

## str-int-eq: == on unlike native types is an error too
#? "a" == 1
#! UnsupportedError: Not supported: "a" == 1

## list-len: list len
#? [1, 2] = [1]

## dict-unify-exact: all keys must agree
#? {a: 1} = {a: 1, b: 2}

## nan-unify: nan unify
#? nan = nan

## rest-empty: rest empty
#? [1] = [1, *t]
#= t: []

## anonymous: each _ is new
#? _ = 1 and _ = 2
#= yes

## nil: nil is the host None
#? x = nil
#= x: nil

## nil-eq: nil eq
#? nil == nil and nil != 1
#= yes

## host-dict: host dicts become native
#? x = table
#= x: {a: [true, nil], b: 1}

## tuple-not-list: so it does not unify with a list
#? pair = [1, 2]

## term-in-itself: a term may contain itself, and then prints in part
#? x = [x] and x == 1
#! UnsupportedError: Not supported: [[[[[[[[
