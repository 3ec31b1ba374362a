# Forall

## false: false
a(1); a(2);
#? forall(a(x), x > 1)

## empty: empty
#? forall(x in [], false)
#= yes

## no-binding: no binding
#? forall(x in [1], y = x) and y = 5
#= y: 5
