# Comparison and arithmetic

## bool-counts-as-number: a Boolean compares as 0 or 1
#? 1 == true and 0 == false and true < 2
#= yes

## bool-float: also with floats
#? true == 1.0 and not true == 1.5
#= yes

## bool-neq: an inequality of a number and a Boolean
#? 2 != true
#= yes

## strings-order: strings stand in the order of their code points
#? "a" < "b" and "Z" < "a" and "a" < "aa" and "z" < "é"
#= yes

## strings-eq: strings are equal if they are the same text
#? "a" == "a" and "a" != "b"
#= yes

## nan-compares: nothing compares with NaN but !=
#? nan != nan and nan != 1 and not nan < 1 and not nan >= 1
#= yes

## nan-eq: not even itself
#? nan == nan

## inf-compares: infinities are beyond every number
#? -inf < -9223372036854775807 and 9223372036854775807 < inf
#= yes

## int-float-exact: a large integer and a float compare exactly
#? 9007199254740993 > 9007199254740992.0
#= yes

## lists-eq: == is not defined for lists
#? [1] == [1]
#! UnsupportedError: Not supported: [1] == [1] at line 1, column 1

## lists-neq: nor is !=
#? [1] != [2]
#! UnsupportedError: Not supported: [1] != [2] at line 1, column 1

## dicts-eq: nor is either for dictionaries
#? {a: 1} == {a: 1}
#! UnsupportedError: Not supported: {a: 1} == {a: 1} at line 1, column 1

## string-bool: a string compares with strings alone
#? "true" == true
#! UnsupportedError: Not supported: "true" == true at line 1, column 1

## list-number: no order between a list and a number
#? [1] < 2
#! UnsupportedError: Not supported: [1] < 2 at line 1, column 1

## nil-number: nil is an object: Python decides, and has no order for it
#? nil < 1
#! PolarRuntimeError: External operation '<class 'NoneType'> Lt <class 'int'>' failed. The comparison stands at line 1, column 1

## object-eq-string: == of an object decides
#? not rex == "rex" and rex == rex
#= yes

## object-gt-reflected: an operator that the left side lacks is asked of the right side
#? new Num(3) > new Num(2)
#= yes

## object-leq: an operator that neither side has is an error
#? new Num(1) <= new Num(2)
#! PolarRuntimeError: External operation '<class 'tests.support.models.world.Num'> Leq <class 'tests.support.models.world.Num'>' failed. The comparison stands at line 1, column 1

## add-strings: + is for numbers alone
#? x = "a" + "b"
#! UnsupportedError: Not supported: unsupported arithmetic operands: "a" + "b" = _

## add-lists: also not for lists
#? x = [1] + [2]
#! UnsupportedError: Not supported: unsupported arithmetic operands: [1] + [2] = _

## add-objects: Python's numbers are objects, not numbers
#? x = new Integer(5) + 1
#! UnsupportedError: Not supported: unsupported arithmetic operands: Integer(5) TYPE `Integer` + 1 = _

## int-division: a division of integers is a float even if it is exact
#? x = 6 / 3 and y = 7 / 2
#= x: 2.0, y: 3.5

## division-by-zero: an infinity would be greater than any limit that a rule compares it with
#? 1 / 0 > 100
#! PolarRuntimeError: Arithmetic error: 1 / 0 = _

## division-by-zero-computed: a zero that is computed is no better
#? y = 3 and x = y / (y - y)
#! PolarRuntimeError: Arithmetic error: 3 / 0 = x

## division-by-zero-not: the error comes out of a negation
#? not (1.5 / 0.0 < 1)
#! PolarRuntimeError: Arithmetic error: 1.5 / 0 = _

## division-by-minus-zero: nor is a zero with a sign
#? x = 1 / -0.0
#! PolarRuntimeError: Arithmetic error: 1 / -0 = _

## division-inf: what is undefined is NaN
#? x = inf - inf and y = inf * 0
#= x: nan, y: nan

## mod-float: mod of floats takes the divisor's sign
#? x = -7.5 mod 2 and y = 7.5 mod -2 and z = -7.5 rem 2
#= x: 0.5, y: -0.5, z: -1.5

## mod-inf: mod infinity
#? x = 5 mod inf and y = -5 rem inf
#= x: nan, y: -5.0

## inf-mod: infinity mod a number is no number
#? x = inf mod 2
#= x: nan

## mod-zero: mod by the integer zero is an error
#? x = 5 mod 0
#! PolarRuntimeError: Arithmetic error: 5 mod 0 = _

## rem-zero: so is rem
#? x = 5 rem 0
#! PolarRuntimeError: Arithmetic error: 5 rem 0 = _

## rem-zero-float: rem by the float zero is NaN
#? x = 5 rem 0.0
#= x: nan

## sub-overflow: integers have 64 bits
#? x = -9223372036854775807 - 2
#! PolarRuntimeError: Arithmetic error: -9223372036854775807 - 2 = _

## mul-overflow: an overflow is an error, never a float
#? x = 4611686018427387904 * 2
#! PolarRuntimeError: Arithmetic error: 4611686018427387904 * 2 = _

## min-int: the least integer can be computed
#? x = -9223372036854775807 - 1
#= x: -9223372036854775808

## float-overflow: floats become infinite
#? x = 1e308 * 10
#= x: inf

## big-int-to-float: an integer is rounded when it meets a float
#? x = 9007199254740993 + 0.0
#= x: 9007199254740992.0

## left-to-right: operators of one rank group to the left
#? x = 10 - 3 - 2 and y = 2 * 7 mod 4 and z = 100 / 10 * 2
#= x: 5, y: 2, z: 20.0

## signs: a sign belongs to the number
#? x = 1 -1 and y = 1-1 and z = - 5 and w = +3
#= w: 3, x: 0, y: 0, z: -5

## parentheses: parentheses group
#? x = (1 + 2) * (3 - 4)
#= x: -3

## compare-arithmetic: arithmetic binds tighter than comparisons
#? 1 + 1 == 2 and 2 * 3 > 5
#= yes

## arithmetic-in-list: arithmetic may stand in lists, dictionaries and arguments
f(x, x * 2);
#? x = [1 + 1, {a: 2 * 3}] and f(2 + 3, y)
#= x: [2, {a: 6}], y: 10

## arithmetic-both-sides: both sides of a unification are computed
#? 1 + 2 = 2 + 1
#= yes

## float-result-equals-int: a float that is whole unifies with the integer
#? 4 / 2 = 2
#= yes

## overflow-in-head: what a head computes may overflow as well
f(x, x + 1);
#? f(9223372036854775807, y)
#! PolarRuntimeError: Arithmetic error: 9223372036854775807 + 1 = 
