# Python objects

## eq-native: unification with a host object uses ==
#? new Num(1) = 1 and 1 = new Num(1)
#= yes

## eq-in: eq in
#? new Num(2) in [1, 2, 2]
#= yes
#= yes

## lt: lt
#? new Num(1) < new Num(2) and new Num(1) < 5
#= yes

## order-unsupported: order unsupported
#? rex < bit
#! PolarRuntimeError:  Lt 

## new: new
#? x = new Dog("z").name
#= x: "z"

## new-kwargs: new kwargs
#? d = new Dog(name: "n", age: 3) and x = d.age
#= d: <Dog>, x: 3

## isa-list-of-objects: isa list of objects
#? [rex, bit] = [x, y] and x matches Dog and y matches Puppy
#= x: <Dog>, y: <Puppy>

## class-eq: class eq
#? Dog = Dog and not Dog = Cat
#= yes

## string-attr: a plain lookup on other native values is a host attribute
#? y = 5 and x = y.real
#= x: 5, y: 5

## string-internal-attr: but the names that Python keeps for itself are refused
#? x = "abc".__class__.__name__
#! PolarRuntimeError: '__class__' is not for policies

## copy-in-out: native values are copied across the border
#? x = [1] and y = x.copy() and x = y
#= x: [1], y: [1]

## new-integer: new of a native class gives a host object that equals the number
#? x = new Integer("5") and x = 5
#= x: 5
