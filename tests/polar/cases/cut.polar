# Cut

## callee-only: cut does not reach the caller's choices
g(x) if x in [1, 2] and cut; f(x, y) if x in [1, 2] and g(y);
#? f(x, y)
#= x: 1, y: 1
#= x: 2, y: 1

## middle: choices after the cut stay
a(1); a(2); f(x, y) if a(x) and cut and a(y);
#? f(x, y)
#= x: 1, y: 1
#= x: 1, y: 2

## in-or: inside or it only commits the or
f(x) if (x = 1 and cut) or x = 2; f(3);
#? f(x)
#= x: 1
#= x: 3

## in-left-group: nor does it leave a parenthesised left group
a(1); a(2); f(x) if (a(x) and cut) and true; f(3);
#? f(x)
#= x: 1
#= x: 3

## specific: the usual override of a less specific rule
f(_x: Dog, "dog") if cut; f(_x: Animal, "animal");
#? f(bit, r)
#= r: "dog"
