# Or

## dups: two results
#? true or true
#= yes
#= yes
