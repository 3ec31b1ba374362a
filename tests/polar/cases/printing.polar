# Print

## instance: instance
#? print(rex.name, Dog)
#@ prints "rex", <class 
#= yes

## made-list: a list that a recursive rule makes of an element and another list
copied([], []);
copied([x, *rest], [x, *others]) if copied(rest, others);
#? copied([3, "a", 1], xs) and print(xs)
#@ prints [3, "a", 1]
#= xs: [3, "a", 1]
