# Rule types

## ok: ok
type f(x: Integer); f(1); f(_x: Integer);
#? f(1)
#= yes
#= yes

## bad: bad
type f(x: Integer); f("a");
#! ValidationError: Invalid rule: f("a"); Must match one of the following rule types:
#| 
#| f(x: Integer{});
#| 	Failed to match because: Rule specializer String on parameter 1 must match rule type specializer Integer
#| 

## any-of: any of
type f(x: Integer); type f(x: String); f(1); f("a");
#? f(x)
#= x: 1
#= x: "a"

## subclass: subclass
type f(x: Dog); f(_: Puppy);
#? f(bit)
#= yes

## superclass: superclass
type f(x: Dog); f(_: Animal);
#! ValidationError: Rule specializer Animal on parameter 1 must match rule type specializer Dog

## bool-as-int: the host's class order applies
type f(x: Integer); f(true);
#? f(x)
#= x: true

## rest: rest
type f([1, *r]); f([1]);
#! ValidationError: Rule types cannot contain *rest variables.

## no-body: no body
type f(x) if x = 1;
#! UnrecognizedToken: did not expect to find the token 'if'

## fields: fields
type f(x: Dog{name: 1}); f(_: Dog);
#! ValidationError: Rule specializer Dog{} on parameter 1 did not match rule type specializer Dog{name: 1} because the specializer fields did not match.

## literal: literal
type f(1); f(2);
#! ValidationError: Invalid parameter 1. Rule value Number(Integer(2)) != rule type value Number(Integer(1))

## list: a list type asks for its elements in any order
type f([1]); f([2, 1]);
#? f(x)
#= x: [2, 1]
